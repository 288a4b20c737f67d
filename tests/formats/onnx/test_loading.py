"""What a file says beside its numbers: names, open sizes, types, where weights come from; and what is refused."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

import convproof as cp
from convproof.formats.onnx.graph import network_of

RNG = np.random.default_rng(4)


def stored(name, array):
    return numpy_helper.from_array(np.asarray(array), name)


def model(nodes, inputs, outputs, tensors=(), version=17):
    """A model of some nodes; inputs by name with dtype and sizes, outputs by name."""
    given = [helper.make_tensor_value_info(name, kind, sizes) for name, (kind, sizes) in inputs.items()]
    made = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs]
    graph = helper.make_graph(nodes, "test", given, made, list(tensors))
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", version)], ir_version=8)


FLOAT = TensorProto.FLOAT
WEIGHT = RNG.normal(size=(2, 3, 3, 3)).astype(np.float32)


def test_nodes_have_their_names_and_arrays_their_tensors():
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["c"], name="first"),
        helper.make_node("Relu", ["c"], ["r"]),
        helper.make_node("Relu", ["r"], ["y"], name="first"),
    ]
    with pytest.warns(cp.NameWarning, match="two layers are called 'first'; the second is 'first@2' here"):
        net = network_of(model(nodes, {"x": (FLOAT, ["batch", 3, None, 7])}, ["y"], [stored("w", WEIGHT)]))
    assert list(net.layers) == ["first", "Relu_1", "first@2"]
    assert net.declared["x"].sizes == ("batch", 3, None, 7)
    x = RNG.normal(size=(1, 3, 5, 7)).astype(np.float32)
    trace = net.trace(x)
    assert np.array_equal(trace["c"], trace["first"])
    assert trace.why("r", (0, 1, 2, 3)).layer == "Relu_1"
    assert np.array_equal(net["first"].weight, WEIGHT)


@pytest.mark.parametrize("how", ["initializer", "constant", "constant of shape", "worked out"])
def test_weights_come_in_several_ways(how):
    nodes, tensors, weight = [helper.make_node("Conv", ["x", "w"], ["y"])], [], WEIGHT
    if how == "initializer":
        tensors = [stored("w", WEIGHT)]
    elif how == "constant":
        nodes.insert(0, helper.make_node("Constant", [], ["w"], value=stored("", WEIGHT)))
    elif how == "constant of shape":
        weight = np.full(WEIGHT.shape, 0.25, np.float32)
        tensors = [stored("s", np.array(WEIGHT.shape))]
        nodes.insert(0, helper.make_node("ConstantOfShape", ["s"], ["w"], value=stored("", np.array([0.25], np.float32))))
    else:
        tensors = [stored("v", WEIGHT.transpose(3, 2, 1, 0))]
        nodes.insert(0, helper.make_node("Transpose", ["v"], ["w"]))
    net = network_of(model(nodes, {"x": (FLOAT, [1, 3, 5, 6])}, ["y"], tensors))
    (layer,) = net.layers.values()
    assert isinstance(layer, cp.Conv2d)
    assert np.array_equal(layer.weight, weight)


def test_weights_that_only_a_run_knows_are_inputs_of_their_layer():
    net = network_of(model([helper.make_node("Conv", ["x", "w", "b"], ["y"], name="conv")], dict.fromkeys("xwb", (FLOAT, None)), ["y"]))
    x, b = RNG.normal(size=(2, 3, 5, 6)).astype(np.float32), np.array([0.5, -1], np.float32)
    known = cp.Conv2d(3, 2, 3).initialise(weight=WEIGHT, bias=b)
    assert np.array_equal(net(x, WEIGHT, b), known(x))
    d = net.trace(x, WEIGHT, b).why("conv", (1, 0, 2, 3))
    assert d.exact == known.why(x, at=(1, 0, 2, 3)).exact
    sources = {str(leaf.source): leaf.source.index for part in d.terms[:1] for leaf in part.parts}
    assert sources == {"x[1, 0, 2, 3]": 0, "weight[0, 0, 0, 0]": 1}
    assert d.expand(-1).value == 0.5
    _, pullback = net.vjp(x, WEIGHT, b)
    dy = RNG.normal(size=(2, 2, 3, 4)).astype(np.float32)
    expected = known.vjp(x)[1](dy)
    for ours, theirs in zip(pullback(dy).inputs, (*expected.inputs, *expected.parameters.values()), strict=True):
        assert np.array_equal(ours, theirs)


def shape_arithmetic():
    """x -> (N, -1), by way of Shape, Gather, Concat."""
    nodes = [
        helper.make_node("Shape", ["x"], ["s"], name="shape"),
        helper.make_node("Gather", ["s", "zero"], ["n"], name="batch"),
        helper.make_node("Concat", ["n", "rest"], ["to"], name="sizes", axis=0),
        helper.make_node("Reshape", ["x", "to"], ["y"], name="flat"),
    ]
    return model(nodes, {"x": (FLOAT, ["n", 3, "h", "w"])}, ["y"], [stored("zero", [0]), stored("rest", [-1])])


def test_shape_arithmetic_is_worked_out_for_every_shape():
    net = network_of(shape_arithmetic())
    assert net.shapes((2, 3, 4, 5)) == ((2, 60),)
    assert net.shapes((7, 3, 1, 2)) == ((7, 6),)
    x = RNG.normal(size=(2, 3, 4, 5)).astype(np.float32)
    trace = net.trace(x)
    assert np.array_equal(trace["flat"], x.reshape(2, 60))
    d = trace.why("flat", (1, 37))
    assert d.exact == x[1, 1, 3, 2]
    assert d.terms[0].source.cell == (1, 1, 3, 2)


def test_delegated_operators_are_marked_and_end_a_derivation_where_they_compute():
    nodes = [helper.make_node("CumSum", ["x", "axis"], ["c"], name="sums"), helper.make_node("Relu", ["c"], ["y"], name="relu")]
    net = network_of(model(nodes, {"x": (FLOAT, [2, 3])}, ["y"], [stored("axis", np.int64(1))]))
    assert [row.support for row in net.summary((2, 3)).rows] == ["delegated", "ours"]
    x = np.array([[1, 2, 3], [-1, -2, 4]], np.float32)
    trace = net.trace(x)
    assert trace["sums"].tolist() == [[1, 3, 6], [-1, -3, 1]]
    with pytest.raises(cp.NotCoveredError, match="CumSum is delegated and computes: a derivation ends here"):
        trace.why("sums", (0, 2))
    assert trace.why("relu", (0, 2)).value == 6


def test_delegated_operators_that_move_numbers_are_derived_all_the_same():
    nodes = [helper.make_node("ReverseSequence", ["x", "lengths"], ["y"], name="turned", batch_axis=0, time_axis=1)]
    net = network_of(model(nodes, {"x": (FLOAT, [2, 4])}, ["y"], [stored("lengths", [4, 2])]))
    x = RNG.normal(size=(2, 4)).astype(np.float32)
    trace = net.trace(x)
    for cell in np.ndindex(2, 4):
        d = trace.why("turned", cell)
        assert d.value == x[d.terms[0].source.cell]
    assert trace.why("turned", (0, 0)).expand(0).cell == (0, 3)
    assert trace.why("turned", (1, 3)).expand(0).cell == (1, 3)
    dy = RNG.normal(size=(2, 4)).astype(np.float32)
    assert net.vjp(x)[1](dy).inputs[0].tolist() == [dy[0, ::-1].tolist(), [dy[1, 1], dy[1, 0], *dy[1, 2:].tolist()]]


def test_sorting_is_no_movement_even_of_sorted_numbers():
    nodes = [helper.make_node("TopK", ["x", "k"], ["v", "i"], name="top", sorted=1)]
    net = network_of(model(nodes, {"x": (FLOAT, [3])}, ["v"], [stored("k", [3])]))
    with pytest.raises(cp.NotCoveredError, match="TopK is delegated and computes"):
        net.trace(np.array([3, 2, 1], np.float32)).why("top", (0,))


def test_an_unknown_operator_is_listed_and_stops_a_run_with_a_sentence():
    nodes = [helper.make_node("Relu", ["x"], ["r"], name="relu"), helper.make_node("Magic", ["r"], ["y"], name="magic", domain="my.own")]
    net = network_of(model(nodes, {"x": (FLOAT, [2])}, ["y"]))
    assert [row.support for row in net.summary((2,)).rows] == ["ours", "unknown"]
    with pytest.raises(cp.NotCoveredError, match=r"Magic cannot be computed: ONNX has no operator of this name in the domain 'my.own'"):
        net(np.ones(2, np.float32))


def test_several_inputs_and_outputs_keep_their_order():
    nodes = [helper.make_node("Sub", ["b", "a"], ["d"]), helper.make_node("Split", ["d"], ["l", "r"], axis=1)]
    net = network_of(model(nodes, {"a": (FLOAT, [2, 4]), "b": (FLOAT, [2, 4])}, ["r", "a", "l"]))
    a, b = RNG.normal(size=(2, 2, 4)).astype(np.float32)
    right, same, left = net(a, b)
    assert np.array_equal(np.hstack([left, right]), b - a)
    assert np.array_equal(same, a)


def test_inputs_are_of_the_type_that_the_file_says():
    nodes = [helper.make_node("Add", ["x", "x"], ["y"])]
    net = network_of(model(nodes, {"x": (TensorProto.UINT8, [3])}, ["y"]))
    assert net([1, 2, 200]).dtype == np.uint8
    assert net([1, 2, 200]).tolist() == [2, 4, 144]
    half = network_of(model(nodes, {"x": (TensorProto.FLOAT16, [2])}, ["y"]))
    assert half(np.array([0.1, 2049.0])).tolist() == [float(np.float16(0.1)) * 2, 4096]


# what is refused


def saved(tmp_path, made):
    (tmp_path / "model.onnx").write_bytes(made.SerializeToString())
    return tmp_path / "model.onnx"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "model.onnx"),
        (b"not a model at all", "cannot be read as an ONNX model"),
        (shape_arithmetic().SerializeToString()[:-40], "model.onnx"),
    ],
)
def test_files_that_are_no_models(tmp_path, content, sentence):
    (tmp_path / "model.onnx").write_bytes(content)
    with pytest.raises((cp.FileError, cp.GraphError), match=sentence):
        cp.load(tmp_path / "model.onnx")


@pytest.mark.parametrize(
    ("location", "sentence"),
    [
        ("../secret.bin", "outside the model's folder, where nothing is read"),
        ("/etc/hostname", "outside the model's folder"),
        ("gone.bin", "are in 'gone.bin', which is missing beside the model"),
    ],
)
def test_external_numbers_come_from_the_models_folder_alone(tmp_path, location, sentence):
    (tmp_path / "inside").mkdir()
    (tmp_path / "secret.bin").write_bytes(WEIGHT.tobytes())
    tensor = TensorProto(name="w", data_type=FLOAT, dims=WEIGHT.shape, data_location=TensorProto.EXTERNAL)
    tensor.external_data.add(key="location", value=location)
    made = model([helper.make_node("Conv", ["x", "w"], ["y"])], {"x": (FLOAT, [1, 3, 5, 6])}, ["y"], [tensor])
    with pytest.raises(cp.FileError, match=sentence):
        cp.load(saved(tmp_path / "inside", made))


def test_external_numbers_beside_the_model_are_read(tmp_path):
    made = model([helper.make_node("Conv", ["x", "w"], ["y"])], {"x": (FLOAT, [1, 3, 5, 6])}, ["y"], [stored("w", WEIGHT)])
    onnx.save(made, tmp_path / "model.onnx", save_as_external_data=True, location="numbers.bin", size_threshold=0)
    (layer,) = cp.load(tmp_path / "model.onnx").layers.values()
    assert np.array_equal(layer.weight, WEIGHT)


def one_node(operator, inputs, sizes, *tensors, **settings):
    node = helper.make_node(operator, inputs, ["y"], name="node", **settings)
    return model([node], {"x": (FLOAT, sizes)}, ["y"], tensors)


CLAIMS = TensorProto(name="w", data_type=FLOAT, dims=[2**40, 2**10])


@pytest.mark.parametrize(
    ("made", "sentence"),
    [
        (one_node("Relu", ["x"], [2], CLAIMS), "w claims the shape .* bytes: the file is damaged"),
        (one_node("Expand", ["x", "s"], [2], stored("s", [2**20, 2**20, 2])), "more cells than any network has"),
        (one_node("Relu", ["z"], [2]), "node .*reads 'z', which nothing before it makes"),
        (one_node("Conv", ["x", "w"], [1, 3, 5, 6], stored("w", WEIGHT[:1]), group=2), "node .*groups=2 must divide"),
    ],
)
def test_models_that_cannot_be(tmp_path, made, sentence):
    path = saved(tmp_path, made)
    with pytest.raises(cp.ConvproofError, match=sentence):
        cp.load(path)(np.ones(2, np.float32))
