"""What is peculiar to functions of several inputs."""

import zlib
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


def held(name, shape):
    """The array that the sample of this name gives to a layer that holds one of this shape."""
    array = np.random.default_rng(zlib.crc32(name.encode())).uniform(0.5, 2, shape)
    return lambda x: torch.tensor(array.astype(x.numpy(force=True).dtype))


def holding(name, make, theirs, x_shape, shape, like=lambda x: x):
    """A layer that holds an array, and what torch makes of an input and that array."""
    own = held(name, shape)
    return Sample(name, make, (x_shape,), lambda: lambda x: theirs(x, own(x)), inputs_like=like)


def by_torch(name, make, theirs, *shapes, like=lambda x: x):
    return Sample(name, make, shapes, lambda: theirs, inputs_like=like)


SAMPLES = [
    Sample("Add of two", cp.Add, ((2, 3, 4), (2, 3, 4)), lambda: torch.add),
    Sample("Add, broadcast", cp.Add, ((2, 3, 4), (3, 1)), lambda: torch.add),
    Sample("Add, both broadcast", cp.Add, ((2, 1, 4), (1, 3, 1)), lambda: torch.add),
    Sample("Add of three", cp.Add, ((2, 3), (2, 3), (3,)), lambda: lambda a, b, c: a + b + c),
    by_torch("Add of one", cp.Add, lambda a: a, (2, 3)),
    by_torch("Add with a factor", lambda: cp.Add(alpha=-0.3), lambda a, b: torch.add(a, b, alpha=-0.3), (2, 3), (3,)),
    by_torch("Add a number", lambda: cp.Add(constant=0.1, side=0), lambda x: 0.1 + x, (2, 3)),
    by_torch("Add along an axis", lambda: cp.Add(axis=1), lambda a, b: a + b[:, :, None], (2, 3, 5, 4), (3, 5)),
    holding("Add an array", lambda: cp.Add(shape=(3, 1), alpha=2), lambda x, c: torch.add(x, c, alpha=2), (2, 3, 4), (3, 1)),
    by_torch("Sub", cp.Sub, torch.sub, (2, 3, 4), (3, 1)),
    by_torch("Sub with a factor", lambda: cp.Sub(alpha=0.7), lambda a, b: torch.sub(a, b, alpha=0.7), (3,), (2, 3)),
    by_torch("Sub from a number", lambda: cp.Sub(constant=1, side=0), lambda x: 1 - x, (2, 5)),
    holding("Sub an array along an axis", lambda: cp.Sub(shape=(3,), axis=1), lambda x, c: x - c[:, None], (2, 3, 4), (3,)),
    by_torch("Mul", cp.Mul, torch.mul, (2, 3, 4), (2, 3, 4)),
    by_torch("Mul, both broadcast", cp.Mul, torch.mul, (4, 1), (2, 1, 3)),
    by_torch("Mul by a number", lambda: cp.Mul(constant=-1.7), lambda x: x * -1.7, (2, 5)),
    holding("Mul by an array", lambda: cp.Mul(shape=(3, 1, 1)), torch.mul, (2, 3, 4, 2), (3, 1, 1)),
    holding("Mul by a single number", lambda: cp.Mul(shape=(), side=0), torch.mul, (2, 3), ()),
    by_torch("Div", cp.Div, torch.div, (2, 3), (4, 1, 3)),
    by_torch("Div by a number", lambda: cp.Div(constant=3), lambda x: x / 3, (2, 5)),
    by_torch("Div of a number", lambda: cp.Div(constant=2.5, side=0), lambda x: 2.5 / x, (2, 5)),
    holding("Div by an array", lambda: cp.Div(shape=(2, 1)), torch.div, (2, 5), (2, 1)),
    by_torch("Max", cp.Max, torch.maximum, (2, 3), (4, 2, 1)),
    by_torch("Max of three", cp.Max, lambda a, b, c: torch.maximum(torch.maximum(a, b), c), (2, 3), (3,), (2, 1)),
    by_torch("Max of near ones", cp.Max, torch.maximum, (2, 3), (2, 3), like=np.round),
    by_torch("Max and a number", lambda: cp.Max(constant=0.1), lambda x: torch.maximum(x, torch.tensor(0.1, dtype=x.dtype)), (2, 5)),
    by_torch("Min", cp.Min, torch.minimum, (2, 3), (4, 2, 1)),
    holding("Min and an array", lambda: cp.Min(shape=(3,)), torch.minimum, (2, 3), (3,), like=lambda x: np.minimum(x, 0.4)),
    by_torch("Pow", cp.Pow, torch.pow, (2, 3), (4, 2, 1), like=abs),
    by_torch("Pow of two", lambda: cp.Pow(constant=2), lambda x: x**2, (2, 5)),
    by_torch("Pow of minus three", lambda: cp.Pow(constant=-3), lambda x: x**-3, (3, 4)),
    by_torch("Pow of a fraction", lambda: cp.Pow(constant=0.37), lambda x: x**0.37, (2, 5), like=abs),
    by_torch("Pow of a base", lambda: cp.Pow(constant=1.9, side=0), lambda x: 1.9**x, (2, 5)),
    holding("Pow by an array", lambda: cp.Pow(shape=(3,)), torch.pow, (2, 3), (3,), like=abs),
    by_torch("Mean of one", cp.Mean, lambda a: a, (2, 3)),
    by_torch("Mean", cp.Mean, lambda a, b, c: (a + b + c) / 3, (2, 3), (3,), (2, 1)),
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
    with pytest.raises(cp.ShapeError, match=r"got \(2, 3\), \(2, 4\)"):
        cp.Add()(np.zeros((2, 3)), np.zeros((2, 4)))
    with pytest.raises(cp.ShapeError, match=r"Sub\(\) takes 2 inputs, got 1"):
        cp.Sub()(np.zeros(3))


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
