"""Root mean square normalisation: the last axes of x are divided by the root of their mean square.

    y = gamma * x / sqrt(ms + eps)            ms = 1/n * sum of x^2 over the last axes, of sizes normalized_shape

Nothing is subtracted. eps=None takes the distance from 1 to the next number of the format that the layer computes in: 2^-23 for float32,
and for the shorter ones too; 2^-52 for float64.

How rounding enters: the sum of squares is off by at most (n + 1)*u of itself, whatever the order, which 1/sqrt(ms + eps) is evaluated at
both ends for; 6u are for the sum with eps, the root, the division or its reciprocal, and gamma. Covered: sums in any order, a division or
a multiplication by the reciprocal root, gamma first or last.

Source: B. Zhang and R. Sennrich, "Root Mean Square Layer Normalization", 2019; torch.nn.RMSNorm.
"""

import math
from collections.abc import Sequence
from typing import Any, cast

import numpy as np

from convproof.core.arithmetic.normalising import derive, gradient
from convproof.core.arithmetic.normalising.rows import Rows, at_cells_of
from convproof.core.arithmetic.normalising.statistics import inverse_root, root_error
from convproof.core.calls import Calls
from convproof.core.derivation import Node, Terms, long_sum, number, quotient, setting, square
from convproof.core.exact import exact_square_sum
from convproof.core.formats import FLOAT32, FLOAT64, NumberFormat, format_of
from convproof.core.guards import no_device
from convproof.core.layer import Case, Gradients, Layer, Step
from convproof.core.lines import Lines, carried, no_error, walk
from convproof.core.operators import Result, Written
from convproof.core.parameters import Parameter
from convproof.core.records import Convention
from convproof.core.sentence import plural
from convproof.core.shapes import Array, Cell, DType, Region, Shape
from convproof.layers.norm import last_axes
from convproof.layers.norm.conventions import conventions_of


