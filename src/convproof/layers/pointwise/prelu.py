"""A rectified linear unit with a slope for negative numbers that is learnt or drawn.

    y = x where x > 0, else a * x

PReLU's slope a is a parameter, one for all or one a channel; RReLU draws one for every cell in training, and takes the middle of its range
in eval. How rounding enters: one product, u*abs(y), and as much again for a slope that is rounded itself. The gradient at 0 takes the slope
a, as in PyTorch. Source: torch.nn, ONNX PRelu.
"""

from collections.abc import Mapping, Sequence
from typing import Any, cast

import numpy as np

from convproof.core.axes import at_cells
from convproof.core.calls import Calls
from convproof.core.derivation import Node, Number, copy, number, product, setting
from convproof.core.errors import SettingError, ShapeError
from convproof.core.formats import FLOAT64
from convproof.core.fusing import Pointwise as PointwiseKind
from convproof.core.guards import no_device
from convproof.core.layer import Case, Gradients, Layer, Step
from convproof.core.lines import SIGMAS, Lines, carried, carried_within
from convproof.core.operators import Result, Written
from convproof.core.parameters import Parameter
from convproof.core.sentence import say
from convproof.core.shapes import Array, Cell, DType, Shape, Sizes
from convproof.layers.pointwise import in_torch
from convproof.layers.pointwise.formula.rectify import leaky_relu
from convproof.layers.pointwise.function import Function
from convproof.layers.pointwise.layer import Pointwise
from convproof.layers.pointwise.slopes import Seen


def rectified(x: Array, a: Any) -> Array:
    """x where it is positive, a * x elsewhere."""
    with np.errstate(all="ignore"):  # a product that is not taken is no reason to warn
        return np.asarray(np.where(x > 0, x, x * a))


def sloped_lines(cells: Array | None, case: Case, a: Array, roundings: float | int) -> Lines:
    """Both lines, for slopes ``a`` in x's shape; a kink at 0."""
    x, a = at_cells(case.x, cells).astype(np.float64), at_cells(a, cells).astype(np.float64)
    y, u = rectified(x, a), case.arithmetic.u
    open_ = x > 0
    proof = np.where(open_, 0.0, roundings * (u + FLOAT64.u) * abs(y) + case.arithmetic.tiny + FLOAT64.tiny)
    sigma = np.where(open_, 0.0, (u * abs(y) * roundings + case.arithmetic.tiny) / np.sqrt(3))
    local = Lines(y, np.asarray(proof), np.asarray(sigma))
    came = case.came()
    if came is None:
        return local
    p, spread = at_cells(came.proof, cells), at_cells(came.sigma, cells)
    with np.errstate(invalid="ignore"):  # an infinity within an infinite line may be anything
        ends = [rectified(np.asarray(x + sign * p), a) for sign in (1, -1)]
        lost = [roundings * (u + FLOAT64.u) * abs(end) + case.arithmetic.tiny for end in ends]
        worst = np.max([abs(end - y) for end in [*ends, np.where(abs(x) <= p, 0.0, y)]], axis=0)
        slope = np.where(x > SIGMAS * spread, 1.0, np.where(x < -SIGMAS * spread, abs(a), np.maximum(1.0, abs(a))))
        at_worst = Lines(y, np.where(x - p > 0, 0.0, np.max([proof, *lost], axis=0)), local.sigma)
        return carried_within(at_worst, np.where(p == 0, 0.0, worst), np.asarray((slope * spread) ** 2))


def derived(x: Number, a: Number) -> Node:
    """One cell, saying which of the two it is."""
    if x.value > 0:
        return copy(x, name="y", note=say("x is positive and passes"))
    return product(a, x, name="y", note=say("x is not positive and is scaled"))


