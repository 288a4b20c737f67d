"""Formats as they are declared: what they mean, and a sentence with an example for what makes no sense."""

import re

import ml_dtypes
import numpy as np
import pytest

import convproof as cp
from convproof.core.fixed_point import Fixed
from convproof.core.formats import FLOAT32, FLOAT64
from convproof.core.resolution import Digits, Resolution, Stored
from convproof.formats.dumps.declared import Raw, parse_format, parse_raw


@pytest.mark.parametrize(
    ("text", "ends", "step", "zero", "how"),
    [
        ("q7.8", (-128.0, 127.99609375), 2**-8, 0, ("nearest", "saturate")),
        ("Q7.8:floor:wrap", (-128.0, 127.99609375), 2**-8, 0, ("floor", "wrap")),
        ("uq0.8", (0.0, 0.99609375), 2**-8, 0, ("nearest", "saturate")),
        ("q15", (-1.0, 1 - 2**-15), 2**-15, 0, ("nearest", "saturate")),
        ("ap_fixed:16:6", (-32.0, 32 - 2**-10), 2**-10, 0, ("floor", "wrap")),
        ("ap_fixed<16,6>", (-32.0, 32 - 2**-10), 2**-10, 0, ("floor", "wrap")),
        ("ap_fixed<16, 6, AP_RND, AP_SAT>", (-32.0, 32 - 2**-10), 2**-10, 0, ("nearest", "saturate")),
        ("ap_fixed:8:3:TRN_ZERO:SAT_SYM", (-127 / 32, 127 / 32), 2**-5, 0, ("truncate", "saturate")),
        ("ap_ufixed:8:0", (0.0, 255 / 256), 2**-8, 0, ("floor", "wrap")),
        ("int8:0.05:-3", (-6.25, 6.5), 0.05, -3, ("nearest", "saturate")),
        ("uint8:1/64:128", (-2.0, 127 / 64), 2**-6, 128, ("nearest", "saturate")),
        ("int8:0.5:0:symmetric:truncate", (-63.5, 63.5), 0.5, 0, ("truncate", "saturate")),
        ("int16:0.25", (-8192.0, 8191.75), 0.25, 0, ("nearest", "saturate")),
    ],
)
def test_fixed_point(text, ends, step, zero, how):
    found = parse_format(text)
    assert isinstance(found, Fixed)
    assert found.ends == pytest.approx(ends, abs=1e-12)
    assert (found.step, found.zero) == (step, zero)
    assert (found.rounding, found.overflow) == how
    assert found.native is FLOAT32


def test_roles():
    assert parse_format("q7.8").role == "either"
    assert not parse_format("q7.8:rendering").is_arithmetic
    assert parse_format("bfloat16:arithmetic").role == "arithmetic"


def test_floats():
    assert parse_format("float32") == Resolution(FLOAT32)
    assert parse_format("float64") == Resolution(FLOAT64)
    assert isinstance(parse_format("float16"), Stored)
    assert parse_format("float32", FLOAT64).reach(np.array([1.0]))[1] > 1


@pytest.mark.parametrize("how", ["nearest", "floor", "truncate"])
@pytest.mark.parametrize("format", ["float16", "bfloat16"])
def test_numbers_brought_into_a_short_float_are_within_reach(format, how):
    """A cast rounds to nearest, by NumPy and ml_dtypes; from there the next number down or up is one step away."""
    x = np.random.default_rng(1).normal(size=500) * 10.0 ** np.arange(-9, 1).repeat(50)
    dtype = {"float16": np.float16, "bfloat16": ml_dtypes.bfloat16}[format]
    cast = x.astype(dtype)
    down, up = (np.nextafter(cast, dtype(end)).astype(np.float64) for end in (-np.inf, np.inf))
    nearest = cast.astype(np.float64)
    floor = np.where(nearest > x, down, nearest)
    truncated = np.where(x >= 0, floor, np.where(nearest < x, up, nearest))
    found = parse_format(f"{format}:{how}")
    short = found.render(x)
    assert np.array_equal(short, {"nearest": nearest, "floor": floor, "truncate": truncated}[how])
    low, high = found.reach(short)
    assert ((low <= x) & (x <= high)).all()


