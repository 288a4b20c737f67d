"""Networks become ONNX files: valid ones that ONNX Runtime runs at any batch size, and that come back with the same names and numbers."""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest

import convproof as cp
from convproof.core.operators import Written
from convproof.formats.onnx.graph import network_of
from convproof.formats.onnx.write import _require_same_meaning, model_of
from convproof.network.graph import Declared
from tests.formats.onnx.runtime import every_tensor, node_by_node

CLASSIFIER = Path(__file__).parents[2] / "data/ch_ppocr_mobile_v2.0_cls_infer.onnx"


def filled(layer, seed):
    """The layer with parameters and statistics that are all different; what is a variance is positive."""
    rng = np.random.default_rng(seed)
    for name, array in layer.state_dict().items():
        if array.dtype.kind == "f":
            drawn = rng.normal(size=array.shape) if layer.declared()[name].learnt else rng.uniform(0.5, 2, array.shape)
            layer.arrays[name] = drawn.astype(array.dtype)
    return layer


def residual(dtype=np.float32):
    """A block with a shared ReLU and a shared convolution, a residual addition, and two outputs."""
    shared, relu = filled(cp.Conv2d(4, 4, 3, padding=1, dtype=dtype), 2), cp.ReLU()
    return cp.Network(
        {
            "stem.conv": (filled(cp.Conv2d(3, 4, 3, padding=1, dtype=dtype), 0), "image"),
            "stem.bn": (filled(cp.BatchNorm2d(4, dtype=dtype), 1), "stem.conv"),
            "relu": (relu, "stem.bn"),
            "block.first": (shared, "relu"),
            "block.again": (shared, "block.first"),
            "block.add": (cp.Add(), "block.again", "relu"),
            "relu@2": (relu, "block.add"),
            "features": (cp.MaxPool2d(2), "relu@2"),
            "pool": (cp.AdaptiveAvgPool2d(1), "features"),
            "flatten": (cp.Flatten(), "pool"),
            "fc": (filled(cp.Linear(4, 5, dtype=dtype), 3), "flatten"),
        },
        inputs=("image",),
        outputs=("fc", "features"),
        declared={"image": Declared(np.dtype(dtype), ("batch", 3, None, None))},
    ).eval()


def images(count, dtype=np.float32):
    return np.random.default_rng(count).normal(size=(count, 3, 7, 6)).astype(dtype)


def run(path, **feeds):
    return onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"]).run(None, feeds)


def same(network, again, *inputs):
    """Whether two networks give the same outputs bit for bit."""
    ours, theirs = (found if isinstance(found, tuple) else (found,) for found in (network(*inputs), again(*inputs)))
    return [(y.dtype, y.shape, y.tobytes()) for y in ours] == [(z.dtype, z.shape, z.tobytes()) for z in theirs]


def assert_within_lines(network, model, **feeds):
    """Every node of ONNX Runtime, on its own inputs, lies within the proof line of our layer."""
    found = list(node_by_node(network, every_tensor(model, feeds)))
    assert found
    assert [(f.name, *f.worst()) for f in found if not max(f.worst()) <= 1] == []


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_network_comes_back_with_its_names_and_numbers(tmp_path, dtype):
    network = residual(dtype)
    network.save(tmp_path / "net.onnx")
    again = cp.load(tmp_path / "net.onnx")
    assert list(again.layers) == list(network.layers)
    assert [type(layer) for layer in again.layers.values()] == [
        cp.BatchNorm if type(layer) is cp.BatchNorm2d else cp.GlobalAveragePool if type(layer) is cp.AdaptiveAvgPool2d else type(layer)
        for layer in network.layers.values()
    ]
    assert [str(place) for place in again.graph.outputs] == ["fc", "features"]
    kept = again.state_dict()
    for name, array in network.state_dict().items():
        if name != "stem.bn.num_batches_tracked":  # a counter of training, which ONNX does not know
            assert (kept[name].dtype, kept[name].tobytes()) == (array.dtype, array.tobytes())
    assert same(network, again, images(2, dtype))


def test_what_is_written_is_valid_and_stores_what_is_shared_once():
    model = model_of(residual())
    onnx.checker.check_model(model, full_check=True)
    assert [(node.name, node.op_type) for node in model.graph.node] == [
        ("stem.conv", "Conv"),
        ("stem.bn", "BatchNormalization"),
        ("relu", "Relu"),
        ("block.first", "Conv"),
        ("block.again", "Conv"),
        ("block.add", "Add"),
        ("relu@2", "Relu"),
        ("features", "MaxPool"),
        ("pool", "GlobalAveragePool"),
        ("flatten", "Flatten"),
        ("fc", "Gemm"),
    ]
    assert [tensor.name for tensor in model.graph.initializer if tensor.name.startswith("block")] == [
        "block.first.weight",
        "block.first.bias",
    ]
    shape = model.graph.input[0].type.tensor_type.shape.dim
    assert [size.dim_param or size.dim_value for size in shape[:2]] == ["batch", 3]


