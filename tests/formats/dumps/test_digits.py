"""What was printed leaves the true number within the reach of what is read back, whoever printed it."""

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from convproof.core.resolution import Decimals
from convproof.formats.dumps.text.numerals import NoNumberError, read_numerals
from tests.formats.dumps.reading import X, within

PRINTERS = {
    "%.4f": lambda v: f"{v:.4f}",
    "%.1f": lambda v: f"{v:.1f}",
    "%g": lambda v: f"{v:g}",
    "%.3g": lambda v: f"{v:.3g}",
    "%.7g": lambda v: f"{v:.7g}",
    "%.8g": lambda v: f"{v:.8g}",
    "%.9g": lambda v: f"{v:.9g}",
    "%.3e": lambda v: f"{v:.3e}",
    "%.8e": lambda v: f"{v:.8e}",
    "%.0f": lambda v: f"{v:.0f}",
    "repr of a float32": str,
    "repr of a float64": lambda v: repr(float(v)),
    "round of a float64": lambda v: repr(round(float(v), 4)),
    "np.round": lambda v: str(np.round(v, 4)),
}
NUMBERS = st.one_of(
    st.floats(-4, 4, width=32),
    st.floats(-1e6, 1e6, width=32),
    st.floats(width=32, allow_nan=False, allow_infinity=False, min_value=-(2.0**60), max_value=2.0**60),
    st.sampled_from([0.0, -0.0, 1.0, 0.1, 9.5, 9.9999, 0.001, 1024.0, 65504.0]),
)
ARRAYS = hnp.arrays(np.float32, st.integers(1, 12), elements=NUMBERS.map(lambda v: float(np.float32(v))))


def read(words):
    return read_numerals(" ".join(words).encode()).written()


@pytest.mark.parametrize("printer", list(PRINTERS))
@settings(max_examples=50)
@given(ARRAYS)
def test_the_true_number_is_within_reach(printer, array):
    assert within(read([PRINTERS[printer](v) for v in array]), array)


@pytest.mark.parametrize("scale", [1e-6, 1.0, 3e4])
@pytest.mark.parametrize("printer", ["%.9g", "%.8e", "repr of a float32", "repr of a float64"])
def test_nine_digits_lose_nothing(printer, scale):
    array = (np.random.default_rng(3).normal(size=1000) * scale).astype(np.float32)
    back = read([PRINTERS[printer](v) for v in array])
    assert back.resolution is None
    assert back.array.dtype == np.float32
    assert np.array_equal(back.array, array)


def test_seventeen_digits_of_a_float64_lose_nothing():
    array = np.random.default_rng(4).normal(size=1000)
    back = read([f"{v:.17g}" for v in array])
    assert back.resolution is None
    assert np.array_equal(back.array, array)
    assert back.array.dtype == np.float64


def meant(array):
    """The numbers themselves, or the float32 numbers whose nine digits they are: 1.05070102 is printed of a float32."""
    printed = [float(f"{v:.9g}") for v in array.astype(np.float32)]
    return array.astype(np.float32) if np.array_equal(printed, array) else array


@example(np.array([1.09, 2.0**-149]))
@example(np.array([1.05070102]))
@given(hnp.arrays(np.float64, st.integers(1, 9), elements=st.floats(-1e4, 1e4)))
def test_twelve_digits_of_a_float64_are_within_reach(array):
    assert within(read([f"{v:.12g}" for v in array]), meant(array))
    assert within(read([repr(float(v)) for v in array]), meant(array))


def test_digits_are_not_invented():
    """4 decimals beside a large number are 4 decimals: 12345.6789 has nine digits, and 0.1235 has no more for that."""
    back = read(["12345.6789", "0.1235"])
    assert str(back.resolution.name) == "4 decimals"
    low, high = back.resolution.reach(back.array)
    assert (low[1], high[1]) == pytest.approx((0.12345, 0.12355), rel=0, abs=2.0**-48)


@pytest.mark.parametrize(
    ("words", "name", "reach"),
    [
        (["0.1235", "-1.5000"], "4 decimals", (0.12345, 0.12355)),
        (["0.123457", "100000"], "6 digits", (0.1234565, 0.1234575)),
        (["1.235e-01", "2.000e+10"], "4 digits", (0.12345, 0.12355)),
        (["12", "-3"], "whole numbers", (11.5, 12.5)),
        (["0.5"], "1 decimal", (0.45, 0.55)),
    ],
)
def test_words_and_width(words, name, reach):
    back = read(words)
    assert isinstance(back.resolution, Decimals)
    assert str(back.resolution.name) == name
    low, high = back.resolution.reach(back.array)
    slack = 2.0**-22 * abs(back.array[0]) + 2.0**-48  # a printed float32 may be 4*u off to either side, u = 2^-24
    assert reach[0] - slack <= low[0] <= reach[0] + 2.0**-48
    assert reach[1] - 2.0**-48 <= high[0] <= reach[1] + slack


def test_zeros_among_exact_numbers_may_be_small_ones():
    """A ReLU's output with nine digits: the numbers are known, a 0.00000000 is only known to its last digit."""
    array = np.maximum(np.random.default_rng(5).normal(size=200).astype(np.float32), 0)
    back = read([f"{v:.9g}" for v in array])
    assert np.array_equal(back.array, array)
    low, high = back.resolution.reach(back.array.astype(np.float64))
    assert 0 < (high - low)[array == 0].max() < 1e-9


@pytest.mark.parametrize(
    ("text", "value"),
    [("1.5f", 1.5), ("-.5", -0.5), ("5.", 5.0), ("+1e+3", 1000.0), ("1.5D-01", 0.15), ("0x1.8p+1", 3.0), ("-0X1P-2f", -0.25), ("1E3", 1e3)],
)
def test_ways_to_write_a_number(text, value):
    assert read([text, "0.25"]).array[0] == value


@pytest.mark.parametrize("text", ["nan", "-nan", "NaN", "inf", "-inf", "Infinity"])
def test_what_is_not_finite_is_a_number(text):
    back = read([text, "0.25"])
    assert np.array_equal(back.array[0], float(text), equal_nan=True)
    assert str(back.resolution.name) == "2 decimals"


@pytest.mark.parametrize("word", ["0.1.2", "0x1p", "1_000", "abc", "1e", "--1", "1e5e5", "0,1", "1" * 500, "0x1p99999"])
def test_no_numbers(word):
    with pytest.raises(NoNumberError) as error:
        read_numerals(f"0.5 {word} 0.25".encode())
    assert error.value.index == 1
    assert error.value.word.startswith(word[:30])


def test_other_authors_printing_arrays():
    for text in (np.array2string(X, precision=4), str(torch.tensor(X)), np.array2string(X, precision=3, suppress_small=True)):
        words = text.translate(str.maketrans("[](),", "     ")).replace("tensor", " ").split()
        assert within(read(words), X.ravel())


@pytest.mark.parametrize(
    "words", [["0e400", "1.5"], ["1e-320", "5e-324"], ["1.7976931348623157e308", "1"], ["0e-400", "-0.0"], ["3.5e38", "1e-46"]]
)
def test_the_ends_of_the_range(words):
    back = read(words)
    assert np.array_equal(back.array, [float(word) for word in words])
