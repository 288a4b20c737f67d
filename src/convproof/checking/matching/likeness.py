"""How alike two arrays are, and when one likeness is clearly greater than another.

    distance(a, own) = mean over the cells of min(1, abs(a - own) / spread)       spread: the standard deviation of ``own``

0 is the same numbers, about 0.75 numbers that have nothing to do with each other; a cell that is far off, or a NaN, counts 1 and no more.
Cells in which both hold the *common* number of ``own``, the one that an eighth of its cells or more hold, are left out: behind a ReLU
half of all cells are 0, and an array of zeros is like any two of these.

When is an array *clearly* the closest? An array that is wrong, each of its n cells independently of the others, comes r times nearer to
another array than to its own with a chance of about r^n, the share of a ball of radius r in one of radius 1. The chance that is taken is
1 / 1000, so r = 1000^(-1 / n). The cells of an image are not independent: more than 20 are never counted, so r is at most 0.71. Numbers
that are all the same are a rival too: an array must come r times nearer than its own mean does, and its own common number.
"""

from dataclasses import dataclass

import numpy as np

from convproof.core.shapes import Array

CHANCE = 1e-3
INDEPENDENT = 20
NEARLY = 0.05
COMMON = 1 / 8


@dataclass(frozen=True)
class Likeness:
    """The distance of an array from a network's own one, and that of numbers that are all the same; ``cells`` are counted."""

    distance: float
    of_same: float
    cells: int

    @property
    def close(self) -> bool:
        """Whether the array is clearly more like the other than numbers that are all the same are."""
        return self.clearly_below(self.of_same)

    @property
    def nearly_same(self) -> bool:
        """Whether these are the other's numbers, but for what coarse formats or small mistakes do to them."""
        return self.close and self.distance <= NEARLY

    def clearly_below(self, distance: float) -> bool:
        """Whether this distance is r times another one, or less."""
        return bool(self.distance <= ratio(self.cells) * distance)

    def far_below(self, distance: float) -> bool:
        """Whether this distance is r^3 times another one, or less: what one wrong array rarely does by chance, if all others say else."""
        return bool(self.distance <= ratio(self.cells) ** 3 * distance)


@dataclass(frozen=True)
class Standard:
    """A network's own array (float64) that others are compared with, its standard deviation and its common number (NaN if it has none),
    and how far off numbers are that are all the same, at best.
    """

    own: Array
    spread: float
    common: float
    of_same: float

    @classmethod
    def of(cls, own: Array) -> "Standard":
        """Of its finite numbers; mean 0 and standard deviation 1 where there are none."""
        own = np.asarray(own, np.float64)
        finite = own[np.isfinite(own)]
        with np.errstate(over="ignore", invalid="ignore"):  # bytes in the wrong order give numbers of any size
            mean, spread = (float(finite.mean()), float(finite.std())) if finite.size else (0.0, 1.0)
        common = most_common(finite)
        same = [_distance(np.full(own.shape, number), own, spread, common)[0] for number in (mean, common) if not np.isnan(number)]
        return cls(own, spread, common, min(same))

    def likeness(self, array: Array) -> Likeness:
        """How alike an array of the same shape is."""
        with np.errstate(invalid="ignore"):
            wide = np.asarray(array, np.float64)
        distance, cells = _distance(wide, self.own, self.spread, self.common)
        return Likeness(distance, self.of_same, cells)


def most_common(numbers: Array) -> float:
    """The number that an eighth of all or more are, at least two of them; NaN if there is none."""
    values, counts = np.unique(numbers, return_counts=True)
    most = int(counts.max(initial=0))
    return float(values[counts.argmax()]) if most > 1 and most >= COMMON * numbers.size else float("nan")


def ratio(cells: int) -> float:
    """The r with r^n = 1 / 1000, for at most 20 cells; 0 for none."""
    return float(CHANCE ** (1 / min(cells, INDEPENDENT))) if cells else 0.0


def _distance(array: Array, own: Array, spread: float, common: float) -> tuple[float, int]:
    """The distance, and how many cells it is the mean of."""
    with np.errstate(all="ignore"):
        apart = abs(array - own) / spread
        apart = np.where((array == own) | (np.isnan(array) & np.isnan(own)), 0.0, np.where(np.isnan(apart), 1.0, apart))
    counted = ~((array == common) & (own == common))
    cells = int(np.count_nonzero(counted))
    return float(np.minimum(apart, 1.0).sum() / cells) if cells else 0.0, cells
