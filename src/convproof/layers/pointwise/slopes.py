"""Slopes that were drawn, as claimed numbers show them: known as well as these.

Of y between two ends and x within p of its value, a slope lies between the smallest and the largest quotient, and in the range that it was
drawn from. It is taken in the middle, and abs(x) times half the width is left open.
"""

from dataclasses import dataclass

import numpy as np

from convproof.core.shapes import Array


@dataclass(frozen=True)
class Seen:
    """Slopes as outputs show them, and how far each may be off."""

    slopes: Array
    off: Array

    @classmethod
    def between(cls, low: Array, high: Array, x: Array, p: Array | float, lower: float | int, upper: float | int) -> "Seen":
        """From outputs between two ends, of inputs x +- p; any slope of the range where x may be 0 or positive."""
        with np.errstate(all="ignore"):
            corners = [y / at for y in (low, high) for at in (x - p, x + p)]
            known = x + p < 0
        least = np.clip(np.where(known, np.nan_to_num(np.min(corners, axis=0), nan=lower), lower), lower, upper)
        most = np.clip(np.where(known, np.nan_to_num(np.max(corners, axis=0), nan=upper), upper), lower, upper)
        return cls(np.asarray((least + most) / 2), np.asarray((most - least) / 2))
