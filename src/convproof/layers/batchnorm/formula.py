"""Batch normalisation, the definition.

    y = gamma * (x - mean) / sqrt(var + eps) + beta

In training, mean and var are those of the batch, over N and all spatial axes, one pair a channel; var divides by n. In eval they are
the running statistics, which training moves a little towards the batch at every step, and whose variance divides by n - 1.

Source: S. Ioffe and C. Szegedy, "Batch Normalization", 2015; torch.nn.BatchNorm2d for eps, momentum and the running statistics.
"""

import numpy as np

from convproof.core.arithmetic.moments import bessel, count, mean_and_variance
from convproof.core.shapes import Array, Float


def batch_axes(x: Float[Array, "N C *sizes"]) -> tuple[int, ...]:
    """The axes that the statistics run over: all but the channels."""
    return (0, *range(2, x.ndim))


def batch_count(x: Float[Array, "N C *sizes"]) -> int:
    """n: the numbers that one channel has in the whole batch."""
    return count(x, batch_axes(x))


def batch_statistics(x: Float[Array, "N C *sizes"]) -> tuple[Float[Array, "C"], Float[Array, "C"]]:
    """Mean and variance of every channel over the batch; the variance divides by n, not by n - 1. An empty batch has 0 and 0."""
    return mean_and_variance(x, batch_axes(x)) if x.size else (np.zeros(x.shape[1], x.dtype), np.zeros(x.shape[1], x.dtype))


def normalise(x: Float[Array, "N C *sizes"], mean: Float[Array, "C"], var: Float[Array, "C"], eps: float) -> Float[Array, "N C *sizes"]:
    """(x - mean) / sqrt(var + eps)"""
    return (x - wide(mean, x)) / wide(np.sqrt(var + eps), x)


def scale_and_shift(
    x_hat: Float[Array, "N C *sizes"], gamma: Float[Array, "C"] | None, beta: Float[Array, "C"] | None
) -> Float[Array, "N C *sizes"]:
    """gamma * x_hat + beta; a layer may go without beta, or without both."""
    scaled = x_hat if gamma is None else wide(gamma, x_hat) * x_hat
    return scaled if beta is None else scaled + wide(beta, x_hat)


def remember(running: Float[Array, "C"], batch: Float[Array, "C"], momentum: float) -> Float[Array, "C"]:
    """(1 - momentum) * running + momentum * batch: momentum weighs the new value, as in PyTorch."""
    return (1 - momentum) * running + momentum * batch


def remembered_variance(running: Float[Array, "C"], var: Float[Array, "C"], n: int, momentum: float) -> Float[Array, "C"]:
    """The running variance moves towards the unbiased one, var * n / (n - 1)."""
    return remember(running, var * bessel(n), momentum)


def wide(values: Float[Array, "C"], x: Float[Array, "N C *sizes"]) -> Array:
    """One number a channel, shaped so that it broadcasts over N and the spatial axes."""
    return values.reshape(1, -1, *(1,) * (x.ndim - 2))
