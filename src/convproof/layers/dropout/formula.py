"""Dropout: what is kept is scaled up, so that the mean stays as it was.

    y = x * m / (1 - p)            m is 0 with probability p, else 1: drawn for every cell, or for every channel of an image

alpha dropout puts alpha' in the place of 0 and keeps the mean and the variance that a SELU network has:

    y = a * (x*m + alpha' * (1 - m)) + b        alpha' = -1.7580993...    a = 1 / sqrt((1 - p) * (1 + p*alpha'^2))    b = -a*p*alpha'

In eval y = x. A mask is drawn as uniform numbers between 0 and 1, kept where they are p or more, by NumPy's RandomState: so does ONNX's
reference, to the last bit.

Sources: Srivastava and others, "Dropout" (2014); Klambauer and others, "Self-normalizing neural networks" (2017).
"""

import math
from dataclasses import dataclass

import numpy as np

from convproof.core.shapes import Array, Shape

UNLIKELY = 1e-9  # a chance that no honest dice are given
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
    with np.errstate(invalid="ignore"):  # an infinity that is dropped is NaN, as in torch
        return np.asarray(x * (m * scale(p)).astype(x.dtype))


def alpha_scale(p: float | int) -> tuple[float, float]:
    """a and b; a is 0 where nothing is kept."""
    a = 0.0 if p == 1 else 1 / math.sqrt((1 - p) * (1 + p * ALPHA**2))
    return a, -a * p * ALPHA


def alpha_drop(x: Array, m: Array, p: float | int) -> Array:
    """a * (x*m + alpha' * (1 - m)) + b"""
    a, b = alpha_scale(p)
    with np.errstate(invalid="ignore"):
        return np.asarray(x * (m * a).astype(x.dtype) + (~m * (a * ALPHA) + b).astype(x.dtype))


@dataclass(frozen=True)
class Seen:
    """A mask as outputs show it: ``kept``, and where it may as well be the other way round, ``unsure``."""

    kept: Array
    unsure: Array


def mask_behind(ends: tuple[Array, Array], kept: Array, off: Array, dropped: Array, shape: Shape, p: float | int) -> Seen | None:
    """The mask of ``shape`` that outputs between ``ends`` show: each cell, or most of a channel, is nearer to what is kept, which may be
    ``off`` by so much, or to what is dropped; or as near to both.

    None for one that no honest dice give. The chance of k dropped cells of n, or of more, is at most exp(-n*KL), with
    KL = k/n * ln(k/(n*p)) + (1 - k/n) * ln((n - k)/(n*(1 - p)))     (Chernoff's bound, which is exact for k = 0 and k = n)
    """
    across = tuple(axis for axis, size in enumerate(shape) if size < kept.shape[axis])
    with np.errstate(invalid="ignore"):
        nearer = np.sign(distance(ends, dropped, np.zeros(())) - distance(ends, kept, off))
    for_it = np.nan_to_num(nearer).sum(axis=across, keepdims=True)
    n, k = int(np.count_nonzero(for_it)), int(np.count_nonzero(for_it < 0))
    return Seen(for_it >= 0, for_it == 0) if surprise(k, n, p) <= -math.log(UNLIKELY) else None


def distance(ends: tuple[Array, Array], y: Array, off: Array) -> Array:
    """How far y +- off lies outside of the ends; NaN and infinities lie at themselves, and infinitely far from all else."""
    low, high = ends[0] - off, ends[1] + off
    outside = np.maximum(np.maximum(low - y, y - high), 0.0)
    at_it = ((low <= y) & (y <= high)) | (np.isnan(y) & np.isnan(ends[0]))
    return np.asarray(np.where(at_it, 0.0, np.where(np.isnan(outside), np.inf, outside)))


def surprise(k: int, n: int, p: float | int) -> float:
    """n*KL of k dropped cells of n."""
    parts = ((k, n * p), (n - k, n * (1 - p)))
    return sum((found * math.log(found / expected) if expected > 0 else math.inf for found, expected in parts if found), start=0.0)
