"""Where the input cells of a transposed convolution land, axis by axis.

A kernel of k taps, d apart, is laid down every s cells, and ``before`` cells are cut off where the output begins:

    tap u of input i lands on output     i*s + u*d - before          (outside the output it is cut off)
    number of outputs                    (n - 1)*s + d*(k - 1) + 1 + output_padding - before - after

``output_padding`` lengthens the output at its end. With a padding of "same_upper" or "same_lower" the output has n*s cells, or as many as
``output_shape`` says; what is too much is cut off, one half on either side, the odd cell after for "same_upper" and before for
"same_lower". Source: torch.nn.ConvTranspose2d; ONNX, ConvTranspose.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from convproof.core.channels import LETTERS, PADDING_LETTERS
from convproof.core.shapes import Array, Cell
from convproof.core.window import SAME, Window, windows_from


@dataclass(frozen=True)
class Side:
    """One axis of an input of ``inputs`` cells and an output of ``outputs``; the window's taps are where an input cell lands."""

    window: Window
    inputs: int
    outputs: int

    @property
    def full(self) -> int:
        """How long the output is before anything is cut off."""
        return max((self.inputs - 1) * self.window.stride + self.window.extent, self.window.before + self.outputs)

    @property
    def kept(self) -> slice:
        """What is left of it."""
        return slice(self.window.before, self.window.before + self.outputs)

    def landing(self, tap: int) -> slice:
        """Where one tap of every input cell lands, before anything is cut off."""
        first = tap * self.window.dilation
        return slice(first, first + (self.inputs - 1) * self.window.stride + 1, self.window.stride)

    def lands(self, outputs: range) -> tuple[Array, Array]:
        """For each output of a run and each tap: the input that would land there, and whether there is one."""
        places = np.arange(outputs.start, outputs.stop)[:, None] + self.window.before
        inputs, left = np.divmod(places - np.arange(self.window.kernel) * self.window.dilation, self.window.stride)
        return inputs, (left == 0) & (inputs >= 0) & (inputs < self.inputs)

    def arrivals(self, output: int) -> tuple[Array, Array]:
        """Tap and input of everything that lands on one output, in the order of the inputs."""
        inputs, lands = self.lands(range(output, output + 1))
        taps = np.flatnonzero(lands[0])[::-1]
        return taps, inputs[0, taps]

    def counts(self) -> Array:
        """How many inputs land on each output."""
        return np.asarray(self.lands(range(self.outputs))[1].sum(axis=1))

    def reached(self, outputs: range) -> range:
        """From the first to the last input that lands on a run of outputs; an empty range if none does."""
        inputs, lands = self.lands(outputs)
        return range(int(inputs[lands].min()), int(inputs[lands].max()) + 1) if lands.any() else range(0)


def transposed_windows(kernel_size: Any, stride: Any, padding: Any, dilation: Any, axes: int) -> tuple[Window, ...]:
    """One Window for each spatial axis, bare where the padding is a word. Raises SettingError."""
    return windows_from(kernel_size, stride, 0 if isinstance(padding, str) else padding, dilation, axes)


def side_on(window: Window, output_padding: int, padding: str, output_shape: int | None, size: int) -> Side:
    """An axis of ``size`` input cells. ``padding`` is "same_upper" or "same_lower", or "" where the window has it."""
    full = (size - 1) * window.stride + window.extent + output_padding
    if padding not in SAME:
        return Side(window, size, full - window.before - window.after)
    outputs = size * window.stride if output_shape is None else output_shape
    cut = max(0, full - outputs)
    before = cut // 2 if padding == "same_upper" else cut - cut // 2
    return Side(replace(window, before=before, after=cut - before), size, outputs)


def equation(windows: Sequence[Window], per_group: tuple[int, int] | None, bias: bool, unknown_padding: bool) -> str:
    """The formula with this layer's own stride, dilation and padding filled in; ``per_group`` are the input and output channels of a
    group, None if there is only one. A padding that nobody knows yet is a letter.
    """
    spots, taps = LETTERS[len(windows)]
    lands = [w.reads_as(i, u) for i, u, w in zip(spots, taps, windows, strict=True)]
    if unknown_padding:
        lands = [f"{place} - {p}" for place, p in zip(lands, PADDING_LETTERS, strict=False)]
    channel, out = ("c", "o") if per_group is None else (f"c + {per_group[0]}*(o // {per_group[1]})", f"o % {per_group[1]}")
    letters = ", ".join((*spots, *taps))
    product = f"weight[{channel}, {out}, {', '.join(taps)}] * x[n, {channel}, {', '.join(spots)}]"
    return f"y[n, o, {', '.join(lands)}] = {'bias[o] + ' if bias else ''}sum over c and all {letters} that land there of {product}"


@dataclass(frozen=True)
class Arrivals:
    """What lands on one output cell, as flat arrays over (c, i, j): which cell of which input channel, under which tap of the kernel.

    ``channel`` counts input channels from 0 in the whole input; ``place`` and ``tap`` have one row a spatial axis; ``row`` is how many
    inputs stand in a row of one channel, ``plane`` how many there are of one channel.
    """

    channel: Array
    place: Array
    tap: Array
    row: int
    plane: int


def arrivals_at(cell: Cell, sides: Sequence[Side], channels: int, outputs_per_group: int) -> Arrivals:
    """All that lands on output ``cell`` = (o, i, j) of one image; ``channels`` are the input channels of one group."""
    first = cell[0] // outputs_per_group * channels
    found = [side.arrivals(i) for side, i in zip(sides, cell[1:], strict=True)]
    grids = [np.meshgrid(np.arange(first, first + channels), *axes, indexing="ij") for axes in zip(*found, strict=True)]
    tap, place = (np.stack([axis.reshape(-1) for axis in grid[1:]]) for grid in grids)
    counts = [len(taps) for taps, _ in found]
    return Arrivals(grids[0][0].reshape(-1), place, tap, counts[-1], math.prod(counts))
