"""The max poolings that users meet: torch.nn's names, signatures and defaults; and ONNX's GlobalMaxPool."""

import math
from collections.abc import Sequence
from typing import Any, cast

from convproof.core.calls import Calls
from convproof.core.derivation import Node
from convproof.core.errors import NotCoveredError, SettingError
from convproof.core.layer import Case, Gradients, Step
from convproof.core.lines import Lines
from convproof.core.operators import Written
from convproof.core.records import Convention
from convproof.core.sentence import listed
from convproof.core.shapes import Array, Cell, Shape
from convproof.layers.pool import bound, conventions, derive, formula, gradient, place_bound
from convproof.layers.pool.base import Adaptive, Global, Pool, Sliding
from convproof.layers.pool.writing import with_indices_of_a_plane, written_windows

COUNTED = ("plane", "array")


class Maximum(Pool):
    """What max poolings share."""

    return_indices = False
    indices_in = "plane"
    storage_order = 0

    def formula_over(self, spots: str, taps: str, x: str) -> str:
        """The largest."""
        return f"y[n, c, {spots}] = max over {taps} of {x}"

    def shapes(self, *shapes: Shape) -> tuple[Shape, ...]:
        """(N, C, *sizes) -> (N, C, *outputs), twice with ``return_indices``."""
        found = super().shapes(*shapes)
        return found * 2 if self.return_indices else found

    def compute(self, *inputs: Array) -> tuple[Array, ...]:
        """The largest numbers, and where they stand if that was asked for."""
        batch, sides = self.batched(inputs[0]), self.sides_of(inputs[0].shape)
        largest = batch.off(formula.max_pool(batch.array, sides))
        if not self.return_indices:
            return (largest,)
        places = formula.winners(batch.array, sides)
        return largest, batch.off(formula.numbered(places, batch.array.shape[2:], self.storage_order == 1, self.indices_in == "array"))

    def tree(self, cell: Cell, case: Case) -> Node:
        """The window and its winner; for output 1, where the winner stands."""
        lead, plane, spot = self.plane(cell, case.x)
        sides = self.sides(plane.shape)
        if not case.output:
            return derive.derive_max(lead, plane, spot, sides)
        planes = sum(i * math.prod(case.x.shape[axis + 1 : len(lead)]) for axis, i in enumerate(lead))
        before = planes * plane.size if self.indices_in == "array" else None
        return derive.derive_place(plane, spot, sides, self.storage_order == 1, before)

    def bounds(self, cells: Array | None, case: Case) -> Lines:
        """See ``bound`` and ``place_bound``."""
        batch, sides = self.batched(case.x), self.sides_of(case.x.shape)
        some, came = batch.cells(cells), batch.lines(case.came())
        if case.output:
            found = place_bound.lines_place(some, batch.array, sides, self.storage_order == 1, self.indices_in == "array", came)
        else:
            found = bound.lines_max(some, batch.array, sides, came)
        return found if cells is not None else found.map(batch.off)

    def pull(self, step: Step, *dy: Array) -> Gradients:
        """See ``gradient``."""
        batch = self.batched(cast("Array", step.inputs[0]))
        sizes = batch.array.shape[2:]
        places = formula.winners(batch.array, self.sides(sizes))
        return Gradients((batch.off(gradient.pull_max(batch.on(dy[0]), places, sizes)),))

    def conventions(self) -> tuple[Convention, ...]:
        """See ``conventions``."""
        return conventions.CONVENTIONS[type(self).__name__]


class MaxPool(Sliding, Maximum):
    """The largest number of every window, along any number of spatial axes."""

    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        dilation: Any = 1,
        return_indices: bool = False,
        ceil_mode: bool = False,
        *,
        indices_in: str = "plane",
        storage_order: int = 0,
    ) -> None:
        super().__init__()
        self.slide(kernel_size, kernel_size if stride is None else stride, padding, dilation, ceil_mode)
        self.return_indices = bool(return_indices)
        if indices_in not in COUNTED:
            raise SettingError("indices_in={found!r}: expected one of {known}", found=indices_in, known=listed(COUNTED))
        if storage_order not in (0, 1):
            raise SettingError(
                "storage_order={found!r}: expected 0 (indices count row by row) or 1 (column by column)", found=storage_order
            )
        self.indices_in, self.storage_order = indices_in, int(storage_order)

    def settings(self) -> dict[str, Any]:
        """The settings that differ from the defaults."""
        return self.window_settings() | self.own_settings(return_indices=False, indices_in="plane", storage_order=0)

    def in_torch(self, shapes: Sequence[Shape], training: bool) -> Calls | None:
        """See ``in_torch``."""
        from convproof.layers.pool import in_torch

        return in_torch.maximum(self, shapes[0])

    def written(self) -> tuple[Written, ...]:
        """MaxPool, whose indices count through the whole array; what they are in one plane follows from its size."""
        order = {"storage_order": 1} if self.storage_order else {}
        windows = written_windows(self) | order
        if self.return_indices and self.indices_in != "array":
            return with_indices_of_a_plane(windows, self.axes)
        return (Written("MaxPool", (0,), windows, 1 + self.return_indices),)


