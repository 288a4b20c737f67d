"""ONNX Runtime and the ONNX reference evaluator as witnesses: what they cannot be asked, and why."""

import numpy as np
import onnxruntime
import pytest

import convproof as cp
from convproof.witness.asking import ask

X = np.random.default_rng(5).normal(size=(2, 3, 5, 7)).astype(np.float32)

TRAINING = "in training mode, and ONNX says what a network computes in eval mode"


@pytest.mark.parametrize("witness", ["onnxruntime", "onnx-reference"])
def test_training_can_be_asked_of_layers_without_a_mode_alone(witness):
    network = cp.Sequential(conv=cp.Conv2d(3, 2, 3, seed=0), bn=cp.BatchNorm2d(2), norm=cp.GroupNorm(1, 2), relu=cp.ReLU())
    first, *optimised = ask(witness, network, (X,))
    assert list(first.arrays) == ["conv", "norm", "relu"]
    assert TRAINING in str(first.missing["bn"])
    for answer in optimised:
        assert not answer.arrays
        assert str(answer.missing["relu"]).startswith("bn is in training mode")
    for answer in ask(witness, network.eval(), (X,)):
        assert not answer.missing


@pytest.mark.parametrize("witness", ["onnxruntime", "onnx-reference"])
def test_a_layer_that_cannot_be_written_is_named_and_the_rest_is_asked(witness):
    network = cp.Sequential(relu=cp.ReLU(), pool=cp.AdaptiveAvgPool2d((2, 3)), neg=cp.Neg()).eval()
    first, *optimised = ask(witness, network, (X,))
    assert list(first.arrays) == ["relu", "neg"]
    assert "which only has windows of one size" in str(first.missing["pool"])
    for answer in optimised:
        assert str(answer.missing["neg"]).startswith("it cannot be written as ONNX: pool: AdaptiveAvgPool2d")


def test_what_onnx_runtime_lacks_is_said_in_its_own_words():
    network = cp.Sequential(relu=cp.ReLU(), pool=cp.GlobalLpPool(2)).eval()
    as_written, optimised = ask("onnxruntime", network, (X,))
    assert list(as_written.arrays) == ["relu"]
    for answer in (as_written, optimised):
        assert "Could not find an implementation for GlobalLpPool" in str(answer.missing["pool"])


def test_a_setting_that_onnx_keeps_as_a_float32_is_another_number_in_float64():
    inexact, exact = (cp.Sequential(bn=cp.BatchNorm2d(3, eps=eps)).eval() for eps in (1e-5, 2.0**-17))
    (answer,) = ask("onnx-reference", inexact, (X.astype(np.float64),))
    assert str(answer.missing["bn"]) == (
        "ONNX keeps epsilon of BatchNormalization as a float32, where 1e-05 is 9.999999747378752e-06; in float64 it cannot be asked"
    )
    (answer,) = ask("onnx-reference", exact, (X.astype(np.float64),))
    assert answer.arrays["bn"].dtype == np.float64
    assert not ask("onnx-reference", inexact, (X,))[0].missing


def test_weights_of_another_type_than_the_input_are_fitted_and_left_alone():
    network = cp.Sequential(fc=cp.Linear(7, 4, seed=0)).eval()
    (answer,) = ask("onnx-reference", network, (X.astype(np.float64),))
    assert answer.arrays["fc"].dtype == np.float64
    assert network["fc"].weight.dtype == np.float32
    assert cp.check(network, X.astype(np.float64), claimed=dict(answer.arrays)).ok


def test_a_fault_of_the_optimiser_shows(monkeypatch):
    """A runtime whose optimiser loses the sign of what it fuses: its graph as written is right, the optimised one is wrong."""
    run = onnxruntime.InferenceSession

    class Faulty:
        def __init__(self, model, options, **settings):
            self.session = run(model, options, **settings)
            self.optimised = options.graph_optimization_level == onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL

        def run(self, outputs, given):
            found = self.session.run(outputs, given)
            return [abs(y) for y in found] if self.optimised else found

    monkeypatch.setattr(onnxruntime, "InferenceSession", Faulty)
    network = cp.Sequential(conv=cp.Conv2d(3, 2, 3, seed=0), neg=cp.Neg()).eval()
    report = cp.check(network, X, against="onnxruntime")
    assert {row.verdict for row in report.of("onnxruntime (not optimised)").rows} <= {"identical", "rounding"}
    assert [row.verdict for row in report.of("onnxruntime").rows] == ["wrong"]


def test_a_delegated_operator_is_computed_by_whoever_is_asked():
    import onnx
    from onnx import TensorProto, helper

    from convproof.formats.onnx.graph import network_of

    nodes = [helper.make_node("CumSum", ["x", "axis"], ["y"], name="sum"), helper.make_node("Neg", ["y"], ["z"], name="neg")]
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, (2, 3)) for name in ("x", "z")]
    axis = onnx.numpy_helper.from_array(np.array(1, np.int64), "axis")
    graph = helper.make_graph(nodes, "g", values[:1], values[1:], [axis])
    network = network_of(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9))
    x = np.arange(6, dtype=np.float32).reshape(2, 3)
    for witness in ("onnxruntime", "onnx-reference"):
        assert np.array_equal(ask(witness, network, (x,))[0].arrays["neg"], -np.cumsum(x, 1))
    (answer,) = ask("torch", network, (x,))
    assert str(answer.missing["sum"]) == "CumSum is an operator of ONNX, which PyTorch does not have"
    assert np.array_equal(answer.arrays["neg"], -np.cumsum(x, 1))
