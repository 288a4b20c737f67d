"""What is peculiar to pooling: windows that stand out, padding that must not win, divisors."""

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import convproof as cp
from convproof.core.formats import FLOAT32, FLOAT64
from tests.samples import Sample


def _twins(kind, name, shapes, *args, **keywords):
    return Sample(
        f"{kind} {name}", lambda: getattr(cp, kind)(*args, **keywords), shapes, lambda: getattr(torch.nn, kind)(*args, **keywords)
    )


SAMPLES = [
    _twins("MaxPool2d", "plain", ((2, 3, 4, 7),), 2),
    _twins("MaxPool2d", "padded", ((2, 3, 5, 8),), (3, 2), stride=(2, 3), padding=1),
    _twins("MaxPool2d", "dilated", ((1, 2, 9, 8),), (2, 3), stride=2, dilation=(3, 2)),
    _twins("MaxPool2d", "ceil", ((1, 2, 6, 7),), 3, stride=2, ceil_mode=True),
    _twins("MaxPool2d", "ceil, last window dropped", ((1, 2, 5, 7),), 2, stride=3, padding=1, ceil_mode=True),
    _twins("MaxPool2d", "unbatched", ((3, 5, 6),), 3, stride=1, padding=1),
    _twins("MaxPool2d", "with indices", ((2, 3, 5, 8),), (3, 2), stride=(2, 3), padding=1, return_indices=True),
    _twins("AvgPool2d", "plain", ((2, 3, 4, 7),), 2),
    _twins("AvgPool2d", "padded", ((2, 3, 5, 8),), (3, 2), stride=(2, 3), padding=1),
    _twins("AvgPool2d", "padding not counted", ((2, 3, 5, 8),), 3, stride=(2, 1), padding=(1, 0), count_include_pad=False),
    _twins("AvgPool2d", "ceil, divisor clipped", ((1, 2, 6, 7),), 3, stride=2, padding=1, ceil_mode=True),
    _twins("AvgPool2d", "ceil, padding not counted", ((1, 2, 6, 7),), 3, stride=2, padding=1, ceil_mode=True, count_include_pad=False),
    _twins("AvgPool2d", "divisor", ((1, 2, 5, 6),), 2, divisor_override=3),
    _twins("AvgPool2d", "unbatched", ((3, 5, 6),), 3, stride=1, padding=1),
]

small = st.integers(1, 4)


