"""One side of an array that is resized: which input cells each output reads, with which weights.

index     (outputs, taps): input cells; one beyond an edge stands as the edge's
weight    (outputs, taps): float64
outside   (outputs,): where nothing is read, and a constant shown
exactly   the weights of one output as fractions, by cell, without those that are 0
"""

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, lru_cache

import numpy as np

from convproof.core.shapes import Array
from convproof.layers.resize.coordinates import Place
from convproof.layers.resize.kernels import Kernel, Linear

ROUNDINGS = ("round_prefer_floor", "round_prefer_ceil", "floor", "ceil")


class Side:
    """What sides of every kind are."""

    place: Place

    @property
    def chooses(self) -> bool:
        """Whether every output is a single cell with the weight 1."""
        return False

    @property
    def zeros(self) -> bool:
        """Whether a cell of weight 0 is multiplied all the same, as torch does."""
        return True

    @property
    def relative(self) -> int:
        """How often a weight is rounded."""
        return 1

    @property
    def uncertain(self) -> bool:
        """Whether weights come from a coordinate by a kernel; then there are ``units`` and ``swings``."""
        return False

    @property
    def outside(self) -> Array:
        """Where nothing is read."""
        return self.place.outside

    @property
    def index(self) -> Array:
        """(outputs, taps)"""
        raise NotImplementedError

    @property
    def weight(self) -> Array:
        """(outputs, taps)"""
        raise NotImplementedError

    def exactly(self, i: int) -> dict[int, Fraction]:
        """The weights of output i by input cell, without zeros."""
        raise NotImplementedError

    @property
    def units(self) -> Array:
        """(outputs, taps): the absolute errors of the weights as they are computed, in units of u, beside the relative ones."""
        raise NotImplementedError

    def swings(self, u: float) -> tuple[Array, Array, Array]:
        """How far the weights may move because a coordinate is computed with the unit roundoff u: (outputs, taps).

        With it the cells that these are the weights of, (outputs, taps), and the cell below each coordinate, (outputs,).
        """
        raise NotImplementedError


