"""How rounding enters a pooling.

max        Nothing is rounded: an input is chosen. In a segment, moving every input by at most w moves the maximum by at most the largest w
           of the window; for the spread the largest sigma of the window stands in, since any of its cells may win.
average    n additions of a window and one division, or one multiplication by the rounded reciprocal: (n + 1)*u*S/D in the worst case, S
           the sum of absolute values, n the taps of the window. Errors of the inputs arrive divided by D.

Covered: sums in any order, running sums over one window, float32 and float64, rounding to nearest. Not covered: sums that slide from window
to window, reciprocals of a shorter format.
"""

from collections.abc import Callable, Sequence

import numpy as np

from convproof.core.formats import NumberFormat
from convproof.core.lines import Lines, carried, lines_of_sum, no_error
from convproof.core.shapes import Array, Float
from convproof.core.window import Window
from convproof.layers.pool.derive import inside, window_cells
from convproof.layers.pool.formula import divisor_along, divisors, max_pool, window_sums

Reduce = Callable[[Array], Array]


def lines_max(cells: Array | None, x: Float[Array, "N C *sizes"], windows: Sequence[Window], incoming: Lines | None) -> Lines:
    """Both lines of some cells (n, c, *spot), or of all for None."""
    largest = _over_windows(cells, windows, lambda a: max_pool(a, windows), np.max)
    local = no_error(largest(x))
    if incoming is None:
        return local
    return Lines(local.exact, largest(incoming.proof), largest(incoming.sigma))


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

    def sums(a: Array, f: Reduce) -> Array:
        return _over_windows(cells, windows, lambda whole: window_sums(f(whole), windows), lambda taps: f(taps).sum())(a)

    D = divisors(sizes, windows, count_padding, divisor) if cells is None else _divisors_at(cells, sizes, windows, count_padding, divisor)
    n = int(np.prod([w.kernel for w in windows]))
    whole = lines_of_sum(sums(x, np.positive), sums(x, np.abs), sums(x, np.square), n + 1, arithmetic)
    local = whole.map(lambda a: a / abs(D))
    local = Lines(whole.exact / D, local.proof + n * arithmetic.tiny, local.sigma)
    if incoming is None:
        return local
    return carried(local, sums(incoming.proof, np.positive) / abs(D), sums(incoming.sigma, np.square) / D**2)


def _over_windows(cells: Array | None, windows: Sequence[Window], everywhere: Reduce, at: Callable[[Array], float]) -> Reduce:
    """A reduction of every window: of the whole array, or of some cells' own windows alone."""

    def reduced(a: Array) -> Array:
        if cells is None:
            return everywhere(a.astype(np.float64))
        return np.array([float(at(_taps(a, tuple(cell), windows))) for cell in cells.tolist()])

    return reduced


def _taps(a: Array, cell: tuple[int, ...], windows: Sequence[Window]) -> Array:
    """The numbers of one window that are not padding."""
    n, c, *spot = cell
    plane = a[n, c]
    return np.array([plane[place] for place in window_cells(tuple(spot), windows) if inside(place, plane.shape)], np.float64)


def _divisors_at(cells: Array, sizes: Sequence[int], windows: Sequence[Window], count_padding: bool, divisor: int | None) -> Array:
    if divisor is not None:
        return np.full(len(cells), divisor)
    return np.array(
        [
            np.prod([divisor_along(w, i, size, count_padding) for w, i, size in zip(windows, spot, sizes, strict=True)])
            for _, _, *spot in cells.tolist()
        ]
    )
