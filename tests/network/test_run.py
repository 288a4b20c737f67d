"""What a run keeps and what it changes: statistics, shared layers, memory, threads."""

import weakref
from concurrent.futures import ThreadPoolExecutor
from typing import ClassVar

import numpy as np
import pytest
import torch

import convproof as cp
from convproof.core.formats import FLOAT64
from convproof.core.layer import Gradients, Layer, Step
from convproof.network.graph import Place
from convproof.network.run import execute

RNG = np.random.default_rng(0)
X = RNG.normal(size=(3, 2, 5, 4))


class Shared(torch.nn.Module):
    """One convolution and one norm, each used twice, in torch."""

    def __init__(self):
        super().__init__()
        self.conv, self.bn = torch.nn.Conv2d(2, 2, 3, padding=1), torch.nn.BatchNorm2d(2)

    def forward(self, x):
        first = torch.relu(self.bn(self.conv(x)))
        return self.bn(self.conv(first)) + first


def pair():
    """A network with shared layers, and the same in torch, both in float64."""
    conv, norm = cp.Conv2d(2, 2, 3, padding=1, seed=1, dtype=np.float64), cp.BatchNorm2d(2, dtype=np.float64)
    norm.weight, norm.bias = [1.5, -0.5], [0.25, 1.0]
    ours = cp.Network(
        {
            "conv": (conv, "input"),
            "bn": (norm, "conv"),
            "relu": (cp.ReLU(), "bn"),
            "conv@2": (conv, "relu"),
            "bn@2": (norm, "conv@2"),
            "sum": (cp.Add(), "bn@2", "relu"),
        }
    )
    theirs = Shared().double()
    theirs.load_state_dict({key: torch.tensor(array) for key, array in ours.state_dict().items()})
    return ours, theirs


def close(mine, theirs, steps):
    """Two runs of four sums of at most 60 terms each, ``steps`` times: float64 rounding on numbers of the size of 10, squared."""
    return np.all(abs(mine - theirs.detach().numpy()) <= steps * 4 * 60 * 2 * FLOAT64.u * 100)


def test_a_shared_layer_stands_in_the_state_once():
    ours, theirs = pair()
    assert list(ours.state_dict()) == list(theirs.state_dict())
    assert list(ours.parameters()) == [name for name, _ in theirs.named_parameters()]
    assert len(ours) == 6
    assert ours["conv"] is ours["conv@2"]
    ours["conv@2"].bias = [7, 8]
    assert ours.state_dict()["conv.bias"].tolist() == [7, 8]


def test_the_second_use_of_a_norm_sees_the_statistics_of_the_first():
    ours, theirs = pair()
    for step in range(1, 4):
        assert close(ours(X), theirs(torch.tensor(X)), step)
        for key, buffer in theirs.state_dict().items():
            assert close(ours.state_dict()[key], buffer, step), key
    assert ours["bn"].num_batches_tracked == 6
    assert close(ours.eval()(X), theirs.eval()(torch.tensor(X)), 4)


def test_gradients_of_a_shared_layer_add_up():
    ours, theirs = pair()
    y, pullback = ours.vjp(X)
    dy = np.random.default_rng(1).normal(size=y.shape)
    gradients = pullback(dy)
    x = torch.tensor(X, requires_grad=True)
    theirs(x).backward(torch.tensor(dy))
    # backwards as forwards, through the norms' slopes of about 2 each
    assert np.all(abs(gradients.inputs[0] - x.grad.numpy()) <= 4 * 240 * 2 * FLOAT64.u * 100)
    for name, parameter in theirs.named_parameters():
        assert np.all(abs(gradients.parameters[name] - parameter.grad.numpy()) <= 4 * 240 * 60 * 2 * FLOAT64.u * 100), name
    assert ours["bn"].num_batches_tracked == 0


