"""Other arithmetics of a convolution: Winograd's transforms, for a stride and a dilation of 1 and kernels of 3 or 5 taps.

Line: that of a direct convolution and 8*u*SW, SW the same transforms on absolute values (``winograd``). Errors were measured up to
3.6*u*SW for F(2, 3) and 1.5*u*SW for F(4, 3).
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, cast

import numpy as np

from convproof.core.arithmetic.padding import pad
from convproof.core.axes import Batched
from convproof.core.layer import Case, Layer
from convproof.core.lines import Lines
from convproof.core.records import Precision
from convproof.core.sentence import say
from convproof.core.shapes import Array, Cell
from convproof.layers.conv import winograd

if TYPE_CHECKING:
    from convproof.layers.conv.layer import Conv

WORST = 8.0
SPREAD = 16.0


def lines_in_tiles_of(tile: int) -> Callable[[Layer, Case, Array, Array], Lines]:
    """The lines of a convolution that is computed in tiles of so many inputs an axis."""

    def lines(layer: Layer, case: Case, low: Array, high: Array) -> Lines:
        conv, u = cast("Conv", layer), case.arithmetic.u
        direct = conv.bounds(None, case)
        windows = conv.windows_on(case.x.shape)
        along = winograd.transforms(windows, tile)
        if along is None or direct.exact.size == 0:
            return direct
        batch = Batched.of(case.x, conv.axes + 2)
        with np.errstate(all="ignore"):
            padded = pad(batch.array, [(w.before, w.after) for w in windows], conv.padding_mode)
            cell, left = farthest(direct, low, high)
            if left > WORST * u * winograd.absolute_sum(padded, conv.weight, along, conv.groups, (0, *cell) if batch.added else cell):
                return direct
            SW = batch.off(winograd.absolute_sums(padded, conv.weight, along, conv.groups))
            if not spread(direct, low, high, u * SW):
                return direct
        return Lines(direct.exact, np.asarray(direct.proof + WORST * u * SW), np.hypot(direct.sigma, u * SW))

    return lines


def farthest(direct: Lines, low: Array, high: Array) -> tuple[Cell, float]:
    """The cell that is farthest beyond the direct line, and by how much; what fails there need not be looked at everywhere."""
    left = np.maximum(low - direct.exact, direct.exact - high) - direct.proof
    cell = np.unravel_index(int(np.argmax(np.where(np.isnan(left), -np.inf, left))), left.shape)
    return tuple(int(i) for i in cell), float(left[cell])


def spread(direct: Lines, low: Array, high: Array, unit: Array) -> bool:
    """Whether the errors look like those of transforms, which every tile makes: the largest is not far above what most cells have.

    Random errors of a million cells reach five times their root mean square. Where nine cells in ten are SPREAD times better than the
    worst, something else happened to that one. Not asked where the claimed numbers are not this layer's.
    """
    if low.shape != direct.exact.shape:
        return True
    gap = np.maximum(np.maximum(low - direct.exact, direct.exact - high), 0.0)
    share = np.sort(gap[unit > 0] / unit[unit > 0])
    most = share[: max(1, len(share) * 9 // 10)]
    return bool(len(share) == 0 or share[-1] <= SPREAD * np.sqrt(np.mean(most**2)))


PRECISIONS = {
    tile: Precision(
        "winograd-error",
        say("the convolution is computed by Winograd's transforms, in tiles of {size}", size=tile),
        lines_in_tiles_of(tile),
    )
    for tile in (4, 6)
}


def precisions_of(conv: "Conv") -> tuple[Precision, ...]:
    """Those that this convolution has an algorithm for; tiles of six along three axes are used by nobody."""
    return tuple(
        precision
        for tile, precision in PRECISIONS.items()
        if winograd.transforms(conv.windows, tile) is not None and (tile == 4 or conv.axes < 3)
    )
