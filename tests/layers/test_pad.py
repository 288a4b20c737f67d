"""What is peculiar to padding."""

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from onnx.reference import ReferenceEvaluator

import convproof as cp
from convproof.core.formats import FLOAT64
from convproof.core.lines import Lines
from convproof.core.operators import Call, Later
from convproof.formats.onnx.graph import network_of
from convproof.formats.onnx.write import model_of
from convproof.formats.operators import operators, read
from convproof.network.graph import Declared
from tests.layers.moving import assert_as_torch, labelled
from tests.operators import answer, answer_torch, assert_case, node_cases
from tests.samples import Sample

F = torch.nn.functional
SHAPES = {1: (2, 3, 7), 2: (2, 3, 5, 4), 3: (1, 2, 4, 3, 5)}
AMOUNTS = {1: (2, 1), 2: (1, 2, 3, 0), 3: (1, 2, 0, 1, 2, 1)}
KINDS = ("ReflectionPad", "ReplicationPad", "CircularPad", "ZeroPad", "ConstantPad")


def _module(name, shape, *args):
    kind = name.split()[0]
    return Sample(name, lambda: getattr(cp, kind)(*args), (shape,), lambda: getattr(torch.nn, kind)(*args))


def _pad(name, shape, *args, **keywords):
    return Sample(f"Pad {name}", lambda: cp.Pad(*args, **keywords), (shape,), lambda: lambda x: F.pad(x, *args))


SAMPLES = [
    *(
        _module(f"{kind}{axes}d", SHAPES[axes], AMOUNTS[axes], *((-0.1,) if kind == "ConstantPad" else ()))
        for kind in KINDS
        for axes in (1, 2, 3)
    ),
    _module("ReflectionPad2d of one number", (2, 3, 4, 5), 2),
    _module("ZeroPad2d that cuts", (2, 3, 6, 5), (1, -1, -2, 0)),
    _module("ReplicationPad1d that cuts", (2, 3, 5), (-1, 2)),
    _module("ConstantPad1d of an exact number", (2, 5), 3, 1.5),
    _pad("with zeros", (2, 3, 4), (1, 2, 0, 1)),
    _pad("with a constant", (2, 4, 3), (1, -2, 2, 1, 1, 0), "constant", 1e-3),
    _pad("by reflection", (2, 3, 5, 4), (1, 2, 3, -1), "reflect"),
    _pad("by replication", (2, 3, 5), (4, 1), "replicate"),
    _pad("round a ring", (2, 3, 5, 4), (1, -2, -1, -3), "circular"),
    Sample("Pad of named axes", lambda: cp.Pad((1, 2, 0, 3), dims=(0, -2)), ((2, 3, 4),), lambda: lambda x: F.pad(x, (0, 0, 0, 3, 1, 2))),
]


def both(layer, theirs, shape):
    """Either both refuse, or both give the same."""
    try:
        theirs(torch.zeros(shape))
    except (RuntimeError, ValueError, NotImplementedError, IndexError):
        with pytest.raises((cp.ShapeError, cp.SettingError)):
            layer().shapes(shape)
    else:
        assert_as_torch(layer(), theirs, shape)


@given(st.sampled_from(KINDS[:3]), st.integers(1, 2), st.data())
@settings(max_examples=150)
def test_torchs_modules(kind, axes, data):
    shape = tuple(data.draw(st.lists(st.integers(1, 4), min_size=axes + 1, max_size=axes + 3)))
    amounts = [data.draw(st.integers(-2, 4)) for _ in range(2 * axes)]
    for k, size in enumerate(shape[::-1][:axes]):
        before, after = amounts[2 * k : 2 * k + 2]
        left = size + min(before, 0) + min(after, 0)
        assume(left > 0)  # torch lets one axis become empty, but not both
        # torch reads memory that nobody wrote where it cuts a ring on one side and asks the other for more than is left
        assume(kind != "CircularPad" or min(before, after) >= 0 or max(before, after) <= left)
    name = f"{kind}{axes}d"
    both(lambda: getattr(cp, name)(tuple(amounts)), getattr(torch.nn, name)(tuple(amounts)), shape)