def test_a_run_says_what_the_statistics_would_be_and_changes_none():
    ours, _ = pair()
    before = ours.state_dict()
    run = execute(ours.graph, [X], keep="steps")
    assert run.state[ours["bn"]]["num_batches_tracked"] == 2
    assert run.steps["bn"].state["num_batches_tracked"] == 1
    assert run.modes == dict.fromkeys(ours.layers, True)
    assert all(np.array_equal(before[key], array) for key, array in ours.state_dict().items())


def test_what_is_kept():
    ours, _ = pair()
    outputs, arrays, steps = (execute(ours.graph, [X], keep=keep) for keep in ("outputs", "arrays", "steps"))
    assert set(outputs.arrays) == {Place("sum")}
    assert set(arrays.arrays) == set(steps.arrays) == {Place("input"), *(Place(name) for name in ours.layers)}
    assert (outputs.steps, arrays.steps) == ({}, {})
    assert set(steps.steps) == set(ours.layers)
    assert np.array_equal(outputs.outputs[0], arrays.outputs[0])


class Watched(Layer):
    """Doubles its input, and remembers how many arrays that such layers made are still there."""

    alive: ClassVar[list[weakref.ref]] = []
    most = 0

    def shapes(self, *shapes):
        return shapes

    def step(self, *inputs, training, draw=None, state=None):
        y = 2 * inputs[0]
        Watched.alive.append(weakref.ref(y))
        Watched.most = max(Watched.most, sum(ref() is not None for ref in Watched.alive))
        return Step((y,), inputs, training)

    def pull(self, step, *dy):
        return Gradients((2 * dy[0],))


@pytest.mark.parametrize(("keep", "most"), [("outputs", 2), ("arrays", 20)])
def test_a_call_forgets_every_array_after_its_last_reader(keep, most):
    Watched.alive, Watched.most = [], 0
    net = cp.Sequential(*(Watched() for _ in range(20)))
    run = execute(net.graph, [np.ones((3, 4), np.float32)], keep=keep)
    assert run.outputs[0][0, 0] == 2**20
    assert Watched.most == most


def test_an_array_that_is_an_output_too_is_not_forgotten():
    net = cp.Network({"a": (Watched(), "input"), "b": (Watched(), "a")}, outputs=("a", "b", "input"))
    assert [y.tolist() for y in net([[1.0]])] == [[[2]], [[4]], [[1]]]


def test_eval_calls_in_several_threads():
    net = pair()[0].eval()
    batches = [X + k for k in range(24)]
    expected = [net(x) for x in batches]
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(net, batches))
    assert all(np.array_equal(a, b) for a, b in zip(expected, found, strict=True))


def test_a_state_that_does_not_fit_changes_nothing():
    net, theirs = pair()
    before = net.state_dict()
    state = {key: value.numpy() * 2 for key, value in theirs.state_dict().items()}
    for change, error, sentence in (
        ({"bn.weight": np.ones(3)}, cp.ShapeError, r"weight of BatchNorm2d\(num_features=2\) has shape \(2,\) \(num_features\); got"),
        ({"bn.gamma": np.ones(2)}, cp.UnknownNameError, r"the state does not fit the network: missing nothing, unknown \['bn.gamma'\]"),
    ):
        with pytest.raises(error, match=sentence):
            net.load_state_dict(state | change)
        assert all(np.array_equal(before[key], array) for key, array in net.state_dict().items())
    with pytest.raises(cp.UnknownNameError, match=r"missing \['conv.bias'\]"):
        net.load_state_dict({key: value for key, value in state.items() if key != "conv.bias"})
    net.load_state_dict({"conv.bias": [5, 6], "elsewhere": [1]}, strict=False)
    assert net["conv"].bias.tolist() == [5, 6]
    net.load_state_dict(state)
    assert np.array_equal(net["bn"].running_var, [2, 2])


def test_parameters_are_the_arrays_themselves_and_the_state_is_a_copy():
    net = pair()[0]
    net.parameters()["bn.weight"][0] = 40
    net.state_dict()["bn.weight"][1] = 50
    assert net["bn"].weight.tolist() == [40, -0.5]
