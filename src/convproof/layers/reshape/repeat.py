"""The same cells several times, or in another order along an axis.

    Expand    y[n, c, h, w] = x[c, 0, 0]            an axis of length 1 serves as many cells as wanted; new axes come first
    Tile      y[.., i, ..] = x[.., i mod size, ..]   the array again and again
    Flip      y[.., i, ..] = x[.., size - 1 - i, ..]
    Roll      y[.., i, ..] = x[.., (i - shift) mod size, ..]        what leaves an axis at its end comes in at its beginning

A cell that shows several times receives the sum of what arrives there.

Source: torch.Tensor.expand, torch.Tensor.repeat, torch.flip, torch.roll; ONNX Expand, Tile.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from convproof.core.axes import require_axis
from convproof.core.calls import Calls
from convproof.core.errors import SettingError, ShapeError
from convproof.core.moving import Movement, Regroup, taken
from convproof.core.operators import Result, Written
from convproof.core.sentence import Sentence, Text, say
from convproof.core.shapes import Cell, Shape, Sizes
from convproof.layers.reshape.base import Reshaping, counted_from_0, whole_numbers
from convproof.layers.reshape.in_torch import one
from convproof.layers.reshape.written import rolled

BEFORE_ALL = -(2**63) + 1  # an end that lies before the first cell of any axis


class Expand(Reshaping):
    """Axes of length 1 made as long as ``shape`` says; axes count from the last one, and -1 or 1 keeps what there is.

    Raises SettingError for a shape that cannot be, ShapeError for an input that cannot become it.
    """

    def __init__(self, shape: Any) -> None:
        super().__init__()
        self.shape = whole_numbers(shape, "shape", -1)

    def settings(self) -> dict[str, Any]:
        """The shape."""
        return {"shape": self.shape}

    def equation(self) -> Text:
        """In words, with the shape."""
        return say("y = x broadcast to the shape {shape}", shape=self.shape)

    def movements(self, shape: Shape) -> tuple[Movement, ...]:
        """New axes of length 1 in front, then the only cell of an axis as often as wanted."""
        rank = max(len(self.shape), len(shape))
        wide, wanted = ((1,) * (rank - len(s)) + s for s in (shape, self.shape))
        if (
            any(want not in (-1, 1, size) and size != 1 for size, want in zip(wide, wanted, strict=True))
            or -1 in wanted[: rank - len(shape)]
        ):
            raise ShapeError(
                "{layer} needs an input whose axes, from the last one, are of length 1 or fit; got x of shape {shape}",
                layer=self.describe(),
                shape=shape,
            )
        require_axis(self.describe(), max(wanted, default=0))
        longer = {axis: np.zeros(want, np.int64) for axis, want in enumerate(wanted) if wide[axis] == 1 and want not in (-1, 1)}
        return (Movement(shape, (Regroup(shape, wide), *taken(wide, longer).steps)),)

    def told(self, cell: Cell, origin: Cell, shape: Shape, output: int) -> Sentence | None:
        """One cell serves many."""
        return say("an axis of length 1 serves every index")

    def in_torch(self, shapes: Sequence[Shape], training: bool) -> Calls:
        """torch.broadcast_to"""
        return one("broadcast_to", self.movements(shapes[0])[0].result)

    def written(self) -> tuple[Written, ...]:
        """Expand."""
        return (Written("Expand", (0, np.array([max(size, 1) if size else 0 for size in self.shape], np.int64))),)


class Tile(Reshaping):
    """The array ``repeats`` times along each axis; axes count from the last one.

    Raises SettingError for repeats that are no whole numbers.
    """

    formula = "y[.., i, ..] = x[.., i mod size, ..]"

    def __init__(self, repeats: Any) -> None:
        super().__init__()
        self.repeats = whole_numbers(repeats, "repeats", 0)

    def settings(self) -> dict[str, Any]:
        """The repeats."""
        return {"repeats": self.repeats}

    def equation(self) -> Text:
        """In words, with the repeats."""
        return say("y = x repeated {repeats} times along its axes", repeats=self.repeats)

    def movements(self, shape: Shape) -> tuple[Movement, ...]:
        """New axes of length 1 in front, then every axis so many times."""
        rank = max(len(self.repeats), len(shape))
        wide, repeats = ((1,) * (rank - len(s)) + s for s in (shape, self.repeats))
        require_axis(self.describe(), max((size * r for size, r in zip(wide, repeats, strict=True)), default=0))
        places = {axis: np.tile(np.arange(size), r) for axis, (size, r) in enumerate(zip(wide, repeats, strict=True)) if r != 1}
        return (Movement(shape, (Regroup(shape, wide), *taken(wide, places).steps)),)

    def told(self, cell: Cell, origin: Cell, shape: Shape, output: int) -> Sentence | None:
        """The indices within one copy."""
        return say("the indices of y modulo the sizes of x, {shape}", shape=list(shape))

    def in_torch(self, shapes: Sequence[Shape], training: bool) -> Calls:
        """torch.tile"""
        return one("tile", self.repeats)

    def written(self) -> tuple[Written, ...]:
        """Tile, of an input that has as many axes."""
        return (Written("Tile", (0, np.array(self.repeats, np.int64))),)

    def written_at(self, shapes: Sequence[Sizes]) -> tuple[Written, ...]:
        """The same of an input that is known to have fewer axes or more."""
        missing = 0 if shapes[0] is None else len(self.repeats) - len(shapes[0])
        repeats = np.array((*(1,) * -missing, *self.repeats), np.int64)
        if missing <= 0:
            return (Written("Tile", (0, repeats)),)
        return Written("Unsqueeze", (0, np.arange(missing))), Written("Tile", (Result(0), repeats))


class Flip(Reshaping):
    """The axes ``dims`` backwards.

    Raises SettingError for axes that are no whole numbers, ShapeError for an input that lacks them.
    """

    formula = "y[.., i, ..] = x[.., size - 1 - i, ..]"

    def __init__(self, dims: Any) -> None:
        super().__init__()
        self.dims = whole_numbers(dims, "dims")

    def settings(self) -> dict[str, Any]:
        """The axes."""
        return {"dims": self.dims}

    def equation(self) -> Text:
        """In words, with the axes."""
        return say("y = x with axes {dims} backwards", dims=self.dims)

    def movements(self, shape: Shape) -> tuple[Movement, ...]:
        """From the last cell to the first."""
        dims = counted_from_0(self.dims, len(shape), self.describe(), shape)
        return (taken(shape, {dim: np.arange(shape[dim])[::-1] for dim in dims}),)

    def told(self, cell: Cell, origin: Cell, shape: Shape, output: int) -> Sentence | None:
        """Counted from the end."""
        return say("indices of axes {dims} count from the end", dims=[dim % len(shape) for dim in self.dims])

    def in_torch(self, shapes: Sequence[Shape], training: bool) -> Calls:
        """torch.flip"""
        return one("flip", self.dims)

    def written(self) -> tuple[Written, ...]:
        """Slice with steps of -1."""
        k = len(self.dims)
        return (Written("Slice", (0, *(np.array(v, np.int64) for v in ((-1,) * k, (BEFORE_ALL,) * k, self.dims, (-1,) * k)))),)


class Roll(Reshaping):
    """Cells moved on by ``shifts`` along the axes ``dims``; for None, the default, along all cells, counted row by row.

    Raises SettingError for settings that do not go together, ShapeError for an input that lacks these axes.
    """

    formula = "y[.., i, ..] = x[.., (i - shift) mod size, ..]"

    def __init__(self, shifts: Any, dims: Any = None) -> None:
        super().__init__()
        self.shifts = whole_numbers(shifts, "shifts")
        self.dims = None if dims is None else whole_numbers(dims, "dims")
        if len(self.shifts) != (1 if self.dims is None else len(self.dims)):
            raise SettingError("shifts={shifts}, dims={dims}: expected one shift for every axis", shifts=self.shifts, dims=self.dims)

    def settings(self) -> dict[str, Any]:
        """Shifts, and axes where some were named."""
        return {"shifts": self.shifts} | ({} if self.dims is None else {"dims": self.dims})

    def equation(self) -> Text:
        """In words, with shifts and axes."""
        if self.dims is None:
            return say("y = x with its cells, counted row by row, moved on by {shifts}", shifts=self.shifts[0])
        return say("y = x with its cells moved on by {shifts} along axes {dims}", shifts=self.shifts, dims=self.dims)

    def movements(self, shape: Shape) -> tuple[Movement, ...]:
        """The axis as a ring."""
        if self.dims is None:
            cells = math.prod(shape)
            ring = taken((cells,), {0: np.arange(-self.shifts[0], cells - self.shifts[0]) % max(cells, 1)})
            return (Movement(shape, (Regroup(shape, (cells,)), *ring.steps, Regroup((cells,), shape))),)
        total: dict[int, int] = {}
        for dim, shift in zip(self.dims, self.shifts, strict=True):
            (axis,) = counted_from_0(dim, len(shape), self.describe(), shape)
            total[axis] = total.get(axis, 0) + shift
        return (taken(shape, {a: (np.arange(shape[a]) - shift) % max(shape[a], 1) for a, shift in total.items()}),)

    def told(self, cell: Cell, origin: Cell, shape: Shape, output: int) -> Sentence | None:
        """Around the ring."""
        return say("moved on, and round from the end to the beginning")

    def in_torch(self, shapes: Sequence[Shape], training: bool) -> Calls:
        """torch.roll"""
        return one("roll", self.shifts) if self.dims is None else one("roll", self.shifts, self.dims)

    def written(self) -> tuple[Written, ...]:
        """The end of each axis joined to its beginning."""
        if self.dims is None:
            flat, back = (np.array([-1], np.int64), Written("Shape", (0,)))
            ring = rolled(self.shifts, (-1,), 1)
            return Written("Reshape", (0, flat)), *ring, back, Written("Reshape", (Result(len(ring)), Result(len(ring) + 1)))
        return rolled(self.shifts, self.dims)
