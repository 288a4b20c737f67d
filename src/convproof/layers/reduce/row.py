"""Which numbers of an array become which cell of the result."""

import math
from dataclasses import dataclass

import numpy as np

from convproof.core.shapes import Array, Cell, Region, Shape


@dataclass(frozen=True)
class Rows:
    """The rows of an array of shape ``shape``: each runs over ``axes``, which the result keeps at length 1 or loses (``keeps``)."""

    shape: Shape
    axes: tuple[int, ...]
    keeps: bool

    @property
    def n(self) -> int:
        """How many numbers a row has."""
        return math.prod(self.shape[axis] for axis in self.axes)

    @property
    def kept(self) -> tuple[int, ...]:
        """The axes that are not reduced."""
        return tuple(axis for axis in range(len(self.shape)) if axis not in self.axes)

    @property
    def result(self) -> Shape:
        """The shape of the result."""
        if self.keeps:
            return tuple(1 if axis in self.axes else size for axis, size in enumerate(self.shape))
        return tuple(self.shape[axis] for axis in self.kept)

    @property
    def wide(self) -> Shape:
        """The shape of the result with all axes."""
        return tuple(1 if axis in self.axes else size for axis, size in enumerate(self.shape))

    def own(self, cell: Cell) -> Cell:
        """The indices of a cell of the result along the axes that are not reduced."""
        return tuple(cell[axis] for axis in self.kept) if self.keeps else tuple(cell)

    def cut(self, array: Array, cells: Array | None) -> Array:
        """The rows of some cells of the result, (k, n); of all cells for None, in the result's order."""
        kept = self.kept
        moved = np.moveaxis(array, kept, range(len(kept)))
        if cells is None:
            return moved.reshape(math.prod(self.shape[axis] for axis in kept), self.n)
        columns = cells[:, kept] if self.keeps else cells
        return np.array([moved[tuple(row)] for row in columns.tolist()], array.dtype).reshape(len(cells), self.n)

    def row(self, array: Array, cell: Cell) -> Array:
        """The numbers that become one cell."""
        return np.asarray(self.cut(array, np.array([cell], np.int64).reshape(1, len(self.result)))[0])

    def cell(self, cell: Cell, place: int) -> Cell:
        """Where the number at a place of a cell's row stands in the array."""
        inside = np.unravel_index(place, tuple(self.shape[axis] for axis in self.axes)) if self.axes else ()
        found = dict(zip(self.kept, self.own(cell), strict=True)) | {a: int(i) for a, i in zip(self.axes, inside, strict=True)}
        return tuple(found[axis] for axis in range(len(self.shape)))

    def reads(self, region: Region) -> Region:
        """The rows that a region of the result is made from."""
        ranges = dict(zip(self.kept, [region[axis] for axis in self.kept] if self.keeps else region, strict=True))
        return tuple(ranges.get(axis, range(size)) for axis, size in enumerate(self.shape))
