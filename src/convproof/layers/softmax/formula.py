"""Softmax, the definition.

    y_i = exp(x_i) / sum over j of exp(x_j)  =  exp(x_i - m) / sum over j of exp(x_j - m),   m = the largest x_j

The second form is the one that is computed: with the maximum subtracted no exponential can overflow, and the largest is 1.

Source: torch.nn.Softmax.
"""

import numpy as np

from convproof.core.shapes import Array


def below_the_maximum(x: Array, axis: int) -> Array:
    """x - m, which is 0 or negative."""
    with np.errstate(invalid="ignore"):  # the infinite have no difference: NaN
        return np.asarray(x - x.max(axis=axis, keepdims=True, initial=-np.inf))


def softmax(x: Array, axis: int) -> Array:
    """The shares along one axis."""
    with np.errstate(under="ignore"):
        e = np.exp(below_the_maximum(x, axis))
    return np.asarray(e / e.sum(axis=axis, keepdims=True))
