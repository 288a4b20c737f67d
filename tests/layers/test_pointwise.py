"""What is peculiar to pointwise functions."""

import numpy as np
import torch

import convproof as cp
from tests.samples import Sample

SAMPLES = [
    Sample("ReLU", cp.ReLU, ((2, 3, 4, 5),), torch.nn.ReLU),
    Sample("ReLU of a vector", cp.ReLU, ((7,),), torch.nn.ReLU),
]


def test_relu_of_special_numbers():
    x = np.array([np.nan, -np.inf, np.inf, -0.0, 0.0, -1e-45, 1e-45], np.float32)
    y, theirs = cp.ReLU()(x), torch.nn.ReLU()(torch.tensor(x)).numpy()
    assert np.array_equal(y, theirs, equal_nan=True)
    assert y.dtype == np.float32


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
