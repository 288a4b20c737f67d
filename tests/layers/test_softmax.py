"""What is peculiar to softmax."""

import time
import warnings
from fractions import Fraction
from itertools import product

import mpmath
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import convproof as cp
from convproof.core.formats import FLOAT32, FLOAT64, format_of
from convproof.core.lines import Lines
from tests.samples import Sample


def _twins(name, shape, dim, like=lambda x: x):
    return Sample(f"Softmax {name}", lambda: cp.Softmax(dim), (shape,), lambda: torch.nn.Softmax(dim), inputs_like=like)


def _relative(name, make, twin, shape, like=lambda x: x):
    return Sample(name, make, (shape,), twin, inputs_like=like)


def _flattened(function, dim):
    """The old ONNX rule, by torch: all axes from dim on as one."""
    return lambda: lambda x: function(x.reshape(*x.shape[:dim], -1), dim).reshape(x.shape)


SAMPLES = [
    _relative("LogSoftmax", lambda: cp.LogSoftmax(1), lambda: torch.nn.LogSoftmax(1), (3, 7)),
    _relative("LogSoftmax of columns", lambda: cp.LogSoftmax(0), lambda: torch.nn.LogSoftmax(0), (4, 3), lambda x: 10 * x),
    _relative("LogSoftmax of channels", lambda: cp.LogSoftmax(-3), lambda: torch.nn.LogSoftmax(-3), (2, 5, 3, 2), lambda x: 40 * x),
    _relative("LogSoftmax, flattened", lambda: cp.LogSoftmax(1, flatten=True), _flattened(torch.log_softmax, 1), (3, 2, 4)),
    _relative("Softmax, flattened", lambda: cp.Softmax(2, flatten=True), _flattened(torch.softmax, 2), (2, 3, 5, 2)),
    _relative("Softmin", lambda: cp.Softmin(1), lambda: torch.nn.Softmin(1), (2, 5, 3)),
    _relative("Softmin of columns", lambda: cp.Softmin(-2), lambda: torch.nn.Softmin(-2), (4, 3), lambda x: 10 * x),
    _relative("Softmax2d", cp.Softmax2d, torch.nn.Softmax2d, (2, 5, 3, 2)),
    _relative("Softmax2d of a single image", cp.Softmax2d, torch.nn.Softmax2d, (4, 3, 2)),
    _twins("rows", (3, 7), 1),
    _twins("columns", (4, 3), 0, lambda x: 10 * x),
    _twins("channels", (2, 5, 3, 2), 1, lambda x: 40 * x),
    _twins("of a vector", (6,), -1),
]

# changes of standard normal numbers, of which ``top`` are the largest along the axis: no mask covers them
KINDS = {
    "N(0, 0.1)": lambda x, top: x / 10,
    "N(0, 1)": lambda x, top: x,
    "N(0, 10)": lambda x, top: 10 * x,
    "N(0, 1000)": lambda x, top: 1000 * x,
    "far from 0": lambda x, top: 1e4 + x,
    "some masked with -inf": lambda x, top: np.where((x > 0) & ~top, -np.inf, x),
    "some masked with -1e9": lambda x, top: np.where((x > 0) & ~top, -1e9, x),
    "some as low as float32 goes": lambda x, top: np.where((x > 0) & ~top, np.finfo(np.float32).min, x),
    "all the same": lambda x, top: 0 * x + 0.3,
    "among the smallest exponentials": lambda x, top: np.where(top, 0, -100 + 3 * x),
    "one winner": lambda x, top: np.where(top, 0, -16 - abs(x)),
}
kinds = st.sampled_from(list(KINDS))
shapes = st.lists(st.integers(0, 6), min_size=1, max_size=3).map(tuple)


def numbers(kind, shape, axis, dtype, seed):
    x = np.random.default_rng(seed).normal(size=shape)
    return KINDS[kind](x, x == x.max(axis=axis, keepdims=True, initial=-np.inf)).astype(dtype)


def by_hand(x, order, reciprocal):
    """The last axis by a plain loop: terms added in some order, then divided, or multiplied by the rounded reciprocal."""
    with np.errstate(under="ignore"):
        e = np.exp(x - x.max(axis=-1, keepdims=True))
    total = np.zeros_like(e[..., 0])
    for j in order:
        total = total + e[..., j]
    assert total.dtype == x.dtype
    return e * (1 / total)[..., None] if reciprocal else e / total[..., None]


