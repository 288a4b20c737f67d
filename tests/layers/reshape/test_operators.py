"""The room's layers as ONNX and PyTorch write them, and as they are written."""

import numpy as np
import pytest
import torch
from onnx.reference import ReferenceEvaluator

import convproof as cp
from convproof.core.operators import Call, Later, NotKnownYet
from convproof.formats.onnx.graph import network_of
from convproof.formats.onnx.write import model_of
from convproof.formats.operators import operators, read
from convproof.network.graph import Declared
from tests.layers.moving import labelled
from tests.layers.test_reshape import SAMPLES
from tests.operators import answer, answer_torch, assert_case, node_cases

NAMES = """Flatten Reshape Transpose Squeeze Unsqueeze Identity DepthToSpace SpaceToDepth Slice Split Gather Expand Tile"""
CASES = node_cases(*NAMES.split())
OF_TENSORS = [case for case in CASES if case.name not in ("test_identity_sequence", "test_identity_opt")]  # no arrays, but lists of them
X = labelled((2, 3, 4, 6))


@pytest.mark.parametrize("case", OF_TENSORS, ids=lambda case: case.name)
def test_onnx_case(case):
    assert_case(case)


@pytest.mark.parametrize(
    "array", [np.array([["a", "bc", ""], ["d", "e", "f"]]), np.array([[True, False, True]]), np.array([[2**62, -1, 0]])]
)
@pytest.mark.parametrize(
    ("name", "arguments", "attributes"),
    [
        ("Reshape", (np.array([-1]),), {}),
        ("Transpose", (), {}),
        ("Slice", (np.array([1]), np.array([3]), np.array([1])), {}),
        ("Gather", (np.array([2, 0]),), {"axis": 1}),
        ("Tile", (np.array([2, 2]),), {}),
        ("Split", (np.array([1, 2]),), {"axis": 1}),
        ("Identity", (), {}),
    ],
)
def test_numbers_of_any_kind_are_moved_unchanged(name, arguments, attributes, array):
    found = answer(name, Call(name, (array, *arguments), attributes, 22, 2))
    assert {y.dtype for y in found} == {array.dtype}
    assert set(np.concatenate([y.ravel() for y in found]).tolist()) <= set(array.ravel().tolist())


@pytest.mark.parametrize(
    ("name", "attributes", "version", "expected"),
    [
        ("Squeeze", {"axes": (0,)}, 11, X[:1].squeeze(0)),
        ("Unsqueeze", {"axes": (0, -1)}, 11, X[None, :1, ..., None]),
        ("Slice", {"starts": (1, 0), "ends": (3, -2), "axes": (1, -1)}, 9, X[:1, 1:3, :, :-2]),
        ("Slice", {"starts": (0, 1), "ends": (2, 3)}, 1, X[:1, 1:3]),
        ("Split", {"split": (1, 3), "axis": 2}, 11, X[:1, :, :1]),
        ("Split", {"axis": 3}, 2, X[:1, ..., :3]),
    ],
)
def test_old_forms(name, attributes, version, expected):
    found = answer(name, Call(name, (X[:1],), attributes, version, 2))
    assert np.array_equal(found[0], expected)


def test_an_axis_to_leave_out_that_is_longer_than_1_is_an_error_in_onnx_alone():
    with pytest.raises(cp.ShapeError, match="leaves out axes of length 1"):
        answer("Squeeze", Call("Squeeze", (X, np.array([0])), {}, 13))
    assert answer_torch("squeeze", X, 0)[0].shape == X.shape


def test_a_flatten_of_onnx_has_two_axes():
    flatten = operators("onnx")["Flatten"]
    assert repr(read(flatten, Call("Flatten", (Later(),), {"axis": 1})).layer) == "Flatten()"
    assert repr(read(flatten, Call("Flatten", (Later((4, 5)),), {})).layer) == "Flatten()"
    assert repr(read(flatten, Call("Flatten", (Later(),), {"axis": 0})).layer) == "Reshape(shape=(1, -1))"
    assert read(flatten, Call("Flatten", (Later((5,)),), {"axis": 1})).layer.shapes((5,)) == ((5, 1),)
    with pytest.raises(NotKnownYet):
        read(flatten, Call("Flatten", (Later(),), {"axis": 2}))
    for shape, axis in (((2, 3, 4), 3), ((2, 3, 0, 4), 2), ((0, 3, 4), 2), ((2, 3, 4), -1)):
        (y,) = answer("Flatten", Call("Flatten", (np.zeros(shape),), {"axis": axis}))
        assert y.shape == (np.prod(shape[:axis]), np.prod(shape[axis:]))


