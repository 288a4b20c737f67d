"""Reductions along some axes, the definitions; n numbers x_j become one.

    sum            y = sum of x_j                    largest        y = max of x_j
    mean           y = sum of x_j / n                smallest       y = min of x_j
    sum of squares y = sum of x_j^2                  product        y = product of x_j
    L1             y = sum of abs(x_j)               log-sum        y = log(sum of x_j)
    L2             y = sqrt(sum of x_j^2)            log-sum-exp    y = m + log(sum of exp(x_j - m)), m = the largest x_j

Integers stay what they are: a sum wraps around, a mean, a root, a logarithm is cut off towards zero. Of no numbers the sum is 0, the
product 1, the mean NaN, the largest lower and the smallest higher than all others.

Source: torch.sum and its sisters, ONNX ReduceSum and its sisters.
"""

import math

import numpy as np

from convproof.core.arithmetic.extremes import highest, lowest
from convproof.core.shapes import Array

Axes = tuple[int, ...]


def total(x: Array, axes: Axes) -> Array:
    """The sum, axes kept at length 1."""
    return np.asarray(x.sum(axis=axes, keepdims=True, dtype=x.dtype))


def mean(x: Array, axes: Axes) -> Array:
    """The sum divided by n."""
    n = math.prod(x.shape[axis] for axis in axes)
    if x.dtype.kind in "iub":
        return whole(np.asarray(x.sum(axis=axes, keepdims=True, dtype=np.float64) / n), x)
    return np.asarray(total(x, axes) / x.dtype.type(n))


def product(x: Array, axes: Axes) -> Array:
    """The product."""
    return np.asarray(x.prod(axis=axes, keepdims=True, dtype=x.dtype))


def largest(x: Array, axes: Axes) -> Array:
    """The largest; NaN if any is NaN."""
    return np.asarray(x.max(axis=axes, keepdims=True, initial=lowest(x.dtype)))


def smallest(x: Array, axes: Axes) -> Array:
    """The smallest; NaN if any is NaN."""
    return np.asarray(x.min(axis=axes, keepdims=True, initial=highest(x.dtype)))


def square_sum(x: Array, axes: Axes) -> Array:
    """The sum of squares."""
    return total(x * x, axes)


def absolute_sum(x: Array, axes: Axes) -> Array:
    """The sum of absolute values."""
    return total(abs(x), axes)


def norm(x: Array, axes: Axes) -> Array:
    """The root of the sum of squares."""
    return whole(np.asarray(np.sqrt(square_sum(x, axes))), x)


def log_sum(x: Array, axes: Axes) -> Array:
    """The logarithm of the sum."""
    return whole(np.asarray(np.log(total(x, axes))), x)


def log_sum_exp(x: Array, axes: Axes) -> Array:
    """The logarithm of the sum of exponentials; the largest number is taken out first, so that no exponential overflows."""
    wide = x if x.dtype.kind == "f" else x.astype(np.float64)
    m = largest(wide, axes)
    m = np.where(np.isfinite(m), m, np.zeros((), m.dtype))
    return whole(np.asarray(m + np.log(np.exp(wide - m).sum(axis=axes, keepdims=True))), x)


def whole(y: Array, x: Array) -> Array:
    """A result in the type of x; an integer type cuts off what follows the point."""
    return y if x.dtype.kind == "f" else y.astype(x.dtype)
