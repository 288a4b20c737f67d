"""Transposed convolution, the definition.

    y[n, o, i*s + u*d - p, j*s + v*d - p]  receives  weight[c, o, u, v] * x[n, c, i, j]  for all c, u, v, i, j
    y[n, o, I, J] = bias[o] + the sum of what it received

s is the stride, d the dilation; p cells are cut off on either side. Every input cell lays down the kernel, times its own number. That is
the gradient of a convolution with the same settings with respect to its input, hence the name. With ``groups`` = g, the C/g input
channels of a group are laid on the O/g output channels of that group.

The weight is (C, O/g, *kernel): the input channels come first.

Source: torch.nn.ConvTranspose2d; V. Dumoulin and F. Visin, "A guide to convolution arithmetic for deep learning", 2016.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from convproof.core.shapes import Array, Float
from convproof.layers.convtranspose.geometry import Side


def lay_down(
    x: Float[Array, "N C *sizes"],
    weight: Float[Array, "C O_per_group *kernel"],
    bias: Float[Array, "O"] | None,
    sides: Sequence[Side],
    groups: int,
) -> Float[Array, "N O *outputs"]:
    """The transposed convolution along any number of spatial axes, one tap of all input cells at a time."""
    channels = weight.shape[1] * groups
    full = np.zeros((len(x), channels, *(side.full for side in sides)), np.result_type(x, weight))
    numbers = by_group(x, groups)
    for rows, landing in taps_of(weight, sides, groups):
        full[landing] += np.matmul(rows.transpose(0, 2, 1), numbers).reshape(len(x), channels, *x.shape[2:])
    y = full[(slice(None), slice(None), *(side.kept for side in sides))]
    return y if bias is None else y + bias.reshape(1, -1, *(1,) * len(sides))


def taps_of(
    weight: Float[Array, "C O_per_group *kernel"], sides: Sequence[Side], groups: int
) -> Iterator[tuple[Float[Array, "g C_per_group O_per_group"], tuple[slice, ...]]]:
    """For every tap of the kernel its weights, one matrix a group, and where it lands in the output from which nothing is cut off."""
    axes = tuple(range(2, weight.ndim))
    first = np.ascontiguousarray(weight.transpose(*axes, 0, 1))
    for tap in np.ndindex(*weight.shape[2:]):
        landing = (side.landing(u) for side, u in zip(sides, tap, strict=True))
        yield first[tap].reshape(groups, -1, weight.shape[1]), (slice(None), slice(None), *landing)


def by_group(x: Float[Array, "N C *sizes"], groups: int) -> Float[Array, "N g C_per_group cells"]:
    """The channels of every group as the rows of a matrix."""
    return x.reshape(len(x), groups, x.shape[1] // groups, int(np.prod(x.shape[2:])))
