"""What poolings share: where their windows lie, and what input they take."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from convproof.core.axes import Batched, is_whole
from convproof.core.errors import SettingError, ShapeError
from convproof.core.layer import Case, Layer
from convproof.core.operators import Operator, Written, with_batch
from convproof.core.sentence import listed
from convproof.core.shapes import Array, Cell, Region, Shape, Sizes
from convproof.core.window import SAME, Window, windows_from
from convproof.layers.pool.geometry import Side, shared_out
from convproof.layers.pool.writing import even_windows

AXES = {1: "W", 2: "H, W", 3: "D, H, W"}


class Pool(Layer):
    """What poolings of any kind share; where the windows lie, ``sides`` says."""

    axes: int

    def sides(self, sizes: Sequence[int]) -> tuple[Side, ...]:
        """One side for each spatial axis of an input of these sizes."""
        raise NotImplementedError

    def spatial(self, shape: Shape) -> int:
        """How many axes of an input are spatial."""
        return self.axes

    def sides_of(self, shape: Shape) -> tuple[Side, ...]:
        """The sides for an input of this shape."""
        return self.sides(shape[-self.spatial(shape) :])

    def outputs(self, shape: Shape) -> Shape:
        """The output's shape: other sizes, the same N and C."""
        axes = self.spatial(shape)
        return (*shape[:-axes], *(s.outputs(size) for s, size in zip(self.sides_of(shape), shape[-axes:], strict=True)))

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
        return (self.outputs(shape),)

    def batched(self, x: Array) -> Batched:
        """The input with its batch axis."""
        return Batched.of(x, self.spatial(x.shape) + 2)

    def plane(self, cell: Cell, x: Array) -> tuple[Cell, Array, Cell]:
        """The indices before the spatial ones, the plane that they choose, and the output spot."""
        axes = self.spatial(x.shape)
        lead = cell[:-axes]
        return lead, x[lead], cell[-axes:]

    def reads(self, region: Region, *shapes: Shape, output: int = 0) -> tuple[Region, ...]:
        """The windows of the first to the last output, in the same channels."""
        axes = self.spatial(shapes[0])
        spots = region[-axes:]
        return ((*region[:-axes], *(s.reach(r) if len(r) else range(0) for s, r in zip(self.sides_of(shapes[0]), spots, strict=True))),)

    def formula_over(self, spots: str, taps: str, x: str) -> str:
        """The equation of an output at ``spots`` that reads ``x`` for all of ``taps``."""
        raise NotImplementedError

    def own_settings(self, **usual: Any) -> dict[str, Any]:
        """Those of some settings that differ from their defaults."""
        return {name: getattr(self, name) for name, default in usual.items() if getattr(self, name) != default}

    @classmethod
    def operators(cls) -> tuple[Operator, ...]:
        """See ``operators``."""
        from convproof.layers.pool.operators import OPERATORS

        return OPERATORS


class Sliding(Pool):
    """A pooling whose windows slide along the input."""

    def written_at(self, shapes: Sequence[Sizes]) -> tuple[Written, ...]:
        """The same; an input without N gets one before, and loses it after."""
        return with_batch(self.written(), shapes[0], self.axes)

    def slide(self, kernel_size: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: bool) -> None:
        """Take the settings of the windows; ``stride`` None is the kernel. Raises SettingError.

        ``padding`` in numbers is at most half the kernel, as in torch. Pairs (before, after) may be wider, as in ONNX.
        """
        self.kernel_size, self.stride, self.padding, self.dilation = kernel_size, stride, padding, dilation
        self.ceil_mode = bool(ceil_mode)
        by_size = isinstance(padding, str)
        if by_size and padding not in SAME:
            raise SettingError("padding={padding!r}: expected numbers, or {same}", padding=padding, same=listed(map(repr, SAME)))
        steps = kernel_size if stride is None else stride
        windows = windows_from(kernel_size, steps, 0 if by_size else padding, dilation, self.axes)
        paired = isinstance(padding, Sequence) and any(isinstance(pair, Sequence) for pair in padding)
        if not paired and any(w.before * 2 > w.kernel for w in windows):
            raise SettingError(
                "padding={padding} must be at most half of kernel_size={kernel_size}, unless it is given as pairs (before, after)",
                padding=padding,
                kernel_size=kernel_size,
            )
        self.windows: tuple[Window, ...] = tuple(replace(w, ceil=self.ceil_mode) for w in windows)

    def sides(self, sizes: Sequence[int]) -> tuple[Window, ...]:
        """The windows, with the padding that an input of these sizes calls for."""
        if not isinstance(self.padding, str):
            return self.windows
        return tuple(w.same(size, self.padding) for w, size in zip(self.windows, sizes, strict=True))

    def outputs(self, shape: Shape) -> Shape:
        """The output's shape. Raises ShapeError where no window fits."""
        found = super().outputs(shape)
        if min(found[-self.axes :]) < 1:
            windows, sizes = self.sides(shape[-self.axes :]), shape[-self.axes :]
            raise ShapeError(
                "{layer} spans {extent} cells, more than the padded input {padded} has (input shape {shape}); use a smaller kernel",
                layer=self.describe(),
                extent=tuple(w.extent for w in windows),
                padded=tuple(size + w.before + w.after for w, size in zip(windows, sizes, strict=True)),
                shape=shape,
            )
        return found

    def window_settings(self) -> dict[str, Any]:
        """The kernel, and the settings of windows that differ from the defaults."""
        stride = {} if self.stride in (None, self.kernel_size) else {"stride": self.stride}
        padding = {} if self.padding in (0, (0,) * self.axes) else {"padding": self.padding}
        dilation = {} if self.dilation in (1, (1,) * self.axes) else {"dilation": self.dilation}
        return {"kernel_size": self.kernel_size} | stride | padding | dilation | self.own_settings(ceil_mode=False)

    def equation(self) -> str:
        """The definition with this layer's own numbers; p for a padding that depends on the input's size."""
        return self._written_out(self.windows, " - p" if isinstance(self.padding, str) else "")

    def equation_of(self, case: Case) -> str:
        """The definition for an input of this size."""
        return self._written_out(self.sides(case.x.shape[-self.axes :]), "")

    def _written_out(self, windows: Iterable[Window], unknown: str) -> str:
        letters = zip("ijk", "uvw", windows, strict=False)
        reads = ", ".join(w.reads_as(i, u) + unknown for i, u, w in letters)
        return self.formula_over(", ".join("ijk"[: self.axes]), ", ".join("uvw"[: self.axes]), f"x[n, c, {reads}]")