@given(st.integers(1, 3), st.sampled_from([0.0, -2.5, 0.1, 3]), st.data())
@settings(max_examples=100)
def test_torchs_constant(axes, value, data):
    shape = tuple(data.draw(st.lists(st.integers(0, 4), min_size=1, max_size=4)))
    amounts = tuple(data.draw(st.integers(-2, 3)) for _ in range(2 * axes))
    theirs = F.pad
    try:
        y = theirs(torch.tensor(labelled(shape)), amounts, "constant", value).numpy()
    except RuntimeError:
        with pytest.raises(cp.ShapeError):
            cp.Pad(amounts, value=value).shapes(shape)
        return
    layer = cp.Pad(amounts, value=value)
    assert np.array_equal(layer(labelled(shape)), y)
    lines = layer.lines(None, (labelled(shape),))
    assert (abs(y - lines.exact) <= lines.proof).all()
    assert (lines.proof > 0).any() == (value == 0.1 and y.size > np.isin(y, labelled(shape)).sum())


@pytest.mark.parametrize("case", node_cases("Pad"), ids=lambda case: case.name)
def test_onnx_case(case):
    assert_case(case)


def test_by_hand():
    x = np.array([1.0, 2, 3, 4])
    shown = {
        "constant": [9, 9, 1, 2, 3, 4, 9],
        "reflect": [3, 2, 1, 2, 3, 4, 3],
        "replicate": [1, 1, 1, 2, 3, 4, 4],
        "circular": [3, 4, 1, 2, 3, 4, 1],
    }
    for mode, expected in shown.items():
        assert cp.Pad((2, 1), mode, 9)(x).tolist() == expected
    assert cp.Pad((-1, 2), "circular")(x).tolist() == [2, 3, 4, 2, 3]
    assert cp.Pad((-1, 2), "reflect")(x).tolist() == [2, 3, 4, 3, 2]
    assert cp.Pad((9, 0), "reflect")(x).tolist() == [4, 3, 2, 1, 2, 3, 4, 3, 2, 1, 2, 3, 4]
    assert cp.Pad((5, 0), "circular")(x).tolist() == [4, 1, 2, 3, 4, 1, 2, 3, 4]
    assert cp.ZeroPad2d((1, 0, 0, 2))(np.ones((1, 2))).tolist() == [[0, 1, 1], [0, 0, 0], [0, 0, 0]]


OLD = [
    (2, (np.ones((2, 3)),), {"pads": (0, 1, 2, 0), "value": 1.5}, F.pad(torch.ones(2, 3), (1, 0, 0, 2), value=1.5)),
    (10, (np.ones((2, 3)),), {"pads": (0, 1, 0, 2), "mode": "edge"}, torch.ones(2, 6)),
    (11, (np.arange(6).reshape(2, 3), np.array([0, -1, 0, 1]), np.array(7)), {}, torch.tensor([[1, 2, 7], [4, 5, 7]])),
    (18, (np.arange(3), np.array([2, 0]), None, np.array([-1])), {"mode": "wrap"}, torch.tensor([1, 2, 0, 1, 2])),
    (13, (np.array([[True, False]]), np.array([0, 1, 1, 0])), {}, torch.tensor([[False, True, False], [False] * 3])),
    (21, (np.array(["a", "b"]), np.array([1, 0])), {"mode": "reflect"}, np.array(["b", "a", "b"])),
]


@pytest.mark.parametrize(("version", "arguments", "attributes", "expected"), OLD, ids=[str(case[0]) for case in OLD])
def test_onnx_in_every_form(version, arguments, attributes, expected):
    (y,) = answer("Pad", Call("Pad", arguments, attributes, version))
    assert np.array_equal(y, np.asarray(expected))
    assert y.dtype == arguments[0].dtype


