"""Convolution, the definition.

    y[n, o, i, j] = bias[o] + sum over c, u, v of  weight[o, c, u, v] * x[n, c, i*s + u*d - p, j*s + v*d - p]

s is the stride, d the dilation, p the padding. The kernel is not flipped: mathematicians call this cross-correlation, and every
framework calls it convolution. With ``groups`` = g, output o sees only the C/g input channels of its own group, o // (O/g).

The numbers under each window are laid out as one column, so that all sums over c, u, v are one matrix product a group.

Source: torch.nn.Conv2d; V. Dumoulin and F. Visin, "A guide to convolution arithmetic for deep learning", 2016.
"""

import math
from collections.abc import Iterator, Sequence

import numpy as np

from convproof.core.shapes import Array, Float
from convproof.core.window import Window, windows_of

# Bytes of columns at a time: they stay in the processor's cache (eight groups of a 256-channel 3x3 convolution on 56x56: 3 ms, with all
# columns at once 9 ms), and an image of any size takes little memory.
BLOCK = 4 * 2**20


def convolve(
    x: Float[Array, "N C *padded"],
    weight: Float[Array, "O C_per_group *kernel"],
    bias: Float[Array, "O"] | None,
    windows: Sequence[Window],
    groups: int,
) -> Float[Array, "N O *outputs"]:
    """Convolve ``x``, whose padding is attached already, along any number of spatial axes."""
    outputs = outputs_of(x, windows)
    y = np.empty((len(x), len(weight), *outputs), np.result_type(x, weight))
    for n, image in enumerate(x):
        for made, read in blocks(image, windows, outputs):
            y[n, :, made] = image_columns_product(image[:, read], weight, windows, groups)
    if bias is not None:
        y += over_channels(bias, y.ndim)
    return y


def image_columns_product(
    image: Float[Array, "C *padded"], weight: Float[Array, "O C_per_group *kernel"], windows: Sequence[Window], groups: int
) -> Float[Array, "O *outputs"]:
    """The sums of products for one image: one matrix product a group."""
    columns = columns_of(image, windows, groups)
    outputs = columns.shape[2:]
    rows = weight.reshape(groups, -1, columns.shape[1])
    y: Array = np.matmul(rows, columns.reshape(*columns.shape[:2], -1))
    return y.reshape(-1, *outputs)


def columns_of(image: Float[Array, "C *padded"], windows: Sequence[Window], groups: int) -> Float[Array, "g terms *outputs"]:
    """Under every window the numbers that one output sums over, in the order (c, u, v) of the weights."""
    views = windows_of(image[None], windows)[0]
    axes = len(windows)
    spots, taps = tuple(range(1, 1 + axes)), tuple(range(1 + axes, 1 + 2 * axes))
    by_tap: Array = views.transpose(0, *taps, *spots)
    return by_tap.reshape(groups, -1, *views.shape[1 : 1 + axes])


def outputs_of(x: Float[Array, "N C *padded"], windows: Sequence[Window]) -> tuple[int, ...]:
    """How many outputs there are along each spatial axis."""
    return tuple(w.outputs(size) for w, size in zip(windows, x.shape[2:], strict=True))


def blocks(image: Float[Array, "C *padded"], windows: Sequence[Window], outputs: Sequence[int]) -> Iterator[tuple[slice, slice]]:
    """Runs of outputs along the first spatial axis whose columns take about BLOCK bytes, each with the run of the image that it reads.

    A kernel of one tap has the image itself for columns: it is done in one block.
    """
    (height, *others), first = outputs, windows[0]
    taps = math.prod(w.kernel for w in windows)
    row = len(image) * taps * math.prod(others) * image.itemsize
    count = height if taps == 1 else max(1, BLOCK // row)
    for start in range(0, height, count):
        stop = min(start + count, height)
        yield slice(start, stop), slice(start * first.stride, (stop - 1) * first.stride + first.extent)


def over_channels(values: Float[Array, "C"], ndim: int) -> Array:
    """One number a channel, shaped so that it broadcasts over N and the spatial axes."""
    return values.reshape(1, -1, *(1,) * (ndim - 2))
