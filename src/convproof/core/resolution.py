"""Resolution: how finely claimed numbers were written down.

A target computes a number and writes it down: as a float32, with four decimals, as a Q7.8. What stands there says of the number itself
only that it lies in an interval, its *reach*. A right implementation, written down coarsely, is still right.

    float32           a float32 computation holds it exactly: reach [c, c]
    float16, bfloat16 c and half a step of that format on either side
    decimals          c and half a unit of the last digit that was printed
    fixed point       c and half a step (rounded to nearest), or from c up to the next step (truncated); beyond the ends where it saturates
    several           what the one leaves open of every number that the other leaves open
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from convproof.core.formats import NumberFormat
from convproof.core.sentence import Text, plural, say
from convproof.core.shapes import Array

Rounding = Literal["nearest", "floor", "truncate"]
Overflow = Literal["saturate", "wrap"]
Role = Literal["either", "rendering", "arithmetic"]  # written down in it, computed in it, or nobody knows which


@dataclass(frozen=True)
class Resolution:
    """Numbers as a computation in ``native`` holds them: nothing was lost when they were written down."""

    native: NumberFormat

    @property
    def name(self) -> Text:
        """What the report calls it."""
        return self.native.name

    @property
    def exact(self) -> bool:
        """Whether a claimed number is the number itself."""
        return True

    @property
    def is_arithmetic(self) -> bool:
        """Whether a target may also have computed in it, from numbers that were as coarse as these."""
        return False

    @property
    def computes(self) -> bool:
        """Whether it was declared that the target computed in it."""
        return False

    @property
    def wraps(self) -> bool:
        """Whether a number beyond the range is written down as one within."""
        return False

    @property
    def largest(self) -> float:
        """From here on a number is written down as an infinity."""
        return LARGEST.get(self.native.name, np.inf)

    def reach(self, claimed: Array) -> tuple[Array, Array]:
        """The least and the largest number (float64) that may stand behind each claimed one."""
        return claimed, claimed

    def render(self, values: Array) -> Array:
        """Numbers as they would have been written down, in float64."""
        return rounded(values, self.native)

    def nearest(self, exact: Array, claimed: Array) -> Array:
        """The exact numbers themselves; where a format wraps around, those congruent to them that are nearest to the claimed ones."""
        return exact

    def map(self, change: Callable[[Array], Array]) -> "Resolution":
        """The same for an array that was reshaped by ``change``."""
        return self

    def same(self, exact: Array, claimed: Array) -> Array:
        """Whether each claimed number is the exact one, rounded to this resolution."""
        with np.errstate(all="ignore"):
            return np.asarray(self.render(exact) == claimed)


@dataclass(frozen=True)
class Coarse(Resolution):
    """Numbers that lost something when they were written down."""

    @property
    def exact(self) -> bool:
        """Half a step is left open."""
        return False

    def same(self, exact: Array, claimed: Array) -> Array:
        """Whether the exact number may stand behind the claimed one; a tie may be rounded to either side."""
        with np.errstate(invalid="ignore"):  # an infinity has no reach
            low, high = self.reach(claimed)
            exact = self.nearest(exact, claimed)
            return np.asarray((low <= exact) & (exact <= high))


class OfRole:
    """What the declared role of a format says."""

    role: Role

    @property
    def is_arithmetic(self) -> bool:
        """A target may have computed from numbers in this format."""
        return self.role != "rendering"

    @property
    def computes(self) -> bool:
        """As declared."""
        return self.role == "arithmetic"


@dataclass(frozen=True)
class Stored(OfRole, Coarse):
    """Numbers rounded to a shorter floating-point format than they were computed in."""

    storage: NumberFormat
    role: Role = "either"
    rounding: Rounding = "nearest"

    @property
    def largest(self) -> float:
        """As of the format."""
        return LARGEST.get(self.storage.name, np.inf)

    @property
    def name(self) -> Text:
        """The format's name, with its rounding."""
        if self.rounding == "nearest":
            return self.storage.name
        return say("{format}, {rounding}", format=self.storage.name, rounding=SAID[self.rounding])

    def reach(self, claimed: Array) -> tuple[Array, Array]:
        """Half a step of the format on either side, or a whole one on one; below a power of two a step is half as wide as above it."""
        return left_open(claimed, *steps_around(claimed, self.storage), self.rounding)

    def render(self, values: Array) -> Array:
        """Numbers of the format."""
        return rounded(values, self.storage, self.rounding)


@dataclass(frozen=True)
class Digits(Coarse):
    """Numbers written with so many significant digits, ``most``, whatever their size."""

    most: int

    @property
    def name(self) -> Text:
        """How many digits were printed."""
        return plural("{n} digit", "{n} digits", n=self.most)

    def reach(self, claimed: Array) -> tuple[Array, Array]:
        """Half a unit of the last digit on either side, which is a tenth as large below a power of ten; a 0 is 0."""
        inner, outer, slack = last_digit(claimed * (1 - 1e-9), self.most), last_digit(claimed, self.most), abs(claimed) * 2.0**-52
        low, high = left_open(claimed, inner, outer, "nearest")
        return low - slack, high + slack

    def render(self, values: Array) -> Array:
        """Nearest number of so many digits."""
        unit = last_digit(values, self.most)
        return np.asarray(np.where(unit > 0, np.round(values / np.where(unit > 0, unit, 1.0)) * unit, values))


