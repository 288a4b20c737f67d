"""Integer types in derivations, by NumPy's own arithmetic and Python's."""

import math
from fractions import Fraction

import numpy as np
import pytest

from convproof.core.arithmetic.integers import cut_off, wrapped
from convproof.core.derivation import evaluate, product, setting


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int16, np.uint32, np.int64, np.uint64])
def test_what_wraps_around_is_numpys(dtype):
    top = np.iinfo(dtype).max
    for a, b in ((3, 5), (top, 2), (top, top), (np.iinfo(dtype).min, 3)):
        with np.errstate(over="ignore"):
            y = np.array([a], dtype) * np.array([b], dtype)
        exact = product(setting(int(a), "a"), setting(int(b), "b"))
        found = wrapped(exact, y[0:1].reshape(()))
        assert evaluate(found) == found.value == int(y[0])
        assert (found is exact) == (int(a) * int(b) == int(y[0]))


def test_a_float_is_left_as_it_is():
    node = setting(Fraction(1, 3), "a")
    assert wrapped(node, np.array(0.3, np.float32)) is node


@pytest.mark.parametrize("value", [Fraction(7, 2), Fraction(-7, 2), Fraction(1, 5), Fraction(-1, 5), Fraction(4)])
def test_what_follows_the_point_is_cut_off(value):
    node = setting(value, "a")
    assert evaluate(cut_off(node)) == math.trunc(value)
    assert (cut_off(node) is node) == (value.denominator == 1)
