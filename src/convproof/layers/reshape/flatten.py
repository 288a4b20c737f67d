"""Other axes for the same numbers in the same order.

    Flatten      y[n, (c*H + h)*W + w] = x[n, c, h, w]
    Unflatten    y[n, c, h, w] = x[n, (c*H + h)*W + w]
    Reshape      both: the place of a number, counted row by row, is the same in x and y

The last axis runs fastest. Nothing is computed, so the gradient is dy with x's shape.

The trap: a framework that keeps channels last flattens in the order h, w, c.

Source: torch.nn.Flatten, torch.nn.Unflatten, torch.reshape, ONNX Reshape.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from convproof.core.axes import axis_number
from convproof.core.calls import Calls
from convproof.core.errors import SettingError, ShapeError
from convproof.core.moving import Movement, Regroup
from convproof.core.operators import Written
from convproof.core.sentence import Sentence, Text, say
from convproof.core.shapes import Cell, Shape
from convproof.layers.reshape.base import Reshaping, counted_from_0, whole_numbers
from convproof.layers.reshape.in_torch import one
from convproof.layers.reshape.told import counted
from convproof.layers.reshape.written import with_axes_between


class Flatten(Reshaping):
    """Axes ``start_dim`` to ``end_dim`` made one, in row-major order. Arguments and defaults are torch.nn.Flatten's.

    Negative axes count from the end.

    Raises SettingError for an axis that is no whole number, ShapeError for an input that lacks these axes.
    """

    formula = "y[n, (c*H + h)*W + w] = x[n, c, h, w]"

    def __init__(self, start_dim: Any = 1, end_dim: Any = -1) -> None:
        super().__init__()
        self.start_dim, self.end_dim = axis_number(start_dim, "start_dim"), axis_number(end_dim, "end_dim")

    def settings(self) -> dict[str, Any]:
        """The settings that differ from the defaults."""
        usual = {"start_dim": 1, "end_dim": -1}
        return {name: getattr(self, name) for name, value in usual.items() if getattr(self, name) != value}

    def equation(self) -> Text:
        """The formula for N, C, H, W, or in words for other axes."""
        if (self.start_dim, self.end_dim) == (1, -1):
            return self.formula
        return say("y = x with axes {start} to {end} made one, the last of them running fastest", start=self.start_dim, end=self.end_dim)

    def movements(self, shape: Shape) -> tuple[Movement, ...]:
        """The flattened axes become one as long as their product; a single number becomes a vector."""
        start, end = self._span(shape)
        flat = (*shape[:start], math.prod(shape[start : end + 1]), *shape[end + 1 :])
        return (Movement(shape, (Regroup(shape, flat),)),)

    def _span(self, shape: Shape) -> tuple[int, int]:
        """First and last flattened axis. Raises ShapeError."""
        axes = max(len(shape), 1)
        if not (-axes <= self.start_dim < axes and -axes <= self.end_dim < axes) or self.start_dim % axes > self.end_dim % axes:
            raise ShapeError(
                "Flatten(start_dim={start}, end_dim={end}) needs axes from {start} to {end}, in this order; got x of shape {shape}",
                start=self.start_dim,
                end=self.end_dim,
                shape=shape,
            )
        return self.start_dim % axes, self.end_dim % axes

    def told(self, cell: Cell, origin: Cell, shape: Shape, output: int) -> Sentence | None:
        """The place in words. All axes but the first of four are taken for channel, row and column."""
        start, end = self._span(shape)
        inside, sizes = origin[start : end + 1], shape[start : end + 1]
        if not shape:
            return say("a single number becomes a vector of length 1")
        if start == end:
            return say("one axis alone stays as it is")
        if (start, end, len(shape)) == (1, 3, 4):
            c, h, w = inside
            return say(
                "place {place} = {count} of the flattened axis is channel {c}, row {h}, column {w}",
                place=cell[start],
                count=counted(inside, sizes),
                c=c,
                h=h,
                w=w,
            )
        return say(
            "place {place} = {count} of the flattened axis was {inside}",
            place=cell[start],
            count=counted(inside, sizes),
            inside=list(inside),
        )

    def written(self) -> tuple[Written, ...]:
        """Flatten where all axes but the first become one; else a Reshape to a shape that is put together from the input's."""
        if (self.start_dim, self.end_dim) == (1, -1):
            return (Written("Flatten", (0,), {"axis": 1}),)
        if self.end_dim == -1 and self.start_dim >= 0:
            return (Written("Reshape", (0, np.array((0,) * self.start_dim + (-1,), np.int64))),)
        return with_axes_between(self.start_dim, (-1,), self.end_dim + 1)


