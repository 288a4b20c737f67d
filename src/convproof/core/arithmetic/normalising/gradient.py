"""Gradients of a normalisation.

Shapes: x, dy, x_hat alike; mean, var, gamma, beta broadcast with them. With g = gamma * dy, the gradient of x_hat:

    dbeta = dy          dgamma = dy * x_hat         each summed over the cells that share a beta, a gamma
    statistics given:      dx = g / sqrt(var + eps)
    statistics of x:       dx = (g - mean(g) - x_hat * mean(g * x_hat)) / sqrt(var + eps)          means over the row

In the second case x also moves mean and var; the two subtracted terms are what g loses through them.

Where mean and var are outputs themselves: d mean / dx = 1/n,  d var / dx = 2 * (x - mean) / n.
"""

import math

import numpy as np

from convproof.core.arithmetic.moments import count
from convproof.core.shapes import Array, Shape


def pull(g: Array, x_hat: Array, var: Array, eps: float, axes: tuple[int, ...] | None) -> Array:
    """dx from the gradient of x_hat; ``axes`` are those of a row, None where mean and var were given."""
    if axes is not None and x_hat.size:
        g = g - g.mean(axes, keepdims=True) - x_hat * (g * x_hat).mean(axes, keepdims=True)
    return np.asarray(g / np.sqrt(var + eps))


def through_statistics(x: Array, mean: Array, axes: tuple[int, ...], dmean: Array, dvar: Array) -> Array:
    """dx from gradients of mean and var."""
    return np.asarray((dmean + 2 * (x - mean) * dvar) / max(count(x, axes), 1))


def of_inverse_root(d: Array, var: Array, eps: float) -> Array:
    """The gradient of var, from that of 1 / sqrt(var + eps)."""
    return np.asarray(-d / (2 * (var + eps) ** 1.5))


def summed(array: Array, shape: Shape) -> Array:
    """An array summed to a shape that broadcasts to its own: the gradient of what was used in many cells."""
    lead = array.ndim - len(shape)
    axes = tuple(axis for axis, size in enumerate(array.shape) if axis < lead or (shape[axis - lead] == 1 and size != 1))
    total = array.sum(axes, keepdims=True) if axes else array
    return total.reshape(shape) if math.prod(shape) == total.size else np.broadcast_to(total, shape)