class PReLU(Pointwise):
    """x where it is positive, weight * x elsewhere: one learnt slope for all cells, or one for each of num_parameters channels (axis 1).

    Arguments and defaults are torch.nn.PReLU's. ``shape`` is the shape of a weight that broadcasts from the right, as ONNX has it:
    (C, 1, 1) is one slope a channel of (N, C, H, W). Attribute: ``weight``, (num_parameters,) or of that shape.

    Raises SettingError for num_parameters below 1, ShapeError for an input with another number of channels.
    """

    weight = Parameter("num_parameters")
    formula = "y = max(0, x) + weight * min(0, x)"

    def __init__(
        self, num_parameters: int = 1, init: float | int = 0.25, device: object = None, dtype: DType = None, *, shape: Shape | None = None
    ) -> None:
        Layer.__init__(self, dtype=dtype)
        no_device(device)
        if num_parameters < 1:
            raise SettingError("num_parameters={n}: expected the number of slopes, 1 or more", n=num_parameters)
        self.num_parameters, self.init = num_parameters, init
        self.shape = None if shape is None else tuple(shape)
        self.declare("weight", (num_parameters,) if self.shape is None else self.shape)
        self.reset_parameters()

    def reset_parameters(self, seed: int | None = None) -> None:
        """All slopes as ``init`` says."""
        self.arrays["weight"] = np.full_like(self.arrays["weight"], self.init)

    def equation(self) -> str:
        """The formula."""
        return self.formula

    def settings(self) -> dict[str, Any]:
        """How many slopes there are, and what differs from the defaults."""
        usual = {"init": 0.25, "shape": None}
        return {"num_parameters": self.num_parameters} | {k: getattr(self, k) for k, v in usual.items() if getattr(self, k) != v}

    def shapes(self, *shapes: Shape) -> tuple[Shape, ...]:
        """The input's own shape."""
        self.names_of(len(shapes))
        (shape,) = shapes
        try:
            fits = tuple(np.broadcast_shapes(shape, self._wide(shape))) == shape
        except ValueError:
            fits = False
        if not fits:
            raise ShapeError(
                "{layer} has slopes of shape {slopes}, which do not fit x of shape {shape}; expected one slope, or one a channel",
                layer=self.describe(),
                slopes=self.weight.shape,
                shape=shape,
            )
        return (shape,)

    def _wide(self, shape: Shape) -> Shape:
        """The shape in which the weight broadcasts: one slope, or one a channel; a vector counts as a single channel."""
        if self.shape is not None:
            return self.shape
        if self.num_parameters == 1:
            return ()
        return (self.num_parameters,) + (1,) * max(len(shape) - 2, 0) if len(shape) > 1 else (self.num_parameters, 1)

    def slopes(self, shape: Shape) -> Array:
        """The slope of every cell."""
        return np.broadcast_to(self.weight.reshape(self._wide(shape)), shape)

    def compute(self, *inputs: Array) -> tuple[Array, ...]:
        """x or weight * x."""
        (x,) = inputs
        return (rectified(x, self.slopes(x.shape)),)

    def tree(self, cell: Cell, case: Case) -> Node:
        """The slope is the weight at the cell's channel."""
        (x,) = case.inputs
        places = np.broadcast_to(np.arange(self.weight.size).reshape(self._wide(x.shape)), x.shape)
        own = tuple(int(i) for i in np.unravel_index(int(places[cell]), self.weight.shape))
        return derived(number(x, cell, "x", "input"), number(self.weight, own, "weight"))

    def bounds(self, cells: Array | None, case: Case) -> Lines:
        """One product."""
        return sloped_lines(cells, case, self.slopes(case.x.shape), 1.0)

    def pull(self, step: Step, *dy: Array) -> Gradients:
        """dx = dy * (1 or weight); dweight = sum of dy * x where x is not positive."""
        x = cast("Array", step.inputs[0])
        dx = dy[0] * np.where(x > 0, np.ones((), x.dtype), self.slopes(x.shape))
        wide = self._wide(x.shape)
        each = np.where(x > 0, np.zeros((), x.dtype), dy[0] * x)
        lead = each.ndim - len(wide)
        axes = tuple(range(lead)) + tuple(lead + k for k, size in enumerate(wide) if size == 1)
        return Gradients((np.asarray(dx),), {"weight": np.asarray(each.sum(axis=axes)).reshape(self.weight.shape)})

    def in_torch(self, shapes: Sequence[Shape], training: bool) -> Calls | None:
        """torch.nn's, or put together where the weight broadcasts from the right."""
        return None if self.shape is None else in_torch.prelu()

    def is_a(self) -> PointwiseKind | None:
        """Nothing that a neighbour could absorb: its slope may change along the channels."""
        return None

    def written(self) -> tuple[Written, ...]:
        """PRelu. A slope a channel broadcasts there from the right: with x's axes reversed it is (C, 1) whatever the rank."""
        if self.shape is not None or self.num_parameters == 1:
            return (Written("PRelu", (0, "weight")),)
        slope = Written("Unsqueeze", ("weight", np.array([1])))
        return (Written("Transpose"), slope, Written("PRelu", (Result(0), Result(1))), Written("Transpose", (Result(2),)))

    def written_at(self, shapes: Sequence[Sizes]) -> tuple[Written, ...]:
        """The same; where it is known how many axes x has, the slope gets axes of length 1 to the right, or loses its own."""
        (shape,) = shapes
        if self.shape is not None or shape is None or (self.num_parameters == 1 and shape):
            return self.written()
        if len(shape) in (1, 2):
            return (Written("PRelu", (0, "weight")),)
        fitted = Written("Unsqueeze", ("weight", np.arange(1, len(shape) - 1))) if shape else Written("Squeeze", ("weight",))
        return fitted, Written("PRelu", (0, Result(0)))


