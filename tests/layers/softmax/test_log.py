"""What is peculiar to the logarithm of a softmax, and to the smaller relatives."""

from itertools import product

import mpmath
import numpy as np
import onnxruntime
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper

import convproof as cp
from convproof.core.formats import FLOAT32, FLOAT64, format_of
from convproof.core.lines import Lines
from tests.layers.test_softmax import KINDS, numbers, shapes

FINITE = [kind for kind in KINDS if "inf" not in kind]
kinds = st.sampled_from(FINITE)


@given(kinds, shapes, st.integers(-3, 2), st.sampled_from([np.float32, np.float64]), st.integers(0, 2**32))
@settings(max_examples=150)
def test_it_lies_below_the_line_beside_torchs(kind, shape, dim, dtype, seed):
    dim = max(min(dim, len(shape) - 1), -len(shape))
    x = numbers(kind, shape, dim, dtype, seed)
    lines = cp.LogSoftmax(dim).lines(None, (x,), arithmetic=format_of(dtype))
    for y in (cp.LogSoftmax(dim)(x), torch.nn.LogSoftmax(dim)(torch.tensor(x)).numpy()):
        assert (y.shape, y.dtype) == (shape, dtype)
        assert (abs(y - lines.exact) <= lines.proof).all()


def by_runtime(x):
    """The last axis by ONNX Runtime."""
    node = helper.make_node("LogSoftmax", ["x"], ["y"], axis=-1)
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, x.shape) for name in ("x", "y")]
    model = helper.make_model(
        helper.make_graph([node], "one", values[:1], values[1:]), opset_imports=[helper.make_opsetid("", 13)], ir_version=10
    )
    return onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"]).run(None, {"x": x})[0]


def by_hand(x, order):
    """The last axis by a plain loop, terms added in some order."""
    d = x - x.max(axis=-1, keepdims=True)
    with np.errstate(under="ignore"):
        e = np.exp(d)
    total = np.zeros_like(e[..., 0])
    for j in order:
        total = total + e[..., j]
    assert total.dtype == x.dtype
    return d - np.log(total)[..., None]


@pytest.mark.parametrize("kind", FINITE)
@pytest.mark.parametrize("n", [2, 9, 100, 1000])
def test_every_algorithm_that_the_room_lists_lies_below_the_line(kind, n):
    x = numbers(kind, (20, n), 1, np.float32, n)
    lines = cp.LogSoftmax(-1).lines(None, (x,))
    found = [cp.LogSoftmax(-1)(x), torch.log_softmax(torch.tensor(x), -1).numpy(), by_runtime(x)]
    found.append(torch.log_softmax(torch.tensor(np.ascontiguousarray(x.T)), 0).numpy().T)
    found += [by_hand(x, order) for order in (range(n), range(n - 1, -1, -1), np.argsort(x[0]))]
    for y in found:
        assert (abs(y - lines.exact) <= lines.proof).all()
        if kind != "all the same":
            assert (abs(y - lines.exact) <= lines.usual + 2.0**-149).all()


def test_the_line_is_close_to_what_happens():
    x = numbers("N(0, 10)", (2000, 12), 1, np.float32, 0)
    lines = cp.LogSoftmax(1).lines(None, (x,))
    for y in (cp.LogSoftmax(1)(x), torch.log_softmax(torch.tensor(x), 1).numpy()):
        assert 0.1 < (abs(y - lines.exact) / lines.proof).max() <= 1


def test_a_large_maximum_taken_into_the_logarithm_lies_above_the_line():
    """x - (m + log(s)), which the room does not list: log(s) is rounded to the steps of floats near m."""
    x = numbers("far from 0", (20, 9), 1, np.float32, 1)
    lines = cp.LogSoftmax(1).lines(None, (x,))
    m = x.max(axis=1, keepdims=True)
    y = x - (m + np.log(np.exp(x - m).sum(axis=1, keepdims=True)))
    assert y.dtype == np.float32
    assert (abs(y - lines.exact) > lines.proof).any()


def test_the_exact_value_is_mpmaths():
    x = np.array([3.5, -2.25, 40.0, 39.5, -60.0])
    lines = cp.LogSoftmax(0).lines(None, (x,), arithmetic=FLOAT64)
    with mpmath.workdps(60):
        total = mpmath.log(mpmath.fsum(mpmath.exp(mpmath.mpf(v)) for v in x))
        expected = [mpmath.mpf(v) - total for v in x]
        for i in range(5):
            derived = cp.LogSoftmax(0).derive((i,), (x,)).exact
            assert abs(mpmath.mpf(derived.numerator) / derived.denominator / expected[i] - 1) < mpmath.mpf(10) ** -48
            assert abs(lines.exact[i] - expected[i]) <= lines.proof[i]