TORCH = [
    ("flatten", (), {}),
    ("flatten", (1, 2), {}),
    ("flatten", (), {"start_dim": 2}),
    ("unflatten", (3, (2, -1)), {}),
    ("view", (2, -1, 4), {}),
    ("view", ((6, 24),), {}),
    ("reshape", ([-1],), {}),
    ("permute", (0, 2, 3, 1), {}),
    ("permute", ((3, 2, 1, 0),), {}),
    ("transpose", (1, -1), {}),
    ("transpose", (), {"dim0": 0, "dim1": 2}),
    ("swapaxes", (0, 1), {}),
    ("movedim", (1, -1), {}),
    ("movedim", ((0, 1), (2, 0)), {}),
    ("squeeze", (), {}),
    ("squeeze", (1,), {}),
    ("unsqueeze", (-2,), {}),
    ("contiguous", (), {}),
    ("clone", (), {}),
    ("detach", (), {}),
    ("narrow", (3, 1, 3), {}),
    ("narrow", (2, -2, 2), {}),
    ("select", (1, -1), {}),
    ("split", (2, 2), {}),
    ("split", ([1, 2, 3],), {"dim": 3}),
    ("chunk", (4,), {"dim": 3}),
    ("unbind", (), {}),
    ("unbind", (2,), {}),
    ("repeat", (2, 1, 1, 2), {}),
    ("tile", ((2, 3),), {}),
    ("flip", (1, -1), {}),
    ("flip", ([0],), {}),
    ("roll", (2, 3), {}),
    ("roll", ((1, 2),), {"dims": (0, 1)}),
    ("roll", (5,), {}),
]


@pytest.mark.parametrize(("name", "arguments", "named"), TORCH, ids=lambda value: str(value))
def test_torchs_methods(name, arguments, named):
    theirs = getattr(torch.tensor(X), name)(*arguments, **named)
    theirs = theirs if isinstance(theirs, tuple | list) else (theirs,)
    ours = answer_torch(name, X, *arguments, **named)
    assert len(ours) == len(theirs)
    assert all(np.array_equal(y, t.numpy()) for y, t in zip(ours, theirs, strict=True))


ATEN = [
    ("_unsafe_view", ([6, -1],)),
    ("alias", ()),
    ("slice", (1, 1, None)),
    ("slice", (3, 1, 2**63 - 1, 2)),
    ("split_with_sizes", ([1, 5], 3)),
    ("pixel_shuffle", (1,)),
    ("pixel_unshuffle", (2,)),
    ("channel_shuffle", (3,)),
    ("native_channel_shuffle", (3,)),
    ("expand", ([5, -1, -1, -1, -1],)),
]


@pytest.mark.parametrize(("name", "arguments"), ATEN, ids=lambda value: str(value))
def test_atens_operators(name, arguments):
    theirs = getattr(torch.ops.aten, name)(torch.tensor(X), *arguments)
    theirs = theirs if isinstance(theirs, tuple | list) else (theirs,)
    for y, t in zip(answer_torch(name, X, *arguments), theirs, strict=True):
        assert np.array_equal(y, t.numpy())


INDICES = [
    1,
    -1,
    None,
    slice(1, None),
    (slice(None), 0),
    (..., 1),
    (slice(None), slice(None, None, 2), ..., None),
    (0, [2, 0]),
    (slice(None), np.array([0, 2])),
    (np.array(1), ..., np.int64(2)),
    (slice(None), slice(np.array(1), np.int64(3))),
]


@pytest.mark.parametrize("index", INDICES, ids=str)
def test_torchs_getitem(index):
    (y,) = answer_torch("getitem", X, index)
    theirs = torch.tensor(X)[
        tuple(torch.tensor(i) if isinstance(i, np.ndarray) else i for i in index) if isinstance(index, tuple) else index
    ]
    assert np.array_equal(y, theirs.numpy())


