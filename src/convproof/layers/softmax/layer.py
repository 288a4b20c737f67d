"""The softmax layers that users meet: torch.nn's names, signatures and defaults."""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np

from convproof.core.axes import axis_number
from convproof.core.calls import Called, Calls, Input
from convproof.core.derivation import Node
from convproof.core.errors import ShapeError
from convproof.core.formats import NumberFormat
from convproof.core.layer import Case, Gradients, Layer, Step
from convproof.core.lines import Lines
from convproof.core.operators import Operator, Result, Written
from convproof.core.records import Convention, Precision
from convproof.core.shapes import Array, Cell, Region, Shape, Sizes
from convproof.layers.softmax import bound, derive, formula, gradient
from convproof.layers.softmax.bound import Algorithm
from convproof.layers.softmax.row import Row


class Shares(Layer):
    """What all softmax layers share: ``log`` for logarithms of shares, ``sign`` -1 for shares of -x."""

    log: ClassVar[bool] = False
    sign: ClassVar[int] = 1
    onnx: ClassVar[str] = "Softmax"

    def __init__(self, dim: Any = None, *, flatten: bool = False) -> None:
        super().__init__()
        self.dim = None if dim is None else axis_number(dim, "dim")
        self.flatten = bool(flatten)

    def settings(self) -> dict[str, Any]:
        """The axis."""
        return {"dim": self.dim} | ({"flatten": True} if self.flatten else {})

    def axis_of(self, shape: Shape) -> int:
        """The axis that the shares are taken along. Raises ShapeError."""
        axes = max(len(shape), 1)
        dim = (0 if len(shape) in (0, 1, 3) else 1) if self.dim is None else self.dim
        if not -axes <= dim < axes:
            raise ShapeError("{layer} needs an axis {dim}; got x of shape {shape}", layer=self.describe(), dim=dim, shape=shape)
        return dim % axes

    def row(self, shape: Shape) -> Row:
        """The rows of an input of this shape."""
        return Row(shape, self.axis_of(shape), self.flatten and len(shape) > 0)

    def shapes(self, *shapes: Shape) -> tuple[Shape, ...]:
        """The input's own shape."""
        self.names_of(len(shapes))
        self.axis_of(shapes[0])
        return shapes

    def compute(self, *inputs: Array) -> tuple[Array, ...]:
        """The shares; training mode makes no difference."""
        (x,) = inputs
        row, function = self.row(x.shape), formula.log_softmax if self.log else formula.softmax
        return (function(self._turned(row.wide(x)), row.number).reshape(x.shape),)

    def _turned(self, x: Array) -> Array:
        return x if self.sign > 0 else -x

    def tree(self, cell: Cell, case: Case) -> Node:
        """One share."""
        return derive.derive(cell, case.x, self.row(case.x.shape), self.sign, self.log)

    def bounds(self, cells: Array | None, case: Case) -> Lines:
        """See ``bound``."""
        if cells is not None:
            return self._at(cells, case.x, self.row(case.x.shape), case.came(), case.arithmetic)
        return self.bounds_by(None, case)

    def bounds_by(self, algorithm: Callable[[Array], Algorithm] | None, case: Case) -> Lines:
        """The lines of all cells, in an algorithm that is made from how large the maximum of every row is, or as ``bound`` says."""
        x, came, row = case.x, case.came(), self.row(case.x.shape)
        logits, wide = self._turned(row.wide(x)).astype(np.float64), None if came is None else came.map(row.wide)
        by = None if algorithm is None else algorithm(bound.size_of_maximum(logits, row.number, wide))
        lines = bound.lines(logits, row.number, wide, case.arithmetic, self.log, by)
        return lines.map(lambda a: a.reshape(x.shape))

    def _at(self, cells: Array, x: Array, row: Row, came: Lines | None, arithmetic: NumberFormat) -> Lines:
        """The lines of some cells, from the numbers of their own rows alone."""
        places = [tuple(cell) for cell in cells.tolist()]

        def along(array: Array) -> Array:
            n = row.wide(array).shape[row.number]
            return np.array([row.through(cell, array) for cell in places], array.dtype).reshape(len(places), n)

        found = bound.lines(self._turned(along(x)), 1, None if came is None else came.map(along), arithmetic, self.log)
        return found.map(lambda a: a[np.arange(len(places)), [row.place(cell) for cell in places]])

    def reads(self, region: Region, *shapes: Shape, output: int = 0) -> tuple[Region, ...]:
        """Whole rows."""
        return (self.row(shapes[0]).reads(region),)

    def pull(self, step: Step, *dy: Array) -> Gradients:
        """See ``gradient``."""
        (y,) = step.outputs
        row, function = self.row(y.shape), gradient.pull_log if self.log else gradient.pull
        dx = function(row.wide(dy[0]), row.wide(y), row.number)
        return Gradients((self._turned(dx.reshape(y.shape)),))

    def precisions(self) -> tuple[Precision, ...]:
        """See ``precisions``."""
        from convproof.layers.softmax.precisions import LOGARITHMS, SHARES

        return LOGARITHMS if self.log else SHARES

    def conventions(self) -> tuple[Convention, ...]:
        """See ``conventions``."""
        from convproof.layers.softmax.conventions import CONVENTIONS

        return CONVENTIONS[type(self).__name__]

    @classmethod
    def operators(cls) -> tuple[Operator, ...]:
        """See ``operators``."""
        from convproof.layers.softmax.operators import OPERATORS

        return OPERATORS.get(cls.__name__, ())

    def in_torch(self, shapes: Sequence[Shape], training: bool) -> Calls | None:
        """torch.nn's; where all axes from one on are one row, of the array as a matrix."""
        if not self.flatten:
            return None
        (shape,), name = shapes, "softmin" if self.sign < 0 else "log_softmax" if self.log else "softmax"
        wide = self.row(shape).wide(np.broadcast_to(np.False_, shape)).shape
        function = Called(f"nn.functional.{name}", (Result(0),), {"dim": self.row(shape).number})
        return Calls(Called("reshape", (Input(), wide)), function, Called("reshape", (Result(1), shape)))

    def written(self) -> tuple[Written, ...]:
        """One node; for an axis that depends on the input, or for all axes from one on, the old operator set says it."""
        from convproof.layers.softmax.operators import written

        return written(self)

    def written_at(self, shapes: Sequence[Sizes]) -> tuple[Written, ...]:
        """One node, where it is known that only the last axis is meant."""
        (shape,) = shapes
        last = shape is not None and self.dim in (-1, len(shape) - 1)
        return (Written(self.onnx, (0,), {"axis": -1}),) if self.flatten and last else self.written()


