"""Places in words and letters."""

from collections.abc import Sequence
from functools import reduce
from string import ascii_lowercase

LETTERS = {1: "i", 2: "ij", 3: "chw", 4: "nchw", 5: "ncdhw"}


def counted(inside: Sequence[int], sizes: Sequence[int]) -> str:
    """How a place is counted in row-major order: (1, 2, 3) in sizes (3, 4, 5) is "(1*4 + 2)*5 + 3"."""

    def onward(before: str, step: tuple[int, int]) -> str:
        index, size = step
        return f"{f'({before})' if '+' in before else before}*{size} + {index}"

    return reduce(onward, zip(inside[1:], sizes[1:], strict=True), str(inside[0]) if inside else "0")


def letters(rank: int) -> Sequence[str]:
    """A letter for each axis: n, c, h, w for four."""
    return LETTERS.get(rank) or ascii_lowercase[:rank]
