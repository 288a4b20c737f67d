"""Arithmetics that are replayed: denormals, float32 of float64, sums of sixteen bits; and how numbers are rounded for it."""

import ml_dtypes
import numpy as np
import pytest

import convproof as cp
from convproof.checking.precisions import replays
from convproof.checking.replaying import through
from convproof.core.formats import BFLOAT16, FLOAT16, FLOAT32, NumberFormat
from convproof.core.lines import Lines
from convproof.core.resolution import Resolution, Stored, rounded, rounded_away
from tests.checking.small import declared


def drawn(shape):
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)


def test_denormals_flushed():
    linear = cp.Linear(40, 3, seed=1)
    linear.weight, linear.bias = linear.weight * np.float32(1e-18), np.zeros(3)
    x = drawn((5, 40)) * np.float32(1e-18)
    x[:, ::3] *= np.float32(0.02)  # a third of the products is denormal
    with np.errstate(under="ignore"):
        products = x[:, None] * linear.weight
    small = np.finfo(np.float32).tiny
    total = np.zeros((5, 3), np.float32)
    for k in range(40):
        total = total + np.where(abs(products[..., k]) < small, 0, products[..., k])
        total = np.where(abs(total) < small, 0, total).astype(np.float32)
    row = cp.check(linear, x, total)["Linear"]
    assert (row.verdict, row.precision) == ("precision", "denormal-ftz-fast-math")
    assert cp.check(linear, x, total + np.float32(1e-35))["Linear"].verdict == "wrong"


def test_float32_of_a_float64_network():
    linear = cp.Linear(30, 4, dtype=np.float64, seed=1)
    x = np.random.default_rng(0).normal(size=(3, 30))
    y = x.astype(np.float32) @ linear.weight.astype(np.float32).T + linear.bias.astype(np.float32)
    assert cp.check(linear, x, y)["Linear"].precision == "float32"
    assert cp.check(linear, x, y * np.float32(1.001))["Linear"].verdict == "wrong"


@pytest.mark.parametrize(
    ("dtype", "format", "id"), [(np.float16, FLOAT16, "fp16-accumulate"), (ml_dtypes.bfloat16, BFLOAT16, "bf16-accumulate")]
)
def test_sums_of_sixteen_bits_only_where_they_are_declared(dtype, format, id):
    linear = cp.Linear(576, 8, seed=1)
    x = drawn((5, 576))
    total = np.zeros((5, 8), dtype)
    for k in range(576):
        total = total + x.astype(dtype)[:, None, k] * linear.weight.astype(dtype)[None, :, k]
    y = (total + linear.bias.astype(dtype)).astype(np.float32)
    arithmetic = Stored(FLOAT32, format, "arithmetic")
    row = declared(linear, x, y, arithmetic)
    assert (row.verdict, row.precision) == ("precision", id)
    assert declared(linear, x, y, Stored(FLOAT32, format)).verdict == "wrong"
    assert declared(linear, x, 0 * y, arithmetic).verdict == "wrong"
    assert declared(linear, x, -y, arithmetic).verdict == "wrong"


def test_nothing_is_rounded_that_was_only_written_down_coarsely():
    layer, claimed = cp.Linear(3, 2, seed=1), np.zeros((1, 2))
    either = Stored(FLOAT32, FLOAT16)
    assert [replay.id for replay in replays([layer], claimed, either, computed=False)] == []
    assert "fp16-io" in [replay.id for replay in replays([layer], claimed, either)]
    assert "tf32-on" in [replay.id for replay in replays([layer], claimed, Resolution(FLOAT32), computed=False)]


def test_intervals_are_rounded_at_both_ends():
    x = np.array([1.0, 1.0 + 2.0**-8, 3.0])  # bfloat16 has steps of 2^-7 from 1 on: the second is a tie
    came = Lines(x, np.array([2.0**-9, 2.0**-12, 0.0]), np.zeros(3))
    y, off = through(lambda v: rounded(v, BFLOAT16), x, came)
    assert y.tolist() == [1.0, 1.0, 3.0]
    assert off is not None
    assert off.proof.tolist() == [0.0, 2.0**-7, 0.0]
    assert through(lambda v: rounded(v, BFLOAT16), x, Lines(x, np.zeros(3), np.zeros(3)))[1] is None


def test_how_far_an_infinity_may_be_off_is_not_known():
    x = np.array([np.inf])
    _, off = through(np.positive, x, Lines(x, np.ones(1), np.zeros(1)))
    assert off is not None
    assert off.proof.tolist() == [np.inf]


def test_ties_away_from_zero_and_cut_off():
    three = NumberFormat("three bits", 3, -10)
    assert rounded_away(np.array([4.5, -4.5, 5.5, 4.49, 0.0]), three).tolist() == [5.0, -5.0, 6.0, 4.0, 0.0]
    low, high = Stored(FLOAT32, three, rounding="truncate").reach(np.array([4.0, -4.0, 0.0]))
    assert low.tolist() == [4.0, -5.0, -(2.0**-10)]
    assert high.tolist() == [5.0, -4.0, 2.0**-10]