def test_axes_that_stay_are_left_out_of_what_is_read():
    found = read(operators("onnx")["Pad"], Call("Pad", (Later(), np.array([0, 0, 1, 1, 0, 0, 1, 2])), {"mode": "reflect"}, 13))
    assert repr(found.layer) == "Pad(pad=(1, 1, 1, 2), mode='reflect', dims=(2, 3))"


@pytest.mark.parametrize(
    ("name", "shape", "arguments"),
    [
        ("pad", (2, 3, 4), ((1, 2),)),
        ("pad", (2, 3, 4), ([1, -2, 0, 1], "constant", 2.5)),
        ("pad", (2, 3, 4), ((1, 2), "circular")),
        ("constant_pad_nd", (2, 3, 4), ((0, 1, 2, 0), -1.5)),
        ("constant_pad_nd", (2, 3, 4), ((3, 1),)),
        ("reflection_pad1d", (2, 3, 4), ([1, 3],)),
        ("reflection_pad2d", (2, 3, 4), ([1, 3, 2, 0],)),
        ("reflection_pad3d", (2, 3, 4, 3), ([1, 2, 2, 0, 0, 1],)),
        ("replication_pad1d", (2, 3, 4), ([5, 0],)),
        ("replication_pad2d", (2, 3, 4), ([1, 3, 2, 0],)),
        ("replication_pad3d", (2, 3, 4, 3), ([1, 2, 2, 0, 0, 1],)),
    ],
)
def test_torchs_functions(name, shape, arguments):
    x = labelled(shape)
    theirs = F.pad if name == "pad" else getattr(torch.ops.aten, name)
    (y,) = answer_torch(name, x, *arguments)
    assert np.array_equal(y, theirs(torch.tensor(x), *arguments).numpy())
    if name == "pad":
        named = dict(zip(("pad", "mode", "value"), arguments, strict=False))
        assert np.array_equal(answer_torch("pad", x, **named)[0], y)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_what_is_written_computes_the_same_there_and_when_it_is_read_again(sample):
    layer, (x,) = sample.layer().eval(), sample.inputs()
    model = model_of(cp.Network({"layer": (layer, "input")}, declared={"input": Declared(x.dtype, x.shape)}).eval())
    assert np.array_equal(network_of(model)(x), layer(x))
    if not any(min(amount) < 0 for amount in layer.amounts().values()):  # the reference does not know amounts below 0
        assert np.array_equal(ReferenceEvaluator(model).run(None, {"input": x})[0], layer(x))


@pytest.mark.parametrize("mode", ["reflect", "circular"])
def test_cutting_one_side_and_padding_the_other_is_written_in_two_nodes(mode):
    layer, x = cp.Pad((-2, 2), mode), labelled((2, 5))
    model = model_of(cp.Network({"layer": (layer, "input")}, declared={"input": Declared(x.dtype, x.shape)}).eval())
    assert [node.op_type for node in model.graph.node] == ["Pad", "Pad"]
    assert np.array_equal(network_of(model)(x), layer(x))


@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan])
def test_a_constant_that_is_no_number(value):
    layer, x = cp.ConstantPad1d(1, value), labelled((2, 3))
    assert np.array_equal(layer(x), F.pad(torch.tensor(x), (1, 1), value=value).numpy(), equal_nan=True)
    lines = layer.lines(None, (x,))
    assert np.array_equal(lines.exact, layer(x), equal_nan=True)
    assert not lines.proof.any()
    with pytest.raises(cp.NotFiniteError):
        layer.derive((0, 0), (x,))


def test_a_constant_is_rounded_where_an_input_cannot_hold_it():
    layer, x = cp.ConstantPad1d((1, 0), 0.1), labelled((2,))
    came = Lines(*(x.astype(np.float64) * factor for factor in (1, 0.5, 0.25)))
    lines = layer.lines(None, (x,), (came,))
    assert lines.exact.tolist() == [0.1, 1, 2]
    assert lines.proof.tolist() == [0.1 * 2.0**-24 + 2.0**-149, 0.5, 1]
    assert lines.sigma.tolist()[1:] == [0.25, 0.5]
    assert not layer.lines(None, (x.astype(np.float64),), arithmetic=FLOAT64).proof.any()
    assert not cp.ConstantPad1d(1, 0.5).lines(None, (x,)).proof.any()