@dataclass(frozen=True)
class Decimals(Coarse):
    """Numbers read from a text: ``step`` is the unit of the last digit, one number or one for each cell; ``digits`` are words for it."""

    step: float | Array
    digits: Text

    @property
    def name(self) -> Text:
        """How many digits were printed."""
        return self.digits

    def map(self, change: Callable[[Array], Array]) -> "Decimals":
        """Every number keeps its own step."""
        return replace(self, step=change(self.step)) if isinstance(self.step, np.ndarray) else self

    def reach(self, claimed: Array) -> tuple[Array, Array]:
        """Half a unit of the last digit; the decimal number that was read is itself rounded to a float64."""
        half = 0.5 * self.step + abs(claimed) * 2.0**-52
        return np.asarray(claimed - half), np.asarray(claimed + half)

    def render(self, values: Array) -> Array:
        """Nearest multiple of the step."""
        return np.asarray(np.round(values / self.step) * self.step)


@dataclass(frozen=True)
class Printed(Coarse):
    """Numbers that were brought into a format, ``first``, and then printed with digits too few to tell which number of it they are."""

    first: Resolution
    text: Decimals

    @property
    def name(self) -> Text:
        """Both."""
        return say("{format}, {digits}", format=self.first.name, digits=self.text.name)

    @property
    def largest(self) -> float:
        """As of the format."""
        return self.first.largest

    @property
    def wraps(self) -> bool:
        """As of the format."""
        return self.first.wraps

    def map(self, change: Callable[[Array], Array]) -> "Printed":
        """Every number keeps its own digits."""
        return replace(self, first=self.first.map(change), text=self.text.map(change))

    def reach(self, claimed: Array) -> tuple[Array, Array]:
        """What was printed lies from low to high. The format leaves most open, downwards or upwards, of a number at one of these ends."""
        low, high = self.text.reach(claimed)
        (low_of_low, high_of_low), (low_of_high, high_of_high) = self.first.reach(low), self.first.reach(high)
        down, up = np.fmax(low - low_of_low, high - low_of_high), np.fmax(high_of_low - low, high_of_high - high)
        return np.asarray(low - down), np.asarray(high + up)

    def render(self, values: Array) -> Array:
        """Brought into the format, and printed."""
        return self.text.render(self.first.render(values))

    def nearest(self, exact: Array, claimed: Array) -> Array:
        """As of the format."""
        return self.first.nearest(exact, claimed)


LARGEST = {"float32": 2.0**128 - 2.0**103, "float16": 65520.0, "bfloat16": 2.0**128 - 2.0**119}
ROUND: dict[str, Callable[[Array], Array]] = {"nearest": np.round, "floor": np.floor, "truncate": np.trunc}
STEPS_AWAY = {"nearest": (0.5, 0.5), "floor": (0.0, 1.0)}
SAID = {
    "nearest": say("rounded to nearest"),
    "floor": say("rounded down"),
    "truncate": say("truncated toward zero"),
    "saturate": say("saturating"),
    "wrap": say("wrapping around"),
}


def rounded(values: Array, to: NumberFormat, how: Rounding = "nearest") -> Array:
    """Float64 numbers rounded to a binary format, ties to even where to the nearest; its range is taken as unlimited above."""
    values = np.asarray(values, np.float64)
    with np.errstate(all="ignore"):
        exponent = np.maximum(np.frexp(values)[1] - to.bits, to.lowest)
        found = np.ldexp(ROUND[how](np.ldexp(values, -exponent)), exponent)
    return np.asarray(np.where(np.isfinite(values), found, values))


def truncated(values: Array, to: NumberFormat) -> Array:
    """Float64 numbers cut off, toward zero, to a binary format."""
    return rounded(values, to, "truncate")


def rounded_away(values: Array, to: NumberFormat) -> Array:
    """Float64 numbers rounded to the nearest of a binary format, ties away from zero."""
    with np.errstate(all="ignore"):
        exponent = np.where(values == 0, -1100, np.maximum(np.frexp(values)[1] - to.bits, to.lowest))
        return truncated(values + np.copysign(np.ldexp(0.5, exponent), values), to)


def steps_around(values: Array, to: NumberFormat) -> tuple[Array, Array]:
    """How far the next numbers of a binary format are, toward zero and away from it."""
    fraction, exponent = np.frexp(np.where(np.isfinite(values), values, 0.0))
    outer = np.maximum(np.where(values == 0, to.lowest, exponent - to.bits), to.lowest)
    inner = np.where(abs(fraction) == 0.5, np.maximum(outer - 1, to.lowest), outer)
    return np.where(np.isfinite(values), np.ldexp(1.0, inner), np.inf), np.where(np.isfinite(values), np.ldexp(1.0, outer), np.inf)


def left_open(claimed: Array, inner: float | Array, outer: float | Array, rounding: Rounding) -> tuple[Array, Array]:
    """The least and the largest number that may stand behind rounded ones; the next ones are ``inner`` away toward zero, else ``outer``."""
    below, above = np.where(claimed > 0, inner, outer), np.where(claimed < 0, inner, outer)
    if rounding == "truncate":
        return np.asarray(claimed - np.where(claimed <= 0, below, 0.0)), np.asarray(claimed + np.where(claimed >= 0, above, 0.0))
    down, up = STEPS_AWAY[rounding]
    return np.asarray(claimed - down * below), np.asarray(claimed + up * above)


def last_digit(values: Array, digits: int) -> Array:
    """The unit of the last of so many significant digits, 10^(exponent - digits + 1), of each number; 0 for 0, NaN and infinities.

    A number that is a power of ten but for the rounding of a logarithm counts as one: the step above it is the wider one.
    """
    size = abs(values)
    known = np.isfinite(size) & (size > 0)
    exponent = np.floor(np.log10(np.where(known, size, 1.0)) + 1e-12)
    return np.asarray(np.where(known, 10.0 ** (exponent - digits + 1), 0.0))
