"""How layers are wired: names, orders, circles, several inputs and outputs, shared layers."""

import itertools

import numpy as np
import pytest
import torch

import convproof as cp
from convproof.network.graph import Place, find_name

X = np.random.default_rng(0).normal(size=(2, 3, 6, 5)).astype(np.float32)


def described():
    return {
        "conv": (cp.Conv2d(3, 4, 3, padding=1, seed=1), "input"),
        "left": (cp.ReLU(), "conv"),
        "right": (cp.MaxPool2d(3, 1, 1), "conv"),
        "sum": (cp.Add(), "left", "right"),
        "join": (cp.Concat(axis=1), "sum", "input"),
    }


relu = cp.ReLU()
WRONG = [
    ({"a": (relu, "imput")}, {}, "a reads 'imput', which is none of input, a"),
    ({"a": (relu, "b"), "b": (relu, "a")}, {}, "these layers read each other in a circle: a, b"),
    ({"a": (relu, "a")}, {}, "these layers read each other in a circle: a"),
    ({"z": (relu, "input"), "a": (relu, "c"), "b": (relu, "a"), "c": (relu, "b")}, {}, "circle: a, b, c"),
    ({}, {}, "a network needs at least one layer"),
    ({"input": (relu, "input")}, {}, "'input' is an input of the network and a layer too"),
    ({"a": (relu,)}, {}, r"'a' names no source: write \(layer, 'input'\)"),
    ({"a": relu}, {}, "'a' names no source"),
    ({"a": ("input", relu)}, {}, r"'a': expected \(layer, \*sources\), a layer first; got str"),
    ({"a": None}, {}, "a layer first; got NoneType"),
    ({"a": (relu, 7)}, {}, "a reads 7; a source is a name, or"),
    ({"a": (relu, ("input", "x"))}, {}, r"a reads \('input', 'x'\); a source is a name"),
    ({"a": (relu, ("input", 0, 1))}, {}, "a source is a name"),
    ({"a": (relu, "input")}, {"outputs": ["b"]}, "the network's output reads 'b', which is none of input, a"),
]


@pytest.mark.parametrize(("layers", "keywords", "sentence"), WRONG)
def test_what_cannot_be_wired(layers, keywords, sentence):
    with pytest.raises(cp.GraphError, match=sentence):
        cp.Network(layers, **keywords)


@pytest.mark.parametrize(
    ("layers", "sentence"),
    [
        ({"a": (cp.ReLU(), "input", "input")}, r"a: ReLU\(\) takes 1 input \(x\), got 2"),
        ({"a": (cp.Sub(), "input")}, "a: Sub"),
        ({"a": (cp.BatchNorm2d(3), "input", "input")}, "takes 1 input"),
    ],
)
def test_a_layer_with_another_number_of_sources(layers, sentence):
    with pytest.raises(cp.ShapeError, match=sentence):
        cp.Network(layers)


def test_a_shape_that_does_not_fit_names_its_layer():
    net = cp.Sequential(first=cp.Conv2d(3, 4, 3), second=cp.Conv2d(3, 4, 3))
    for look in (net, net.trace, net.vjp, lambda x: net.summary(x.shape), lambda x: net.shapes(x.shape)):
        with pytest.raises(cp.ShapeError, match=r"second: Conv2d\(in_channels=3, .*expects x of shape \(N, 3, H, W\), or without N; got"):
            look(X)


def test_the_order_of_the_description_does_not_matter():
    layers = described()
    expected = cp.Network(layers, outputs=["join"])(X)
    for order in itertools.permutations(layers):
        net = cp.Network({name: layers[name] for name in order}, outputs=["join"])
        ran = list(net.layers)
        assert all(ran.index(s.name) < ran.index(node.name) for node in net.graph for s in node.sources if s.name != "input")
        assert np.array_equal(net(X), expected)


def test_an_order_that_can_run_is_kept():
    assert list(cp.Network(described()).layers) == list(described())


def test_the_last_of_the_description_is_the_output():
    layers = described()
    backwards = {name: layers[name] for name in reversed(layers)}
    assert cp.Network(backwards)(X).shape == (2, 4, 6, 5)  # "conv" stands last
    assert cp.Network(layers)(X).shape == (2, 7, 6, 5)


def test_several_inputs_and_outputs():
    net = cp.Network(
        {"both": (cp.Add(), "left", "right"), "positive": (cp.ReLU(), "left")},
        inputs=("left", "right"),
        outputs=("positive", "both", "right"),
    )
    a, b = np.array([[1.0, -2.0]]), np.array([[10.0, 20.0]])
    positive, both, right = net(a, b)
    assert (positive.tolist(), both.tolist(), right.tolist()) == ([[1, 0]], [[11, 18]], [[10, 20]])
    right[...] = 0
    assert b.tolist() == [[10, 20]]
    assert net.shapes((1, 2), (1, 2)) == ((1, 2),) * 3
    _, pullback = net.vjp(a, b)
    gradients = pullback([[1.0, 1.0]], [[10.0, 100.0]], [[0.5, 0.25]])
    assert [g.tolist() for g in gradients.inputs] == [[[11, 100]], [[10.5, 100.25]]]
    with pytest.raises(cp.ShapeError, match=r"the network takes 2 inputs \(left, right\), got 1"):
        net(a)
    with pytest.raises(cp.ShapeError, match=r"pullback expects gradients of the outputs, of shapes \[\(1, 2\), \(1, 2\), \(1, 2\)\]"):
        pullback(np.ones((1, 2)))