class RMSNorm(Layer):
    """Root mean square normalisation over (*, normalized_shape).

    Arguments and defaults are torch.nn.RMSNorm's: ``normalized_shape`` is the sizes of the last axes, ``eps=None`` 2^-23, or 2^-52
    of a layer of ``dtype`` float64, ``elementwise_affine=False`` leaves out gamma. ``statistics`` gives
    1 / sqrt(ms + eps) of every row too, with the axes of the row at length 1.

    Attribute: ``weight`` (gamma), of shape normalized_shape, or None.

    Raises SettingError for sizes that cannot be, ShapeError for an input that does not fit.
    """

    only_floats = True
    weight = Parameter("*normalized_shape")

    def __init__(
        self,
        normalized_shape: Any,
        eps: float | None = None,
        elementwise_affine: bool = True,
        device: object = None,
        dtype: DType = None,
        *,
        statistics: bool = False,
    ) -> None:
        super().__init__(dtype=dtype)
        no_device(device)
        self.normalized_shape = last_axes.normalized_shape_of(normalized_shape)
        self.eps, self.elementwise_affine, self.statistics = eps, elementwise_affine, statistics
        self.declare("weight", self.normalized_shape if elementwise_affine else None)
        self.reset_parameters()

    def reset_parameters(self, seed: int | None = None) -> None:
        """Gamma 1."""
        if self.weight is not None:
            self.arrays["weight"] = np.ones_like(self.weight)

    def settings(self) -> dict[str, Any]:
        """The settings that differ from the defaults."""
        usual = {"eps": None, "elementwise_affine": True, "statistics": False}
        return {"normalized_shape": self.normalized_shape} | {
            name: getattr(self, name) for name, value in usual.items() if getattr(self, name) != value
        }

    def equation(self) -> str:
        """The formula, without gamma where the layer has none."""
        return f"y = {'' if self.weight is None else 'gamma * '}x / sqrt(ms + eps), ms the mean of x^2"

    def equation_of(self, case: Case) -> str:
        """The formula of the output that is meant."""
        return "y = 1 / sqrt(ms + eps), ms the mean of x^2" if case.output else self.equation()

    @property
    def eps_used(self) -> float:
        """eps; where none was given, the distance from 1 to the next number of the format that the layer computes in."""
        return 2 * min(format_of(self.dtype).u, FLOAT32.u) if self.eps is None else float(self.eps)

    def shapes(self, *shapes: Shape) -> tuple[Shape, ...]:
        """The input's own shape; one number a row of 1 / sqrt(ms + eps)."""
        self.names_of(len(shapes))
        (shape,) = shapes
        last_axes.check_ends(self.describe(), shape, self.normalized_shape)
        lead = shape[: len(shape) - len(self.normalized_shape)]
        return (shape, (*lead, *(1,) * len(self.normalized_shape))) if self.statistics else shapes

    def row_axes(self, shape: Shape) -> tuple[int, ...]:
        """The axes of a row."""
        return tuple(range(len(shape) - len(self.normalized_shape), len(shape)))

    def _mean_square(self, x: Array) -> Array:
        axes = self.row_axes(x.shape)
        return np.asarray(np.square(x).sum(axis=axes, keepdims=True) / max(math.prod(self.normalized_shape), 1))

    def compute(self, *inputs: Array) -> tuple[Array, ...]:
        """Every row divided by its root mean square."""
        (x,) = inputs
        with np.errstate(all="ignore"):  # what a NaN or an infinity does to its row is no reason to warn
            root = np.sqrt(self._mean_square(x) + self.eps_used)
            x_hat = x / root
            y = x_hat if self.weight is None else x_hat * self.weight
            y = y.astype(np.result_type(x, self.dtype), copy=False)
            return (y, 1 / root) if self.statistics else (y,)

    def tree(self, cell: Cell, case: Case) -> Node:
        """A cell of y, or of 1 / sqrt(ms + eps)."""
        x = case.x
        box = last_axes.rows_of(tuple(range(i, i + 1) for i in cell), x.shape, self.normalized_shape)
        numbers = derive.numbers_of(x, box)
        squares = Terms(lambda k: square(derive.number_in(x, box, k)), np.square(numbers.astype(np.float64)))
        note = plural(
            "over the last axis: n = {count}", "over the last {n} axes: n = {count}", n=len(self.normalized_shape), count=numbers.size
        )
        total = long_sum(squares, exact_square_sum(numbers), row=derive.row_of(box))
        ms = quotient(total, setting(numbers.size, "n", "count"), "ms", note)
        if case.output:
            return derive.inverse_root_of(ms, self.eps_used)
        gamma = None if self.weight is None else number(self.weight, last_axes.place(cell, self.weight, self.normalized_shape), "gamma")
        return derive.normalised(number(x, cell, "x", "input"), None, derive.root_of(ms, self.eps_used), gamma, None)

    def bounds(self, cells: Array | None, case: Case) -> Lines:
        """See the top of this file; cells as in ``tree``."""
        x, came = case.x, case.came()
        if x.size == 0:
            return no_error(self.compute(x)[case.output].astype(np.float64))
        eps = self.eps_used
        if case.output:
            rows = Rows.of(x.shape, self.row_axes(x.shape))
            ms, _ = _mean_squares(rows.cut(x), None if came is None else came.map(rows.cut), case.arithmetic)
            shape = self.shapes(x.shape)[1]
            found = inverse_root(ms, eps, case.arithmetic).map(lambda a: a.reshape(shape))
            return found if cells is None else found.map(lambda a: a[tuple(cells.T)])
        rows = Rows.of(x.shape, self.row_axes(x.shape), cells)
        with np.errstate(all="ignore"):
            return _lines(rows, x, np.ones(()) if self.weight is None else self.weight, eps, came, case.arithmetic)

    def reads(self, region: Region, *shapes: Shape, output: int = 0) -> tuple[Region, ...]:
        """The whole rows."""
        return (last_axes.rows_of(region, shapes[0], self.normalized_shape),)

    def pull(self, step: Step, *dy: Array) -> Gradients:
        """With g = gamma * dy: dx = (g - x_hat * mean(g * x_hat)) / sqrt(ms + eps), dgamma = sum of dy * x_hat over the rows."""
        x = cast("Array", step.inputs[0])
        axes = self.row_axes(x.shape)
        ms = self._mean_square(x) + self.eps_used
        x_hat = x / np.sqrt(ms)
        g = dy[0] if self.weight is None else dy[0] * self.weight
        n = max(math.prod(self.normalized_shape), 1)
        dx = (g - x_hat * (g * x_hat).sum(axes, keepdims=True) / n) / np.sqrt(ms)
        if self.statistics:
            dx = dx + 2 * x * gradient.of_inverse_root(dy[1], ms, 0.0) / n
        own = {} if self.weight is None else {"weight": gradient.summed(dy[0] * x_hat, self.weight.shape)}
        return Gradients((np.asarray(dx),), own)

    def conventions(self) -> tuple[Convention, ...]:
        """See ``conventions``."""
        return conventions_of("RMSNorm")

    def in_torch(self, shapes: Sequence[Shape], training: bool) -> Calls | None:
        """See ``in_torch``."""
        from convproof.layers.norm import in_torch

        return in_torch.rms(self, self.row_axes(shapes[0]))

    def written(self) -> tuple[Written, ...]:
        """x / sqrt(mean of x^2 + eps) * weight, step by step: ONNX has RMSNormalization from operator set 23 on."""
        axes = np.arange(-len(self.normalized_shape), 0)
        steps = (
            Written("Mul", (0, 0)),
            Written("ReduceMean", (Result(0), axes), {"keepdims": 1}),
            Written("Add", (Result(1), np.asarray(self.eps_used, self.dtype))),
            Written("Sqrt", (Result(2),)),
            *((Written("Reciprocal", (Result(3),), gives=(1,)),) if self.statistics else ()),
            Written("Div", (0, Result(3))),
        )
        return steps if self.weight is None else (*steps, Written("Mul", (Result(len(steps) - 1), "weight")))


