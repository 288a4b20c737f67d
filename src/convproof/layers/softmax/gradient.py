"""The gradients of a softmax and of its logarithm.

With d_ij = 1 for i = j, else 0, the derivative of y_i after x_j is y_i * (d_ij - y_j). So, all of one shape, x's:

    dx_j = sum over i of dy_i * y_i * (d_ij - y_j) = y_j * (dy_j - g)        g = sum over i of dy_i * y_i, one number along the axis

The derivative of log y_i after x_j is d_ij - y_j, so that dx_j = dy_j - y_j * sum over i of dy_i.
"""

import numpy as np

from convproof.core.shapes import Array


def pull(dy: Array, y: Array, axis: int) -> Array:
    """dx from dy and the shares y."""
    g = (dy * y).sum(axis=axis, keepdims=True)
    return np.asarray(y * (dy - g))


def pull_log(dy: Array, y: Array, axis: int) -> Array:
    """dx from dy and the logarithms y of the shares."""
    with np.errstate(under="ignore"):
        return np.asarray(dy - np.exp(y) * dy.sum(axis=axis, keepdims=True))
