"""Softmax and its logarithm, the definitions.

    softmax        y_i = exp(x_i) / sum over j of exp(x_j)  =  exp(x_i - m) / s
    log-softmax    y_i = x_i - log(sum over j of exp(x_j))  =  (x_i - m) - log(s)
    softmin        the softmax of -x

    m = the largest x_j,  s = sum over j of exp(x_j - m)

The second forms are those that are computed: with the maximum subtracted no exponential can overflow, and the largest is 1. In the
logarithm the maximum is subtracted before log(s), which is small beside a large x_i and would be lost in m + log(s).

Source: torch.nn.Softmax, torch.nn.LogSoftmax, torch.nn.Softmin.
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


def log_softmax(x: Array, axis: int) -> Array:
    """The logarithms of the shares along one axis."""
    d = below_the_maximum(x, axis)
    with np.errstate(under="ignore", divide="ignore", invalid="ignore"):
        return np.asarray(d - np.log(np.exp(d).sum(axis=axis, keepdims=True)))
