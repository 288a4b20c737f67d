"""Gradients of pooling.

Shapes: dy (N, C, *outputs), dx (N, C, *sizes).

    max      dy goes to the winner of its window: the first of the largest numbers
    average  dy / D goes to every cell of its window; what the padding receives is dropped
    power    y = s^(1/p): dy * y/s * K/D * x^(p - 1) goes to x; 0 where s is 0, as in torch
"""

from collections.abc import Sequence

import numpy as np

from convproof.core.arithmetic.padding import NOWHERE
from convproof.core.shapes import Array, Float, Int
from convproof.layers.pool.formula import at
from convproof.layers.pool.geometry import Side, steps


def pull_max(dy: Float[Array, "N C *outputs"], winners: Int[Array, "N C *outputs"], sizes: Sequence[int]) -> Float[Array, "N C *sizes"]:
    """Every dy added to the place of its window's winner."""
    N, C = dy.shape[:2]
    dx = np.zeros((N, C, int(np.prod(sizes))), dy.dtype)
    real = winners != NOWHERE
    planes = np.arange(N * C).reshape(N, C, *(1,) * len(sizes)) * dx.shape[2]
    np.add.at(dx.reshape(-1), (winners + planes)[real], dy[real])
    return dx.reshape(N, C, *sizes)


def pull_sums(dy: Float[Array, "N C *outputs"], sizes: Sequence[int], sides: Sequence[Side]) -> Float[Array, "N C *sizes"]:
    """Every dy added to every cell of its window, along one axis after the other."""
    for axis, (size, side) in enumerate(zip(sizes, sides, strict=True), start=2):
        dx = np.zeros((*dy.shape[:axis], size, *dy.shape[axis + 1 :]), dy.dtype)
        for outputs, cells in steps(side, size):
            dx[at(axis, cells)] += dy[at(axis, outputs)]
        dy = dx
    return dy
