"""Flattening, the definition, and its gradient.

    y[n, (c*H + h)*W + w] = x[n, c, h, w]

Axes ``start`` to ``end`` become one, in row-major order: the last of them runs fastest. Nothing is computed, so the gradient is dy
with x's shape: (N, C*H*W) back to (N, C, H, W).

The trap: a framework that keeps channels last flattens in the order h, w, c.

Source: torch.nn.Flatten.
"""

import math

import numpy as np

from convproof.core.shapes import Array, Int, Region, Shape


def flat_shape(shape: Shape, start: int, end: int) -> Shape:
    """(N, C, H, W) -> (N, C*H*W); a single number becomes a vector of length 1."""
    return (*shape[:start], math.prod(shape[start : end + 1]), *shape[end + 1 :]) if shape else (1,)


def flatten(x: Array, start: int, end: int) -> Array:
    """The same numbers under other indices."""
    return x.reshape(flat_shape(x.shape, start, end))


def origins(cells: Int[Array, "k flat_axes"], shape: Shape, start: int, end: int) -> Int[Array, "k axes"]:
    """Where cells of the flattened array stood before."""
    inside = np.unravel_index(cells[:, start], shape[start : end + 1])
    return np.concatenate([cells[:, :start], np.stack(inside, axis=1), cells[:, start + 1 :]], axis=1)


def box_around(places: range, sizes: Shape) -> Region:
    """The smallest box that holds a run of places, of an array of these sizes counted row by row."""
    first, last = np.unravel_index(places[0], sizes), np.unravel_index(places[-1], sizes)
    box, whole = [], False
    for low, high, size in zip(map(int, first), map(int, last), sizes, strict=True):
        box.append(range(size) if whole else range(low, high + 1))
        whole = whole or low != high
    return tuple(box)


def pull(dy: Array, shape: Shape) -> Array:
    """dy in x's shape, as an array of its own."""
    return dy.reshape(shape).copy()
