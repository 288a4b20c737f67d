"""What comes in: array-likes, cells, settings."""

import numpy as np
import pytest
import torch

import convproof as cp
from convproof.core.axes import as_array, cell_in, per_axis


@pytest.mark.parametrize(
    ("given", "dtype"),
    [
        ([1, 2], np.float32),
        ([[1.5], [2.5]], np.float32),
        (3.5, np.float32),
        (np.arange(3, dtype=np.uint8), np.float32),
        (np.array([True, False]), np.float32),
        (np.zeros(2, np.float32), np.float32),
        (np.zeros(2, np.float64), np.float64),
        (torch.zeros(2), np.float32),
        (torch.zeros(2, dtype=torch.float64, requires_grad=True), np.float64),
        (torch.arange(3), np.float32),
    ],
)
def test_what_becomes_of_arrays(given, dtype):
    assert as_array(given).dtype == dtype


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ([[1, 2], [3]], "its rows differ in length"),
        (np.zeros(2, np.longdouble), "x holds float128; expected float32, float64 or integers"),
        (np.zeros(2, np.complex64), "x holds complex64"),
        (["a"], "x holds"),
        (np.array([None]), "x holds object"),
    ],
)
def test_what_is_no_array_of_numbers(given, sentence):
    with pytest.raises(cp.DTypeError, match=sentence):
        as_array(given)


def test_a_float64_input_computes_in_float64():
    conv = cp.Conv2d(1, 1, 1, seed=0)
    assert conv(np.zeros((1, 1, 2, 2), np.float64)).dtype == np.float64
    assert conv([[[[1, 2]]]]).dtype == np.float32
    assert cp.Conv2d(1, 1, 1, dtype=np.float64)(np.zeros((1, 1, 2, 2), np.float32)).dtype == np.float64
    assert cp.Conv2d(1, 1, 1, dtype=torch.float64).weight.dtype == np.float64


def test_cells():
    assert cell_in((0, -1, 2), (2, 3, 4), "x") == (0, 2, 2)
    assert cell_in((1, 2), (1, 3, 4), "x") == (0, 1, 2)
    assert cell_in(np.array([0, 1, 2]), (2, 3, 4), "x") == (0, 1, 2)
    with pytest.raises(cp.CellError, match="index 1 of a cell goes from 0 to 2, got 3"):
        cell_in((0, 3, 0), (2, 3, 4), "x")
    with pytest.raises(cp.CellError, match="got -4"):
        cell_in((0, -4, 0), (2, 3, 4), "x")
    with pytest.raises(cp.CellError, match="a cell has 3 indices"):
        cell_in((1, 2), (2, 3, 4), "x")


def test_settings_once_or_for_each_axis():
    assert per_axis(2, 2, "stride") == per_axis((2,), 2, "stride") == per_axis([2, 2], 2, "stride") == (2, 2)
    assert per_axis(np.int64(3), 1, "stride") == (3,)
    for bad in (-1, 1.5, "2", (1, 2, 3), True):
        with pytest.raises(cp.SettingError, match="expected an integer >= 0"):
            per_axis(bad, 2, "stride")
