"""Gradients of linear layers and matrix products.

Shapes, with all axes before the features counted as one, B:

    y (B, out)       = x (B, in) @ weight^T (in, out) + bias (out)
    dx (B, in)       = dy (B, out) @ weight (out, in)
    dweight (out, in) = dy^T (out, B) @ x (B, in)
    dbias (out)      = dy summed over B

    y (..., i, j)  = a (..., i, k) @ b (..., k, j)
    da (..., i, k) = dy @ b^T        summed over the axes along which a was broadcast
    db (..., k, j) = a^T @ dy        summed over the axes along which b was broadcast
"""

import numpy as np

from convproof.core.arithmetic.broadcasting import gathered
from convproof.core.shapes import Array, Float


def pull(
    dy: Float[Array, "*batch out"], x: Float[Array, "*batch in"], weight: Float[Array, "out in"]
) -> tuple[Float[Array, "*batch in"], Float[Array, "out in"], Float[Array, "out"]]:
    """Gradients of input, weight and bias."""
    rows, columns = dy.reshape(-1, dy.shape[-1]), x.reshape(-1, x.shape[-1])
    return np.asarray(dy @ weight), np.asarray(rows.T @ columns), rows.sum(axis=0)


def pull_bilinear(
    dy: Float[Array, "*batch out"], x1: Float[Array, "*batch in1"], x2: Float[Array, "*batch in2"], weight: Float[Array, "out in1 in2"]
) -> tuple[Float[Array, "*batch in1"], Float[Array, "*batch in2"], Float[Array, "out in1 in2"], Float[Array, "out"]]:
    """Gradients of both inputs, weight and bias."""
    rows, left, right = (array.reshape(-1, array.shape[-1]) for array in (dy, x1, x2))
    dx1 = np.einsum("bo,oij,bj->bi", rows, weight, right, optimize=True)
    dx2 = np.einsum("bo,oij,bi->bj", rows, weight, left, optimize=True)
    dweight = np.einsum("bo,bi,bj->oij", rows, left, right, optimize=True)
    return dx1.reshape(x1.shape), dx2.reshape(x2.shape), dweight, rows.sum(axis=0)


def pull_product(dy: Float[Array, "*y"], a: Float[Array, "*left"], b: Float[Array, "*right"]) -> tuple[Array, Array]:
    """Gradients of both operands of a @ b."""
    left, right = (a[None] if a.ndim == 1 else a), (b[:, None] if b.ndim == 1 else b)
    dy = np.expand_dims(dy, -1) if b.ndim == 1 else dy
    dy = np.expand_dims(dy, -2) if a.ndim == 1 else dy
    da, db = dy @ np.moveaxis(right, -1, -2), np.moveaxis(left, -1, -2) @ dy
    return gathered(da, left.shape).reshape(a.shape), gathered(db, right.shape).reshape(b.shape)
