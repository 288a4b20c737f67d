"""The linear layer, the definition, and its gradients.

    y[..., o] = bias[o] + sum over i of  weight[o, i] * x[..., i]

Source: torch.nn.Linear.
"""

import numpy as np

from convproof.core.shapes import Array, Float


def linear(x: Float[Array, "*batch in"], weight: Float[Array, "out in"], bias: Float[Array, "out"] | None) -> Float[Array, "*batch out"]:
    """x @ weight^T + bias"""
    y: Array = x @ weight.T
    return y if bias is None else y + bias


def pull(
    dy: Float[Array, "*batch out"], x: Float[Array, "*batch in"], weight: Float[Array, "out in"]
) -> tuple[Float[Array, "*batch in"], Float[Array, "out in"], Float[Array, "out"]]:
    """Gradients of input, weight and bias.

    With the batch axes flattened to B: dx (B, in) = dy (B, out) @ weight (out, in); dweight (out, in) = dy^T (out, B) @ x (B, in);
    dbias (out) = dy summed over B.
    """
    rows, columns = dy.reshape(-1, dy.shape[-1]), x.reshape(-1, x.shape[-1])
    return np.asarray(dy @ weight), np.asarray(rows.T @ columns), rows.sum(axis=0)
