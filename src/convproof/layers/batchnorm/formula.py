"""Batch normalisation, the definition.

    y = gamma * (x - mean) / sqrt(var + eps) + beta

In training, mean and var are those of the batch, over N and all spatial axes, one pair a channel; var divides by n. In eval they are
the running statistics, which training moves a little towards the batch at every step, and whose variance divides by n - 1.

An old form of ONNX's operator has one pair for every cell of an image: then the statistics have the shape of an image, (C, *sizes), and
run over N alone. Below, *C is the shape of the statistics, ``features`` how many axes that is.

Source: S. Ioffe and C. Szegedy, "Batch Normalization", 2015; torch.nn.BatchNorm2d for eps, momentum and the running statistics.
"""

import numpy as np

from convproof.core.arithmetic.moments import bessel, count, mean_and_variance, remember
from convproof.core.arithmetic.normalising import formula
from convproof.core.shapes import Array, Float


def batch_axes(x: Float[Array, "N *sizes"], features: int = 1) -> tuple[int, ...]:
    """The axes that the statistics run over: all but those of the channels."""
    return (0, *range(1 + features, x.ndim))


def batch_count(x: Float[Array, "N *sizes"], features: int = 1) -> int:
    """n: the numbers that one channel has in the whole batch."""
    return count(x, batch_axes(x, features))


def batch_statistics(x: Float[Array, "N *sizes"], features: int = 1) -> tuple[Float[Array, "*C"], Float[Array, "*C"]]:
    """Mean and variance of every channel over the batch; the variance divides by n, not by n - 1. An empty batch has 0 and 0."""
    return mean_and_variance(x, batch_axes(x, features))


def normalise(x: Float[Array, "N *sizes"], mean: Float[Array, "*C"], var: Float[Array, "*C"], eps: float) -> Float[Array, "N *sizes"]:
    """(x - mean) / sqrt(var + eps)"""
    return formula.normalise(x, wide(mean, x), wide(var, x), eps)


def scale_and_shift(
    x_hat: Float[Array, "N *sizes"], gamma: Float[Array, "*C"] | None, beta: Float[Array, "*C"] | None
) -> Float[Array, "N *sizes"]:
    """gamma * x_hat + beta; a layer may go without beta, or without both."""
    return formula.scale_and_shift(x_hat, wide_or_none(gamma, x_hat), wide_or_none(beta, x_hat))


def remembered_variance(
    running: Float[Array, "*C"], var: Float[Array, "*C"], n: int, momentum: float, biased: bool = False
) -> Float[Array, "*C"]:
    """The running variance moves towards the unbiased one, var * n / (n - 1); in ONNX's training mode towards the biased one, var."""
    return remember(running, var if biased else var * bessel(n), momentum)


def wide(values: Float[Array, "*C"], x: Float[Array, "N *sizes"]) -> Array:
    """One number a channel, shaped so that it broadcasts over N and the spatial axes."""
    return values.reshape(1, *values.shape, *(1,) * (x.ndim - 1 - values.ndim))


def wide_or_none(values: Float[Array, "*C"] | None, x: Float[Array, "N *sizes"]) -> Array | None:
    """The same for what a layer may go without."""
    return None if values is None else wide(values, x)


def inverse_root(var: Float[Array, "*C"], eps: float) -> Float[Array, "*C"]:
    """1 / sqrt(var + eps)"""
    return np.asarray(1 / np.sqrt(var + eps))
