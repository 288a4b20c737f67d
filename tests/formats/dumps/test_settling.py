"""What was written and what was declared, put together: whatever wrote the numbers, the true ones lie within the reach of what is read."""

import math
import re

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import convproof as cp
from convproof.core.fixed_point import Fixed
from convproof.core.formats import FLOAT32, FLOAT64
from convproof.core.resolution import Decimals, Printed, Stored
from convproof.formats.dumps.declared import parse_format
from convproof.formats.dumps.dump import Written
from convproof.formats.dumps.settling import settled
from tests.formats.dumps.reading import X, only, within

FLOAT = np.dtype(np.float32)
WHOLE = Decimals(FLOAT32, 1.0, "whole numbers")
Q7_8 = parse_format("q7.8")


def notes(written):
    return [str(note) for note in written.notes]


def clipped(codes, low, high):
    return np.clip(codes, low, high)


def wrapped(codes, bits):
    return (codes + 2 ** (bits - 1)) % 2**bits - 2 ** (bits - 1)


def bfloat16_cut_off(x):
    return (x.astype(np.float32).view(np.uint32) & np.uint32(0xFFFF0000)).view(np.float32)


FORMATS = {  # how a target would do it
    "q7.8": lambda x: clipped(np.rint(x * 256), -(2**15), 2**15 - 1) / 256,
    "q3.4:truncate": lambda x: clipped(np.trunc(x * 16), -128, 127) / 16,
    "q3.4:floor:symmetric": lambda x: clipped(np.floor(x * 16), -127, 127) / 16,
    "ap_fixed:8:4": lambda x: wrapped(np.floor(x * 16), 8) / 16,
    "int8:0.05:-3": lambda x: (clipped(np.rint(x / 0.05) - 3, -128, 127) + 3) * 0.05,
    "float16": lambda x: x.astype(np.float16).astype(np.float64),
    "bfloat16:truncate": lambda x: bfloat16_cut_off(x).astype(np.float64),
    "decimals:2": lambda x: np.round(x, 2),
    "digits:2": lambda x: np.array([float(f"{v:.1e}") for v in x]),
}


PRINTERS = ["%.0f", "%.1f", "%.2f", "%.4f", "%.7f", "%.3g", "%.17g"]
PRINTED = [(f, p) for f in FORMATS for p in PRINTERS if p != "%.0f" or not isinstance(parse_format(f), Fixed)]


@pytest.mark.parametrize(("format", "printer"), PRINTED)
@settings(max_examples=25)
@given(x=st.lists(st.floats(-20, 20, width=32), min_size=1, max_size=9).map(np.float32))
def test_the_true_number_may_stand_behind_what_was_brought_into_a_format_and_printed(tmp_path_factory, format, printer, x):
    true = x.astype(np.float64)
    brought = FORMATS[format](true)
    words = [printer % v for v in brought]
    assume(any("." in word for word in words) or not isinstance(parse_format(format), Fixed))  # whole numbers would be its codes
    found = only(tmp_path_factory.mktemp("a") / "a.txt", " ".join(words) + "\n", declared=parse_format(format))
    resolution = found.resolution or parse_format("float32")
    assert resolution.same(true, found.array.astype(np.float64)).all(), (str(resolution.name), found.array)


def test_digits_that_tell_the_number_of_the_grid_leave_no_more_open_than_the_format_does(tmp_path):
    grid = np.rint(X.astype(np.float64) * 256).ravel() / 256
    found = only(tmp_path / "a.txt", " ".join(f"{v:.4f}" for v in grid), declared=Q7_8)
    assert found.resolution is Q7_8
    assert np.array_equal(found.array, grid)
    assert within(found, X.ravel())
    few = only(tmp_path / "b.txt", " ".join(f"{v:.2f}" for v in grid), declared=Q7_8)
    assert str(few.resolution.name) == "Q7.8, 2 decimals"
    low, high = few.resolution.reach(few.array)
    more = high - low - (0.01 + 1 / 256)  # what is printed of a float32 may be 4*u off to either side, u = 2^-24
    assert (more >= -(2.0**-48)).all()
    assert (more <= 2.0**-21 * abs(few.array) + 2.0**-48).all()
    assert within(few, X.ravel())


def test_a_saturated_number_that_was_printed_coarsely_is_known_as_one(tmp_path):
    declared = parse_format("q3.4")
    found = only(tmp_path / "a.txt", "7.9 -8.0 0.0", declared=declared)
    low, high = found.resolution.reach(found.array)
    assert isinstance(found.resolution, Printed)
    assert (high[0], low[1]) == (math.inf, -math.inf)
    assert np.isfinite([low[0], high[1], low[2], high[2]]).all()


def test_a_number_that_wrapped_around_is_as_good_as_the_one_that_it_was(tmp_path):
    found = only(tmp_path / "a.txt", "-7.9", declared=parse_format("q3.4:wrap"))
    assert found.resolution.same(np.array([8.1]), found.array).all()
    assert not found.resolution.same(np.array([9.1]), found.array).any()


@pytest.mark.parametrize("format", ["float32", "float64"])
def test_text_is_no_finer_than_its_digits(tmp_path, format):
    found = only(tmp_path / "a.txt", " ".join(f"{v:.4f}" for v in X.ravel()), declared=parse_format(format))
    assert str(found.resolution.name) == "4 decimals"
    assert found.resolution.native is {"float32": FLOAT32, "float64": FLOAT64}[format]
    assert within(found, X.ravel())


