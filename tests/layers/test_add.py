"""What is peculiar to addition."""

import numpy as np
import pytest
import torch

import convproof as cp
from convproof.core.fusing import Addition
from tests.samples import Sample

SAMPLES = [
    Sample("Add of two", cp.Add, ((2, 3, 4), (2, 3, 4)), lambda: torch.add),
    Sample("Add, broadcast", cp.Add, ((2, 3, 4), (3, 1)), lambda: torch.add),
    Sample("Add, both broadcast", cp.Add, ((2, 1, 4), (1, 3, 1)), lambda: torch.add),
    Sample("Add of three", cp.Add, ((2, 3), (2, 3), (3,)), lambda: lambda a, b, c: a + b + c),
]


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
    assert "y = a[0, 1] + b[0, 0] = 2 + 5 = 7" in cp.Add().why(np.array([[1.0, 2.0]]), np.array([[5.0]]), at=(0, 1)).text()
