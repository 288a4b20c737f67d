"""What is peculiar to softmax."""

import time

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import convproof as cp
from convproof.core.formats import FLOAT32, FLOAT64
from tests.samples import Sample


def _twins(name, shape, dim, like=lambda x: x):
    return Sample(f"Softmax {name}", lambda: cp.Softmax(dim), (shape,), lambda: torch.nn.Softmax(dim), inputs_like=like)


SAMPLES = [
    _twins("rows", (3, 7), 1),
    _twins("columns", (4, 3), 0, lambda x: 10 * x),
    _twins("channels", (2, 5, 3, 2), 1, lambda x: 40 * x),
    _twins("of a vector", (6,), -1),
]


@given(st.lists(st.integers(1, 5), min_size=1, max_size=3), st.sampled_from([0.1, 1, 10, 100, 1000]), st.integers(-1, 2), st.booleans())
@settings(max_examples=100)
def test_it_lies_below_the_line_beside_torchs(shape, scale, dim, wide):
    dtype = np.float64 if wide else np.float32
    dim = max(min(dim, len(shape) - 1), -1)
    x = (np.random.default_rng(sum(shape)).normal(size=shape) * scale).astype(dtype)
    lines = cp.Softmax(dim).lines(None, (x,), arithmetic=FLOAT64 if wide else FLOAT32)
    for y in (cp.Softmax(dim)(x), torch.nn.Softmax(dim)(torch.tensor(x)).numpy()):
        assert (abs(y - lines.exact) <= lines.proof).all()


def test_large_numbers_do_not_overflow():
    assert cp.Softmax(0)(np.array([1e30, 0.0, -1e30], np.float32)).tolist() == [1.0, 0.0, 0.0]
    assert cp.Softmax(0)(np.array([-np.inf, 0.0], np.float32)).tolist() == [0.0, 1.0]


def test_the_axis_that_torch_takes_when_none_is_named():
    for shape in [(3,), (2, 3), (2, 3, 4), (2, 3, 4, 5)]:
        x = np.random.default_rng(0).normal(size=shape)
        with pytest.warns(UserWarning, match="Implicit dimension"):
            theirs = torch.nn.Softmax()(torch.tensor(x)).numpy()
        lines = cp.Softmax().lines(None, (x,), arithmetic=FLOAT64)
        assert (abs(theirs - lines.exact) <= lines.proof).all()


def test_an_axis_that_is_not_there():
    with pytest.raises(IndexError):
        torch.nn.Softmax(2)(torch.zeros(2, 3))
    with pytest.raises(cp.ShapeError, match=r"needs an axis 2; got x of shape \(2, 3\)"):
        cp.Softmax(2)(np.zeros((2, 3)))


def test_a_thousand_classes_are_derived_quickly():
    x = np.random.default_rng(0).normal(size=(1, 1000)).astype(np.float32)
    started = time.perf_counter()
    d = cp.Softmax(1).why(x, at=(0, 3))
    assert time.perf_counter() - started < 2
    assert "subtracted first, so that no exponential overflows" in d.text()
    assert sum(cp.Softmax(1).why(x[:, :5], at=(0, k)).exact for k in range(5)) == 1
