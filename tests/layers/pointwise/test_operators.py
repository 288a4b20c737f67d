"""Pointwise functions as graph formats write them: ONNX's backend cases, torch's functions, and what we write ourselves."""

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

import convproof as cp
from convproof.core.operators import LATER, Call, NotKnownYet, Result
from convproof.formats.operators import operators, read
from tests.layers.test_pointwise import SAMPLES
from tests.operators import answer, answer_torch, assert_case, node_cases

F = torch.nn.functional
ONNX = (
    "Relu", "LeakyRelu", "PRelu", "Elu", "Selu", "Celu", "HardSigmoid", "HardSwish", "Mish", "Gelu", "Sigmoid", "Tanh", "Softplus",
    "Softsign", "Clip", "ThresholdedRelu", "Shrink", "Swish", "Sqrt", "Exp", "Log", "Erf", "Abs", "Neg", "Reciprocal", "Floor", "Ceil",
    "Round", "Sign", "Sin", "Cos",
)  # fmt: skip


@pytest.mark.parametrize("case", node_cases(*ONNX), ids=lambda case: case.name)
def test_onnx(case):
    assert_case(case)


X = np.array([[-3.5, -0.6, -0.05, 0.0], [0.05, 0.7, 2.5, 7.25]], np.float32)
CALLS = {
    "relu": [()], "relu6": [()], "selu": [()], "silu": [()], "mish": [()], "sigmoid": [()], "tanh": [()], "softsign": [()],
    "tanhshrink": [()], "hardswish": [()], "hardsigmoid": [()], "logsigmoid": [()],
    "leaky_relu": [(), (0.2,)], "elu": [(), (0.4,)], "celu": [(), (0.4,)], "gelu": [(), {"approximate": "tanh"}],
    "softplus": [(), (2, 3)], "hardtanh": [(), (-0.3, 0.9)], "threshold": [(0.1, 5.0)], "hardshrink": [(), (0.3,)],
    "softshrink": [(), (0.3,)], "glu": [(), (0,)], "rrelu": [(), (0.1, 0.5)],
}  # fmt: skip
PLAIN = {
    "exp": [()], "erf": [()], "abs": [()], "neg": [()], "square": [()], "floor": [()], "ceil": [()], "round": [()], "sign": [()],
    "sin": [()], "cos": [()], "clamp": [(-0.5, 2.0), {"max": 1.5}, (0.3,)], "clip": [(-0.5, 2.0)], "clamp_min": [(0.1,)],
    "clamp_max": [(0.1,)],
}  # fmt: skip
POSITIVE = {"sqrt": [()], "rsqrt": [()], "log": [()], "reciprocal": [()]}
EVERY = [
    *((getattr(F, name), name, given, X) for name, calls in CALLS.items() for given in calls),
    *((getattr(torch, name), name, given, X) for name, calls in PLAIN.items() for given in calls),
    *((getattr(torch, name), name, given, abs(X) + np.float32(0.1)) for name, calls in POSITIVE.items() for given in calls),
]


@pytest.mark.parametrize(("function", "name", "given", "x"), EVERY, ids=lambda value: getattr(value, "__name__", str(value))[:30])
def test_torch(function, name, given, x):
    arguments, named = ((), given) if isinstance(given, dict) else (given, {})
    (ours,) = answer_torch(name, x, *arguments, **named)
    theirs = function(torch.tensor(x), *arguments, **named).numpy()
    assert (ours.shape, ours.dtype) == (theirs.shape, theirs.dtype)
    # both within the widest line there is here, 12 units of max(1, abs(x)), of the exact value
    assert (abs(ours - theirs) <= 2 * 12 * 2.0**-24 * np.maximum(1, abs(theirs))).all()


def test_atens_elu_is_three_layers():
    elu = operators("torch")["elu"]
    kinds = [type(read(elu, Call("elu", (X, *scales), {})).layer).__name__ for scales in ((0.3,), (1.67, 1.05, 1.0), (0.5, 1.0, 2.0))]
    assert kinds == ["ELU", "SELU", "CELU"]


