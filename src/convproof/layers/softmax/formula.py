"""Softmax, the definition, and its gradient.

    y_i = exp(x_i) / sum over j of exp(x_j)  =  exp(x_i - m) / sum over j of exp(x_j - m),   m = the largest x_j

The second form is the one that is computed: with the maximum subtracted no exponential can overflow, and the largest is 1.
Source: torch.nn.Softmax.
"""

import numpy as np

from convproof.core.shapes import Array


def shifted_exponentials(x: Array, axis: int) -> Array:
    """exp(x - max)"""
    with np.errstate(invalid="ignore", under="ignore"):
        return np.asarray(np.exp(x - x.max(axis=axis, keepdims=True)))


def softmax(x: Array, axis: int) -> Array:
    """The shares along one axis."""
    e = shifted_exponentials(x, axis)
    return np.asarray(e / e.sum(axis=axis, keepdims=True))


def pull(dy: Array, y: Array, axis: int) -> Array:
    """dx_i = y_i * (dy_i - sum over j of dy_j * y_j); dx, dy and y have one shape."""
    return np.asarray(y * (dy - (dy * y).sum(axis=axis, keepdims=True)))