def test_a_cell_says_what_it_shows():
    x = labelled((1, 3, 4))
    assert "y = x[0, 1, 1] = 6   (padding shows this cell at [0, -1, -1], outside x)" in told(cp.ReflectionPad2d(1), x, (0, 0, 0))
    assert "(padding: the cell lies at [0, 0, -2], outside x)" in told(cp.ZeroPad1d((2, 0)), x, (0, 0, 0))
    assert "y = value = 2.5   (padding" in told(cp.ConstantPad1d((2, 0), 2.5), x, (0, 0, 1))
    assert "y = x[0, 0, 0] = 1\n" in told(cp.ZeroPad1d((2, 0)), x, (0, 0, 2))


def told(layer, x, cell):
    return layer.why(x, at=cell).text()


def test_the_equation_counts_the_cells():
    said = "y = x with cells put round it: 1 before and 2 after axis -1; they show "
    assert str(cp.Pad((1, 2)).equation()) == said + "the constant 0"
    assert str(cp.ConstantPad1d((1, 2), 0.5).equation()) == said + "the constant 0.5"
    assert str(cp.ReflectionPad1d((1, 2)).equation()) == said + "x in a mirror at its edge"
    assert str(cp.ReplicationPad1d((1, 2)).equation()) == said + "the edge of x"
    assert str(cp.CircularPad1d((1, 2)).equation()) == said + "x from its other end"


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: cp.ZeroPad2d((1, 2, 3)), r"padding=\(1, 2, 3\): expected one number, or 4: before and after for each axis"),
        (lambda: cp.ZeroPad1d(0.5), "padding=0.5: expected whole numbers"),
        (lambda: cp.ZeroPad1d("12"), "padding='12': expected whole numbers"),
        (lambda: cp.Pad((1, 2, 3)), r"pad=\(1, 2, 3\), dims=None: expected two numbers for each padded axis"),
        (lambda: cp.Pad((1, 2), dims=(0, 1)), "expected two numbers for each padded axis"),
        (lambda: cp.Pad((1, 2, 3, 4), dims=(1, 1)), "expected two numbers for each padded axis"),
        (lambda: cp.Pad((1, 2), "symmetric"), "mode='symmetric': expected one of constant, reflect, replicate, circular"),
        (lambda: cp.Pad((1, True)), "expected whole numbers"),
    ],
)
def test_settings_that_cannot_be(make, sentence):
    with pytest.raises(cp.SettingError, match=sentence):
        make()


@pytest.mark.parametrize(
    ("layer", "shape", "sentence"),
    [
        (cp.ReflectionPad2d(1), (3, 4), "pads the last 2 axes of an input of 3 or 4 axes; got x of shape"),
        (cp.ZeroPad3d(1), (3, 4), "pads the last 3 axes of an input of 3 or more axes; got x of shape"),
        (cp.ReflectionPad1d(3), (2, 3), "pads by more than reflect padding can show of an input of shape"),
        (cp.CircularPad1d(4), (2, 3), "pads by more than circular padding can show of an input of shape"),
        (cp.ReplicationPad1d(1), (2, 0), "cuts more off axis 1 than x of shape .* has, or leaves nothing to show"),
        (cp.ZeroPad1d((-2, -2)), (2, 3), "cuts more off axis 1 than x of shape .* has, or leaves nothing to show"),
        (cp.Pad((1, 2), dims=(2,)), (2, 3), "pads axes that x of shape .* does not have"),
    ],
)
def test_inputs_that_do_not_fit(layer, shape, sentence):
    with pytest.raises(cp.ShapeError, match=sentence):
        layer(np.ones(shape))


def test_a_batch_may_be_empty():
    for kind in KINDS:
        layer = getattr(cp, f"{kind}2d")(1, *((2,) if kind == "ConstantPad" else ()))
        assert layer(np.ones((0, 3, 4, 5))).shape == (0, 3, 6, 7)
