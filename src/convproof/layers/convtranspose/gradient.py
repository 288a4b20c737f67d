"""Gradients of a transposed convolution: what every tap laid down is picked up where it lies.

Shapes of one image, one group and one tap (P = input cells), dy being what lies where the tap landed, 0 where it was cut off:

    dx (C/g, P)       = weight (C/g, O/g) @ dy (O/g, P)            summed over taps
    dweight (C/g, O/g) = x (C/g, P) @ dy^T (P, O/g)                summed over images
    dbias (O)         = dy summed over images and places
"""

from collections.abc import Sequence

import numpy as np

from convproof.core.shapes import Array, Float
from convproof.layers.convtranspose.formula import by_group, taps_of
from convproof.layers.convtranspose.geometry import Side


def pull(
    dy: Float[Array, "N O *outputs"],
    x: Float[Array, "N C *sizes"],
    weight: Float[Array, "C O_per_group *kernel"],
    sides: Sequence[Side],
    groups: int,
) -> tuple[Float[Array, "N C *sizes"], Float[Array, "C O_per_group *kernel"], Float[Array, "O"]]:
    """Gradients of the input, the weight and the bias."""
    full = np.zeros((*dy.shape[:2], *(side.full for side in sides)), dy.dtype)
    full[(slice(None), slice(None), *(side.kept for side in sides))] = dy
    numbers = by_group(x, groups)
    dx = np.zeros(numbers.shape, np.result_type(dy, weight))
    dw = np.zeros((int(np.prod(weight.shape[2:])), *weight.shape[:2]), np.result_type(dy, x))
    for tap, (rows, landing) in enumerate(taps_of(weight, sides, groups)):
        lying = by_group(full[landing], groups)
        dx += np.matmul(rows, lying)
        dw[tap] = np.matmul(numbers, lying.transpose(0, 1, 3, 2)).sum(axis=0).reshape(weight.shape[:2])
    dweight = dw.transpose(1, 2, 0).reshape(weight.shape)
    return dx.reshape(x.shape), dweight, dy.sum(axis=(0, *range(2, dy.ndim)))
