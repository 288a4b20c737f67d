"""PyTorch, ONNX Runtime and our own formulas lie below the proof lines, over all sizes of numbers and both formats."""

import warnings

import numpy as np
import onnxruntime
import pytest
import torch
from onnx import TensorProto, helper

import convproof as cp
from convproof.core.formats import format_of

F = torch.nn.functional

LAYERS = [
    (cp.ReLU(), F.relu, "Relu", {}),
    (cp.ReLU6(), F.relu6, "", {}),
    (cp.LeakyReLU(), F.leaky_relu, "LeakyRelu", {"alpha": 0.01}),
    (cp.LeakyReLU(1.7), lambda x: F.leaky_relu(x, 1.7), "LeakyRelu", {"alpha": 1.7}),
    (cp.ELU(), F.elu, "Elu", {}),
    (cp.ELU(2.3), lambda x: F.elu(x, 2.3), "Elu", {"alpha": 2.3}),
    (cp.ELU(0.3), lambda x: F.elu(x, 0.3), "Elu", {"alpha": 0.3}),
    (cp.SELU(), F.selu, "Selu", {}),
    (cp.CELU(0.6), lambda x: F.celu(x, 0.6), "Celu", {"alpha": 0.6}),
    (cp.GELU(), F.gelu, "Gelu", {}),
    (cp.GELU("tanh"), lambda x: F.gelu(x, approximate="tanh"), "Gelu", {"approximate": "tanh"}),
    (cp.SiLU(), F.silu, "", {}),
    (cp.Mish(), F.mish, "Mish", {}),
    (cp.Sigmoid(), torch.sigmoid, "Sigmoid", {}),
    (cp.LogSigmoid(), F.logsigmoid, "", {}),
    (cp.Tanh(), torch.tanh, "Tanh", {}),
    (cp.Tanhshrink(), F.tanhshrink, "", {}),
    (cp.Softplus(), F.softplus, "Softplus", {}),
    (cp.Softplus(3.0, 4.0), lambda x: F.softplus(x, 3, 4), "", {}),
    (cp.Softplus(0.2, 40.0), lambda x: F.softplus(x, 0.2, 40), "", {}),
    (cp.Softsign(), F.softsign, "Softsign", {}),
    (cp.Hardswish(), F.hardswish, "HardSwish", {}),
    (cp.Hardsigmoid(), F.hardsigmoid, "HardSigmoid", {"alpha": 1 / 6}),
    (cp.Hardtanh(-0.3, 2.2), lambda x: F.hardtanh(x, -0.3, 2.2), "", {}),
    (cp.Clip(-0.5, 2), lambda x: x.clamp(-0.5, 2), "", {}),
    (cp.Threshold(0.1, 20.3), lambda x: F.threshold(x, 0.1, 20.3), "", {}),
    (cp.ThresholdedReLU(), lambda x: F.threshold(x, 1.0, 0.0), "ThresholdedRelu", {}),
    (cp.Hardshrink(0.3), lambda x: F.hardshrink(x, 0.3), "Shrink", {"lambd": 0.3}),
    (cp.Softshrink(0.3), lambda x: F.softshrink(x, 0.3), "Shrink", {"lambd": 0.3, "bias": 0.3}),
    (cp.Sqrt(), torch.sqrt, "Sqrt", {}),
    (cp.Rsqrt(), torch.rsqrt, "", {}),
    (cp.Exp(), torch.exp, "Exp", {}),
    (cp.Log(), torch.log, "Log", {}),
    (cp.Erf(), torch.erf, "Erf", {}),
    (cp.Abs(), torch.abs, "Abs", {}),
    (cp.Neg(), torch.neg, "Neg", {}),
    (cp.Reciprocal(), torch.reciprocal, "Reciprocal", {}),
    (cp.Square(), torch.square, "", {}),
    (cp.Floor(), torch.floor, "Floor", {}),
    (cp.Ceil(), torch.ceil, "Ceil", {}),
    (cp.Round(), torch.round, "Round", {}),
    (cp.Sign(), torch.sign, "Sign", {}),
    (cp.Sin(), torch.sin, "Sin", {}),
    (cp.Cos(), torch.cos, "Cos", {}),
]
every_layer = pytest.mark.parametrize(
    ("layer", "theirs", "operator", "settings"), LAYERS, ids=lambda value: getattr(value, "__name__", str(value))[:40]
)


