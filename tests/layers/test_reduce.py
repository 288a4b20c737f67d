"""What is peculiar to reductions."""

from itertools import product

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes

import convproof as cp
from convproof.core.formats import FLOAT32, FLOAT64, format_of
from convproof.core.lines import Lines
from tests.samples import Sample


def by_torch(name, make, theirs, shape, like=lambda x: x):
    return Sample(name, make, (shape,), lambda: theirs, inputs_like=like)


SAMPLES = [
    by_torch("ReduceSum of everything", cp.ReduceSum, lambda x: x.sum((0, 1, 2), True), (2, 3, 4)),
    by_torch("ReduceSum", lambda: cp.ReduceSum(1, keepdims=False), lambda x: x.sum(1), (2, 5, 3)),
    by_torch("ReduceSum of nothing", lambda: cp.ReduceSum(noop_with_empty_axes=True), lambda x: x + 0, (2, 3)),
    by_torch("ReduceMean of everything", lambda: cp.ReduceMean(keepdims=False), torch.mean, (3, 5)),
    by_torch("ReduceMean", lambda: cp.ReduceMean((2, -1)), lambda x: x.mean((2, 3), True), (2, 3, 4, 5)),
    by_torch("ReduceMean of one number", cp.ReduceMean, lambda x: x.mean(), ()),
    by_torch("ReduceMax", lambda: cp.ReduceMax((0, 2), False), lambda x: x.amax((0, 2)), (2, 4, 3)),
    by_torch("ReduceMax of equal ones", lambda: cp.ReduceMax(1), lambda x: x.amax(1, True), (3, 7), np.round),
    by_torch("ReduceMax with places", lambda: cp.ReduceMax(-2, False, return_indices=True), lambda x: tuple(x.max(-2)), (2, 5, 3)),
    by_torch("ReduceMin", lambda: cp.ReduceMin(0), lambda x: x.amin(0, True), (4, 3)),
    by_torch("ReduceMin with places", lambda: cp.ReduceMin(1, return_indices=True), lambda x: tuple(x.min(1, True)), (2, 5, 3)),
    by_torch("ReduceProd", lambda: cp.ReduceProd(1, False), lambda x: x.prod(1), (3, 5, 2)),
    by_torch("ReduceL1", lambda: cp.ReduceL1((0, 1), False), lambda x: x.abs().sum((0, 1)), (3, 2, 4)),
    by_torch("ReduceL2", lambda: cp.ReduceL2(-1), lambda x: x.norm(dim=-1, keepdim=True), (3, 5)),
    by_torch("ReduceSumSquare", lambda: cp.ReduceSumSquare(0, False), lambda x: x.square().sum(0), (4, 3)),
    by_torch("ReduceLogSum", lambda: cp.ReduceLogSum(1), lambda x: x.sum(1, True).log(), (3, 5), abs),
    by_torch("ReduceLogSumExp", lambda: cp.ReduceLogSumExp(1, False), lambda x: x.logsumexp(1), (3, 5), lambda x: 10 * x),
]

THEIRS = {
    cp.ReduceSum: lambda x, *how: x.sum(*how),
    cp.ReduceMean: lambda x, *how: x.mean(*how),
    cp.ReduceMax: lambda x, *how: x.amax(*how),
    cp.ReduceMin: lambda x, *how: x.amin(*how),
    cp.ReduceL1: lambda x, *how: torch.linalg.vector_norm(x, 1, *how),
    cp.ReduceL2: lambda x, *how: torch.linalg.vector_norm(x, 2, *how),
    cp.ReduceSumSquare: lambda x, *how: x.square().sum(*how),
    cp.ReduceLogSumExp: lambda x, *how: x.logsumexp(*how),
}
kinds = st.sampled_from(list(THEIRS))
dtypes = st.sampled_from([np.float32, np.float64])


