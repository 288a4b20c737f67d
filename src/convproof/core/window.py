"""Window geometry of one axis: which inputs an output looks at.

A kernel of k taps, d apart, moves in steps of s over an axis of n cells that was lengthened by ``before`` and ``after``:

    tap u of output i reads input  i*s + u*d - before          (outside 0 .. n-1 it reads padding)
    number of outputs              floor((n + before + after - d*(k - 1) - 1) / s) + 1

Rounded up (``ceil``), a last window that begins in the padding after the axis is left out, as in PyTorch.

A padding may be said by what it is for: "same" keeps as many outputs as ceil(n / s), so that it depends on n:

    padding in all     max(0, (ceil(n / s) - 1)*s + d*(k - 1) + 1 - n)      half of it on either side
    the odd cell       after the axis for "same_upper", before it for "same_lower"        (ONNX's auto_pad)
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from convproof.core.axes import per_axis
from convproof.core.errors import SettingError
from convproof.core.shapes import Array

SAME = ("same_upper", "same_lower")


@dataclass(frozen=True)
class Window:
    """Kernel size, stride, dilation and padding along one axis, in cells."""

    kernel: int
    stride: int = 1
    dilation: int = 1
    before: int = 0
    after: int = 0
    ceil: bool = False

    @property
    def extent(self) -> int:
        """How many cells the window spans, holes included: d*(k - 1) + 1."""
        return self.dilation * (self.kernel - 1) + 1

    def outputs(self, size: int) -> int:
        """How many places the window finds on an axis of ``size`` cells; 0 or less if it does not fit."""
        room = size + self.before + self.after - self.extent
        if not self.ceil:
            return room // self.stride + 1
        count = -(-room // self.stride) + 1
        return count - 1 if (count - 1) * self.stride >= size + self.before else count

    def taps(self, output: int) -> range:
        """The input coordinates that output number ``output`` reads; those outside the axis are padding."""
        first = output * self.stride - self.before
        return range(first, first + self.extent, self.dilation)

    def reach(self, outputs: range) -> range:
        """All input coordinates from the first to the last that a run of outputs reads."""
        return range(self.taps(outputs[0])[0], self.taps(outputs[-1])[-1] + 1)

    def overhang(self, size: int) -> int:
        """How far the last window stands out beyond the padded axis (only with ``ceil``)."""
        last = (self.outputs(size) - 1) * self.stride + self.extent
        return max(0, last - (size + self.before + self.after))

    def reads_as(self, output: str, tap: str) -> str:
        """The coordinate that tap ``tap`` of output ``output`` reads, in letters: 2*i + u - 1."""
        start = output if self.stride == 1 else f"{self.stride}*{output}"
        step = tap if self.dilation == 1 else f"{self.dilation}*{tap}"
        return f"{start} + {step}" + (f" - {self.before}" if self.before else "")

    def same(self, size: int, padding: str) -> "Window":
        """The window with the padding that "same_upper" or "same_lower" means for an axis of ``size`` cells."""
        total = max(0, (-(-size // self.stride) - 1) * self.stride + self.extent - size)
        small, large = total // 2, total - total // 2
        before, after = (large, small) if padding == "same_lower" else (small, large)
        return replace(self, before=before, after=after, ceil=False)

    def unpadded(self) -> "Window":
        """The same window for an axis to which the padding has been attached already."""
        return replace(self, before=0, after=0)


def windows_from(kernel_size: Any, stride: Any, padding: Any, dilation: Any, axes: int) -> tuple[Window, ...]:
    """One Window for each spatial axis, from settings given once or for each axis.

    ``padding`` is a number, one number an axis, or one (before, after) pair an axis. Raises SettingError.
    """
    kernel = per_axis(kernel_size, axes, "kernel_size", 1)
    steps = per_axis(stride, axes, "stride", 1)
    holes = per_axis(dilation, axes, "dilation", 1)
    pads = _pairs(padding, axes)
    return tuple(Window(k, s, d, before, after) for k, s, d, (before, after) in zip(kernel, steps, holes, pads, strict=True))


def _pairs(padding: Any, axes: int) -> tuple[tuple[int, int], ...]:
    if isinstance(padding, Sequence) and any(isinstance(pair, Sequence) for pair in padding):
        if len(padding) != axes or isinstance(padding, str):
            raise SettingError("padding={padding!r}: expected {axes} pairs (before, after), one an axis", padding=padding, axes=axes)
        pairs = (per_axis(pair, 2, "padding") for pair in padding)
        return tuple((before, after) for before, after in pairs)
    return tuple((p, p) for p in per_axis(padding, axes, "padding"))


def as_given(windows: Sequence[Window]) -> tuple[Any, ...]:
    """The padding of windows as torch's attribute has it, one number an axis; as pairs where the two sides differ."""
    equal = all(w.before == w.after for w in windows)
    return tuple(w.before if equal else (w.before, w.after) for w in windows)


def windows_of(padded: Array, windows: Sequence[Window]) -> Array:
    """Every window of an array as a view: (N, C, *spatial) -> (N, C, *outputs, *kernel).

    ``padded`` carries its padding already; ``windows`` has one entry for each spatial axis.
    """
    axes = tuple(range(2, 2 + len(windows)))
    spans = np.lib.stride_tricks.sliding_window_view(padded, tuple(w.extent for w in windows), axis=axes)
    steps = tuple(slice(None, None, w.stride) for w in windows)
    holes = tuple(slice(None, None, w.dilation) for w in windows)
    return spans[(slice(None), slice(None), *steps, *holes)]
