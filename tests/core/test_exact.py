"""Exact numbers and number formats, against Fractions, mpmath at 80 digits, and NumPy's own roundings."""

from fractions import Fraction

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import convproof as cp
from convproof.core.exact import (
    cosine,
    error_function,
    exact,
    exact_dot,
    exact_square_sum,
    exact_sum,
    exponential,
    hyperbolic_tangent,
    logarithm,
    power,
    quotient,
    root,
    sine,
)
from convproof.core.formats import FLOAT32, FLOAT64, binade, format_of, power_of_two

finite32 = st.floats(width=32, allow_nan=False, allow_infinity=False)
finite64 = st.floats(allow_nan=False, allow_infinity=False)


@given(arrays(np.float64, st.integers(0, 30), elements=finite64))
def test_sums_of_float64(numbers):
    assert exact_sum(numbers) == sum(map(Fraction, numbers.tolist()), Fraction(0))


@given(st.integers(0, 30).flatmap(lambda n: st.tuples(*[arrays(np.float32, n, elements=finite32)] * 2)))
def test_products_of_float32(pair):
    a, b = pair
    expected = sum((Fraction(float(x)) * Fraction(float(y)) for x, y in zip(a, b, strict=True)), Fraction(0))
    assert exact_dot(a, b) == expected
    assert exact_dot(a.astype(np.float64), b) == expected


@given(st.integers(0, 20).flatmap(lambda n: st.tuples(*[arrays(np.float64, n, elements=finite64)] * 2)))
def test_products_of_float64(pair):
    a, b = pair
    assert exact_dot(a, b) == sum((Fraction(x) * Fraction(y) for x, y in zip(a.tolist(), b.tolist(), strict=True)), Fraction(0))
    assert exact_square_sum(a) == sum((Fraction(x) ** 2 for x in a.tolist()), Fraction(0))


def test_many_numbers_do_not_overflow():
    numbers = np.full(300_000, 2.0**53 - 1)
    assert exact_sum(numbers) == 300_000 * (2**53 - 1)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_has_no_exact_value(value):
    for function in (exact, lambda v: exact_sum(np.array([1.0, v])), lambda v: exact_dot(np.array([v]), np.array([1.0]))):
        with pytest.raises(cp.NotFiniteError, match="has no exact value"):
            function(value)


@given(st.fractions(min_value=Fraction(1, 10**30), max_value=10**30))
@settings(max_examples=100)
def test_roots_and_exponentials_have_50_digits(value):
    with mpmath.workdps(80):
        precise = mpmath.sqrt(mpmath.mpf(value.numerator) / value.denominator)
        ours = root(value)
        assert abs(mpmath.mpf(ours.numerator) / ours.denominator / precise - 1) < mpmath.mpf(10) ** -50
        if value < 1000:
            precise = mpmath.exp(-mpmath.mpf(value.numerator) / value.denominator)
            ours = exponential(-value)
            assert abs(mpmath.mpf(ours.numerator) / ours.denominator / precise - 1) < mpmath.mpf(10) ** -50


def test_roots_and_exponentials_of_special_numbers():
    assert (root(Fraction(0)), root(Fraction(9, 4)), exponential(Fraction(0))) == (0, Fraction(3, 2), 1)


def digits_lost(ours, precise):
    """The relative distance of an exact number from mpmath's."""
    return abs(mpmath.mpf(ours.numerator) / ours.denominator / precise - 1)


SIZES = [1e-45, 1e-30, 1e-10, 0.5, 1 - 2**-24, 1 + 2**-52, 2.0, 5.0, 20.0, 31.0, 88.0, 400.0, 1e4, 3e38, 1e308]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("part", [1, -1, Fraction(1, 3), Fraction(-1, 3)])
def test_functions_have_50_digits(size, part):
    value = Fraction(size) * part
    with mpmath.workdps(1600):
        precise = mpmath.mpf(value.numerator) / value.denominator
        pairs = [(sine, mpmath.sin), (cosine, mpmath.cos), *([(logarithm, mpmath.log)] if value > 0 else [])]
        for ours, theirs in pairs:
            assert digits_lost(ours(value), theirs(precise)) < mpmath.mpf(10) ** -50
        for ours, theirs in ((hyperbolic_tangent, mpmath.tanh), (error_function, mpmath.erf)):
            found, expected = ours(value), theirs(precise)
            assert digits_lost(found, expected) < mpmath.mpf(10) ** -50
            if abs(found) != 1:
                assert digits_lost(1 - abs(found), 1 - abs(expected)) < mpmath.mpf(10) ** -50
            else:
                assert 1 - abs(expected) < mpmath.mpf(10) ** -443


