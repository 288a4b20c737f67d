"""The settings of a convolution as windows, and the window under one output cell."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from convproof.core.arithmetic.padding import NOWHERE, source
from convproof.core.axes import per_axis
from convproof.core.errors import SettingError
from convproof.core.shapes import Array, Cell
from convproof.core.window import Window

LETTERS = {1: ("i", "u"), 2: ("ij", "uv"), 3: ("ijk", "uvw")}


def windows_from(kernel_size: Any, stride: Any, padding: Any, dilation: Any, axes: int) -> tuple[Window, ...]:
    """One Window for each spatial axis. Raises SettingError."""
    kernel = per_axis(kernel_size, axes, "kernel_size", 1)
    steps = per_axis(stride, axes, "stride", 1)
    holes = per_axis(dilation, axes, "dilation", 1)
    pads = _padding(padding, kernel, steps, holes, axes)
    return tuple(Window(k, s, d, before, after) for k, s, d, (before, after) in zip(kernel, steps, holes, pads, strict=True))


def _padding(
    padding: Any, kernel: tuple[int, ...], stride: tuple[int, ...], dilation: tuple[int, ...], axes: int
) -> tuple[tuple[int, int], ...]:
    if padding == "valid":
        return ((0, 0),) * axes
    if padding == "same":
        if any(s != 1 for s in stride):
            raise SettingError("padding='same' needs stride 1, got stride={stride}; give the padding in numbers", stride=stride)
        totals = (d * (k - 1) for k, d in zip(kernel, dilation, strict=True))
        return tuple((total // 2, total - total // 2) for total in totals)
    if isinstance(padding, str):
        raise SettingError("padding={padding!r}: expected numbers, 'same' or 'valid'", padding=padding)
    if isinstance(padding, Sequence) and any(isinstance(pair, Sequence) for pair in padding):
        if len(padding) != axes:
            raise SettingError("padding={padding}: expected {axes} pairs (before, after), one an axis", padding=padding, axes=axes)
        pairs = (per_axis(pair, 2, "padding") for pair in padding)
        return tuple((before, after) for before, after in pairs)
    return tuple((p, p) for p in per_axis(padding, axes, "padding"))


def equation(windows: Sequence[Window], per_group: tuple[int, int] | None, bias: bool) -> str:
    """The formula with this layer's own stride, dilation and padding filled in; ``per_group`` are the input and output channels of a
    group, None if there is only one.
    """
    spots, taps = LETTERS[len(windows)]
    reads = ", ".join(_coordinate(i, u, w) for i, u, w in zip(spots, taps, windows, strict=True))
    channel = "c" if per_group is None else f"c + {per_group[0]}*(o // {per_group[1]})"
    tap = ", ".join(taps)
    head = "bias[o] + " if bias else ""
    return f"y[n, o, {', '.join(spots)}] = {head}sum over c, {tap} of weight[o, c, {tap}] * x[n, {channel}, {reads}]"


def _coordinate(i: str, u: str, window: Window) -> str:
    start = i if window.stride == 1 else f"{window.stride}*{i}"
    step = u if window.dilation == 1 else f"{window.dilation}*{u}"
    return f"{start} + {step}" + (f" - {window.before}" if window.before else "")


@dataclass(frozen=True)
class Patch:
    """What one output cell looks at, as flat arrays over (c, u, v): which weight, and which cell of which input channel.

    ``channel`` counts input channels from 0 in the whole input; ``place`` has one row a spatial axis, NOWHERE where padding is read;
    ``coordinate`` is the place before padding was resolved, so it may be negative.
    """

    channel: Array
    place: Array
    coordinate: Array

    @property
    def inside(self) -> Array:
        """True where an input cell is read and not a padding zero."""
        return np.asarray((self.place != NOWHERE).all(axis=0))


def patch_of(cell: Cell, windows: Sequence[Window], sizes: Sequence[int], mode: str, channels: int, outputs_per_group: int) -> Patch:
    """The patch under output ``cell`` = (o, i, j) of one image; ``channels`` are the input channels of one group."""
    first = cell[0] // outputs_per_group * channels
    taps = [np.arange(t.start, t.stop, t.step) for t in (w.taps(i) for w, i in zip(windows, cell[1:], strict=True))]
    grid = np.meshgrid(np.arange(first, first + channels), *taps, indexing="ij")
    coordinate = np.stack([axis.reshape(-1) for axis in grid[1:]])
    place = np.stack([source(c, size, mode) for c, size in zip(coordinate, sizes, strict=True)])
    return Patch(grid[0].reshape(-1), place, coordinate)


def patch_values(image: Array, patch: Patch) -> Array:
    """The numbers of one image (C, *sizes) under a patch; padding zeros are 0."""
    return np.where(patch.inside, image[(patch.channel, *patch.place)], np.zeros((), image.dtype))
