"""How rounding enters a linear layer: every output is one sum of n products, and a bias is one more term.

    linear     n = in_features, and one for the bias: n*u*S + n*tiny
    bilinear   n = in1_features * in2_features, and one for the bias; every term is rounded once more, being a product of three
               numbers: (n + 2)*u*S. What underflows in the first of two products is multiplied by the third number:
               tiny * (n + sums of abs(x1) and abs(x2) over all terms)
    matmul     n = the axis that is summed over
    gemm       with alpha = beta = 1 as linear. Otherwise a factor is rounded to the format, and multiplies every term or the sum:
               (n + 4)*u*(abs(alpha)*S + abs(beta*C)), and what underflows is scaled by alpha

Integers are not rounded. S is the sum of absolute values. Errors p of both operands arrive in a product as |a|*pb + pa*|b| + pa*pb, and
variances likewise.

Covered by the proof line: sums in any order (loops, blocks, matrix products, vector lanes, split over threads), with or without fused
multiply-add, a bilinear form summed over i or over j first, float32 or float64, rounding to nearest. Not covered: inputs rounded to a
shorter format first, products of matrices by Strassen's or Winograd's scheme.
"""

from collections.abc import Callable

import numpy as np

from convproof.core.formats import NumberFormat
from convproof.core.lines import Lines, carried, lines_of_sum, no_error
from convproof.core.shapes import Array, Float, Shaped
from convproof.layers.linear.formula import linear, matmul

Sums = Callable[[Array, Array], Array]


def lines(
    cells: Array | None,
    x: Float[Array, "*batch in"],
    weight: Float[Array, "out in"],
    bias: Float[Array, "out"] | None,
    incoming: Lines | None,
    arithmetic: NumberFormat,
) -> Lines:
    """Both lines of some cells (*batch, o) of a linear layer, or of all for None."""
    w, b = weight.astype(np.float64), np.zeros(len(weight)) if bias is None else bias.astype(np.float64)
    n = weight.shape[1] + (bias is not None)

    def sums(x: Array, w: Array, b: Array) -> Array:
        if cells is None:
            return linear(x, w, b)
        return np.asarray(np.einsum("ki,ki->k", x, w[cells[:, -1]]) + b[cells[:, -1]])

    x = rows_of(cells, x)
    local = lines_of_sum(sums(x, w, b), sums(abs(x), abs(w), abs(b)), sums(x**2, w**2, b**2), n, arithmetic)
    if incoming is None:
        return local
    came = incoming.map(lambda a: rows_of(cells, a))
    return carried(local, sums(came.proof, abs(w), 0 * b), sums(came.sigma**2, w**2, 0 * b))


def rows_of(cells: Array | None, x: Array) -> Array:
    """The rows of x that some cells read, one row a cell; all of x for None."""
    if cells is None:
        return x.astype(np.float64)
    return np.broadcast_to(x[tuple(cells[:, :-1].T)], (len(cells), x.shape[-1])).astype(np.float64)


def lines_product(
    cells: Array | None,
    a: Shaped[Array, "*left"],
    b: Shaped[Array, "*right"],
    incoming: tuple[Lines | None, Lines | None],
    arithmetic: NumberFormat,
) -> Lines:
    """Both lines of some cells of a @ b, or of all for None."""
    sums, left, right = _pairing(cells, a.shape, b.shape)
    x, w = left(a), right(b)
    if a.dtype.kind in "iub" and b.dtype.kind in "iub":
        local = no_error(sums(x, w))
    else:
        local = lines_of_sum(sums(x, w), sums(abs(x), abs(w)), sums(x**2, w**2), a.shape[-1], arithmetic)
    came = [None if line is None else line.map(change) for line, change in zip(incoming, (left, right), strict=True)]
    return with_errors(local, x, w, came[0], came[1], sums)


