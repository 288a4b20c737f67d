"""Functions of several inputs as graph formats write them: ONNX's backend cases, torch's functions, and what we write ourselves."""

import operator

import numpy as np
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper

import convproof as cp
from convproof.core.operators import LATER, Call
from convproof.formats.onnx.graph import network_of
from convproof.formats.operators import bound, operators, read
from tests.layers.test_binary import SAMPLES
from tests.layers.written import model_with, run_by_runtime, run_by_us
from tests.operators import answer, answer_torch, assert_case, node_cases

rng = np.random.default_rng(0)
A, B = (rng.uniform(0.5, 3, size=shape).astype(np.float32) for shape in ((2, 3, 4), (3, 1)))


@pytest.mark.parametrize("case", node_cases("Add", "Sub", "Mul", "Div", "Max", "Min", "Pow", "Sum", "Mean"), ids=lambda case: case.name)
def test_onnx(case):
    assert_case(case)


TWO = {
    "add": torch.add, "sub": torch.sub, "subtract": torch.sub, "mul": torch.mul, "multiply": torch.mul, "div": torch.div,
    "divide": torch.div, "true_divide": torch.div, "truediv": operator.truediv, "itruediv": operator.truediv, "iadd": operator.add,
    "isub": operator.sub, "imul": operator.mul, "pow": torch.pow, "ipow": operator.pow, "rsub": torch.rsub, "maximum": torch.maximum,
    "minimum": torch.minimum, "max": torch.max, "min": torch.min, "floor_divide": torch.floor_divide, "floordiv": operator.floordiv,
}  # fmt: skip


@pytest.mark.parametrize("name", TWO)
def test_torch(name):
    (ours,) = answer_torch(name, A, B)
    theirs = TWO[name](torch.tensor(A), torch.tensor(B)).numpy()
    # theirs and ours within the widest line there is here, that of a power
    assert (abs(ours - theirs) <= 2 * 8 * 2.0**-24 * abs(theirs)).all()


@pytest.mark.parametrize("name", ["add", "sub", "mul", "div", "pow", "rsub", "floordiv"])
@pytest.mark.parametrize("side", [0, 1])
@pytest.mark.parametrize("value", [3, -0.7, "array"])
def test_a_plain_number_or_an_array_of_the_module_on_either_side(name, side, value):
    held = B if isinstance(value, str) else value
    arguments = (LATER, held) if side else (held, LATER)
    found = read(operators("torch")[name], Call(name, bound(operators("torch")[name], arguments, {})))
    assert found.inputs == (1 - side,)
    (ours,) = found.layer.checked_step((A,), False).outputs
    function = {"add": operator.add, "sub": operator.sub, "mul": operator.mul, "div": operator.truediv, "pow": operator.pow}
    function |= {"rsub": lambda a, b: b - a, "floordiv": operator.floordiv}
    theirs = function[name](*(torch.tensor(x) if isinstance(x, np.ndarray) else x for x in ((A, held) if side else (held, A)))).numpy()
    # a plain number and the result are rounded; -0.7 to a power is NaN
    size = abs(A).max() + abs(np.asarray(held)).max() + np.nan_to_num(abs(theirs)).max()
    assert np.allclose(ours, theirs, rtol=0, atol=2 * 8 * 2.0**-24 * size, equal_nan=True)
    assert list(found.layer.state_dict()) == (["operand"] if isinstance(value, str) else [])


def test_factors_and_roundings():
    assert np.array_equal(answer_torch("add", A, B, alpha=2)[0], torch.add(torch.tensor(A), torch.tensor(B), alpha=2).numpy())
    assert np.array_equal(answer_torch("rsub", A, 1, 0.5)[0], torch.rsub(torch.tensor(A), 1, alpha=0.5).numpy())
    for mode in ("floor", "trunc"):
        x = 10 * A - 15
        theirs = torch.div(torch.tensor(x), torch.tensor(B), rounding_mode=mode).numpy()
        assert np.array_equal(answer_torch("div", x, B, rounding_mode=mode)[0], theirs)
        assert np.array_equal(answer_torch("div", x.astype(int), np.array(3), rounding_mode=mode)[0].dtype, np.int64)
    for dim in (0, -1):
        assert [y.tolist() for y in answer_torch("max", A, dim)] == [y.tolist() for y in torch.max(torch.tensor(A), dim)]
    assert answer_torch("min", A)[0] == A.min()
    assert np.array_equal(answer_torch("max", A, other=B)[0], np.maximum(A, B))


def test_types_are_torchs():
    """Integers beside floats become floats of their type, and an array without axes does not widen others."""
    for x, c in ((A, np.array(3)), (A, np.array(0.5)), (A.astype(int), 0.5), (A.astype(int), 2), (A.astype(np.float64), 0.1)):
        other = torch.tensor(c) if isinstance(c, np.ndarray) else c
        operator_ = operators("torch")["mul"]
        layer = read(operator_, Call("mul", (LATER, c))).layer
        assert layer.checked_step((x,), False).outputs[0].dtype == torch.mul(torch.tensor(x), other).numpy().dtype
    halves = read(operators("torch")["div"], Call("div", (LATER, 2, None))).layer.checked_step((np.array([1, 2, 3]),), False).outputs[0]
    assert (halves.tolist(), halves.dtype) == ((torch.tensor([1, 2, 3]) / 2).tolist(), np.float32)


