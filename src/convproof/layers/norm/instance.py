"""Instance normalisation: every channel of every image is normalised by itself.

    y = gamma * (x - mean) / sqrt(var + eps) + beta            mean and var over the spatial axes of (n, c); var divides by n

With ``track_running_stats`` training remembers the statistics, as a batch normalisation does, and eval uses them: the mean over the images
of what each would have taught alone. How rounding enters them is told in ``remembering``.

Source: D. Ulyanov, A. Vedaldi and V. Lempitsky, "Instance Normalization", 2016; torch.nn.InstanceNorm2d.
"""

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

import numpy as np

from convproof.core.arithmetic.moments import bessel, remember
from convproof.core.arithmetic.normalising.remembering import lines_of_remembered
from convproof.core.arithmetic.normalising.rows import Rows
from convproof.core.arithmetic.normalising.statistics import lines_of_statistics
from convproof.core.axes import is_whole
from convproof.core.errors import NotCoveredError, SettingError, ShapeError
from convproof.core.guards import no_device
from convproof.core.layer import Case, Step
from convproof.core.lines import Lines, no_error
from convproof.core.operators import Operator, Written
from convproof.core.parameters import Parameter, Statistic
from convproof.core.sentence import Sentence, say
from convproof.core.shapes import Array, Cell, DType, Region, Shape
from convproof.layers.norm.base import Given, Normalisation, View

SPATIAL = {1: say("L"), 2: say("H and W"), 3: say("D, H and W")}


