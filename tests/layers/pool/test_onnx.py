"""ONNX's poolings: its own cases, every version's attributes beside ONNX Runtime, and what our layers are written as."""

import numpy as np
import onnxruntime
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper

import convproof as cp
from convproof.core.operators import Call
from tests.operators import answer, assert_case, node_cases

NAMES = ("MaxPool", "AveragePool", "LpPool", "GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool")
CASES = node_cases(*NAMES)
KINDS = {"float32": TensorProto.FLOAT, "float64": TensorProto.DOUBLE, "uint8": TensorProto.UINT8, "int8": TensorProto.INT8}


def test_as_many_cases_as_there_are():
    assert len(CASES) == 51


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_case(case):
    assert_case(case)


def run(nodes, x, version=21, outputs=1, constants=()):
    """What ONNX Runtime makes of some nodes, or None where it refuses them."""
    names = ["y", "indices"][:outputs]
    kinds = [KINDS[str(x.dtype)], TensorProto.INT64]
    given = [helper.make_tensor_value_info("x", kinds[0], x.shape)]
    made = [helper.make_tensor_value_info(name, kind, None) for name, kind in zip(names, kinds, strict=False)]
    graph = helper.make_graph(nodes, "pooling", given, made, list(constants))
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", version)], ir_version=8)
    options = onnxruntime.SessionOptions()
    options.log_severity_level, options.intra_op_num_threads = 4, 1
    try:
        return onnxruntime.InferenceSession(model.SerializeToString(), options, ["CPUExecutionProvider"]).run(names, {"x": x})
    except Exception:  # its exceptions are of several classes without a common base
        return None


@st.composite
def poolings(draw):
    """An operator, a version, an input's sizes and attributes."""
    name, axes = draw(st.sampled_from(["MaxPool", "AveragePool", "LpPool"])), draw(st.sampled_from([1, 2, 2, 3]))
    version = draw(st.sampled_from({"MaxPool": [8, 10, 11, 12, 22], "AveragePool": [7, 10, 11, 19, 22], "LpPool": [2, 11, 18, 22]}[name]))
    sizes = tuple(draw(st.integers(2, 8 if axes < 3 else 5)) for _ in range(axes))
    kernel = [draw(st.integers(1, 4)) for _ in sizes]
    attributes = {"kernel_shape": kernel}
    if draw(st.booleans()):
        attributes["strides"] = [draw(st.integers(1, 3)) for _ in sizes]
    auto = draw(st.sampled_from(["NOTSET", "NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID"]))
    if auto != "NOTSET":
        attributes["auto_pad"] = auto
    elif draw(st.booleans()):
        attributes["pads"] = [draw(st.integers(0, k - 1)) for k in kernel * 2]
    newest = {"MaxPool": 10, "AveragePool": 19, "LpPool": 18}[name]
    if version >= newest and not auto.startswith("SAME") and draw(st.booleans()):  # ONNX Runtime forgets dilations where it pads itself
        attributes["dilations"] = [draw(st.integers(1, 2)) for _ in sizes]
    if version >= (18 if name == "LpPool" else 10) and draw(st.booleans()):
        attributes["ceil_mode"] = 1
    if name == "AveragePool":
        attributes["count_include_pad"] = draw(st.sampled_from([0, 1]))
    if name == "LpPool":
        attributes["p"] = draw(st.integers(1, 4))
    if name == "MaxPool" and draw(st.booleans()):
        attributes["storage_order"] = draw(st.sampled_from([0, 1]))
    room = zip(sizes, attributes.get("pads", [0] * 2 * axes), attributes.get("pads", [0] * 2 * axes)[axes:], strict=False)
    spans = zip(kernel, attributes.get("dilations", [1] * axes), strict=True)
    # a window that fits nowhere gives an empty array there, or, by C++'s division, one output; and an error here
    fits = all(n + before + after > d * (k - 1) for (n, before, after), (k, d) in zip(room, spans, strict=True))
    assume(fits or auto.startswith("SAME"))
    return name, version, (2, 3, *sizes), attributes, draw(st.integers(0, 2**32))