@given(st.integers(1, 5), st.sampled_from([0.1, 1, 10, 300]), st.sampled_from([1e-6, 1e-2, 1, 30]), st.integers(0, 2**32))
@settings(max_examples=60)
def test_the_worst_case_of_a_segment_is_the_worst_corner(n, scale, reach, seed):
    rng = np.random.default_rng(seed)
    x, w = scale * rng.normal(size=n), reach * rng.uniform(size=n)
    lines = cp.LogSoftmax(0).lines(None, (x,), (Lines(x, w, w / 8),), arithmetic=FLOAT64)
    corners = np.array([x + np.array(signs) * w for signs in product((-1, 1), repeat=n)])
    moved = cp.LogSoftmax(1).lines(None, (corners,), arithmetic=FLOAT64)
    farthest = abs(moved.exact - lines.exact).max(axis=0)
    # the corners were rounded to float64 themselves, and so was the line
    slack = moved.proof.max(axis=0) + 4 * n * FLOAT64.u * (1 + abs(x).max() + w.max())
    assert (farthest <= lines.proof + slack).all()
    assert (lines.proof <= farthest + 4 * slack).all()


def test_large_numbers_do_not_overflow():
    assert cp.LogSoftmax(0)(np.array([1e30, 0.0, -1e30], np.float32)).tolist() == [0.0, -np.float32(1e30), -2 * np.float32(1e30)]
    assert cp.LogSoftmax(0)(np.array([-np.inf, 0.0], np.float32)).tolist() == [-np.inf, 0.0]


@pytest.mark.parametrize("values", [[-np.inf, -np.inf], [np.nan, 0.0], [np.inf, 0.0]])
def test_what_has_no_softmax_is_nan_as_in_torch(values):
    x = np.array(values, np.float32)
    assert np.array_equal(cp.LogSoftmax(0)(x), torch.log_softmax(torch.tensor(x), 0).numpy(), equal_nan=True)


def test_the_hand_calculation():
    x = np.array([[1.0, 3.0, 2.0]])
    text = cp.LogSoftmax(1).why(x, at=(0, 2)).text()
    assert "d   = x[0, 2] - max = 2 - 3 = -1" in text
    assert "y   = d - log(sum) = (-1) - log(1.50321) = (-1) - 0.407606 ≈ -1.40761" in text
    text = cp.Softmin(1).why(x, at=(0, 2)).text()
    assert "min = min(x[0, 0], x[0, 1], x[0, 2])" in text
    assert "e   = exp(min - x[0, 2]) = exp(1 - 2) ≈ 0.367879" in text


def test_softmin_is_the_softmax_of_the_negated_input():
    x = numbers("N(0, 10)", (4, 7), 1, np.float32, 3)
    assert np.array_equal(cp.Softmin(1)(x), cp.Softmax(1)(-x))
    assert np.array_equal(cp.Softmin(1).lines(None, (x,)).proof, cp.Softmax(1).lines(None, (-x,)).proof)


@pytest.mark.parametrize("shape", [(3, 2), (2, 3, 4, 5, 6), ()])
def test_softmax2d_takes_images(shape):
    with pytest.raises(ValueError, match="Softmax2d: expected input"):
        torch.nn.Softmax2d()(torch.zeros(shape))
    with pytest.raises(cp.ShapeError, match=r"Softmax2d expects x of shape \(N, C, H, W\) or \(C, H, W\); got"):
        cp.Softmax2d()(np.zeros(shape))


def test_a_whole_row_of_a_flattened_array_adds_up_to_one():
    x = np.random.default_rng(2).normal(size=(2, 3, 2)).astype(np.float32)
    layer = cp.Softmax(1, flatten=True)
    assert sum(layer.derive((1, i, j), (x,)).exact for i in range(3) for j in range(2)) == 1
    assert layer.reads((range(1, 2), range(1), range(1)), x.shape) == ((range(1, 2), range(3), range(2)),)
    assert cp.Softmax(0, flatten=True)(x).sum() == pytest.approx(1, abs=2 * 12 * 30 * FLOAT32.u)
