"""Exact arithmetic on the numbers of an array.

Every finite float is an integer times a power of two, so sums and products of floats are exact rationals. Long sums are made
in integers on one common scale, which takes about a fifteenth of the time of summing Fractions. A root or an exponential has no
finite expansion: it is carried to 50 significant digits and counted as exact from there on. An exponential below e^-1024, far beneath
the smallest float there is, counts as 0: it would be an integer over 2^(a billion) where a mask puts -1e9 into a softmax.
"""

import math
from fractions import Fraction

import numpy as np

from convproof.core.errors import NotFiniteError
from convproof.core.formats import binade, power_of_two
from convproof.core.shapes import Array

DIGITS = 50
LOWEST = -1024  # e^-1024 = 10^-445; the smallest float64 is 5e-324
_BITS = math.ceil(DIGITS * math.log2(10)) + 10


def exact(number: object) -> Fraction:
    """The exact value of one finite float or integer. Raises NotFiniteError for NaN and infinity."""
    if isinstance(number, Fraction | int):
        return Fraction(number)
    value = float(number)  # type: ignore[arg-type]
    if not math.isfinite(value):
        raise NotFiniteError("{value} has no exact value: trace where it comes from, then derive the cell it spoils", value=value)
    return Fraction(value)


def exact_sum(numbers: Array) -> Fraction:
    """The exact sum of all numbers of an array, of any shape."""
    mantissas, exponents = _integers(numbers)
    total = Fraction(0)
    for exponent in np.unique(exponents):
        total += _integer_sum(mantissas[exponents == exponent]) * power_of_two(int(exponent))
    return total


def exact_dot(a: Array, b: Array) -> Fraction:
    """The exact sum of the products a[i] * b[i] of two arrays of the same shape."""
    if a.dtype == np.float32 and b.dtype == np.float32:
        return exact_sum(a.astype(np.float64) * b.astype(np.float64))  # 24 + 24 bits fit into 53, 2^-298 is in range
    left, scale_left = _scaled(a)
    right, scale_right = _scaled(b)
    return sum(map(int.__mul__, left, right)) * power_of_two(scale_left + scale_right)


def exact_square_sum(numbers: Array) -> Fraction:
    """The exact sum of the squares of all numbers of an array."""
    return exact_dot(numbers, numbers)


def root(value: Fraction) -> Fraction:
    """The square root of ``value`` >= 0 to 50 significant digits, rounded down."""
    if value == 0:
        return Fraction(0)
    shift = max(0, _BITS - binade(value) // 2)
    return Fraction(math.isqrt((value.numerator << (2 * shift)) // value.denominator), 1 << shift)


def exponential(value: Fraction) -> Fraction:
    """e to the power of ``value``, to 50 significant digits; 0 where that is below e^-1024."""
    from mpmath import libmp

    if value == 0:
        return Fraction(1)
    if value < LOWEST:
        return Fraction(0)
    bits = _BITS + max(0, binade(value) + 1)
    argument = libmp.from_rational(value.numerator, value.denominator, bits)
    sign, mantissa, exponent, _ = libmp.mpf_exp(argument, bits)
    size = int(mantissa) * power_of_two(int(exponent))
    return -size if sign else size


def _integers(numbers: Array) -> tuple[Array, Array]:
    """Mantissas and exponents (flat, int64) with numbers == mantissas * 2^exponents."""
    values = np.asarray(numbers, dtype=np.float64).reshape(-1)
    finite = np.isfinite(values)
    if not finite.all():
        exact(values[~finite][0])
    fractions, exponents = np.frexp(values)
    return np.ldexp(fractions, 53).astype(np.int64), exponents.astype(np.int64) - 53


def _integer_sum(mantissas: Array) -> int:
    """Sum of int64 numbers below 2^53 in size, in two halves that cannot overflow."""
    high, low = mantissas >> 26, mantissas & ((1 << 26) - 1)
    return (int(high.sum()) << 26) + int(low.sum())


def _scaled(numbers: Array) -> tuple[list[int], int]:
    """Python integers on one scale: numbers == integers * 2^scale."""
    mantissas, exponents = _integers(numbers)
    used = exponents[mantissas != 0]
    scale = int(used.min()) if used.size else 0
    shifts = np.where(mantissas == 0, 0, exponents - scale)
    return [m << s for m, s in zip(mantissas.tolist(), shifts.tolist(), strict=True)], scale
