"""One claimed array against the exact one: how far off it is, cell by cell, in units of the lines.

    gap     how far the exact value lies outside the reach of the claimed number (its resolution); 0 inside
    share   gap / proof line: 1 is the most that rounding can do

A NaN or an infinity where the exact value is finite, or another one than the exact value is, lies infinitely far off; so does a finite
number where the exact value is none. The lines of such a cell are infinite too, and forgive nothing.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from operator import itemgetter

import numpy as np

from convproof.core.lines import BLOCK, SIGMAS, Lines
from convproof.core.resolution import Resolution
from convproof.core.shapes import Array, Cell

SEVERAL = 8  # cells; fewer may well all be small


@dataclass(frozen=True)
class Judged:
    """An array of claimed numbers (float64) beside the lines of the same cells."""

    lines: Lines
    claimed: Array
    resolution: Resolution

    @cached_property
    def proof(self) -> Array:
        """The proof line; without limit where it is not known."""
        unknown = np.isnan(self.lines.proof)
        return np.asarray(np.where(unknown, np.inf, self.lines.proof)) if unknown.any() else self.lines.proof

    @cached_property
    def gap(self) -> Array:
        """How far the exact value lies outside the claimed number's reach."""
        with np.errstate(all="ignore"):
            exact = self.resolution.nearest(self.lines.exact, self.claimed)
            low, high = self.resolution.reach(self.claimed)
            gap = np.asarray(low - exact, np.float64)
            np.maximum(gap, exact - high, out=gap, casting="unsafe")
            np.maximum(gap, 0.0, out=gap)
            endless = ~np.isfinite(gap)
            if endless.any():
                inside = (low[endless] <= exact[endless]) & (exact[endless] <= high[endless])
                gap[endless] = np.where(inside | self._alike(endless), 0.0, np.inf)
            return gap

    def _alike(self, cells: Array) -> Array:
        """The same number, or NaN both, or an infinity where rounding may reach beyond the largest number of the format."""
        exact, claimed, proof = self.lines.exact[cells], self.claimed[cells], self.proof[cells]
        overflown = np.isinf(claimed) & (np.sign(exact) == np.sign(claimed)) & (abs(exact) + proof >= self.resolution.largest)
        return np.asarray((exact == claimed) | (np.isnan(exact) & np.isnan(claimed)) | overflown)

    @cached_property
    def identical(self) -> bool:
        """Whether every claimed number is the exact one, rounded to the resolution; most arrays that are not differ soon."""
        return all(part.same for part in self.blocks())

    @property
    def same(self) -> bool:
        """The same, all cells looked at."""
        same = self.resolution.same(self.lines.exact, self.claimed)
        return bool((same | (np.isnan(self.lines.exact) & np.isnan(self.claimed))).all())

    def blocks(self) -> Iterator["Judged"]:
        """The same cells, some after the others."""
        flat = self.map(np.ravel)
        for first in range(0, max(1, self.claimed.size), BLOCK):
            yield flat.map(itemgetter(slice(first, first + BLOCK)))

    def map(self, change: Callable[[Array], Array]) -> "Judged":
        """The same with every array reshaped or cut by ``change``."""
        return Judged(self.lines.map(change), change(self.claimed), self.resolution.map(change))

    @cached_property
    def beyond(self) -> Array:
        """Cells that no listed algorithm reaches; an infinite line is no line for a NaN, or where the exact value is not finite."""
        no_number = np.isnan(self.claimed) | ~np.isfinite(self.lines.exact)
        return np.asarray((self.gap > self.proof) | (no_number & (self.gap > 0)))

    @cached_property
    def unlimited(self) -> bool:
        """Whether a finite number is farther off than usual where nothing limits how far rounding may go."""
        return bool((np.isinf(self.proof) & np.isfinite(self.claimed) & (self.gap > self.statistical)).any())

    @property
    def provable(self) -> bool:
        """Whether every cell lies within the proof line."""
        return not self.beyond.any()

    @cached_property
    def usual(self) -> bool:
        """Whether every cell lies within 8 sigma."""
        return bool(((self.gap == 0) | (np.isfinite(self.gap) & (self.gap <= self.statistical))).all())

    @property
    def says_nothing(self) -> bool:
        """Whether numbers that are not 0 all became 0 where they were written down coarsely, as those of a dead layer would."""
        lost = not self.resolution.exact and self.claimed.size >= SEVERAL and not self.claimed.any()
        return lost and bool(self.lines.exact.all()) and self.provable

    @property
    def holds_nan(self) -> bool:
        """Whether a NaN stands where the exact value is finite: no arithmetic makes one."""
        return bool((np.isnan(self.claimed) & np.isfinite(self.lines.exact)).any())

    @property
    def statistical(self) -> Array:
        """8 sigma, also where that is above the proof line. What underflows is no random walk: one smallest step is left open."""
        return np.asarray(SIGMAS * self.lines.sigma + (self.proof > 0) * 2.0**-149)

    def share(self, of: Array) -> Array:
        """The gap as a share of a line; infinite above a line of 0."""
        with np.errstate(all="ignore"):
            share = np.asarray(self.gap / of)
        share[np.isnan(share)] = np.inf
        share[self.gap == 0] = 0.0
        return share

    @property
    def shares(self) -> Array:
        """The gaps as shares of the proof line, float32; infinite where that is beyond it."""
        with np.errstate(over="ignore"):
            return self.share(self.proof).astype(np.float32)

    def worst(self) -> Cell | None:
        """The cell whose gap is the largest share of its proof line; of several the one farthest off. None if there are no cells."""
        if self.gap.size == 0:
            return None
        share = self.share(self.proof).ravel()
        ties = np.flatnonzero(share == share.max())
        return tuple(int(i) for i in np.unravel_index(ties[np.argmax(self.gap.ravel()[ties])], self.gap.shape))

    def farthest(self, most: int) -> Array:
        """The cells, (k, ndim), whose gaps are the largest shares of their proof lines; at most so many."""
        order = np.argsort(-self.share(self.proof), axis=None)[:most]
        return np.stack(np.unravel_index(order, self.gap.shape), axis=1) if self.gap.ndim else np.zeros((0, 0), int)