class Adaptive(Pool):
    """A pooling that shares the input out into a given number of outputs."""

    def is_global(self) -> bool:
        """Whether ONNX has this as a pooling of whole channels, which needs no sizes."""
        return set(self.counts) == {1}

    def written_by(self, windows: dict[str, Any]) -> tuple[Written, ...]:
        """The ONNX nodes for windows that slide."""
        raise NotImplementedError

    def written_at(self, shapes: Sequence[Sizes]) -> tuple[Written, ...]:
        """Sliding windows where the input's sizes are known and shared out evenly."""
        windows = None if self.is_global() else even_windows(self.counts, shapes[0])
        return with_batch(self.written() if windows is None else self.written_by(windows), shapes[0], self.axes)

    def share_out(self, output_size: Any) -> None:
        """Take ``output_size``: one number, or one for each axis, None for the input's own. Raises SettingError."""
        self.output_size = output_size
        several = isinstance(output_size, Sequence) and not isinstance(output_size, str)
        given = tuple(output_size) if several else (output_size,) * self.axes
        if len(given) != self.axes or not all((several and v is None) or (is_whole(v) and v >= 0) for v in given):
            raise SettingError(
                "output_size={size!r}: expected an integer >= 0, or a tuple of {axes}, None in it for the input's own size",
                size=output_size,
                axes=self.axes,
            )
        self.counts: tuple[int | None, ...] = given

    def sides(self, sizes: Sequence[int]) -> tuple[Side, ...]:
        """The bins of every axis."""
        return tuple(shared_out(size, count) for size, count in zip(sizes, self.counts, strict=True))

    def settings(self) -> dict[str, Any]:
        """The output's size."""
        return {"output_size": self.output_size}

    def equation(self) -> str:
        """The definition: from which cell to which a bin goes."""
        sizes = "DHW"[-self.axes :]
        bins = ", ".join(
            f"{cell} = {spot}" if count is None else f"floor({spot}*{size}/{count}) <= {cell} < ceil(({spot} + 1)*{size}/{count})"
            for spot, cell, size, count in zip("ijk", sizes.lower(), sizes, self.counts, strict=False)
        )
        cells = ", ".join(sizes.lower())
        return self.formula_over(", ".join("ijk"[: self.axes]), cells, f"x[n, c, {cells}], {bins}")


class Global(Pool):
    """A pooling of whole channels, of an input with any number of spatial axes; every one of them is left with one cell, as in ONNX."""

    def spatial(self, shape: Shape) -> int:
        """All axes but N and C."""
        return len(shape) - 2

    def sides(self, sizes: Sequence[int]) -> tuple[Side, ...]:
        """One window on every axis, as long as the axis."""
        return tuple(Window(size) for size in sizes)

    def shapes(self, *shapes: Shape) -> tuple[Shape, ...]:
        """(N, C, *sizes) -> (N, C, 1, ..., 1)"""
        self.names_of(len(shapes))
        (shape,) = shapes
        if len(shape) < 3 or 0 in shape[1:]:
            raise ShapeError(
                "{layer} expects x of shape (N, C, ...) with one spatial axis at least, of which only N may be 0; got {shape}",
                layer=self.describe(),
                shape=shape,
            )
        return (self.outputs(shape),)

    def equation(self) -> str:
        """The definition; the dots stand for all spatial axes."""
        return self.formula_over("0, ...", "u, ...", "x[n, c, u, ...]")
