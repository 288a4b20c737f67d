"""Pad, and what it shares with the layers of torch.nn."""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from convproof.core.axes import is_whole, require_axis
from convproof.core.calls import Calls
from convproof.core.derivation import Node, padding, setting
from convproof.core.errors import SettingError, ShapeError
from convproof.core.evaluation import Case
from convproof.core.exact import exact
from convproof.core.lines import Lines
from convproof.core.mover import Mover
from convproof.core.moving import Movement, taken
from convproof.core.operators import Operator, Written
from convproof.core.records import Convention
from convproof.core.sentence import Sentence, Text, either, listed, say
from convproof.core.shapes import Array, Cell, Shape
from convproof.layers.pad import conventions
from convproof.layers.pad.formula import MODES, shown

Amounts = dict[int, tuple[int, int]]


class Padding(Mover):
    """What all paddings share: an amount before and after some axes, a mode, a constant."""

    mode: str = "constant"
    value: Any = None

    def amounts(self) -> Amounts:
        """(before, after) by axis, as the settings number the axes."""
        raise NotImplementedError

    def amounts_for(self, shape: Shape) -> Amounts:
        """(before, after) by axis, counted from 0. Raises ShapeError."""
        given, rank = self.amounts(), len(shape)
        if any(not -rank <= axis < rank for axis in given):
            raise ShapeError("{layer} pads axes that x of shape {shape} does not have", layer=self.describe(), shape=shape)
        found = {axis % rank: amount for axis, amount in given.items()}
        for axis, (before, after) in found.items():
            require_axis(self.describe(), shape[axis] + before + after)
            left, whole = shape[axis] + min(before, 0) + min(after, 0), shape[axis] + before + after
            shows = {"constant": left >= 0, "circular": left > 0}.get(self.mode, whole >= 0 and shape[axis] > 0)
            if not shows and (whole != 0 or left < 0):
                raise ShapeError(
                    "{layer} cuts more off axis {axis} than x of shape {shape} has, or leaves nothing to show",
                    layer=self.describe(),
                    axis=axis,
                    shape=shape,
                )
        return found

    def equation(self) -> Text:
        """In words, with the amounts."""
        said = [
            say("{before} before and {after} after axis {axis}", before=before, after=after, axis=axis)
            for axis, (before, after) in self.amounts().items()
        ]
        how = say("the constant {value}", value=self.value or 0) if self.mode == "constant" else MEANINGS[self.mode]
        return say("y = x with cells put round it: {amounts}; they show {how}", amounts=listed(said), how=how)

    def movements(self, shape: Shape) -> tuple[Movement, ...]:
        """Every padded axis for itself."""
        amounts = self.amounts_for(shape)
        return (taken(shape, {axis: shown(shape[axis], *amount, self.mode) for axis, amount in amounts.items()}),)

    def fill(self) -> Any:
        """The constant."""
        return self.value

    def coordinates(self, cell: Cell, shape: Shape) -> Cell:
        """The cell counted as in x: negative, or beyond the end, where it is padding."""
        amounts = self.amounts_for(shape)
        return tuple(i - amounts.get(axis, (0, 0))[0] for axis, i in enumerate(cell))

    def outside(self, cell: Cell, shape: Shape) -> Node:
        """A zero of the padding, or the constant."""
        return setting(self.value, "value") if self.value else padding(self.coordinates(cell, shape))

    def told(self, cell: Cell, origin: Cell, shape: Shape, output: int) -> Sentence | None:
        """Where the cell lies as x counts."""
        coordinates = self.coordinates(cell, shape)
        inside = all(0 <= i < size for i, size in zip(coordinates, shape, strict=True))
        if inside:
            return None
        if self.mode == "constant":
            return say("padding: the cell lies at {place}, outside x", place=list(coordinates))
        return say("padding shows this cell at {place}, outside x", place=list(coordinates))

    def bounds(self, cells: Array | None, case: Case) -> Lines:
        """No rounding but that of the constant to the array's format; what comes in moves along."""
        found = super().bounds(cells, case)
        if not self.value or case.x.dtype.kind != "f" or not np.isfinite(self.value):
            return found
        value, (movement,) = float(self.value), self.movements(case.x.shape)
        padded = movement.at(np.broadcast_to(np.False_, case.x.shape), cells, True)
        rounded = case.arithmetic.round(exact(value)) != value
        u = rounded * (case.arithmetic.u * abs(value) + case.arithmetic.tiny)
        return Lines(np.where(padded, value, found.exact), np.where(padded, u, found.proof), np.where(padded, u / np.sqrt(3), found.sigma))

    def conventions(self) -> tuple[Convention, ...]:
        """See ``conventions``."""
        return conventions.of(type(self).__name__)

    @classmethod
    def operators(cls) -> tuple[Operator, ...]:
        """See ``operators``."""
        from convproof.layers.pad.operators import OPERATORS

        return OPERATORS

    def written(self) -> tuple[Written, ...]:
        """Pad; where cells are cut off and others are put on, in two nodes."""
        from convproof.layers.pad.operators import written

        return written(self.amounts(), self.mode, None if self.value is None else np.asarray(self.value, self.dtype))


