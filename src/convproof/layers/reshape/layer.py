"""The flattening that users meet: torch.nn's name, signature and defaults."""

from typing import Any, cast

import numpy as np

from convproof.core.axes import at_cells, axis_number
from convproof.core.derivation import Node
from convproof.core.errors import ShapeError
from convproof.core.layer import Case, Gradients, Layer, Step
from convproof.core.lines import Lines, no_error
from convproof.core.records import Convention
from convproof.core.shapes import Array, Cell, Region, Shape
from convproof.layers.reshape import conventions, derive, formula


class Flatten(Layer):
    """Axes ``start_dim`` to ``end_dim`` made one, in row-major order. Arguments and defaults are torch.nn.Flatten's.

    Negative axes count from the end.

    Raises SettingError for an axis that is no whole number, ShapeError for an input that lacks these axes.
    """

    formula = "y[n, (c*H + h)*W + w] = x[n, c, h, w]"

    def __init__(self, start_dim: Any = 1, end_dim: Any = -1) -> None:
        super().__init__()
        self.start_dim, self.end_dim = axis_number(start_dim, "start_dim"), axis_number(end_dim, "end_dim")

    def settings(self) -> dict[str, Any]:
        """The settings that differ from the defaults."""
        usual = {"start_dim": 1, "end_dim": -1}
        return {name: getattr(self, name) for name, value in usual.items() if getattr(self, name) != value}

    def equation(self) -> str:
        """The formula for N, C, H, W, or in words for other axes."""
        if (self.start_dim, self.end_dim) == (1, -1):
            return self.formula
        return f"y = x with axes {self.start_dim} to {self.end_dim} made one, the last of them running fastest"

    def shapes(self, *shapes: Shape) -> tuple[Shape, ...]:
        """The flattened axes become one as long as their product; a single number becomes a vector."""
        self.names_of(len(shapes))
        (shape,) = shapes
        return (formula.flat_shape(shape, *self._span(shape)),)

    def _span(self, shape: Shape) -> tuple[int, int]:
        """First and last flattened axis. Raises ShapeError."""
        axes = max(len(shape), 1)
        if not (-axes <= self.start_dim < axes and -axes <= self.end_dim < axes) or self.start_dim % axes > self.end_dim % axes:
            raise ShapeError(
                "Flatten(start_dim={start}, end_dim={end}) needs axes from {start} to {end}, in this order; got x of shape {shape}",
                start=self.start_dim,
                end=self.end_dim,
                shape=shape,
            )
        return self.start_dim % axes, self.end_dim % axes

    def compute(self, *inputs: Array) -> tuple[Array, ...]:
        """The same numbers under other indices."""
        return (formula.flatten(inputs[0], *self._span(inputs[0].shape)),)

    def tree(self, cell: Cell, case: Case) -> Node:
        """Where the cell stood before."""
        return derive.derive(cell, case.x, *self._span(case.x.shape))

    def bounds(self, cells: Array | None, case: Case) -> Lines:
        """No rounding; what comes in moves along."""
        start, end = self._span(case.x.shape)

        def moved(a: Array) -> Array:
            a = np.atleast_1d(a)
            return formula.flatten(a, start, end) if cells is None else at_cells(a, formula.origins(cells, a.shape, start, end))

        local = no_error(moved(case.x).astype(np.float64))
        came = case.came()
        return local if came is None else Lines(local.exact, moved(came.proof), moved(came.sigma))

    def reads(self, region: Region, *shapes: Shape, output: int = 0) -> tuple[Region, ...]:
        """The smallest box around the cells that a run of places stood in."""
        (shape,) = shapes
        start, end = self._span(shape)
        if not shape:
            return ((),)
        return ((*region[:start], *formula.box_around(region[start], shape[start : end + 1]), *region[start + 1 :]),)

    def pull(self, step: Step, *dy: Array) -> Gradients:
        """dy in the input's shape."""
        return Gradients((formula.pull(dy[0], cast("Array", step.inputs[0]).shape),))

    def conventions(self) -> tuple[Convention, ...]:
        """See ``conventions``."""
        return conventions.CONVENTIONS
