"""The concatenation that users meet."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from convproof.core.axes import axis_number
from convproof.core.derivation import Node, copy, number
from convproof.core.errors import ShapeError
from convproof.core.layer import Case, Gradients, Layer, Step
from convproof.core.lines import Lines, no_error
from convproof.core.records import Convention
from convproof.core.sentence import say
from convproof.core.shapes import Array, Cell, Region, Shape
from convproof.layers.join import conventions, formula


class Concat(Layer):
    """One or more arrays joined along ``axis`` (default 1, the channels of N, C, H, W); all other axes must agree.

    A negative axis counts from the end.

    Raises SettingError for an axis that is no whole number, ShapeError for arrays that do not fit.
    """

    formula = "y = the inputs, one after another"

    def __init__(self, axis: Any = 1) -> None:
        super().__init__()
        self.axis = axis_number(axis, "axis")

    def settings(self) -> dict[str, Any]:
        """The axis."""
        return {"axis": self.axis}

    def equation(self) -> str:
        """In words, with the axis."""
        return f"{self.formula} along axis {self.axis}"

    def names_of(self, count: int) -> tuple[str, ...]:
        """x0, x1, ...; one input at least."""
        if count < 1:
            raise ShapeError("{layer} takes one input or more, got none", layer=self.describe())
        return tuple(f"x{k}" for k in range(count))

    def shapes(self, *shapes: Shape) -> tuple[Shape, ...]:
        """The first input's shape with the lengths along the axis added up."""
        self.names_of(len(shapes))
        first = shapes[0]
        if not -len(first) <= self.axis < len(first):
            raise ShapeError("{layer} needs inputs that have this axis; got shapes {shapes}", layer=self.describe(), shapes=shapes)
        axis = self.axis % len(first)
        rests = [(len(s), s[:axis], s[axis + 1 :]) for s in shapes]
        if any(rest != rests[0] for rest in rests):
            raise ShapeError(
                "{layer} needs inputs that agree on all axes but {axis}; got shapes {shapes}",
                layer=self.describe(),
                axis=axis,
                shapes=shapes,
            )
        return ((*first[:axis], sum(s[axis] for s in shapes), *first[axis + 1 :]),)

    def compute(self, *inputs: Array) -> tuple[Array, ...]:
        """The inputs side by side."""
        return (formula.join(inputs, self.axis),)

    def tree(self, cell: Cell, case: Case) -> Node:
        """Which input the cell came from, and where it stood there."""
        k, inside = formula.origin(cell, [x.shape for x in case.inputs], self.axis % len(cell))
        note = say("input {k}, counted from 0, cell {cell}", k=k, cell=list(inside))
        return copy(number(case.inputs[k], inside, f"x{k}", "input", index=k), "y", note)

    def bounds(self, cells: Array | None, case: Case) -> Lines:
        """No rounding; what comes in moves along."""
        local = no_error(self._taken(case.inputs, cells).astype(np.float64))
        if not any(case.incoming or ()):
            return local
        came = [line or no_error(np.zeros(x.shape)) for x, line in zip(case.inputs, case.incoming or (), strict=True)]
        return Lines(local.exact, self._taken([c.proof for c in came], cells), self._taken([c.sigma for c in came], cells))

    def _taken(self, arrays: Sequence[Array], cells: Array | None) -> Array:
        """The joined array, or some cells of it without joining."""
        if cells is None:
            return formula.join(arrays, self.axis)
        axis, shapes = self.axis % arrays[0].ndim, [x.shape for x in arrays]
        origins = (formula.origin(tuple(cell), shapes, axis) for cell in cells.tolist())
        return np.array([arrays[k][inside] for k, inside in origins])

    def reads(self, region: Region, *shapes: Shape, output: int = 0) -> tuple[Region, ...]:
        """The part of the region that lies in each input; an empty range along the axis for an input that it does not touch."""
        axis = self.axis % len(region)
        wanted, lengths = region[axis], [shape[axis] for shape in shapes]

        def part(begin: int, length: int) -> range:
            low, high = max(wanted.start - begin, 0), min(wanted.stop - begin, length)
            return range(low, max(low, high))

        spans = (part(begin, length) for begin, length in zip(formula.starts(lengths), lengths, strict=False))
        return tuple((*region[:axis], span, *region[axis + 1 :]) for span in spans)

    def pull(self, step: Step, *dy: Array) -> Gradients:
        """Every input gets its own part of dy."""
        lengths = [x.shape[self.axis] for x in step.inputs if x is not None]
        return Gradients(formula.pull(dy[0], lengths, self.axis))

    def conventions(self) -> tuple[Convention, ...]:
        """See ``conventions``."""
        return conventions.CONVENTIONS
