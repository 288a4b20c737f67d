"""One cell of a flattened array by hand: which cell of the input it was, and how its place was counted."""

from collections.abc import Sequence
from functools import reduce

import numpy as np

from convproof.core.derivation import Node, copy, number
from convproof.core.sentence import Sentence, say
from convproof.core.shapes import Array, Cell
from convproof.layers.reshape.formula import origins


def derive(cell: Cell, x: Array, start: int, end: int) -> Node:
    """The number, and where it stood."""
    if x.ndim == 0:
        return copy(number(x, (), "x", "input"), "y", say("a single number becomes a vector of length 1"))
    origin = tuple(origins(np.array([cell]), x.shape, start, end)[0].tolist())
    return copy(number(x, origin, "x", "input"), "y", told(cell[start], origin, x.shape, start, end))


def told(place: int, origin: Cell, shape: Sequence[int], start: int, end: int) -> Sentence:
    """The place in words. All axes but the first of four are taken for channel, row and column."""
    inside, sizes = origin[start : end + 1], shape[start : end + 1]
    if start == end:
        return say("one axis alone stays as it is")
    if (start, end, len(shape)) == (1, 3, 4):
        c, h, w = inside
        template = "place {place} = {count} of the flattened axis is channel {c}, row {h}, column {w}"
        return say(template, place=place, count=counted(inside, sizes), c=c, h=h, w=w)
    return say("place {place} = {count} of the flattened axis was {inside}", place=place, count=counted(inside, sizes), inside=list(inside))


def counted(inside: Sequence[int], sizes: Sequence[int]) -> str:
    """How a place is counted in row-major order: (1, 2, 3) in sizes (3, 4, 5) is "(1*4 + 2)*5 + 3"."""

    def onward(before: str, step: tuple[int, int]) -> str:
        index, size = step
        return f"{f'({before})' if '+' in before else before}*{size} + {index}"

    return reduce(onward, zip(inside[1:], sizes[1:], strict=True), str(inside[0]))
