"""How rounding enters a linear layer: every output is one sum of n = in_features products, and the bias is one more term.

Covered by the proof line: sums in any order (loops, blocks, matrix products, vector lanes, split over threads), with or without fused
multiply-add, float32 or float64, rounding to nearest. Not covered: inputs rounded to a shorter format first.
"""

import numpy as np

from convproof.core.formats import NumberFormat
from convproof.core.lines import Lines, carried, lines_of_sum
from convproof.core.shapes import Array, Float
from convproof.layers.linear.formula import linear


def lines(
    cells: Array | None,
    x: Float[Array, "*batch in"],
    weight: Float[Array, "out in"],
    bias: Float[Array, "out"] | None,
    incoming: Lines | None,
    arithmetic: NumberFormat,
) -> Lines:
    """Both lines of some cells (*batch, o), or of all for None."""
    w, b = weight.astype(np.float64), np.zeros(len(weight)) if bias is None else bias.astype(np.float64)
    n = weight.shape[1] + (bias is not None)

    def sums(x: Array, w: Array, b: Array) -> Array:
        if cells is None:
            return linear(x, w, b)
        return np.asarray(np.einsum("ki,ki->k", x, w[cells[:, -1]]) + b[cells[:, -1]])

    x = _rows(cells, x)
    local = lines_of_sum(sums(x, w, b), sums(abs(x), abs(w), abs(b)), sums(x**2, w**2, b**2), n, arithmetic)
    if incoming is None:
        return local
    came = incoming.map(lambda a: _rows(cells, a))
    return carried(local, sums(came.proof, abs(w), 0 * b), sums(came.sigma**2, w**2, 0 * b))


def _rows(cells: Array | None, x: Array) -> Array:
    """The rows of x that some cells read, one row a cell; all of x for None."""
    if cells is None:
        return x.astype(np.float64)
    return np.broadcast_to(x[tuple(cells[:, :-1].T)], (len(cells), x.shape[-1])).astype(np.float64)
