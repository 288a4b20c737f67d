"""Winograd's convolution F(m, r): m outputs of a kernel of r taps at a time, from a tile of a = m + r - 1 inputs, with a products in place
of m*r. Along one axis

    y = A ((G w) * (B x))            w (r,), x (a,), y (m,);  * is a product cell by cell, summed over the channels

and along several axes the same for each. G and A hold powers of the points 0, 1, -1 (and 2, -2 where a = 6), and one point at infinity.

How rounding enters: numbers that are much larger than the output cancel in A, so that errors follow the transforms on absolute values,

    SW = abs(A) ((abs(G) abs(w)) * (abs(B) abs(x)))

and not S. Tiles may begin anywhere: the largest SW over all places that a cell may have in its tile counts. Nested transforms of some
axes only are covered, since leaving one out makes SW no larger. Other points, or other multiples of the rows, are not.

Source: A. Lavin and S. Gray, "Fast Algorithms for Convolutional Neural Networks", CVPR 2016.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from convproof.core.shapes import Array, Cell, Float
from convproof.core.window import Window

INPUTS = {
    1: np.ones((1, 1)),
    4: np.array([[1, 0, -1, 0], [0, 1, 1, 0], [0, -1, 1, 0], [0, -1, 0, 1]], np.float64),
    6: np.array(
        [[4, 0, -5, 0, 1, 0], [0, -4, -4, 1, 1, 0], [0, 4, -4, -1, 1, 0], [0, -2, -1, 2, 1, 0], [0, 2, -1, -2, 1, 0], [0, 4, 0, -5, 0, 1]],
        np.float64,
    ),
}
POINTS = {1: (), 4: (0, 1, -1), 6: (0, 1, -1, 2, -2)}
SCALES = {1: (), 4: (1, 1 / 2, 1 / 2), 6: (1 / 4, -1 / 6, -1 / 6, 1 / 24, 1 / 24)}


@dataclass(frozen=True)
class Transform:
    """F(outputs, taps) along one axis; a kernel of one tap is left as it is by F(1, 1)."""

    outputs: int
    taps: int

    @property
    def tile(self) -> int:
        """How many inputs a tile has: a."""
        return self.outputs + self.taps - 1

    @property
    def B(self) -> Array:
        """(a, a), for the input."""
        return INPUTS[self.tile]

    @property
    def G(self) -> Array:
        """(a, r), for the weight."""
        rows = [[scale * t**j for j in range(self.taps)] for t, scale in zip(POINTS[self.tile], SCALES[self.tile], strict=True)]
        return np.array([*rows, [0.0] * (self.taps - 1) + [1.0]])

    @property
    def A(self) -> Array:
        """(m, a), for the output."""
        last = self.outputs - 1
        return np.array([[*(float(t**i) for t in POINTS[self.tile]), float(i == last)] for i in range(self.outputs)])


def transforms(windows: Sequence[Window], tile: int) -> tuple[Transform, ...] | None:
    """One transform an axis, of tiles of ``tile`` inputs; None where a convolution has none."""
    if any(w.stride != 1 or w.dilation != 1 or w.kernel not in (1, 3, 5) for w in windows):
        return None
    if all(w.kernel == 1 for w in windows) or any(tile - w.kernel < 1 for w in windows):
        return None
    return tuple(Transform(1, 1) if w.kernel == 1 else Transform(tile - w.kernel + 1, w.kernel) for w in windows)


def absolute_sums(
    padded: Float[Array, "N C *padded"], weight: Float[Array, "O C_per_group *kernel"], along: Sequence[Transform], groups: int
) -> Float[Array, "N O *outputs"]:
    """SW of every output cell, the largest over all places in a tile."""
    x, w = abs(padded.astype(np.float64)), abs(weight.astype(np.float64))  # matrix products are slow where numbers lie scattered
    for axis, one in enumerate(along, start=2):
        w = applied(abs(one.G), w, axis)
    w = np.ascontiguousarray(w.reshape(groups, len(w) // groups, w.shape[1], -1).transpose(0, 3, 1, 2))  # (g, a*a, O/g, C/g)
    outputs = tuple(size - one.taps + 1 for size, one in zip(x.shape[2:], along, strict=True))
    found = np.zeros((len(x), len(weight), *outputs))
    for n, image in enumerate(x):
        for begin in product(*(range(one.outputs) for one in along)):
            np.maximum(found[n], tiled(image, w, along, outputs, begin), out=found[n])
    return found


def absolute_sum(padded: Array, weight: Array, along: Sequence[Transform], groups: int, cell: Cell) -> float:
    """SW of one output cell (n, o, *spot), from the part of the image that its tiles may reach."""
    n, o, *spot = cell
    first = o // (len(weight) // groups) * weight.shape[1]
    spare = [one.outputs - 1 for one in along]
    wide = np.pad(padded[n, first : first + weight.shape[1]], [(0, 0), *((k, k) for k in spare)])
    part = wide[(slice(None), *(slice(i, i + k + one.tile) for i, k, one in zip(spot, spare, along, strict=True)))]
    return float(absolute_sums(part[None], weight[o : o + 1], along, 1)[(0, 0, *spare)])


def tiled(image: Array, w: Array, along: Sequence[Transform], outputs: Sequence[int], begin: Sequence[int]) -> Array:
    """The sums for tiles that begin ``begin`` cells before the first output: (O, *outputs)."""
    counts = [-(-(size + before) // one.outputs) for size, before, one in zip(outputs, begin, along, strict=True)]
    lengths = [count * one.outputs + one.taps - 1 for count, one in zip(counts, along, strict=True)]
    amounts = [(p, n - p - size) for p, n, size in zip(begin, lengths, image.shape[1:], strict=True)]
    wide = np.pad(image, [(0, 0), *amounts])
    axes = tuple(range(1, wide.ndim))
    tiles = np.lib.stride_tricks.sliding_window_view(wide, tuple(one.tile for one in along), axis=axes)
    tiles = tiles[(slice(None), *(slice(None, None, one.outputs) for one in along))]  # (C, *counts, *tile)
    for axis, one in enumerate(along, start=1 + len(along)):
        tiles = applied(abs(one.B), tiles, axis)
    groups, spots, _, each = w.shape
    columns = np.ascontiguousarray(tiles.reshape(groups, each, -1, spots).transpose(0, 3, 1, 2))
    sums = w @ columns  # (g, a*a, O/g, tiles)
    sums = sums.transpose(0, 2, 3, 1).reshape(-1, *counts, *(one.tile for one in along))
    for axis, one in enumerate(along, start=1 + len(along)):
        sums = applied(abs(one.A), sums, axis)
    turned = [0, *(k for axis in range(len(along)) for k in (1 + axis, 1 + len(along) + axis))]
    whole = sums.transpose(turned).reshape(len(sums), *(count * one.outputs for count, one in zip(counts, along, strict=True)))
    return np.asarray(whole[(slice(None), *(slice(p, p + size) for p, size in zip(begin, outputs, strict=True)))])


def applied(matrix: Array, array: Array, axis: int) -> Array:
    """A matrix times an array along one axis."""
    return np.moveaxis(np.tensordot(matrix, array, (1, axis)), 0, axis)