@pytest.mark.parametrize("n", [1, 3, 6])
def test_digits(n):
    x = np.random.default_rng(2).normal(size=300) * 1e3
    printed = np.array([float(f"{v:.{n}g}") for v in x])
    found = parse_format(f"digits:{n}")
    assert isinstance(found, Digits)
    low, high = found.reach(printed)
    assert ((low <= x) & (x <= high)).all()
    assert (abs(found.render(x) - printed) <= 2.0**-50 * abs(printed)).all()  # a quotient and a product, a few roundings of a float64
    unit = np.array([10.0 ** (int(f"{v:.{n - 1}e}".partition("e")[2]) - n + 1) for v in x])  # of the last digit
    assert (high - low <= unit + 2.0**-50 * abs(printed)).all()


def test_decimals():
    low, high = parse_format("decimals:2").reach(np.array([1.25]))
    assert (low[0], high[0]) == pytest.approx((1.245, 1.255))


def test_a_scale_that_is_no_power_of_two_is_rounded_in_the_target():
    found = parse_format("int8:0.05")
    x = np.random.default_rng(3).uniform(-6, 6, 4000).astype(np.float32)
    codes = np.round(x / np.float32(0.05)).astype(np.int8)
    low, high = found.reach(found.decode(codes))
    assert ((low <= x) & (x <= high)).all()


def test_a_saturated_number_in_float32_is_known_as_one():
    """6.35 is the largest number of int8:0.05; as a float32 it is a little less."""
    low, high = parse_format("int8:0.05").reach(np.float32([-6.4, 0, 6.35]).astype(np.float64))
    assert low.tolist()[0] == -np.inf
    assert high.tolist()[2] == np.inf
    assert np.isfinite([low[2], high[0], low[1], high[1]]).all()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "'' names no number format; expected one such as float32, float64, float16, bfloat16, q7.8,"),
        ("q7.8.9", "names no number format"),
        ("q70.80", "the format 'q70.80' would have 151 bits; expected 2 to 53"),
        ("ap_fixed:16", "the format 'ap_fixed:16' has 1 number after its name; write it as in ap_fixed:16:6"),
        ("int8", "the format 'int8' has 0 numbers after its name; write it as in int8:0.05:-3"),
        ("int8:-1", "the format 'int8:-1': the scale '-1' is no positive number; write it as in int8:0.05:-3"),
        ("int8:nan", "the scale 'nan' is no positive number; write it as in int8:0.05:-3"),
        ("int8:1/0", "the scale '1/0' is no positive number"),
        ("int8:0.1:300", "the zero point 300 is no int8, which goes from -128 to 127"),
        ("int8:0.1:1.5", "'1.5' is no whole number"),
        ("int8:0.1:floor:3", "has a number after a word; write numbers first, as in int8:0.05:-3:floor"),
        ("q7.8:nearest:floor", "says both 'nearest' and 'floor'; choose one"),
        ("decimals:x", "'x' is no whole number; write it as in decimals:4"),
        ("digits:nan", "'nan' is no whole number; write it as in digits:6"),
        ("int8:nan:0", "the scale 'nan' is no positive number; write it as in int8:0.05:-3"),
        ("ap_fixed:sixteen:6", "'sixteen' is no whole number"),
        ("q7.8:sideways", "'sideways' is unknown; expected nearest, floor, truncate, saturate"),
        ("float32:floor", "nothing is lost in float32, so 'floor' makes no sense; leave it out"),
        ("decimals:4:wrap", "'wrap' makes no sense here; leave it out, as in decimals:4"),
        ("decimals:99", "expected 0 to 30 decimals, as in decimals:4"),
        ("digits:0", "expected 1 to 17 digits, as in digits:6"),
        ("float16:wrap", "'wrap' makes no sense here"),
        ("int99:1", "would have 99 bits"),
    ],
)
def test_what_makes_no_sense(text, sentence):
    with pytest.raises(cp.SettingError, match=re.escape(sentence)):
        parse_format(text)


def test_raw():
    assert parse_raw("float32") == Raw("float32", "little")
    assert parse_raw("INT16_t:big") == Raw("int16", "big")
    assert parse_raw("double:little").numpy == np.dtype("<f8")
    with pytest.raises(cp.SettingError, match="'complex64' names no dtype; expected float16, bfloat16, float32,"):
        parse_raw("complex64")
    with pytest.raises(cp.SettingError, match="'float32:middle': the byte order 'middle' is unknown; expected little or big"):
        parse_raw("float32:middle")
