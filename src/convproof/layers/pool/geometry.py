"""Where pooling windows lie: one side for every spatial axis, and the cells under one output.

A side says what the outputs along one axis of known size read: a ``Window`` that slides (core.window), or ``Bins`` that share the axis
out. A padding of "same_upper" or "same_lower" becomes numbers where the size of the input is known: see core.window.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from convproof.core.shapes import Array, Cell, Int
from convproof.core.window import Window

Pairs = Iterator[tuple[slice, slice]]


@dataclass(frozen=True)
class Bins:
    """An axis of ``size`` cells shared out among ``count`` outputs: bin i is floor(i*size/count) up to ceil((i + 1)*size/count).

    Neighbouring bins overlap where ``count`` does not divide ``size``. Source: torch.nn.AdaptiveAvgPool2d.
    """

    size: int
    count: int
    before: ClassVar[int] = 0
    after: ClassVar[int] = 0

    def outputs(self, size: int) -> int:
        """How many bins there are."""
        return self.count

    def taps(self, output: int) -> range:
        """The cells of one bin."""
        return range(output * self.size // self.count, -(-(output + 1) * self.size // self.count))

    def reach(self, outputs: range) -> range:
        """All cells from the first to the last bin of a run of outputs."""
        return range(self.taps(outputs[0]).start, self.taps(outputs[-1]).stop)

    @property
    def kernel(self) -> int:
        """The size of the largest bin."""
        return max((len(self.taps(output)) for output in range(self.count)), default=0)


Side = Window | Bins


def shared_out(size: int, count: int | None) -> Side:
    """The bins of an axis; None leaves every cell alone. Bins of equal size are a window that slides by its own size."""
    count = size if count is None else count
    return Window(size // count, size // count) if count and size % count == 0 else Bins(size, count)


def inside(taps: range, size: int) -> range:
    """The taps that lie on an axis of ``size`` cells."""
    first = max(0, -(taps.start // taps.step))  # the first tap that is not before the axis
    return taps[first : max(first, -((taps.start - size) // taps.step))]


def is_regular(side: Side, size: int) -> bool:
    """Whether it takes fewer steps to go through the taps, all outputs at once, than through the outputs."""
    return isinstance(side, Window) and side.kernel <= side.outputs(size)


def covers(side: Side, size: int) -> bool:
    """Whether one output reads the whole axis."""
    return side.outputs(size) == 1 and side.taps(0) == range(size)


def steps(side: Side, size: int) -> Pairs:
    """Slices of outputs along an axis and of the cells that they read: one tap of many outputs, or all taps of one. Padding is left out."""
    if isinstance(side, Window) and is_regular(side, size):
        for u in range(side.kernel):
            first = u * side.dilation - side.before  # the cell that tap u of output 0 reads
            low = max(0, -(first // side.stride))
            high = min(side.outputs(size), -((first - size) // side.stride))
            if low < high:
                start = low * side.stride + first
                yield slice(low, high), slice(start, start + (high - low - 1) * side.stride + 1, side.stride)
        return
    for output in range(side.outputs(size)):
        taps = inside(side.taps(output), size)
        if len(taps):
            yield slice(output, output + 1), slice(taps.start, taps[-1] + 1, taps.step)


def pairs(side: Side, size: int) -> Pairs:
    """The same steps with one cell for each output."""
    for outputs, cells in steps(side, size):
        if is_regular(side, size):
            yield outputs, cells
        else:
            yield from ((outputs, slice(cell, cell + 1)) for cell in range(size)[cells])


def counts(side: Side, size: int, padded: bool) -> Int[Array, "outputs"]:
    """How many cells each output reads along an axis: of the padded axis, or of the input alone. Cells beyond both never count."""
    outputs = np.arange(side.outputs(size))
    if isinstance(side, Bins):
        return np.array([len(side.taps(output)) for output in range(side.count)], np.int64)
    low, high = (-side.before, size + side.after) if padded else (0, size)
    starts = outputs * side.stride - side.before
    first = np.maximum(0, -((starts - low) // side.dilation))
    beyond = np.minimum(side.kernel, -((starts - high) // side.dilation))
    return np.asarray(np.maximum(0, beyond - first), np.int64)


@dataclass(frozen=True)
class Patch:
    """The cells under one window, in reading order, one row a cell and one column a spatial axis.

    ``inside`` is True where a cell lies in the input and False where it is padding. ``whole`` is how many taps the window has: cells
    beyond the padding, where ``ceil_mode`` lets a window stand out, are left out of ``cells``. ``row`` is how many cells a row has.
    """

    cells: Int[Array, "cells axes"]
    inside: Array
    whole: int
    row: int

    @property
    def real(self) -> Int[Array, "real axes"]:
        """The cells that lie in the input."""
        return np.asarray(self.cells[self.inside])

    @property
    def padding(self) -> int:
        """How many of the cells are padding."""
        return len(self.cells) - int(self.inside.sum())

    def numbers(self, plane: Array) -> Array:
        """What the input has under the window, padding left out."""
        return np.asarray(plane[tuple(self.real.T)])


def patch_of(spot: Cell, sides: Sequence[Side], sizes: Sequence[int]) -> Patch:
    """The patch under one output spot of a plane of these sizes."""
    axes, whole = [], 1
    for side, output, size in zip(sides, spot, sizes, strict=True):
        taps = np.array(side.taps(output), np.int64)
        axes.append(taps[taps < size + side.after])
        whole *= len(taps)
    cells = np.stack([grid.reshape(-1) for grid in np.meshgrid(*axes, indexing="ij")], axis=1)
    found = np.asarray(((cells >= 0) & (cells < np.array(sizes))).all(axis=1))
    return Patch(cells, found, whole, len(axes[-1]))
