"""Softmax layers as graph formats write them: ONNX's backend cases, torch's functions, and what we write ourselves."""

import numpy as np
import pytest
import torch

import convproof as cp
from convproof.core.operators import Call
from convproof.formats.operators import operators, read, taken
from tests.layers.test_softmax import SAMPLES
from tests.layers.written import model_with, run_by_runtime, run_by_us
from tests.operators import answer, answer_torch, assert_case, node_cases

X = np.random.default_rng(0).normal(size=(2, 3, 5)).astype(np.float32)


@pytest.mark.parametrize("case", node_cases("Softmax", "LogSoftmax"), ids=lambda case: case.name)
def test_onnx(case):
    assert_case(case)


FUNCTIONS = {"softmax": cp.Softmax, "log_softmax": cp.LogSoftmax, "softmin": cp.Softmin}


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("dim", [0, 2, -2])
def test_torch(name, dim):
    lines = FUNCTIONS[name](dim).lines(None, (X,))
    theirs = getattr(torch.nn.functional, name)(torch.tensor(X), dim).numpy()
    for ours in (answer_torch(name, X, dim)[0], answer_torch(name, X, dim=dim, _stacklevel=3)[0], theirs):
        assert (abs(ours - lines.exact) <= lines.proof).all()


@pytest.mark.parametrize(("name", "plain"), [("_softmax", "softmax"), ("_log_softmax", "log_softmax")])
def test_aten(name, plain):
    assert np.array_equal(answer_torch(name, X, 1, False)[0], answer_torch(plain, X, 1)[0])


def test_a_call_that_asks_for_another_type_is_no_layer():
    ours = operators("torch")
    for name, arguments in (("softmax", (X, 1, 3, torch.float64)), ("_softmax", (X, 1, True))):
        assert taken(ours[name], Call(name, arguments)) is None
        with pytest.raises(cp.ConvproofError, match=rf"{name}: no layer takes the arguments float32\[2, 3, 5\], 1, (3|True)"):
            read(ours[name], Call(name, arguments))
    assert repr(read(ours["softmax"], Call("softmax", (X, 1, 3, torch.float32))).layer) == "Softmax(dim=1)"


@pytest.mark.parametrize("version", [1, 11, 12, 13, 22])
@pytest.mark.parametrize("axis", [None, 0, 1, -1])
def test_the_axis_that_a_version_of_onnx_means(version, axis):
    """Before version 13 by ONNX's own words: x is made 2-D at the axis, and every row adds up to 1."""
    settings = {} if axis is None else {"axis": axis}
    (y,) = answer("Softmax", Call("Softmax", (X,), settings, version))
    if version >= 13:
        totals = y.sum(axis=-1 if axis is None else axis)
    else:
        start = 1 if axis is None else axis % 3
        totals = y.reshape(int(np.prod(X.shape[:start])), -1).sum(axis=1)
    # n additions of shares, each of which is within (30 + n + 9) units
    assert (abs(totals - 1) <= 2 * 30 * 70 * 2.0**-24).all()


@pytest.mark.parametrize("sample", [s for s in SAMPLES if s.name != "Softmax2d of a single image"], ids=lambda sample: sample.name)
def test_what_is_written_computes_the_same(sample):
    layer, inputs = sample.layer().eval(), sample.inputs()
    lines = layer.lines(None, inputs)
    model = model_with(layer, inputs)
    for run in (run_by_runtime, run_by_us):
        (y,) = run(model, inputs)
        assert y.shape == lines.exact.shape
        assert (abs(y - lines.exact) <= lines.proof).all()


def test_an_axis_that_depends_on_the_input_cannot_be_written():
    with pytest.raises(cp.NotCoveredError, match=r"Softmax\(dim=None\) cannot be written as ONNX: name its axis, dim"):
        cp.Softmax().written()


def test_flattened_rows_are_what_a_reader_finds_in_an_old_file():
    found = read(operators("onnx")["LogSoftmax"], Call("LogSoftmax", (X,), {}, 11)).layer
    assert repr(found) == "LogSoftmax(dim=1, flatten=True)"
