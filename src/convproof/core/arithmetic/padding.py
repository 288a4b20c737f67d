"""Padding as a map of indices: where on the axis the value at a padded coordinate comes from.

For an axis a b c d, padded by two on either side:

    zeros      0 0 | a b c d | 0 0
    reflect    c b | a b c d | c b      the edge is the mirror and is not repeated
    replicate  a a | a b c d | d d      the edge is repeated
    circular   c d | a b c d | a b      the axis is a ring
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from convproof.core.shapes import Array

MODES = ("zeros", "reflect", "replicate", "circular")
NOWHERE = -1


def source(coordinate: Array, size: int, mode: str) -> Array:
    """The coordinate on the axis, 0 .. size-1, that a padded coordinate shows; NOWHERE where it shows a padding zero."""
    if mode == "zeros":
        return np.where((coordinate >= 0) & (coordinate < size), coordinate, NOWHERE)
    if mode == "replicate":
        return np.clip(coordinate, 0, size - 1)
    if mode == "circular":
        return coordinate % size
    period = max(2 * (size - 1), 1)  # reflect: up to the far edge and back again
    place = coordinate % period
    return np.minimum(place, period - place) if size > 1 else place


def pad(x: Array, amounts: Sequence[tuple[int, int]], mode: str = "zeros", fill: float | int = 0.0) -> Array:
    """Lengthen the last axes of ``x``, one (before, after) pair for each; ``fill`` stands where mode "zeros" shows padding."""
    if not any(before or after for before, after in amounts):
        return x
    first = x.ndim - len(amounts)
    if mode == "zeros":
        return np.pad(x, [(0, 0)] * first + list(amounts), constant_values=fill)
    for axis, (before, after) in enumerate(amounts, start=first):
        x = np.take(x, source(np.arange(-before, x.shape[axis] + after), x.shape[axis], mode), axis=axis)
    return x


def unpad(dy: Array, sizes: Sequence[int], amounts: Sequence[tuple[int, int]], mode: str = "zeros") -> Array:
    """The pull-back of ``pad``: every padded cell hands its gradient to the cell it shows.

    ``sizes`` are the lengths of the last axes before padding.
    """
    first = dy.ndim - len(amounts)
    if mode == "zeros":  # padded cells show nothing
        inside: Any = (..., *(slice(before, before + size) for size, (before, _) in zip(sizes, amounts, strict=True)))
        return np.asarray(dy[inside])
    for axis, (size, (before, after)) in enumerate(zip(sizes, amounts, strict=True), start=first):
        shown = source(np.arange(-before, size + after), size, mode)
        total = np.zeros((size, *np.moveaxis(dy, axis, 0).shape[1:]), dy.dtype)
        np.add.at(total, shown, np.moveaxis(dy, axis, 0))
        dy = np.moveaxis(total, 0, axis)
    return dy
