"""What is peculiar to flattening."""

import numpy as np
import pytest
import torch

import convproof as cp
from tests.samples import Sample


def _twins(name, shape, *args):
    return Sample(f"Flatten {name}", lambda: cp.Flatten(*args), (shape,), lambda: torch.nn.Flatten(*args))


SAMPLES = [
    _twins("plain", (2, 3, 4, 5)),
    _twins("from 0", (2, 3, 4), 0),
    _twins("in the middle", (2, 3, 4, 5), 1, 2),
    _twins("one axis", (2, 3, 4), 2, 2),
    _twins("from the end", (2, 3, 4), -2, -1),
    _twins("of a vector", (5,), 0),
]


def test_the_last_axis_runs_fastest():
    d = cp.Flatten().why(np.arange(120.0).reshape(2, 3, 4, 5), at=(1, 33))
    assert d.value == 93
    assert "place 33 of the flattened axes was [1, 2, 3]" in d.text()


@pytest.mark.parametrize(("args", "shape"), [((1, -1), (5,)), ((2, 1), (2, 3, 4)), ((0, 4), (2, 3)), ((-4, -1), (2, 3))])
def test_axes_that_are_not_there(args, shape):
    with pytest.raises((IndexError, RuntimeError)):
        torch.nn.Flatten(*args)(torch.zeros(shape))
    with pytest.raises(cp.ShapeError, match="needs axes from"):
        cp.Flatten(*args)(np.zeros(shape))


def test_a_single_number_becomes_a_vector():
    assert cp.Flatten(0)(np.float32(3)).shape == tuple(torch.nn.Flatten(0)(torch.tensor(3.0)).shape)
