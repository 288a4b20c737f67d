"""The reductions that users meet: ONNX's names and arguments; torch has them as functions and methods."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, cast

import numpy as np

from convproof.core.arithmetic.integers import cut_off, wrapped
from convproof.core.axes import at_cells, axis_number
from convproof.core.calls import Calls
from convproof.core.derivation import Node
from convproof.core.errors import SettingError, ShapeError
from convproof.core.formats import NumberFormat
from convproof.core.layer import Case, Gradients, Layer, Step
from convproof.core.lines import SIGMAS, Lines, no_error
from convproof.core.operators import Operator, Written
from convproof.core.records import Convention
from convproof.core.shapes import Array, Cell, Region, Shape
from convproof.layers.reduce import bound, derive, gradient
from convproof.layers.reduce.formula import Axes
from convproof.layers.reduce.row import Rows


@dataclass(frozen=True)
class Kind:
    """One reduction: its formula, definition, derivation, bound and gradient."""

    formula: str
    value: Callable[[Array, Axes], Array]
    tell: Callable[[derive.Told], Node]
    lines: Callable[[bound.Numbers, NumberFormat], Lines]
    pull: Callable[[gradient.Back], Array]


class Reduction(Layer):
    """What all reductions share.

    ``axes`` are the axes that are reduced, one or several, counted from 0 or backwards from -1; None or none at all: all of them, or, with
    ``noop_with_empty_axes``, not a single one. ``keepdims`` keeps them at length 1.

    Raises SettingError for an axis that is no whole number, ShapeError for an input that has no such axis.
    """

    kind: ClassVar[Kind]

    def __init__(self, axes: Any = None, keepdims: bool = True, noop_with_empty_axes: bool = False) -> None:
        super().__init__()
        given = () if axes is None else tuple(axes) if isinstance(axes, list | tuple | np.ndarray) else (axes,)
        self.axes = tuple(axis_number(axis, "axes") for axis in given) or None
        self.keepdims, self.noop_with_empty_axes = bool(keepdims), bool(noop_with_empty_axes)

    def equation(self) -> str:
        """The formula."""
        return self.kind.formula

    def settings(self) -> dict[str, Any]:
        """The axes, and what differs from the defaults."""
        found: dict[str, Any] = {} if self.axes is None else {"axes": self.axes}
        found |= {} if self.keepdims else {"keepdims": False}
        return found | ({"noop_with_empty_axes": True} if self.noop_with_empty_axes else {})

    def rows(self, shape: Shape) -> Rows:
        """The rows of an input of this shape. Raises ShapeError."""
        rank = len(shape)
        if self.axes is None:
            return Rows(shape, () if self.noop_with_empty_axes else tuple(range(rank)), self.keepdims)
        least = max(rank, 1)  # a single number may be reduced along its axis 0, as in torch
        if not all(-least <= axis < least for axis in self.axes) or len({axis % least for axis in self.axes}) < len(self.axes):
            raise ShapeError(
                "{layer} names axes, each once, of an array that has {rank}; got x of shape {shape}",
                layer=self.describe(),
                rank=rank,
                shape=shape,
            )
        return Rows(shape, tuple(sorted(axis % rank for axis in self.axes)) if rank else (), self.keepdims)

    def shapes(self, *shapes: Shape) -> tuple[Shape, ...]:
        """The shape without the reduced axes, or with these at length 1."""
        self.names_of(len(shapes))
        return (self.rows(shapes[0]).result,)

    def compute(self, *inputs: Array) -> tuple[Array, ...]:
        """The definition."""
        (x,) = inputs
        rows = self.rows(x.shape)
        with np.errstate(all="ignore"):  # infinities, NaN and integers that wrap around are results
            return (self.kind.value(x, rows.axes).reshape(rows.result),)

    def tree(self, cell: Cell, case: Case) -> Node:
        """The numbers of one row."""
        rows = self.rows(case.x.shape)
        node = self.kind.tell(derive.Told(case.x, rows, cell))
        if case.x.dtype.kind == "f":
            return node
        with np.errstate(all="ignore"):
            computed = self.kind.value(rows.row(case.x, cell), (0,))
        return wrapped(cut_off(node), computed.reshape(()))

    def bounds(self, cells: Array | None, case: Case) -> Lines:
        """See ``bound``; integers are not rounded."""
        (x,), came = case.inputs, case.came()
        if x.dtype.kind in "iub":
            return no_error(at_cells(self.compute(x)[0].astype(np.float64), cells))
        rows = self.rows(x.shape)
        exact = rows.cut(x, cells).astype(np.float64)
        errors = [np.zeros_like(exact)] * 2 if came is None else [rows.cut(a, cells) for a in (came.proof, came.sigma)]
        with np.errstate(all="ignore"):
            found = self.kind.lines(bound.Numbers(exact, *errors), case.arithmetic)
        return found.map(lambda a: np.asarray(a).reshape(rows.result if cells is None else (len(cells),)))

    def reads(self, region: Region, *shapes: Shape, output: int = 0) -> tuple[Region, ...]:
        """Whole rows."""
        return (self.rows(shapes[0]).reads(region),)

    def pull(self, step: Step, *dy: Array) -> Gradients:
        """See ``gradient``."""
        with np.errstate(all="ignore"):
            return Gradients((np.array(self.kind.pull(self.back(step, dy[0]))),))

    def back(self, step: Step, dy: Array) -> gradient.Back:
        """What a gradient is made from."""
        x = cast("Array", step.inputs[0])
        rows = self.rows(x.shape)
        return gradient.Back(dy.reshape(rows.wide), x, step.outputs[0].reshape(rows.wide), rows.axes)

    def conventions(self) -> tuple[Convention, ...]:
        """See ``conventions``."""
        from convproof.layers.reduce.conventions import CONVENTIONS

        return CONVENTIONS[type(self).__name__]

    @classmethod
    def operators(cls) -> tuple[Operator, ...]:
        """See ``operators``."""
        from convproof.layers.reduce.operators import OPERATORS

        return OPERATORS[cls.__name__]

    def in_torch(self, shapes: Sequence[Shape], training: bool) -> Calls:
        """See ``in_torch``."""
        from convproof.layers.reduce import in_torch

        return in_torch.reduced(type(self).__name__, shapes[0], self.rows(shapes[0]).axes, self.rows(shapes[0]).result)

    def written(self) -> tuple[Written, ...]:
        """One node of the same name."""
        axes = () if self.axes is None else (np.array(self.axes, np.int64),)
        settings = {"keepdims": int(self.keepdims), "noop_with_empty_axes": int(self.noop_with_empty_axes)}
        return (Written(type(self).__name__, (0, *axes), settings),)


class Extreme(Reduction):
    """What the largest and the smallest share; ``return_indices`` gives their places too, along a single axis: the first of equal ones."""

    sign: ClassVar[int]

    def __init__(
        self, axes: Any = None, keepdims: bool = True, noop_with_empty_axes: bool = False, *, return_indices: bool = False
    ) -> None:
        super().__init__(axes, keepdims, noop_with_empty_axes)
        self.return_indices = bool(return_indices)
        if self.return_indices and len(self.axes or ()) != 1:
            raise SettingError("return_indices=True, axes={axes}: expected a single axis, along which places are counted", axes=self.axes)

    def settings(self) -> dict[str, Any]:
        """The axes, and whether places are given."""
        return super().settings() | ({"return_indices": True} if self.return_indices else {})

    def shapes(self, *shapes: Shape) -> tuple[Shape, ...]:
        """The same for the places."""
        return super().shapes(*shapes) * (2 if self.return_indices else 1)

    def compute(self, *inputs: Array) -> tuple[Array, ...]:
        """The largest or smallest, and where it stands."""
        found = super().compute(*inputs)
        return (*found, self._places(inputs[0])) if self.return_indices else found

    def _places(self, x: Array) -> Array:
        rows = self.rows(x.shape)
        wide = np.atleast_1d(x)
        choose = np.argmax if self.sign > 0 else np.argmin
        return np.asarray(choose(wide, axis=rows.axes[0] if rows.axes else 0)).astype(np.int64).reshape(rows.result)

    def tree(self, cell: Cell, case: Case) -> Node:
        """The number, or its place."""
        if case.output == 0:
            return super().tree(cell, case)
        rows = self.rows(case.x.shape)
        return derive.place(derive.Told(case.x, rows, cell), self.sign, rows.axes[0] if rows.axes else 0)

    def bounds(self, cells: Array | None, case: Case) -> Lines:
        """A place is not rounded, but another one may be meant where inputs are not exact; see ``bound``."""
        if case.output == 0:
            return super().bounds(cells, case)
        x, came, rows = self.sign * case.x.astype(np.float64), case.came(), self.rows(case.x.shape)
        exact = at_cells(self._places(case.x).astype(np.float64), cells)
        if came is None:
            return no_error(exact)
        won, numbers = exact.reshape(-1, 1), rows.cut(x, cells)
        off = [bound.farthest(numbers, rows.cut(w, cells), won).reshape(exact.shape) for w in (came.proof, SIGMAS * came.sigma)]
        return Lines(exact, off[0], off[1] / SIGMAS)

    def pull(self, step: Step, *dy: Array) -> Gradients:
        """Equal shares for equal ones; all of it for the one whose place is given."""
        back = self.back(step, dy[0])
        return Gradients((gradient.first(back, self.sign),)) if self.return_indices and back.axes else super().pull(step, dy[0])

    def in_torch(self, shapes: Sequence[Shape], training: bool) -> Calls:
        """The places too, where they are wanted."""
        from convproof.layers.reduce import in_torch

        rows = self.rows(shapes[0])
        if not self.return_indices:
            return super().in_torch(shapes, training)
        return in_torch.with_places(self.sign > 0, rows.axes[0] if rows.axes else 0, rows.result)

    def written(self) -> tuple[Written, ...]:
        """One node, and another for the places where they are wanted."""
        if not self.return_indices or self.axes is None:
            return super().written()
        settings = {"axis": self.axes[0], "keepdims": int(self.keepdims)}
        return (Written("ArgMax" if self.sign > 0 else "ArgMin", (0,), settings, gives=(1,)), *super().written())
