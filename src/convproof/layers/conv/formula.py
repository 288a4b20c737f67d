"""Convolution, the definition.

    y[n, o, i, j] = bias[o] + sum over c, u, v of  weight[o, c, u, v] * x[n, c, i*s + u*d - p, j*s + v*d - p]

s is the stride, d the dilation, p the padding. The kernel is not flipped: mathematicians call this cross-correlation, and every
framework calls it convolution. With ``groups`` = g, output o sees only the C/g input channels of its own group, o // (O/g).

Source: torch.nn.Conv2d; V. Dumoulin and F. Visin, "A guide to convolution arithmetic for deep learning", 2016.
"""

from collections.abc import Sequence

import numpy as np

from convproof.core.shapes import Array, Float
from convproof.core.window import Window, windows_of


def convolve(
    x: Float[Array, "N C *padded"],
    weight: Float[Array, "O C_per_group *kernel"],
    bias: Float[Array, "O"] | None,
    windows: Sequence[Window],
    groups: int,
) -> Float[Array, "N O *outputs"]:
    """Convolve ``x``, whose padding is attached already, along any number of spatial axes."""
    outputs = tuple(w.outputs(size) for w, size in zip(windows, x.shape[2:], strict=True))
    y = np.empty((len(x), len(weight), *outputs), np.result_type(x, weight))
    for n, image in enumerate(x):
        y[n] = image_columns_product(image, weight, windows, groups)
    return y if bias is None else y + over_channels(bias, y.ndim)


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


def over_channels(values: Float[Array, "C"], ndim: int) -> Array:
    """One number a channel, shaped so that it broadcasts over N and the spatial axes."""
    return values.reshape(1, -1, *(1,) * (ndim - 2))