def numbers(dtype):
    """Sizes from the smallest denormal to nearly the largest number of float32, dense where functions bend; both signs."""
    rng = np.random.default_rng(0)
    picked = [
        0,
        1e-45,
        1e-42,
        1.2e-38,
        1e-30,
        1e-10,
        0.1,
        0.3,
        0.5,
        1,
        1.5,
        2.2,
        2.5,
        3,
        6,
        20,
        88,
        88.7,
        89,
        103,
        104,
        110,
        1e3,
        1e4,
        3e38,
    ]
    drawn = [rng.uniform(0, 10, 1500), rng.uniform(0, 110, 1000), np.exp(rng.uniform(-90, 88, 1500)), 1 + 1e-3 * rng.normal(size=500)]
    x = np.concatenate([picked, *drawn])
    return np.concatenate([x, -x]).astype(dtype)


def onnx_runtime(operator, settings, x):
    """ONNX Runtime's answer, without optimisations."""
    graph = helper.make_graph(
        [helper.make_node(operator, ["x"], ["y"], **settings)],
        "one",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, None)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
    )
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 22)], ir_version=10)
    return onnxruntime.InferenceSession(model.SerializeToString(), options).run(None, {"x": x})[0]


def assert_below(y, lines, who, x):
    """Below the proof line where the exact value is a number of the format; not a finite number where there is no exact value."""
    here = np.isfinite(lines.exact) & (abs(lines.exact) < np.finfo(y.dtype).max)
    with np.errstate(invalid="ignore", over="ignore"):
        above = here & ~(abs(y - lines.exact) <= lines.proof)
    assert not above.any(), (who, x[above][:3], y[above][:3], lines.exact[above][:3])
    with np.errstate(invalid="ignore"):
        assert not np.isfinite(y[np.isnan(lines.exact)]).any(), who


@every_layer
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_everybody_lies_below_the_proof_line(layer, theirs, operator, settings, dtype):
    x = numbers(dtype)
    lines = layer.lines(None, (x,), arithmetic=format_of(dtype))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ours = layer(x)
    assert_below(ours, lines, "ours", x)
    assert_below(theirs(torch.tensor(x)).numpy(), lines, "torch", x)
    if operator and dtype is np.float32:
        assert_below(onnx_runtime(operator, settings, x), lines, "ONNX Runtime", x)


SPECIAL = [np.nan, -np.inf, np.inf, -0.0, 0.0, -3, 3, -2.5, 2.5, 6, -1, 1, -0.5, 0.5, 0.3, -0.3, 0.1, 1000, -1000, 2.2, 20, 1.5]


@every_layer
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_special_numbers_are_torchs(layer, theirs, operator, settings, dtype):
    x = np.array(SPECIAL, dtype)
    tensor = torch.tensor(x, requires_grad=True)
    expected = theirs(tensor)
    expected.backward(torch.ones_like(expected))
    y, pullback = layer.vjp(x)
    pairs = [(y, expected.detach().numpy()), (pullback(np.ones_like(x)).inputs[0][3:], tensor.grad.numpy()[3:])]
    for ours, torchs in pairs:
        finite = np.isfinite(torchs)
        # torch's float32 GELU makes NaN of inf, where its float64 one keeps it
        same = (ours == torchs) | (np.isnan(ours) & np.isnan(torchs)) | (np.isnan(torchs) & (x == np.inf)[-len(ours) :])
        assert same[~finite].all(), (ours[~finite], torchs[~finite])
        assert np.isfinite(ours[finite]).all()
        # a dozen float32 roundings; torch takes some slopes in float32 even for float64
        assert (abs(ours[finite] - torchs[finite]) <= 12 * 2.0**-24 * np.maximum(1, abs(torchs[finite]))).all()


@every_layer
def test_an_empty_batch(layer, theirs, operator, settings):
    x = np.zeros((0, 3), np.float32)
    assert layer(x).shape == (0, 3)
    assert layer.lines(None, (x,)).proof.shape == (0, 3)
