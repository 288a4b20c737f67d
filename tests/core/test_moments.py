"""Mean, variance and Bessel's correction, against Python's statistics and torch."""

import statistics
from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from convproof.core.arithmetic.moments import bessel, count, mean_and_variance
from convproof.core.formats import FLOAT64

numbers = st.lists(st.floats(-1e3, 1e3).map(lambda v: round(v, 3)), min_size=2, max_size=30)


@given(numbers)
def test_of_one_row_they_are_pythons(values):
    mean, var = (found.item() for found in mean_and_variance(np.array([values]), (1,)))
    exact = [Fraction(v) for v in values]
    n, u = len(values), FLOAT64.u
    off = (n + 1) * u * sum(map(abs, values)) / n
    assert abs(mean - float(statistics.mean(exact))) <= off
    size = max(map(abs, values)) * 2
    assert abs(var - float(statistics.pvariance(exact))) <= (n + 4) * u * size**2 + off**2
    assert abs(var * bessel(n) - float(statistics.variance(exact))) <= bessel(n) * ((n + 5) * u * size**2 + off**2)


@pytest.mark.parametrize("axes", [(0,), (1,), (0, 2), (0, 2, 3), (2, 3)])
def test_over_any_axes_they_are_torchs(axes):
    x = np.random.default_rng(0).normal(size=(2, 3, 4, 5)) + 3
    mean, var = mean_and_variance(x, axes)
    theirs = torch.tensor(x)
    n = count(x, axes)
    assert mean.shape == var.shape == tuple(size for axis, size in enumerate(x.shape) if axis not in axes)
    # sums of n numbers below 8 in size, in float64, on both sides
    assert np.all(abs(mean - theirs.mean(axes).numpy()) <= 2 * n * FLOAT64.u * 8)
    assert np.all(abs(var - theirs.var(axes, unbiased=False).numpy()) <= 4 * n * FLOAT64.u * 64)
    assert np.all(abs(var * bessel(n) - theirs.var(axes, unbiased=True).numpy()) <= 4 * n * FLOAT64.u * 64 * bessel(n))


def test_by_hand():
    mean, var = mean_and_variance(np.array([[1.0, 3.0], [10.0, 20.0]]), (1,))
    assert (mean.tolist(), var.tolist()) == ([2, 15], [1, 25])
    assert (bessel(2), bessel(25), count(np.zeros((2, 3, 4)), (0, 2))) == (2, 25 / 24, 8)


def test_a_large_mean_does_not_swallow_the_variance():
    x = np.array([[1e6, 1e6 + 1, 1e6 + 2]], np.float32)
    assert mean_and_variance(x, (1,))[1] == np.float32(2 / 3)
    assert (x**2).mean() - x.mean() ** 2 != np.float32(2 / 3)  # the one-pass formula
