"""Concatenation.

    y = the inputs, one after another along one axis

Nothing is computed: every output cell is a cell of one of the inputs. Source: torch.cat, ONNX Concat.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from convproof.core.derivation import Derivation, copy, number
from convproof.core.errors import SettingError, ShapeError
from convproof.core.formats import FLOAT32, NumberFormat
from convproof.core.layer import Gradients, Layer, Step
from convproof.core.lines import Lines, no_error
from convproof.core.records import Convention, Setting
from convproof.core.sentence import say
from convproof.core.shapes import Array, Cell, Region, Shape

CONVENTIONS = (
    Convention("torch", "cat", (Setting("axis", "dim", 0),)),
    Convention("onnx", "Concat", (Setting("axis", "axis"),)),
    Convention("keras", "Concatenate", (Setting("axis", "axis", -1),), note="-1 is the channel axis of N, H, W, C and axis 1 here"),
    Convention("caffe", "Concat", (Setting("axis", "axis", 1),)),
)


class Concat(Layer):
    """Any number of arrays joined along ``axis`` (default 1, the channels of N, C, H, W); all other axes must agree.

    Raises ShapeError for arrays that do not fit.
    """

    formula = "y = the inputs, one after another"

    def __init__(self, axis: Any = 1) -> None:
        super().__init__()
        if not isinstance(axis, int) or isinstance(axis, bool):
            raise SettingError("axis={axis!r}: expected a whole number", axis=axis)
        self.axis: int = axis

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
            raise ShapeError("{layer}: the inputs have {n} axes; got shapes {shapes}", layer=self.describe(), n=len(first), shapes=shapes)
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

    def step(self, *inputs: Array, training: bool, draw: Any = None, state: Mapping[str, Array] | None = None) -> Step:
        """The inputs side by side."""
        return Step((np.concatenate(inputs, self.axis),), inputs, training)

    def derive(self, cell: Cell, inputs: Sequence[Array], output: int = 0, *, training: bool | None = None, draw: Any = None) -> Derivation:
        """Which input the cell came from, and where it stood there."""
        k, inside = self._origin(cell, [x.shape for x in inputs])
        note = say("input {k}, counted from 0, cell {cell}", k=k, cell=list(inside))
        tree = copy(number(inputs[k], inside, f"x{k}", "input", index=k), "y", note)
        return Derivation(self.describe(), cell, self.equation(), tree)

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
        """No rounding; what comes in moves along."""
        local = no_error(self._taken(inputs, cells).astype(np.float64))
        if not any(incoming or ()):
            return local
        came = [line or no_error(0.0 * x) for x, line in zip(inputs, incoming or (), strict=True)]
        return Lines(local.exact, self._taken([c.proof for c in came], cells), self._taken([c.sigma for c in came], cells))

    def _taken(self, arrays: Sequence[Array], cells: Array | None) -> Array:
        """The joined array, or some cells of it without joining."""
        if cells is None:
            return np.concatenate(arrays, self.axis)
        origins = (self._origin(cell, [x.shape for x in arrays]) for cell in map(tuple, cells.tolist()))
        return np.array([arrays[k][inside] for k, inside in origins])

    def reads(self, region: Region, *shapes: Shape, output: int = 0) -> tuple[Region, ...]:
        """The part of the region that lies in each input; an empty range along the axis for an input that it does not touch."""
        axis, start, parts = self.axis % len(region), 0, []
        for shape in shapes:
            wanted = region[axis]
            low, high = max(wanted.start - start, 0), min(wanted.stop - start, shape[axis])
            parts.append((*region[:axis], range(low, max(low, high)), *region[axis + 1 :]))
            start += shape[axis]
        return tuple(parts)

    def pull(self, step: Step, *dy: Array) -> Gradients:
        """Every input gets its own part of dy."""
        lengths = [x.shape[self.axis] for x in step.inputs if x is not None]
        return Gradients(tuple(np.split(dy[0], np.cumsum(lengths)[:-1], self.axis)))

    def conventions(self) -> tuple[Convention, ...]:
        """torch.cat, ONNX, Keras, Caffe."""
        return CONVENTIONS

    def _origin(self, cell: Cell, shapes: Sequence[Shape]) -> tuple[int, Cell]:
        axis, rest = self.axis % len(cell), cell[self.axis]
        for k, shape in enumerate(shapes):
            if rest < shape[axis]:
                return k, (*cell[:axis], rest, *cell[axis + 1 :])
            rest -= shape[axis]
        raise IndexError(cell)
