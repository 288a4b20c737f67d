"""How ONNX and PyTorch write linear layers and matrix products, and how they are written back."""

import ml_dtypes
import numpy as np
import onnx
import pytest
import torch
from onnx import helper, numpy_helper
from onnx.reference import ReferenceEvaluator

import convproof as cp
from convproof.core.formats import FLOAT32, format_of
from convproof.core.operators import Call, Later
from convproof.formats.onnx.graph import network_of
from convproof.formats.onnx.write import model_of
from convproof.formats.operators import operators, read
from convproof.network.graph import Declared
from tests.operators import answer_torch, arrays_of, assert_case, node_cases

RNG = np.random.default_rng(3)
X, W, B = (RNG.normal(size=shape).astype(np.float32) for shape in ((2, 3), (4, 3), (4,)))


@pytest.mark.parametrize("case", node_cases("Gemm", "MatMul"), ids=lambda case: case.name)
def test_onnx_cases(case):
    assert_case(case)


@pytest.mark.parametrize("case", node_cases("Gemm", "MatMul"), ids=lambda case: case.name)
def test_onnx_cases_whose_operands_only_a_run_knows(case):
    net = network_of(case.model)
    assert {type(layer).__name__ for layer in net.layers.values()} <= {"Gemm", "MatMul"}
    for inputs, expected in arrays_of(case):
        np.testing.assert_allclose(net(*inputs), expected[0], rtol=case.rtol, atol=case.atol)


def model(operator, stored, shape=(2, 3), version=22, **attributes):
    """A model of one node that reads x of a shape, and beside it what is stored."""
    node = helper.make_node(operator, ["x", *stored], ["y"], name="fc", **attributes)
    given = [helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, shape)]
    out = helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, None)
    tensors = [numpy_helper.from_array(array, name) for name, array in stored.items()]
    opset = [helper.make_opsetid("", version)]
    return helper.make_model(helper.make_graph([node], "g", given, [out], tensors), opset_imports=opset, ir_version=10)


@pytest.mark.parametrize("turned", [True, False])
@pytest.mark.parametrize("bias", [None, B, B[None]])
def test_a_gemm_with_weights_is_a_linear_and_is_written_as_one(turned, bias):
    stored = {"w": W if turned else W.T.copy()} | ({} if bias is None else {"b": bias})
    net = network_of(model("Gemm", stored, transB=int(turned)))
    fc = net["fc"]
    assert repr(fc) == f"Linear(in_features=3, out_features=4{', bias=False' if bias is None else ''})"
    assert np.array_equal(fc.weight, W)
    assert bias is None or np.array_equal(fc.bias, B)
    fc.weight[1, 2] = 7.0
    again = network_of(model_of(net))
    assert [n.op_type for n in model_of(net).graph.node] == ["Gemm"]
    assert repr(again["fc"]) == repr(fc)
    assert np.array_equal(again(X), net(X))
    (reference,) = ReferenceEvaluator(model_of(net)).run(None, {"x": X})
    lines = fc.lines(None, (X,))
    assert (abs(reference - lines.exact) <= lines.proof).all()


@pytest.mark.parametrize("attributes", [{"alpha": 0.5}, {"beta": 2.0}, {"transA": 1}])
def test_a_gemm_with_factors_stays_one(attributes):
    x = X.T.copy() if "transA" in attributes else X
    found = model("Gemm", {"w": W.T.copy(), "b": B}, x.shape, **attributes)
    net = network_of(found)
    assert type(net["fc"]).__name__ == "Gemm"
    (expected,) = ReferenceEvaluator(found).run(None, {"x": x})
    lines = net["fc"].lines(None, (x, W.T, B))
    for y in (net(x), network_of(model_of(net))(x)):
        assert (abs(y - lines.exact) <= lines.proof).all()
    assert (abs(expected - lines.exact) <= lines.proof).all()


def test_an_old_gemm_that_says_broadcast():
    net = network_of(model("Gemm", {"w": W, "b": B}, version=6, transB=1, broadcast=1))
    assert np.array_equal(net["fc"].bias, B)


@pytest.mark.parametrize("shape", [(3,), (2, 3), (5, 2, 3)])
def test_a_product_with_weights_is_a_linear(shape):
    x = RNG.normal(size=shape).astype(np.float32)
    net = network_of(model("MatMul", {"w": W.T.copy()}, shape))
    assert repr(net["fc"]) == "Linear(in_features=3, out_features=4, bias=False)"
    assert np.array_equal(net["fc"].weight, W)
    lines = net["fc"].lines(None, (x,))
    for y in (net(x), network_of(model_of(net))(x), x @ W.T):
        assert (abs(y - lines.exact) <= lines.proof).all()


