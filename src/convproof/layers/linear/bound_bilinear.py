"""How rounding enters a bilinear layer; see ``bound``."""

import numpy as np

from convproof.core.formats import FLOAT64, NumberFormat
from convproof.core.lines import Lines, carried, walk
from convproof.core.shapes import Array, Float
from convproof.layers.linear.bound import rows_of


def lines(
    cells: Array | None,
    x1: Float[Array, "*batch in1"],
    x2: Float[Array, "*batch in2"],
    weight: Float[Array, "out in1 in2"],
    bias: Float[Array, "out"] | None,
    incoming: tuple[Lines | None, Lines | None],
    arithmetic: NumberFormat,
) -> Lines:
    """Both lines of some cells (*batch, o), or of all for None."""
    a, b, w = rows_of(cells, x1), rows_of(cells, x2), weight.astype(np.float64)
    beta = np.zeros(len(w)) if bias is None else bias.astype(np.float64)
    if cells is None:
        a, b = a[..., None, :], b[..., None, :]  # (*batch, 1, features), beside the matrices of all outputs
    else:
        w, beta = w[cells[:, -1]], beta[cells[:, -1]]
    y, S, Q = sums(a, w, b) + beta, sums(abs(a), abs(w), abs(b)) + abs(beta), sums(a**2, w**2, b**2) + beta**2
    n = weight[0].size + (bias is not None)
    lost = n + weight.shape[2] * abs(a).sum(-1) + weight.shape[1] * abs(b).sum(-1)
    proof = (n + 2) * (arithmetic.u + FLOAT64.u) * S + arithmetic.tiny * lost
    local = Lines(y, np.asarray(proof), walk(y, Q, n + 2, arithmetic))
    if incoming == (None, None):
        return local
    (pa, sa), (pb, sb) = (_came(cells, line, x) for line, x in zip(incoming, (a, b), strict=True))
    worst = sums(pa, abs(w), abs(b)) + sums(abs(a) + pa, abs(w), pb)
    # a cell of x1 meets every j, so that its error is multiplied by the sum over j, and the other way round
    variance = (applied(w, b) ** 2 * sa**2).sum(-1) + (applied(w.swapaxes(-1, -2), a) ** 2 * sb**2).sum(-1)
    return carried(local, worst, np.asarray(variance + sums(sa**2, w**2, sb**2)))


def sums(a: Array, w: Array, b: Array) -> Array:
    """The sums over i and j of a[..., i] * w[..., i, j] * b[..., j]."""
    return np.asarray((a * applied(w, b)).sum(-1))


def applied(w: Array, b: Array) -> Array:
    """The sums over j of w[..., i, j] * b[..., j]."""
    return np.asarray((w @ b[..., None])[..., 0])


def _came(cells: Array | None, line: Lines | None, x: Array) -> tuple[Array, Array]:
    """Worst case and sigma of what comes in, in the axes of x."""
    if line is None:
        return np.zeros(x.shape), np.zeros(x.shape)
    return rows_of(cells, line.proof).reshape(x.shape), rows_of(cells, line.sigma).reshape(x.shape)
