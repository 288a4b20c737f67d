"""Resizing, the definition.

    y[.., i, ..] = sum over j of  w[i, j] * x[.., j, ..]        along one axis after the other

Output i of an axis lies at the coordinate c[i] of the input, in cells, 0 being the middle of the first; which coordinate, the
``coordinates`` say. How the weights follow from it:

    nearest    w = 1 for the cell that c is rounded to, in one of four ways
    linear     w[i, j] = K(j - c[i]),   K(t) = 1 - abs(t)  up to 1
    cubic      w[i, j] = K(j - c[i]),   K(t) = (abs(t) - 1)*((a + 2)*t^2 - abs(t) - 1)  up to 1,  a*(abs(t) - 1)*(abs(t) - 2)^2  up to 2
    area       w = 1/n for the n cells from floor(i*size/outputs) up to ceil((i + 1)*size/outputs)

A cell beyond an edge shows the edge. Two variations change the weights:

    antialias  for an axis that becomes shorter, K is stretched: K((j - c[i])*scale), and the weights are divided by their sum
    inside     cells beyond the edge get no weight, and the weights are divided by their sum

Source: torch.nn.functional.interpolate, ONNX Resize; the cubic kernel: Keys, "Cubic convolution interpolation for digital image
processing", IEEE Trans. ASSP 29 (1981), equation 4.
"""

from collections.abc import Mapping

import numpy as np

from convproof.core.shapes import Array, Float, Int
from convproof.layers.resize.sides import Side

Sides = Mapping[int, Side]  # the axes that are resized


def along(x: Array, axis: int, index: Int[Array, "outputs taps"], weight: Float[Array, "outputs taps"], zeros: bool = True) -> Array:
    """The weighted sums along one axis; without ``zeros`` a cell of weight 0 is left out, were it infinite."""
    wide = (-1, *(1 for _ in x.shape[axis + 1 :]))
    total: Array | None = None
    for places, column in zip(index.T, weight.T.astype(x.dtype), strict=True):
        part = np.take(x, places, axis) * column.reshape(wide)
        if not zeros:
            part = np.where(column.reshape(wide) == 0, x.dtype.type(0), part)
        total = part if total is None else total + part
    assert total is not None
    return total


def resize(x: Array, sides: Sides, fill: float = 0.0) -> Array:
    """x with every side resized; ``fill`` stands where a coordinate lies outside and nothing is to be shown."""
    for axis, side in sides.items():
        x = np.take(x, side.index[:, 0], axis) if side.chooses else along(x, axis, side.index, side.weight, side.zeros)
    return filled(x, sides, fill)


def filled(y: Array, sides: Sides, fill: float) -> Array:
    """y with ``fill`` where a side shows nothing."""
    for axis, side in sides.items():
        if side.outside.any():
            y = y.copy()
            y[(slice(None),) * axis + (side.outside,)] = fill
    return y


def resize_whole_numbers(x: Array, sides: Sides, fill: float = 0.0) -> Array:
    """The same of integers: weighed in float64, rounded to the nearest (the even one of two), and kept within the type's range."""
    if all(side.chooses for side in sides.values()):
        return resize(x, sides, fill)
    found = np.rint(resize(x.astype(np.float64), sides, fill))
    if x.dtype.kind == "b":
        return np.asarray(found != 0)
    ends = np.iinfo(x.dtype)
    return np.clip(found, ends.min, ends.max).astype(x.dtype)


def pull(dy: Float[Array, "*y"], sides: Sides, sizes: Mapping[int, int]) -> Float[Array, "*x"]:
    """The gradient of x: every input cell receives dy of the outputs that read it, weighed as they read it.

    dx (.., size, ..) = w^T (size, outputs) @ dy (.., outputs, ..)        along one axis after the other, backwards
    """
    for axis, side in sides.items():
        if side.outside.any():
            dy = np.where(side.outside.reshape(-1, *(1 for _ in dy.shape[axis + 1 :])), dy.dtype.type(0), dy)
    for axis, side in reversed(list(sides.items())):
        turned = np.moveaxis(dy, axis, 0)
        dx = np.zeros((sizes[axis], *turned.shape[1:]), dy.dtype)
        for places, column in zip(side.index.T, side.weight.T.astype(dy.dtype), strict=True):
            np.add.at(dx, places, turned * column.reshape(-1, *(1 for _ in turned.shape[1:])))
        dy = np.moveaxis(dx, 0, axis)
    return dy