def test_what_has_another_tensor_beside_it():
    assert answer_torch("expand_as", X[:, :1], X)[0].shape == X.shape
    assert answer_torch("view_as", X, X.reshape(6, 24))[0].shape == (6, 24)
    assert np.array_equal(answer_torch("index_select", X, 3, np.array([5, 0]))[0], X[..., [5, 0]])
    assert np.array_equal(answer_torch("index", X, [None, np.array([2, 0])])[0], X[:, [2, 0]])
    assert np.array_equal(answer_torch("broadcast_to", X[:1], (2, 3, 4, 6))[0], np.broadcast_to(X[:1], X.shape))
    assert np.array_equal(answer_torch("t", X[0, 0])[0], X[0, 0].T)


def reading(name, *arguments):
    return operators("torch")[name].read(Call(name, arguments))


@pytest.mark.parametrize(
    "index",
    [
        Later(),
        (0, Later()),
        (slice(None), slice(0, Later())),
        np.array([True, False]),
        (np.array([0]), np.array([1])),
        np.array([[0]]),
        (2, 0),
        (0, (Later(), 1)),
    ],
    ids=str,
)
def test_an_index_that_is_not_covered_is_left_to_torch(index):
    assert reading("getitem", Later(), index) is None


def test_other_calls_that_are_left_to_torch():
    assert reading("index", Later(), (None, Later())) is None
    assert reading("index", Later(), (np.array([0]), np.array([1]))) is None
    assert reading("view", Later(), ("torch.int32",)) is None
    assert reading("expand", X, (Later(), -1, -1)) is None  # a constant, moved as a run says
    with pytest.raises(NotKnownYet):
        reading("view", Later(), (Later(), -1))


@pytest.mark.parametrize(
    ("equation", "expected"),
    [
        ("ab...->ba...", "Transpose(dim0=0, dim1=1)"),
        ("ab...c -> ac...b", "Transpose(dim0=1, dim1=-1)"),
        ("...ij->...ji", "Transpose(dim0=-2, dim1=-1)"),
        ("ijk->kji", "Transpose(dim0=0, dim1=2)"),
        ("ijk->jki", "None"),
        ("ii->ii", "None"),
        ("ij->i", "None"),
        ("ij", "None"),
        ("i...->...i", "None"),
    ],
)
def test_an_einsum_that_exchanges_two_axes(equation, expected):
    assert repr(operators("onnx")["Einsum"].read(Call("Einsum", (Later(),), {"equation": equation}))) == expected


def written_out(layer, x):
    """The network of one layer as an ONNX model."""
    outputs = [("layer", k) if k else "layer" for k in range(len(layer.shapes(x.shape)))]
    return model_of(cp.Network({"layer": (layer, "input")}, outputs=outputs, declared={"input": Declared(x.dtype, x.shape)}).eval())


# written for images; of these inputs ONNX says an error, or nothing
OTHERS = ("Split", "Unbind", "Roll of all cells", "ChannelShuffle in two", "Squeeze", "Tile along a new axis")
WRITTEN = [sample for sample in SAMPLES if sample.name not in OTHERS]


@pytest.mark.parametrize("sample", WRITTEN, ids=lambda sample: sample.name)
def test_what_is_written_computes_the_same_there_and_when_it_is_read_again(sample):
    layer, (x,) = sample.layer().eval(), sample.inputs()
    expected = layer.checked_step((x,), training=False).outputs
    model = written_out(layer, x)
    there = ReferenceEvaluator(model).run(None, {"input": x})
    again = network_of(model)(x)
    for y, t, a in zip(expected, there, again if isinstance(again, tuple) else (again,), strict=True):
        assert np.array_equal(y, t)
        assert np.array_equal(y, a)


@pytest.mark.parametrize("index", [i for i in INDICES if not isinstance(i, np.ndarray)], ids=str)
def test_an_index_is_written_as_slices(index):
    layer = cp.Index(index)
    model = written_out(layer, X)
    assert np.array_equal(ReferenceEvaluator(model).run(None, {"input": X})[0], layer(X))


@pytest.mark.parametrize("layer", [cp.Split(2), cp.Unbind()], ids=repr)
def test_what_onnx_cannot_say(layer):
    with pytest.raises(cp.NotCoveredError):
        layer.written()
