"""What is peculiar to pointwise functions."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

import convproof as cp
from tests.samples import Sample

SAMPLES = [
    Sample("ReLU", cp.ReLU, ((2, 3, 4, 5),), torch.nn.ReLU),
    Sample("ReLU of a vector", cp.ReLU, ((7,),), torch.nn.ReLU),
    Sample("ReLU of zeros too", cp.ReLU, ((2, 9),), torch.nn.ReLU, inputs_like=np.round),
    Sample("ReLU of a single number", cp.ReLU, ((),), torch.nn.ReLU),
]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_relu_of_special_numbers(dtype):
    x = np.array([np.nan, -np.inf, np.inf, -0.0, 0.0, -1e-45, 1e-45, np.finfo(dtype).max, -np.finfo(dtype).tiny], dtype)
    y, theirs = cp.ReLU()(x), torch.nn.ReLU()(torch.tensor(x)).numpy()
    assert np.array_equal(y, theirs, equal_nan=True)
    assert y.dtype == dtype


@given(st.sampled_from([np.float32, np.float64]).flatmap(lambda dtype: arrays(dtype, array_shapes(min_dims=0, min_side=0))))
@settings(max_examples=100)
def test_relu_is_torchs_to_the_last_bit(x):
    y = cp.ReLU()(x)
    assert np.array_equal(y, torch.nn.ReLU()(torch.tensor(x)).numpy(), equal_nan=True)
    assert (y.shape, y.dtype) == (x.shape, x.dtype)


def test_the_slope_at_special_numbers_is_torchs():
    x = np.array([-np.inf, -1.0, -0.0, 0.0, 1e-45, 2.0, np.inf], np.float32)
    theirs = torch.tensor(x, requires_grad=True)
    dy = np.arange(1, 8, dtype=np.float32)
    torch.nn.ReLU()(theirs).backward(torch.tensor(dy))
    assert np.array_equal(cp.ReLU().vjp(x)[1](dy).inputs[0], theirs.grad.numpy())


def test_integers_and_lists():
    assert cp.ReLU()([-1, 2]).tolist() == [0, 2]
    assert cp.ReLU()(3).shape == ()
    assert cp.ReLU()(torch.tensor([-1.5, 2.5], requires_grad=True)).tolist() == [0, 2.5]


def test_a_cell_says_which_of_the_two_it_is():
    assert "x is positive and passes" in cp.ReLU().why([-1.0, 2.0], at=(1,)).text()
    assert "x is not positive: 0 takes its place" in cp.ReLU().why([-1.0, 2.0], at=(0,)).text()
    assert "= max(0, -1) = 0" in cp.ReLU().why([-1.0, 2.0], at=(0,)).text()


def test_relu_takes_one_input():
    with pytest.raises(cp.ShapeError, match=r"ReLU\(\) takes 1 inputs \(x\), got 2"):
        cp.ReLU()([1.0], [2.0])


def test_a_cell_that_is_no_number_is_an_error_that_names_it():
    with pytest.raises(cp.NotFiniteError, match=r"ReLU\[1\] has no exact value: input 0\[1\] of the layer is nan"):
        cp.ReLU().why([1.0, np.nan], at=(1,))


def test_inplace_never_overwrites():
    x = np.array([-1.0, 2.0])
    assert cp.ReLU(inplace=True)(x).tolist() == [0.0, 2.0]
    assert x.tolist() == [-1.0, 2.0]
    assert repr(cp.ReLU(inplace=True)) == "ReLU(inplace=True)"
    assert repr(cp.ReLU()) == "ReLU()"


def test_relu_is_pointwise_by_its_code():
    kind = cp.ReLU().is_a()
    assert kind.code == "relu"
    assert kind.function(np.array([-1.0, 3.0])).tolist() == [0.0, 3.0]


def test_relu_passes_incoming_errors_where_it_is_open():
    from convproof.core.lines import Lines

    x = np.array([-5.0, -0.001, 0.002, 5.0])
    incoming = Lines(x, np.full(4, 0.01), np.full(4, 0.001))
    lines = cp.ReLU().lines(None, (x,), (incoming,))
    assert lines.proof.tolist() == [0.0, 0.009000000000000001, 0.01, 0.009999999999999787]
    assert lines.sigma.tolist() == [0.0, 0.001, 0.001, 0.001]
