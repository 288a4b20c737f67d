"""What is peculiar to addition."""

from functools import reduce

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import mutually_broadcastable_shapes

import convproof as cp
from convproof.core.formats import FLOAT32, FLOAT64, format_of
from convproof.core.fusing import Addition
from tests.samples import Sample

SAMPLES = [
    Sample("Add of two", cp.Add, ((2, 3, 4), (2, 3, 4)), lambda: torch.add),
    Sample("Add, broadcast", cp.Add, ((2, 3, 4), (3, 1)), lambda: torch.add),
    Sample("Add, both broadcast", cp.Add, ((2, 1, 4), (1, 3, 1)), lambda: torch.add),
    Sample("Add of three", cp.Add, ((2, 3), (2, 3), (3,)), lambda: lambda a, b, c: a + b + c),
]

shapes_that_fit = st.integers(2, 5).flatmap(lambda k: mutually_broadcastable_shapes(num_shapes=k, max_dims=4, max_side=4, min_side=0))


@given(shapes_that_fit, st.sampled_from([np.float32, np.float64]), st.integers(0, 2**32))
@settings(max_examples=150)
def test_outputs_and_gradients_lie_below_the_line_beside_torchs(shapes, dtype, seed):
    rng = np.random.default_rng(seed)
    xs = [np.asarray(rng.normal(size=s) * 10.0 ** rng.integers(-3, 3, size=s), dtype) for s in shapes.input_shapes]
    tensors = [torch.tensor(x, requires_grad=True) for x in xs]
    theirs = reduce(torch.add, tensors)
    ours, pullback = cp.Add().vjp(*xs)
    u = format_of(dtype).u
    lines = cp.Add().lines(None, xs, arithmetic=format_of(dtype))
    assert cp.Add().shapes(*shapes.input_shapes) == (shapes.result_shape,)
    for y in (ours, theirs.detach().numpy()):
        assert (y.shape, y.dtype) == (shapes.result_shape, dtype)
        assert (abs(y - lines.exact) <= lines.proof).all()
    dy = np.asarray(rng.normal(size=ours.shape), dtype)
    theirs.backward(torch.tensor(dy))
    for mine, tensor, x in zip(pullback(dy).inputs, tensors, xs, strict=True):
        assert (mine.shape, mine.dtype) == (x.shape, dtype)
        assert not np.shares_memory(mine, dy)
        # a sum of dy.size numbers at most, theirs and ours within n*u of the sum of absolute values
        assert (abs(mine - tensor.grad.numpy()) <= 2 * dy.size * u * abs(dy).sum()).all()


@given(st.lists(st.integers(-3, 3), min_size=2, max_size=8), st.integers(0, 2**32))
@settings(max_examples=100)
def test_any_order_of_summation_stays_below_the_line(exponents, seed):
    rng = np.random.default_rng(seed)
    xs = [(rng.normal(size=5) * 10.0**e).astype(np.float32) for e in exponents]
    xs.append(-xs[0])  # what cancels shows the rounding of everything before
    lines = cp.Add().lines(None, xs)
    for _ in range(6):
        order = rng.permutation(len(xs))
        assert (abs(reduce(np.add, [xs[k] for k in order]) - lines.exact) <= lines.proof).all()


def test_sums_of_the_smallest_numbers_are_exact():
    xs = [(np.random.default_rng(k).integers(-9, 9, size=(3, 4)) * 2.0**-149).astype(np.float32) for k in range(4)]
    assert np.array_equal(cp.Add()(*xs), cp.Add().lines(None, xs).exact)
    assert np.array_equal(reduce(torch.add, map(torch.tensor, xs)).numpy(), cp.Add().lines(None, xs).exact)


def test_the_line_is_u_times_the_sum_of_absolute_values_once_for_each_addition():
    xs = [np.array([1.0]), np.array([-2.0]), np.array([4.0])]
    (proof,) = cp.Add().lines(None, xs).proof
    assert proof == 2 * (FLOAT32.u + FLOAT64.u) * 7


def test_it_is_an_addition():
    assert cp.Add().is_a() == Addition()


def test_shapes_that_do_not_broadcast():
    with pytest.raises(RuntimeError):
        torch.add(torch.zeros(2, 3), torch.zeros(2, 4))
    with pytest.raises(cp.ShapeError, match=r"got \(2, 3\) and \(2, 4\)"):
        cp.Add()(np.zeros((2, 3)), np.zeros((2, 4)))
    with pytest.raises(cp.ShapeError, match="takes two inputs or more, got 1"):
        cp.Add()(np.zeros(3))


def test_the_text_shows_both_numbers():
    d = cp.Add().why(np.array([[1.0, 2.0]]), np.array([[5.0]]), at=(0, 1))
    assert "y = a[0, 1] + b[0, 0] = 2 + 5 = 7" in d.text()
    assert [(part.source.index, part.source.cell) for part in d.tree.parts] == [(0, (0, 1)), (1, (0, 0))]
    assert d.expand(1).cell == (0, 0)


def test_more_inputs_than_the_alphabet_has_letters():
    xs = [np.full(2, float(k)) for k in range(30)]
    d = cp.Add().why(*xs, at=(1,))
    assert d.exact == 29 * 30 / 2
    assert [str(part.source) for part in d.tree.parts[-2:]] == ["x28[1]", "x29[1]"]
