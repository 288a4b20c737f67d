"""The linear layer, the definition.

    y[..., o] = bias[o] + sum over i of  weight[o, i] * x[..., i]

The last axis of x holds the features; all axes before it are free, and there may be none.

Source: torch.nn.Linear.
"""

from convproof.core.shapes import Array, Float


def linear(x: Float[Array, "*batch in"], weight: Float[Array, "out in"], bias: Float[Array, "out"] | None) -> Float[Array, "*batch out"]:
    """x @ weight^T + bias"""
    y: Array = x @ weight.T
    return y if bias is None else y + bias
