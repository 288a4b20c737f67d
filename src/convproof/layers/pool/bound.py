"""How rounding enters a pooling.

max        Nothing is rounded: an input is chosen, and an index is an integer. In a segment, moving every input by at most w moves the
           maximum by at most the largest w of the window. For the spread the largest sigma of the window stands in, since any of its
           cells may win; where several are nearly equal, the largest error tends to win, and the spread is a little wider (1.6 sigma
           for nine equal cells), for which 8 sigma have room.
average    For a window of n taps and S, the sum of its absolute values: n - 1 additions and one division, or one multiplication by the
           rounded reciprocal, which is two roundings: (n + 1)*u*S/D. Errors of the inputs arrive divided by D, variances by D^2.

The n - 1 additions cost (n - 1)*u*S without higher terms (see ``core.lines``), but (1 + (n - 1)*u)*(1 + u)^2 has some: they are below
2*u of the whole. A product may also lose ``tiny`` to underflow, once for every tap if each number is divided before it is added.

Covered: sums in any order, running sums over one window, a division at the end, a multiplication by 1/D at the end or of every number
(an average pooling written as a convolution), float32 and float64, rounding to nearest. Not covered: sums that slide from window to
window, reciprocals of a shorter format.
"""

from collections.abc import Callable, Sequence

import numpy as np

from convproof.core.arithmetic.padding import NOWHERE
from convproof.core.formats import NumberFormat
from convproof.core.lines import Lines, carried, lines_of_sum, no_error
from convproof.core.shapes import Array, Float
from convproof.core.window import Window
from convproof.layers.pool.formula import divisor_at, divisors, max_pool, window_sums, winner_of, winners
from convproof.layers.pool.geometry import patch_of


def lines_max(cells: Array | None, x: Float[Array, "N C *sizes"], windows: Sequence[Window], incoming: Lines | None) -> Lines:
    """Both lines of some cells (n, c, *spot), or of all for None."""

    def largest(a: Array) -> Array:
        if cells is None:
            return max_pool(a.astype(np.float64), windows)
        return _at_cells(cells, a, windows, lambda numbers: numbers.max(initial=-np.inf))

    local = no_error(largest(x))
    if incoming is None:
        return local
    # a window that reads padding alone has the maximum -inf, and no error
    return Lines(local.exact, np.maximum(largest(incoming.proof), 0.0), np.maximum(largest(incoming.sigma), 0.0))


def lines_place(cells: Array | None, x: Float[Array, "N C *sizes"], windows: Sequence[Window]) -> Lines:
    """Both lines of the winners' places: integers, never rounded."""
    if cells is None:
        return no_error(winners(x, windows).astype(np.float64))
    places = []
    for n, c, *spot in cells.tolist():
        patch, plane = patch_of(tuple(spot), windows, x.shape[2:]), x[n, c]
        real = patch.real
        places.append(np.ravel_multi_index(real[winner_of(patch.numbers(plane))].tolist(), plane.shape) if len(real) else NOWHERE)
    return no_error(np.array(places, np.float64))


def lines_average(
    cells: Array | None,
    x: Float[Array, "N C *sizes"],
    windows: Sequence[Window],
    count_padding: bool,
    divisor: int | None,
    incoming: Lines | None,
    arithmetic: NumberFormat,
) -> Lines:
    """Both lines of some cells (n, c, *spot), or of all for None."""
    sizes = x.shape[2:]

    def sums(a: Array, f: Callable[[Array], Array]) -> Array:
        if cells is None:
            return window_sums(f(a.astype(np.float64)), windows)
        return _at_cells(cells, a, windows, lambda numbers: f(numbers).sum())

    if cells is None:
        D = divisors(sizes, windows, count_padding, divisor)
    else:
        D = np.array([divisor_at(spot, sizes, windows, count_padding, divisor) for _, _, *spot in cells.tolist()])
    n = int(np.prod([w.kernel for w in windows]))
    whole = lines_of_sum(sums(x, np.positive), sums(x, np.abs), sums(x, np.square), n + 1, arithmetic)
    proof = whole.proof * (1 + 2 * arithmetic.u) / abs(D) + n * arithmetic.tiny
    local = Lines(whole.exact / D, proof, whole.sigma / abs(D))
    if incoming is None:
        return local
    return carried(local, sums(incoming.proof, np.positive) / abs(D), sums(incoming.sigma, np.square) / D**2)


def _at_cells(cells: Array, a: Array, windows: Sequence[Window], f: Callable[[Array], float]) -> Array:
    """f of the numbers under the windows of some cells, one by one, in the memory of one window."""

    def at(n: int, c: int, *spot: int) -> float:
        with np.errstate(invalid="ignore"):
            return float(f(patch_of(spot, windows, a.shape[2:]).numbers(a[n, c]).astype(np.float64)))

    return np.array([at(*cell) for cell in cells.tolist()])