@given(kinds, shapes, st.integers(-3, 2), st.sampled_from([np.float32, np.float64]), st.integers(0, 2**32))
@settings(max_examples=300)
def test_it_lies_below_the_line_beside_torchs(kind, shape, dim, dtype, seed):
    dim = max(min(dim, len(shape) - 1), -len(shape))
    x = numbers(kind, shape, dim, dtype, seed)
    lines = cp.Softmax(dim).lines(None, (x,), arithmetic=format_of(dtype))
    assert np.isfinite(lines.proof).all()
    for y in (cp.Softmax(dim)(x), torch.nn.Softmax(dim)(torch.tensor(x)).numpy()):
        assert (y.shape, y.dtype) == (shape, dtype)
        assert (abs(y - lines.exact) <= lines.proof).all()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("n", [2, 9, 100, 1000])
def test_every_algorithm_that_the_room_lists_lies_below_the_line(kind, n):
    x = numbers(kind, (20, n), 1, np.float32, n)
    lines = cp.Softmax(-1).lines(None, (x,))
    found = [cp.Softmax(-1)(x), torch.softmax(torch.tensor(x), -1).numpy()]
    found.append(cp.Softmax(0)(np.ascontiguousarray(x.T)).T)
    found.append(torch.softmax(torch.tensor(np.ascontiguousarray(x.T)), 0).numpy().T)
    for order, reciprocal in product((range(n), range(n - 1, -1, -1), np.argsort(x[0])), (False, True)):
        found.append(by_hand(x, order, reciprocal))
    for y in found:
        assert (abs(y - lines.exact) <= lines.proof).all()
        # a constant row is added up with one rounding error again and again, which no random walk foresees
        if kind != "all the same":
            assert (abs(y - lines.exact) <= lines.usual + 2.0**-149).all()


def test_the_exact_value_is_mpmaths():
    x = np.array([3.5, -2.25, 40.0, 39.5, -60.0])
    lines = cp.Softmax(0).lines(None, (x,), arithmetic=FLOAT64)
    with mpmath.workdps(60):
        powers = [mpmath.exp(mpmath.mpf(v)) for v in x]
        expected = [p / mpmath.fsum(powers) for p in powers]
    for i in range(5):
        derived = cp.Softmax(0).derive((i,), (x,)).exact
        assert abs(mpmath.mpf(derived.numerator) / derived.denominator / expected[i] - 1) < mpmath.mpf(10) ** -49
        assert abs(lines.exact[i] - expected[i]) <= lines.proof[i]


def test_the_float32_line_is_close_to_what_happens():
    x = numbers("N(0, 10)", (2000, 12), 1, np.float32, 0)
    lines = cp.Softmax(1).lines(None, (x,))
    for y in (cp.Softmax(1)(x), torch.softmax(torch.tensor(x), 1).numpy()):
        worst = (abs(y - lines.exact) / lines.proof).max()
        assert 0.1 < worst <= 1


@given(st.integers(1, 5), st.sampled_from([0.1, 1, 10, 300]), st.sampled_from([1e-6, 1e-2, 1, 30, 1e4, 1e30]), st.integers(0, 2**32))
@settings(max_examples=200)
def test_the_worst_case_of_a_segment_is_the_worst_corner(n, scale, reach, seed):
    rng = np.random.default_rng(seed)
    x, w = scale * rng.normal(size=n), reach * rng.uniform(size=n)
    lines = cp.Softmax(0).lines(None, (x,), (Lines(x, w, w / 8),), arithmetic=FLOAT64)
    corners = np.array([x + np.array(signs) * w for signs in product((-1, 1), repeat=n)])
    with mpmath.workdps(40):
        moved = [[mpmath.exp(v - max(corner)) for v in map(mpmath.mpf, corner)] for corner in corners]
        farthest = [max(abs(e[i] / mpmath.fsum(e) - lines.exact[i]) for e in moved) for i in range(n)]
    # x + w was itself rounded to float64, and the line is computed in it
    slack = 4 * n * FLOAT64.u * (1 + abs(x).max() + min(w.max(), 1e4))
    # the layer's own rounding at its largest: units up to 745 + ln n + n + 9, y up to 1, counted for two evaluations in float64
    own = 2 * FLOAT64.u * (745 + 2 * n + 9)
    for i in range(n):
        assert farthest[i] <= lines.proof[i] + slack
        assert lines.proof[i] <= farthest[i] + slack + own
        assert lines.proof[i] <= 1 + own