class RReLU(Pointwise):
    """x where it is positive, a * x elsewhere: a is drawn for every cell between lower and upper in training, (lower + upper) / 2 in eval.

    Arguments and defaults are torch.nn.RReLU's. ``seed`` repeats what is drawn (other numbers than torch's).
    ``active``: True draws in eval too, False never.

    Raises SettingError for lower > upper.
    """

    onnx = "LeakyRelu"
    formula = "y = max(0, x) + a * min(0, x)"

    def __init__(
        self,
        lower: float | int = 0.125,
        upper: float | int = 1 / 3,
        inplace: bool = False,
        *,
        seed: int | None = None,
        active: bool | None = None,
    ) -> None:
        super().__init__()
        if lower > upper:
            raise SettingError("RReLU(lower={lower}, upper={upper}): expected lower <= upper; exchange the two", lower=lower, upper=upper)
        self.lower, self.upper, self.inplace, self.seed, self.active = lower, upper, inplace, seed, active
        entropy = int(np.random.default_rng().integers(2**32)) if seed is None else seed
        self.arrays |= {"entropy": entropy, "calls": np.asarray(0)}

    @property
    def function(self) -> Function:
        """In eval, a leaky ReLU."""
        return leaky_relu((self.lower + self.upper) / 2)

    def equation(self) -> str:
        """The formula."""
        return self.formula

    def draws(self, training: bool) -> bool:
        """Whether slopes are drawn: in training, unless ``active`` says else."""
        return training if self.active is None else self.active

    def drawn(self, x: Array, calls: Any) -> Array:
        """The slope of every cell, of so many calls before."""
        rng = np.random.default_rng([self.arrays["entropy"], int(calls)])
        return rng.uniform(self.lower, self.upper, x.shape).astype(x.dtype)

    def draw_behind(self, ends: tuple[Array, Array], case: Case) -> Seen | None:
        """The slopes that the output of a training step shows, as far as they lie in the range."""
        if not self.draws(case.training):
            return None
        came = case.came()
        return Seen.between(*ends, case.x.astype(np.float64), 0.0 if came is None else came.proof, self.lower, self.upper)

    def step(self, *inputs: Array, training: bool, draw: Any = None, state: Mapping[str, Array] | None = None) -> Step:
        """In training a slope for every cell, kept as ``draw``."""
        if not self.draws(training):
            return Step(self.compute(*inputs), inputs, training)
        (x,) = inputs
        calls = (self.arrays | dict(state or {}))["calls"]
        a = self.drawn(x, calls) if draw is None else draw.slopes if isinstance(draw, Seen) else draw
        return Step((rectified(x, a),), inputs, training, {"a": a}, {"calls": np.asarray(calls + 1)}, a)

    def tree(self, cell: Cell, case: Case) -> Node:
        """The slope that was drawn for the cell, or the middle of the range."""
        if not self.draws(case.training):
            return super().tree(cell, case)
        return derived(number(case.x, cell, "x", "input"), setting(self._of(case)[cell].item(), "a"))

    def bounds(self, cells: Array | None, case: Case) -> Lines:
        """A leaky ReLU's in eval; in training one product with the slope that was drawn."""
        if not self.draws(case.training):
            return super().bounds(cells, case)
        found = sloped_lines(cells, case, self._of(case), 1.0)
        if not isinstance(case.draw, Seen):
            return found
        came = case.came()
        with np.errstate(invalid="ignore"):
            size = np.maximum(-case.x, 0.0) if came is None else np.maximum(came.proof - case.x, 0.0)  # how negative x may be
            left = at_cells(np.asarray(size * case.draw.off), cells)
        return carried(found, left, (left / SIGMAS) ** 2)

    def _of(self, case: Case) -> Array:
        if isinstance(case.draw, Seen):
            return case.draw.slopes
        return self.drawn(case.x, self.arrays["calls"]) if case.draw is None else np.asarray(case.draw)

    def pull(self, step: Step, *dy: Array) -> Gradients:
        """dx = dy * (1 or a)"""
        if not self.draws(step.training):
            return super().pull(step, *dy)
        x = cast("Array", step.inputs[0])
        return Gradients((np.asarray(dy[0] * np.where(x > 0, np.ones((), x.dtype), step.draw)),))

    def in_torch(self, shapes: Sequence[Shape], training: bool) -> Calls:
        """With the slopes that were drawn, or the middle of their range."""
        return in_torch.rrelu(self.lower, self.upper, self.draws(training))

    def is_a(self) -> PointwiseKind | None:
        """In eval a leaky ReLU; in training nothing that a neighbour could absorb."""
        return None if self.draws(self.training) else super().is_a()

    def written(self) -> tuple[Written, ...]:
        """LeakyRelu with the middle of the range."""
        return (Written("LeakyRelu", (0,), {"alpha": (self.lower + self.upper) / 2}),)
