"""Normalisations of ONNX and PyTorch graphs, read and written."""

import functools
import re

import numpy as np
import onnxruntime
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from torch.nn import functional as F

import convproof as cp
from convproof.core.formats import FLOAT32
from convproof.core.operators import FOLLOWS_MODULE, LATER, Call, Later, NotKnownYet, Result
from convproof.formats.operators import operators, read
from tests.operators import answer_torch, assert_case, node_cases

OURS = ("InstanceNormalization", "GroupNormalization", "LayerNormalization", "RMSNormalization", "LRN")
RNG = np.random.default_rng(2)


def numbers(*shape):
    return RNG.normal(size=shape).astype(np.float32)


X = numbers(2, 6, 3, 4)
C, ROW = [numbers(6) for _ in range(2)], [numbers(3, 4) for _ in range(2)]
MEAN, VAR = numbers(6), abs(numbers(6)) + 0.5


def onnx(name, *arguments, version=22, outputs=1, **settings):
    return read(operators("onnx")[name], Call(name, arguments, settings, version, outputs))


def below_the_line(layer, x, *claimed):
    for k, y in enumerate(claimed):
        lines = layer.lines(None, (x,), output=k)
        assert y.shape == lines.exact.shape
        assert (abs(y - lines.exact) <= lines.proof).all()


@pytest.mark.parametrize("case", node_cases(*OURS), ids=lambda case: case.name)
def test_onnx_backend(case):
    assert_case(case)


def test_group_normalization_of_both_versions():
    each, group = onnx("GroupNormalization", X, *C, version=21, num_groups=3), [numbers(3) for _ in range(2)]
    below_the_line(each.layer, X, F.group_norm(*map(torch.tensor, (X,)), 3, *map(torch.tensor, C)).numpy())
    old = onnx("GroupNormalization", X, *group, version=18, num_groups=3, epsilon=1e-3)
    wide = [torch.tensor(np.repeat(a, 2)) for a in group]
    below_the_line(old.layer, X, F.group_norm(torch.tensor(X), 3, *wide, 1e-3).numpy())
    assert onnx("GroupNormalization", LATER, *C, version=21, num_groups=3).layer.shapes(X.shape) == (X.shape,)
    with pytest.raises(NotKnownYet):  # how many channels a group has, only x tells
        onnx("GroupNormalization", LATER, *group, version=18, num_groups=3)


@pytest.mark.parametrize(
    ("name", "arguments", "settings", "sentence"),
    [
        ("InstanceNormalization", (X, np.float32(1), C[1]), {}, "input 1 has shape (), and should have an axis 0"),
        ("InstanceNormalization", (X, C[0], ROW[0]), {}, "bias of InstanceNorm(num_features=6"),
        ("GroupNormalization", (X, *C), {}, "num_groups=0 must divide num_channels=6"),
        ("LayerNormalization", (X, numbers(5)), {"axis": 3}, "weight of LayerNorm(normalized_shape=(4,)"),
        ("LRN", (X,), {}, "expected a size of 1 or more"),
    ],
)
def test_a_damaged_file_is_a_sentence(name, arguments, settings, sentence):
    with pytest.raises(cp.ConvproofError, match=re.escape(sentence)):
        onnx(name, *arguments, **settings)


def test_instance_normalization_needs_no_rank():
    layer = onnx("InstanceNormalization", LATER, *C, epsilon=1e-3).layer
    below_the_line(layer, X, F.instance_norm(torch.tensor(X), None, None, *map(torch.tensor, C), eps=1e-3).numpy())
    assert layer.shapes((1, 6, 2)) == ((1, 6, 2),)
    assert np.array_equal(layer(numbers(2, 6, 1)), np.broadcast_to(C[1].reshape(6, 1), (2, 6, 1)))  # one cell alone is beta


@pytest.mark.parametrize("outputs", [1, 2, 3])
def test_layer_normalization_gives_its_statistics(outputs):
    layer = onnx("LayerNormalization", X, *ROW, axis=2, epsilon=1e-3, outputs=outputs).layer
    theirs = torch.native_layer_norm(torch.tensor(X), (3, 4), *map(torch.tensor, ROW), 1e-3)
    found = layer.step(X, training=False).outputs
    assert len(found) >= outputs
    below_the_line(layer, X, *found)
    below_the_line(layer, X, *(y.numpy() for y in theirs[: len(found)]))


