"""Variances of one pass in group, instance and layer normalisation, and the running sum of a local response normalisation."""

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper

import convproof as cp

f = np.float32
LAYERS = {
    "GroupNorm": (lambda: cp.GroupNorm(2, 6), (3, 6, 5, 7), (3, 2, 105)),
    "InstanceNorm2d": (lambda: cp.InstanceNorm2d(4, affine=True), (2, 4, 9, 11), (2, 4, 99)),
    "LayerNorm": (lambda: cp.LayerNorm(240), (5, 240), (5, 240)),
}


def drawn(name):
    layer, rng = LAYERS[name][0](), np.random.default_rng(8)
    layer.weight, layer.bias = rng.normal(size=layer.weight.shape), rng.normal(size=layer.bias.shape)
    return layer


def affine(layer, x_hat):
    shape = (-1,) if x_hat.ndim == 2 else (1, -1, 1, 1)
    return (x_hat * layer.weight.reshape(shape) + layer.bias.reshape(shape)).astype(f)


def one_pass(x, rows, eps=1e-5):
    wide = x.reshape(rows)
    n = f(rows[-1])
    mean = np.cumsum(wide, axis=-1, dtype=f)[..., -1:] / n
    var = np.maximum(np.cumsum(wide * wide, axis=-1, dtype=f)[..., -1:] / n - mean * mean, f(0))
    return ((wide - mean) / np.sqrt(var + f(eps))).reshape(x.shape)


@pytest.mark.parametrize("ratio", [0, 30, 1000])
@pytest.mark.parametrize("name", LAYERS)
def test_one_pass_is_not_wrong(name, ratio):
    layer, (_, shape, rows) = drawn(name), LAYERS[name]
    x = (np.random.default_rng(9).normal(size=shape) + ratio).astype(f)
    y = affine(layer, one_pass(x, rows))
    row = cp.check(layer, x, y)[name]
    assert row.verdict in ("rounding", "precision")
    assert row.precision == ("bn-var-cancellation" if ratio == 1000 else row.precision)
    assert row.precision in (None, "bn-var-cancellation")
    shifted = y + f(0.01) * abs(y).max()
    for wrong in (0 * y, -y, shifted, np.roll(y, 1, -1)):
        assert cp.check(layer, x, wrong)[name].verdict == "wrong"
    y.flat[3] = np.nan
    assert cp.check(layer, x, y)[name].verdict == "wrong"


def test_the_inverse_root_itself():
    from convproof.core.evaluation import Case

    layer = cp.GroupNorm(2, 6, statistics=True)
    x = (np.random.default_rng(9).normal(size=(3, 6, 5, 7)) + 1000).astype(f)
    wide = x.reshape(3, 2, 105)
    mean = np.cumsum(wide, axis=-1, dtype=f)[..., -1] / f(105)
    var = np.maximum(np.cumsum(wide * wide, axis=-1, dtype=f)[..., -1] / f(105) - mean * mean, f(0))
    inv = 1 / np.sqrt(var + f(1e-5))
    (own,) = layer.precisions()
    plain, wider = layer.lines(None, (x,), output=2), own.lines(layer, Case((x,), 2), inv, inv)
    assert (abs(inv - plain.exact) > plain.proof).any()
    assert (abs(inv - wider.exact) <= wider.proof).all()


def theirs(x, size, alpha):
    """ONNX Runtime's LRN, whose sum runs along the channels."""
    value = lambda name: helper.make_tensor_value_info(name, TensorProto.FLOAT, x.shape)  # noqa: E731
    node = helper.make_node("LRN", ["x"], ["y"], size=size, alpha=alpha, beta=0.75, bias=1.0)
    graph = helper.make_graph([node], "g", [value("x")], [value("y")])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    return onnxruntime.InferenceSession(model.SerializeToString()).run(None, {"x": x})[0]


@pytest.mark.parametrize("large", [1, 30, 1000])
@pytest.mark.parametrize(("channels", "size"), [(8, 3), (96, 5)])
def test_a_running_sum_is_not_wrong(channels, size, large):
    x = np.random.default_rng(0).normal(size=(2, channels, 3, 4)).astype(f)
    x[:, 2] *= large
    layer, y = cp.LocalResponseNorm(size, alpha=1.0), theirs(x, size, 1.0)
    row = cp.check(layer, x, y)["LocalResponseNorm"]
    assert row.verdict in ("identical", "rounding", "precision")
    assert row.precision in (None, "lrn-running-sum")
    if large == 1000:
        assert row.precision == "lrn-running-sum"
    y[0, 0] *= f(1.001)  # before the large channel nothing is left behind
    assert cp.check(layer, x, y)["LocalResponseNorm"].verdict == "wrong"
    y[0, 0, 0, 0] = np.nan
    assert cp.check(layer, x, y)["LocalResponseNorm"].verdict == "wrong"