@given(st.integers(2, 6), st.sampled_from([0.1, 1, 5]), st.sampled_from([1e-6, 1e-3, 0.1, 1, 10, 1e10]), st.integers(0, 2**32))
@settings(max_examples=60)
def test_the_spread_of_a_segment_holds_for_any_size_of_it(n, scale, reach, seed):
    rng = np.random.default_rng(seed)
    x, E = scale * rng.normal(size=n), reach * rng.uniform(0.1, 1, size=n)
    lines = cp.Softmax(0).lines(None, (x,), (Lines(x, 8 * E, E),), arithmetic=FLOAT64)
    assert (lines.sigma <= 0.5 + 1e-9).all()
    runs = cp.Softmax(1)(x + E * rng.normal(size=(400, n)))
    assert (np.sqrt(np.mean((runs - lines.exact) ** 2, axis=0)) <= 2 * lines.sigma).all()
    assert (abs(runs - lines.exact) <= 8 * lines.sigma).all()


def test_inputs_of_which_nothing_is_known_leave_nothing_known():
    x = np.array([1.0, -50.0, 3.0])
    for w in (np.full(3, 1e300), np.full(3, np.inf)):
        lines = cp.Softmax(0).lines(None, (x,), (Lines(x, w, np.zeros(3)),))
        assert np.allclose(lines.proof, np.maximum(lines.exact, 1 - lines.exact), rtol=1e-4)


@given(kinds, shapes, st.integers(0, 2), st.integers(0, 2**32))
@settings(max_examples=150)
def test_gradients_are_torchs(kind, shape, dim, seed):
    dim = min(dim, len(shape) - 1)
    x = numbers(kind, shape, dim, np.float64, seed)
    dy = np.random.default_rng(seed + 1).normal(size=shape)
    tensor = torch.tensor(x, requires_grad=True)
    torch.softmax(tensor, dim).backward(torch.tensor(dy))
    y, pullback = cp.Softmax(dim).vjp(x)
    (dx,) = pullback(dy).inputs
    # dx = y*(dy - sum of dy*y): y is off by its line, here and there, and at most n + 3 roundings follow
    lines = cp.Softmax(dim).lines(None, (x,), arithmetic=FLOAT64)
    g = (abs(dy) * y).sum(axis=dim, keepdims=True)
    off = lines.proof * (abs(dy) + g) + y * (
        (abs(dy) * lines.proof).sum(axis=dim, keepdims=True) + (shape[dim] + 3) * FLOAT64.u * (abs(dy) + g)
    )
    assert dx.shape == shape
    assert (abs(dx - tensor.grad.numpy()) <= 2 * off).all()


def test_large_numbers_do_not_overflow():
    assert cp.Softmax(0)(np.array([1e30, 0.0, -1e30], np.float32)).tolist() == [1.0, 0.0, 0.0]
    assert cp.Softmax(0)(np.array([-np.inf, 0.0], np.float32)).tolist() == [0.0, 1.0]


@pytest.mark.parametrize("values", [[-np.inf, -np.inf], [np.nan, 0.0], [np.inf, 0.0]])
def test_what_has_no_softmax_is_nan_as_in_torch(values):
    x = np.array(values, np.float32)
    assert np.isnan(cp.Softmax(0)(x)).all()
    assert torch.softmax(torch.tensor(x), 0).isnan().all()


def test_a_masked_number_is_named_where_a_cell_cannot_be_derived():
    x = np.array([[1.0, -np.inf, 0.5]], np.float32)
    with pytest.raises(cp.NotFiniteError, match=r"Softmax\[0, 2\] has no exact value: input 0\[0, 1\] of the layer is -inf"):
        cp.Softmax(1).why(x, at=(0, 2))


