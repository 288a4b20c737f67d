"""The gradient of a softmax.

With d_ij = 1 for i = j, else 0, the derivative of y_i after x_j is y_i * (d_ij - y_j). So, all of one shape, x's:

    dx_j = sum over i of dy_i * y_i * (d_ij - y_j) = y_j * (dy_j - g)        g = sum over i of dy_i * y_i, one number along the axis
"""

import numpy as np

from convproof.core.shapes import Array


def pull(dy: Array, y: Array, axis: int) -> Array:
    """dx from dy and the shares y."""
    g = (dy * y).sum(axis=axis, keepdims=True)
    return np.asarray(y * (dy - g))
