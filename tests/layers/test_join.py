"""What is peculiar to concatenation."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx.reference import ReferenceEvaluator

import convproof as cp
from convproof.core.lines import Lines
from convproof.core.operators import Call
from convproof.formats.onnx.graph import network_of
from convproof.formats.onnx.write import model_of
from convproof.network.graph import Declared
from tests.operators import answer, assert_case, node_cases
from tests.samples import Sample

SAMPLES = [
    Sample("Concat of two", lambda: cp.Concat(axis=1), ((2, 3, 4), (2, 1, 4)), lambda: lambda *xs: torch.cat(xs, 1)),
    Sample("Concat of three, last axis", lambda: cp.Concat(axis=-1), ((2, 3), (2, 2), (2, 4)), lambda: lambda *xs: torch.cat(xs, -1)),
    Sample("Concat of one", lambda: cp.Concat(axis=0), ((2, 3),), lambda: lambda *xs: torch.cat(xs, 0)),
    Sample(
        "Concat of images",
        cp.Concat,
        ((2, 3, 2, 4), (2, 1, 2, 4), (2, 2, 2, 4), (2, 4, 2, 4)),
        lambda: lambda *xs: torch.cat(xs, 1),
    ),
    Sample("Stack", cp.Stack, ((2, 3), (2, 3)), lambda: lambda *xs: torch.stack(xs)),
    Sample("Stack inside", lambda: cp.Stack(1), ((2, 3),) * 4, lambda: lambda *xs: torch.stack(xs, 1)),
    Sample("Stack at the end", lambda: cp.Stack(-1), ((2, 3, 4),) * 3, lambda: lambda *xs: torch.stack(xs, -1)),
]


@st.composite
def joinable(draw):
    """An axis and shapes that agree on all others; lengths of 0 too."""
    base = draw(st.lists(st.integers(0, 4), min_size=1, max_size=4))
    axis = draw(st.integers(-len(base), len(base) - 1))
    shapes = []
    for length in draw(st.lists(st.integers(0, 4), min_size=1, max_size=5)):
        shape = list(base)
        shape[axis] = length
        shapes.append(tuple(shape))
    return axis, shapes


@given(joinable(), st.sampled_from([np.float32, np.float64]), st.integers(0, 2**32))
@settings(max_examples=150)
def test_outputs_and_gradients_are_torchs(given_, dtype, seed):
    axis, shapes = given_
    rng = np.random.default_rng(seed)
    xs = [rng.normal(size=shape).astype(dtype) for shape in shapes]
    tensors = [torch.tensor(x, requires_grad=True) for x in xs]
    theirs = torch.cat(tensors, axis)
    ours, pullback = cp.Concat(axis).vjp(*xs)
    assert ours.dtype == dtype
    assert np.array_equal(ours, theirs.detach().numpy())
    dy = rng.normal(size=ours.shape).astype(dtype)
    theirs.backward(torch.tensor(dy))
    for mine, tensor in zip(pullback(dy).inputs, tensors, strict=True):
        assert np.array_equal(mine, tensor.grad.numpy())
        assert not np.shares_memory(mine, dy)


@given(joinable(), st.data())
@settings(max_examples=100)
def test_a_region_falls_apart_into_what_is_read_of_each_input(given_, data):
    axis, shapes = given_
    layer = cp.Concat(axis)
    (whole,) = layer.shapes(*shapes)
    region = []
    for size in whole:
        start = data.draw(st.integers(0, size))
        region.append(range(start, data.draw(st.integers(start, size))))
    numbered = np.split(np.arange(int(np.prod(whole))).reshape(whole), np.cumsum([s[axis] for s in shapes])[:-1], axis)
    cut = [
        part[tuple(slice(r.start, r.stop) for r in read)] for part, read in zip(numbered, layer.reads(tuple(region), *shapes), strict=True)
    ]
    assert np.array_equal(np.concatenate(cut, axis), np.concatenate(numbered, axis)[tuple(slice(r.start, r.stop) for r in region)])


def test_a_cell_says_where_it_came_from():
    d = cp.Concat(axis=1).why(np.zeros((1, 3, 2, 2)), np.arange(8.0).reshape(1, 2, 2, 2), at=(0, 4, 1, 0))
    assert d.value == 6
    assert "y = x1[0, 1, 1, 0] = 6   (input 1, counted from 0, cell [0, 1, 1, 0])" in d.text()
    assert d.tree.parts[0].source.index == 1
    assert d.expand(0).cell == (0, 1, 1, 0)


def test_nothing_is_rounded_and_what_comes_in_moves_along():
    a, b = np.ones((1, 2, 3)), np.full((1, 1, 3), 2.0)
    layer = cp.Concat()
    assert not layer.lines(None, (a, b)).proof.any()
    lines = layer.lines(None, (a, b), (None, Lines(b, 0.5 * b, 0.25 * b)))
    assert lines.proof.tolist() == [[[0] * 3, [0] * 3, [1] * 3]]
    assert lines.sigma.tolist() == [[[0] * 3, [0] * 3, [0.5] * 3]]
    assert layer.lines(np.array([[0, 2, 1], [0, 0, 0]]), (a, b), (None, Lines(b, 0.5 * b, 0.25 * b))).proof.tolist() == [1, 0]


def inception():
    """Three branches that reach differently far, side by side, and a convolution that reads them all."""
    return cp.Network(
        {
            "narrow": (cp.Conv2d(2, 3, 1, seed=0), "input"),
            "wide": (cp.Conv2d(2, 4, (5, 3), padding=(2, 1), seed=1), "input"),
            "far": (cp.Conv2d(2, 1, 3, padding=3, dilation=3, seed=2), "input"),
            "join": (cp.Concat(axis=1), "narrow", "wide", "far"),
            "mix": (cp.Conv2d(8, 2, (1, 2), seed=3), "join"),
        }
    )


def test_the_receptive_field_behind_a_join_is_that_of_the_branches_it_reads():
    net = inception()
    rows = {row.name: row.receptive_field for row in net.summary((1, 2, 15, 17)).rows}
    assert rows == {"narrow": (1, 1), "wide": (5, 3), "far": (7, 7), "join": (5, 3), "mix": (7, 8)}
    x = np.random.default_rng(0).normal(size=(1, 2, 15, 17))
    for name in ("join", "mix"):
        part = cp.Network(dict(list(net_nodes(net, name))))
        y, pullback = part.vjp(x)
        dy = np.zeros_like(y)
        dy[tuple(size // 2 for size in y.shape)] = 1
        touched = np.argwhere(pullback(dy).inputs[0] != 0)
        assert tuple(touched.max(axis=0) - touched.min(axis=0) + 1)[2:] == rows[name]


def net_nodes(net, last):
    """The nodes of a network up to one of them."""
    for node in net.graph:
        yield node.name, (node.layer, *(str(source) for source in node.sources))
        if node.name == last:
            return


@pytest.mark.parametrize(
    ("axis", "shapes", "sentence"),
    [
        (1, [(2, 3, 4), (2, 3, 5)], "agree on all axes but 1"),
        (1, [(2, 3), (2, 3, 1)], "agree on all axes but 1"),
        (-1, [(2, 3), (1, 3)], "agree on all axes but 1"),
        (3, [(2, 3), (2, 3)], r"needs inputs that have this axis; got shapes \(\(2, 3\), \(2, 3\)\)"),
        (-3, [(2, 3), (2, 3)], "needs inputs that have this axis"),
        (0, [(), ()], "needs inputs that have this axis"),
    ],
)
def test_inputs_that_do_not_fit(axis, shapes, sentence):
    with pytest.raises((RuntimeError, IndexError)):
        torch.cat([torch.zeros(s) for s in shapes], axis)
    with pytest.raises(cp.ShapeError, match=sentence):
        cp.Concat(axis=axis)(*(np.zeros(s) for s in shapes))


@pytest.mark.parametrize("axis", ["C", 1.0, None, True])
def test_an_axis_that_cannot_be(axis):
    with pytest.raises(cp.SettingError, match=f"axis={axis!r}: expected a whole number"):
        cp.Concat(axis=axis)


def test_no_inputs():
    with pytest.raises(cp.ShapeError, match="one input or more"):
        cp.Concat()()


@given(st.lists(st.integers(0, 3), max_size=3).map(tuple), st.integers(-5, 4), st.integers(1, 4))
@settings(max_examples=60)
def test_a_stack_is_torchs(shape, dim, count):
    rng = np.random.default_rng(count)
    xs = [np.asarray(rng.normal(size=shape)) for _ in range(count)]
    tensors = [torch.tensor(x, requires_grad=True) for x in xs]
    if not -len(shape) - 1 <= dim <= len(shape):
        with pytest.raises(cp.ShapeError, match="needs inputs of one shape"):
            cp.Stack(dim).shapes(*(x.shape for x in xs))
        return
    theirs = torch.stack(tensors, dim)
    ours, pullback = cp.Stack(dim).vjp(*xs)
    assert np.array_equal(ours, theirs.detach().numpy())
    dy = rng.normal(size=ours.shape)
    theirs.backward(torch.tensor(dy))
    for mine, tensor in zip(pullback(dy).inputs, tensors, strict=True):
        assert np.array_equal(mine, tensor.grad.numpy())


def test_stacks_that_cannot_be():
    with pytest.raises(cp.ShapeError, match=r"needs inputs of one shape .*; got shapes \(\(2, 3\), \(2, 4\)\)"):
        cp.Stack()(np.ones((2, 3)), np.ones((2, 4)))
    with pytest.raises(cp.SettingError, match="dim='first': expected a whole number"):
        cp.Stack("first")


def test_a_cell_of_a_stack_says_which_input_it_is():
    xs = [np.full((2, 3), k) + np.arange(3) for k in range(4)]
    d = cp.Stack(1).why(*xs, at=(1, 3, 2))
    assert "y = x3[1, 2] = 5   (input 3, counted from 0, cell [1, 2])" in d.text()
    assert str(cp.Stack(1).equation()) == "y = the inputs, one after another along a new axis 1"


@pytest.mark.parametrize("case", node_cases("Concat"), ids=lambda case: case.name)
def test_onnx_case(case):
    assert_case(case)


def test_an_old_concat_without_an_axis_and_arrays_of_any_kind():
    for array in (np.array([["a", "bc"]]), np.array([[True, False]]), np.array([[2**62, 1]])):
        (y,) = answer("Concat", Call("Concat", (array, array, array), {}, 1))
        assert y.tolist() == [array.tolist()[0] * 3]
        assert y.dtype == array.dtype


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_what_is_written_computes_the_same_there_and_when_it_is_read_again(sample):
    layer, xs = sample.layer().eval(), sample.inputs()
    names = tuple(f"in{k}" for k in range(len(xs)))
    declared = {name: Declared(x.dtype, x.shape) for name, x in zip(names, xs, strict=True)}
    model = model_of(cp.Network({"layer": (layer, *names)}, inputs=names, declared=declared).eval())
    assert np.array_equal(ReferenceEvaluator(model).run(None, dict(zip(names, xs, strict=True)))[0], layer(*xs))
    assert np.array_equal(network_of(model)(*xs), layer(*xs))
