"""Exact arithmetic on the numbers of an array.

Every finite float is an integer times a power of two, so sums and products of floats are exact rationals. Long sums are made
in integers on one common scale, which takes about a fifteenth of the time of summing Fractions. A root, an exponential, a logarithm
has no finite expansion: it is carried to 50 significant digits and counted as exact from there on. An exponential below e^-1024, far
beneath the smallest float there is, counts as 0: it would be an integer over 2^(a billion) where a mask puts -1e9 into a softmax. One above
e^1024 is more than any float can say, and an error. What approaches 1 (tanh, the error function) is carried until its distance from 1 has
50 digits as well, so that 1 - tanh(x) is as exact as tanh(x); a distance below e^-1024 counts as 0.
"""

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np

from convproof.core.errors import NotFiniteError
from convproof.core.formats import binade, power_of_two
from convproof.core.shapes import Array

DIGITS = 50
LOWEST = -1024  # e^-1024 = 10^-445; the smallest float64 is 5e-324
HIGHEST = 1024  # e^1024 = 10^444; the largest float64 is 1.8e308
EXACT_POWER = 1 << 16  # bits
_BITS = math.ceil(DIGITS * math.log2(10)) + 10


def exact(number: object) -> Fraction:
    """The exact value of one finite float or integer. Raises NotFiniteError for NaN and infinity."""
    if isinstance(number, Fraction | int | np.integer):
        return Fraction(int(number) if isinstance(number, np.integer) else number)
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


def quotient(a: Fraction, b: Fraction) -> Fraction:
    """a / b. Raises NotFiniteError where b is 0."""
    if b == 0:
        raise NotFiniteError("a division by 0 has no exact value: look where the divisor comes from")
    return a / b


def root(value: Fraction) -> Fraction:
    """The square root of ``value`` to 50 significant digits, rounded down. Raises NotFiniteError where ``value`` is negative."""
    if value < 0:
        raise NotFiniteError("the square root of {value} is no real number: look where it comes from", value=float(value))
    if value == 0:
        return Fraction(0)
    shift = max(0, _BITS - binade(value) // 2)
    return Fraction(math.isqrt((value.numerator << (2 * shift)) // value.denominator), 1 << shift)


def exponential(value: Fraction) -> Fraction:
    """e to the power of ``value``, to 50 significant digits; 0 where that is below e^-1024. Raises NotFiniteError above e^1024."""
    if value == 0:
        return Fraction(1)
    if value < LOWEST:
        return Fraction(0)
    if value > HIGHEST:
        raise NotFiniteError("e to the power of {value} is more than any float can hold", value=float(value))
    return _by_mpmath("mpf_exp", value, _BITS + max(0, binade(value) + 1))


def logarithm(value: Fraction, bits: int = _BITS) -> Fraction:
    """The natural logarithm of ``value``, to 50 significant digits. Raises NotFiniteError where ``value`` is 0 or negative."""
    if value <= 0:
        raise NotFiniteError("the logarithm of {value} is no finite number: look where it comes from", value=float(value))
    if value == 1:
        return Fraction(0)
    return _by_mpmath("mpf_log", value, bits + max(0, -binade(value - 1)))  # near 1 the leading digits cancel


def power(base: Fraction, exponent: Fraction) -> Fraction:
    """``base`` to the power of ``exponent``: exactly where that is a whole number of moderate size, else to 50 significant digits.

    Raises NotFiniteError for a power of 0 or of a negative number that is no real number, and above e^1024.
    """
    size = base.numerator.bit_length() + base.denominator.bit_length()
    if exponent.denominator == 1 and abs(exponent) * size <= EXACT_POWER and (base != 0 or exponent >= 0):
        return base ** int(exponent)
    if base == 0 and exponent > 0:
        return Fraction(0)
    if base == 0 or (base < 0 and exponent.denominator != 1):
        raise NotFiniteError(
            "{base} to the power of {exponent} is no real number: look where both come from", base=float(base), exponent=float(exponent)
        )
    found = exponential(exponent * logarithm(abs(base), _BITS + 12))  # the product is at most 1024 in size, or the power out of range
    return -found if base < 0 and exponent % 2 else found


def hyperbolic_tangent(value: Fraction) -> Fraction:
    """tanh(value); it and its distance from 1 or -1 to 50 significant digits."""
    if 2 * abs(value) > HIGHEST:
        return Fraction(1 if value > 0 else -1)
    return _by_mpmath("mpf_tanh", value, _BITS + math.ceil(3 * abs(value)))  # 1 - tanh(x) is about 2e^-2x


def error_function(value: Fraction) -> Fraction:
    """erf(value); it and its distance from 1 or -1 to 50 significant digits."""
    if value * value > HIGHEST:
        return Fraction(1 if value > 0 else -1)
    return _by_mpmath("mpf_erf", value, _BITS + math.ceil(1.5 * value * value) + 10)  # 1 - erf(x) is about e^-x^2 / (2x)


def sine(value: Fraction) -> Fraction:
    """sin(value), value in radians, to 50 significant digits."""
    return _by_mpmath("mpf_sin", value, _BITS + (max(0, binade(value) + 1) if value else 0))


def cosine(value: Fraction) -> Fraction:
    """cos(value), value in radians, to 50 significant digits."""
    return _by_mpmath("mpf_cos", value, _BITS + (max(0, binade(value) + 1) if value else 0))


def sign(value: Fraction) -> Fraction:
    """1, 0 or -1."""
    return Fraction((value > 0) - (value < 0))


def _by_mpmath(name: str, value: Fraction, bits: int) -> Fraction:
    """A function of mpmath's at an exact number, to ``bits`` bits."""
    from mpmath import libmp

    if value == 0 and name != "mpf_cos":
        return Fraction(0)
    function: Callable[..., Any] = getattr(libmp, name)
    denominator = value.denominator
    wide = max(bits, value.numerator.bit_length()) if denominator & (denominator - 1) == 0 else bits
    sign, mantissa, exponent, _ = function(libmp.from_rational(value.numerator, denominator, wide), bits)
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
