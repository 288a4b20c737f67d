"""Constants: arrays without inputs, of any kind of number."""

import numpy as np
import pytest

import convproof as cp
from tests.operators import assert_case, node_cases

VALUE = np.array([[0.5, -1.25, 3.0], [-0.0, 2.5, 1e-3]], np.float32)


SAMPLES = []  # the laws ask what becomes of inputs, and a constant has none; what they would ask of it is asked here


@pytest.mark.parametrize("case", node_cases("Constant"), ids=lambda case: case.name)
def test_backend(case):
    assert_case(case)


@pytest.mark.parametrize("value", [np.arange(3), np.array([True, False]), np.array(["a", "bc"]), np.float64(2.5), [1.0, 2.0]])
def test_a_value_stays_what_it_is(value):
    layer = cp.Constant(value)
    assert layer().dtype == np.asarray(value).dtype
    assert np.array_equal(layer(), value)


def test_what_is_handed_out_is_a_copy():
    layer = cp.Constant(VALUE)
    layer()[0, 0] = 7
    assert layer()[0, 0] == 0.5


def test_a_cell_is_the_number_that_is_stored():
    d = cp.Constant(VALUE).why(at=(1, 1))
    assert d.value == 2.5
    assert str(d.terms[0].source) == "value[1, 1]"


def test_nothing_is_rounded():
    layer = cp.Constant(VALUE)
    lines = layer.lines(None, ())
    assert np.array_equal(lines.exact, VALUE)
    assert not lines.proof.any()
    assert layer.lines(np.array([[0, 1]]), ()).exact.tolist() == [-1.25]


def test_it_stands_in_a_network_and_its_value_in_the_state():
    net = cp.Network({"mask": (cp.Constant(VALUE),), "sum": (cp.Add(), "input", "mask")})
    x = np.ones((2, 3), np.float32)
    assert np.array_equal(net(x), 1 + VALUE)
    assert list(net.state_dict()) == ["mask.value"]
    d = net.trace(x).why("sum", (0, 1))
    assert d.expand(1).value == -1.25
    assert net.vjp(x)[1](x).inputs[0].tolist() == x.tolist()
    assert net.summary((2, 3)).rows[0].output_shapes == ((2, 3),)


def test_it_takes_no_input():
    with pytest.raises(cp.ShapeError, match="takes 0 inputs"):
        cp.Constant(VALUE)(VALUE)
