"""A side seen from one of its outputs, so that the lines of one cell take the memory of one cell."""

import numpy as np

from convproof.core.shapes import Array
from convproof.layers.resize.sides import Side


class One(Side):
    """One output of a side, on the part of the axis that it reads: ``part``."""

    def __init__(self, side: Side, i: int) -> None:
        self.whole, self.row, self.place = side, slice(i, i + 1), side.place
        read = side.index[i]
        self.part = slice(max(int(read.min()) - 1, 0), min(int(read.max()) + 2, side.place.size))

    @property
    def chooses(self) -> bool:
        """As the whole."""
        return self.whole.chooses

    @property
    def zeros(self) -> bool:
        """As the whole."""
        return self.whole.zeros

    @property
    def relative(self) -> int:
        """As the whole."""
        return self.whole.relative

    @property
    def uncertain(self) -> bool:
        """As the whole."""
        return self.whole.uncertain

    @property
    def outside(self) -> Array:
        """Whether nothing is read."""
        return self.whole.outside[self.row]

    @property
    def index(self) -> Array:
        """(1, taps), counted in the part."""
        return self._within_part(self.whole.index[self.row])

    @property
    def weight(self) -> Array:
        """(1, taps)"""
        return self.whole.weight[self.row]

    @property
    def units(self) -> Array:
        """(1, taps)"""
        return self.whole.units[self.row]

    def swings(self, u: float) -> tuple[Array, Array, Array]:
        """Those of the one output, cells counted in the part."""
        cells, swing, floors = (found[self.row] for found in self.whole.swings(u))
        return self._within_part(cells), swing, self._within_part(floors)

    def _within_part(self, cells: Array) -> Array:
        return np.asarray(np.clip(cells - self.part.start, 0, self.part.stop - self.part.start - 1))