@pytest.mark.parametrize("low", [-1e9, -1e30, -1100.0])
def test_a_number_far_below_counts_as_zero_and_takes_no_time(low):
    x = np.array([2.0, low, 1.0], np.float32)
    started = time.perf_counter()
    assert cp.Softmax(0).why(x, at=(1,)).exact == 0
    assert cp.Softmax(0).why(x, at=(0,)).exact == cp.Softmax(0).why(x[[0, 2]], at=(0,)).exact
    assert time.perf_counter() - started < 1


@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 3), (2, 3, 4), (2, 3, 4, 5)])
def test_the_axis_that_torch_takes_when_none_is_named(shape):
    x = np.asarray(np.random.default_rng(0).normal(size=shape))
    with pytest.warns(UserWarning, match="Implicit dimension"):
        theirs = torch.nn.Softmax()(torch.tensor(x)).numpy()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ours = cp.Softmax()(x)
    lines = cp.Softmax().lines(None, (x,), arithmetic=FLOAT64)
    for y in (ours, theirs):
        assert y.shape == lines.exact.shape == shape
        assert (abs(y - lines.exact) <= lines.proof).all()


def test_a_single_number_is_the_whole():
    x = np.asarray(np.float32(-7.5))
    for layer in (cp.Softmax(), cp.Softmax(0), cp.Softmax(-1)):
        assert layer(x) == torch.softmax(torch.tensor(x), -1).numpy() == 1
        d = layer.why(x, at=())
        assert (d.exact, d.allowed) == (1, layer.lines(None, (x,)).proof)
        assert layer.reads((), ()) == ((),)
        assert layer.vjp(x)[1](np.ones(())).inputs[0] == 0


@pytest.mark.parametrize("dim", [2, -3])
def test_an_axis_that_is_not_there(dim):
    with pytest.raises(IndexError):
        torch.nn.Softmax(dim)(torch.zeros(2, 3))
    with pytest.raises(cp.ShapeError, match=rf"needs an axis {dim}; got x of shape \(2, 3\)"):
        cp.Softmax(dim)(np.zeros((2, 3)))


@pytest.mark.parametrize("dim", ["C", 0.5, True])
def test_an_axis_that_cannot_be(dim):
    with pytest.raises(cp.SettingError, match=f"dim={dim!r}: expected a whole number"):
        cp.Softmax(dim)


def test_the_hand_calculation():
    x = np.array([[1.0, 3.0, 2.0]])
    text = cp.Softmax(1).why(x, at=(0, 2)).text()
    assert "max = max(x[0, 0], x[0, 1], x[0, 2])" in text
    assert "= max(1, 3, 2) = 3   (the maximum is subtracted first, so that no exponential overflows)" in text
    assert "e   = exp(x[0, 2] - max) = exp(2 - 3) ≈ 0.367879" in text
    assert "exp(1 - 3) + exp(3 - 3) + exp(2 - 3) ≈ 1.50321" in text
    assert "y   = e / sum = 0.367879 / 1.50321 ≈ 0.244728" in text


def test_shares_add_up_to_one_exactly():
    x = np.random.default_rng(0).normal(size=(5, 2)).astype(np.float32)
    assert sum((cp.Softmax(0).why(x, at=(k, 1)).exact for k in range(5)), Fraction(0)) == 1


def test_a_thousand_classes_are_derived_quickly():
    x = np.random.default_rng(0).normal(size=(1, 1000)).astype(np.float32)
    times = []
    for _ in range(5):
        started = time.perf_counter()
        d = cp.Softmax(1).derive((0, 3), (x,))
        times.append(time.perf_counter() - started)
    assert min(times) < 0.2  # measured 0.018 s; shared machines are slower
    assert len(d.tree.parts[1].parts) == 1000
    assert "(the maximum is subtracted first, so that no exponential overflows)" in d.text()


def test_the_entropy_bounds_the_line():
    x = numbers("N(0, 10)", (50, 30), 1, np.float32, 1)
    lines = cp.Softmax(1).lines(None, (x,))
    away = (x.max(axis=1, keepdims=True) - x).astype(np.float64)
    units = away + np.log(30) + 30 + 9
    assert (lines.proof <= lines.exact * (FLOAT32.u + FLOAT64.u) * units * (1 + 1e-4) + 62 * FLOAT32.tiny).all()
