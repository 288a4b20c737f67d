"""Adaptive and global poolings: bins beside torch's, and a few by hand."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import convproof as cp
from convproof.core.formats import format_of

MANY = 2520  # a multiple of every number from 1 to 10


@st.composite
def splits(draw):
    """Sizes, the number of bins on each axis or None, the axes before, and a seed."""
    axes = draw(st.sampled_from([1, 2, 2, 3]))
    sizes = tuple(draw(st.integers(1, 9 if axes < 3 else 5)) for _ in range(axes))
    bins = tuple(draw(st.integers(1, 9 if axes < 3 else 5) | (st.none() if axes > 1 else st.nothing())) for _ in sizes)
    lead = draw(st.sampled_from([(2, 3), (1, 1), (0, 2), (3,)]))
    return bins, (*lead, *sizes), draw(st.sampled_from([np.float32, np.float64])), draw(st.integers(0, 2**32))


@given(splits(), st.sampled_from(["normal", "ties", "NaN and infinities"]))
@settings(max_examples=60)
def test_the_largest_is_torchs_and_so_is_its_gradient(split, kind):
    bins, shape, dtype, seed = split
    rng = np.random.default_rng(seed)
    x = rng.integers(-2, 2, shape) if kind == "ties" else rng.normal(size=shape) - 1
    if kind == "NaN and infinities":
        x = rng.choice([np.nan, -np.inf, np.inf, -1.0], size=shape, p=[0.15, 0.4, 0.05, 0.4])
    x = x.astype(dtype)
    name = f"AdaptiveMaxPool{len(bins)}d"
    tensor = torch.tensor(x, requires_grad=True)
    theirs = getattr(torch.nn, name)(bins, return_indices=True)(tensor)
    (values, places), pullback = getattr(cp, name)(bins, return_indices=True).vjp(x)
    assert np.array_equal(values, theirs[0].detach().numpy(), equal_nan=True)
    assert np.array_equal(places, theirs[1].numpy())
    dy = rng.integers(-9, 9, values.shape).astype(dtype)
    theirs[0].backward(torch.tensor(dy))
    assert np.array_equal(pullback(dy, np.zeros(dy.shape)).inputs[0], tensor.grad.numpy())


@given(splits())
@settings(max_examples=60)
def test_the_mean_lies_below_the_line_beside_torchs(split):
    bins, shape, dtype, seed = split
    rng = np.random.default_rng(seed)
    x = rng.normal(size=shape).astype(dtype)
    name = f"AdaptiveAvgPool{len(bins)}d"
    tensor = torch.tensor(x, requires_grad=True)
    theirs = getattr(torch.nn, name)(bins)(tensor)
    layer = getattr(cp, name)(bins)
    lines = layer.lines(None, (x,), arithmetic=format_of(dtype))
    values, pullback = layer.vjp(x)
    for y in (values, theirs.detach().numpy()):
        assert (y.shape, y.dtype) == (lines.exact.shape, dtype)
        assert (abs(y - lines.exact) <= lines.proof).all()
    if dtype == np.float64 and values.size:
        dy = (MANY * rng.integers(-9, 9, values.shape)).astype(dtype)
        theirs.backward(torch.tensor(dy))
        # a cell gets at most one share of every output, each rounded up to three times, and added up in any order
        room = 2.0**-53 * (3 + values[0].size) * abs(dy).max() * values[0].size
        assert (abs(pullback(dy).inputs[0] - tensor.grad.numpy()) <= room).all()


def test_bins_by_hand():
    x = np.array([[1, 2, 4, 8, 16, 32, 64]], np.float32)
    assert cp.AdaptiveMaxPool1d(3)(x).tolist() == [[4, 16, 64]]  # cells 0-2, 2-4, 4-6
    assert cp.AdaptiveAvgPool1d(2)(x).tolist() == [[15 / 4, 120 / 4]]  # cells 0-3, 3-6
    why = cp.AdaptiveAvgPool1d(3).why(x, at=(0, 1)).text()
    assert "28 / 3" in why
    assert "divided by the 3 cells of the window" in why
    assert cp.AdaptiveAvgPool1d(3).equation() == "y[n, c, i] = 1/D * sum over w of x[n, c, w], floor(i*W/3) <= w < ceil((i + 1)*W/3)"
    assert cp.AdaptiveMaxPool2d((None, 2)).equation() == (
        "y[n, c, i, j] = max over h, w of x[n, c, h, w], h = i, floor(j*W/2) <= w < ceil((j + 1)*W/2)"
    )


@pytest.mark.parametrize("size", [-1, 2.0, (7,), (1, 2, 3), "2", None, True, (1, -1)])
@pytest.mark.parametrize("kind", ["AdaptiveMaxPool2d", "AdaptiveAvgPool2d"])
def test_sizes_that_are_none(size, kind):
    with pytest.raises(cp.SettingError, match="expected an integer >= 0, or a tuple of 2, None in it for the input's own size"):
        getattr(cp, kind)(size)


def test_global_poolings_by_hand():
    x = np.array([[[[1, -5], [2, 4]], [[0, 0], [3, -4]]]], np.float32)
    assert cp.GlobalMaxPool()(x).tolist() == [[[[4]], [[3]]]]
    assert cp.GlobalAveragePool()(x).tolist() == [[[[0.5]], [[-0.25]]]]
    assert cp.GlobalLpPool()(x)[0, 1].tolist() == [[5]]
    assert cp.GlobalLpPool(1)(x)[0, :, 0, 0].tolist() == [12, 7]
    assert cp.GlobalAveragePool().equation() == "y[n, c, 0, ...] = 1/D * sum over u, ... of x[n, c, u, ...]"
    for layer in (cp.GlobalMaxPool(), cp.GlobalAveragePool(), cp.GlobalLpPool()):
        with pytest.raises(cp.ShapeError, match=r"expects x of shape \(N, C, ...\) with one spatial axis at least"):
            layer(np.zeros((2, 3)))


def test_a_global_mean_of_many_cells_stays_below_its_line():
    x = np.full((1, 3, 101, 67), 0.1, np.float32)
    layer = cp.GlobalAveragePool()
    lines = layer.lines(None, (x,))
    for y in (
        layer(x),
        torch.tensor(x).mean((2, 3), keepdim=True).numpy(),
        np.add.accumulate(x.reshape(3, -1), axis=1)[:, -1] / np.float32(101 * 67),
    ):
        assert (abs(y.reshape(lines.exact.shape) - lines.exact) <= lines.proof).all()
