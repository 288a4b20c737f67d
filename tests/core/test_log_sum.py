"""The logarithm of a sum of exponentials in float32, PyTorch's and in a loop, beside the numbers in float64."""

import math

import numpy as np
import pytest
import torch

from convproof.core.arithmetic.log_sum import errors_of_log_sum
from convproof.core.formats import FLOAT32, FLOAT64


@pytest.mark.parametrize("spread", [0.0, 1.0, 30.0])
@pytest.mark.parametrize("n", [1, 2, 7, 1000])
def test_no_sum_errs_more(n, spread):
    rng = np.random.default_rng(n)
    for _ in range(20):
        x = (spread * rng.normal(size=n)).astype(np.float32)
        below = x - x.max()
        exact = math.log(math.fsum(math.exp(number - float(x.max())) for number in x.tolist()))
        loop = np.float32(0)
        for e in np.exp(below):
            loop += e
        line = sum(errors_of_log_sum(n, FLOAT32)) + sum(errors_of_log_sum(n, FLOAT64))
        for found in (np.log(loop), np.log(np.exp(below).sum()), torch.tensor(below).exp().sum().log().numpy()):
            assert found.dtype == np.float32
            assert abs(float(found) - exact) <= line


def test_one_number_has_a_logarithm_of_0():
    of_sum, of_log = errors_of_log_sum(1, FLOAT32)
    assert of_log == 0
    assert of_sum == pytest.approx(4 * FLOAT32.u, rel=1e-5)  # v = u*(0 + 1 + 3)
