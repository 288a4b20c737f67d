"""Gradients of a batch normalisation.

Shapes: x, dy, x_hat (N, C, *sizes); mean, var, gamma, beta (C); sums and means run over N and the spatial axes.

    dbeta  = sum of dy               dgamma = sum of dy * x_hat
    eval:      dx = gamma / sqrt(var + eps) * dy
    training:  dx = gamma / sqrt(var + eps) * (dy - mean(dy) - x_hat * mean(dy * x_hat))

See ``normalising.gradient``.
"""

from convproof.core.arithmetic.normalising import gradient as shared
from convproof.core.shapes import Array, Float
from convproof.layers.batchnorm.formula import batch_axes, normalise, wide


def pull(
    dy: Float[Array, "N *sizes"],
    x: Float[Array, "N *sizes"],
    mean: Float[Array, "*C"],
    var: Float[Array, "*C"],
    eps: float,
    gamma: Float[Array, "*C"] | None,
    of_batch: bool,
) -> tuple[Float[Array, "N *sizes"], Float[Array, "*C"], Float[Array, "*C"]]:
    """dx, dgamma and dbeta; ``of_batch`` says that mean and var were taken from x itself."""
    axes = batch_axes(x, mean.ndim)
    x_hat = normalise(x, mean, var, eps)
    g = dy if gamma is None else wide(gamma, x) * dy
    dx = shared.pull(g, x_hat, wide(var, x), eps, axes if of_batch else None)
    return dx, (dy * x_hat).sum(axes), dy.sum(axes)
