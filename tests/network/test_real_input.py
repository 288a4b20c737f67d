"""A photograph through the walkthrough's network and through a network with a skip and a concat: node by node as PyTorch, and back."""

from pathlib import Path

import numpy as np
import pytest
import skimage
import torch

import convproof as cp
from convproof.core.derivation import evaluate
from convproof.explaining.back import back
from convproof.formats.images import read_image
from tests.walkthrough import network

PHOTO = Path(skimage.__file__).parent / "data" / "astronaut.png"


def ten_kinds():
    """All ten kinds of layers, with a skip and a concat."""
    return cp.Network(
        {
            "conv1": (cp.Conv2d(3, 8, 5, stride=3, padding=2, seed=1), "input"),
            "bn1": (cp.BatchNorm2d(8), "conv1"),
            "relu1": (cp.ReLU(), "bn1"),
            "pool1": (cp.MaxPool2d(3, stride=2, padding=1), "relu1"),
            "conv2": (cp.Conv2d(8, 8, 3, padding="same", groups=2, padding_mode="reflect", seed=2), "pool1"),
            "sum": (cp.Add(), "conv2", "pool1"),
            "relu2": (cp.ReLU(), "sum"),
            "join": (cp.Concat(axis=1), "relu2", "pool1"),
            "pool2": (cp.AvgPool2d((7, 5), stride=(5, 6), padding=(2, 1), ceil_mode=True, count_include_pad=False), "join"),
            "flat": (cp.Flatten(), "pool2"),
            "fc": (cp.Linear(16 * 5 * 5, 7, seed=3), "flat"),
            "shares": (cp.Softmax(dim=1), "fc"),
        }
    )


def photograph():
    return cp.to_batch(read_image(PHOTO)[100:220, 150:290])


def test_the_photograph_is_one():
    assert read_image(PHOTO).shape == (512, 512, 3)


@pytest.mark.parametrize("training", [True, False])
def test_every_node_is_what_torch_computes_from_the_same_inputs(training):
    net = ten_kinds().train(training)
    net["bn1"].running_mean, net["bn1"].running_var = np.linspace(-0.5, 0.5, 8), np.linspace(0.1, 2, 8)
    trace = net.trace(photograph())
    twins = {
        "conv1": torch.nn.Conv2d(3, 8, 5, stride=3, padding=2),
        "bn1": torch.nn.BatchNorm2d(8),
        "relu1": torch.nn.ReLU(),
        "pool1": torch.nn.MaxPool2d(3, stride=2, padding=1),
        "conv2": torch.nn.Conv2d(8, 8, 3, padding="same", groups=2, padding_mode="reflect"),
        "sum": torch.add,
        "relu2": torch.nn.ReLU(),
        "join": lambda *xs: torch.cat(xs, 1),
        "pool2": torch.nn.AvgPool2d((7, 5), stride=(5, 6), padding=(2, 1), ceil_mode=True, count_include_pad=False),
        "flat": torch.nn.Flatten(),
        "fc": torch.nn.Linear(16 * 5 * 5, 7),
        "shares": torch.nn.Softmax(dim=1),
    }
    for name, twin in twins.items():
        layer, inputs = net[name], trace.inputs_of(name)
        if isinstance(twin, torch.nn.Module):
            twin.load_state_dict({k: torch.tensor(v) for k, v in layer.state_dict().items()})
            twin.train(training)
        theirs = twin(*map(torch.tensor, inputs)).detach().numpy()
        lines = layer.lines(None, inputs, training=training)
        assert trace[name].shape == theirs.shape, name
        assert (abs(trace[name] - lines.exact) <= lines.proof).all(), name
        assert (abs(theirs - lines.exact) <= lines.proof).all(), name


def test_a_deep_cell_goes_back_to_the_pixel():
    trace = ten_kinds().trace(photograph())
    chain = list(back(trace.why("shares", (0, 3))))
    assert [d.layer for d in chain][:4] == ["shares", "fc", "flat", "pool2"]
    assert [d.layer for d in chain][-2:] == ["conv1", "input"]
    for d in chain:
        assert evaluate(d.tree) == d.exact
        assert abs(d.value - float(d.exact)) <= d.allowed
    _, c, h, w = chain[-1].cell
    assert chain[-1].value == np.float32(read_image(PHOTO)[100 + h, 150 + w, c]) / np.float32(255)
    assert "pixels" in chain[-1].text()


def test_a_skip_can_be_followed_either_way():
    trace = ten_kinds().trace(photograph())
    d = trace.why("sum", (0, 5, 3, 4))
    assert [d.expand(k).layer for k in (0, 1)] == ["conv2", "pool1"]
    assert float(sum(t.value for t in d.terms)) == float(d.exact)
    joined = trace.why("join", (0, 13, 3, 4))
    assert (joined.expand(0).layer, joined.expand(0).cell) == ("pool1", (0, 5, 3, 4))


def test_the_photograph_through_the_walkthroughs_network():
    net = network()
    trace = net.trace(cp.to_batch(read_image(PHOTO)))
    assert trace["relu"].shape == (1, 1, 510, 510)
    conv, norm = torch.nn.Conv2d(3, 1, 3), torch.nn.BatchNorm2d(1)
    conv.load_state_dict({k: torch.tensor(v) for k, v in net["conv1"].state_dict().items()})
    for name, module in (("conv1", conv), ("bn1", norm)):
        inputs = trace.inputs_of(name)
        lines = net[name].lines(None, inputs)
        assert (abs(module(torch.tensor(inputs[0])).detach().numpy() - lines.exact) <= lines.proof).all()
        assert (abs(trace[name] - lines.exact) <= lines.proof).all()
    chain = list(back(trace.why("relu", np.unravel_index(trace["relu"].argmax(), trace["relu"].shape))))
    assert [d.layer for d in chain] == ["relu", "bn1", "conv1", "input"]


def test_gradients_through_the_whole_network_are_torchs():
    net = ten_kinds().eval()
    x = np.asarray(photograph(), np.float64)
    y, pullback = net.vjp(x)
    dy = np.random.default_rng(0).normal(size=y.shape)
    gradients = pullback(dy)
    t = torch.tensor(x, requires_grad=True)
    p = {name: torch.tensor(array.astype(np.float64), requires_grad=True) for name, array in net.parameters().items()}
    f = torch.nn.functional
    a = f.conv2d(t, p["conv1.weight"], p["conv1.bias"], stride=3, padding=2)
    a = f.relu(f.batch_norm(a, torch.zeros(8, dtype=torch.float64), torch.ones(8, dtype=torch.float64), p["bn1.weight"], p["bn1.bias"]))
    pool1 = f.max_pool2d(a, 3, 2, 1)
    b = f.conv2d(f.pad(pool1, (1, 1, 1, 1), mode="reflect"), p["conv2.weight"], p["conv2.bias"], groups=2) + pool1
    c = f.avg_pool2d(torch.cat([f.relu(b), pool1], 1), (7, 5), (5, 6), (2, 1), ceil_mode=True, count_include_pad=False)
    f.softmax(f.linear(c.flatten(1), p["fc.weight"], p["fc.bias"]), 1).backward(torch.tensor(dy))
    # twelve layers, sums of at most 40*47 terms: 12 * 1880 * 2^-53 of the absolute sums, and nothing cancels by more than 4
    for name, tensor in p.items():
        expected = tensor.grad.numpy()
        assert np.linalg.norm(gradients.parameters[name] - expected) <= 1e-11 * np.linalg.norm(expected), name
    assert np.linalg.norm(gradients.inputs[0] - t.grad.numpy()) <= 1e-11 * np.linalg.norm(t.grad.numpy())