@pytest.mark.parametrize("count", [1, 3])
def test_onnx_runtime_runs_it_at_any_batch_size(tmp_path, count):
    network, x = residual(), images(count)
    network.save(tmp_path / "net.onnx")
    scores, features = run(tmp_path / "net.onnx", image=x)
    assert (scores.shape, features.shape) == ((count, 5), (count, 4, 3, 3))
    assert_within_lines(cp.load(tmp_path / "net.onnx"), onnx.load(tmp_path / "net.onnx"), image=x)


def test_a_network_that_declares_nothing_takes_any_batch(tmp_path):
    network = cp.Sequential(conv=filled(cp.Conv2d(3, 2, 3), 4), relu=cp.ReLU()).eval()
    network.save(tmp_path / "net.onnx")
    assert [y.shape for y in run(tmp_path / "net.onnx", input=images(4))] == [(4, 2, 5, 4)]


class Unwritable(cp.ReLU):
    def written(self):
        raise cp.NotCoveredError("{layer} is nothing that ONNX knows", layer="this")


class Invalid(cp.ReLU):
    def written(self):
        return (Written("Relu", (0,), {"slope": 1}),)


@pytest.mark.parametrize(
    ("layer", "sentence"), [(Unwritable, "last: this is nothing that ONNX knows"), (Invalid, "what was to be written is no valid ONNX")]
)
def test_an_old_file_stays_when_writing_fails(tmp_path, layer, sentence):
    path = tmp_path / "net.onnx"
    cp.Sequential(relu=cp.ReLU()).save(path)
    before = path.read_bytes()
    with pytest.raises(cp.FileError, match=sentence):
        cp.Sequential(conv=cp.Conv2d(3, 2, 3), last=layer()).save(path)
    assert path.read_bytes() == before
    assert [found.name for found in tmp_path.iterdir()] == ["net.onnx"]


def test_saving_changes_nothing(tmp_path):
    network = residual().train()
    before = {name: array.tobytes() for name, array in network.state_dict().items()}
    network.save(tmp_path / "net.onnx")
    assert {name: array.tobytes() for name, array in network.state_dict().items()} == before
    assert network["stem.bn"].training


def test_a_real_classifier_comes_back_bit_for_bit(tmp_path):
    network = cp.load(CLASSIFIER)
    network.save(tmp_path / "net.onnx")
    again = cp.load(tmp_path / "net.onnx")
    assert list(again.layers) == list(network.layers)
    assert {k: v.tobytes() for k, v in again.state_dict().items()} == {k: v.tobytes() for k, v in network.state_dict().items()}
    x = np.random.default_rng(0).normal(size=(2, 3, 48, 192)).astype(np.float32)
    assert same(network, again, x)


def test_onnx_runtime_computes_the_saved_classifier_as_the_original(tmp_path):
    cp.load(CLASSIFIER).save(tmp_path / "net.onnx")
    model = onnx.load(tmp_path / "net.onnx")
    onnx.checker.check_model(model, full_check=True)
    x = np.random.default_rng(1).normal(size=(1, 3, 48, 192)).astype(np.float32)
    assert_within_lines(cp.load(tmp_path / "net.onnx"), model, x=x)
    (saved,), (original,) = run(tmp_path / "net.onnx", x=x), run(CLASSIFIER, x=x)
    assert saved.argmax() == original.argmax()


def test_a_constant_comes_back_even_without_axes(tmp_path):
    grid = np.arange(6, dtype=np.float32).reshape(2, 3) - 2
    network = cp.Network(
        {"grid": (cp.Constant(grid),), "one": (cp.Constant(np.float32(-1.5)),), "sum": (cp.Add(), "input", "grid", "one")},
        outputs=("sum", "one"),
        declared={"input": Declared(np.dtype(np.float32), ("batch", 2, 3))},
    ).eval()
    network.save(tmp_path / "net.onnx")
    again, x = cp.load(tmp_path / "net.onnx"), np.ones((4, 2, 3), np.float32)
    assert same(network, again, x)
    sums, one = run(tmp_path / "net.onnx", input=x)
    assert np.array_equal(sums, np.broadcast_to(grid - 0.5, (4, 2, 3)))
    assert (one.shape, one) == ((), -1.5)


def test_a_half_precision_model_stays_one(tmp_path):
    half = onnx.TensorProto.FLOAT16
    weight = np.random.default_rng(2).normal(size=(2, 3, 3, 3)).astype(np.float16)
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node("Conv", ["x", "w"], ["c"], name="conv"), onnx.helper.make_node("Relu", ["c"], ["y"], name="relu")],
        "half",
        [onnx.helper.make_tensor_value_info("x", half, ["n", 3, None, None])],
        [onnx.helper.make_tensor_value_info("y", half, None)],
        [onnx.numpy_helper.from_array(weight, "w")],
    )
    network, x = network_of(onnx.helper.make_model(graph, ir_version=10)), images(2, np.float16)
    network.save(tmp_path / "net.onnx")
    again = cp.load(tmp_path / "net.onnx")
    assert again["conv"].weight.dtype == network["conv"].weight.dtype
    assert network(x).dtype == np.float16
    assert same(network, again, x)