@given(poolings())
@settings(max_examples=80)
def test_every_version_beside_onnx_runtime(pooling):
    name, version, shape, attributes, seed = pooling
    x = np.random.default_rng(seed).normal(size=shape).astype(np.float32)
    outputs = 2 if "storage_order" in attributes else 1
    theirs = run([helper.make_node(name, ["x"], ["y", "indices"][:outputs], **attributes)], x, version, outputs)
    assume(theirs is not None)
    plain = {key: tuple(value) if isinstance(value, list) else value for key, value in attributes.items()}
    call = Call(name, (x,), plain, version, outputs)
    ours = answer(name, call)
    layer = layer_of(call)
    assert len(ours) == len(theirs)
    for k, (mine, other) in enumerate(zip(ours, theirs, strict=True)):
        lines = layer.lines(None, (x,), output=k)
        for y in (mine, other):
            assert (y.shape, y.dtype) == (mine.shape, mine.dtype)
            same = (y == lines.exact) | (np.isnan(y) & np.isnan(lines.exact))
            assert (same | (abs(y - lines.exact) <= lines.proof)).all()


def layer_of(call):
    """The layer that a call is read as."""
    from convproof.formats.operators import operators, read

    return read(operators("onnx")[call.name], call).layer


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.float64])
def test_other_types_as_onnx_runtime_has_them(dtype):
    x = np.random.default_rng(0).integers(-9, 9, (1, 2, 5, 6)).astype(dtype)
    attributes = {"kernel_shape": (3, 2), "pads": (1, 0, 2, 1), "strides": (2, 1)}
    theirs = run([helper.make_node("MaxPool", ["x"], ["y", "indices"], **attributes)], x, 12, 2)
    for mine, other in zip(answer("MaxPool", Call("MaxPool", (x,), attributes, 12, 2)), theirs, strict=True):
        assert mine.dtype == other.dtype
        assert np.array_equal(mine, other)


def test_old_and_odd_ways_to_say_it():
    read = {
        "lp": layer_of(Call("LpPool", (None,), {"kernel_shape": (2,), "p": 2.5}, 1)),
        "global": layer_of(Call("GlobalLpPool", (None,), {"p": 1.5}, 1)),
        "valid": layer_of(Call("MaxPool", (None,), {"kernel_shape": (2, 3), "auto_pad": "VALID", "pads": (1, 1, 1, 1)}, 12)),
        "same": layer_of(Call("AveragePool", (None,), {"kernel_shape": (2, 3), "auto_pad": "SAME_LOWER"}, 1)),
        "even pads": layer_of(Call("MaxPool", (None,), {"kernel_shape": (2, 3), "pads": (1, 0, 1, 0), "strides": (2, 1)}, 12)),
        "wide pads": layer_of(Call("MaxPool", (None,), {"kernel_shape": (2,), "pads": (0, 2)}, 12)),
    }
    assert {name: repr(layer) for name, layer in read.items()} == {
        "lp": "LPPool1d(norm_type=2.5, kernel_size=(2,), stride=(1,), absolute=True, scale_clipped=False)",
        "global": "GlobalLpPool(norm_type=1.5)",
        "valid": "MaxPool2d(kernel_size=(2, 3), stride=(1, 1))",
        "same": "AvgPool2d(kernel_size=(2, 3), stride=(1, 1), padding='same_lower', count_include_pad=False)",
        "even pads": "MaxPool2d(kernel_size=(2, 3), stride=(2, 1), padding=(1, 0))",
        "wide pads": "MaxPool1d(kernel_size=(2,), stride=(1,), padding=((0, 2),))",
    }
    with pytest.raises(cp.GraphError, match="kernel_shape=None should list 1, 2 or 3 sizes"):
        layer_of(Call("MaxPool", (None,), {}, 12))
    with pytest.raises(cp.GraphError, match=r"pads=\(1,\) should be 2 numbers that are not negative"):
        layer_of(Call("MaxPool", (None,), {"kernel_shape": (2,), "pads": (1,)}, 12))


def test_ceil_mode_before_opset_22_leaves_the_last_window_out_too():
    x = np.arange(1, 6, dtype=np.float32).reshape(1, 1, 5)
    attributes = {"kernel_shape": (2,), "strides": (3,), "pads": (1, 1), "ceil_mode": 1}
    for version in (10, 12, 22):
        assert answer("MaxPool", Call("MaxPool", (x,), attributes, version))[0].tolist() == [[[1, 4]]]
