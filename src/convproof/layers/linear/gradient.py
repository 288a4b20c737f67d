"""Gradients of a linear layer.

Shapes, with all axes before the features counted as one, B:

    y (B, out)       = x (B, in) @ weight^T (in, out) + bias (out)
    dx (B, in)       = dy (B, out) @ weight (out, in)
    dweight (out, in) = dy^T (out, B) @ x (B, in)
    dbias (out)      = dy summed over B
"""

import numpy as np

from convproof.core.shapes import Array, Float


def pull(
    dy: Float[Array, "*batch out"], x: Float[Array, "*batch in"], weight: Float[Array, "out in"]
) -> tuple[Float[Array, "*batch in"], Float[Array, "out in"], Float[Array, "out"]]:
    """Gradients of input, weight and bias."""
    rows, columns = dy.reshape(-1, dy.shape[-1]), x.reshape(-1, x.shape[-1])
    return np.asarray(dy @ weight), np.asarray(rows.T @ columns), rows.sum(axis=0)
