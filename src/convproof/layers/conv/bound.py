"""How rounding enters a convolution: every output is one sum of n = C/g * kernel products, and the bias is one more term.

Covered by the proof line: sums in any order (loops, blocks, matrix products, im2col, channels last, vector lanes, split over
threads), with or without fused multiply-add, float32 or float64, rounding to nearest. Not covered: Winograd, FFT, inputs rounded
to a shorter format first.
"""

from collections.abc import Callable, Sequence

import numpy as np

from convproof.core.formats import NumberFormat
from convproof.core.lines import Lines, carried, lines_of_sum
from convproof.core.shapes import Array, Float
from convproof.core.window import Window
from convproof.layers.conv.formula import convolve
from convproof.layers.conv.geometry import padded, under

Each = Callable[[Array], Array]
Sums = Callable[[Array, Each, Each, bool], Array]


def lines(
    cells: Array | None,
    x: Float[Array, "N C *sizes"],
    weight: Float[Array, "O C_per_group *kernel"],
    bias: Float[Array, "O"] | None,
    windows: Sequence[Window],
    groups: int,
    mode: str,
    incoming: Lines | None,
    arithmetic: NumberFormat,
) -> Lines:
    """Both lines of some cells (n, o, *spots), or of all for None."""
    w, b = weight.astype(np.float64), None if bias is None else bias.astype(np.float64)
    sums = everywhere(w, b, windows, groups, mode) if cells is None else at_cells(cells, w, b, windows, groups, mode)
    y, S, Q = (sums(x, f, f, True) for f in (np.positive, np.abs, np.square))
    local = lines_of_sum(y, S, Q, w[0].size + (b is not None), arithmetic)
    del S, Q  # as large as the output each; what comes in takes its own
    if incoming is None:
        return local
    return carried(local, sums(incoming.proof, np.positive, np.abs, False), sums(incoming.sigma, np.square, np.square, False))


def everywhere(w: Array, b: Array | None, windows: Sequence[Window], groups: int, mode: str) -> Sums:
    """The convolution of f(x) with g(weight), with or without g(bias), in all cells."""

    def sums(x: Array, f: Each, g: Each, biased: bool) -> Array:
        wide, bare = padded(f(x.astype(np.float64)), windows, mode)
        return convolve(wide, g(w), g(b) if biased and b is not None else None, bare, groups)

    return sums


def at_cells(cells: Array, w: Array, b: Array | None, windows: Sequence[Window], groups: int, mode: str) -> Sums:
    """The same in some cells, one by one, in the memory of one window."""

    def sums(x: Array, f: Each, g: Each, biased: bool) -> Array:
        there = under(cells, x, w, windows, groups, mode)
        return np.array([f(numbers) @ g(weights) + (g(b[o]) if biased and b is not None else 0.0) for o, numbers, weights in there])

    return sums
