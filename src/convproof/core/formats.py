"""Number formats: how finely a binary floating-point number can say what it means.

A format with p significand bits rounds to nearest with a relative error of at most u = 2^-p, down to a smallest step ``tiny``
below which the error is absolute.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from convproof.core.errors import DTypeError


@dataclass(frozen=True)
class NumberFormat:
    """A binary format: ``bits`` of significand (the hidden one counted), smallest step 2^``lowest``."""

    name: str
    bits: int
    lowest: int

    @property
    def u(self) -> float:
        """Unit roundoff: half the distance from 1 to the next number, 2^-bits."""
        return 2.0**-self.bits

    @property
    def tiny(self) -> float:
        """The smallest positive number, 2^lowest."""
        return 2.0**self.lowest

    def step(self, value: Fraction) -> Fraction:
        """The distance between neighbouring numbers of the format around ``value`` (one ULP)."""
        if value == 0:
            return power_of_two(self.lowest)
        return power_of_two(max(binade(value) - self.bits + 1, self.lowest))

    def round(self, value: Fraction) -> Fraction:
        """The number of the format nearest to ``value``, ties to even (the range is taken as unlimited above)."""
        step = self.step(value)
        return round(value / step) * step

    def ulps(self, number: Fraction, exact: Fraction) -> Fraction:
        """How many steps of the format ``number`` lies away from ``exact``, with its sign."""
        return (number - exact) / self.step(exact)


FLOAT32 = NumberFormat("float32", 24, -149)
FLOAT64 = NumberFormat("float64", 53, -1074)
FLOAT16 = NumberFormat("float16", 11, -24)
BFLOAT16 = NumberFormat("bfloat16", 8, -133)
FLOATS = {known.name: known for known in (FLOAT32, FLOAT64, FLOAT16, BFLOAT16)}  # the names are those of dtypes
SHORT = (FLOAT16.name, BFLOAT16.name)  # numbers are stored in these formats, and computed with in float32


def format_of(dtype: DTypeLike) -> NumberFormat:
    """The number format of an array's dtype. Raises DTypeError for anything but float32, float64, float16 and bfloat16."""
    found = FLOATS.get(np.dtype(dtype).name)
    if found is None:
        raise DTypeError(
            "expected numbers of type float32 or float64, got {dtype}; convert them with x.astype(np.float32)", dtype=np.dtype(dtype)
        )
    return found


def power_of_two(exponent: int) -> Fraction:
    """2^exponent, exactly."""
    return Fraction(1 << exponent) if exponent >= 0 else Fraction(1, 1 << -exponent)


def binade(value: Fraction) -> int:
    """The e with 2^e <= abs(value) < 2^(e+1); ``value`` is not 0."""
    top, bottom = abs(value.numerator), value.denominator
    guess = top.bit_length() - bottom.bit_length()
    return guess if abs(value) >= power_of_two(guess) else guess - 1


def dtype_named(name: str) -> np.dtype[Any]:
    """A dtype by its name; NumPy knows bfloat16 only from ml_dtypes."""
    if name == "bfloat16":
        import ml_dtypes

        found: np.dtype[Any] = np.dtype(ml_dtypes.bfloat16)
        return found
    return np.dtype(name)
