"""How rounding enters a resizing.

nearest    Nothing is rounded: a cell is chosen, by exact index arithmetic. Code that rounds the coordinate may choose the neighbour
           where it lies within 4*u*(size + 1) cells of a tie; that is no bound but a name, "coordinate rounding" (``near_a_tie``).
the rest   A sum of N products, N = the taps of all axes multiplied, with weights that are themselves computed. With S the sum of
           absolute values, D an axis that is resized, and sums over the other axes weighed by abs(w):

    proof = u * (N + axes + roundings of the weights) * S
            + sum over D of  u * (sum over j of units[i, j] * abs(x[j]))              a kernel that is evaluated
            + sum over D of  (sum over j of swing[i, j] * abs(x[j] - x[floor c]))     a coordinate that is rounded

    swing = 4*u*(size + 1) * (the steepest slope of K nearby): linear 1, so that the neighbours' difference counts; since the weights keep
    their sum, differences arrive alone. For a linear kernel that is 4*u*(S + size * abs(difference of neighbours)) an axis.

Second orders are below a thousandth of that as long as a sum has fewer than 4000 terms, and are counted so. Products may underflow.

Covered: sums axis by axis in any order of axes, or over all taps at once, in any order; coordinates (also scales that are rounded
first) and kernels in the arithmetic's own format or a longer one; a multiplication by the reciprocal of the scale; for area, means of
windows.
Not covered: weights of a shorter format (as for images of bytes), and a coordinate that is taken for outside, or inside, by its rounding.
"""

from collections.abc import Callable

import numpy as np

from convproof.core.formats import FLOAT64, NumberFormat
from convproof.core.lines import Lines, carried, no_error, walk
from convproof.core.shapes import Array
from convproof.layers.resize.formula import Sides, along, filled, resize, resize_whole_numbers
from convproof.layers.resize.sides import Side

SECOND_ORDERS = 1 + 2.0**-10


def lines(x: Array, sides: Sides, fill: float, incoming: Lines | None, arithmetic: NumberFormat) -> Lines:
    """Both lines of all cells."""
    if x.dtype.kind in "iub":
        y = resize_whole_numbers(x, sides, fill).astype(np.float64)
        local = no_error(y)
    else:
        x = x.astype(np.float64)
        y = resize(x, sides, fill)
        local = no_error(y) if all(side.chooses for side in sides.values()) else _weighed(x, y, sides, arithmetic)
    if incoming is None:
        return local
    proof, variance = _over(incoming.proof, sides, abs), _over(incoming.sigma**2, sides, np.square, once=True)
    return carried(local, filled(proof, sides, 0.0), filled(variance, sides, 0.0))


def _weighed(x: Array, y: Array, sides: Sides, arithmetic: NumberFormat) -> Lines:
    weighing = [side for side in sides.values() if not side.chooses]
    n = int(np.prod([side.weight.shape[1] for side in weighing]))
    S, Q, u = _over(abs(x), sides, abs), _over(x**2, sides, np.square, once=True), arithmetic.u
    roundings = len(weighing) + sum(side.relative for side in weighing)
    first, spread = (n + roundings) * S, roundings * Q / 3
    coordinates = np.zeros(y.shape)
    for axis, side in sides.items():
        if side.uncertain:
            units, swing = _uncertain(x, axis, sides, u + FLOAT64.u)
            first, coordinates = first + units, coordinates + swing
            spread = spread + (units / 4) ** 2 + (swing / (8 * (u + FLOAT64.u))) ** 2
    heaviest = float(np.prod([abs(side.weight).sum(axis=1).max(initial=1.0) for side in weighing]))
    proof = SECOND_ORDERS * ((u + FLOAT64.u) * first + coordinates) + n * arithmetic.tiny * (1 + heaviest)
    sigma = np.sqrt(walk(y, Q, n, arithmetic) ** 2 + u**2 * spread)
    return Lines(y, filled(np.asarray(proof), sides, 0.0), filled(np.asarray(sigma), sides, 0.0))


def _over(x: Array, sides: Sides, change: Callable[[Array], Array], without: int | None = None, once: bool = False) -> Array:
    """Sums over all axes, but for one, with weights that were changed; ``once``: with those of cells that stand several times added up."""
    for axis, side in sides.items():
        if side.chooses:
            x = np.take(x, side.index[:, 0], axis)
        elif axis != without:
            x = along(x, axis, side.index, change(_added_up(side) if once else side.weight), side.zeros)
    return x


def _added_up(side: Side) -> Array:
    """Weights of which a cell that stands several times has one: the edge stands for all that lies beyond it, and errs alike."""
    weight = side.weight.copy()
    for k in range(1, weight.shape[1]):
        again = side.index[:, k] == side.index[:, k - 1]
        weight[again, k] += weight[again, k - 1]
        weight[again, k - 1] = 0.0
    return weight


def _uncertain(x: Array, axis: int, sides: Sides, u: float) -> tuple[Array, Array]:
    """What the kernel's evaluation along one axis adds, in units of u, and what its coordinates add."""
    side = sides[axis]
    cells, swing, floors = side.swings(u)
    about = np.take(x, floors, axis)
    wide = (-1, *(1 for _ in x.shape[axis + 1 :]))
    moved = np.zeros(about.shape)
    for places, column in zip(cells.T, swing.T, strict=True):
        moved = moved + column.reshape(wide) * abs(np.take(x, places, axis) - about)
    evaluated = along(abs(x), axis, side.index, side.units, side.zeros)
    return _over(evaluated, sides, abs, axis), _over(moved, sides, abs, axis)
