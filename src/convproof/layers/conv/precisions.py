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
from convproof.core.shapes import Array
from convproof.layers.conv import winograd

if TYPE_CHECKING:
    from convproof.layers.conv.layer import Conv

WORST = 8.0


def lines_in_tiles_of(tile: int) -> Callable[[Layer, Case, Array, Array], Lines]:
    """The lines of a convolution that is computed in tiles of so many inputs an axis."""

    def lines(layer: Layer, case: Case, _low: Array, _high: Array) -> Lines:
        conv = cast("Conv", layer)
        direct = conv.bounds(None, case)
        windows = conv.windows_on(case.x.shape)
        along = winograd.transforms(windows, tile)
        if along is None:
            return direct
        batch = Batched.of(case.x, conv.axes + 2)
        with np.errstate(all="ignore"):
            padded = pad(batch.array, [(w.before, w.after) for w in windows], conv.padding_mode)
            SW = batch.off(winograd.absolute_sums(padded, conv.weight, along, conv.groups))
        u = case.arithmetic.u
        return Lines(direct.exact, np.asarray(direct.proof + WORST * u * SW), np.hypot(direct.sigma, u * SW))

    return lines


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
