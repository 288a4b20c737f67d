"""Damaged model files: bytes that were flipped, cut, doubled, and fields of the model that say something else."""

import copy
import struct
from collections.abc import Iterator

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

EXTREMES = (-1, 0, 1, 2, 3, 7, 255, 2**31 - 1, 2**31, -(2**31), 2**62, -(2**63), 2**63 - 1)
OPERATORS = (
    *("Conv", "Relu", "BatchNormalization", "MaxPool", "Reshape", "Gemm", "Concat", "Softmax", "Resize", "Slice", "Pad", "Transpose"),
    *("ConvTranspose", "Constant", "ConstantOfShape", "Split", "Gather", "Clip", "Dropout", "Expand", "Tile", "LRN", "Sum"),
    *("LayerNormalization", "If", "Nothing"),
)


def small_model() -> onnx.ModelProto:
    """A network that has a bit of everything: weights, constants, shape arithmetic, several branches and outputs."""
    rng = np.random.default_rng(0)

    def stored(name, *shape):
        return numpy_helper.from_array(rng.normal(size=shape).astype(np.float32), name)

    tensors = [
        stored("w1", 4, 3, 3, 3), stored("b1", 4), stored("gamma", 4), stored("beta", 4), stored("mean", 4),
        numpy_helper.from_array(np.ones(4, np.float32), "var"), stored("w2", 24, 5), stored("b2", 5),
        numpy_helper.from_array(np.array([0, -1]), "flat"), numpy_helper.from_array(np.array([1, 1, 2, 2], np.float32), "scales"),
    ]  # fmt: skip
    nodes = [
        helper.make_node("Conv", ["x", "w1", "b1"], ["c"], name="conv1", pads=[1, 1, 1, 1], kernel_shape=[3, 3], group=1),
        helper.make_node("BatchNormalization", ["c", "gamma", "beta", "mean", "var"], ["n"], name="bn1", epsilon=1e-3),
        helper.make_node("Relu", ["n"], ["r"], name="relu1"),
        helper.make_node("MaxPool", ["r"], ["p"], name="pool1", kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("Resize", ["p", "", "scales"], ["u"], name="up", mode="nearest"),
        helper.make_node("Concat", ["u", "r"], ["j"], name="join", axis=1),
        helper.make_node("Constant", [], ["half"], value=numpy_helper.from_array(np.float32(0.5))),
        helper.make_node("Mul", ["j", "half"], ["m"], name="halved"),
        helper.make_node("GlobalAveragePool", ["m"], ["g"], name="gap"),
        helper.make_node("Shape", ["p"], ["s"], name="shape"),
        helper.make_node("Gather", ["s", "flat"], ["batch"], name="some"),
        helper.make_node("Reshape", ["p", "flat"], ["f"], name="flatten"),
        helper.make_node("Gemm", ["f", "w2", "b2"], ["y"], name="fc", alpha=1.0),
        helper.make_node("Softmax", ["y"], ["prob"], name="softmax", axis=1),
        helper.make_node("Transpose", ["g"], ["t"], name="turn", perm=[0, 2, 3, 1]),
        helper.make_node("Pad", ["t", "pads"], ["z"], name="pad", mode="constant"),
        helper.make_node("Clip", ["z", "", ""], ["k"], name="clip"),
    ]
    tensors.append(numpy_helper.from_array(np.array([0, 1, 0, 0, 0, 0, 1, 0]), "pads"))
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 3, 4, 6])
    outputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in ("prob", "k")]
    graph = helper.make_graph(nodes, "small", [x], outputs, tensors)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def bytes_changed(data: bytes, rng: np.random.Generator) -> bytes:
    """The file with bytes flipped, cut out, doubled, or its end missing."""
    raw = bytearray(data)
    for _ in range(int(rng.integers(1, 5))):
        at, n = int(rng.integers(len(raw))), int(rng.integers(1, 40))
        kind = rng.integers(5)
        if kind == 0:
            raw[at] ^= 1 << int(rng.integers(8))
        elif kind == 1:
            del raw[at : at + n]
        elif kind == 2:
            raw[at:at] = raw[at : at + n]
        elif kind == 3:
            raw[at : at + n] = rng.bytes(n)
        else:
            del raw[at:]
        if not raw:
            break
    return bytes(raw)


def fields_changed(model: onnx.ModelProto, rng: np.random.Generator) -> bytes:
    """The model with one to three of its fields saying something else."""
    model = copy.deepcopy(model)
    for _ in range(int(rng.integers(1, 4))):
        MUTATIONS[int(rng.integers(len(MUTATIONS)))](model.graph, rng)
    if rng.integers(8) == 0:
        model.opset_import[0].version = int(rng.choice([0, 1, 5, 6, 8, 10, 12, 19, 22, 99]))
    return model.SerializeToString()


