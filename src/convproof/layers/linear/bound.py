"""How rounding enters a linear layer: every output is one sum of n = in_features products, and the bias is one more term.

Covered by the proof line: sums in any order (loops, blocks, matrix products, vector lanes, split over threads), with or without fused
multiply-add, float32 or float64, rounding to nearest. Not covered: inputs rounded to a shorter format first.
"""

from collections.abc import Callable

import numpy as np

from convproof.core.formats import NumberFormat
from convproof.core.lines import Lines, carried, lines_of_sum
from convproof.core.shapes import Array, Float
from convproof.layers.linear.formula import linear

Sums = Callable[[Array, Array, Array | None], Array]


def lines(
    cells: Array | None,
    x: Float[Array, "*batch in"],
    weight: Float[Array, "out in"],
    bias: Float[Array, "out"] | None,
    incoming: Lines | None,
    arithmetic: NumberFormat,
) -> Lines:
    """Both lines of some cells (*batch, o), or of all for None."""
    x, w = x.astype(np.float64), weight.astype(np.float64)
    b = None if bias is None else bias.astype(np.float64)
    sums = linear if cells is None else _at(cells)
    S = sums(abs(x), abs(w), None if b is None else abs(b))
    Q = sums(x**2, w**2, None if b is None else b**2)
    local = lines_of_sum(sums(x, w, b), S, Q, w.shape[1] + (b is not None), arithmetic)
    if incoming is None:
        return local
    return carried(local, sums(incoming.proof, abs(w), None), sums(incoming.sigma**2, w**2, None))


def _at(cells: Array) -> Sums:
    """The layer at some cells only."""
    *batch, out = cells.T

    def sums(x: Array, weight: Array, bias: Array | None) -> Array:
        y: Array = np.einsum("ki,ki->k", np.broadcast_to(x[tuple(batch)], weight[out].shape), weight[out])
        return y if bias is None else y + bias[out]

    return sums
