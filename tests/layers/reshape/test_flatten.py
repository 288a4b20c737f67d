"""Flatten, Unflatten, Reshape: what the laws do not see."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import convproof as cp

shapes = st.lists(st.integers(0, 4), max_size=5).map(tuple)


@given(shapes, st.integers(-6, 6), st.integers(-6, 6), st.sampled_from([np.float32, np.float64]), st.booleans())
@settings(max_examples=150)
def test_outputs_gradients_and_refusals_are_torchs(shape, start, end, dtype, backwards):
    x = np.random.default_rng(len(shape)).normal(size=shape).astype(dtype)
    x = x.transpose() if backwards else x
    tensor = torch.tensor(x.copy(), requires_grad=True)
    try:
        theirs = torch.nn.Flatten(start, end)(tensor)
    except (IndexError, RuntimeError):
        with pytest.raises(cp.ShapeError, match="needs axes from"):
            cp.Flatten(start, end)(x)
        return
    ours, pullback = cp.Flatten(start, end).vjp(x)
    assert (ours.shape, ours.dtype) == (tuple(theirs.shape), dtype)
    assert np.array_equal(ours, theirs.detach().numpy())
    assert not np.shares_memory(cp.Flatten(start, end)(x), x)
    dy = np.random.default_rng(1).normal(size=ours.shape).astype(dtype)
    theirs.backward(torch.tensor(dy))
    (dx,) = pullback(dy).inputs
    assert np.array_equal(dx, tensor.grad.numpy())
    assert not np.shares_memory(dx, dy)


@given(st.lists(st.integers(1, 4), min_size=1, max_size=4).map(tuple), st.data())
@settings(max_examples=80)
def test_a_run_of_places_lies_in_the_smallest_box(shape, data):
    start = data.draw(st.integers(0, len(shape) - 1))
    end = data.draw(st.integers(start, len(shape) - 1))
    layer = cp.Flatten(start, end)
    (flat,) = layer.shapes(shape)
    region = []
    for size in flat:
        first = data.draw(st.integers(0, size - 1))
        region.append(range(first, data.draw(st.integers(first, size - 1)) + 1))
    wanted = np.zeros(flat, bool)
    wanted[tuple(slice(r.start, r.stop) for r in region)] = True
    cells = np.argwhere(wanted.reshape(shape))
    (box,) = layer.reads(tuple(region), shape)
    assert [(r.start, r.stop - 1) for r in box] == list(zip(cells.min(axis=0), cells.max(axis=0), strict=True))


@pytest.mark.parametrize(
    ("layer", "shape", "at", "sentence"),
    [
        (cp.Flatten(), (2, 3, 4, 5), (1, 33), "place 33 = (1*4 + 2)*5 + 3 of the flattened axis is channel 1, row 2, column 3"),
        (cp.Flatten(0), (3, 4, 5), (33,), "place 33 = (1*4 + 2)*5 + 3 of the flattened axis was [1, 2, 3]"),
        (cp.Flatten(1, 2), (2, 3, 4, 5), (1, 6, 3), "place 6 = 1*4 + 2 of the flattened axis was [1, 2]"),
        (cp.Flatten(), (2, 3), (1, 2), "one axis alone stays as it is"),
    ],
)
def test_the_text_counts_the_place(layer, shape, at, sentence):
    x = np.arange(np.prod(shape), dtype=np.float64).reshape(shape)
    d = layer.why(x, at=at)
    assert f"({sentence})" in d.text()
    assert d.value == layer(x)[at]
    assert x[d.expand(0).cell] == d.value


def test_the_equation_is_that_of_the_settings():
    assert cp.Flatten().equation() == "y[n, (c*H + h)*W + w] = x[n, c, h, w]"
    assert str(cp.Flatten(0, -2).equation()) == "y = x with axes 0 to -2 made one, the last of them running fastest"


@pytest.mark.parametrize(("args", "shape"), [((1, -1), (5,)), ((2, 1), (2, 3, 4)), ((0, 4), (2, 3)), ((-4, -1), (2, 3)), ((1, -1), ())])
def test_axes_that_are_not_there(args, shape):
    with pytest.raises((IndexError, RuntimeError)):
        torch.nn.Flatten(*args)(torch.zeros(shape))
    with pytest.raises(cp.ShapeError, match="needs axes from"):
        cp.Flatten(*args)(np.zeros(shape))


@pytest.mark.parametrize(("args", "name"), [((0.5,), "start_dim=0.5"), ((1, "last"), "end_dim='last'"), ((None,), "start_dim=None")])
def test_axes_that_cannot_be(args, name):
    with pytest.raises(cp.SettingError, match=f"{name}: expected a whole number"):
        cp.Flatten(*args)


def test_a_single_number_becomes_a_vector():
    layer, x = cp.Flatten(0), np.float32(3)
    assert layer(x).shape == tuple(torch.nn.Flatten(0)(torch.tensor(3.0)).shape) == (1,)
    assert "a single number becomes a vector" in layer.why(x, at=(0,)).text()
    assert layer.lines(np.array([[0]]), (np.asarray(x),)).exact.tolist() == [3]
    assert layer.reads((range(1),), ()) == ((),)
    assert layer.vjp(x)[1](np.ones(1)).inputs[0].shape == ()