def _node(graph, rng):
    return graph.node[int(rng.integers(len(graph.node)))]


def _attribute(graph, rng):
    node = _node(graph, rng)
    if not node.attribute:
        node.attribute.append(helper.make_attribute("axis", int(rng.choice(EXTREMES))))
        return
    attribute = node.attribute[int(rng.integers(len(node.attribute)))]
    if attribute.ints:
        attribute.ints[int(rng.integers(len(attribute.ints)))] = int(rng.choice(EXTREMES))
        if rng.integers(3) == 0:
            attribute.ints.append(1)
    attribute.i = int(rng.choice(EXTREMES))
    attribute.f = float(rng.choice([0.0, -1.0, np.nan, np.inf, 1e38]))
    if rng.integers(4) == 0:
        attribute.type = int(rng.integers(12))
    if rng.integers(4) == 0:
        attribute.name = str(rng.choice(["axis", "mode", "perm", "kernel_shape", "nothing", ""]))
    if attribute.s:
        attribute.s = bytes(rng.choice([b"", b"linear", b"\xff\xfe", b"reflect"]))


def _operator(graph, rng):
    _node(graph, rng).op_type = str(rng.choice(OPERATORS))


def _domain(graph, rng):
    _node(graph, rng).domain = str(rng.choice(["ai.onnx.ml", "com.microsoft", "ai.onnx"]))


def _input(graph, rng):
    node = _node(graph, rng)
    names = ["", "x", "c", "w1", "flat", "prob", "missing", "half", "s"]
    if node.input and rng.integers(3):
        node.input[int(rng.integers(len(node.input)))] = str(rng.choice(names))
    else:
        node.input.append(str(rng.choice(names)))


def _output(graph, rng):
    node = _node(graph, rng)
    if rng.integers(2) and node.output:
        node.output[0] = str(rng.choice(["", "x", "c", "new", "r"]))
    else:
        node.output.append("more")


def _removed(graph, rng):
    what = (graph.node, graph.initializer, graph.input, graph.output)[int(rng.integers(4))]
    if what:
        del what[int(rng.integers(len(what)))]


def _tensor(graph, rng):
    if not graph.initializer:
        return
    tensor = graph.initializer[int(rng.integers(len(graph.initializer)))]
    kind = rng.integers(4)
    if kind == 0 and tensor.dims:
        tensor.dims[int(rng.integers(len(tensor.dims)))] = int(rng.choice(EXTREMES))
    elif kind == 1:
        tensor.data_type = int(rng.integers(0, 24))
    elif kind == 2:
        tensor.raw_data = tensor.raw_data[: int(rng.integers(len(tensor.raw_data) + 1))]
    else:
        tensor.raw_data = struct.pack("<f", float("nan")) * (len(tensor.raw_data) // 4)


def _values(graph, rng):
    whole = [t for t in graph.initializer if t.data_type == TensorProto.INT64]
    if whole:
        tensor = whole[int(rng.integers(len(whole)))]
        tensor.raw_data = np.array(rng.choice(EXTREMES, size=len(tensor.raw_data) // 8), np.int64).tobytes()


def _input_type(graph, rng):
    if graph.input:
        kind = graph.input[0].type.tensor_type
        kind.elem_type = int(rng.integers(0, 24))
        if kind.shape.dim and rng.integers(2):
            kind.shape.dim[int(rng.integers(len(kind.shape.dim)))].dim_value = int(rng.choice(EXTREMES))


def _swapped(graph, rng):
    a, b = (int(rng.integers(len(graph.node))) for _ in range(2))
    first, second = copy.deepcopy(graph.node[a]), copy.deepcopy(graph.node[b])
    graph.node[a].CopyFrom(second)
    graph.node[b].CopyFrom(first)


def _external(graph, rng):
    if graph.initializer:
        tensor = graph.initializer[0]
        tensor.data_location = TensorProto.EXTERNAL
        tensor.external_data.add(key="location", value=str(rng.choice(["../secret", "/etc/passwd", "there", ""])))


MUTATIONS = (
    *(_attribute, _attribute, _attribute, _operator, _domain, _input, _output, _removed),
    *(_tensor, _tensor, _values, _input_type, _swapped, _external),
)


def mutants(count: int, seed: int) -> Iterator[bytes]:
    """Damaged files, half of them by bytes and half by fields."""
    rng = np.random.default_rng(seed)
    model = small_model()
    data = model.SerializeToString()
    for k in range(count):
        yield bytes_changed(data, rng) if k % 2 else fields_changed(model, rng)
