"""The average poolings that users meet: torch.nn's names, signatures and defaults; and ONNX's GlobalAveragePool."""

import math
from collections.abc import Sequence
from typing import Any, cast

import numpy as np

from convproof.core.axes import is_whole, per_axis
from convproof.core.calls import Calls
from convproof.core.derivation import Node
from convproof.core.errors import NotCoveredError, SettingError
from convproof.core.layer import Case, Gradients, Step
from convproof.core.lines import Lines
from convproof.core.operators import Result, Written
from convproof.core.records import Convention
from convproof.core.shapes import Array, Cell, Shape
from convproof.layers.pool import bound, conventions, derive, formula, gradient
from convproof.layers.pool.base import Adaptive, Global, Pool, Sliding
from convproof.layers.pool.writing import written_windows


class Average(Pool):
    """What average poolings share."""

    count_include_pad = True
    divisor_override: int | None = None

    def formula_over(self, spots: str, taps: str, x: str) -> str:
        """The mean."""
        return f"y[n, c, {spots}] = 1/D * sum over {taps} of {x}"

    def compute(self, *inputs: Array) -> tuple[Array, ...]:
        """The means."""
        batch = self.batched(inputs[0])
        sides = self.sides(batch.array.shape[2:])
        return (batch.off(formula.average_pool(batch.array, sides, self.count_include_pad, self.divisor_override)),)

    def tree(self, cell: Cell, case: Case) -> Node:
        """The window's sum and its divisor."""
        lead, plane, spot = self.plane(cell, case.x)
        sides = self.sides(plane.shape)
        return derive.derive_average(lead, plane, spot, sides, self.count_include_pad, self.divisor_override)

    def bounds(self, cells: Array | None, case: Case) -> Lines:
        """See ``bound``."""
        batch = self.batched(case.x)
        sides, came = self.sides(batch.array.shape[2:]), batch.lines(case.came())
        found = bound.lines_average(
            batch.cells(cells), batch.array, sides, self.count_include_pad, self.divisor_override, came, case.arithmetic
        )
        return found if cells is not None else found.map(batch.off)

    def pull(self, step: Step, *dy: Array) -> Gradients:
        """See ``gradient``."""
        batch = self.batched(cast("Array", step.inputs[0]))
        sizes = batch.array.shape[2:]
        sides = self.sides(sizes)
        D = formula.divisors(sizes, sides, self.count_include_pad, self.divisor_override)
        with np.errstate(invalid="ignore", divide="ignore"):
            share = batch.on(dy[0]) / D.astype(dy[0].dtype)
        return Gradients((batch.off(gradient.pull_sums(share, sizes, sides)),))

    def conventions(self) -> tuple[Convention, ...]:
        """See ``conventions``."""
        return conventions.CONVENTIONS[type(self).__name__]


class AvgPool(Sliding, Average):
    """The mean of every window, along any number of spatial axes."""

    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: Any = None,
        *,
        dilation: Any = 1,
    ) -> None:
        super().__init__()
        self.slide(kernel_size, kernel_size if stride is None else stride, padding, dilation, ceil_mode)
        self.count_include_pad, self.divisor_override = bool(count_include_pad), _integer_or_none(divisor_override)

    def settings(self) -> dict[str, Any]:
        """The settings that differ from the defaults."""
        return self.window_settings() | self.own_settings(count_include_pad=True, divisor_override=None)

    def in_torch(self, shapes: Sequence[Shape], training: bool) -> Calls | None:
        """See ``in_torch``."""
        from convproof.layers.pool import in_torch

        return in_torch.average(self, shapes[0])

    def written(self) -> tuple[Written, ...]:
        """AveragePool, and Mul where the divisor is one's own. Raises NotCoveredError where that divisor meets clipped windows."""
        windows = written_windows(self) | {"count_include_pad": int(self.count_include_pad or self.divisor_override is not None)}
        if self.divisor_override is None:
            return (Written("AveragePool", (0,), windows),)
        if self.ceil_mode:
            raise NotCoveredError(
                "{layer} cannot be written as ONNX: windows that ceil_mode clips have sizes of their own, which one factor cannot undo",
                layer=self.describe(),
            )
        factor = math.prod(w.kernel for w in self.windows) / self.divisor_override
        return Written("AveragePool", (0,), windows), Written("Mul", (Result(0), np.array(factor, self.dtype)))


