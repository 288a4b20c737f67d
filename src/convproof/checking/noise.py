"""Whether errors look like those of an arithmetic whose errors lie scattered, such as Winograd's transforms.

The line of such an arithmetic is wide, and a small mistake may lie below it. Two things tell a mistake from rounding, chosen so that no
right array is called wrong, whatever its numbers are:

    one cell sticks out    All outputs of a tile come from the same products, so where one is off its neighbours are. A cell that is 64
                           times as far off as those around it (their root mean square), as a share of its line, or 512 times in plain
                           numbers, is off by itself. Measured: 19 and 118 times at most. Not asked at the edges: of a tile that is cut
                           off there, one cell may be left.
    a scale and a shift    The errors of an image, of a channel or of all are a + b*y, y the exact value, but for a rest below a 16th of
                           their size: a bias, an eps, a factor. Rounding knows no y, except in data that repeat: a constant image has few
                           errors, the same again and again, and numbers of few digits are transformed without any. So 32 distinct values
                           are asked for, and errors beyond the direct line of 64 more terms; that is more than the one product of a tile
                           that all its outputs share. Measured there: rests of a 5th at least.
"""

from collections.abc import Iterator

import numpy as np

from convproof.checking.judging import Judged
from convproof.core.shapes import Array, Cell

AROUND = 5  # cells in every direction; outputs of one tile are no farther apart
OTHERS = 8  # cells around that are off at all, so that one may be judged by them
IN_SHARES, IN_NUMBERS = 64.0, 512.0  # times as far off as the cells around
REST = 1 / 16
DISTINCT = 32
SHARED = 64


def is_scattered(wide: Judged, plain: Judged, terms: float) -> bool:
    """Whether errors within a ``wide`` line look like noise; ``plain`` are the same numbers beside the line of sums of ``terms`` terms."""
    with np.errstate(all="ignore"):
        off = np.sign(wide.claimed - wide.lines.exact) * wide.gap
        share = np.nan_to_num(off / wide.proof, posinf=0.0, neginf=0.0)
        beyond = np.nan_to_num(plain.gap / plain.proof, posinf=np.inf)
        return not sticks_out(share, off, plain.gap - plain.proof) and not any(
            is_affine(part, y, 1 / line) and part_beyond.max() > 1 + SHARED / terms
            for part, y, line, part_beyond in parts(share, wide.lines.exact, wide.proof, beyond)
        )


def sticks_out(share: Array, off: Array, beyond: Array) -> bool:
    """Whether the cell that is farthest beyond its own line is that much farther off than those around it."""
    cell = tuple(int(i) for i in np.unravel_index(int(np.argmax(np.where(np.isnan(beyond), -np.inf, beyond))), beyond.shape))
    return beside_others(share, cell) > IN_SHARES or beside_others(off, cell) > IN_NUMBERS


def beside_others(errors: Array, cell: Cell) -> float:
    """An error as a multiple of those around it that are not 0, at their root mean square; 0 where these are too few, and at an edge."""
    fixed = min(2, errors.ndim - 1)  # N and C
    if any(i in (0, size - 1) for i, size in zip(cell[fixed:], errors.shape[fixed:], strict=True)):
        return 0.0
    squares = errors[cell[:fixed]][tuple(slice(max(0, i - AROUND), i + AROUND + 1) for i in cell[fixed:])] ** 2
    own, others = errors[cell] ** 2, np.count_nonzero(squares) - 1
    return float(np.sqrt(own * others / (squares.sum() - own))) if others >= OTHERS else 0.0


def parts(*arrays: Array) -> Iterator[tuple[Array, ...]]:
    """Arrays of one shape, whole and cut along their first two axes, flat."""
    yield tuple(map(np.ravel, arrays))
    for axis in range(min(2, arrays[0].ndim - 1)):
        for k in range(arrays[0].shape[axis]):
            yield tuple(array.take(k, axis).ravel() for array in arrays)


def is_affine(share: Array, y: Array, weight: Array) -> bool:
    """Whether errors, ``share`` / ``weight``, are a + b*y but for a small rest: least squares in units of the lines."""
    on = (share != 0) & np.isfinite(weight)
    share, y, weight = share[on], y[on], weight[on]
    if share.size < DISTINCT:
        return False
    squares = weight**2
    mean, off = np.average(y, weights=squares), np.average(share / weight, weights=squares)
    slope = np.sum(weight * (y - mean) * (share - off * weight)) / np.sum(squares * (y - mean) ** 2)
    rest = share - weight * (off + slope * (y - mean))
    few = np.sum(rest**2) <= REST**2 * np.sum(share**2)
    return bool(few) and np.unique(y.astype(np.float32)).size >= DISTINCT
