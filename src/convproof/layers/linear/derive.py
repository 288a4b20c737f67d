"""One cell of a linear layer or a matrix product by hand: every product, summed, and the bias last."""

from fractions import Fraction

import numpy as np

from convproof.core.derivation import Node, Number, Terms, add, long_sum, number, product, setting
from convproof.core.exact import exact, exact_dot
from convproof.core.shapes import Array, Cell, Float, Shape, Shaped
from convproof.layers.linear.pairs import cell_of_left, cell_of_right, row_and_column

ROW = 6  # products in a row of text; more do not fit into 120 columns


def derive(cell: Cell, x: Float[Array, "*batch in"], weight: Float[Array, "out in"], bias: Float[Array, "out"] | None) -> Node:
    """The tree of cell (*batch, o) of a linear layer."""
    *lead, o = cell
    features, weights = x[tuple(lead)], weight[o]
    sizes, total = features.astype(np.float64) * weights, exact_dot(features, weights)

    def term(i: int) -> Node:
        return product(number(x, (*lead, i), "x", "input"), number(weight, (o, i), "weight"))

    return _with_bias(Terms(term, sizes), total, None if bias is None else number(bias, (o,), "bias"), ROW)


def derive_bilinear(
    cell: Cell,
    x1: Float[Array, "*batch in1"],
    x2: Float[Array, "*batch in2"],
    weight: Float[Array, "out in1 in2"],
    bias: Float[Array, "out"] | None,
) -> Node:
    """The tree of cell (*batch, o) of a bilinear layer."""
    *lead, o = cell
    left, right = x1[tuple(lead)], x2[tuple(lead)]
    sizes = left.astype(np.float64)[:, None] * weight[o] * right
    total = sum((exact(a) * exact_dot(row, right) for a, row in zip(left, weight[o], strict=True)), Fraction(0))

    def term(k: int) -> Node:
        i, j = divmod(k, len(right))
        factors = number(x1, (*lead, i), "x1", "input"), number(weight, (o, i, j), "weight"), number(x2, (*lead, j), "x2", "input", index=1)
        return product(*factors)

    return _with_bias(Terms(term, sizes), total, None if bias is None else number(bias, (o,), "bias"), ROW // 2)


def _with_bias(terms: Terms, total: Fraction, last: Number | None, row: int) -> Node:
    if last is None:
        return long_sum(terms, total, "y", row=row)
    parts = Terms(lambda k: last if k == len(terms) else terms[k], np.append(terms.sizes, float(last.value)))
    return long_sum(parts, total + last.value, "y", row=row)


def derive_product(cell: Cell, a: Shaped[Array, "*left"], b: Shaped[Array, "*right"], name: str = "y") -> Node:
    """The tree of one cell of a @ b."""

    def term(k: int) -> Node:
        left, right = cell_of_left(cell, k, a.shape, b.shape), cell_of_right(cell, k, a.shape, b.shape)
        return product(number(a, left, "a", "input"), number(b, right, "b", "input", index=1))

    row, column = row_and_column(cell, a, b)
    return long_sum(Terms(term, row.astype(np.float64) * column), dot(row, column), name, row=ROW)


def derive_gemm(cell: Cell, A: Array, B: Array, C: Array | None, alpha: float, beta: float, turned: tuple[bool, bool]) -> Node:
    """The tree of cell (i, j) of alpha * A @ B + beta * C; ``turned`` says which of A and B are transposed before."""
    i, j = cell
    row, column = (A[:, i] if turned[0] else A[i]), (B[j] if turned[1] else B[:, j])

    def term(k: int) -> Node:
        left, right = ((k, i) if turned[0] else (i, k)), ((j, k) if turned[1] else (k, j))
        return product(number(A, left, "A", "input"), number(B, right, "B", "input", index=1))

    terms, total = Terms(term, row.astype(np.float64) * column), dot(row, column)
    last = None if C is None or beta == 0 else number(C, broadcast_cell(cell, C.shape), "C", "input", index=2)
    if alpha == beta == 1:
        return _with_bias(terms, total, last, ROW)
    part: Node = long_sum(terms, total, "AB", row=ROW)
    part = part if alpha == 1 else product(setting(alpha, "alpha"), part)
    if last is None:
        return add(part, name="y")
    return add(part, last if beta == 1 else product(setting(beta, "beta"), last), name="y")


def broadcast_cell(cell: Cell, shape: Shape) -> Cell:
    """The cell of an input of this shape that a broadcast output cell shows."""
    return tuple(i if size > 1 else 0 for i, size in zip(cell[len(cell) - len(shape) :], shape, strict=True))


def dot(row: Array, column: Array) -> Fraction:
    """The exact sum of products of two vectors of floats or of integers."""
    if row.dtype.kind in "iub" and column.dtype.kind in "iub":
        return Fraction(sum(int(a) * int(b) for a, b in zip(row, column, strict=True)))
    return exact_dot(row, column)
