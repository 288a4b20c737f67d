"""Gradients of a batch normalisation.

Shapes: x, dy, x_hat (N, C, *sizes); mean, var, gamma, beta (C); sums run over N and the spatial axes.

    dbeta  = sum of dy               dgamma = sum of dy * x_hat
    eval:      dx = gamma / sqrt(var + eps) * dy
    training:  dx = gamma / sqrt(var + eps) * (dy - mean(dy) - x_hat * mean(dy * x_hat))

In training x also moves mean and var; the two subtracted terms are what dy loses through them.
"""

import numpy as np

from convproof.core.shapes import Array, Float
from convproof.layers.batchnorm.formula import batch_axes, normalise, wide


def pull(
    dy: Float[Array, "N C *sizes"],
    x: Float[Array, "N C *sizes"],
    mean: Float[Array, "C"],
    var: Float[Array, "C"],
    eps: float,
    gamma: Float[Array, "C"] | None,
    of_batch: bool,
) -> tuple[Float[Array, "N C *sizes"], Float[Array, "C"], Float[Array, "C"]]:
    """dx, dgamma and dbeta; ``of_batch`` says that mean and var were taken from x itself."""
    axes = batch_axes(x)
    x_hat = normalise(x, mean, var, eps)
    through = dy
    if of_batch and x.size:
        through = dy - dy.mean(axes, keepdims=True) - x_hat * (dy * x_hat).mean(axes, keepdims=True)
    slope = 1 / np.sqrt(var + eps) if gamma is None else gamma / np.sqrt(var + eps)
    return wide(slope, x) * through, (dy * x_hat).sum(axes), dy.sum(axes)
