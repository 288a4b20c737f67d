"""The pooling layers that users meet: torch.nn's names, signatures and defaults."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

import numpy as np

from convproof.core.axes import Batched
from convproof.core.derivation import Node
from convproof.core.errors import SettingError, ShapeError
from convproof.core.layer import Case, Gradients, Layer, Step
from convproof.core.lines import Lines
from convproof.core.records import Convention
from convproof.core.shapes import Array, Cell, Region, Shape
from convproof.core.window import Window, windows_from
from convproof.layers.pool import bound, conventions, derive, formula, gradient

AXES = {1: "W", 2: "H, W", 3: "D, H, W"}


class Pool(Layer):
    """What poolings of any number of spatial axes share."""

    axes = 2

    def __init__(self, kernel_size: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: bool) -> None:
        super().__init__()
        steps = kernel_size if stride is None else stride
        windows = windows_from(kernel_size, steps, padding, dilation, self.axes)
        if any(max(w.before, w.after) * 2 > w.kernel for w in windows):
            raise SettingError(
                "padding={padding} must be at most half of kernel_size={kernel_size}", padding=padding, kernel_size=kernel_size
            )
        self.windows: tuple[Window, ...] = tuple(replace(w, ceil=bool(ceil_mode)) for w in windows)
        self.kernel_size, self.stride, self.padding, self.dilation = kernel_size, steps, padding, dilation
        self.ceil_mode = bool(ceil_mode)

    def settings(self) -> dict[str, Any]:
        """The kernel, and the settings that differ from the defaults."""
        usual = {"padding": 0, "dilation": 1, "ceil_mode": False}
        rest = {name: getattr(self, name) for name, value in usual.items() if getattr(self, name) != value}
        own = {"kernel_size": self.kernel_size}
        return own | ({} if self.stride == self.kernel_size else {"stride": self.stride}) | rest

    def shapes(self, *shapes: Shape) -> tuple[Shape, ...]:
        """(N, C, *sizes) -> (N, C, *outputs); the batch axis may be left out."""
        self.names_of(len(shapes))
        (shape,) = shapes
        if len(shape) not in (self.axes + 1, self.axes + 2) or 0 in shape[-self.axes - 1 :]:
            raise ShapeError(
                "{layer} expects x of shape (N, C, {axes}) or (C, {axes}), of which only N may be 0; got {shape}",
                layer=self.describe(),
                axes=AXES[self.axes],
                shape=shape,
            )
        sizes = shape[-self.axes :]
        outputs = tuple(w.outputs(size) for w, size in zip(self.windows, sizes, strict=True))
        if min(outputs) < 1:
            raise ShapeError(
                "{layer} spans {extent} cells, more than the padded input {padded} has (input shape {shape}); use a smaller kernel",
                layer=self.describe(),
                extent=tuple(w.extent for w in self.windows),
                padded=tuple(size + w.before + w.after for w, size in zip(self.windows, sizes, strict=True)),
                shape=shape,
            )
        return ((*shape[: -self.axes], *outputs),)

    def batched(self, x: Array) -> Batched:
        """The input with its batch axis."""
        return Batched.of(x, self.axes + 2)

    def plane(self, cell: Cell, x: Array) -> tuple[Cell, Array, Cell]:
        """The indices before the spatial ones, the plane that they choose, and the output spot."""
        lead = cell[: -self.axes]
        return lead, x[lead], cell[-self.axes :]

    def reads(self, region: Region, *shapes: Shape, output: int = 0) -> tuple[Region, ...]:
        """The windows of the first to the last output, in the same channels."""
        spots = region[-self.axes :]
        return ((*region[: -self.axes], *(w.reach(r) for w, r in zip(self.windows, spots, strict=True))),)

    def letters(self) -> tuple[str, str]:
        """The output's indices and the input's, with this layer's own numbers."""
        pairs = zip("ijk", "uvw", self.windows, strict=False)
        return ", ".join("ijk"[: self.axes]), ", ".join(w.reads_as(i, u) for i, u, w in pairs)


