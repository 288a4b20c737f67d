"""What a batch normalisation is, whatever its class is called: the room handed over, question by question."""

from collections.abc import Mapping
from typing import Any, cast

import numpy as np

from convproof.core.arithmetic.moments import remember
from convproof.core.derivation import Node
from convproof.core.fusing import ScaleShift
from convproof.core.guards import no_device
from convproof.core.layer import Case, Gradients, Layer, Step
from convproof.core.lines import Lines
from convproof.core.operators import Operator, Written
from convproof.core.parameters import Parameter, Statistic
from convproof.core.records import Convention, Mistake, Precision
from convproof.core.shapes import Array, Cell, DType, Region, Shape
from convproof.layers.batchnorm import bound, checks, conventions, derive, formula, further, gradient
from convproof.layers.batchnorm.further import Memory


class BatchNormalisation(Layer):
    """What all batch normalisations share.

    Attributes: ``weight`` (gamma) and ``bias`` (beta), ``running_mean``, ``running_var``, each (C,) or None; ``num_batches_tracked``.
    """

    only_floats = True
    weight = Parameter("num_features")
    bias = Parameter("num_features")
    running_mean = Statistic("num_features")
    running_var = Statistic("num_features")
    num_batches_tracked = Statistic("a single number")
    ranks: tuple[int, ...] | None = None
    shape_text = "(N, C, *)"
    statistics_of: str | None = None
    outputs: tuple[str, ...] = ()
    biased = False

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
    ) -> None:
        super().__init__(dtype=dtype)
        no_device(device)
        self.features = checks.features_of(num_features)
        self.num_features = num_features
        self.eps: float = eps
        self.momentum = momentum
        self.affine, self.track_running_stats = affine, track_running_stats
        self.declare("weight", self.features if affine else None)
        self.declare("bias", self.features if affine and bias else None)
        for name in ("running_mean", "running_var"):
            self.declare(name, self.features if track_running_stats else None)
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
        usual: dict[str, Any] = {"eps": 1e-5, "momentum": 0.1, "affine": True, "track_running_stats": True}
        own: dict[str, Any] = {"statistics_of": None, "outputs": (), "biased": False}
        changed = {name: getattr(self, name) for name, value in (usual | own).items() if getattr(self, name) != value}
        without = {"bias": False} if self.affine and self.bias is None else {}
        return {"num_features": self.num_features} | changed | without

    def equation(self) -> str:
        """The formula, without gamma and beta where the layer has none."""
        gamma, beta = "" if self.weight is None else "gamma * ", "" if self.bias is None else " + beta"
        return f"y = {gamma}(x - mean) / sqrt(var + eps){beta}"

    def equation_of(self, case: Case) -> str:
        """The formula of the output that is meant."""
        return self.equation() if case.output == 0 else further.EQUATIONS[self.outputs[case.output - 1]]

    def uses_batch(self, training: bool) -> bool:
        """Whether the statistics are those of the batch: in training, and always if none are tracked."""
        mode = training or not self.track_running_stats
        return mode if self.statistics_of is None else self.statistics_of == "batch"

    def shapes(self, *shapes: Shape) -> tuple[Shape, ...]:
        """The input's own shape, (N, C, *sizes); one number a channel of every further output."""
        self.names_of(len(shapes))
        checks.check_input(self.describe(), shapes[0], self.features, self.ranks, self.shape_text)
        return (shapes[0], *[self.features] * len(self.outputs))

    def step(self, *inputs: Array, training: bool, draw: Any = None, state: Mapping[str, Array] | None = None) -> Step:
        """Normalise by the statistics of the batch (and move the running ones), or in eval by the running ones."""
        (x,) = inputs
        remembered = self.arrays if state is None else self.arrays | dict(state)
        moved: dict[str, Array] = {}
        with np.errstate(all="ignore"):  # what a NaN or an infinity does to its channel is no reason to warn
            if self.uses_batch(training):
                n = formula.batch_count(x, len(self.features))
                checks.check_count(self.describe(), n, x.shape)
                mean, var = formula.batch_statistics(x, len(self.features))
                moved = self._moved(remembered, mean, var, n) if self.track_running_stats else {}
            else:
                wide = np.result_type(x, self.dtype)  # var + eps in the precision that the layer computes in
                mean, var = (
                    np.asarray(remembered[name], np.result_type(remembered[name], wide)) for name in ("running_mean", "running_var")
                )
            x_hat = formula.normalise(x, mean, var, self.eps)
            y = formula.scale_and_shift(x_hat, self.weight, self.bias).astype(np.result_type(x, self.dtype), copy=False)
            found = dict(remembered) | moved | {"mean": mean, "var": var, "inv_std": formula.inverse_root(var, self.eps)}
        kept = {} if any(name in further.BATCH for name in self.outputs) else moved
        inner = {"mean": mean, "var": var, "x_hat": x_hat}
        return Step((y, *(np.array(found[name]) for name in self.outputs)), (x,), training, inner, kept)

    def _moved(self, remembered: Mapping[str, Any], mean: Array, var: Array, n: int) -> dict[str, Array]:
        batches = remembered["num_batches_tracked"] + 1
        momentum = self.weight_of_new(batches) if n else 0.0  # an empty batch is counted and teaches nothing, as in torch
        moved = {
            "running_mean": remember(remembered["running_mean"], mean, momentum),
            "running_var": formula.remembered_variance(remembered["running_var"], var, n, momentum, self.biased),
            "num_batches_tracked": batches,
        }
        return {name: np.asarray(value, remembered[name].dtype) for name, value in moved.items()}

    def weight_of_new(self, batches: Any) -> float:
        """The weight of the new batch in the running statistics; momentum=None averages over all batches so far."""
        return 1 / float(batches) if self.momentum is None else float(self.momentum)

    def normalised(self, x: Array, mean: Array, var: Array, eps: float | None = None) -> Array:
        """gamma * (x - mean) / sqrt(var + eps) + beta, for any statistics."""
        return formula.scale_and_shift(formula.normalise(x, mean, var, self.eps if eps is None else eps), self.weight, self.bias)

    def memory(self, x: Array) -> Memory:
        """How a batch moves the running statistics; not at all where none are tracked."""
        momentum = self.weight_of_new(self.num_batches_tracked + 1) if self.track_running_stats else 0.0
        return Memory.of(self.arrays, momentum, formula.batch_count(x, len(self.features)), self.biased)

    def tree(self, cell: Cell, case: Case) -> Node:
        """Cell (n, c, *spot) of y, (c,) of a further output."""
        (x,) = case.inputs
        channel = cell[1 : 1 + len(self.features)] if case.output == 0 else cell
        of_batch = self.uses_batch(case.training)
        mean, var = derive.from_batch(channel, x) if of_batch else derive.from_running(channel, self.running_mean, self.running_var)
        if case.output == 0:
            return derive.derive(cell, channel, x, mean, var, self.eps, self.weight, self.bias)
        memory, n = self.memory(x) if of_batch else None, formula.batch_count(x, len(self.features))
        return further.derive(self.outputs[case.output - 1], channel, mean, var, self.eps, memory, n)

    def bounds(self, cells: Array | None, case: Case) -> Lines:
        """See ``bound`` and ``further``; cells as in ``tree``."""
        x, came, of_batch = case.x, case.came(), self.uses_batch(case.training)
        if case.output:
            return self._bounds_of_further(cells, self.outputs[case.output - 1], of_batch, case)
        if of_batch:
            return bound.of_batch(cells, x, len(self.features), self.weight, self.bias, self.eps, came, case.arithmetic)
        return bound.of_running(cells, x, self.running_mean, self.running_var, self.weight, self.bias, self.eps, came, case.arithmetic)

    def state_bounds(self, name: str, case: Case) -> Lines:
        """Running mean and variance after a batch; see ``further``."""
        if name not in further.BATCH:
            return super().state_bounds(name, case)
        return further.of_batch(name, case.x, len(self.features), self.eps, self.memory(case.x), case.came(), case.arithmetic)

    def _bounds_of_further(self, cells: Array | None, name: str, of_batch: bool, case: Case) -> Lines:
        if of_batch:
            lines = further.of_batch(name, case.x, len(self.features), self.eps, self.memory(case.x), case.came(), case.arithmetic)
        else:
            lines = further.of_running(name, self.arrays, self.eps, case.arithmetic)
        return lines if cells is None else lines.map(lambda a: a[tuple(cells.T)])

    def reads(self, region: Region, *shapes: Shape, output: int = 0) -> tuple[Region, ...]:
        """In eval every cell reads itself alone, and further outputs read nothing; where the batch is used, its whole channels."""
        if self.uses_batch(False):
            channels = region[1 : 1 + len(self.features)] if output == 0 else region
            return (derive.box_of(channels, shapes[0]),)
        return (region,) if output == 0 else ((range(0),) * len(shapes[0]),)

    def pull(self, step: Step, *dy: Array) -> Gradients:
        """See ``gradient``."""
        x = cast("Array", step.inputs[0])
        of_batch = self.uses_batch(step.training)
        mean, var = step.inner["mean"], step.inner["var"]
        dx, dgamma, dbeta = gradient.pull(dy[0], x, mean, var, self.eps, self.weight, of_batch)
        if of_batch and self.outputs:
            dx = dx + further.pull(self.outputs, dy[1:], x, mean, var, self.eps, self.memory(x))
        own = {name: g for name, g in (("weight", dgamma), ("bias", dbeta)) if self.arrays[name] is not None}
        return Gradients((dx,), own)

    def mistakes(self) -> tuple[Mistake, ...]:
        """See ``mistakes``."""
        from convproof.layers.batchnorm.mistakes import MISTAKES

        return tuple(m for m in MISTAKES if m.applies(self))

    def precisions(self) -> tuple[Precision, ...]:
        """See ``precisions``."""
        from convproof.layers.batchnorm.precisions import PRECISIONS

        return PRECISIONS if self.uses_batch(self.training) else ()

    def conventions(self) -> tuple[Convention, ...]:
        """See ``conventions``."""
        return conventions.conventions_of(type(self).__name__)

    @classmethod
    def operators(cls) -> tuple[Operator, ...]:
        """See ``operators``."""
        from convproof.layers.batchnorm.operators import OPERATORS

        return OPERATORS

    def written(self) -> tuple[Written, ...]:
        """See ``operators``."""
        from convproof.layers.batchnorm.operators import written

        return written(self)

    def is_a(self) -> ScaleShift | None:
        """In eval, a scale and shift per channel; in training nothing that a neighbour could absorb."""
        if self.uses_batch(self.training) or len(self.features) > 1:
            return None
        scale = 1 / np.sqrt(self.running_var.astype(np.float64) + self.eps)
        scale = scale if self.weight is None else self.weight * scale
        shift = -self.running_mean * scale
        beta = np.zeros_like(shift) if self.bias is None else self.bias
        return ScaleShift(scale, shift + beta, abs(shift) + abs(beta))