def test_one_name_alone_may_stand_for_inputs_and_outputs():
    net = cp.Network({"first": (cp.ReLU(), "image"), "second": (cp.Add(), "first", "image")}, inputs="image", outputs="first")
    assert net([[-1.0, 2.0]]).tolist() == [[0, 2]]
    with pytest.raises(cp.GraphError, match="the inputs of the network are a, a: every one needs a name of its own"):
        cp.Network({"sum": (cp.Add(), "a", "a")}, inputs=("a", "a"))


def test_an_input_that_nobody_reads_has_no_gradient():
    net = cp.Network({"a": (cp.ReLU(), "left")}, inputs=("left", "right"))
    assert net([[1.0]], [[2.0]]).tolist() == [[1]]
    assert net.vjp([[1.0]], [[2.0]])[1]([[3.0]]).inputs[1] is None


def test_a_second_output_as_a_source():
    net = cp.Network(
        {
            "pool": (cp.MaxPool2d(2, return_indices=True), "input"),
            "relu": (cp.ReLU(), ("pool", 0)),
            "where": (cp.Flatten(), ("pool", 1)),
        },
        outputs=("relu", "where", ("pool", 1)),
    )
    relu, where, places = net(X)
    values, theirs = torch.nn.MaxPool2d(2, return_indices=True)(torch.tensor(X))
    assert np.array_equal(relu, np.maximum(values.numpy(), 0))
    assert np.array_equal(places, theirs.numpy())
    assert np.array_equal(where, theirs.flatten(1).numpy())
    trace = net.trace(X)
    assert list(trace) == ["input", "pool", "pool.1", "relu", "where"]
    assert np.array_equal(trace["pool.1"], theirs.numpy())
    assert "pool.1" in repr(net)


def test_a_second_output_that_is_not_there():
    net = cp.Network({"a": (cp.ReLU(), "input"), "b": (cp.ReLU(), ("a", 1))})
    for look in (net, net.trace, net.vjp, lambda x: net.shapes(x.shape)):
        with pytest.raises(cp.GraphError, match="b reads output 1 of a, which has 1 output, counted from 0"):
            look(X)
    net = cp.Network({"a": (cp.ReLU(), "input")}, outputs=[("a", -1)])
    for look in (net, lambda x: net.shapes(x.shape)):
        with pytest.raises(cp.GraphError, match="the network's output reads output -1 of a, which has 1"):
            look(X)


def test_a_sequential_of_positions_has_torchs_names():
    ours = cp.Sequential(cp.Conv2d(3, 4, 3), cp.BatchNorm2d(4), cp.ReLU())
    theirs = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4), torch.nn.ReLU())
    assert list(ours.layers) == [name for name, _ in theirs.named_children()]
    assert list(ours.state_dict()) == list(theirs.state_dict())
    with pytest.raises(cp.GraphError, match="by position or by name, not both"):
        cp.Sequential(cp.ReLU(), b=cp.ReLU())
    with pytest.raises(cp.GraphError, match="at least one layer"):
        cp.Sequential()


def test_names_are_found_by_their_ends():
    names = ["layer1.0.conv1", "layer1.0.bn1", "layer2.0.conv1", "fc"]
    assert find_name("fc", names) == "fc"
    assert find_name("bn1", names) == find_name("0.bn1", names) == "layer1.0.bn1"
    assert find_name("layer1.0.conv1", names) == "layer1.0.conv1"
    with pytest.raises(
        cp.UnknownNameError, match=r"'conv1' matches several layers: layer1.0.conv1, layer2.0.conv1; write the name in full"
    ):
        find_name("conv1", names)
    with pytest.raises(cp.UnknownNameError, match=r"no layer is called 'layer1.0.conv'; did you mean layer1.0.conv1"):
        find_name("layer1.0.conv", names)
    with pytest.raises(cp.UnknownNameError, match=r"no layer is called 'xyz'; there are layer1.0.conv1, .*, fc"):
        find_name("xyz", names)
    with pytest.raises(cp.UnknownNameError, match="and 88 more"):
        find_name("xyz", [f"layer{k}" for k in range(100)])


def test_an_exact_name_wins_over_an_end():
    net = cp.Network({"a.b": (cp.ReLU(), "input"), "b": (cp.BatchNorm2d(3), "a.b")})
    assert isinstance(net["b"], cp.BatchNorm2d)
    assert net.find("b") == "b"


def test_places_are_written_as_their_arrays_are_called():
    assert str(Place("split")) == "split"
    assert str(Place("split", 1)) == "split.1"


def test_the_modes_of_layers_are_their_own():
    net = cp.Sequential(a=cp.BatchNorm2d(3), b=cp.BatchNorm2d(3))
    assert net.train() is net
    net["a"].eval()
    net(X)
    assert (net["a"].num_batches_tracked, net["b"].num_batches_tracked) == (0, 1)
    assert net.eval() is net
    assert not any(layer.training for layer in net.layers.values())


def test_repr_shows_who_reads_what():
    assert repr(cp.Network({"a": (cp.ReLU(), "input"), "sum": (cp.Add(), "a", "input")})) == (
        "Network(\n  a: ReLU() <- input\n  sum: Add() <- a, input\n)"
    )
    assert repr(cp.Sequential(cp.ReLU())) == "Sequential(\n  0: ReLU() <- input\n)"
