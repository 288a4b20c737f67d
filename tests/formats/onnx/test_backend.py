"""ONNX's backend cases of convolutional networks, each read as a network and run."""

import numpy as np
import pytest

from convproof.formats.onnx.graph import network_of
from tests.formats.onnx.backend import cases

CASES = list(cases())


def test_as_many_cases_as_there_are():
    assert len(CASES) == 398 - 9


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_case(case):
    network = network_of(case.model)
    assert all(layer.support == "ours" for layer in network.layers.values())
    for inputs, expected in case.data:
        found = network(*inputs)
        found = found if isinstance(found, tuple) else (found,)
        assert len(found) == len(expected)
        for y, e in zip(found, expected, strict=True):
            assert (y.shape, y.dtype) == (e.shape, e.dtype)
            if y.dtype.kind in "fV":
                np.testing.assert_allclose(y.astype(np.float64), e.astype(np.float64), rtol=case.rtol, atol=case.atol)
            else:
                np.testing.assert_array_equal(y, e)