class MaxPool1d(MaxPool):
    """The largest number of every window, over (N, C, W) or (C, W).

    Arguments and defaults are torch.nn.MaxPool1d's; see MaxPool2d for what ``indices_in`` and ``storage_order`` add, and ``padding``.
    """

    axes = 1


class MaxPool2d(MaxPool):
    """The largest number of every window, over (N, C, H, W) or (C, H, W).

    Arguments and defaults are torch.nn.MaxPool2d's; ``stride=None`` means the kernel size. ``padding``, at most half the kernel, may also
    be one (before, after) pair for each axis, ((top, bottom), (left, right)), of any size, or "same_upper" or "same_lower": as much as it
    takes for ceil(size / stride) outputs, the odd cell after or before the input. Padding never wins.

    With ``return_indices`` a second output says where each winner stands (int64), counted row by row in its plane, the first of equal
    numbers; -1 where a window reads padding alone, and the maximum is -inf. ``indices_in`` "array" counts on through the planes of
    the whole (N, C, H, W) array, and ``storage_order`` 1 counts the cells of a plane column by column, as ONNX's MaxPool can.

    Integers of any type are taken as they are. Raises SettingError for settings that cannot be, ShapeError for an input that does not fit.
    """

    axes = 2


class MaxPool3d(MaxPool):
    """The largest number of every window, over (N, C, D, H, W) or (C, D, H, W).

    Arguments and defaults are torch.nn.MaxPool3d's; see MaxPool2d for what ``indices_in`` and ``storage_order`` add, and ``padding``.
    """

    axes = 3


class AdaptiveMaxPool(Adaptive, Maximum):
    """The largest number of every bin, along any number of spatial axes."""

    def __init__(self, output_size: Any, return_indices: bool = False) -> None:
        super().__init__()
        self.share_out(output_size)
        self.return_indices = bool(return_indices)

    def settings(self) -> dict[str, Any]:
        """The output's size, and whether indices are given back."""
        return super().settings() | self.own_settings(return_indices=False)

    def written(self) -> tuple[Written, ...]:
        """GlobalMaxPool, where a single cell of every channel is left. Raises NotCoveredError for anything else."""
        if not self.is_global():
            raise NotCoveredError(
                "{layer} cannot be written as ONNX, which only has windows of one size: give the input a size that it divides evenly, "
                "or use a MaxPool",
                layer=self.describe(),
            )
        return (Written("GlobalMaxPool"),)

    def is_global(self) -> bool:
        """Indices come from MaxPool alone."""
        return super().is_global() and not self.return_indices

    def written_by(self, windows: dict[str, Any]) -> tuple[Written, ...]:
        """MaxPool."""
        return with_indices_of_a_plane(windows, self.axes) if self.return_indices else (Written("MaxPool", (0,), windows),)


class AdaptiveMaxPool1d(AdaptiveMaxPool):
    """The largest number of every one of ``output_size`` bins, over (N, C, W) or (C, W); see AdaptiveMaxPool2d."""

    axes = 1


class AdaptiveMaxPool2d(AdaptiveMaxPool):
    """The largest number of every bin, over (N, C, H, W) or (C, H, W); Arguments and defaults are torch.nn.AdaptiveMaxPool2d's.

    Every axis is shared out into ``output_size`` bins (one number for all axes, or one for each, None for the input's own size): bin i is
    floor(i*size/bins) up to ceil((i + 1)*size/bins), so that neighbours overlap where the division is not even. With ``return_indices``
    a second output says where in its plane each winner stands, counted row by row (int64).

    Raises SettingError for settings that cannot be, ShapeError for an input that does not fit.
    """

    axes = 2


class AdaptiveMaxPool3d(AdaptiveMaxPool):
    """The largest number of every one of ``output_size`` bins, over (N, C, D, H, W) or (C, D, H, W); see AdaptiveMaxPool2d."""

    axes = 3


class GlobalMaxPool(Global, Maximum):
    """The largest number of every channel, over (N, C, ...) with any number of spatial axes, each of which is left with one cell.

    ONNX's GlobalMaxPool; in torch an AdaptiveMaxPool2d(1), or amax over all spatial axes with keepdim=True.
    """

    def in_torch(self, shapes: Sequence[Shape], training: bool) -> Calls:
        """torch.amax"""
        from convproof.layers.pool import in_torch

        return in_torch.whole("amax", shapes[0])

    def written(self) -> tuple[Written, ...]:
        """GlobalMaxPool."""
        return (Written("GlobalMaxPool"),)
