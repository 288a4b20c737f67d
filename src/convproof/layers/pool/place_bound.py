"""How far the place of a window's winner may be off.

A place is an integer and is never rounded. But where the inputs are known to within w_k, another cell may be the largest: every one whose
upper end reaches the largest of the lower ends,

    x_k + w_k >= max over j of (x_j - w_j)

The line is the distance from the winner's number to that of the farthest such cell; 0 where there is no other, or where all of them are
exact: of equal numbers the first wins. The usual line takes 8 sigma of the inputs for w.
"""

from collections.abc import Sequence
from itertools import product

import numpy as np

from convproof.core.arithmetic.padding import NOWHERE
from convproof.core.lines import SIGMAS, Lines, no_error
from convproof.core.shapes import Array, Shaped
from convproof.layers.pool.bound import Look
from convproof.layers.pool.formula import max_pool, numbered, winner_of, winners
from convproof.layers.pool.geometry import Side, pairs


def lines_place(
    cells: Array | None,
    x: Shaped[Array, "N C *sizes"],
    sides: Sequence[Side],
    column_by_column: bool,
    through_array: bool,
    incoming: Lines | None,
) -> Lines:
    """Both lines of the winners' places of some cells (n, c, *spot), or of all for None."""
    sizes = x.shape[2:]
    numbers = numbered(np.arange(int(np.prod(sizes))).reshape(1, 1, *sizes), sizes, column_by_column, False)[0, 0]
    ways = () if incoming is None else (incoming.proof, SIGMAS * incoming.sigma)
    if cells is None:
        places = winners(x, sides)
        exact = numbered(places, sizes, column_by_column, through_array).astype(np.float64)
        off = [farthest(x.astype(np.float64), w, sides, numbers, places) for w in ways]
    else:
        look, named = Look(cells, sides), np.broadcast_to(numbers, x.shape)
        exact = look.each(place, (x, named))
        planes = (cells[:, 0] * x.shape[1] + cells[:, 1]) * numbers.size * through_array
        exact = exact + np.where(exact == NOWHERE, 0, planes)
        off = [look.each(away, (x, w, named)) for w in ways]
    return no_error(exact) if incoming is None else Lines(exact, off[0], off[1] / SIGMAS)


def farthest(x: Array, w: Array, sides: Sequence[Side], numbers: Array, places: Array) -> Array:
    """How far, in ``numbers`` of cells of a plane, the cells that may win lie from the winners, which stand at ``places``."""
    sizes, won = x.shape[2:], numbers.reshape(-1)[places]
    with np.errstate(invalid="ignore"):
        reached, high = max_pool(np.asarray(x - w), sides), x + w
    found, unsure = np.zeros(reached.shape), np.zeros(reached.shape, bool)
    for taps in product(*(tuple(pairs(side, size)) for side, size in zip(sides, sizes, strict=True))):
        outputs, cells = (tuple(part) for part in zip(*taps, strict=True))
        there, here = (..., *outputs), (..., *cells)
        may = high[here] >= reached[there]
        found[there] = np.maximum(found[there], np.where(may, abs(numbers[cells] - won[there]), 0))
        unsure[there] |= may & (w[here] > 0)
    return np.where(unsure, found, 0.0)


def place(own: Array, named: Array) -> float:
    """The number of the winner among the cells under one window; NOWHERE if it reads padding alone."""
    return float(named[winner_of(own)]) if len(own) else float(NOWHERE)


def away(own: Array, w: Array, named: Array) -> float:
    """The distance of ``farthest`` under one window."""
    if not len(own):
        return 0.0
    own = own.astype(np.float64)
    may = own + w >= (own - w).max()
    return float(abs(named - named[winner_of(own)])[may].max(initial=0)) if (may & (w > 0)).any() else 0.0