@pytest.mark.parametrize("name", ["LayerNormalization", "RMSNormalization"])
@pytest.mark.parametrize(("axis", "scale"), [(-1, (1,)), (2, (4,)), (1, (6, 1, 4)), (-2, (3, 1)), (0, ()), (1, (6, 3, 4)), (-1, (4,))])
def test_a_scale_may_broadcast(name, axis, scale):
    weight = np.asarray(numbers(*scale))
    layer = onnx(name, X, weight, axis=axis, epsilon=1e-3).layer
    row = X.shape[axis:]
    plain = {"LayerNormalization": F.layer_norm, "RMSNormalization": F.rms_norm}[name](torch.tensor(X), row, eps=1e-3)
    below_the_line(layer, X, (plain * torch.tensor(weight)).numpy())
    below_the_line(layer, X, layer(X))
    g = layer.vjp(X)[1](np.ones_like(X))
    assert g.parameters["weight"].shape == weight.shape
    assert abs(g.parameters["weight"].sum() - plain.sum().item()) <= X.size * 8 * FLOAT32.u * abs(plain).sum().item()
    assert abs(float(layer.why(X, at=(1, 2, 0, 3)).exact) - layer(X)[1, 2, 0, 3]) <= layer.lines(None, (X,)).proof[1, 2, 0, 3]


def test_a_row_is_known_before_the_run_where_scale_tells_it():
    assert onnx("LayerNormalization", LATER, Later((768,)), Later((768,))).layer.normalized_shape == (768,)
    for scale, axis in (((1,), -1), ((4,), 2), ((4,), -2)):
        with pytest.raises(NotKnownYet):
            onnx("LayerNormalization", LATER, Later(scale), axis=axis)


@pytest.mark.parametrize("size", [1, 2, 3, 4])
def test_lrn(size):
    layer = onnx("LRN", X, size=size, alpha=0.5, beta=0.6, bias=1.5).layer
    exact = X.astype(np.float64)
    squares = np.zeros_like(exact)
    for c in range(6):  # the sum that ONNX's documentation writes out
        first, last = max(0, c - (size - 1) // 2), min(5, c + size // 2)
        squares[:, c] = np.square(exact[:, first : last + 1]).sum(axis=1)
    below_the_line(layer, X, exact / (1.5 + 0.5 / size * squares) ** 0.6)
    below_the_line(layer, X, layer(X))


def test_parameters_of_float64_stay_so():
    fine = C[0].astype(np.float64) + 1e-12
    layer = onnx("InstanceNormalization", X, fine, C[1]).layer
    assert (layer.weight.dtype, layer.bias.dtype, layer(X).dtype) == (np.float64, np.float32, np.float32)
    assert np.array_equal(layer.weight, fine)


FUNCTIONS = [
    ("group_norm", (X, 3), {}),
    ("group_norm", (X, 3, *C, 1e-3), {}),
    ("group_norm", (X, 2), {"bias": C[1]}),
    ("layer_norm", (X, (3, 4)), {}),
    ("layer_norm", (X, [3, 4], *ROW, 1e-3), {}),
    ("layer_norm", (X, (3, 4)), {"weight": ROW[0]}),
    ("rms_norm", (X, (3, 4)), {}),
    ("rms_norm", (X, (3, 4), ROW[0], 1e-3), {}),
    ("instance_norm", (X,), {}),
    ("instance_norm", (X, None, None, *C, True, 0.2, 1e-3), {}),
    ("instance_norm", (X, MEAN, VAR), {"use_input_stats": False}),
    ("instance_norm", (X, MEAN, VAR, *C), {"use_input_stats": False, "eps": 1e-3}),
    ("local_response_norm", (X, 4, 0.5, 0.6, 1.5), {}),
    ("local_response_norm", (X, 3), {"k": 2.0}),
]


def tensors(arguments):
    return [torch.tensor(a) if isinstance(a, np.ndarray) else a for a in arguments]


@pytest.mark.parametrize(("name", "arguments", "named"), FUNCTIONS)
def test_functions(name, arguments, named):
    theirs = getattr(F, name)(*tensors(arguments), **dict(zip(named, tensors(named.values()), strict=True))).numpy()
    (ours,) = answer_torch(name, *arguments, **named)
    signature = operators("torch")[name].signature
    call = [*arguments, *(named.get(key) for key in signature[len(arguments) :])]
    layer = read(operators("torch")[name], Call(name, tuple(call))).layer
    below_the_line(layer, X, theirs)
    below_the_line(layer, X, ours)
    if name == "instance_norm":  # what it was told wins over the network's mode
        assert layer.train().uses_instance(True) == named.get("use_input_stats", True)


def test_an_instance_norm_of_torchs_own_order():
    arguments = (X, *C, MEAN, VAR, False, 0.1, 1e-3, True)
    (ours,) = answer_torch("instance_norm", *arguments)
    layer = read(operators("torch")["instance_norm"], Call("instance_norm", arguments)).layer
    below_the_line(layer, X, ours)
    below_the_line(layer, X, torch.instance_norm(*tensors(arguments)).numpy())


def test_a_function_may_follow_its_module():
    layer = read(operators("torch")["instance_norm"], Call("instance_norm", (X, MEAN, VAR, *C, FOLLOWS_MODULE))).layer
    assert not layer.uses_instance(layer.training)
    assert layer.train().uses_instance(True)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("native_group_norm", (X, *C, 2, 6, 12, 3, 1e-3)),
        ("native_group_norm", (X, None, None, 2, 6, 12, 2, 1e-3)),
        ("native_layer_norm", (X, [3, 4], *ROW, 1e-3)),
        ("native_layer_norm", (X, [6, 3, 4], None, None, 1e-3)),
        ("_fused_rms_norm", (X, [3, 4], ROW[0], 1e-3)),
        ("_fused_rms_norm", (X, [4], None, None)),
    ],
)
def test_aten_operators(name, arguments):
    ours = answer_torch(name, *arguments)
    theirs = getattr(torch.ops.aten, name).default(*tensors(arguments))
    assert len(ours) == len(theirs)
    layer = read(operators("torch")[name], Call(name, arguments)).layer
    below_the_line(layer, X, *ours)
    below_the_line(layer, X, *(y.numpy() for y in theirs))


