"""The instance normalisations that users meet: torch.nn's names, signatures and defaults."""

from collections.abc import Sequence

from convproof.core.calls import Calls
from convproof.core.errors import SettingError
from convproof.core.shapes import DType, Shape
from convproof.layers.norm.instance import InstanceNormalisation


class InstanceNorm1d(InstanceNormalisation):
    """Instance normalisation over (N, C, L) or (C, L).

    Arguments and defaults are torch.nn.InstanceNorm1d's; see ``InstanceNorm2d``.
    """

    axes = spatial = 1
    shape_text = "(N, C, L) or (C, L)"


class InstanceNorm2d(InstanceNormalisation):
    """Instance normalisation over (N, C, H, W) or (C, H, W).

    Arguments and defaults are torch.nn.InstanceNorm2d's. ``momentum`` is the weight of the new value in the running statistics, None of 0.
    ``affine`` has gamma and beta, ``bias=False`` gamma alone; ``track_running_stats`` keeps running statistics, for eval. Where the
    layer has none of these, x may have any number of channels.

    Attributes: ``weight`` (gamma) and ``bias`` (beta), ``running_mean``, ``running_var``, each (C,) or None.

    Raises ShapeError for an input that does not fit, and for channels of a single cell.
    """

    axes = spatial = 2
    shape_text = "(N, C, H, W) or (C, H, W)"


class InstanceNorm3d(InstanceNormalisation):
    """Instance normalisation over (N, C, D, H, W) or (C, D, H, W).

    Arguments and defaults are torch.nn.InstanceNorm3d's; see ``InstanceNorm2d``.
    """

    axes = spatial = 3
    shape_text = "(N, C, D, H, W) or (C, D, H, W)"


class InstanceNorm(InstanceNormalisation):
    """Instance normalisation over (N, C, *), of any number of spatial axes: what graph formats are read into, which do not say how many.

    Arguments and defaults are torch.nn.InstanceNorm2d's; see there. ``num_features`` may be None where there are no parameters.
    ``statistics_of`` "instance" or "running" normalises by those in either mode. A channel of a single cell is normalised to beta.

    Raises SettingError for running statistics that there are none of.
    """

    def __init__(
        self,
        num_features: int | None,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = False,
        track_running_stats: bool = False,
        device: object = None,
        dtype: DType = None,
        *,
        bias: bool = True,
        statistics_of: str | None = None,
    ) -> None:
        super().__init__(num_features, eps, momentum, affine, track_running_stats, device, dtype, bias=bias)
        if statistics_of not in (None, "instance", "running") or (statistics_of == "running" and not track_running_stats):
            raise SettingError(
                "statistics_of={found!r}: expected instance, running (with track_running_stats=True), or None for the mode's own",
                found=statistics_of,
            )
        self.statistics_of = statistics_of

    def in_torch(self, shapes: Sequence[Shape], training: bool) -> Calls:
        """torch.nn.functional.instance_norm"""
        from convproof.layers.norm import in_torch

        return in_torch.instance(self, self.uses_instance(training))
