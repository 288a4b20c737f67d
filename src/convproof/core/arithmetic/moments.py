"""Mean and variance over some axes of an array, and how they are remembered from batch to batch.

    mean = 1/n * sum of x          var = 1/n * sum of (x - mean)^2

The variance divides by n: it describes these n numbers. Dividing by n - 1 (Bessel's correction) estimates the variance of the
population they were drawn from, and is ``bessel(n)`` times as large.
"""

import math

import numpy as np

from convproof.core.shapes import Array


def mean_and_variance(x: Array, axes: tuple[int, ...]) -> tuple[Array, Array]:
    """Mean and variance (divided by n) over ``axes``, in two passes; those axes are gone from the results."""
    mean, var = moments(x, axes)
    return mean.squeeze(axes), var.squeeze(axes)


def moments(x: Array, axes: tuple[int, ...]) -> tuple[Array, Array]:
    """The same, with ``axes`` kept at length 1, so that both broadcast with x. Of no numbers both are 0."""
    if count(x, axes) == 0:
        nothing = np.zeros([1 if axis in axes else size for axis, size in enumerate(x.shape)], x.dtype)
        return nothing, nothing
    mean = x.mean(axis=axes, keepdims=True)
    return np.asarray(mean), np.square(x - mean).mean(axis=axes, keepdims=True)


def count(x: Array, axes: tuple[int, ...]) -> int:
    """n: how many numbers go into one mean."""
    return math.prod(x.shape[axis] for axis in axes)


def bessel(n: int) -> float:
    """Bessel's correction n / (n - 1); infinite for a single number, which says nothing of a variance."""
    return n / (n - 1) if n != 1 else math.inf


def remember(running: Array, batch: Array, momentum: float) -> Array:
    """(1 - momentum) * running + momentum * batch: momentum weighs the new value, as in PyTorch."""
    return np.asarray((1 - momentum) * running + momentum * batch)