@st.composite
def poolings(draw):
    kernel = (draw(small), draw(small))
    keywords = {"stride": draw(st.none() | st.tuples(small, small)), "ceil_mode": draw(st.booleans())}
    keywords["padding"] = tuple(draw(st.integers(0, k // 2)) for k in kernel)
    shape = (draw(st.integers(1, 3)), draw(st.integers(1, 3)), draw(st.integers(1, 9)), draw(st.integers(1, 9)))
    return kernel, keywords, shape, draw(st.sampled_from([np.float32, np.float64]))


def _numbers(shape, dtype):
    return (np.random.default_rng(sum(shape)).normal(size=shape) - 1).astype(dtype)


def _theirs(module, x):
    """torch's answer, or None where it refuses the input."""
    try:
        return module(torch.tensor(x))
    except RuntimeError:
        return None


@given(poolings(), st.tuples(st.integers(1, 3), st.integers(1, 3)))
@settings(max_examples=200)
def test_max_is_torchs_max(pooling, dilation):
    kernel, keywords, shape, dtype = pooling
    x = _numbers(shape, dtype)
    theirs = _theirs(torch.nn.MaxPool2d(kernel, dilation=dilation, return_indices=True, **keywords), x)
    ours = cp.MaxPool2d(kernel, dilation=dilation, return_indices=True, **keywords)
    if theirs is None:
        with pytest.raises(cp.ShapeError):
            ours(x)
        return
    values, places = ours(x)
    assert np.array_equal(values, theirs[0].numpy())
    reads_input = np.isfinite(values)  # for a window of padding alone torch names a place that does not exist
    assert np.array_equal(places[reads_input], theirs[1].numpy()[reads_input])
    assert (places[~reads_input] == -1).all()


@given(poolings(), st.booleans(), st.none() | st.integers(-3, 5).filter(bool))
@settings(max_examples=200)
def test_average_lies_below_the_line_beside_torchs(pooling, counted, divisor):
    kernel, keywords, shape, dtype = pooling
    x = _numbers(shape, dtype)
    theirs = _theirs(torch.nn.AvgPool2d(kernel, count_include_pad=counted, divisor_override=divisor, **keywords), x)
    ours = cp.AvgPool2d(kernel, count_include_pad=counted, divisor_override=divisor, **keywords)
    if theirs is None:
        with pytest.raises(cp.ShapeError):
            ours(x)
        return
    lines = ours.lines(None, (x,), arithmetic=FLOAT32 if dtype == np.float32 else FLOAT64)
    for y in (ours(x), theirs.numpy()):
        assert y.dtype == dtype
        assert (abs(y - lines.exact) <= lines.proof).all()


@given(st.integers(1, 12), small, small, st.integers(0, 2), st.booleans())
@settings(max_examples=200)
def test_windows_and_divisors_by_sliding_in_plain_python(size, kernel, stride, padding, ceil):
    assume(2 * padding <= kernel <= size + 2 * padding)
    window = cp.AvgPool2d((1, kernel), (1, stride), (0, padding), ceil_mode=ceil).windows[1]
    starts = []
    start = -padding
    while start + kernel <= size + padding or (
        ceil and start < size and start < start + kernel and start - stride + kernel < size + padding
    ):
        starts.append(start)
        start += stride
    assert window.outputs(size) == len(starts)
    ones = np.ones((1, 1, 1, size))
    counted = cp.AvgPool2d((1, kernel), (1, stride), (0, padding), ceil_mode=ceil)(ones)[0, 0, 0]
    for y, first in zip(counted, starts, strict=True):
        inside = sum(0 <= k < size for k in range(first, first + kernel))
        in_padded = sum(k < size + padding for k in range(first, first + kernel))
        assert y == np.float64(inside) / np.float64(in_padded)


def test_padding_never_wins_and_nan_always_does():
    x = np.full((1, 1, 3, 3), -5.0, np.float32)
    assert (cp.MaxPool2d(3, 1, 1)(x) == -5).all()
    x[0, 0, 0, 0] = np.nan
    assert np.isnan(cp.MaxPool2d(3, 1, 1)(x)[0, 0]).tolist() == [[True, True, False], [True, True, False], [False, False, False]]
    minus = np.full((1, 1, 2, 2), -np.inf, np.float32)
    values, places = cp.MaxPool2d(2, 1, 1, return_indices=True)(minus)
    assert np.array_equal(places, torch.nn.MaxPool2d(2, 1, 1, return_indices=True)(torch.tensor(minus))[1].numpy())
    assert (values == -np.inf).all()


def test_the_first_of_equal_numbers_wins_also_backwards():
    x = np.zeros((1, 1, 4, 4), np.float32)
    theirs = torch.tensor(x, requires_grad=True)
    y, pullback = cp.MaxPool2d(3, 1)(x), cp.MaxPool2d(3, 1).vjp(x)[1]
    dy = np.arange(1, 5, dtype=np.float32).reshape(y.shape)
    torch.nn.MaxPool2d(3, 1)(theirs).backward(torch.tensor(dy))
    assert np.array_equal(pullback(dy).inputs[0], theirs.grad.numpy())


def test_pairs_of_padding():
    x = _numbers((2, 3, 5, 6), np.float32)
    ours = cp.MaxPool2d(3, 1, padding=((1, 0), (0, 1)))(x)
    padded = torch.nn.functional.pad(torch.tensor(x), (0, 1, 1, 0), value=-np.inf)
    assert np.array_equal(ours, torch.nn.functional.max_pool2d(padded, 3, 1).numpy())


BAD = [
    ("MaxPool2d", (2,), {"padding": 2}, "must be at most half of kernel_size=2"),
    ("AvgPool2d", (3,), {"padding": (2, 1)}, "must be at most half of kernel_size=3"),
    ("AvgPool2d", (2,), {"divisor_override": 0}, "nothing can be divided by 0"),
    ("MaxPool2d", (0,), {}, "kernel_size=0: expected an integer >= 1"),
    ("MaxPool2d", (2,), {"stride": 0}, "stride=0: expected an integer >= 1"),
    ("MaxPool2d", (2,), {"dilation": 0}, "dilation=0: expected an integer >= 1"),
    ("AvgPool2d", ((2, 3, 4),), {}, "or 2 of them"),
]


@pytest.mark.parametrize(("kind", "args", "keywords", "sentence"), BAD)
def test_settings_that_torch_refuses_too(kind, args, keywords, sentence):
    with pytest.raises((RuntimeError, ValueError)):
        getattr(torch.nn, kind)(*args, **keywords)(torch.zeros(1, 1, 8, 8))
    with pytest.raises(cp.SettingError, match=sentence):
        getattr(cp, kind)(*args, **keywords)


@pytest.mark.parametrize("shape", [(8, 8), (1, 1, 1, 8, 8), (1, 1, 1, 8)])
def test_inputs_that_do_not_fit(shape):
    with pytest.raises(RuntimeError):
        torch.nn.MaxPool2d(2)(torch.zeros(shape))
    with pytest.raises(cp.ShapeError):
        cp.MaxPool2d(2)(np.zeros(shape))


def test_texts_name_winner_padding_and_divisor():
    x = np.arange(1.0, 26.0).reshape(1, 1, 5, 5)
    best = cp.MaxPool2d(3, 2, 1).why(x, at=(0, 0, 0, 0)).text()
    assert "= max(1, 2, 6, 7) = 7   (x[0, 0, 1, 1] wins; 5 cells of the window are padding and cannot)" in best
    mean = cp.AvgPool2d(3, 2, 1).why(x, at=(0, 0, 0, 0)).text()
    assert "(0) is a zero of the padding" in mean
    assert "divided by the 9 cells of the window" in mean
    assert "divided by the 4 cells that are not padding" in cp.AvgPool2d(3, 2, 1, count_include_pad=False).why(x, at=(0, 0, 0, 0)).text()
    clipped = cp.AvgPool2d(2, 2, ceil_mode=True).why(x, at=(0, 0, 2, 2)).text()
    assert "divided by 1: the window of 4 is clipped where the padding ends" in clipped
    assert "divided by divisor_override = 7" in cp.AvgPool2d(2, divisor_override=7).why(x, at=(0, 0, 0, 0)).text()
