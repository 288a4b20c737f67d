"""A batch of images that remembers how each of its numbers came from a pixel."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, SupportsIndex, cast

import numpy as np

from convproof.core.axes import cell_in
from convproof.core.derivation import Derivation, copy, number, quotient, setting
from convproof.core.errors import NotFiniteError, SettingError
from convproof.core.formats import format_of
from convproof.core.sentence import Sentence, say
from convproof.core.shapes import Array, Cell

FULL = 255


@dataclass(frozen=True, eq=False)
class Stage:
    """One array on the way from pixels to a network's input: the names of its axes, and a sentence about what was done."""

    name: str
    array: Array
    layout: str
    sentence: Sentence


class Batch(np.ndarray[Any, np.dtype[Any]]):
    """An array (N, C, H, W) for a network, with the ``stages`` before it and a ``sentence`` about its own making.

    It is read-only, since its stages would not explain a number that was changed; ``x.copy()`` is an array to change. What is cut out
    of a batch or computed from it knows no stages.
    """

    stages: tuple[Stage, ...]
    sentence: Sentence | None

    @classmethod
    def of(cls, array: Array, stages: tuple[Stage, ...], sentence: Sentence) -> "Batch":
        """``array`` as a batch that was made from the last of ``stages``."""
        batch = array.view(cls)
        batch.remember(stages, sentence)
        return batch

    def derive(self, cell: Iterable[SupportsIndex]) -> Derivation:
        """How the number in a cell (n, c, h, w) came from the pixel (n, h, w, c). Raises CellError and NotFiniteError."""
        at = cell_in(cell, self.shape, "input")
        computed = self[at]
        if not np.isfinite(computed):
            raise NotFiniteError("{name}{cell} is {value}: it was given so", name="input", cell=list(at), value=computed)
        if not self.stages:
            return Derivation("input", at, say("a number that was given"), number(self, at, "input", "input"), computed=computed)
        return self._from_pixel(at, computed)

    def _from_pixel(self, at: Cell, computed: Any) -> Derivation:
        n, c, h, w = at
        pixels, formula, allowed = self.stages[0].array, "x[n, c, h, w] = pixels[n, h, w, c]", 0.0
        pixel = number(pixels, (n, h, w, c), "pixels", "pixel")
        note = say("row {h}, column {w}, channel {c} of image {n}: H, W, C became C, H, W", h=h, w=w, c=c, n=n)
        tree = copy(pixel, "x", note)
        if pixels.dtype == np.uint8:
            tree, formula = quotient(pixel, setting(FULL, str(FULL), "count"), "x", note), f"{formula} / {FULL}"
            allowed = float(format_of(computed.dtype).step(tree.value) / 2)
        return Derivation("input", at, formula, tree, computed, self.sentence or "", allowed)

    def remember(self, stages: tuple[Stage, ...], sentence: Sentence | None) -> None:
        """Take the stages that led here; from now on the batch and they are read-only."""
        self.stages, self.sentence = stages, sentence
        for array in (self, *(stage.array for stage in stages)):
            array.flags.writeable = False

    def __array_finalize__(self, source: Any) -> None:
        self.stages, self.sentence = (), None

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
        return function, arguments, (state, self.stages, self.sentence)

    def __setstate__(self, state: Any) -> None:
        array_state, stages, sentence = state
        super().__setstate__(array_state)
        if stages:
            self.remember(stages, sentence)
