"""The joining layers that users meet."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from convproof.core.axes import axis_number
from convproof.core.calls import Called, Calls, Input
from convproof.core.derivation import Node, copy, number
from convproof.core.errors import ShapeError
from convproof.core.layer import Case, Gradients, Layer, Step
from convproof.core.lines import Lines, no_error
from convproof.core.operators import Call, Operator, Read, Result, Written
from convproof.core.records import Convention
from convproof.core.sentence import Sentence, say
from convproof.core.shapes import Array, Cell, Region, Shape, Sizes
from convproof.layers.join import conventions, formula


class Join(Layer):
    """What joining layers share; ``number_of_axis`` says the axis, which each input has been given before."""

    def number_of_axis(self, shapes: Sequence[Shape]) -> int:
        """The axis along which inputs of these shapes are joined, counted from 0. Raises ShapeError."""
        raise NotImplementedError

    def placed(self, x: Array, axis: int) -> Array:
        """An input as it is put beside the others."""
        return x

    def unplaced(self, inside: tuple[Any, ...], axis: int) -> tuple[Any, ...]:
        """A cell or region of an input that was ``placed``, in the input itself."""
        return inside

    def names_of(self, count: int) -> tuple[str, ...]:
        """x0, x1, ...; one input at least."""
        if count < 1:
            raise ShapeError("{layer} takes one input or more, got none", layer=self.describe())
        return tuple(f"x{k}" for k in range(count))

    def _placed_shapes(self, shapes: Sequence[Shape], axis: int) -> list[Shape]:
        return [self.placed(np.broadcast_to(np.False_, shape), axis).shape for shape in shapes]

    def shapes(self, *shapes: Shape) -> tuple[Shape, ...]:
        """The first input's shape with the lengths along the axis added up."""
        self.names_of(len(shapes))
        axis = self.number_of_axis(shapes)
        placed = self._placed_shapes(shapes, axis)
        return ((*placed[0][:axis], sum(s[axis] for s in placed), *placed[0][axis + 1 :]),)

    def compute(self, *inputs: Array) -> tuple[Array, ...]:
        """The inputs side by side."""
        return (self._taken(inputs, None),)

    def tree(self, cell: Cell, case: Case) -> Node:
        """Which input the cell came from, and where it stood there."""
        k, inside = self._origin(cell, [x.shape for x in case.inputs])
        note = say("input {k}, counted from 0, cell {cell}", k=k, cell=list(inside))
        return copy(number(case.inputs[k], inside, f"x{k}", "input", index=k), "y", note)

    def _origin(self, cell: Cell, shapes: Sequence[Shape]) -> tuple[int, Cell]:
        axis = self.number_of_axis(shapes)
        k, inside = formula.origin(cell, self._placed_shapes(shapes, axis), axis)
        return k, self.unplaced(inside, axis)

    def bounds(self, cells: Array | None, case: Case) -> Lines:
        """No rounding; what comes in moves along."""
        local = no_error(self._taken(case.inputs, cells).astype(np.float64))
        if not any(case.incoming or ()):
            return local
        came = [line or no_error(np.zeros(x.shape)) for x, line in zip(case.inputs, case.incoming or (), strict=True)]
        return Lines(local.exact, self._taken([c.proof for c in came], cells), self._taken([c.sigma for c in came], cells))

    def _taken(self, arrays: Sequence[Array], cells: Array | None) -> Array:
        """The joined array, or some cells of it without joining."""
        shapes = [x.shape for x in arrays]
        if cells is None:
            axis = self.number_of_axis(shapes)
            return formula.join([self.placed(x, axis) for x in arrays], axis)
        origins = (self._origin(tuple(cell), shapes) for cell in cells.tolist())
        return np.array([arrays[k][inside] for k, inside in origins])

    def reads(self, region: Region, *shapes: Shape, output: int = 0) -> tuple[Region, ...]:
        """The part of the region that lies in each input; an empty range along the axis for an input that it does not touch."""
        axis = self.number_of_axis(shapes)
        wanted, lengths = region[axis], [shape[axis] for shape in self._placed_shapes(shapes, axis)]

        def part(begin: int, length: int) -> range:
            low, high = max(wanted.start - begin, 0), min(wanted.stop - begin, length)
            return range(low, max(low, high))

        spans = (part(begin, length) for begin, length in zip(formula.starts(lengths), lengths, strict=False))
        return tuple(self.unplaced((*region[:axis], span, *region[axis + 1 :]), axis) for span in spans)

    def pull(self, step: Step, *dy: Array) -> Gradients:
        """Every input gets its own part of dy."""
        inputs = [x for x in step.inputs if x is not None]
        axis = self.number_of_axis([x.shape for x in inputs])
        lengths = [self.placed(x, axis).shape[axis] for x in inputs]
        parts = formula.pull(dy[0], lengths, axis)
        return Gradients(tuple(part.reshape(x.shape) for part, x in zip(parts, inputs, strict=True)))

    def conventions(self) -> tuple[Convention, ...]:
        """See ``conventions``."""
        return conventions.CONVENTIONS[type(self).__name__]