@pytest.mark.parametrize(
    "make",
    [
        lambda: cp.InstanceNorm2d(6),
        lambda: cp.InstanceNorm2d(6, 1e-3, affine=True, bias=False),
        lambda: cp.InstanceNorm2d(6, affine=True, track_running_stats=True),
        lambda: cp.GroupNorm(3, 6, 1e-3),
        lambda: cp.GroupNorm(3, 6, affine=False),
        lambda: cp.GroupNorm(3, 6, per_group=True),
        lambda: cp.LayerNorm((3, 4), 1e-3),
        lambda: cp.LayerNorm((3, 4), bias=False),
        lambda: cp.LayerNorm(4, elementwise_affine=False, statistics=True),
        lambda: cp.RMSNorm((3, 4)),
        lambda: cp.RMSNorm(4, 1e-3, elementwise_affine=False),
        lambda: cp.LocalResponseNorm(3, 0.5, 0.6, 1.5),
        lambda: cp.LocalResponseNorm(4, 0.5),
        lambda: cp.LocalResponseNorm(4, 0.5, longer="after"),
    ],
)
def test_what_is_written_reads_back_the_same(make):
    layer = make().eval()
    for name, array in layer.arrays.items():
        if array is not None and array.dtype.kind == "f":
            layer.arrays[name] = RNG.uniform(0.5, 2, array.shape).astype(np.float32)
    expected = layer.step(X, training=False).outputs
    runs = [by_our_layers] * all(node.operator in operators("onnx") for node in layer.written())
    odd = getattr(layer, "size", 1) % 2  # of LRN, ONNX Runtime takes odd sizes alone
    for run in [*runs, *[by_onnxruntime] * odd]:
        for k, y in enumerate(run(layer)):
            assert (y.shape, y.dtype) == (expected[k].shape, expected[k].dtype)
            assert (abs(y - expected[k]) <= 2 * layer.lines(None, (X,), output=k).proof).all()


def plain(settings):
    """Settings as a file holds them: floats are float32."""
    return {key: float(np.float32(value)) if isinstance(value, float) else value for key, value in settings.items()}


def by_our_layers(layer):
    """What the written nodes give, each read by the room that knows it."""
    found = []
    for node in layer.written():
        given = [found[a.node][0] if isinstance(a, Result) else layer.arrays[a] if isinstance(a, str) else a for a in node.arguments]
        given = [X if isinstance(a, int) else a for a in given]
        reading = onnx(node.operator, *given, outputs=node.outputs, **plain(node.settings))
        found.append(reading.layer.checked_step([np.asarray(given[k]) for k in reading.inputs], False).outputs)
    return found[-1]


def by_onnxruntime(layer):
    """What ONNX Runtime makes of a model of the written nodes."""
    nodes, constants = [], {}
    for j, node in enumerate(layer.written()):
        names = []
        for k, a in enumerate(node.arguments):
            name = "x" if isinstance(a, int) else f"y{a.node}_0" if isinstance(a, Result) else a if isinstance(a, str) else f"c{j}_{k}"
            if not isinstance(a, int | Result):
                constants[name] = numpy_helper.from_array(layer.arrays[a] if isinstance(a, str) else a, name)
            names.append(name)
        nodes.append(helper.make_node(node.operator, names, [f"y{j}_{k}" for k in range(node.outputs)], **plain(node.settings)))
    value = functools.partial(helper.make_tensor_value_info, elem_type=TensorProto.FLOAT, shape=None)
    graph = helper.make_graph(nodes, "written", [value("x")], list(map(value, nodes[-1].output)), list(constants.values()))
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 22)], ir_version=10)
    return onnxruntime.InferenceSession(model.SerializeToString()).run(None, {"x": X})
