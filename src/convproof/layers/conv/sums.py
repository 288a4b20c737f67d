"""A convolution whose products are changed, one by one, before they are added: as a target does that rounds every product.

    y[n, o, i, j] = bias[o] + sum over c, u, v of  change(weight[o, c, u, v] * x[n, c, i*s + u*d - p, j*s + v*d - p])

No matrix product does that, so it takes a pass over the outputs for every tap of the kernel and channel.
"""

from collections.abc import Callable, Sequence

import numpy as np

from convproof.core.shapes import Array, Float
from convproof.core.window import Window
from convproof.layers.conv.formula import blocks, columns_of, outputs_of, over_channels
from convproof.layers.conv.geometry import padded, under

Change = Callable[[Array], Array]


def everywhere(
    x: Float[Array, "N C *sizes"],
    weight: Float[Array, "O C_per_group *kernel"],
    bias: Float[Array, "O"] | None,
    windows: Sequence[Window],
    groups: int,
    mode: str,
    change: Change,
) -> Float[Array, "N O *outputs"]:
    """All outputs, in float64."""
    wide, bare = padded(x.astype(np.float64), windows, mode)
    outputs = outputs_of(wide, bare)
    rows = weight.astype(np.float64).reshape(groups, len(weight) // groups, -1)
    y = np.zeros((len(x), len(weight), *outputs))
    for n, image in enumerate(wide):
        for made, read in blocks(image, bare, outputs):
            columns = columns_of(image[:, read], bare, groups)
            factors = rows.reshape(*rows.shape, *(1,) * len(outputs))
            total = sum(change(factors[:, :, k] * columns[:, None, k]) for k in range(rows.shape[2]))
            y[n, :, made] = np.reshape(total, (len(weight), *columns.shape[2:]))
    return y if bias is None else y + over_channels(bias.astype(np.float64), y.ndim)


def at_cells(
    cells: Array,
    x: Float[Array, "N C *sizes"],
    weight: Float[Array, "O C_per_group *kernel"],
    bias: Float[Array, "O"] | None,
    windows: Sequence[Window],
    groups: int,
    mode: str,
    change: Change,
) -> Float[Array, "cells"]:
    """Some outputs (n, o, *spots), one by one."""
    there = under(cells, x, weight, windows, groups, mode)
    return np.array([change(numbers * weights).sum() + (0.0 if bias is None else bias[o]) for o, numbers, weights in there])