class AvgPool1d(AvgPool):
    """The mean of every window, over (N, C, W) or (C, W).

    Arguments and defaults are torch.nn.AvgPool1d's; see AvgPool2d for ``padding`` and ``dilation``.
    """

    axes = 1

    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        *,
        dilation: Any = 1,
    ) -> None:
        super().__init__(kernel_size, stride, padding, ceil_mode, count_include_pad, dilation=dilation)
        self.kernel_size = per_axis(kernel_size, 1, "kernel_size", 1)
        self.stride = per_axis(self.stride, 1, "stride", 1)
        self.padding = (padding,) if isinstance(padding, int) else padding

    def settings(self) -> dict[str, Any]:
        """The settings that differ from the defaults."""
        return {name: value for name, value in super().settings().items() if name != "divisor_override"}


class AvgPool2d(AvgPool):
    """The mean of every window, over (N, C, H, W) or (C, H, W).

    Arguments and defaults are torch.nn.AvgPool2d's; ``stride=None`` means the kernel size. ``count_include_pad=False`` divides by the cells
    that are not padding, ``divisor_override`` by an integer of one's own. ``padding``, at most half the kernel, may also be one
    (before, after) pair for each axis, ((top, bottom), (left, right)), of any size, or "same_upper" or "same_lower": as much as it
    takes for ceil(size / stride) outputs, the odd cell after or before the input. ``dilation`` puts the taps of a window that far
    apart, as ONNX's AveragePool can. A window without a cell that counts has the mean NaN.

    Raises SettingError for settings that cannot be, ShapeError for an input that does not fit.
    """

    axes = 2


class AvgPool3d(AvgPool):
    """The mean of every window, over (N, C, D, H, W) or (C, D, H, W).

    Arguments and defaults are torch.nn.AvgPool3d's; see AvgPool2d for ``padding`` and ``dilation``.
    """

    axes = 3


class AdaptiveAvgPool(Adaptive, Average):
    """The mean of every bin, along any number of spatial axes."""

    def __init__(self, output_size: Any) -> None:
        super().__init__()
        self.share_out(output_size)

    def written(self) -> tuple[Written, ...]:
        """GlobalAveragePool, where a single cell of every channel is left. Raises NotCoveredError for anything else."""
        if not self.is_global():
            raise NotCoveredError(
                "{layer} cannot be written as ONNX, which only has windows of one size: give the input a size that it divides evenly, "
                "or use an AvgPool",
                layer=self.describe(),
            )
        return (Written("GlobalAveragePool"),)

    def written_by(self, windows: dict[str, Any]) -> tuple[Written, ...]:
        """AveragePool."""
        return (Written("AveragePool", (0,), windows),)


class AdaptiveAvgPool1d(AdaptiveAvgPool):
    """The mean of every one of ``output_size`` bins, over (N, C, W) or (C, W); see AdaptiveAvgPool2d."""

    axes = 1


class AdaptiveAvgPool2d(AdaptiveAvgPool):
    """The mean of every bin, over (N, C, H, W) or (C, H, W).

    Every axis is shared out into ``output_size`` bins (one number for all axes, or one for each, None for the input's own size): bin i is
    floor(i*size/bins) up to ceil((i + 1)*size/bins), so that neighbours overlap where the division is not even. With 1 it is the mean
    of every channel.

    Raises SettingError for settings that cannot be, ShapeError for an input that does not fit.
    """

    axes = 2


class AdaptiveAvgPool3d(AdaptiveAvgPool):
    """The mean of every one of ``output_size`` bins, over (N, C, D, H, W) or (C, D, H, W); see AdaptiveAvgPool2d."""

    axes = 3


class GlobalAveragePool(Global, Average):
    """The mean of every channel, over (N, C, ...) with any number of spatial axes, each of which is left with one cell.

    ONNX's GlobalAveragePool; in torch an AdaptiveAvgPool2d(1), or mean over all spatial axes with keepdim=True.
    """

    def in_torch(self, shapes: Sequence[Shape], training: bool) -> Calls:
        """torch.mean"""
        from convproof.layers.pool import in_torch

        return in_torch.whole("mean", shapes[0])

    def written(self) -> tuple[Written, ...]:
        """GlobalAveragePool."""
        return (Written("GlobalAveragePool"),)


def _integer_or_none(divisor: Any) -> int | None:
    """A divisor of one's own. Raises SettingError unless it is None or an integer other than 0."""
    if divisor is None:
        return None
    if not is_whole(divisor):
        raise SettingError("divisor_override={divisor!r}: expected an integer other than 0, or None for the window's size", divisor=divisor)
    if divisor == 0:
        raise SettingError("divisor_override=0: nothing can be divided by 0; give another integer, or None for the window's size")
    return int(divisor)
