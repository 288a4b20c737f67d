"""How rounding enters a softmax of n numbers.

The difference x_j - m is rounded: exp is off by a factor exp(u*abs(x_j - m)), and by 2u more for its own evaluation (an exponential
that is right to within 2 units in the last place; measured ones are within 1). The sum of n positive terms adds (n - 1)*u, the
division u. Both lie in y_i: the numerator with its own difference, the sum as an average of its terms weighted with y_j, whose
differences are weighted with exp of themselves and so add at most D = sum of y_j*abs(x_j - m):

    proof = y_i * ((abs(x_i - m) + D)*u + (n + 8)*u) + (n + 2)*tiny

The last term: exponentials below the smallest number become 0, each off by at most tiny; the sum is at least 1.

Covered: the maximum subtracted first, sums in any order, division or multiplication by the rounded reciprocal, and exp(x - log-sum-exp)
within the same count where the logarithm is below 2. Not covered: no maximum subtracted, tables, exponentials of shorter formats.

In a segment: inputs that move by at most w_j change y_i by a factor between exp(-(w_i + W)) and exp(w_i + W), with W the largest w, and
y_i stays between 0 and 1. The spread passes with the squared derivatives y_i * (d_ij - y_j).
"""

import numpy as np

from convproof.core.formats import FLOAT64, NumberFormat
from convproof.core.lines import Lines, carried
from convproof.core.shapes import Array
from convproof.layers.softmax.formula import softmax


def lines(x: Array, axis: int, incoming: Lines | None, arithmetic: NumberFormat) -> Lines:
    """Both lines of all cells of x."""
    x = x.astype(np.float64)
    y, n = softmax(x, axis), x.shape[axis]
    with np.errstate(invalid="ignore"):
        away = np.where(y > 0, abs(x - x.max(axis=axis, keepdims=True)), 0.0)
    D = (y * away).sum(axis=axis, keepdims=True)
    units = away + D + n + 8
    proof = sum((1 + f.u * units) * f.u * units * y + (n + 2) * f.tiny for f in (arithmetic, FLOAT64))
    sigma = arithmetic.u * y * np.sqrt((away**2 + D**2 + n / 3 + 8) / 3)
    local = Lines(y, np.asarray(proof), sigma)
    if incoming is None:
        return local
    w = incoming.proof
    grow = np.exp(np.minimum(w + w.max(axis=axis, keepdims=True), 700))
    worst = np.maximum(np.minimum(y * grow, 1) - y, y - y / grow)
    E2 = incoming.sigma**2
    shared = (y**2 * E2).sum(axis=axis, keepdims=True)
    return carried(local, worst, y**2 * (shared + E2 * (1 - 2 * y)))
