"""How rounding enters a transposed convolution: every output is one sum of at most n products, and the bias is one more term.

n is C/g times the largest number of input cells that land on one place. Covered by the proof line: sums in any order, tap by tap,
as a matrix product and a scatter, or as a convolution of an input with zeros between its cells (whose products are 0 and add no error),
with or without fused multiply-add, rounding to nearest. Not covered: Winograd, FFT, inputs rounded to a shorter format first.
"""

import math
from collections.abc import Callable, Sequence

import numpy as np

from convproof.core.formats import NumberFormat
from convproof.core.lines import Lines, carried, lines_of_sum
from convproof.core.shapes import Array, Float
from convproof.layers.convtranspose.formula import lay_down
from convproof.layers.convtranspose.geometry import Side, arrivals_at

Each = Callable[[Array], Array]
Sums = Callable[[Array, Each, Each, bool], Array]


def lines(
    cells: Array | None,
    x: Float[Array, "N C *sizes"],
    weight: Float[Array, "C O_per_group *kernel"],
    bias: Float[Array, "O"] | None,
    sides: Sequence[Side],
    groups: int,
    incoming: Lines | None,
    arithmetic: NumberFormat,
) -> Lines:
    """Both lines of some cells (n, o, *spots), or of all for None."""
    w, b = weight.astype(np.float64), None if bias is None else bias.astype(np.float64)
    sums = everywhere(w, b, sides, groups) if cells is None else at_cells(cells, w, b, sides, groups)
    y, S, Q = sums(x, np.positive, np.positive, True), sums(x, np.abs, np.abs, True), sums(x, np.square, np.square, True)
    terms = len(w) // groups * math.prod(int(side.counts().max()) for side in sides)
    local = lines_of_sum(y, S, Q, terms + (b is not None), arithmetic)
    if incoming is None:
        return local
    return carried(local, sums(incoming.proof, np.positive, np.abs, False), sums(incoming.sigma, np.square, np.square, False))


def everywhere(w: Array, b: Array | None, sides: Sequence[Side], groups: int) -> Sums:
    """The transposed convolution of f(x) with g(weight), with or without g(bias), in all cells."""

    def sums(x: Array, f: Each, g: Each, biased: bool) -> Array:
        return lay_down(f(x.astype(np.float64)), g(w), g(b) if biased and b is not None else None, sides, groups)

    return sums


def at_cells(cells: Array, w: Array, b: Array | None, sides: Sequence[Side], groups: int) -> Sums:
    """The same in some cells, one by one, in the memory of what lands there."""

    def sums(x: Array, f: Each, g: Each, biased: bool) -> Array:
        def at(n: int, o: int, *spot: int) -> float:
            found = arrivals_at((o, *spot), sides, len(w) // groups, w.shape[1])
            numbers, weights = x[(n, found.channel, *found.place)], w[(found.channel, o % w.shape[1], *found.tap)]
            return float(f(numbers.astype(np.float64)) @ g(weights) + (g(b[o]) if biased and b is not None else 0.0))

        return np.array([at(*cell) for cell in cells.tolist()])

    return sums