class MaxPool2d(Pool):
    """The largest number of every window, over (N, C, H, W) or (C, H, W).

    Arguments and defaults are torch.nn.MaxPool2d's; ``stride=None`` means the kernel size. ``padding``, at most half the kernel, may also
    be one (before, after) pair for each axis, ((top, bottom), (left, right)). With ``return_indices`` a second output says where in its
    plane each winner stands, counted row by row (int64); it is -1 where a dilated window reads padding alone, and the maximum is -inf.

    Raises SettingError for settings that cannot be, ShapeError for an input that does not fit.
    """

    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        dilation: Any = 1,
        return_indices: bool = False,
        ceil_mode: bool = False,
    ) -> None:
        super().__init__(kernel_size, stride, padding, dilation, ceil_mode)
        self.return_indices = bool(return_indices)

    def settings(self) -> dict[str, Any]:
        """The settings that differ from the defaults."""
        return super().settings() | ({"return_indices": True} if self.return_indices else {})

    def equation(self) -> str:
        """The definition with this layer's own numbers."""
        spots, reads = self.letters()
        return f"y[n, c, {spots}] = max over {', '.join('uvw'[: self.axes])} of x[n, c, {reads}]"

    def shapes(self, *shapes: Shape) -> tuple[Shape, ...]:
        """(N, C, *sizes) -> (N, C, *outputs), twice with ``return_indices``."""
        found = super().shapes(*shapes)
        return found * 2 if self.return_indices else found

    def step(self, *inputs: Array, training: bool, draw: Any = None, state: Mapping[str, Array] | None = None) -> Step:
        """The largest numbers, and where they stand if that was asked for."""
        batch = self.batched(inputs[0])
        largest = batch.off(formula.max_pool(batch.array, self.windows))
        if not self.return_indices:
            return Step((largest,), inputs, training)
        return Step((largest, batch.off(formula.winners(batch.array, self.windows))), inputs, training)

    def tree(self, cell: Cell, case: Case) -> Node:
        """The window and its winner; for output 1, where the winner stands."""
        lead, plane, spot = self.plane(cell, case.x)
        return derive.derive_place(plane, spot, self.windows) if case.output else derive.derive_max(lead, plane, spot, self.windows)

    def bounds(self, cells: Array | None, case: Case) -> Lines:
        """See ``bound``; indices are never rounded."""
        batch = self.batched(case.x)
        came = batch.lines(case.came())
        if case.output:
            found = bound.lines_place(batch.cells(cells), batch.array, self.windows)
        else:
            found = bound.lines_max(batch.cells(cells), batch.array, self.windows, came)
        return found if cells is not None else found.map(batch.off)

    def pull(self, step: Step, *dy: Array) -> Gradients:
        """See ``gradient``."""
        batch = self.batched(cast("Array", step.inputs[0]))
        places = formula.winners(batch.array, self.windows)
        return Gradients((batch.off(gradient.pull_max(batch.on(dy[0]), places, batch.array.shape[2:])),))

    def conventions(self) -> tuple[Convention, ...]:
        """See ``conventions``."""
        return conventions.MAX


class AvgPool2d(Pool):
    """The mean of every window, over (N, C, H, W) or (C, H, W).

    Arguments and defaults are torch.nn.AvgPool2d's; ``stride=None`` means the kernel size. ``count_include_pad=False`` divides by the cells
    that are not padding, ``divisor_override`` by an integer of one's own. ``padding``, at most half the kernel, may also be one
    (before, after) pair for each axis, ((top, bottom), (left, right)).

    Raises SettingError for settings that cannot be, ShapeError for an input that does not fit.
    """

    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: Any = None,
    ) -> None:
        super().__init__(kernel_size, stride, padding, 1, ceil_mode)
        self.count_include_pad, self.divisor_override = bool(count_include_pad), _integer_or_none(divisor_override)

    def settings(self) -> dict[str, Any]:
        """The settings that differ from the defaults."""
        usual = {"count_include_pad": True, "divisor_override": None}
        return super().settings() | {name: getattr(self, name) for name, value in usual.items() if getattr(self, name) != value}

    def equation(self) -> str:
        """The definition with this layer's own numbers."""
        spots, reads = self.letters()
        return f"y[n, c, {spots}] = 1/D * sum over {', '.join('uvw'[: self.axes])} of x[n, c, {reads}]"

    def compute(self, *inputs: Array) -> tuple[Array, ...]:
        """The means."""
        batch = self.batched(inputs[0])
        y = formula.average_pool(batch.array, self.windows, self.count_include_pad, self.divisor_override)
        return (batch.off(y),)

    def tree(self, cell: Cell, case: Case) -> Node:
        """The window's sum and its divisor."""
        lead, plane, spot = self.plane(cell, case.x)
        return derive.derive_average(lead, plane, spot, self.windows, self.count_include_pad, self.divisor_override)

    def bounds(self, cells: Array | None, case: Case) -> Lines:
        """See ``bound``."""
        batch = self.batched(case.x)
        came = batch.lines(case.came())
        found = bound.lines_average(
            batch.cells(cells), batch.array, self.windows, self.count_include_pad, self.divisor_override, came, case.arithmetic
        )
        return found if cells is not None else found.map(batch.off)

    def pull(self, step: Step, *dy: Array) -> Gradients:
        """See ``gradient``."""
        batch = self.batched(cast("Array", step.inputs[0]))
        sizes = batch.array.shape[2:]
        D = formula.divisors(sizes, self.windows, self.count_include_pad, self.divisor_override)
        return Gradients((batch.off(gradient.pull_average(batch.on(dy[0]), D, sizes, self.windows)),))

    def conventions(self) -> tuple[Convention, ...]:
        """See ``conventions``."""
        return conventions.AVERAGE


def _integer_or_none(divisor: Any) -> int | None:
    """A divisor of one's own. Raises SettingError unless it is None or an integer other than 0."""
    if divisor is None:
        return None
    if not isinstance(divisor, int | np.integer) or isinstance(divisor, bool):
        raise SettingError("divisor_override={divisor!r}: expected an integer other than 0, or None for the window's size", divisor=divisor)
    if divisor == 0:
        raise SettingError("divisor_override=0: nothing can be divided by 0; give another integer, or None for the window's size")
    return int(divisor)
