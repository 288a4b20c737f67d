"""The settings of a convolution as windows, and the window under one output cell."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from convproof.core.arithmetic.padding import NOWHERE, pad, source
from convproof.core.channels import LETTERS, PADDING_LETTERS
from convproof.core.errors import SettingError
from convproof.core.shapes import Array, Cell
from convproof.core.window import SAME, Window, windows_from


def conv_windows(kernel_size: Any, stride: Any, padding: Any, dilation: Any, axes: int) -> tuple[Window, ...]:
    """One Window for each spatial axis. Raises SettingError.

    ``padding`` may also be "valid" (none), "same", or "same_upper" and "same_lower", which leave the windows bare: see ``windows_on``.
    """
    if not isinstance(padding, str):
        return windows_from(kernel_size, stride, padding, dilation, axes)
    bare = windows_from(kernel_size, stride, 0, dilation, axes)
    if padding == "valid" or padding in SAME:
        return bare
    if padding != "same":
        raise SettingError(
            "padding={padding!r}: expected numbers, 'same', 'valid', or 'same_upper' or 'same_lower' with any stride", padding=padding
        )
    if any(w.stride != 1 for w in bare):
        raise SettingError("padding='same' needs stride 1, got stride={stride}; give the padding in numbers", stride=stride)
    return tuple(w.same(1, "same_upper") for w in bare)  # with stride 1 it is the same for every size


def windows_on(windows: Sequence[Window], padding: Any, sizes: Sequence[int]) -> tuple[Window, ...]:
    """The windows on an input of these sizes, with the padding that "same_upper" or "same_lower" means there."""
    if padding not in SAME:
        return tuple(windows)
    return tuple(w.same(size, padding) for w, size in zip(windows, sizes, strict=True))


def equation(windows: Sequence[Window], per_group: tuple[int, int] | None, bias: bool, unknown_padding: bool) -> str:
    """The formula with this layer's own stride, dilation and padding filled in; ``per_group`` are the input and output channels of a
    group, None if there is only one. A padding that nobody knows yet is a letter.
    """
    spots, taps = LETTERS[len(windows)]
    reads = [w.reads_as(i, u) for i, u, w in zip(spots, taps, windows, strict=True)]
    if unknown_padding:
        reads = [f"{read} - {p}" for read, p in zip(reads, PADDING_LETTERS, strict=False)]
    channel = "c" if per_group is None else f"c + {per_group[0]}*(o // {per_group[1]})"
    tap = ", ".join(taps)
    head = "bias[o] + " if bias else ""
    return f"y[n, o, {', '.join(spots)}] = {head}sum over c, {tap} of weight[o, c, {tap}] * x[n, {channel}, {', '.join(reads)}]"


def amounts(windows: Sequence[Window]) -> list[tuple[int, int]]:
    """The padding before and after each spatial axis."""
    return [(w.before, w.after) for w in windows]


def padded(x: Array, windows: Sequence[Window], mode: str) -> tuple[Array, list[Window]]:
    """The input with its padding attached, and the windows that have none any more."""
    return pad(x, amounts(windows), mode), [w.unpadded() for w in windows]


def reached(window: Window, outputs: range, size: int, mode: str) -> range:
    """All coordinates from the first to the last that a run of outputs reads, where padding shows input cells with those."""
    if mode == "zeros":
        return window.reach(outputs)
    starts = np.arange(outputs.start, outputs.stop)[:, None] * window.stride - window.before
    shown = source(starts + np.arange(window.kernel) * window.dilation, size, mode)
    return range(int(shown.min()), int(shown.max()) + 1)


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


def under(cells: Array, x: Array, weight: Array, windows: Sequence[Window], groups: int, mode: str) -> Iterator[tuple[int, Array, Array]]:
    """For each output (n, o, *spots): o, the numbers under its window and the weights of o, both flat over (c, u, v) and in float64."""
    for n, o, *spots in cells.tolist():
        patch = patch_of((o, *spots), windows, x.shape[2:], mode, weight.shape[1], len(weight) // groups)
        yield o, patch_values(x[n], patch).astype(np.float64), weight[o].reshape(-1).astype(np.float64)
