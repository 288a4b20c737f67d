"""Mean and variance over some axes of an array.

    mean = 1/n * sum of x          var = 1/n * sum of (x - mean)^2

The variance divides by n: it describes these n numbers. Dividing by n - 1 (Bessel's correction) estimates the variance of the
population they were drawn from, and is ``bessel(n)`` times as large.
"""

import math

import numpy as np

from convproof.core.shapes import Array


def mean_and_variance(x: Array, axes: tuple[int, ...]) -> tuple[Array, Array]:
    """Mean and variance (divided by n) over ``axes``, in two passes; those axes are gone from the results."""
    mean = x.mean(axis=axes, keepdims=True)
    return mean.squeeze(axes), np.square(x - mean).mean(axis=axes)


def count(x: Array, axes: tuple[int, ...]) -> int:
    """n: how many numbers go into one mean."""
    return math.prod(x.shape[axis] for axis in axes)


def bessel(n: int) -> float:
    """Bessel's correction n / (n - 1)."""
    return n / (n - 1)