@given(kinds, array_shapes(max_dims=4, max_side=5), st.data(), st.booleans(), dtypes, st.integers(-3, 5), st.integers(0, 2**32))
@settings(max_examples=120)
def test_outputs_and_gradients_are_torchs(kind, shape, data, keepdims, dtype, reach, seed):
    axes = tuple(data.draw(st.lists(st.integers(-len(shape), -1), min_size=1, max_size=len(shape), unique=True)))
    rng = np.random.default_rng(seed)
    x = (rng.normal(size=shape) * 10.0 ** (reach * rng.uniform(size=shape))).astype(dtype)
    layer = kind(axes, keepdims)
    tensor = torch.tensor(x, requires_grad=True)
    theirs = THEIRS[kind](tensor, axes, keepdims)
    y, pullback = layer.vjp(x)
    lines = layer.lines(None, (x,), arithmetic=format_of(dtype))
    for found in (y, theirs.detach().numpy()):
        assert (found.shape, found.dtype) == (lines.exact.shape, dtype)
        assert (abs(found - lines.exact) <= lines.proof).all()
    dy = np.asarray(rng.normal(size=y.shape), dtype)
    theirs.backward(torch.tensor(dy))
    (dx,) = pullback(dy).inputs
    # a slope is 2x at most, or a share that is off as its logarithm is; a few roundings, theirs and ours
    slope = np.maximum(2 * abs(x), 1) * abs(dy).max()
    off = lines.proof.max() if kind is cp.ReduceLogSumExp else 0
    assert (abs(dx - tensor.grad.numpy()) <= slope * (2 * off + 2 * (x.size + 8) * format_of(dtype).u)).all()


@pytest.mark.parametrize("kind", list(THEIRS))
@pytest.mark.parametrize("n", [1, 7, 1000])
def test_every_order_lies_below_the_line(kind, n):
    """Whole rows, columns, and NumPy's float32 sums from the last number to the first."""
    x = (10 * np.random.default_rng(n).normal(size=(4, n)) ** 3 / 27).astype(np.float32)
    lines = kind(1, False).lines(None, (x,))
    columns = np.ascontiguousarray(x.T)
    for y in (
        kind(1, False)(x), kind(0, False)(columns), kind(1, False)(x[:, ::-1]),
        THEIRS[kind](torch.tensor(x), 1).numpy(), THEIRS[kind](torch.tensor(columns), 0).numpy(),
    ):  # fmt: skip
        assert (abs(y - lines.exact) <= lines.proof).all()


def test_the_line_of_a_sum_is_n_units_of_the_absolute_sum():
    x = np.array([[1.0, -2.0, 4.0]], np.float32)
    assert cp.ReduceSum(1).lines(None, (x,)).proof == 3 * (FLOAT32.u + FLOAT64.u) * 7
    assert cp.ReduceMax(1).lines(None, (x,)).proof == 0


@given(st.integers(1, 5), st.sampled_from([1e-3, 0.1, 1]), st.sampled_from([*THEIRS, cp.ReduceProd]), st.integers(0, 2**32))
@settings(max_examples=80)
def test_the_worst_case_of_a_segment_covers_every_corner(n, reach, kind, seed):
    rng = np.random.default_rng(seed)
    x, p = rng.normal(size=n), reach * rng.uniform(size=n)
    lines = kind(0).lines(None, (x,), (Lines(x, p, p / 8),), arithmetic=FLOAT64)
    corners = np.array([x + np.array(signs) * p for signs in product((-1, 1), repeat=n)])
    farthest = abs(kind(1)(corners) - lines.exact).max()
    slack = 16 * n * FLOAT64.u * (1 + abs(corners).max()) ** max(n, 2)
    assert farthest <= lines.proof + slack
    if kind in (cp.ReduceSum, cp.ReduceMean, cp.ReduceMax, cp.ReduceMin, cp.ReduceLogSumExp):
        assert lines.proof <= farthest + slack


@given(st.integers(1, 12), dtypes, st.integers(-30, 30), st.integers(0, 2**32))
@settings(max_examples=80)
def test_products_of_all_sizes(n, dtype, reach, seed):
    rng = np.random.default_rng(seed)
    x = (rng.normal(size=(3, n)) * 10.0 ** (reach * rng.uniform(-1, 1, size=(3, n)))).astype(dtype)
    lines = cp.ReduceProd(1, False).lines(None, (x,), arithmetic=format_of(dtype))
    with np.errstate(all="ignore"):
        found = [cp.ReduceProd(1, False)(x), torch.tensor(x).prod(1).numpy(), x[:, ::-1].prod(1)]
    for y in found:
        sure = np.isfinite(lines.proof)
        assert (abs(y - lines.exact)[sure] <= lines.proof[sure]).all()