@pytest.mark.parametrize("shape", [(1,), (3,), (1, 3, 1, 1)])
def test_a_slope_a_channel(shape):
    x = np.random.default_rng(0).normal(size=(2, 3, 4, 5)).astype(np.float32)
    w = np.arange(1, 4, dtype=np.float32)[: np.prod(shape)].reshape(shape)
    name = "_prelu_kernel" if len(shape) > 1 else "prelu"
    theirs = F.prelu(torch.tensor(x), torch.tensor(w.reshape(-1))).numpy()
    assert np.array_equal(answer_torch(name, x, w)[0], theirs)


def test_the_ends_of_a_clip_as_attributes_as_inputs_and_later():
    assert answer("Clip", Call("Clip", (X,), {"min": -0.5, "max": 0.5}, 6))[0].max() == 0.5
    assert answer("Clip", Call("Clip", (X,), {"max": float(np.float32(3.4028234663852886e38))}, 6))[0].max() == 7.25
    large = Call("Clip", (np.array([-7, 9], np.int8), np.int8(-3), np.int8(5)), {}, 13)
    assert answer("Clip", large)[0].tolist() == [-3, 5]
    assert answer("Clip", large)[0].dtype == np.int8
    with pytest.raises(NotKnownYet):
        read(operators("onnx")["Clip"], Call("Clip", (X, LATER), {}, 13))


@pytest.mark.parametrize("dtype", [np.int8, np.int32, np.int64])
def test_integers_stay_integers(dtype):
    x = np.array([-5, 0, 7], dtype)
    for name, expected in (("Abs", [5, 0, 7]), ("Neg", [5, 0, -7]), ("Sign", [-1, 0, 1]), ("Relu", [0, 0, 7])):
        (y,) = answer(name, Call(name, (x,), {}, 14))
        assert (y.tolist(), y.dtype) == (expected, dtype)


def evaluated(layer, x):
    """What the ONNX reference makes of the nodes that a layer is written as."""
    nodes, constants = [], {}

    def name_of(j, k, argument):
        if argument is None:
            return ""
        if isinstance(argument, Result):
            return f"r{argument.node}_{argument.output}"
        if isinstance(argument, int):
            return "x"
        constants[f"c{j}_{k}"] = layer.arrays[argument] if isinstance(argument, str) else np.asarray(argument)
        return f"c{j}_{k}"

    for j, written in enumerate(layer.written()):
        inputs = [name_of(j, k, argument) for k, argument in enumerate(written.arguments)]
        outputs = [f"r{j}_{k}" for k in range(written.outputs)]
        nodes.append(helper.make_node(written.operator, inputs, outputs, **written.settings))
    graph = helper.make_graph(
        nodes,
        "one",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, x.shape)],
        [helper.make_tensor_value_info(nodes[-1].output[0], TensorProto.FLOAT, layer.shapes(x.shape)[0])],
        [onnx.numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 22)])
    onnx.checker.check_model(model, full_check=True)
    return ReferenceEvaluator(model).run(None, {"x": x})[0]


@pytest.mark.parametrize("sample", [s for s in SAMPLES if s.shapes != ((),)], ids=lambda sample: sample.name)
def test_what_is_written_computes_the_same(sample):
    layer, (x,) = sample.layer().eval(), sample.inputs()
    lines = layer.lines(None, (x,))
    # the reference makes up to five roundings more where ONNX has no operator of its own
    assert (abs(evaluated(layer, x) - lines.exact) <= lines.proof + 5 * 2.0**-24 * np.maximum(1, abs(lines.exact))).all()


def test_there_is_a_reader_for_every_layer():
    names = {type(sample.make()) for sample in SAMPLES}
    assert all(kind.operators() for kind in names)
    assert cp.ReLU in names
