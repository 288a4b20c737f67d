"""How rounding enters a convolution: every output is one sum of n = C/g * kernel products, and the bias is one more term.

Covered by the proof line: sums in any order (loops, blocks, matrix products, im2col, channels last, vector lanes, split over
threads), with or without fused multiply-add, float32 or float64, rounding to nearest. Not covered: Winograd, FFT, inputs rounded
to a shorter format first.
"""

from collections.abc import Callable, Sequence

import numpy as np

from convproof.core.arithmetic.padding import pad
from convproof.core.formats import NumberFormat
from convproof.core.lines import Lines, carried, lines_of_sum
from convproof.core.shapes import Array, Float
from convproof.core.window import Window
from convproof.layers.conv.formula import convolve
from convproof.layers.conv.geometry import patch_of, patch_values

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
    local = own_lines(x, sums, w[0].size + (b is not None), arithmetic)
    if incoming is None:
        return local
    return carried(local, sums(incoming.proof, np.positive, np.abs, False), sums(incoming.sigma, np.square, np.square, False))


def own_lines(x: Array, sums: Sums, n: int, arithmetic: NumberFormat) -> Lines:
    """Both lines on an exact input."""
    y, S, Q = sums(x, np.positive, np.positive, True), sums(x, np.abs, np.abs, True), sums(x, np.square, np.square, True)
    return lines_of_sum(y, S, Q, n, arithmetic)


def everywhere(w: Array, b: Array | None, windows: Sequence[Window], groups: int, mode: str) -> Sums:
    """The convolution of f(x) with g(weight), with or without g(bias), in all cells."""
    amounts = [(window.before, window.after) for window in windows]
    bare = [window.unpadded() for window in windows]

    def sums(x: Array, f: Each, g: Each, biased: bool) -> Array:
        return convolve(pad(f(x.astype(np.float64)), amounts, mode), g(w), g(b) if biased and b is not None else None, bare, groups)

    return sums


def at_cells(cells: Array, w: Array, b: Array | None, windows: Sequence[Window], groups: int, mode: str) -> Sums:
    """The same in some cells, one by one, in the memory of one window."""

    def sums(x: Array, f: Each, g: Each, biased: bool) -> Array:
        def at(n: int, o: int, *spot: int) -> float:
            patch = patch_of((o, *spot), windows, x.shape[2:], mode, w.shape[1], len(w) // groups)
            products = f(patch_values(x[n], patch).astype(np.float64)) @ g(w[o].reshape(-1))
            return float(products + (g(b[o]) if biased and b is not None else 0.0))

        return np.array([at(*cell) for cell in cells.tolist()])

    return sums
