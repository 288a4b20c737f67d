"""What a search for the largest or the smallest begins with, beside every number of a type."""

import numpy as np
import pytest

from convproof.core.arithmetic.extremes import highest, lowest


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.int8, np.uint8, np.int64, np.uint64, np.bool_])
def test_nothing_lies_beyond(dtype):
    kind = np.dtype(dtype).kind
    ends = [-np.inf, np.inf] if kind == "f" else [False, True] if kind == "b" else [np.iinfo(dtype).min, np.iinfo(dtype).max]
    x = np.array([*ends, 0, 1], dtype)
    assert x.min() == lowest(x.dtype)
    assert x.max() == highest(x.dtype)
    assert x[:0].max(initial=lowest(x.dtype)) == x.min()
    assert x[:0].min(initial=highest(x.dtype)) == x.max()
