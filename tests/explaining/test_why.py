"""Derivations that users ask for: by layer.why and trace.why, expanded down to what was given."""

from fractions import Fraction

import numpy as np
import pytest

import convproof as cp
from convproof.core.derivation import evaluate
from convproof.explaining.back import back
from tests.walkthrough import BATCH, X, conv, network


def test_the_first_cell_is_109_and_its_terms_are_27_products_and_the_bias():
    d = conv().why(X, at=(0, 0, 0, 0))
    assert (d.value, d.exact, d.ulps) == (109.0, 109, 0.0)
    assert [float(t.value) for t in d.terms] == [1, 10, 1, 2, 20, 2, 3, 30, 3] + [1, 1, 1, 2, 2, 2, 3, 3, 3] * 2 + [1]
    assert [str(part.name) for part in d.tree.parts[:3]] == ["channel 0", "channel 1", "channel 2"]
    assert [part.value for part in d.tree.parts] == [72, 18, 18, 1]


def test_cells_may_be_negative_and_leave_out_a_batch_of_one():
    assert conv().why(X, at=(0, -1, -1)).cell == (0, 0, 2, 2)


def test_batchnorm_divides_by_n():
    d = cp.BatchNorm2d(3).why(X, at=(0, 0, 4, 1))
    mean, var = (next(n for n in d.nodes() if n.name == name) for name in ("mean", "var"))
    assert mean.value == Fraction(42, 5)
    assert var.value == Fraction(3956, 25)
    assert "divided by n = 25, not by n - 1 = 24" in d.text()
    assert f"{d.value:.4f}" == "3.3070"


def test_a_term_expands_layer_by_layer_down_to_the_input():
    trace = network().trace(BATCH)
    relu = trace.why("relu", (0, 0, 2, 1))
    bn = relu.expand(relu.tree)
    assert (bn.layer, bn.cell) == ("bn1", (0, 0, 2, 1))
    first = bn.expand(0)
    assert (first.layer, first.cell) == ("conv1", (0, 0, 2, 1))
    pixel = first.expand(3)
    assert (pixel.layer, pixel.cell) == ("input", (0, 0, 3, 1))
    assert pixel.value == float(BATCH[0, 0, 3, 1])


def test_every_node_of_a_chain_holds_what_it_says():
    trace = network().trace(BATCH)
    chain = list(back(trace.why("relu", (0, 0, 2, 1))))
    assert [d.layer for d in chain] == ["relu", "bn1", "conv1", "input"]
    assert chain[-1].cell == (0, 0, 4, 1)
    for d in chain:
        assert evaluate(d.tree) == d.exact
        assert d.computed == trace[d.layer][d.cell]


def test_a_term_that_reads_no_input_cannot_be_expanded():
    d = conv().why(X, at=(0, 0, 0, 0))
    with pytest.raises(cp.NotCoveredError, match="reads no input cell"):
        d.expand(-1)
    with pytest.raises(cp.CellError, match="terms 0 to 27 here, got 99"):
        d.expand(99)


def test_a_trace_whose_parameters_changed_says_so():
    net = network()
    trace = net.trace(BATCH)
    net["conv1"].weight[0, 0, 1, 1] = 5
    with pytest.raises(cp.StaleTraceError, match="conv1: parameters changed since this trace was made"):
        trace.why("conv1", (0, 0, 0, 0))
    assert trace.why("relu", (0, 0, 2, 1)).value > 2


def test_a_nan_is_found_where_it_enters():
    x = X.copy()
    x[0, 1, 2, 3] = np.nan
    with pytest.raises(cp.NotFiniteError, match=r"Conv2d\[0, 0, 0, 1\] has no exact value: input 0\[0, 1, 2, 3\] of the layer is nan"):
        conv().why(x, at=(0, 0, 0, 1))
    assert conv().why(x, at=(0, 0, 0, 0)).value == 109


def test_a_cell_outside_says_the_shape():
    with pytest.raises(cp.CellError, match=r"has shape \(1, 1, 3, 3\): index 3 of a cell goes from 0 to 2, got 3"):
        conv().why(X, at=(0, 0, 0, 3))
    with pytest.raises(cp.CellError, match="a cell has 4 indices"):
        conv().why(X, at=(0, 0))


def test_the_almost_zero_cell_is_rounding_and_shown_as_such():
    net = network()
    d = net.trace(BATCH).why("bn1", (0, 0, 1, 2))
    assert abs(d.value - float(d.exact)) <= d.allowed
    assert "rounding may cost up to" in d.text()
