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
from convproof.core.shapes import Array, Cell, Shaped
from convproof.layers.pool.formula import max_pool, numbered, winner_of, winners
from convproof.layers.pool.geometry import Side, pairs, patch_of


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
        spots = [tuple(cell) for cell in cells.tolist()]
        exact = np.array([place_at(spot, x, sides, numbers, through_array) for spot in spots], np.float64)
        off = [np.array([farthest_at(spot, x, w, sides, numbers) for spot in spots], np.float64) for w in ways]
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


def place_at(spot: Cell, x: Array, sides: Sequence[Side], numbers: Array, through_array: bool) -> int:
    """The winner's number; NOWHERE if the window reads padding alone."""
    n, c, *at = spot
    patch = patch_of(tuple(at), sides, x.shape[2:])
    if not len(patch.real):
        return NOWHERE
    own = int(patch.numbers(numbers)[winner_of(patch.numbers(x[n, c]))])
    return own + int((n * x.shape[1] + c) * numbers.size * through_array)


def farthest_at(spot: Cell, x: Array, w: Array, sides: Sequence[Side], numbers: Array) -> float:
    """The distance of ``farthest`` for one window."""
    n, c, *at = spot
    patch = patch_of(tuple(at), sides, x.shape[2:])
    own, off, named = patch.numbers(x[n, c]).astype(np.float64), patch.numbers(w[n, c]), patch.numbers(numbers)
    if not len(own):
        return 0.0
    with np.errstate(invalid="ignore"):
        may = own + off >= (own - off).max()
    return float(abs(named - named[winner_of(own)])[may].max(initial=0)) if (may & (off > 0)).any() else 0.0
