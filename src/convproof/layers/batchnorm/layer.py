"""The batch normalisation that users meet: torch.nn's names, signature and defaults."""

from collections.abc import Mapping
from typing import Any, cast

import numpy as np

from convproof.core.derivation import Node
from convproof.core.errors import SettingError, ShapeError
from convproof.core.fusing import ScaleShift
from convproof.core.layer import Case, Gradients, Layer, Step, no_device
from convproof.core.lines import Lines
from convproof.core.parameters import Parameter, Statistic
from convproof.core.records import Convention, Mistake
from convproof.core.shapes import Array, Cell, DType, Region, Shape
from convproof.layers.batchnorm import bound, conventions, derive, formula, gradient


class BatchNorm(Layer):
    """What batch normalisations of any number of spatial axes share."""

    weight = Parameter("num_features")
    bias = Parameter("num_features")
    running_mean = Statistic("num_features")
    running_var = Statistic("num_features")
    num_batches_tracked = Statistic("a single number")
    ranks: tuple[int, ...] = (4,)
    shape_text = "(N, C, H, W)"

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: object = None,
        dtype: DType = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(dtype=dtype)
        no_device(device)
        if num_features < 1:
            raise SettingError("num_features={n}: expected the number of channels, 1 or more", n=num_features)
        self.num_features = num_features
        self.eps: float = eps
        self.momentum = momentum
        self.affine, self.track_running_stats = affine, track_running_stats
        self.declare("weight", (num_features,) if affine else None)
        self.declare("bias", (num_features,) if affine and bias else None)
        for name in ("running_mean", "running_var"):
            self.declare(name, (num_features,) if track_running_stats else None)
        self.declare("num_batches_tracked", () if track_running_stats else None, np.int64)
        self.reset_parameters()

    def reset_parameters(self, seed: int | None = None) -> None:
        """Gamma 1, beta 0, running statistics 0 and 1."""
        start = {"weight": 1, "bias": 0, "running_mean": 0, "running_var": 1, "num_batches_tracked": 0}
        for name, value in start.items():
            if self.arrays[name] is not None:
                self.arrays[name] = np.full_like(self.arrays[name], value)

    def settings(self) -> dict[str, Any]:
        """The settings that differ from the defaults."""
        usual = {"eps": 1e-5, "momentum": 0.1, "affine": True, "track_running_stats": True}
        rest = {name: getattr(self, name) for name, value in usual.items() if getattr(self, name) != value}
        return {"num_features": self.num_features} | rest | ({"bias": False} if self.affine and self.bias is None else {})

    def equation(self) -> str:
        """The formula, without gamma and beta where the layer has none."""
        gamma, beta = "" if self.weight is None else "gamma * ", "" if self.bias is None else " + beta"
        return f"y = {gamma}(x - mean) / sqrt(var + eps){beta}"

    def uses_batch(self, training: bool) -> bool:
        """Whether the statistics are those of the batch: in training, and always if none are tracked."""
        return training or not self.track_running_stats

    def shapes(self, *shapes: Shape) -> tuple[Shape, ...]:
        """The input's own shape, (N, C, *sizes)."""
        self.names_of(len(shapes))
        (shape,) = shapes
        if len(shape) not in self.ranks or shape[1] != self.num_features:
            last = len(shape) in self.ranks and shape[-1] == self.num_features
            raise ShapeError(
                "{layer} expects x of shape {expected} with C = {channels}; got {shape}{hint}",
                layer=self.describe(),
                expected=self.shape_text,
                channels=self.num_features,
                shape=shape,
                hint=". It looks like channels last: try x.transpose(0, 3, 1, 2)" if last and len(shape) == 4 else "",
            )
        return (shape,)

    def step(self, *inputs: Array, training: bool, draw: Any = None, state: Mapping[str, Array] | None = None) -> Step:
        """Normalise by the statistics of the batch (and move the running ones), or in eval by the running ones."""
        (x,) = inputs
        remembered = self.arrays if state is None else self.arrays | dict(state)
        if not self.uses_batch(training):
            wide = np.result_type(x, self.dtype)  # var + eps in the precision that the layer computes in
            mean, var = remembered["running_mean"].astype(wide), remembered["running_var"].astype(wide)
            return self._step(x, mean, var, training, {})
        n = formula.batch_count(x)
        if n == 1:
            raise ShapeError(
                "{layer} normalises by its batch and needs more than one value a channel, got x of shape {shape}; "
                "use a larger batch, or layer.eval()",
                layer=self.describe(),
                shape=x.shape,
            )
        mean, var = formula.batch_statistics(x)
        moved = self._moved(remembered, mean, var, n) if training and self.track_running_stats else {}
        return self._step(x, mean, var, training, moved)

    def _step(self, x: Array, mean: Array, var: Array, training: bool, moved: Mapping[str, Array]) -> Step:
        x_hat = formula.normalise(x, mean, var, self.eps)
        y = formula.scale_and_shift(x_hat, self.weight, self.bias)
        return Step((y,), (x,), training, {"mean": mean, "var": var, "x_hat": x_hat}, moved)

    def _moved(self, remembered: Mapping[str, Any], mean: Array, var: Array, n: int) -> dict[str, Array]:
        batches = remembered["num_batches_tracked"] + 1
        momentum = self.weight_of_new(batches) if n else 0.0  # an empty batch is counted and teaches nothing, as in torch
        running_mean = formula.remember(remembered["running_mean"], mean, momentum)
        running_var = formula.remembered_variance(remembered["running_var"], var, n, momentum)
        moved = {"running_mean": running_mean, "running_var": running_var, "num_batches_tracked": batches}
        return {name: np.asarray(value, remembered[name].dtype) for name, value in moved.items()}

    def weight_of_new(self, batches: Any) -> float:
        """The weight of the new batch in the running statistics; momentum=None averages over all batches so far."""
        return 1 / float(batches) if self.momentum is None else self.momentum

    def normalised(self, x: Array, mean: Array, var: Array, eps: float | None = None) -> Array:
        """gamma * (x - mean) / sqrt(var + eps) + beta, for any statistics."""
        return formula.scale_and_shift(formula.normalise(x, mean, var, self.eps if eps is None else eps), self.weight, self.bias)

    def tree(self, cell: Cell, case: Case) -> Node:
        """Cell (n, c, *spot)."""
        (x,) = case.inputs
        if self.uses_batch(case.training):
            mean, var = derive.from_batch(cell, x)
        else:
            mean, var = derive.from_running(cell, self.running_mean, self.running_var)
        return derive.derive(cell, x, mean, var, self.eps, self.weight, self.bias)

    def bounds(self, cells: Array | None, case: Case) -> Lines:
        """See ``bound``; cells (n, c, *spot)."""
        came = case.came()
        affine = bound.Affine.of(self.weight, self.bias, self.num_features)
        if self.uses_batch(case.training):
            return bound.of_batch(cells, case.x, affine, self.eps, came, case.arithmetic)
        return bound.of_running(cells, case.x, self.running_mean, self.running_var, affine, self.eps, came, case.arithmetic)

    def reads(self, region: Region, *shapes: Shape, output: int = 0) -> tuple[Region, ...]:
        """In eval every cell reads itself alone."""
        return (region,)

    def pull(self, step: Step, *dy: Array) -> Gradients:
        """See ``gradient``."""
        x = cast("Array", step.inputs[0])
        of_batch = self.uses_batch(step.training)
        dx, dgamma, dbeta = gradient.pull(dy[0], x, step.inner["mean"], step.inner["var"], self.eps, self.weight, of_batch)
        own = {name: g for name, g in (("weight", dgamma), ("bias", dbeta)) if self.arrays[name] is not None}
        return Gradients((dx,), own)

    def mistakes(self) -> tuple[Mistake, ...]:
        """See ``mistakes``."""
        from convproof.layers.batchnorm.mistakes import MISTAKES

        return tuple(m for m in MISTAKES if m.applies(self))

    def conventions(self) -> tuple[Convention, ...]:
        """See ``conventions``."""
        return conventions.CONVENTIONS

    def is_a(self) -> ScaleShift | None:
        """In eval, a scale and shift per channel; in training nothing that a neighbour could absorb."""
        if self.uses_batch(self.training):
            return None
        scale = 1 / np.sqrt(self.running_var.astype(np.float64) + self.eps)
        scale = scale if self.weight is None else self.weight * scale
        shift = -self.running_mean * scale
        return ScaleShift(scale, shift if self.bias is None else self.bias + shift)


class BatchNorm2d(BatchNorm):
    """Batch normalisation over (N, C, H, W).

    Arguments and defaults are torch.nn.BatchNorm2d's. ``momentum`` is the weight of the new value in the running statistics; None
    averages over all batches. ``affine=False`` leaves out gamma and beta, ``bias=False`` beta alone; ``track_running_stats=False`` keeps no
    running statistics.

    Attributes: ``weight`` (gamma) and ``bias`` (beta), ``running_mean``, ``running_var``, each (C,) or None; ``num_batches_tracked``.

    Raises ShapeError for an input that does not fit, and in training for a single value a channel.
    """
