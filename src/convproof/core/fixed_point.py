"""Fixed point: whole codes, a step and a zero point, with the rounding and the overflow of the target."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from convproof.core.formats import FLOAT32
from convproof.core.resolution import ROUND, SAID, Coarse, OfRole, Overflow, Role, Rounding, left_open
from convproof.core.sentence import Text, say
from convproof.core.shapes import Array


@dataclass(frozen=True)
class Fixed(OfRole, Coarse):
    """Fixed point: (code - ``zero``) * ``step`` with whole codes from ``lowest`` to ``highest``."""

    label: str
    step: float
    zero: int
    lowest: int
    highest: int
    rounding: Rounding = "nearest"
    overflow: Overflow = "saturate"
    role: Role = "either"

    @property
    def name(self) -> Text:
        """The format with its rounding and its overflow."""
        if self.rounding == "nearest" and self.overflow == "saturate":
            return self.label
        return say("{format}, {rounding}, {overflow}", format=self.label, rounding=SAID[self.rounding], overflow=SAID[self.overflow])

    @property
    def wraps(self) -> bool:
        """As declared."""
        return self.overflow == "wrap"

    @property
    def ends(self) -> tuple[float, float]:
        """The least and the largest number."""
        return (self.lowest - self.zero) * self.step, (self.highest - self.zero) * self.step

    @property
    def dtype_of_codes(self) -> np.dtype[Any]:
        """The shortest whole-number type that holds all codes, which have at most 64 bits."""
        bits = (self.highest - self.lowest).bit_length()
        shortest = next(n for n in (8, 16, 32, 64) if bits <= n)
        return np.dtype(f"int{shortest}" if self.lowest < 0 else f"uint{shortest}")

    def by(self, rounding: Rounding) -> "Fixed":
        """The same grid with another rounding: parameters and inputs may be made into numbers of it in another way than sums are."""
        return replace(self, rounding=rounding)

    @property
    def of_two(self) -> bool:
        """Whether the step is a power of two, so that products of numbers of the grid are cut to it by a shift."""
        return bool(np.frexp(self.step)[0] == 0.5)

    def cut(self, numbers: Array) -> Array:
        """Numbers rounded to whole steps, whatever the range is: products in a wide register, before they are added."""
        return np.asarray(ROUND[self.rounding](numbers / self.step) * self.step)

    def decode(self, codes: Array) -> Array:
        """Codes as the numbers that they mean."""
        return np.asarray((codes.astype(np.float64) - self.zero) * self.step)

    def code(self, values: Array) -> Array:
        """Numbers as codes, int64."""
        with np.errstate(invalid="ignore"):
            whole = ROUND[self.rounding](np.asarray(values, np.float64) / self.step) + self.zero
        if self.overflow == "saturate":
            return np.asarray(np.clip(whole, self.lowest, self.highest).astype(np.int64))
        return np.asarray((whole - self.lowest) % (self.highest - self.lowest + 1) + self.lowest).astype(np.int64)

    def render(self, values: Array) -> Array:
        """Numbers as they would have been written down."""
        return self.decode(self.code(values))

    def reach(self, claimed: Array) -> tuple[Array, Array]:
        """Half a step on either side, or a whole one on one side; at the ends of the range without limit where it saturates."""
        low, high = left_open(claimed, self.step, self.step, self.rounding)
        slack = self.slack(claimed)
        low, high = low - slack, high + slack
        if self.overflow == "saturate":
            least, most = self.ends
            low = np.where(claimed <= least + slack, -np.inf, low)
            high = np.where(claimed >= most - slack, np.inf, high)
        return np.asarray(low), np.asarray(high)

    def holds(self, numbers: Array) -> bool:
        """Whether all numbers are multiples of the step, as a float32 can say them; whether the range holds them is not asked."""
        values = numbers[np.isfinite(numbers)]
        off = abs(np.round(values / self.step) * self.step - values)
        return bool((off <= self.slack(values) + 2 * FLOAT32.u * abs(values)).all())

    def reaches(self, numbers: Array) -> bool:
        """Whether all numbers lie between the ends of the range, to within half a step."""
        least, most = self.ends
        with np.errstate(invalid="ignore"):
            beyond = (numbers < least - 0.5 * self.step) | (numbers > most + 0.5 * self.step)
        return not bool((beyond & np.isfinite(numbers)).any())

    def without_ends(self) -> "Fixed":
        """The same grid with codes of 53 bits, for numbers that lie beyond the range: they were not saturated, nor did they wrap around."""
        return replace(self, lowest=-(2**53), highest=2**53)

    def put_back(self, numbers: Array, low: Array, high: Array) -> Array:
        """Numbers (float64) that were printed, put back on the grid: each the nearest one of the format, if that lies from ``low`` to
        ``high``, which is what the digits leave open; else as it was printed.
        """
        with np.errstate(invalid="ignore"):
            nearest = np.clip(np.round(numbers / self.step), self.lowest - self.zero, self.highest - self.zero) * self.step
            return np.asarray(np.where((low <= nearest) & (nearest <= high), nearest, numbers))

    def slack(self, claimed: Array) -> Array:
        """A scale that is no power of two is a float32 in the target; so is what it divides: three roundings, counted as four."""
        if self.of_two:
            return np.zeros_like(claimed)
        return np.asarray(4 * FLOAT32.u * (abs(claimed) + self.step))

    def nearest(self, exact: Array, claimed: Array) -> Array:
        """Numbers that wrap around are as good as those a whole range away."""
        if self.overflow == "saturate":
            return exact
        period = (self.highest - self.lowest + 1) * self.step
        return np.asarray(exact - period * np.round((exact - claimed) / period))
