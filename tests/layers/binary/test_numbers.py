"""What functions of several inputs make of integers, of infinities, and of rounding."""

from itertools import product

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import convproof as cp
from convproof.core.formats import FLOAT64, format_of
from convproof.core.lines import Lines

THEIRS = {
    cp.Sub: torch.sub, cp.Mul: torch.mul, cp.Div: torch.div, cp.Max: torch.maximum, cp.Min: torch.minimum, cp.Pow: torch.pow,
}  # fmt: skip


@given(st.sampled_from(list(THEIRS)), st.sampled_from([np.float32, np.float64]), st.integers(-9, 9), st.integers(0, 2**32))
@settings(max_examples=120)
def test_ours_and_theirs_lie_below_the_line(kind, dtype, reach, seed):
    rng = np.random.default_rng(seed)
    a, b = (rng.normal(size=s) * 10.0 ** (reach * rng.uniform(size=s)) for s in ((5, 4), (4,)))
    a, b = (abs(a), np.round(b % 7) - 3) if kind is cp.Pow else (a, b)
    a, b = a.astype(dtype), b.astype(dtype)
    lines = kind().lines(None, (a, b), arithmetic=format_of(dtype))
    for y in (kind()(a, b), THEIRS[kind](torch.tensor(a), torch.tensor(b)).numpy()):
        assert y.dtype == dtype
        assert (abs(y - lines.exact) <= lines.proof).all()


@given(st.sampled_from([0.5, 2, 3, -1, -2, -0.5, 1.7, 2.2, 0.1]), st.sampled_from([np.float32, np.float64]), st.integers(0, 2**32))
@settings(max_examples=60)
def test_a_power_with_a_plain_exponent(exponent, dtype, seed):
    x = np.random.default_rng(seed).lognormal(0, 3, size=20).astype(dtype)
    layer = cp.Pow(constant=exponent)
    lines = layer.lines(None, (x,), arithmetic=format_of(dtype))
    for y in (layer(x), (torch.tensor(x) ** exponent).numpy()):
        assert (abs(y - lines.exact) <= lines.proof).all()


def test_a_power_of_minus_two_is_lost_where_the_square_overflows():
    x = np.array([1e20, 3e19], np.float32)
    lines = cp.Pow(constant=-2).lines(None, (x,))
    for y in (cp.Pow(constant=-2)(x), (torch.tensor(x) ** -2).numpy(), np.zeros(2, np.float32)):
        assert (abs(y - lines.exact) <= lines.proof).all()


@given(st.sampled_from(list(THEIRS)), st.sampled_from([1e-6, 1e-2, 0.3]), st.integers(0, 2**32))
@settings(max_examples=60)
def test_the_worst_case_of_a_segment_is_a_corner(kind, reach, seed):
    rng = np.random.default_rng(seed)
    a, b = rng.uniform(0.5, 3, size=6), rng.uniform(0.5, 3, size=6) * rng.choice([-1, 1], size=6)
    pa, pb = reach * rng.uniform(size=(2, 6))
    lines = kind().lines(None, (a, b), (Lines(a, pa, pa / 8), Lines(b, pb, pb / 8)), arithmetic=FLOAT64)
    corners = [kind()(a + s * pa, b + t * pb) for s, t in product((1, -1), repeat=2)]
    farthest = np.max([abs(y - lines.exact) for y in corners], axis=0)
    slack = 2.0**-48 * (1 + abs(np.array(corners)).max(axis=0))  # 32 roundings to float64, of what was moved and of the line
    assert (farthest <= lines.proof + slack).all()
    # a bound on all corners at once is that of a quotient, whose numerator and denominator move apart
    assert (lines.proof <= farthest * (1 + 2 * reach) + slack).all()


def test_a_divisor_that_may_be_zero_leaves_nothing_known():
    x, b = np.array([1.0, 1.0]), np.array([0.5, -0.5])
    lines = cp.Div().lines(None, (x, b), (None, Lines(b, np.array([0.5, 0.4]), np.array([0.1, 0.1]))))
    assert np.isposinf(lines.proof).tolist() == [True, False]


def test_what_may_be_negative_has_no_power_that_is_known():
    x = np.array([0.3, 0.3])
    lines = cp.Pow(constant=0.5).lines(None, (x,), (Lines(x, np.array([0.4, 0.2]), np.array([0.01, 0.01])),))
    assert np.isposinf(lines.proof).tolist() == [True, False]
    whole = cp.Pow(constant=2).lines(None, (x,), (Lines(x, np.array([0.4, 0.2]), np.array([0.01, 0.01])),), arithmetic=FLOAT64)
    assert whole.proof == pytest.approx([0.4, 0.16])


def test_a_number_that_float32_cannot_hold_is_rounded_first():
    x = np.array([3.0], np.float32)
    rounded, exact = (cp.Mul(constant=c).lines(None, (x,)) for c in (0.1, 0.125))
    assert rounded.proof / rounded.exact == pytest.approx(2 * exact.proof / exact.exact, rel=1e-6)
    lines = cp.Add(constant=0.1).lines(None, (-x / 30,))
    for y in (cp.Add(constant=0.1)(-x / 30), (torch.tensor(-x / 30) + 0.1).numpy()):
        assert abs(y - lines.exact) <= lines.proof


SPECIAL = np.array([0.0, -0.0, 1, -2.5, np.inf, -np.inf, np.nan], np.float32)


