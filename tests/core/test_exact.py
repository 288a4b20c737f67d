"""Exact numbers and number formats, against Fractions, mpmath at 80 digits, and NumPy's own roundings."""

from fractions import Fraction

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import convproof as cp
from convproof.core.exact import exact, exact_dot, exact_square_sum, exact_sum, exponential, root
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
