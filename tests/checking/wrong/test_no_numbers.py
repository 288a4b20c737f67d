"""NaN and infinities: wrong where a number is right, and a number is wrong where one of them is right."""

import numpy as np
import pytest
import torch.nn.functional as F

import convproof as cp
from tests.checking.wrong.table import by_torch, noise, told

W, B = noise(171, 4, 3, 3, 2), noise(172, 4)
CONV = told(cp.Conv2d(3, 4, (3, 2)), weight=W, bias=B)


def blighted(value):
    x = noise(173, 2, 3, 6, 7)
    x[1, 2, 3, 4] = value
    return x


def convolved(x):
    return by_torch(F.conv2d, x, W, B)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_a_blighted_input_gives_is_right_and_nothing_else_is(value):
    x = blighted(value)
    y = convolved(x)
    hit = ~np.isfinite(y)
    assert hit.sum() == 4 * 3 * 2  # channels, rows and columns of windows that read the cell
    report = cp.check(CONV, x, y)
    assert report.ok
    assert report["Conv2d"].usual
    for other in (0.0, 7.0, 3e38, np.inf, -np.inf, np.nan):
        claimed = np.where(hit, np.float32(other), y)
        row = cp.check(CONV, x, claimed)["Conv2d"]
        differ = ~((claimed == y) | (np.isnan(claimed) & np.isnan(y)))
        assert row.beyond == differ.sum()
        assert (row.verdict == "wrong") == differ.any()


def test_an_overflow_is_right_only_where_the_sum_overflows():
    """All terms of a cell have one sign, so that no partial sum is larger than the whole."""
    conv = told(cp.Conv2d(3, 4, (3, 2)), weight=abs(W), bias=0 * B)
    x = abs(noise(174, 2, 3, 6, 7, spread=4e37)) * np.array([1, -1], np.float32).reshape(2, 1, 1, 1)
    y = by_torch(F.conv2d, x, abs(W), 0 * B)
    hit = np.isinf(y)
    assert 0 < hit.sum() < y.size
    assert cp.check(conv, x, y).ok
    assert cp.check(conv, x, np.where(hit, np.float32(5), y))["Conv2d"].beyond == hit.sum()
    assert cp.check(conv, x, np.where(hit, -y, y))["Conv2d"].beyond == hit.sum()
    assert cp.check(conv, x, np.where(hit, y, np.float32(np.inf)))["Conv2d"].beyond == y.size - hit.sum()


def test_a_signalling_nan_is_a_nan():
    x = blighted(1.0)
    y = convolved(x)
    y.view(np.uint32)[0, 1, 2, 3] = 0x7F800001
    row = cp.check(CONV, x, y)["Conv2d"]
    assert (row.verdict, row.worst.cell, row.beyond) == ("wrong", (0, 1, 2, 3), 1)


def test_numbers_that_are_astronomic_have_a_row_like_others():
    x = blighted(1.0)
    row = cp.check(CONV, x, np.full((2, 4, 4, 6), 3e38))["Conv2d"]
    assert (row.verdict, row.beyond) == ("wrong", 192)