MEANINGS: dict[str, Sentence] = {
    "reflect": say("x in a mirror at its edge"),
    "replicate": say("the edge of x"),
    "circular": say("x from its other end"),
}


class Pad(Padding):
    """Cells put round an array. ``pad``, ``mode`` and ``value`` are torch.nn.functional.pad's.

    ``pad`` holds two numbers for each padded axis, before and after, the last axis first; with ``dims`` for these axes in this order.
    A negative number cuts cells off. ``mode`` is "constant" (default), "reflect", "replicate" or "circular"; ``value`` the constant,
    None for a zero of the input's dtype.

    Raises SettingError for settings that cannot be, ShapeError for an input that lacks these axes, or from which too much is cut off.
    """

    def __init__(self, pad: Any, mode: Any = "constant", value: Any = None, *, dims: Any = None) -> None:
        super().__init__()
        self.pad, self.mode, self.value = whole_numbers(pad, "pad"), mode, value
        self.dims = None if dims is None else whole_numbers(dims, "dims")
        axes = range(-1, -len(self.pad) // 2 - 1, -1) if self.dims is None else self.dims
        if len(self.pad) % 2 or len(self.pad) != 2 * len(set(axes)) or len(set(axes)) < len(axes):
            raise SettingError("pad={pad}, dims={dims}: expected two numbers for each padded axis", pad=self.pad, dims=self.dims)
        if not isinstance(mode, str) or mode not in MODES:
            raise SettingError("mode={mode!r}: expected one of {modes}", mode=mode, modes=listed(MODES))
        self._axes = tuple(axes)

    def settings(self) -> dict[str, Any]:
        """The amounts, and what differs from the defaults."""
        usual = {"mode": "constant", "value": None, "dims": None}
        return {"pad": self.pad} | {name: getattr(self, name) for name, default in usual.items() if getattr(self, name) != default}

    def amounts(self) -> Amounts:
        """Pairs in the order of the axes."""
        return dict(zip(self._axes, zip(self.pad[::2], self.pad[1::2], strict=True), strict=True))

    def in_torch(self, shapes: Sequence[Shape], training: bool) -> Calls:
        """torch.nn.functional.pad"""
        from convproof.layers.pad import in_torch

        return in_torch.padded(self.amounts_for(shapes[0]), self.mode, self.value, shapes[0])


class PadNd(Padding):
    """What the paddings of torch.nn share: the last ``axes`` axes, the last one first."""

    axes: ClassVar[int]
    ranks: ClassVar[tuple[int, ...]] = ()  # how many axes beside the padded ones an input may have; () for any number
    room: ClassVar[int | None] = None  # an amount is at most the size plus this; None for any amount

    def __init__(self, padding: Any) -> None:
        super().__init__()
        self.padding = whole_numbers(padding, "padding", 2 * self.axes)

    def settings(self) -> dict[str, Any]:
        """The amounts."""
        return {"padding": self.padding}

    def amounts(self) -> Amounts:
        """Pairs, the last axis first."""
        return {-1 - k: (self.padding[2 * k], self.padding[2 * k + 1]) for k in range(self.axes)}

    def amounts_for(self, shape: Shape) -> Amounts:
        """As every padding; and an input of the ranks that torch takes, large enough to show so much."""
        if len(shape) < self.axes or (self.ranks and len(shape) - self.axes not in self.ranks):
            raise ShapeError(
                "{layer} pads the last {axes} axes of an input of {ranks} axes; got x of shape {shape}",
                layer=self.describe(),
                axes=self.axes,
                ranks=either(self.axes + k for k in self.ranks) if self.ranks else say("{axes} or more", axes=self.axes),
                shape=shape,
            )
        found = super().amounts_for(shape)
        if self.room is not None and any(max(amount) > shape[axis] + self.room for axis, amount in found.items()):
            raise ShapeError(
                "{layer} pads by more than {mode} padding can show of an input of shape {shape}; pad less than the input's size",
                layer=self.describe(),
                mode=self.mode,
                shape=shape,
            )
        return found


def whole_numbers(values: Any, name: str, count: int = 0) -> tuple[int, ...]:
    """Whole numbers, negative ones too: ``count`` of them, or one for all; as many as there are for 0. Raises SettingError."""
    given = tuple(values) if isinstance(values, list | tuple | np.ndarray) else (values,) * (count or 1)
    if not all(map(is_whole, given)):
        raise SettingError("{name}={values!r}: expected whole numbers", name=name, values=values)
    if count and len(given) != count:
        raise SettingError(
            "{name}={values!r}: expected one number, or {count}: before and after for each axis, the last axis first",
            name=name,
            values=values,
            count=count,
        )
    return tuple(map(int, given))