def test_an_output_that_is_an_input_or_stands_twice_gets_a_name(tmp_path):
    network = cp.Network({"relu": (cp.ReLU(), "input")}, outputs=("relu", "input", "relu")).eval()
    network.save(tmp_path / "net.onnx")
    x = images(2)
    assert same(network, cp.load(tmp_path / "net.onnx"), x)
    assert all(np.array_equal(y, expected) for y, expected in zip(run(tmp_path / "net.onnx", input=x), network(x), strict=True))


@pytest.mark.parametrize("layer", [cp.Conv2d(3, 2, 3, seed=1), cp.MaxPool2d(2, return_indices=True), cp.AdaptiveAvgPool2d(1)], ids=repr)
def test_an_image_without_a_batch_gets_one_for_onnx(tmp_path, layer):
    outputs = [("one", k) for k in range(len(layer.shapes((3, 7, 6))))]
    declared = {"input": Declared(np.dtype(np.float32), (3, 7, 6))}
    network, (x,) = cp.Network({"one": (layer, "input")}, outputs=outputs, declared=declared).eval(), images(1)
    network.save(tmp_path / "net.onnx")
    assert same(network, cp.load(tmp_path / "net.onnx"), x)
    assert [y.shape for y in run(tmp_path / "net.onnx", input=x)] == list(layer.shapes(x.shape))


def test_sizes_that_are_known_say_what_onnx_needs_numbers_for():
    declared = {"input": Declared(np.dtype(np.float32), (2, 3, 12, 8))}
    layers = {"pool": (cp.AdaptiveAvgPool2d((6, 4)), "input"), "parts": (cp.Split(2, 1), "pool"), "rows": (cp.Unbind(2), ("parts", 1))}
    network = cp.Network(layers, outputs=[("rows", 5), "parts"], declared=declared).eval()
    x = np.random.default_rng(3).normal(size=(2, 3, 12, 8)).astype(np.float32)
    assert same(network, network_of(model_of(network)), x)


def test_what_does_not_fit_is_told_with_the_layer_and_what_it_reads():
    declared = {"input": Declared(np.dtype(np.float32), (2, 3, 4))}
    network = cp.Network({"perm": (cp.Permute((0, 2, 3, 1)), "input")}, declared=declared)
    with pytest.raises(cp.FileError, match=r"perm: ONNX cannot write Permute\(.*\) for what it reads, of shape \(2, 3, 4\): "):
        model_of(network)


@pytest.mark.parametrize(
    ("operator", "version"), [("Shape", 1), ("Cast", 9), ("Reshape", 5), ("Gather", 1), ("ReduceMax", 18), ("TopK", 10)]
)
def test_an_old_operator_that_means_the_same_is_kept(operator, version):
    _require_same_meaning("node", Written(operator, version=version))


@pytest.mark.parametrize(
    ("operator", "version"), [("Softmax", 11), ("Slice", 9), ("Resize", 10), ("Split", 13), ("PRelu", 6), ("ReduceSum", 11), ("Cast", 1)]
)
def test_an_old_operator_that_means_something_else_is_not(operator, version):
    with pytest.raises(cp.FileError, match=rf"^node: {operator} of version \d+ of ONNX's operators is written otherwise in version \d+"):
        _require_same_meaning("node", Written(operator, version=version))


MIXED = {
    "a clip": lambda: cp.ReLU6(),
    "a padding": lambda: cp.ConstantPad2d(1, -2.5),
    "a slope": lambda: cp.PReLU(),
    "a norm without gamma": lambda: cp.BatchNorm2d(3, affine=False),
    "a norm": lambda: cp.LayerNorm((7, 6)),
    "a steep softplus": lambda: cp.Softplus(2, 3),
    "a resize": lambda: cp.Upsample(scale_factor=1.5, mode="bilinear", align_corners=True),
}


@pytest.mark.parametrize("dtype", [np.float16, np.float64])
@pytest.mark.parametrize("name", MIXED)
def test_a_constant_gets_the_type_of_the_numbers_that_it_meets(name, dtype):
    declared = {"input": Declared(np.dtype(dtype), ("batch", 3, 7, 6))}
    network = cp.Network({"one": (MIXED[name](), "input")}, declared=declared).eval()
    model = model_of(network)
    onnx.checker.check_model(model, full_check=True)
    assert same(network, network_of(model), images(2, dtype))


def test_a_constant_that_half_precision_does_not_have_is_an_error():
    declared = {"input": Declared(np.dtype(np.float16), ("batch", 3))}
    network = cp.Network({"one": (cp.Threshold(0.1, 2), "input")}, declared=declared).eval()
    with pytest.raises(cp.FileError, match=r"one: ONNX cannot write Threshold.* has inconsistent type"):
        model_of(network)
