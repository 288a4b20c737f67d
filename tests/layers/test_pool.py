"""What is peculiar to pooling: windows that stand out, padding that must not win, divisors."""

import itertools

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import convproof as cp
from convproof.core.formats import format_of
from tests.layers.pool.samples import AVERAGE, MAX, NORM

SAMPLES = [*MAX, *AVERAGE, *NORM]

small = st.integers(1, 4)
pairs = st.tuples(small, small)
DIVISORS = 720  # a multiple of every product of two numbers from 1 to 4, and of 5


@st.composite
def poolings(draw):
    """Kernel, settings that both poolings have, an input's shape, its dtype, and a seed."""
    kernel = draw(pairs)
    keywords = {
        "stride": draw(st.none() | pairs),
        "padding": tuple(draw(st.integers(0, k // 2)) for k in kernel),
        "ceil_mode": draw(st.booleans()),
    }
    shape = (*draw(st.sampled_from([(2, 3), (1, 1), (0, 2), (3,)])), draw(st.integers(1, 9)), draw(st.integers(1, 9)))
    return kernel, keywords, shape, draw(st.sampled_from([np.float32, np.float64])), draw(st.integers(0, 2**32))


def _numbers(rng, shape, kind):
    x = rng.normal(size=shape) - 1
    if kind == "ties":
        x = rng.integers(-2, 2, shape).astype(float)
    if kind == "NaN and infinities":
        x = rng.choice([np.nan, -np.inf, np.inf, -2.0, -1.0], size=shape, p=[0.15, 0.3, 0.05, 0.25, 0.25])
    return x


def _theirs(module, x):
    """torch's answer, or None where it refuses the input."""
    try:
        return module(x)
    except RuntimeError:
        return None


@given(poolings(), pairs, st.sampled_from(["normal", "ties", "NaN and infinities"]))
@settings(max_examples=120)
def test_max_is_torchs_max_and_so_is_its_gradient(pooling, dilation, kind):
    kernel, keywords, shape, dtype, seed = pooling
    rng = np.random.default_rng(seed)
    x = _numbers(rng, shape, kind).astype(dtype)
    module = torch.nn.MaxPool2d(kernel, dilation=dilation, return_indices=True, **keywords)
    tensor = torch.tensor(x, requires_grad=True)
    theirs = _theirs(module, tensor)
    ours = cp.MaxPool2d(kernel, dilation=dilation, return_indices=True, **keywords)
    if theirs is None:
        with pytest.raises(cp.ShapeError):
            ours(x)
        return
    (values, places), pullback = ours.vjp(x)
    assert (values.dtype, places.dtype) == (dtype, np.int64)
    assert np.array_equal(values, theirs[0].detach().numpy(), equal_nan=True)
    reads_input = np.isfinite(module(torch.zeros(shape))[0].numpy())
    assert np.array_equal(places[reads_input], theirs[1].numpy()[reads_input])
    assert (places[~reads_input] == -1).all()
    assert (values[~reads_input] == -np.inf).all()
    assume(reads_input.all())  # where a window reads padding alone, torch hands its gradient to a place that does not exist
    dy = rng.integers(-9, 9, values.shape).astype(dtype)  # whole numbers, so that every sum is exact
    theirs[0].backward(torch.tensor(dy))
    assert np.array_equal(pullback(dy, np.zeros(dy.shape)).inputs[0], tensor.grad.numpy())


@given(poolings(), st.booleans(), st.none() | st.integers(-3, 5).filter(bool))
@settings(max_examples=100)
def test_average_lies_below_the_line_beside_torchs_and_its_gradient_is_torchs(pooling, counted, divisor):
    kernel, keywords, shape, dtype, seed = pooling
    rng = np.random.default_rng(seed)
    x = _numbers(rng, shape, "normal").astype(dtype)
    tensor = torch.tensor(x, requires_grad=True)
    theirs = _theirs(torch.nn.AvgPool2d(kernel, count_include_pad=counted, divisor_override=divisor, **keywords), tensor)
    ours = cp.AvgPool2d(kernel, count_include_pad=counted, divisor_override=divisor, **keywords)
    if theirs is None:
        with pytest.raises(cp.ShapeError):
            ours(x)
        return
    lines = ours.lines(None, (x,), arithmetic=format_of(dtype))
    values, pullback = ours.vjp(x)
    for y in (values, theirs.detach().numpy()):
        assert (y.shape, y.dtype) == (lines.exact.shape, dtype)
        assert (abs(y - lines.exact) <= lines.proof).all()
    dy = (DIVISORS * rng.integers(-9, 9, values.shape)).astype(dtype)  # dy / D and its sums are exact
    theirs.backward(torch.tensor(dy))
    assert np.array_equal(pullback(dy).inputs[0], tensor.grad.numpy())


def slide(size, kernel, stride, dilation, before, after, ceil):
    """The cells that each window looks at, by sliding it along the axis.

    It stops where it would stand out of the padded axis. With ``ceil`` it may stand out by less than a stride, as long as it starts
    before the padding after the axis.
    """
    found, start = [], -before
    while True:
        cells = [start + dilation * u for u in range(kernel)]
        stands_out = cells[-1] - (size + after - 1)
        if stands_out > 0 and not (ceil and stands_out < stride and start < size):
            return found
        found.append(cells)
        start += stride


@st.composite
def axes(draw):
    kernel = draw(small)
    sides = st.integers(0, kernel // 2)
    return draw(st.integers(1, 9)), kernel, draw(small), draw(sides), draw(sides)


@given(axes(), axes(), st.booleans(), pairs)
@settings(max_examples=120)
def test_windows_and_divisors_by_sliding_in_plain_python(rows, columns, ceil, dilation):
    (H, kh, sh, top, bottom), (W, kw, sw, left, right) = rows, columns
    settings = (kh, kw), (sh, sw), ((top, bottom), (left, right))
    x = np.random.default_rng(H * 10 + W).integers(-99, 99, (H, W)).astype(np.float64)
    largest, averages = cp.MaxPool2d(*settings, dilation, ceil_mode=ceil), {}
    for counted in (True, False):
        averages[counted] = cp.AvgPool2d(*settings, ceil, counted)

    def windows(du, dv):
        return list(itertools.product(slide(H, kh, sh, du, top, bottom, ceil), slide(W, kw, sw, dv, left, right, ceil)))

    def seen(hs, ws):
        return [x[h, w] for h, w in itertools.product(hs, ws) if 0 <= h < H and 0 <= w < W]

    expected = [max(seen(*window), default=-np.inf) for window in windows(*dilation)]
    if expected:
        assert largest(x[None])[0].reshape(-1).tolist() == expected
    else:
        with pytest.raises(cp.ShapeError):
            largest(x[None])
    if not windows(1, 1):
        return
    for counted, layer in averages.items():
        expected = []
        for hs, ws in windows(1, 1):
            in_padded = sum(h < H + bottom for h in hs) * sum(w < W + right for w in ws)
            numbers = seen(hs, ws)
            expected.append(sum(numbers) / (in_padded if counted else len(numbers)))
        assert layer(x[None])[0].reshape(-1).tolist() == expected


def test_padding_never_wins_and_nan_always_does():
    x = np.full((1, 1, 3, 3), -5.0, np.float32)
    assert (cp.MaxPool2d(3, 1, 1)(x) == -5).all()
    x[0, 0, 0, 0] = np.nan
    assert np.isnan(cp.MaxPool2d(3, 1, 1)(x)[0, 0]).tolist() == [[True, True, False], [True, True, False], [False, False, False]]
    minus = np.full((1, 1, 2, 2), -np.inf, np.float32)
    values, places = cp.MaxPool2d(2, 1, 1, return_indices=True)(minus)
    assert np.array_equal(places, torch.nn.MaxPool2d(2, 1, 1, return_indices=True)(torch.tensor(minus))[1].numpy())
    assert (values == -np.inf).all()


def test_of_several_nans_the_last_wins_as_in_torch():
    x = np.array([[[1, np.nan, 3], [np.nan, 5, np.nan], [7, 8, 9]]], np.float32)
    layer = cp.MaxPool2d(2, 1, return_indices=True)
    places = layer(x)[1]
    assert places.tolist() == [[[3, 5], [3, 5]]]
    assert np.array_equal(places, torch.nn.MaxPool2d(2, 1, return_indices=True)(torch.tensor(x))[1].numpy())
    cells = np.argwhere(np.ones(places.shape, bool))
    assert layer.lines(cells, (x,), output=1).exact.tolist() == [3, 5, 3, 5]
    assert [int(layer.derive(tuple(cell), (x,), 1).exact) for cell in cells.tolist()] == [3, 5, 3, 5]
    with pytest.raises(cp.NotFiniteError, match="nan has no exact value"):
        layer.derive((0, 0, 0), (x,))


def test_the_first_of_equal_numbers_wins_also_backwards():
    x = np.zeros((1, 1, 4, 4), np.float32)
    y, pullback = cp.MaxPool2d(3, 1).vjp(x)
    dx = pullback(np.arange(1, 5, dtype=np.float32).reshape(y.shape)).inputs[0]
    assert dx[0, 0].tolist() == [[1, 2, 0, 0], [3, 4, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]]


@pytest.mark.parametrize(
    ("axes", "expected"), [(1, r"\(N, C, W\) or \(C, W\)"), (2, r"\(N, C, H, W\)"), (3, r"\(N, C, D, H, W\) or \(C, D, H, W\)")]
)
@pytest.mark.parametrize("kind", ["MaxPool", "AvgPool", "AdaptiveMaxPool", "AdaptiveAvgPool", "LPPool"])
def test_inputs_of_another_rank_are_refused(axes, expected, kind):
    layer = getattr(cp, f"{kind}{axes}d")(*(2,) * (1 + (kind == "LPPool")))
    for rank in (axes, axes + 3):
        with pytest.raises(cp.ShapeError, match=expected):
            layer(np.ones((2,) * rank))


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.int32, np.int64])
def test_the_largest_of_integers_is_an_integer_and_padding_never_wins(dtype):
    info = np.iinfo(dtype)
    x = np.array([[[info.min, info.min, 3], [info.min, info.min, info.max]]], dtype)
    for layer in (cp.MaxPool2d(2, 1, 1, return_indices=True), cp.AdaptiveMaxPool2d((2, 2), return_indices=True)):
        largest, places = layer.step(x, training=False).outputs
        assert (largest.dtype, places.dtype) == (dtype, np.int64)
        flat = x.reshape(-1)
        assert (flat[places] == largest).all()
    assert largest.tolist() == [[[info.min, 3], [info.min, info.max]]]
    assert places.tolist() == [[[0, 2], [3, 5]]]
    assert cp.GlobalMaxPool().step(x[None], training=False).outputs[0].item() == info.max
    exact = cp.MaxPool2d(2, 1, 1).lines(None, (x,)).exact
    assert np.array_equal(exact, cp.MaxPool2d(2, 1, 1).step(x, training=False).outputs[0].astype(float))


def test_an_empty_batch_and_an_empty_output():
    for layer in (
        cp.MaxPool2d(2, return_indices=True),
        cp.AvgPool2d(2),
        cp.LPPool2d(2, 2),
        cp.AdaptiveAvgPool2d(2),
        cp.GlobalAveragePool(),
    ):
        step = layer.step(np.zeros((0, 3, 4, 5), np.float32), training=False)
        assert [y.shape for y in step.outputs] == list(layer.shapes((0, 3, 4, 5)))
        assert layer.pull(step, *step.outputs).inputs[0].shape == (0, 3, 4, 5)
    for kind in ("AdaptiveAvgPool2d", "AdaptiveMaxPool2d"):
        for size in (0, (0, 2), (3, None)):
            assert getattr(cp, kind)(size)(np.zeros((1, 2, 5, 6))).shape == getattr(torch.nn, kind)(size)(torch.zeros(1, 2, 5, 6)).shape