@pytest.mark.parametrize(
    "stored", [RNG.normal(size=3).astype(np.float32), RNG.normal(size=(2, 3, 4)).astype(np.float32), W.T.astype(np.int32)]
)
def test_other_products_keep_what_they_hold_as_a_constant(stored):
    net = network_of(model("MatMul", {"w": stored}))
    assert type(net["fc"]).__name__ == "MatMul"
    assert np.array_equal(net["w"].value, stored)
    y = net(X)
    net["w"].value = 2 * stored
    assert np.array_equal(net(X), 2 * y)


def test_weights_of_another_precision():
    net = network_of(model("MatMul", {"w": W.T.astype(np.float64)}))
    assert net["fc"].weight.dtype == np.float64


def linear_of(x, weight, bias):
    fc = cp.Linear(*weight.shape[::-1], bias is not None)
    fc.weight = weight
    if bias is not None:
        fc.bias = bias
    return fc.lines(None, (x,))


@pytest.mark.parametrize("bias", [B, None])
@pytest.mark.parametrize("shape", [(3,), (2, 3), (2, 5, 3)])
def test_a_linear_of_torch_is_written_for_any_number_of_axes(shape, bias):
    x = RNG.normal(size=shape).astype(np.float32)
    fc = cp.Linear(3, 4, bias is not None, seed=1)
    net = cp.Network({"fc": (fc, "input")}, inputs=("input",), declared={"input": Declared(np.float32, shape)})
    written = model_of(net)
    kinds = ["Gemm"] if len(shape) == 2 else ["Transpose", "MatMul", "Add"][: 2 + (bias is not None)]
    assert [n.op_type for n in written.graph.node] == kinds
    stored = {t.name: numpy_helper.to_array(t) for t in written.graph.initializer}
    assert np.array_equal(stored["fc.weight"], net["fc"].weight)
    lines = net["fc"].lines(None, (x,))
    (reference,) = ReferenceEvaluator(written).run(None, {"input": x})
    for y in (reference, network_of(written)(x)):
        assert (abs(y - lines.exact) <= lines.proof).all()


@pytest.mark.parametrize("bias", [True, False])
def test_a_bilinear_layer_is_written_and_read_back(bias):
    layer = cp.Bilinear(3, 4, 2, bias, seed=1)
    net = cp.Network({"form": (layer, "a", "b")}, inputs=("a", "b"))
    x1, x2 = RNG.normal(size=(5, 3)).astype(np.float32), RNG.normal(size=(5, 4)).astype(np.float32)
    written = model_of(net)
    lines = layer.lines(None, (x1, x2))
    (reference,) = ReferenceEvaluator(written).run(None, {"a": x1, "b": x2})
    for y in (reference, network_of(written)(x1, x2)):
        assert (abs(y - lines.exact) <= lines.proof).all()


def test_products_are_written():
    layers = {"p": (cp.MatMul(), "a", "b"), "q": (cp.Gemm(0.5, 2, transB=1), "p", "b", "c"), "g": (cp.Gemm(), "q", "b")}
    declared = {name: Declared(np.float32, sizes) for name, sizes in (("a", (2, 3)), ("b", (3, 3)), ("c", (3,)))}
    net = cp.Network(layers, inputs=("a", "b", "c"), declared=declared)
    a, b, c = (RNG.normal(size=shape).astype(np.float32) for shape in ((2, 3), (3, 3), (3,)))
    again = network_of(model_of(net))
    assert [repr(layer) for layer in again.layers.values()] == ["MatMul()", "Gemm(alpha=0.5, beta=2.0, transB=True)", "Gemm()"]
    assert np.array_equal(again(a, b, c), net(a, b, c))


