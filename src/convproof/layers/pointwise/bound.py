"""How rounding enters a pointwise function: an absolute error of its own, and the input's error times the slope.

ReLU chooses and never rounds. Covered: every implementation that returns x or 0.

In a segment the worst case passes with the steepest slope, and is 0 where the whole range of the input is cut off. The spread passes
with the slope at x; within 8 sigma of a kink, where the input may lie on either side of it, with the steepest.
"""

import numpy as np

from convproof.core.axes import at_cells
from convproof.core.formats import FLOAT64, NumberFormat
from convproof.core.lines import SIGMAS, Lines, carried
from convproof.core.shapes import Array
from convproof.layers.pointwise.functions import Function


def lines(cells: Array | None, x: Array, function: Function, incoming: Lines | None, arithmetic: NumberFormat) -> Lines:
    """Both lines of some cells, or of all for None."""
    x = at_cells(x, cells).astype(np.float64)
    y = function.value(x)
    units = function.rounding(x, y)
    local = Lines(y, np.asarray((arithmetic.u + FLOAT64.u) * units), np.asarray(arithmetic.u * units / np.sqrt(3)))
    if incoming is None:
        return local
    proof, sigma = at_cells(incoming.proof, cells), at_cells(incoming.sigma, cells)
    high, low = function.value(np.asarray(x + proof)), function.value(np.asarray(x - proof))
    span = np.maximum(abs(high - y), abs(y - low))
    worst = np.minimum(function.steepest * proof, np.maximum(span, 0))
    near = SIGMAS * sigma
    slope = np.max([abs(function.slope(np.asarray(x + shift))) for shift in (-near, 0, near)], axis=0)
    return carried(local, np.asarray(worst), np.asarray((slope * sigma) ** 2))