@pytest.mark.parametrize("kind", list(THEIRS))
def test_infinities_and_nan_are_torchs(kind):
    a, b = SPECIAL[:, None], SPECIAL
    theirs = THEIRS[kind](torch.tensor(a), torch.tensor(b)).numpy()
    assert np.array_equal(kind()(a, b), theirs, equal_nan=True)


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int32, np.uint64, np.int64])
def test_integers_are_not_rounded(dtype):
    top = np.iinfo(dtype).max
    a, b = np.array([7, top, 100, 9], dtype), np.array([2, 3, 100, 4], dtype)
    expected = {
        cp.Add: [9, top + 3, 200, 13], cp.Mul: [14, top * 3, 10000, 36], cp.Div: [3, top // 3, 1, 2], cp.Max: [7, top, 100, 9],
        cp.Min: [2, 3, 100, 4], cp.Sub: [5, top - 3, 0, 5], cp.Mean: None,
    }  # fmt: skip
    for kind, numbers in expected.items():
        (y,) = kind().checked_step((a, b), False).outputs
        assert y.dtype == dtype
        if numbers is not None:
            bits = np.iinfo(dtype).bits
            assert [int(v) % (1 << bits) for v in y] == [v % (1 << bits) for v in numbers]
        for k in range(4):
            if kind is not cp.Mean or k in (0, 3):
                assert kind().derive((k,), (a, b)).exact == int(y[k])
        assert not kind().lines(None, (a, b)).proof.any()


def test_an_integer_quotient_is_cut_off_towards_zero():
    a, b = np.array([-7, 7, -7, 7], np.int32), np.array([2, 2, -2, -2], np.int32)
    (y,) = cp.Div().checked_step((a, b), False).outputs
    assert y.tolist() == [-3, 3, 3, -3]
    assert cp.Div(rounding_mode="floor").checked_step((a, b), False).outputs[0].tolist() == [-4, 3, 3, -4]
    d = cp.Div().derive((0,), (a, b))
    assert d.exact == -3
    assert "what follows the point is cut off" in d.text()


def test_what_wraps_around_is_told():
    a = np.array([200], np.uint8)
    d = cp.Add().derive((0,), (a, a))
    assert (d.exact, cp.Add().checked_step((a, a), False).outputs[0]) == (144, 144)
    assert "uint8 counts modulo 256" in d.text()


def test_a_power_has_the_type_of_its_base():
    a, b = np.array([2, -3, 5], np.int32), np.array([3.0, 2.0, -1.0], np.float32)
    (y,) = cp.Pow().checked_step((a, b), False).outputs
    assert (y.tolist(), y.dtype) == ([8, 9, 0], np.int32)
    (y,) = cp.Pow().checked_step((a.astype(np.float32), b.astype(np.int64)), False).outputs
    assert (y.tolist(), y.dtype) == ([8.0, 9.0, np.float32(0.2)], np.float32)
    (y,) = cp.Pow().checked_step((a, np.array([-1, 0, 2])), False).outputs
    assert y.tolist() == [0, 1, 25]
    assert cp.Pow().derive((2,), (a, b)).exact == 0


def test_a_rounded_quotient_near_a_step_may_lie_on_either_side():
    a, b = np.array([6.0, 6.5], np.float32), np.array([2.0, 2.0], np.float32)
    lines = cp.Div(rounding_mode="floor").lines(None, (a, b))
    assert (lines.exact.tolist(), lines.proof.tolist()) == ([3, 3], [1, 0])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: cp.Mul(constant=2, shape=(3,)), "Mul takes one of constant, operand and shape"),
        (lambda: cp.Sub(constant=1, side=2), "side=2: expected 0 for the first operand or 1 for the second"),
        (lambda: cp.Div(rounding_mode="up"), "rounding_mode='up': expected None, 'trunc' or 'floor'"),
    ],
)
def test_settings_that_make_no_sense(make, message):
    with pytest.raises(cp.SettingError, match=message):
        make()


def test_inputs_that_do_not_fit():
    x = np.zeros((2, 3))
    for layer, shapes, message in (
        (cp.Mul(constant=2), ((2, 3), (2, 3)), r"Mul\(constant=2\) takes 1 input, got 2"),
        (cp.Max(), (), r"Max\(\) takes 1 input or more, got 0"),
        (cp.Add(axis=1), ((2, 3), (3, 2)), r"lays the axes of the second operand over those of the first from axis 1 on"),
        (cp.Div(shape=(4,)), ((2, 3),), r"Div needs operands of one shape, or such as broadcast; got \(2, 3\), \(4,\)"),
    ):
        with pytest.raises(cp.ShapeError, match=message):
            layer.shapes(*shapes)
    with pytest.raises(cp.DTypeError, match="cannot take bool"):
        cp.Sub().checked_step((x > 0, x > 0), False)


def test_a_division_by_zero_has_no_exact_value():
    with pytest.raises(cp.NotFiniteError, match="a division by 0 has no exact value"):
        cp.Div().derive((0,), (np.ones(1), np.zeros(1)))


def test_the_operand_is_part_of_the_state():
    layer = cp.Mul(shape=(3, 1))
    layer.load_state_dict({"operand": [[1], [2], [3]]})
    assert layer(np.ones((3, 2))).tolist() == [[1, 1], [2, 2], [3, 3]]
    layer.operand[1, 0] = 5
    assert layer.why(np.ones((3, 2), np.float32), at=(1, 1)).text().count("operand[1, 0] = 1*5 = 5") == 1
    assert cp.Mul(operand=np.array([1, 2])).operand.dtype == np.int64


def test_ties_share_a_gradient_as_in_torch():
    xs = [np.array([1.0, 2.0, 2.0]), np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 3.0])]
    for kind, function in ((cp.Max, torch.maximum), (cp.Min, torch.minimum)):
        tensors = [torch.tensor(x, requires_grad=True) for x in xs]
        function(function(tensors[0], tensors[1]), tensors[2]).sum().backward()
        ours = kind().vjp(*xs)[1](np.ones(3)).inputs
        assert [g.tolist() for g in ours] == [t.grad.tolist() for t in tensors]
