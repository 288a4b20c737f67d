"""A batch of images that remembers how each of its numbers came from a pixel."""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, SupportsIndex, cast

import numpy as np

from convproof.core.axes import cell_in
from convproof.core.derivation import Derivation, Node, Number, copy, difference, number, padding, quotient, setting
from convproof.core.errors import NotFiniteError, SettingError
from convproof.core.formats import format_of
from convproof.core.sentence import Sentence, say
from convproof.core.shapes import Array, Cell


@dataclass(frozen=True, eq=False)
class Stage:
    """One array on the way from pixels to a network's input: the names of its axes, and a sentence about what was done."""

    name: str
    array: Array
    layout: str
    sentence: Sentence


@dataclass(frozen=True, eq=False)
class Story:
    """How a number of a batch came from a pixel: which pixel, and what was done to it.

    ``source`` are the pixels (N, H, W, C) under their stage's ``name``, None for numbers as they were given; ``offset`` is the row and
    column that a crop began at, ``reversed`` says that channels were, ``last`` that they stand last. Then came division by ``divisor``,
    ``mean`` and ``std`` of each channel, and zeros outside the height and width ``inside``.
    """

    source: Array | None = None
    name: str = "pixels"
    offset: tuple[int, int] = (0, 0)
    reversed: bool = False
    last: bool = False
    divisor: float | None = None
    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None
    inside: tuple[int, int] | None = None

    def formula(self) -> str:
        """What was done, in letters."""
        place = "n, h, w, c" if self.offset == (0, 0) and not self.reversed else "n, top + h, left + w, channel"
        found = f"{self.name}[{place}]" + ("" if self.divisor is None else f" / {self.divisor:g}")
        found = found if self.mean is None else f"({found} - mean[c]) / std[c]"
        return f"x[{'n, h, w, c' if self.last else 'n, c, h, w'}] = {found}"

    def tree(self, cell: Cell) -> Node:
        """How the number in a cell of the batch came about."""
        n, *rest = cell
        c, h, w = (rest[2], rest[0], rest[1]) if self.last else rest
        if self.source is None or (self.inside is not None and not (h < self.inside[0] and w < self.inside[1])):
            return copy(padding(cell), "x", say("zeros lengthen the image here"))
        channel = self.source.shape[3] - 1 - c if self.reversed else c
        row, column = h + self.offset[0], w + self.offset[1]
        pixel = number(self.source, (n, row, column, channel), self.name, "pixel")
        note = say("row {h}, column {w}, channel {c} of image {n}: H, W, C became C, H, W", h=row, w=column, c=channel, n=n)
        if self.last:
            note = say("row {h}, column {w}, channel {c} of image {n}", h=row, w=column, c=channel, n=n)
        if self.mean is None or self.std is None:
            return copy(pixel, "x", note) if self.divisor is None else quotient(pixel, setting_of(self.divisor), "x", note)
        scaled = pixel if self.divisor is None else quotient(pixel, setting_of(self.divisor))
        return quotient(difference(scaled, setting(_decimal(self.mean[c]), "mean")), setting(_decimal(self.std[c]), "std"), "x", note)

    def allowed(self, cell: Cell, computed: Any, exact: Fraction) -> float:
        """How far float arithmetic may end from the exact value."""
        if self.source is None or self.divisor is None:
            return 0.0
        if self.mean is None or self.std is None:
            return float(format_of(computed.dtype).step(exact) / 2)
        c = cell[3] if self.last else cell[1]
        u, y = format_of(computed.dtype).u, abs(float(exact))
        quotient = y * abs(self.std[c]) + abs(self.mean[c])
        return (1 + 8 * u) * u * ((quotient + abs(self.mean[c])) / abs(self.std[c]) + 3 * y)


def setting_of(value: float) -> Number:
    """A divisor, under its own digits."""
    return setting(_decimal(value), f"{value:g}", "count")


def _decimal(value: float) -> Fraction:
    """A number as its digits say: 0.485 is 485/1000."""
    return Fraction(repr(value))


class Batch(np.ndarray[Any, np.dtype[Any]]):
    """An array (N, C, H, W) for a network, with the ``stages`` before it and a ``sentence`` about its own making.

    It is read-only, since its stages would not explain a number that was changed; ``x.copy()`` is an array to change. What is cut out
    of a batch or computed from it knows no stages.
    """

    stages: tuple[Stage, ...]
    sentence: Sentence | None
    story: Story

    @classmethod
    def of(cls, array: Array, stages: tuple[Stage, ...], sentence: Sentence, story: Story) -> "Batch":
        """``array`` as a batch that was made from the last of ``stages``."""
        batch = array.view(cls)
        batch.remember(stages, sentence, story)
        return batch

    def derive(self, cell: Iterable[SupportsIndex]) -> Derivation:
        """How the number in a cell (n, c, h, w) came from the pixel (n, h, w, c). Raises CellError and NotFiniteError."""
        at = cell_in(cell, self.shape, "input")
        computed = self[at]
        if not np.isfinite(computed):
            raise NotFiniteError("{name}{cell} is {value}: it was given so", name="input", cell=list(at), value=computed)
        if not self.stages:
            return Derivation("input", at, say("a number that was given"), number(self, at, "input", "input"), computed=computed)
        tree = self.story.tree(at)
        allowed = self.story.allowed(at, computed, tree.value)
        return Derivation("input", at, self.story.formula(), tree, computed, self.sentence or "", allowed)

    def remember(self, stages: tuple[Stage, ...], sentence: Sentence | None, story: Story) -> None:
        """Take the stages that led here; from now on the batch and they are read-only."""
        self.stages, self.sentence, self.story = stages, sentence, story
        for array in (self, *(stage.array for stage in stages)):
            array.flags.writeable = False

    def __array_finalize__(self, source: Any) -> None:
        self.stages, self.sentence, self.story = (), None, Story()

    def __setitem__(self, key: Any, value: Any) -> None:
        if not self.flags.writeable:
            raise SettingError("a batch stays as its images gave it; change an x.copy(), or the image before it becomes a batch")
        super().__setitem__(key, value)

    def __copy__(self) -> "Batch":
        return self if self.stages else self.copy()

    def __deepcopy__(self, memo: dict[int, Any] | None) -> "Batch":
        return self if self.stages else self.copy()

    def __reduce__(self) -> tuple[Any, ...]:
        function, arguments, state = cast("tuple[Any, ...]", super().__reduce__())
        return function, arguments, (state, self.stages, self.sentence, self.story)

    def __setstate__(self, state: Any) -> None:
        array_state, stages, sentence, story = state
        super().__setstate__(array_state)
        if stages:
            self.remember(stages, sentence, story)
