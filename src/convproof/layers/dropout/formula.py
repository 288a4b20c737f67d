"""Dropout: what is kept is scaled up, so that the mean stays as it was.

    y = x * m / (1 - p)            m is 0 with probability p, else 1: drawn for every cell, or for every channel of an image

alpha dropout puts alpha' in the place of 0 and keeps the mean and the variance that a SELU network has:

    y = a * (x*m + alpha' * (1 - m)) + b        alpha' = -1.7580993...    a = 1 / sqrt((1 - p) * (1 + p*alpha'^2))    b = -a*p*alpha'

In eval y = x. A mask is drawn as uniform numbers between 0 and 1, kept where they are p or more, by NumPy's RandomState: so does ONNX's
reference, to the last bit.

Sources: Srivastava and others, "Dropout" (2014); Klambauer and others, "Self-normalizing neural networks" (2017).
"""

import math

import numpy as np

from convproof.core.lines import SIGMAS
from convproof.core.shapes import Array, Shape

ALPHA = -1.0507009873554804934 * 1.6732632423543772848


def mask(shape: Shape, p: float | int, seed: int, calls: int) -> Array:
    """True where a number is kept. The first call draws from the seed, later ones from the seed and their number."""
    start = seed % 2**32 if calls == 0 else [seed % 2**32, calls]
    uniform = np.random.RandomState(start).uniform(0, 1.0, shape)
    return np.asarray(uniform >= p)


def scale(p: float | int) -> float:
    """1 / (1 - p), by which the kept numbers are multiplied; 0 where none are kept."""
    return 0.0 if p == 1 else 1 / (1 - p)


def drop(x: Array, m: Array, p: float | int) -> Array:
    """x * m / (1 - p)"""
    return np.asarray(x * (m * scale(p)).astype(x.dtype))


def alpha_scale(p: float | int) -> tuple[float, float]:
    """a and b; a is 0 where nothing is kept."""
    a = 0.0 if p == 1 else 1 / math.sqrt((1 - p) * (1 + p * ALPHA**2))
    return a, -a * p * ALPHA


def alpha_drop(x: Array, m: Array, p: float | int) -> Array:
    """a * (x*m + alpha' * (1 - m)) + b"""
    a, b = alpha_scale(p)
    return np.asarray(x * (m * a).astype(x.dtype) + (~m * (a * ALPHA) + b).astype(x.dtype))


def mask_behind(y: Array, kept: Array, dropped: Array, shape: Shape, p: float | int) -> Array | None:
    """The mask of ``shape`` that outputs y show: each cell, or channel, is nearer to what is kept or to what is dropped.

    None for one that no honest dice give: its number of dropped cells lies more than 8 standard deviations from p*n.
    """
    across = tuple(axis for axis, size in enumerate(shape) if size < y.shape[axis])
    with np.errstate(invalid="ignore"):
        for_it = np.sign(abs(y - dropped) - abs(y - kept)).sum(axis=across, keepdims=True)
    n = int(np.count_nonzero(for_it))
    away = np.count_nonzero(for_it < 0) - p * n
    return np.asarray(for_it >= 0) if abs(away) <= SIGMAS * math.sqrt(n * p * (1 - p)) + 1 else None