class Softmax(Shares):
    """exp(x) / sum of exp(x) along ``dim``, of an array of any shape.

    ``dim=None`` follows torch's old rule: axis 0 of an array with 0, 1 or 3 axes, else axis 1. torch warns there, because the axis changes
    with the input; here nothing is said, since a model from a file cannot help it, but a layer written anew should name its axis.
    ``flatten`` takes all axes from ``dim`` on as one, as ONNX did before version 13 of its operators.

    Raises SettingError for a dim that is no whole number, ShapeError for an input that has no such axis.
    """

    formula = "y_i = exp(x_i - max) / sum over j of exp(x_j - max)"


class LogSoftmax(Shares):
    """log(exp(x) / sum of exp(x)) along ``dim``, of an array of any shape. ``dim`` and ``flatten``: see Softmax.

    Raises SettingError for a dim that is no whole number, ShapeError for an input that has no such axis.
    """

    formula = "y_i = (x_i - max) - log(sum over j of exp(x_j - max))"
    log = True
    onnx = "LogSoftmax"


class Softmin(Shares):
    """exp(-x) / sum of exp(-x) along ``dim``, of an array of any shape: the smallest number gets the largest share. ``dim``: see Softmax.

    Raises SettingError for a dim that is no whole number, ShapeError for an input that has no such axis.
    """

    formula = "y_i = exp(min - x_i) / sum over j of exp(min - x_j)"
    sign = -1

    def __init__(self, dim: Any = None) -> None:
        super().__init__(dim)


class Softmax2d(Shares):
    """exp(x) / sum of exp(x) along the channels, at every place of (N, C, H, W) or (C, H, W).

    Raises ShapeError for an input with another number of axes.
    """

    formula = "y_i = exp(x_i - max) / sum over channels j of exp(x_j - max)"

    def __init__(self) -> None:
        super().__init__(-3)

    def settings(self) -> dict[str, Any]:
        """None."""
        return {}

    def axis_of(self, shape: Shape) -> int:
        """The channels. Raises ShapeError."""
        if len(shape) not in (3, 4):
            raise ShapeError("Softmax2d expects x of shape (N, C, H, W) or (C, H, W); got {shape}", shape=shape)
        return len(shape) - 3
