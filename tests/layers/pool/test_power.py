"""Power poolings: beside torch, by hand, and how far rounding moves them."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import convproof as cp
from convproof.core.formats import FLOAT64, format_of
from convproof.core.lines import Lines

small = st.integers(1, 4)


@given(
    st.sampled_from([1, 2, 3, 4, 7, 2.0, 0.5, 1.5, 2.3, -1, -2, math.inf, -math.inf]),
    st.sampled_from([1, 2, 2, 3]),
    st.data(),
    st.booleans(),
    st.sampled_from([np.float32, np.float64]),
)
@settings(max_examples=50)
def test_torch_lies_below_the_line(p, axes, data, ceil, dtype):
    kernel = tuple(data.draw(small) for _ in range(axes)) if axes > 1 else data.draw(small)
    stride = data.draw(st.none() | small)
    shape = (2, 3, *(data.draw(st.integers(4, 7)) for _ in range(axes)))
    x = np.random.default_rng(data.draw(st.integers(0, 2**32))).normal(size=shape).astype(dtype)
    x = x if p in (1, 2, 4, -2) else abs(x)
    theirs = getattr(torch.nn, f"LPPool{axes}d")(p, kernel, stride, ceil)(torch.tensor(x)).numpy()
    layer = getattr(cp, f"LPPool{axes}d")(p, kernel, stride, ceil)
    lines = layer.lines(None, (x,), arithmetic=format_of(dtype))
    for y in (layer(x), theirs):
        assert (y.shape, y.dtype) == (lines.exact.shape, dtype)
        assert (abs(y - lines.exact) <= lines.proof).all()
    assert (lines.usual <= lines.proof).all()


ALGORITHMS = {
    "by a library": lambda x, p: np.add.accumulate(np.power(x, x.dtype.type(p)), axis=-1)[..., -1] ** x.dtype.type(1 / p),
    "pairwise": lambda x, p: np.power(x, x.dtype.type(p)).sum(axis=-1) ** x.dtype.type(1 / p),
    "by products": lambda x, p: np.multiply.accumulate(np.stack([x] * int(p)), axis=0)[-1].sum(axis=-1) ** x.dtype.type(1 / p),
    "a mean, times the window": lambda x, p: (np.power(x, x.dtype.type(p)).mean(axis=-1) * x.shape[-1]) ** x.dtype.type(1 / p),
}


@pytest.mark.parametrize("name", ALGORITHMS)
@pytest.mark.parametrize("p", [1, 2, 3, 5, 2.3])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_every_algorithm_that_the_room_lists_stays_below_the_line(name, p, dtype):
    if name == "by products" and p != int(p):
        return
    rng = np.random.default_rng(0)
    for kernel in ((1, 2), (3, 5), (17, 13)):
        plain = abs(rng.normal(size=(40, *kernel)))
        for kind, x in {"normal": plain, "constant": np.full_like(plain, 0.1), "tiny": plain * 1e-17, "large": plain * 1e6}.items():
            x = x.astype(dtype)
            y = ALGORITHMS[name](x.reshape(40, -1), p)
            assert y.dtype == dtype
            lines = cp.LPPool2d(p, kernel).lines(None, (x,), arithmetic=format_of(dtype))
            assert (abs(y - lines.exact[:, 0, 0]) <= lines.proof[:, 0, 0]).all(), kind
            if kind == "normal":
                assert (abs(y - lines.exact[:, 0, 0]) <= lines.usual[:, 0, 0]).all()


def test_squares_that_underflow_lie_below_the_line():
    x = np.full((1, 1, 2, 2), 1e-30, np.float32)
    lines = cp.LPPool2d(2, 2).lines(None, (x,))
    assert cp.LPPool2d(2, 2)(x).item() == 0
    assert lines.exact.item() == pytest.approx(2e-30, rel=1e-6)
    assert lines.exact.item() <= lines.proof.item() < 1e-21


def test_by_hand():
    x = np.array([[[3, 4, 0], [-4, 0, -12]]], np.float64)
    assert cp.LPPool2d(2, (2, 1))(x).tolist() == [[[5, 4, 12]]]
    assert cp.LPPool1d(2, 2)(x[0]).tolist() == [[5], [4]]
    assert cp.LPPool1d(1, 3)(x[0]).tolist() == [[7], [-16]]
    assert cp.LPPool1d(1, 3, absolute=True)(x[0]).tolist() == [[7], [16]]
    assert cp.LPPool1d(math.inf, 3)(x[0]).tolist() == cp.LPPool1d("inf", 3)(x[0]).tolist() == [[4], [12]]
    assert cp.LPPool1d("-inf", 3)(x[0]).tolist() == [[0], [0]]
    assert np.isnan(cp.LPPool1d(3, 3)(x[0])[1]).all()
    with pytest.raises(cp.NotFiniteError, match="is no real number"):
        cp.LPPool1d(3, 3).derive((1, 0), (x[0],))
    assert float(cp.LPPool1d(3, 3, absolute=True).derive((1, 0), (x[0],)).exact) == pytest.approx((64 + 1728) ** (1 / 3), rel=1e-15)
    # the last window has one cell of two: torch takes its mean for both
    assert cp.LPPool1d(2, 2, ceil_mode=True)(x[0]).tolist() == [[5, 0], [4, math.sqrt(288)]]
    assert cp.LPPool1d(2, 2, ceil_mode=True, scale_clipped=False)(x[0]).tolist() == [[5, 0], [4, 12]]


def test_texts():
    x = np.array([[3.0, 4, 12]])
    text = cp.LPPool1d(2, 2).why(x, at=(0, 0)).text()
    assert "= 3² + 4² = 25" in text
    assert "= sqrt(25) = 5" in text
    text = cp.LPPool1d(2, 2, ceil_mode=True).why(x, at=(0, 1)).text()
    assert "the window is clipped to 1 of its 2 cells, whose mean stands for all" in text
    text = cp.LPPool1d(3, 2, absolute=True).why(-x, at=(0, 0)).text()
    assert "abs(-3)^3 + abs(-4)^3 = 91" in text
    assert cp.LPPool1d(3, 2, absolute=True).equation() == "y[n, c, i] = (sum over u of abs(x[n, c, 2*i + u])^3)^(1/3)"
    assert cp.LPPool2d(2, 3, 1, True).equation() == "y[n, c, i, j] = (K/D * sum over u, v of x[n, c, i + u, j + v]^2)^(1/2)"
    assert cp.LPPool1d("inf", 2).equation() == "y[n, c, i] = max over u of abs(x[n, c, 2*i + u])"


@pytest.mark.parametrize("p", [0, math.nan, "2", None, True])
def test_norms_that_are_none(p):
    for make in (lambda: cp.LPPool2d(p, 2), lambda: cp.GlobalLpPool(p)):
        with pytest.raises(cp.SettingError, match="expected a number other than 0, since the root is the power 1/norm_type"):
            make()


def test_what_comes_in_by_hand():
    x, e = np.array([[3.0, 4]]), np.array([[1.0, 2]])
    came = (Lines(x, e, e / 8),)
    for cells in (None, np.array([[0, 0]])):
        lines = cp.LPPool1d(2, 2).lines(cells, (x,), came, arithmetic=FLOAT64)
        assert lines.proof.item() == pytest.approx(math.hypot(4, 6) - 5, rel=1e-12)  # 2.21, more than 5 - hypot(2, 2) = 2.17
        assert lines.sigma.item() == pytest.approx(math.hypot(3 / 5 / 8, 4 / 5 / 4), rel=1e-12)
        lines = cp.LPPool1d(2, 2).lines(cells, (0 * x,), (Lines(0 * x, e, e),), arithmetic=FLOAT64)
        assert lines.proof.item() == pytest.approx(math.sqrt(5), rel=1e-12)
        assert 0 <= lines.sigma.item() <= lines.proof.item() * (1 + 1e-12)


def test_the_lines_of_a_norm_by_hand():
    lines, u = cp.LPPool1d(2, 2).lines(None, (np.array([[3.0, 4]], np.float32),)), 2.0**-24
    # squares cost 8 units each, their sum n + 3 = 5: 13 of s = 25; the root halves that in proportion and costs 8 more, of y = 5
    assert lines.proof.item() == pytest.approx((13 / 2 + 8) * 5 * u, rel=1e-4)
    Q, n = 3**4 + 4**4, 2 + 3
    sums = math.hypot(math.sqrt(n * (25**2 / 9 + Q / 18) + (25**2 + Q) / 3), 8 * math.sqrt(Q / 3))  # the walk, and the squares' own
    assert lines.sigma.item() == pytest.approx(u * math.hypot(sums * 5 / (2 * 25), (8 + math.log(5)) * 5 / math.sqrt(3)), rel=1e-9)


def test_gradients_where_a_window_sums_to_zero():
    x = np.array([[0.0, 0, 3, 4]])
    tensor = torch.tensor(x, requires_grad=True)
    torch.nn.LPPool1d(2, 2)(tensor).sum().backward()
    y, pullback = cp.LPPool1d(2, 2).vjp(x)
    assert pullback(np.ones(y.shape)).inputs[0].tolist() == [[0, 0, pytest.approx(0.6, rel=4e-16), pytest.approx(0.8, rel=4e-16)]]
    assert tensor.grad.tolist() == [[0, 0, pytest.approx(0.6, rel=4e-16), pytest.approx(0.8, rel=4e-16)]]
