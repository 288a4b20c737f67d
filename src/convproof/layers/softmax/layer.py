"""The softmax that users meet: torch.nn's name, signature and default."""

from typing import Any

import numpy as np

from convproof.core.axes import axis_number
from convproof.core.derivation import Node
from convproof.core.errors import ShapeError
from convproof.core.formats import NumberFormat
from convproof.core.layer import Case, Gradients, Layer, Step
from convproof.core.lines import Lines
from convproof.core.records import Convention
from convproof.core.shapes import Array, Cell, Region, Shape
from convproof.layers.softmax import bound, conventions, derive, formula, gradient


class Softmax(Layer):
    """exp(x) / sum of exp(x) along ``dim``, of an array of any shape.

    ``dim=None`` follows torch's old rule: axis 0 of an array with 0, 1 or 3 axes, else axis 1. torch warns there, because the axis changes
    with the input; here nothing is said, since a model from a file cannot help it, but a layer written anew should name its axis.

    Raises SettingError for a dim that is no whole number, ShapeError for an input that has no such axis.
    """

    formula = "y_i = exp(x_i - max) / sum over j of exp(x_j - max)"

    def __init__(self, dim: Any = None) -> None:
        super().__init__()
        self.dim = None if dim is None else axis_number(dim, "dim")

    def settings(self) -> dict[str, Any]:
        """The axis."""
        return {"dim": self.dim}

    def axis_of(self, shape: Shape) -> int:
        """The axis that the shares are taken along. Raises ShapeError."""
        axes = max(len(shape), 1)
        dim = (0 if len(shape) in (0, 1, 3) else 1) if self.dim is None else self.dim
        if not -axes <= dim < axes:
            raise ShapeError("Softmax(dim={dim}) needs an axis {dim}; got x of shape {shape}", dim=dim, shape=shape)
        return dim % axes

    def shapes(self, *shapes: Shape) -> tuple[Shape, ...]:
        """The input's own shape."""
        self.names_of(len(shapes))
        self.axis_of(shapes[0])
        return shapes

    def compute(self, *inputs: Array) -> tuple[Array, ...]:
        """The shares; training mode makes no difference."""
        (x,) = inputs
        y = formula.softmax(np.atleast_1d(x), self.axis_of(x.shape))
        return (y.reshape(x.shape),)

    def tree(self, cell: Cell, case: Case) -> Node:
        """One share."""
        (x,) = case.inputs
        return derive.derive(cell, x, self.axis_of(x.shape))

    def bounds(self, cells: Array | None, case: Case) -> Lines:
        """See ``bound``."""
        (x,) = case.inputs
        axis = self.axis_of(x.shape)
        came = case.came()
        if cells is not None:
            return _at(cells, x, axis, came, case.arithmetic)
        wide = None if came is None else came.map(np.atleast_1d)
        return bound.lines(np.atleast_1d(x), axis, wide, case.arithmetic).map(lambda a: a.reshape(x.shape))

    def reads(self, region: Region, *shapes: Shape, output: int = 0) -> tuple[Region, ...]:
        """The whole of the axis."""
        (shape,) = shapes
        axis = self.axis_of(shape)
        return ((*region[:axis], range(shape[axis]), *region[axis + 1 :]),) if shape else ((),)

    def pull(self, step: Step, *dy: Array) -> Gradients:
        """See ``gradient``."""
        (y,) = step.outputs
        dx = gradient.pull(np.atleast_1d(dy[0]), np.atleast_1d(y), self.axis_of(y.shape))
        return Gradients((dx.reshape(y.shape),))

    def conventions(self) -> tuple[Convention, ...]:
        """See ``conventions``."""
        return conventions.CONVENTIONS


def _at(cells: Array, x: Array, axis: int, came: Lines | None, arithmetic: NumberFormat) -> Lines:
    """The lines of some cells, from the numbers along their own axis alone."""

    def along(array: Array) -> Array:
        lines = [derive.line_through(tuple(cell), array, axis) for cell in cells.tolist()]
        return np.array(lines, array.dtype).reshape(len(cells), np.atleast_1d(x).shape[axis])

    found = bound.lines(along(x), 1, None if came is None else came.map(along), arithmetic)
    own = cells[:, axis] if x.ndim else np.zeros(len(cells), int)
    return found.map(lambda a: a[np.arange(len(cells)), own])
