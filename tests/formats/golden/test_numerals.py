"""Many numbers as text at once: what stands there is what Python, which computes with all digits, writes one by one."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convproof.formats.golden.c_source import LITERALS
from convproof.formats.golden.numerals import PLAIN, by_python, characters, nine_digits

RNG = np.random.default_rng(0)
CONVERSIONS = {"float16": "%.4e", "float32": "%.8e", "float64": "%.16e"}


def texts(numbers, style=PLAIN):
    """The texts one by one."""
    return [bytes(row).translate(None, b"\0").decode() for row in characters(numbers, style)]


def plain(numbers):
    return [CONVERSIONS.get(numbers.dtype.name, "%d") % number for number in numbers.tolist()]


FLOAT32 = {
    "any bits": RNG.integers(0, 2**32, 50_000, dtype=np.uint64).astype(np.uint32).view(np.float32),
    "usual sizes": RNG.normal(size=50_000).astype(np.float32),
    "denormals": RNG.integers(1, 2**23, 20_000, dtype=np.uint32).view(np.float32),
    "powers of ten": np.array([float(f"{sign}1e{k}") for k in range(-46, 39) for sign in "+-"], np.float32),
    "beside powers of ten": np.nextafter(np.array([float(f"1e{k}") for k in range(-45, 39)], np.float32), np.float32(0)),
    "powers of two": np.ldexp(1.0, np.arange(-150, 128)).astype(np.float32),
    "ties": (RNG.integers(-(2**20), 2**20, 50_000) / 2.0 ** RNG.integers(0, 40, 50_000)).astype(np.float32),
    "large ties": (RNG.integers(1, 5000, 20_000) * 2.0 ** RNG.integers(0, 110, 20_000)).astype(np.float32),
    "odd ones": np.array([0, -0.0, 1e-45, -1e-45, math.nan, math.inf, -math.inf, 3.4028235e38, 999999999, 9.9999999e-5], np.float32),
    "none": np.zeros(0, np.float32),
}


@pytest.mark.parametrize("numbers", FLOAT32.values(), ids=FLOAT32)
def test_nine_digits_are_those_of_python(numbers):
    found = texts(numbers)
    assert found == plain(numbers)
    known = ~np.isnan(numbers)
    read_again = np.array([float(text) for text in found], np.float32)
    assert np.array_equal(read_again[known].view(np.uint32), numbers[known].view(np.uint32))


@given(st.lists(st.floats(width=32), max_size=20))
def test_any_list_of_floats(numbers):
    assert texts(np.array(numbers, np.float32)) == [f"{number:.8e}" for number in numbers]


@pytest.mark.parametrize("numbers", [FLOAT32["usual sizes"], (np.arange(1, 4096) / 512).astype(np.float32)], ids=["usual", "exact ties"])
def test_numbers_that_are_left_to_python_are_few(numbers, monkeypatch):
    """Else it would be as slow as Python is."""
    left = []
    monkeypatch.setattr("convproof.formats.golden.numerals.by_python", lambda x, how: left.append(len(x)) or by_python(x, how))
    nine_digits(numbers)
    assert sum(left) <= 2


@pytest.mark.parametrize(
    "numbers",
    [
        np.arange(65536, dtype=np.uint16).view(np.float16),
        RNG.integers(0, 2**64, 20_000, dtype=np.uint64).view(np.float64),
        np.array([5e-324, -5e-324, 1.7976931348623157e308, 0.1, -0.0, math.nan, math.inf, -math.inf]),
        np.arange(-128, 128).astype(np.int8),
        np.array([0, 2**64 - 1], np.uint64),
        np.array([-(2**63), 2**63 - 1]),
        np.array([7], np.uint8),
        np.zeros(0, np.int16),
    ],
    ids=lambda numbers: f"{numbers.dtype} {len(numbers)}",
)
def test_other_numbers_are_those_of_python(numbers):
    assert texts(numbers) == plain(numbers)


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        (np.array([1.5, math.nan, -math.inf], np.float32), ["1.50000000e+00f", "NAN", "-INFINITY"]),
        (np.array([0.1], np.float16), ["9.99755859e-02f"]),
        (np.array([0.1]), ["1.0000000000000001e-01"]),
        (np.array([-(2**63), 5]), ["(-9223372036854775807LL - 1)", "5LL"]),
        (np.array([2**64 - 1], np.uint64), ["18446744073709551615ULL"]),
        (np.array([-3, 12], np.int8), ["-3", "12"]),
    ],
)
def test_literals_of_c(numbers, expected):
    assert texts(numbers, LITERALS) == expected
