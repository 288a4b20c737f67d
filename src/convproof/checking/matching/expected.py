"""What a claimed array is read as: an array of the network, with the letters of its axes.

An *order* is the axes of the expected shape as the target has them, slowest first: (0, 2, 3, 1) is N, H, W, C.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from convproof.core.sentence import Sentence, listed
from convproof.core.shapes import Array, Shape

Order = tuple[int, ...]

OUTPUTS = {1: "c", 2: "nc", 3: "chw", 4: "nchw", 5: "ncdhw"}


@dataclass(frozen=True)
class Expected:
    """The array that something is read as: its shape, the letters of its axes, and the network's own numbers, made when they are needed.

    ``kind`` is "output" or "weight": orders met in one say nothing of the other.
    """

    shape: Shape
    letters: str
    kind: str
    numbers: Callable[[], Array]


@dataclass(frozen=True)
class Fitted:
    """An array in the expected shape, or what is to be done to an array of as many cells, and what is to be said of it."""

    shape: Shape
    order: Order
    notes: tuple[Sentence, ...] = ()

    def change(self, array: Array) -> Array:
        """An array, read in the order, in the expected shape: a view where there is one."""
        there = array.reshape([self.shape[axis] for axis in self.order])
        return np.asarray(there.transpose(np.argsort(self.order)))


def weight_letters(axes: str, rank: int) -> str:
    """Letters of a parameter's axes, "out_channels, in_channels / groups, *kernel_size" -> "oihw"; "" where they are not known."""
    first = "".join({"o": "o", "i": "i"}.get(axis.strip()[:1], "") for axis in axes.split(","))
    letters = first + {0: "", 1: "w", 2: "hw", 3: "dhw"}.get(rank - len(first), "?")
    return letters if sorted(first) == ["i", "o"] and "?" not in letters else ""


def joins(found: Sequence[int], fine: Sequence[int]) -> bool:
    """Whether a shape is another one with neighbouring axes joined; axes of length 1 count for nothing."""
    left = list(without_ones(fine))
    for size in without_ones(found):
        product = 1
        while left and product < size:
            product *= left.pop(0)
        if product != size:
            return False
    return not left


def without_ones(shape: Sequence[int]) -> Shape:
    """A shape without its axes of length 1."""
    return tuple(size for size in shape if size != 1)


def spelled(order: Order, expected: Expected) -> Sentence:
    """An order in words, "N, H, W, C", or the axes by number where they have no letters."""
    letters = expected.letters.upper()
    return listed([letters[axis] if letters else axis for axis in order])