def test_torchs_functions():
    lines = linear_of(X, W, B)
    for ours in (answer_torch("linear", X, W, B), answer_torch("linear", X, weight=W, bias=B), answer_torch("addmm", B, X, W.T)):
        assert (abs(ours[0] - lines.exact) <= lines.proof).all()
    lines = linear_of(X, W, None)
    batch = RNG.normal(size=(2, 3, 3)).astype(np.float32)
    for ours in (answer_torch("linear", X, W), answer_torch("mm", X, W.T), answer_torch("matmul", X, other=W.T)):
        assert (abs(ours[0] - lines.exact) <= lines.proof).all()
    for name, a, b in (("bmm", batch, batch), ("mv", X, X[0]), ("dot", X[0], X[1]), ("matmul", batch, X[0]), ("linear", X, W[0])):
        expected = getattr(torch, name, torch.nn.functional.linear)(torch.tensor(a), torch.tensor(b)).numpy()
        lines = cp.MatMul().lines(None, (a, b))
        assert (abs(answer_torch(name, a, b)[0] - lines.exact) <= lines.proof).all()
        assert (abs(expected - lines.exact) <= lines.proof).all()
    form = RNG.normal(size=(2, 3, 4)).astype(np.float32)
    x2 = RNG.normal(size=(2, 4)).astype(np.float32)
    layer = cp.Bilinear(3, 4, 2, bias=False)
    layer.weight = form
    lines = layer.lines(None, (X, x2))
    assert (abs(answer_torch("bilinear", X, x2, form)[0] - lines.exact) <= lines.proof).all()


def test_addmm_with_factors_or_without_weights():
    (y,) = answer_torch("addmm", B, X, W.T, beta=0.5, alpha=-2)
    lines = cp.Gemm(-2, 0.5).lines(None, (X, W.T, B))
    assert (abs(y - lines.exact) <= lines.proof).all()
    call = Call("addmm", (Later((4,), np.float32), Later((2, 3), np.float32), Later((3, 4), np.float32), None, None))
    found = read(operators("torch")["addmm"], call)
    assert (repr(found.layer), found.inputs) == ("Gemm()", (1, 2, 0))


class Attention(torch.nn.Module):
    """Products of two computed arrays, of an array and a weight, and a function with weights of its own."""

    def __init__(self):
        super().__init__()
        self.w, self.v, self.b = (torch.nn.Parameter(torch.randn(*shape)) for shape in ((3, 4), (2, 4), (2,)))

    def forward(self, x):
        q = x @ self.w
        scores = torch.matmul(q, q.transpose(-1, -2))
        return torch.nn.functional.linear(torch.bmm(scores, q), self.v, self.b)


@pytest.mark.parametrize("example", [False, True])
def test_a_module_with_products(example):
    torch.manual_seed(0)
    module = Attention()
    x = RNG.normal(size=(2, 5, 3)).astype(np.float32)
    net = cp.from_torch(module, x) if example else cp.from_torch(module)
    kinds = [repr(layer) for layer in net.layers.values() if type(layer).__name__ in ("Linear", "MatMul")]
    assert kinds == [
        *("Linear(in_features=3, out_features=4, bias=False)", "MatMul()", "MatMul()"),
        "Linear(in_features=4, out_features=2)",
    ]
    module = module.double()
    expected = module(torch.tensor(x).double()).detach().numpy()
    for parameter in module.parameters():
        parameter.data.abs_()
    sizes = module(torch.tensor(abs(x)).double()).detach().numpy()
    # sums of 3, 4, 5 and 4 products and a bias, one in the other, the first of them three times: 3*3 + 4 + 5 + 4 + 1 roundings
    assert (abs(net(x) - expected) <= 24 * FLOAT32.u * sizes).all()
    assert [key.rpartition(".")[2] for key in net.state_dict()] == ["weight", "weight", "bias"]


@pytest.mark.parametrize("name", ["float16", "bfloat16"])
def test_weights_of_a_short_format(name):
    dtype = np.dtype(getattr(ml_dtypes, name, name))
    code = helper.np_dtype_to_tensor_dtype(dtype)
    node = helper.make_node("Gemm", ["x", "w", "b"], ["y"], name="fc")
    given, out = (helper.make_tensor_value_info(n, code, shape) for n, shape in (("x", (2, 3)), ("y", (2, 4))))
    tensors = [numpy_helper.from_array(array.astype(dtype), n) for n, array in (("w", W.T), ("b", B))]
    opset = [helper.make_opsetid("", 22)]
    net = network_of(helper.make_model(helper.make_graph([node], "g", [given], [out], tensors), opset_imports=opset, ir_version=10))
    trace = net.trace(X.astype(dtype))
    assert trace["fc"].dtype == net["fc"].weight.dtype == dtype
    assert trace.why("fc", (1, 2)).value == trace["fc"][1, 2]
    lines = net["fc"].lines(None, (X.astype(dtype),), arithmetic=format_of(dtype))
    assert (abs(trace["fc"].astype(np.float64) - lines.exact) <= lines.proof).all()
