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

Sums = Callable[[Array, Array, Array | None], Array]


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
    x, w = x.astype(np.float64), weight.astype(np.float64)
    b = None if bias is None else bias.astype(np.float64)
    sums = _sums(cells, windows, groups, mode)
    n = w[0].size + (b is not None)
    local = lines_of_sum(
        sums(x, w, b), sums(abs(x), abs(w), None if b is None else abs(b)), sums(x**2, w**2, None if b is None else b**2), n, arithmetic
    )
    if incoming is None:
        return local
    return carried(local, sums(incoming.proof, abs(w), None), sums(incoming.sigma**2, w**2, None))


def _sums(cells: Array | None, windows: Sequence[Window], groups: int, mode: str) -> Sums:
    """The convolution as a function of (x, weight, bias): everywhere, or cell by cell in the memory of one window."""
    amounts = [(w.before, w.after) for w in windows]
    bare = [w.unpadded() for w in windows]

    def everywhere(x: Array, w: Array, b: Array | None) -> Array:
        return convolve(pad(x, amounts, mode), w, b, bare, groups)

    def at_cells(x: Array, w: Array, b: Array | None) -> Array:
        return np.array([at_cell(x, w, b, *map(int, cell)) for cell in cells]) if cells is not None else np.empty(0)

    def at_cell(x: Array, w: Array, b: Array | None, n: int, o: int, *spot: int) -> float:
        patch = patch_of((o, *spot), windows, x.shape[2:], mode, w.shape[1], len(w) // groups)
        return float(patch_values(x[n], patch) @ w[o].reshape(-1) + (0 if b is None else b[o]))

    return everywhere if cells is None else at_cells