def constants(operator_type, value, first, version=13, **attributes):
    """A model that combines its input x (2, 3, 4) with an initializer."""
    names = ["c", "x"] if first else ["x", "c"]
    node = helper.make_node(operator_type, names, ["y"], name="node", **attributes)
    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, None if name == "y" else (2, 3, 4)) for name in "xy")
    graph = helper.make_graph([node], "one", [x], [y], [numpy_helper.from_array(value, "c")])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", version)], ir_version=10)


@pytest.mark.parametrize("name", ["Add", "Sub", "Mul", "Div", "Max", "Min", "Pow"])
@pytest.mark.parametrize("first", [True, False])
def test_a_constant_of_a_file_belongs_to_the_layer(name, first, tmp_path):
    network = network_of(constants(name, B, first))
    assert list(network.layers) == ["node"]
    assert repr(network["node"]) == f"{name}(shape=(3, 1){', side=0' if first else ''})"
    assert list(network.state_dict()) == ["node.operand"]
    (theirs,) = run_by_runtime(constants(name, B, first), (A,))
    lines = network["node"].lines(None, (A,))
    for y in (network(A), theirs):
        assert (abs(y - lines.exact) <= lines.proof).all()
    network.save(tmp_path / "net.safetensors")
    leaf = next(n for n in network.trace(A).why("node", (1, 2, 3)).nodes() if getattr(n, "source", None) and n.source.name == "operand")
    assert (leaf.value, leaf.source.cell) == (B[2, 0], (2, 0))


@pytest.mark.parametrize(("shape", "axis", "seen"), [((3,), 1, (3, 1)), ((2, 3), 0, (2, 3, 1)), ((4,), None, (4,)), ((), None, ())])
def test_broadcasting_before_opset_7(shape, axis, seen):
    c = rng.normal(size=shape).astype(np.float32)
    settings = {"broadcast": 1} | ({} if axis is None else {"axis": axis})
    for name, function in (("Add", np.add), ("Mul", np.multiply), ("Sub", np.subtract)):
        call = Call(name, (LATER, c), settings, 6)
        layer = read(operators("onnx")[name], call).layer
        assert np.array_equal(layer.checked_step((A,), False).outputs[0], function(A, c.reshape(seen)))
        assert np.array_equal(answer(name, Call(name, (A, c), settings, 6))[0], function(A, c.reshape(seen)))


@pytest.mark.parametrize(
    ("name", "value", "seen"),
    [
        ("Mul", np.float32(0.5), "Mul(constant=0.5)"),
        ("Add", np.float64(0.1), "Add(constant=0.1)"),
        ("Div", np.int64(2), "Div(shape=(), dtype='int64')"),
        ("Pow", np.float32(2), "Pow(constant=2)"),
        ("Pow", np.float32(0.5), "Pow(shape=())"),
        ("Max", np.zeros(1, np.float32), "Max(shape=(1,))"),
    ],
)
def test_a_single_float_is_a_plain_number(name, value, seen):
    found = read(operators("onnx")[name], Call(name, (LATER, np.asarray(value)), {}, 13))
    assert repr(found.layer) == seen
    x = A.astype(value.dtype)
    (y,) = found.layer.checked_step((x,), False).outputs
    (same,) = answer(name, Call(name, (x, np.asarray(value)), {}, 13))
    assert (y.dtype, y.shape) == (same.dtype, same.shape)
    assert np.array_equal(y, same)


def test_several_constants_are_inputs_and_all_later_ones_too():
    found = read(operators("onnx")["Max"], Call("Max", (LATER, A, B), {}, 13))
    assert (found.inputs, repr(found.layer)) == ((0, 1, 2), "Max()")
    assert read(operators("onnx")["Sum"], Call("Sum", (LATER,), {}, 13)).inputs == (0,)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_what_is_written_computes_the_same(sample):
    layer, inputs = sample.layer().eval(), sample.inputs()
    lines = layer.lines(None, inputs)
    model = model_with(layer, inputs)
    for run in (run_by_runtime, run_by_us):
        (y,) = run(model, inputs)
        assert y.shape == lines.exact.shape
        assert (abs(y - lines.exact) <= lines.proof).all()


def test_what_is_written_is_one_node_where_onnx_has_one():
    kinds = [node.operator for layer in (cp.Add(), cp.Div(), cp.Pow(constant=2)) for node in layer.written()]
    assert kinds == ["Add", "Div", "Pow"]
    assert [node.operator for node in cp.Add().written_at((None,) * 3)] == ["Sum"]
    assert [node.operator for node in cp.Div(rounding_mode="floor").written()] == ["Div", "Floor"]
    with pytest.raises(cp.NotCoveredError, match="count its axis from 0"):
        cp.Add(axis=-1).written()
