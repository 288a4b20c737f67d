"""The softmax that users meet: torch.nn's name, signature and default."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from convproof.core.axes import at_cells
from convproof.core.derivation import Derivation
from convproof.core.errors import ShapeError
from convproof.core.formats import FLOAT32, NumberFormat
from convproof.core.layer import Gradients, Layer, Step
from convproof.core.lines import Lines
from convproof.core.records import Convention
from convproof.core.shapes import Array, Cell, Region, Shape
from convproof.layers.softmax import bound, conventions, derive, formula


class Softmax(Layer):
    """exp(x) / sum of exp(x) along ``dim``, of an array of any shape.

    ``dim=None`` follows torch's old rule: axis 0 of an array with 0, 1 or 3 axes, else axis 1. Name the axis instead.

    Raises ShapeError for an input that has no such axis, or no numbers along it.
    """

    formula = "y_i = exp(x_i - max) / sum over j of exp(x_j - max)"

    def __init__(self, dim: int | None = None) -> None:
        super().__init__()
        self.dim = dim

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

    def step(self, *inputs: Array, training: bool, draw: Any = None, state: Mapping[str, Array] | None = None) -> Step:
        """The shares; training mode makes no difference."""
        (x,) = inputs
        line = x.reshape(1) if x.ndim == 0 else x
        y = formula.softmax(line, self.axis_of(x.shape)) if x.size else x
        return Step((y.reshape(x.shape),), inputs, training)

    def derive(self, cell: Cell, inputs: Sequence[Array], output: int = 0, *, training: bool | None = None, draw: Any = None) -> Derivation:
        """One share."""
        (x,) = inputs
        return Derivation(self.describe(), cell, self.equation(), derive.derive(cell, x, self.axis_of(x.shape)))

    def lines(
        self,
        cells: Array | None,
        inputs: Sequence[Array],
        incoming: Sequence[Lines | None] | None = None,
        output: int = 0,
        *,
        training: bool | None = None,
        draw: Any = None,
        arithmetic: NumberFormat = FLOAT32,
    ) -> Lines:
        """See ``bound``."""
        (x,) = inputs
        axis = self.axis_of(x.shape)
        came = incoming[0] if incoming else None
        if cells is None:
            return bound.lines(x, axis, came, arithmetic)
        return _at(cells, x, axis, came, arithmetic)

    def reads(self, region: Region, *shapes: Shape, output: int = 0) -> tuple[Region, ...]:
        """The whole of the axis."""
        axis = self.axis_of(shapes[0])
        return ((*region[:axis], range(shapes[0][axis]), *region[axis + 1 :]),)

    def pull(self, step: Step, *dy: Array) -> Gradients:
        """See ``formula.pull``."""
        y = step.outputs[0]
        return Gradients((formula.pull(dy[0], y, self.axis_of(y.shape)),))

    def conventions(self) -> tuple[Convention, ...]:
        """See ``conventions``."""
        return conventions.CONVENTIONS


def _at(cells: Array, x: Array, axis: int, came: Lines | None, arithmetic: NumberFormat) -> Lines:
    """The lines of some cells, from the numbers along their own axis alone."""

    def along(array: Array) -> Array:
        return np.stack([array[tuple(slice(None) if k == axis else int(i) for k, i in enumerate(cell))] for cell in cells])

    found = bound.lines(along(x), 1, None if came is None else came.map(along), arithmetic)
    return found.map(lambda a: at_cells(a, np.stack([np.arange(len(cells)), cells[:, axis]], axis=1)))