@pytest.mark.parametrize(
    ("base", "exponent"), [(2.0, 0.5), (0.3, -7.2), (1 + 2**-23, 1e6), (1e38, 8.0), (10.0, -300.0), (7.0, 1 / 3), (-3.0, 1e3 + 1)]
)
def test_powers(base, exponent):
    with mpmath.workdps(80):
        found = power(Fraction(base), Fraction(exponent))
        assert digits_lost(found, mpmath.mpf(base) ** mpmath.mpf(exponent)) < mpmath.mpf(10) ** -50


def test_powers_of_special_numbers():
    assert [power(Fraction(b), Fraction(e)) for b, e in ((0, 0), (0, 2), (0, 0.5), (-2, 3), (-2, -2), (1, 1e30))] == [
        1, 0, 0, -8, Fraction(1, 4), 1,
    ]  # fmt: skip
    assert exponential(Fraction(-2000)) == 0


@pytest.mark.parametrize(
    ("function", "arguments", "text"),
    [
        (quotient, (1, 0), "a division by 0 has no exact value"),
        (root, (-4,), r"the square root of -4.0 is no real number"),
        (logarithm, (0,), r"the logarithm of 0.0 is no finite number"),
        (logarithm, (-1,), r"the logarithm of -1.0 is no finite number"),
        (power, (-8, 1 / 3), r"-8.0 to the power of 0.3333333333333333 is no real number"),
        (power, (0, -1), r"0.0 to the power of -1.0 is no real number"),
        (power, (10, 1e6), "is more than any float can hold"),
        (exponential, (2000,), r"e to the power of 2000.0 is more than any float can hold"),
    ],
)
def test_what_has_no_value(function, arguments, text):
    with pytest.raises(cp.NotFiniteError, match=text):
        function(*map(Fraction, arguments))


def test_whole_numbers_are_exact_at_any_size():
    assert exact(np.int64(2**62 + 1)) == 2**62 + 1
    assert exact(np.uint8(200)) == 200


@given(st.fractions(min_value=-(10**30), max_value=10**30))
@settings(max_examples=300)
def test_rounding_to_float64_is_pythons(value):
    assert FLOAT64.round(value) == Fraction(float(value))


@given(finite64.filter(lambda v: abs(v) < 1e38))
@settings(max_examples=300)
def test_rounding_to_float32_is_numpys(value):
    assert FLOAT32.round(Fraction(value)) == Fraction(float(np.float32(value)))


@pytest.mark.parametrize("value", [1 + 2.0**-24, 1 + 3 * 2.0**-24, 2.0**-150, 3 * 2.0**-150, 2.0**-149, 1.5 * 2.0**-127, -(1 + 2.0**-24)])
def test_ties_and_denormals_round_to_even(value):
    assert FLOAT32.round(Fraction(value)) == Fraction(float(np.float32(value)))


def test_steps_and_units():
    assert FLOAT32.u == 2.0**-24
    assert FLOAT64.tiny == float(np.finfo(np.float64).smallest_subnormal)
    assert FLOAT32.tiny == float(np.finfo(np.float32).smallest_subnormal)
    for value in (1.0, 1.999, 2.0, 3e-40, 1e10):
        assert float(FLOAT32.step(Fraction(value))) == float(np.spacing(np.float32(value)))
    assert FLOAT32.ulps(Fraction(1) + power_of_two(-22), Fraction(1)) == 2


@given(st.fractions().filter(bool))
def test_a_binade_holds_its_number(value):
    assert power_of_two(binade(value)) <= abs(value) < power_of_two(binade(value) + 1)


def test_other_formats_are_refused():
    with pytest.raises(cp.DTypeError, match="expected numbers of type float32 or float64, got int16"):
        format_of(np.int16)
