"""Normalisation, the definition.

y = gamma * (x - mean) / sqrt(var + eps) + beta
"""

import numpy as np

from convproof.core.shapes import Array


def normalise(x: Array, mean: Array, var: Array, eps: float) -> Array:
    """(x - mean) / sqrt(var + eps)"""
    return np.asarray((x - mean) / np.sqrt(var + eps))


def scale_and_shift(x_hat: Array, gamma: Array | None, beta: Array | None) -> Array:
    """gamma * x_hat + beta; a layer may go without either."""
    scaled = x_hat if gamma is None else gamma * x_hat
    return scaled if beta is None else np.asarray(scaled + beta)