class Unflatten(Reshaping):
    """Axis ``dim`` made several of sizes ``unflattened_size``, of which one may be -1: what is left. Arguments are torch.nn.Unflatten's.

    Raises SettingError for sizes that cannot be, ShapeError for an input whose axis is not their product.
    """

    formula = "y[n, c, h, w] = x[n, (c*H + h)*W + w]"

    def __init__(self, dim: Any, unflattened_size: Any) -> None:
        super().__init__()
        self.dim, self.unflattened_size = axis_number(dim, "dim"), whole_numbers(unflattened_size, "unflattened_size", -1)
        if self.unflattened_size.count(-1) > 1 or not self.unflattened_size:
            raise SettingError("unflattened_size={sizes}: expected one size or more, at most one of them -1", sizes=self.unflattened_size)

    def settings(self) -> dict[str, Any]:
        """Both."""
        return {"dim": self.dim, "unflattened_size": self.unflattened_size}

    def equation(self) -> Text:
        """In words, with the sizes."""
        return say(
            "y = x with axis {dim} made axes of sizes {sizes}, the last of them running fastest", dim=self.dim, sizes=self.unflattened_size
        )

    def movements(self, shape: Shape) -> tuple[Movement, ...]:
        """The axis becomes several whose product it is."""
        (dim,) = counted_from_0(self.dim, len(shape), self.describe(), shape)
        rest = math.prod(size for size in self.unflattened_size if size != -1)
        left = shape[dim] // rest if rest else 0
        sizes = tuple(left if size == -1 else size for size in self.unflattened_size)
        if math.prod(sizes) != shape[dim]:
            raise ShapeError(
                "{layer} needs an axis {dim} that is the product of the sizes; got x of shape {shape}",
                layer=self.describe(),
                dim=self.dim,
                shape=shape,
            )
        return (Movement(shape, (Regroup(shape, (*shape[:dim], *sizes, *shape[dim + 1 :])),)),)

    def told(self, cell: Cell, origin: Cell, shape: Shape, output: int) -> Sentence | None:
        """The place that the indices are."""
        dim = self.dim % len(shape)
        several = slice(dim, dim + len(self.unflattened_size))
        sizes = self.movements(shape)[0].result[several]
        return say(
            "{inside} is place {place} = {count} of axis {dim}",
            inside=list(cell[several]),
            place=origin[dim],
            count=counted(cell[several], sizes),
            dim=dim,
        )

    def written(self) -> tuple[Written, ...]:
        """A Reshape to a shape that is put together from the input's."""
        return with_axes_between(self.dim, self.unflattened_size, self.dim + 1)


class Reshape(Reshaping):
    """The same numbers in an array of ``shape``, of which one size may be -1: what is left.

    A size 0 stands for the input's own size of that axis; with ``allowzero`` (and in torch's view and reshape) it is an axis without cells.

    Raises SettingError for a shape that cannot be, ShapeError for an input that has another number of cells.
    """

    formula = "y = x, counted row by row, in another shape"

    def __init__(self, shape: Any, allowzero: bool = False) -> None:
        super().__init__()
        self.shape, self.allowzero = whole_numbers(shape, "shape", -1), bool(allowzero)
        if self.shape.count(-1) > 1:
            raise SettingError("shape={shape}: at most one size can be -1, what is left", shape=self.shape)

    def settings(self) -> dict[str, Any]:
        """The shape, and ``allowzero`` where it matters."""
        return {"shape": self.shape} | ({"allowzero": True} if self.allowzero else {})

    def equation(self) -> Text:
        """In words, with the shape."""
        return say("y = x, counted row by row, in the shape {shape}", shape=self.shape)

    def movements(self, shape: Shape) -> tuple[Movement, ...]:
        """See the class. Raises ShapeError."""
        sizes = self.shape
        if not self.allowzero and 0 in sizes[len(shape) :]:
            raise ShapeError("{layer} copies the size of an axis that x lacks; got x of shape {found}", layer=self.describe(), found=shape)
        if not self.allowzero:
            sizes = tuple(shape[axis] if size == 0 else size for axis, size in enumerate(sizes))
        rest = math.prod(size for size in sizes if size != -1)
        sizes = tuple((math.prod(shape) // rest if rest else -1) if size == -1 else size for size in sizes)
        if math.prod(sizes) != math.prod(shape) or -1 in sizes:
            raise ShapeError(
                "{layer} needs an input of as many cells; got x of shape {found}, which has {cells}",
                layer=self.describe(),
                found=shape,
                cells=math.prod(shape),
            )
        return (Movement(shape, (Regroup(shape, sizes),)),)

    def told(self, cell: Cell, origin: Cell, shape: Shape, output: int) -> Sentence | None:
        """The place, counted in both shapes."""
        return say(
            "{cell} is place {count}, counted row by row; so is {origin} of x: {back}",
            cell=list(cell),
            count=counted(cell, self.movements(shape)[0].result),
            origin=list(origin),
            back=counted(origin, shape),
        )

    def in_torch(self, shapes: Sequence[Shape], training: bool) -> Calls:
        """torch.reshape, in which a size 0 means an axis without cells"""
        return one("reshape", self.movements(shapes[0])[0].result)

    def written(self) -> tuple[Written, ...]:
        """Reshape."""
        settings = {"allowzero": 1} if self.allowzero and 0 in self.shape else {}
        return (Written("Reshape", (0, np.array(self.shape, np.int64)), settings),)