@pytest.mark.parametrize("dtype", ["int8", "int16", "int32", "int64", "uint16", "uint64"])
def test_integers_are_codes_whatever_their_length(dtype):
    found = settled(Written(np.array([0, 3, 100], dtype)), Q7_8, FLOAT, "a.npy")
    assert found.array.tolist() == [0.0, 3 / 256, 100 / 256]
    assert found.resolution is Q7_8
    assert notes(found) == ["whole numbers, read as codes of Q7.8"]


def test_a_nan_among_codes_stays_one():
    found = settled(Written(np.array([256.0, np.nan, np.inf]), WHOLE), Q7_8, FLOAT, "a.txt")
    assert np.array_equal(found.array, [1.0, np.nan, np.inf], equal_nan=True)


@pytest.mark.parametrize("codes", [np.array([1, 40000]), np.array([1, 40000], np.uint16), np.array([1.0, 40000.0])])
def test_codes_that_the_format_does_not_have(codes):
    written = Written(codes, WHOLE if codes.dtype.kind == "f" else None)
    sentence = "conv1 (a.h, line 3) holds the code 40000, but Q7.8 has codes from -32768 to 32767; look at the declared format"
    with pytest.raises(cp.DTypeError, match=re.escape(sentence)):
        settled(written, Q7_8, FLOAT, "conv1 (a.h, line 3)")


def test_numbers_with_a_point_are_no_codes(tmp_path):
    """A ReLU that gives nothing but zeros prints 0.000; with a zero point of -3 the code 0 would be 0.15."""
    declared = parse_format("int8:0.05:-3")
    assert only(tmp_path / "a.txt", "0.000 0.000", declared=declared).array.tolist() == [0, 0]
    assert only(tmp_path / "b.txt", "0. 0.", declared=declared).array.tolist() == [0, 0]
    assert only(tmp_path / "c.txt", "0 0", declared=declared).array.tolist() == [3 * 0.05, 3 * 0.05]


def test_truth_values_are_no_codes():
    found = settled(Written(np.array([True, False])), Q7_8, FLOAT, "a.npy")
    assert found.array.tolist() == [1.0, 0.0]


@pytest.mark.parametrize("array", [np.array([3, 1]), np.array([3, 1], np.int16), np.array([3.0, 1.0]), np.array([True, True])])
@pytest.mark.parametrize("format", ["q7.8", "float16", None])
def test_the_network_s_own_integers_are_in_no_format(array, format):
    declared = parse_format(format) if format else None
    found = settled(Written(array, WHOLE if array.dtype.kind == "f" else None), declared, np.dtype(np.int64), "indices")
    assert found.array.dtype == np.int64
    assert found.array.tolist() == array.astype(int).tolist()
    assert (found.resolution, found.notes) == (None, ())
    half = settled(Written(np.array([0.5, 1e300, np.nan])), declared, np.dtype(np.int64), "indices")
    assert half.array.dtype == np.float64


@pytest.mark.parametrize("dtype", [np.int16, np.uint16])
def test_bits_of_a_short_float(dtype):
    bits = bfloat16_cut_off(X.ravel()).view(np.uint32) >> 16
    found = settled(Written(bits.astype(np.uint16).view(dtype)), parse_format("bfloat16"), FLOAT, "a.npy")
    assert np.array_equal(found.array.astype(np.float32), bfloat16_cut_off(X.ravel()))
    assert notes(found) == ["whole numbers, read as the bits of bfloat16"]


def test_numbers_of_another_kind_than_the_declared_one_are_taken_as_they_were_written(tmp_path):
    found = only(tmp_path / "a.txt", "0.3333 0.5000", declared=parse_format("q3.2"))
    assert found.array.tolist() == [0.3333, 0.5]
    assert str(found.resolution.name) == "4 decimals"
    assert notes(found) == ["its numbers are none of Q3.2: taken as they were written"]
    found = settled(Written(X), Q7_8, FLOAT, "a.npy")
    assert found.resolution is None
    assert notes(found) == ["its numbers are none of Q7.8: taken as they were written"]


def test_numbers_beyond_the_range_are_neither_saturated_nor_wrapped():
    """250 is none of Q7.8, so that nothing may stand behind 200.5 but what lies within half a step."""
    for format in ("q7.8", "q7.8:wrap"):
        found = settled(Written(np.array([200.5, 1.0])), parse_format(format), FLOAT, "a.npy")
        assert found.array.tolist() == [200.5, 1.0]
        assert found.resolution.same(np.array([200.5 + 2**-10, 1.0]), found.array).all()
        assert not found.resolution.same(np.array([250.0, 200.5 - 256]), found.array).any()
        assert notes(found) == ["its numbers reach beyond Q7.8: taken for multiples of its step"]
    whole = settled(Written(np.array([256.0, 512.0])), Q7_8, FLOAT, "a.npy")
    assert notes(whole)[0].endswith("they are whole and reach beyond Q7.8: if they are its codes, write them as integers")


def test_what_a_file_says_of_its_format_counts_more_than_what_is_declared():
    stored = Stored(FLOAT32, parse_format("float16").storage)
    written = Written(np.array([0.5, 3.0]), stored)
    found = settled(written, Q7_8, FLOAT, "golden")
    assert found == written


@pytest.mark.parametrize("dtype", [np.int16, np.uint16])
def test_whole_numbers_are_no_bits_of_a_float32(dtype):
    """In a network of float64 numbers float32 is a short float, too, but not one of 16 bits."""
    found = settled(Written(np.array([3, 1, 2], dtype)), parse_format("float32", FLOAT64), np.dtype(np.float64), "a.npy")
    assert found.array.tolist() == [3.0, 1.0, 2.0]
    assert notes(found) == []
