"""The numbers that share a sum with a cell: those along one axis, or along all axes from one on."""

import math
from dataclasses import dataclass

import numpy as np

from convproof.core.shapes import Array, Cell, Region, Shape


@dataclass(frozen=True)
class Row:
    """The rows of an array of shape ``shape``: along ``axis``, or, ``flat``, along all axes from ``axis`` on, one after another.

    A single number is a row of its own.
    """

    shape: Shape
    axis: int
    flat: bool = False

    @property
    def number(self) -> int:
        """The axis of what ``wide`` gives along which the rows lie."""
        return 1 if self.flat else self.axis

    def wide(self, x: Array) -> Array:
        """The array with every row along one axis."""
        return x.reshape(math.prod(self.shape[: self.axis]), math.prod(self.shape[self.axis :])) if self.flat else np.atleast_1d(x)

    def through(self, cell: Cell, x: Array) -> Array:
        """The numbers of the row that a cell belongs to."""
        if not cell:
            return x.reshape(1)
        if self.flat:
            return np.asarray(x[cell[: self.axis]]).reshape(-1)
        along: tuple[int | slice, ...] = (*cell[: self.axis], slice(None), *cell[self.axis + 1 :])
        return np.asarray(x[along])

    def place(self, cell: Cell) -> int:
        """Where in its row a cell stands."""
        if not cell:
            return 0
        return int(np.ravel_multi_index(cell[self.axis :], self.shape[self.axis :])) if self.flat else cell[self.axis]

    def cell(self, cell: Cell, place: int) -> Cell:
        """The cell at a place of the same row."""
        if not cell:
            return ()
        if self.flat:
            return (*cell[: self.axis], *map(int, np.unravel_index(place, self.shape[self.axis :])))
        return (*cell[: self.axis], place, *cell[self.axis + 1 :])

    def reads(self, region: Region) -> Region:
        """The rows that a region touches."""
        last = len(self.shape) if self.flat else self.axis + 1
        return (*region[: self.axis], *(range(size) for size in self.shape[self.axis : last]), *region[last:]) if region else ()
