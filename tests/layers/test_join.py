"""What is peculiar to concatenation."""

import numpy as np
import pytest
import torch

import convproof as cp
from tests.samples import Sample

SAMPLES = [
    Sample("Concat of two", lambda: cp.Concat(axis=1), ((2, 3, 4), (2, 1, 4)), lambda: lambda *xs: torch.cat(xs, 1)),
    Sample("Concat of three, last axis", lambda: cp.Concat(axis=-1), ((2, 3), (2, 2), (2, 4)), lambda: lambda *xs: torch.cat(xs, -1)),
    Sample("Concat of one", lambda: cp.Concat(axis=0), ((2, 3),), lambda: lambda *xs: torch.cat(xs, 0)),
]


def test_a_cell_says_where_it_came_from():
    d = cp.Concat(axis=1).why(np.zeros((1, 3, 2, 2)), np.arange(8.0).reshape(1, 2, 2, 2), at=(0, 4, 1, 0))
    assert d.value == 6
    assert "input 1, counted from 0, cell [0, 1, 1, 0]" in d.text()
    assert d.expand(0).cell == (0, 1, 1, 0)


@pytest.mark.parametrize(
    ("axis", "shapes", "sentence"),
    [
        (1, [(2, 3, 4), (2, 3, 5)], "agree on all axes but 1"),
        (1, [(2, 3), (2, 3, 1)], "agree on all axes but 1"),
        (3, [(2, 3), (2, 3)], "the inputs have 2 axes"),
    ],
)
def test_inputs_that_do_not_fit(axis, shapes, sentence):
    with pytest.raises((RuntimeError, IndexError)):
        torch.cat([torch.zeros(s) for s in shapes], axis)
    with pytest.raises(cp.ShapeError, match=sentence):
        cp.Concat(axis=axis)(*(np.zeros(s) for s in shapes))


def test_settings_and_no_inputs():
    with pytest.raises(cp.SettingError, match="axis='C': expected a whole number"):
        cp.Concat(axis="C")
    with pytest.raises(cp.ShapeError, match="one input or more"):
        cp.Concat()()