def test_empty_arrays_and_empty_rows():
    x = np.zeros((2, 0, 3), np.float32)
    expected = {cp.ReduceSum: 0, cp.ReduceProd: 1, cp.ReduceMean: np.nan, cp.ReduceMax: -np.inf, cp.ReduceMin: np.inf, cp.ReduceL2: 0}
    for kind, value in expected.items():
        y = kind(1, False)(x)
        assert y.shape == (2, 3)
        assert np.array_equal(y, np.full((2, 3), value), equal_nan=True)
        assert kind(0)(x).shape == kind(0).lines(None, (x,)).exact.shape == (1, 0, 3)
        assert kind(0).vjp(x)[1](np.zeros((1, 0, 3))).inputs[0].shape == x.shape
    with pytest.raises(cp.NotFiniteError):
        cp.ReduceMax(1, False).derive((0, 0), (x,))
    assert cp.ReduceSum(1, False).derive((0, 0), (x,)).exact == 0


def test_nan_and_infinities_are_torchs():
    x = np.array([[np.nan, 1, 2], [np.inf, -np.inf, 0], [np.inf, 1, 2], [-np.inf, -np.inf, -np.inf]], np.float32)
    for kind, theirs in THEIRS.items():
        assert np.array_equal(kind(1, False)(x), theirs(torch.tensor(x), 1).numpy(), equal_nan=True), kind
    for kind, theirs in ((cp.ReduceMax, torch.max), (cp.ReduceMin, torch.min)):
        places = kind(1, False, return_indices=True)(x)[1]
        assert places.tolist() == theirs(torch.tensor(x), 1).indices.tolist()


def test_a_single_number_has_an_axis_as_in_torch():
    x = np.asarray(np.float32(-2.5))
    for axes in (0, -1, None):
        assert cp.ReduceSum(axes)(x) == torch.tensor(x).sum(axes).item() == -2.5
    y, place = cp.ReduceMax(0, return_indices=True)(x)
    assert (y.shape, int(place)) == ((), 0)
    assert cp.ReduceMax(0, return_indices=True).vjp(x)[1](np.ones(()), np.zeros(())).inputs[0] == 1


@pytest.mark.parametrize(("axes", "shape"), [(2, (2, 3)), ((0, 0), (2, 3)), ((1, -1), (2, 3)), (1, ())])
def test_axes_that_are_not_there(axes, shape):
    with pytest.raises((IndexError, RuntimeError)):
        torch.zeros(shape).sum(axes)
    with pytest.raises(cp.ShapeError, match="names axes, each once, of an array that has"):
        cp.ReduceSum(axes)(np.zeros(shape))


def test_settings_that_make_no_sense():
    with pytest.raises(cp.SettingError, match=r"axes='C': expected a whole number"):
        cp.ReduceSum("C")
    for axes in (None, (0, 1)):
        with pytest.raises(cp.SettingError, match="expected a single axis, along which places are counted"):
            cp.ReduceMax(axes, return_indices=True)


def test_the_hand_calculations():
    x = np.array([[3.0, -4.0, 12.0]])
    assert "y = (x[0, 0] + x[0, 1] + x[0, 2]) / n = (3 + (-4) + 12) / 3 = 11 / 3 ≈ 3.66667" in cp.ReduceMean(1).why(x, at=(0, 0)).text()
    assert cp.ReduceL2(1).why(x, at=(0, 0)).exact == 13
    assert cp.ReduceProd(1).why(x, at=(0, 0)).exact == -144
    assert "y = max(x[0, 0], x[0, 1], x[0, 2]) = max(3, -4, 12) = 12" in cp.ReduceMax(1).why(x, at=(0, 0)).text()
    text = cp.ReduceMin(1, return_indices=True).why(x, at=(0, 0), output=1).text()
    assert "the smallest stands at 1 along axis 1, counted from 0" in text
