"""Gradients of a convolution.

Shapes of one image and one group (K = C/g * kernel terms, P = output spots):

    y (O/g, P) = weight (O/g, K) @ columns (K, P)
    dweight (O/g, K) = dy (O/g, P) @ columns^T (P, K)         summed over images
    dcolumns (K, P)  = weight^T (K, O/g) @ dy (O/g, P)        scattered back: every tap adds to the input cell it read
    dbias (O)        = dy summed over images and spots

As in the formula, a block of output rows at a time.
"""

from collections.abc import Sequence

import numpy as np

from convproof.core.shapes import Array, Float
from convproof.core.window import Window
from convproof.layers.conv.formula import blocks, columns_of


def pull(
    dy: Float[Array, "N O *outputs"],
    x: Float[Array, "N C *padded"],
    weight: Float[Array, "O C_per_group *kernel"],
    windows: Sequence[Window],
    groups: int,
) -> tuple[Float[Array, "N C *padded"], Float[Array, "O C_per_group *kernel"], Float[Array, "O"]]:
    """Gradients of the padded input, the weight and the bias."""
    rows = weight.reshape(groups, len(weight) // groups, -1)
    dx = np.zeros(x.shape, np.result_type(dy, weight))
    dw = np.zeros(rows.shape, np.result_type(dy, x))
    for n, image in enumerate(x):
        for made, read in blocks(image, windows, dy.shape[2:]):
            columns = columns_of(image[:, read], windows, groups)
            spots = dy[n, :, made].reshape(groups, rows.shape[1], -1)
            dw += spots @ columns.reshape(*columns.shape[:2], -1).transpose(0, 2, 1)
            dcolumns = rows.transpose(0, 2, 1) @ spots
            scatter(dx[n, :, read], dcolumns.reshape(len(image), *weight.shape[2:], *columns.shape[2:]), windows)
    return dx, dw.reshape(weight.shape), dy.sum(axis=(0, *range(2, dy.ndim)))


def scatter(dimage: Float[Array, "C *padded"], dcolumns: Float[Array, "C *kernel_and_outputs"], windows: Sequence[Window]) -> None:
    """Add what every tap of every window received to the input cell it had read."""
    outputs = dcolumns.shape[1 + len(windows) :]
    for tap in np.ndindex(*(w.kernel for w in windows)):
        first = [u * w.dilation for u, w in zip(tap, windows, strict=True)]
        read = tuple(slice(f, f + w.stride * m, w.stride) for f, w, m in zip(first, windows, outputs, strict=True))
        dimage[(slice(None), *read)] += dcolumns[(slice(None), *tap)]