class Concat(Join):
    """One or more arrays joined along ``axis`` (default 1, the channels of N, C, H, W); all other axes must agree.

    A negative axis counts from the end.

    Raises SettingError for an axis that is no whole number, ShapeError for arrays that do not fit.
    """

    def __init__(self, axis: Any = 1) -> None:
        super().__init__()
        self.axis = axis_number(axis, "axis")

    def settings(self) -> dict[str, Any]:
        """The axis."""
        return {"axis": self.axis}

    def equation(self) -> Sentence:
        """In words, with the axis."""
        return say("y = the inputs, one after another along axis {axis}", axis=self.axis)

    def number_of_axis(self, shapes: Sequence[Shape]) -> int:
        """An axis that all have, the others agreeing."""
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
        return axis

    @classmethod
    def operators(cls) -> tuple[Operator, ...]:
        """ONNX Concat, whose axis is 1 where an old file names none."""

        def read(call: Call) -> Read:
            return Read(Concat(call.setting("axis", 1)), tuple(range(len(call.arguments))))

        names = ("cat", "concat", "concatenate")
        return Operator("onnx", ("Concat",), read), Operator("torch", names, lambda call: of_list(Concat, call), ("tensors", "dim"))

    def in_torch(self, shapes: Sequence[Shape], training: bool) -> Calls:
        """torch.cat"""
        return Calls(Called("cat", ([Input(k) for k in range(len(shapes))], self.axis)))

    def written_at(self, shapes: Sequence[Sizes]) -> tuple[Written, ...]:
        """Concat."""
        return (Written("Concat", tuple(range(len(shapes))), {"axis": self.axis}),)


class Stack(Join):
    """One or more arrays of one shape, put side by side along a new axis ``dim`` (default 0) of the output.

    A negative axis counts from the end of the output's axes.

    Raises SettingError for an axis that is no whole number, ShapeError for arrays that do not fit.
    """

    def __init__(self, dim: Any = 0) -> None:
        super().__init__()
        self.dim = axis_number(dim, "dim")

    def settings(self) -> dict[str, Any]:
        """The axis."""
        return {"dim": self.dim}

    def equation(self) -> Sentence:
        """In words, with the axis."""
        return say("y = the inputs, one after another along a new axis {dim}", dim=self.dim)

    def number_of_axis(self, shapes: Sequence[Shape]) -> int:
        """An axis that the output can have, of inputs that agree on all."""
        rank = len(shapes[0]) + 1
        if not -rank <= self.dim < rank or any(shape != shapes[0] for shape in shapes):
            raise ShapeError(
                "{layer} needs inputs of one shape with at least as many axes less one; got shapes {shapes}",
                layer=self.describe(),
                shapes=shapes,
            )
        return self.dim % rank

    @classmethod
    def operators(cls) -> tuple[Operator, ...]:
        """torch.stack"""
        return (Operator("torch", ("stack",), lambda call: of_list(Stack, call), ("tensors", "dim")),)

    def placed(self, x: Array, axis: int) -> Array:
        """With the new axis, of length 1."""
        return np.expand_dims(x, axis)

    def unplaced(self, inside: tuple[Any, ...], axis: int) -> tuple[Any, ...]:
        """Without the new axis; where it is empty, all ranges are."""
        rest = (*inside[:axis], *inside[axis + 1 :])
        gone = inside[axis]
        return tuple(range(0) for _ in rest) if isinstance(gone, range) and not gone else rest

    def in_torch(self, shapes: Sequence[Shape], training: bool) -> Calls:
        """torch.stack"""
        return Calls(Called("stack", ([Input(k) for k in range(len(shapes))], self.dim)))

    def written_at(self, shapes: Sequence[Sizes]) -> tuple[Written, ...]:
        """Concat, after an Unsqueeze of every input."""
        widened = (Written("Unsqueeze", (k, np.array([self.dim], np.int64))) for k in range(len(shapes)))
        return *widened, Written("Concat", tuple(map(Result, range(len(shapes)))), {"axis": self.dim})


def of_list(kind: Any, call: Call) -> Read:
    """A layer that reads the tensors of a list, along the axis that follows the list."""
    return Read(kind(call.number(1, 0)), tuple((0, k) for k in range(len(call.arguments[0]))))
