"""The gradient of an input that was broadcast: the sum over the axes along which it was.

dy (2, 3, 4) for a of shape (3, 1): summed over axis 0, which a lacks, and over axis 2, where a has one cell for four
"""

import numpy as np

from convproof.core.shapes import Array, Shape


def gathered(dy: Array, shape: Shape) -> Array:
    """dy summed over the axes along which an input of this shape was broadcast."""
    summed = dy.sum(axis=tuple(range(dy.ndim - len(shape))))
    narrow = tuple(axis for axis, size in enumerate(shape) if size == 1 and summed.shape[axis] != 1)
    return np.asarray(summed.sum(axis=narrow, keepdims=True))