def _mean_squares(x: Array, incoming: Lines | None, arithmetic: NumberFormat) -> tuple[Lines, Array]:
    """The lines of the mean squares of the rows of x (R, n), and their error in float64."""
    x, n = x.astype(np.float64), x.shape[1]
    squares = np.square(x)
    ms = squares.mean(axis=1)
    own = [(n + 1) * f.u * ms * (1 + (n + 1) * f.u) + 2 * f.tiny for f in (arithmetic, FLOAT64)]
    local = Lines(ms, own[0] + own[1], walk(n * ms, np.square(squares).sum(axis=1), n, arithmetic) / n)
    if incoming is None:
        return local, own[1]
    worst = (2 * abs(x) * incoming.proof + incoming.proof**2).mean(axis=1)
    return carried(local, worst, (4 * squares * incoming.sigma**2).sum(axis=1) / n**2), own[1]


def _lines(rows: Rows, x: Array, gamma: Array, eps: float, incoming: Lines | None, arithmetic: NumberFormat) -> Lines:
    """Lines of y: x times the inverse root, times gamma."""
    ms, _ = _mean_squares(rows.cut(x), None if incoming is None else incoming.map(rows.cut), arithmetic)
    at, c = at_cells_of(rows.shape, rows.cells), rows.row
    here, gamma = at(x).astype(np.float64), at(gamma).astype(np.float64)
    root = np.sqrt(ms.exact + eps)[c]
    a, y = abs(gamma) / root, gamma * here / root
    stretch, u = root_error(ms.exact, ms.proof, eps)[c], arithmetic.u + FLOAT64.u
    p = np.zeros(()) if incoming is None else at(incoming.proof)
    size = a * (abs(here) + p)
    proof = size * stretch + a * p + 6 * u * size * (1 + stretch) + arithmetic.tiny * (2 + abs(gamma) + a + abs(here))
    spread = (y * ms.sigma[c] / (2 * (ms.exact + eps)[c])) ** 2 + (2 * arithmetic.u * y) ** 2
    sigma = np.zeros(()) if incoming is None else at(incoming.sigma)
    return Lines(np.asarray(y), np.where(np.isnan(proof) & ~np.isnan(y), np.inf, proof), np.sqrt(spread + (a * sigma) ** 2))