def with_errors(local: Lines, x: Array, w: Array, of_x: Lines | None, of_w: Lines | None, sums: Sums) -> Lines:
    """The lines of a sum of products x*w, and what comes in with either factor."""
    if of_x is None and of_w is None:
        return local
    zeros = np.zeros(())
    px, sx = (of_x.proof, of_x.sigma) if of_x else (np.broadcast_to(zeros, x.shape),) * 2
    pw, sw = (of_w.proof, of_w.sigma) if of_w else (np.broadcast_to(zeros, w.shape),) * 2
    worst, variance = sums(px, abs(w)) + sums(abs(x) + px, pw), sums(sx**2, w**2) + sums(x**2 + sx**2, sw**2)
    return carried(local, np.asarray(worst), np.asarray(variance))


def _pairing(
    cells: Array | None, a: tuple[int, ...], b: tuple[int, ...]
) -> tuple[Sums, Callable[[Array], Array], Callable[[Array], Array]]:
    """How products are summed, and what the operands are before: rows and columns, one of each a cell, or all in float64."""
    if cells is None:
        return matmul, _wide, _wide
    axes = cells.shape[1] - (len(a) > 1) - (len(b) > 1)
    lead = cells[:, :axes]

    def left(x: Array) -> Array:
        return _wide(np.broadcast_to(x, (len(cells), len(x))) if x.ndim == 1 else x[(*_narrow(lead, x.shape[:-2]), cells[:, axes])])

    def right(x: Array) -> Array:
        if x.ndim == 1:
            return _wide(np.broadcast_to(x, (len(cells), len(x))))
        return _wide(np.moveaxis(x, -1, -2)[(*_narrow(lead, x.shape[:-2]), cells[:, -1])])

    return lambda x, w: np.einsum("ki,ki->k", x, w), left, right


def _narrow(lead: Array, batch: tuple[int, ...]) -> tuple[Array, ...]:
    """Indices before the last two axes, 0 where an axis is broadcast."""
    own = lead[:, lead.shape[1] - len(batch) :]
    return tuple(np.where(size == 1, 0, index) for size, index in zip(batch, own.T, strict=True))


def _wide(x: Array) -> Array:
    return x.astype(np.float64)


def lines_gemm(
    cells: Array | None,
    A: Shaped[Array, "M K"],
    B: Shaped[Array, "K N"],
    C: Array | None,
    factors: tuple[float, float],
    incoming: tuple[Lines | None, Lines | None, Lines | None],
    arithmetic: NumberFormat,
) -> Lines:
    """Both lines of some cells (i, j) of alpha * A @ B + beta * C, or of all for None; A and B are turned already."""
    alpha, beta = factors
    sums, left, right = _pairing(cells, A.shape, B.shape)
    x, w = left(A), right(B)
    shape = (A.shape[0], B.shape[1])

    def of_c(c: Array) -> Array:
        wide = np.broadcast_to(c, shape)
        return _wide(wide if cells is None else wide[tuple(cells.T)])

    c = np.zeros(()) if C is None or beta == 0 else beta * of_c(C)
    y, S, Q = alpha * sums(x, w) + c, abs(alpha) * sums(abs(x), abs(w)) + abs(c), alpha**2 * sums(x**2, w**2) + c**2
    if all(array.dtype.kind in "iub" for array in (A, B)):
        local = no_error(y)
    else:
        n = A.shape[1] + (C is not None) + (0 if alpha == beta == 1 else 3)
        local = lines_of_sum(y, S, Q, n, arithmetic)
        local = Lines(y, np.asarray(local.proof + n * arithmetic.tiny * max(abs(alpha) - 1, 0)), local.sigma)
    came = [None if line is None else line.map(change) for line, change in zip(incoming, (left, right, of_c), strict=True)]
    product = with_errors(no_error(y), x, w, came[0], came[1], sums)
    local = carried(local, abs(alpha) * product.proof, (alpha * product.sigma) ** 2)
    if came[2] is not None and beta != 0:
        local = carried(local, abs(beta) * came[2].proof, (beta * came[2].sigma) ** 2)
    return local
