"""The batch normalisations that users meet: torch.nn's names, signatures and defaults."""

from collections.abc import Sequence
from typing import Any

from convproof.core.calls import Calls
from convproof.core.shapes import DType, Shape
from convproof.layers.batchnorm.base import BatchNormalisation
from convproof.layers.batchnorm.checks import check_statistics


class BatchNorm1d(BatchNormalisation):
    """Batch normalisation over (N, C) or (N, C, L).

    Arguments and defaults are torch.nn.BatchNorm1d's; see ``BatchNorm2d``.
    """

    ranks = (2, 3)
    shape_text = "(N, C) or (N, C, L)"


class BatchNorm2d(BatchNormalisation):
    """Batch normalisation over (N, C, H, W).

    Arguments and defaults are torch.nn.BatchNorm2d's. ``momentum`` is the weight of the new value in the running statistics; None
    averages over all batches. ``affine=False`` leaves out gamma and beta, ``bias=False`` beta alone; ``track_running_stats=False`` keeps no
    running statistics.

    Attributes: ``weight`` (gamma) and ``bias`` (beta), ``running_mean``, ``running_var``, each (C,) or None; ``num_batches_tracked``.

    Raises ShapeError for an input that does not fit, and in training for a single value a channel.
    """

    ranks = (4,)
    shape_text = "(N, C, H, W)"


class BatchNorm3d(BatchNormalisation):
    """Batch normalisation over (N, C, D, H, W).

    Arguments and defaults are torch.nn.BatchNorm3d's; see ``BatchNorm2d``.
    """

    ranks = (5,)
    shape_text = "(N, C, D, H, W)"


class SyncBatchNorm(BatchNormalisation):
    """Batch normalisation over (N, C, *), of any number of spatial axes.

    Arguments and defaults are torch.nn.SyncBatchNorm's; see ``BatchNorm2d``. There is one process here, so nothing is put together from
    several, and ``process_group`` means nothing.
    """

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        process_group: Any = None,
        device: object = None,
        dtype: DType = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(num_features, eps, momentum, affine, track_running_stats, device, dtype, bias=bias)
        self.process_group = process_group


class BatchNorm(BatchNormalisation):
    """Batch normalisation over (N, C, *), of any number of spatial axes: what graph formats are read into, which do not say how many.

    Arguments and defaults are torch.nn.BatchNorm2d's; see there. ``num_features`` may also be a shape (C, *sizes): then every cell has
    statistics of its own, over N alone. ``statistics_of`` "batch" or "running" normalises by those in either mode. ``outputs`` names what
    comes after y: "mean", "var", "inv_std" (1 / sqrt(var + eps)), "running_mean", "running_var"; running statistics that are given back
    are not kept. ``biased`` moves running_var towards the variance divided by n, as ONNX does.

    Raises SettingError for statistics that there are none of.
    """

    def __init__(
        self,
        num_features: Any,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: object = None,
        dtype: DType = None,
        *,
        bias: bool = True,
        statistics_of: str | None = None,
        outputs: Sequence[str] = (),
        biased: bool = False,
    ) -> None:
        super().__init__(num_features, eps, momentum, affine, track_running_stats, device, dtype, bias=bias)
        check_statistics(statistics_of, track_running_stats, tuple(outputs))
        self.statistics_of, self.outputs, self.biased = statistics_of, tuple(outputs), biased

    def in_torch(self, shapes: Sequence[Shape], training: bool) -> Calls:
        """See ``in_torch``."""
        from convproof.layers.batchnorm import in_torch

        return in_torch.named(self, shapes[0], training)