@dataclass(frozen=True)
class Chosen(Side):
    """The nearest cell; ``rounding`` says what that is between two."""

    place: Place
    rounding: str

    @property
    def chooses(self) -> bool:
        """It is."""
        return True

    @cached_property
    def index(self) -> Array:
        """The coordinate, rounded; beyond an edge the edge."""
        d = self.place.denominator
        halves = {"floor": 0, "ceil": 2 * d - 2, "round_prefer_ceil": d, "round_prefer_floor": d - 1}
        doubled = ((2 * n + halves[self.rounding]) // (2 * d) for n in self.place.numerators)
        found = np.array(list(doubled), np.int64).reshape(-1, 1)
        return np.clip(found, 0, self.place.size - 1)

    @property
    def weight(self) -> Array:
        """1"""
        return np.ones((self.place.outputs, 1))

    def exactly(self, i: int) -> dict[int, Fraction]:
        """1 for the one cell."""
        return {int(self.index[i, 0]): Fraction(1)}

    def near_a_tie(self, distance: float) -> Array:
        """Which outputs lie within ``distance`` cells of a coordinate from which on another cell is chosen.

        Code that rounds the coordinate may choose that other cell there; for floats with the unit roundoff u that is within 4*u*(size + 1).
        """
        d = self.place.denominator
        middle = d if self.rounding.startswith("round") else 0
        gaps = ((2 * n - middle) % (2 * d) for n in self.place.numerators)
        return np.array([min(g, 2 * d - g) / (2 * d) <= distance for g in gaps], bool)


@dataclass(frozen=True)
class Shared(Side):
    """The mean of the cells that an output shares out."""

    place: Place

    @property
    def zeros(self) -> bool:
        """The cells that stand there again are left out."""
        return False

    @property
    def relative(self) -> int:
        """The weight 1/n, or a division."""
        return 2

    def _cells(self, i: int) -> range:
        n, m = self.place.size, self.place.outputs
        return range(i * n // m, -(-(i + 1) * n // m))

    @cached_property
    def index(self) -> Array:
        """The cells of every output, the last one again where others have more."""
        cells = [self._cells(i) for i in range(self.place.outputs)]
        most = max(map(len, cells), default=1)
        return np.array([[r[min(k, len(r) - 1)] for k in range(most)] for r in cells], np.int64)

    @cached_property
    def weight(self) -> Array:
        """1/n, and 0 for what stands there again."""
        counts = np.array([len(self._cells(i)) for i in range(self.place.outputs)])[:, None]
        return np.where(np.arange(self.index.shape[1]) < counts, 1 / counts, 0.0)

    def exactly(self, i: int) -> dict[int, Fraction]:
        """1/n for each."""
        cells = self._cells(i)
        return dict.fromkeys(cells, Fraction(1, len(cells)))


@dataclass(frozen=True)
class Weighed(Side):
    """Cells weighed by a kernel; ``stretch`` is below 1 where it is stretched. ``inside``: cells beyond an edge get no weight."""

    place: Place
    kernel: Kernel
    stretch: Fraction = Fraction(1)
    inside: bool = False
    normal: bool = False

    @property
    def uncertain(self) -> bool:
        """They do."""
        return True

    @property
    def divided(self) -> bool:
        """Whether the weights are divided by their sum."""
        return self.inside or self.normal

    @property
    def zeros(self) -> bool:
        """Where weights are divided by their sum, what has none is left out."""
        return not self.divided

    @property
    def relative(self) -> int:
        """One rounding; where weights are divided by their sum, those of the sum and of the division too."""
        return 1 + (self.reach * 2 + 1 if self.divided else 0)

    @property
    def reach(self) -> int:
        """How many cells on either side of a coordinate are weighed."""
        return math.ceil(self.kernel.support / self.stretch)

    def taps(self, more: int = 0) -> tuple[Array, Array]:
        """(outputs, taps) cells, which may lie beyond an edge, and their distances from the coordinate; ``more`` on either side.

        A linear kernel finds the same before the first cell as on it, and looks there, as torch does: what differs is a 0 times infinity.
        """
        reach = self.reach + more
        offsets = np.arange(1 - reach, reach + 1)
        floors, rests = self.place.floors[:, None], self.place.rests[:, None]
        if isinstance(self.kernel, Linear) and not self.divided:
            floors, rests = np.maximum(floors, 0), np.where(floors < 0, 0.0, rests)
        return floors + offsets, offsets - rests

    def within(self, cells: Array) -> Array:
        """Which cells may have a weight."""
        return (cells >= 0) & (cells < self.place.size) if self.inside else np.ones(cells.shape, bool)

    @cached_property
    def index(self) -> Array:
        """The cells, those beyond an edge as the edge."""
        return np.clip(self.taps()[0], 0, self.place.size - 1)

    @cached_property
    def weight(self) -> Array:
        """K of the distances, divided by their sum where that is asked for."""
        cells, distances = self.taps()
        found = np.where(self.within(cells), self.kernel.weight(distances * float(self.stretch)), 0.0)
        return found / found.sum(axis=1, keepdims=True) if self.divided else found

    def exactly(self, i: int) -> dict[int, Fraction]:
        """The same in fractions; cells that stand for the edge are put together."""
        place, reach = self.place.at(i), self.reach
        cells = np.arange(1 - reach, reach + 1) + math.floor(place)
        distances = np.array([(int(j) - place) * self.stretch for j in cells], object)
        weights = self.kernel.weight(distances) * self.within(cells)
        total = weights.sum() if self.divided else Fraction(1)
        found: dict[int, Fraction] = {}
        for j, w in zip(np.clip(cells, 0, self.place.size - 1).tolist(), weights, strict=True):
            found[j] = found.get(j, Fraction(0)) + Fraction(w) / total
        return {j: w for j, w in found.items() if w}

    @cached_property
    def units(self) -> Array:
        """Those of K."""
        cells, distances = self.taps()
        found = np.where(self.within(cells), self.kernel.units(distances * float(self.stretch)), 0.0)
        return self._shared(found, cells, distances, self.weight)

    def swings(self, u: float) -> tuple[Array, Array, Array]:
        """The coordinate moves by up to 4*u*(size + 1) cells; a stretch, which is rounded too, moves every distance by up to 4*u of it."""
        cells, distances = self.taps(more=1)
        margin = 4 * u * ((self.place.size + 1) * float(self.stretch) + (self.kernel.support if self.normal else 0))
        slope = np.where(self.within(cells), self.kernel.slope(distances * float(self.stretch), margin), 0.0)
        weight = np.pad(self.weight, ((0, 0), (1, 1)))
        last = self.place.size - 1
        return np.clip(cells, 0, last), margin * self._shared(slope, cells, distances, weight), np.clip(self.place.floors, 0, last)

    def _shared(self, moved: Array, cells: Array, distances: Array, weight: Array) -> Array:
        """What happens to weights when K moves that much; a moved sum by which all are divided moves all."""
        if not self.divided:
            return moved
        total = np.where(self.within(cells), self.kernel.weight(distances * float(self.stretch)), 0.0).sum(axis=1, keepdims=True)
        return np.asarray((moved + abs(weight) * moved.sum(axis=1, keepdims=True)) / abs(total))


@lru_cache(maxsize=512)
def kept(side: Side) -> Side:
    """The same side, whose arrays are worked out once."""
    return side