class InstanceNormalisation(Normalisation):
    """What all instance normalisations share.

    Attributes: ``weight`` (gamma) and ``bias`` (beta), ``running_mean``, ``running_var``, each (C,) or None; ``num_batches_tracked``,
    which torch has but never counts.
    """

    weight = Parameter("num_features")
    bias = Parameter("num_features")
    running_mean = Statistic("num_features")
    running_var = Statistic("num_features")
    num_batches_tracked = Statistic("a single number")
    spatial: int | None = None
    statistics_of: str | None = None
    shape_text = "(N, C, *)"

    def __init__(
        self,
        num_features: Any,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = False,
        track_running_stats: bool = False,
        device: object = None,
        dtype: DType = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(dtype=dtype)
        no_device(device)
        if num_features is None and (affine or track_running_stats):
            raise SettingError("num_features=None: a layer with parameters or running statistics has to know the number of channels")
        if num_features is not None and not (is_whole(num_features) and num_features >= 1):
            raise SettingError("num_features={n}: expected the number of channels, 1 or more", n=num_features)
        self.num_features = num_features
        self.eps, self.momentum = eps, momentum
        self.affine, self.track_running_stats = affine, track_running_stats
        self.declare("weight", (num_features,) if affine else None)
        self.declare("bias", (num_features,) if affine and bias else None)
        for name in ("running_mean", "running_var"):
            self.declare(name, (num_features,) if track_running_stats else None)
        self.declare("num_batches_tracked", () if track_running_stats else None, np.int64)
        self.reset_parameters()

    def settings(self) -> dict[str, Any]:
        """The settings that differ from the defaults."""
        usual = {"eps": 1e-5, "momentum": 0.1, "affine": False, "track_running_stats": False}
        rest = {name: getattr(self, name) for name, value in usual.items() if getattr(self, name) != value}
        fixed = {} if self.statistics_of is None else {"statistics_of": self.statistics_of}
        without = {"bias": False} if self.affine and self.bias is None else {}
        return {"num_features": self.num_features} | rest | without | fixed

    def check(self, shape: Shape) -> None:
        """Raise ShapeError for an input that does not fit."""
        fits = len(shape) >= 2 if self.spatial is None else len(shape) in (self.spatial + 1, self.spatial + 2)
        needed = self.affine or self.track_running_stats
        if not fits or (needed and shape[self.batch_axes(shape)] != self.num_features):
            raise ShapeError(
                "{layer} expects x of shape {expected}{channels}; got {shape}",
                layer=self.describe(),
                expected=self.shape_text,
                channels=say(" with C = {n}", n=self.num_features) if needed else "",
                shape=shape,
            )

    def batch_axes(self, shape: Shape) -> int:
        """1, or 0 where the batch axis was left out; also the place of the channels."""
        return 0 if self.spatial is not None and len(shape) == self.spatial + 1 else 1

    def uses_instance(self, training: bool) -> bool:
        """Whether the statistics are those of the instance: in training, and always if none are tracked."""
        mode = training or not self.track_running_stats
        return mode if self.statistics_of is None else self.statistics_of == "instance"

    def view(self, shape: Shape) -> View:
        """(N, C, *sizes), rows over the sizes."""
        full = shape if self.batch_axes(shape) else (1, *shape)
        ones = (1,) * (len(full) - 2)
        return View(full, tuple(range(2, len(full))), full[:2], (1, full[1], *ones))

    def rows_of(self, region: Region, shape: Shape) -> Region:
        """The same channels of the same images."""
        lead = self.batch_axes(shape) + 1
        return (*region[:lead], *map(range, shape[lead:]))

    def place(self, cell: Cell, array: Array) -> Cell:
        """The channel."""
        return (cell[self.batch_axes(cell)],)

    def over(self, cell: Cell, shape: Shape, n: int) -> Sentence:
        """Over the spatial axes."""
        axes = SPATIAL.get(len(shape) - self.batch_axes(shape) - 1, say("all spatial axes"))
        return say("over {axes} of this image's channel {c}: n = {n}", axes=axes, c=cell[self.batch_axes(shape)], n=n)

    def given(self, training: bool, view: View) -> Given | None:
        """The running statistics, in eval."""
        if self.uses_instance(training):
            return None
        own = {name: self.arrays[name] for name in ("running_mean", "running_var")}
        mean, var = (cast("Array", view.wide(array)) for array in own.values())
        return Given(mean, var, own)

    def step(self, *inputs: Array, training: bool, draw: Any = None, state: Mapping[str, Array] | None = None) -> Step:
        """Normalise every channel of every image, and move the running statistics in training."""
        shape = inputs[0].shape
        if self.spatial is not None and self.uses_instance(training) and math.prod(shape[self.batch_axes(shape) + 1 :]) == 1:
            raise ShapeError(
                "{layer} normalises every channel by itself and needs more than one cell in it, got x of shape {shape}",
                layer=self.describe(),
                shape=shape,
            )
        found = super().step(*inputs, training=training)
        if not (self.uses_instance(training) and self.track_running_stats):
            return found
        remembered = self.arrays if state is None else self.arrays | dict(state)
        view = self.view(shape)
        n = math.prod(view.shape[axis] for axis in view.axes)
        momentum = float(self.momentum or 0.0) if n else 0.0  # torch's None means 0 here; empty channels teach nothing
        moved = {"num_batches_tracked": remembered["num_batches_tracked"]}
        for name, part, factor in (("running_mean", "mean", 1.0), ("running_var", "var", bessel(n))):
            with np.errstate(all="ignore"):
                batch = found.inner[part].reshape(view.statistics) * (factor if n else 1.0)
                taught = remember(remembered[name], batch, momentum).mean(axis=0) if len(batch) else remembered[name]
            moved[name] = np.asarray(taught, remembered[name].dtype)
        return replace(found, state=moved)

    def state_bounds(self, name: str, case: Case) -> Lines:
        """Running mean and variance after a batch; see ``remembering``."""
        if name not in ("running_mean", "running_var"):
            return super().state_bounds(name, case)
        if case.x.size == 0:
            return no_error(self.arrays[name].astype(np.float64))  # nothing was learnt
        view, came = self.view(case.x.shape), case.came()
        rows = Rows.of(view.shape, view.axes)
        incoming = None if came is None else came.map(lambda a: rows.cut(a.reshape(view.shape)))
        found = lines_of_statistics(rows.cut(case.x.reshape(view.shape)), self.eps, incoming, case.arithmetic)
        each = found[name.removeprefix("running_")].map(lambda a: a.reshape(view.statistics))
        factor = bessel(rows.n) if name == "running_var" else 1.0
        return lines_of_remembered(self.arrays[name], each, float(self.momentum or 0.0), factor, case.arithmetic)

    @classmethod
    def operators(cls) -> tuple[Operator, ...]:
        """See ``operators``."""
        from convproof.layers.norm.operators import OPERATORS

        return OPERATORS

    def written(self) -> tuple[Written, ...]:
        """InstanceNormalization; a BatchNormalization where running statistics are used."""
        if self.num_features is None:
            raise NotCoveredError("{layer} cannot be written as ONNX, which needs its number of channels", layer=self.describe())
        size = (self.num_features,)
        one, zero = np.ones(size, self.dtype), np.zeros(size, self.dtype)
        affine = ("weight" if self.affine else one, "bias" if self.arrays["bias"] is not None else zero)
        if self.uses_instance(False):
            return (Written("InstanceNormalization", (0, *affine), {"epsilon": float(self.eps)}),)
        return (Written("BatchNormalization", (0, *affine, "running_mean", "running_var"), {"epsilon": float(self.eps)}),)
