"""Law: what several layers make of rounded numbers stays below the worst case that their lines carry, and below 8 carried sigmas.

The witness is PyTorch in float32, its own order of sums; the exact values are the formulas in float64. The statistical line is no proof;
constant data apart nothing was seen above it.
"""

import numpy as np
import pytest
import torch

import convproof as cp
from convproof.core.lines import SIGMAS
from convproof.network.graph import Place

SHAPE = (2, 3, 11, 10)


def norm(channels, seed, *, eval):
    layer = cp.BatchNorm2d(channels)
    rng = np.random.default_rng(seed)
    layer.weight, layer.bias = rng.normal(size=channels), rng.normal(size=channels)
    layer.running_mean, layer.running_var = rng.normal(size=channels), rng.uniform(0.1, 3, channels)
    return layer.train(not eval)


CHAINS = {
    "two convolutions": lambda: cp.Sequential(a=cp.Conv2d(3, 5, 3, padding=1, seed=1), b=cp.Conv2d(5, 2, (2, 3), stride=2, seed=2)),
    "convolution, norm in training": lambda: cp.Sequential(a=cp.Conv2d(3, 5, 3, seed=1), b=norm(5, 2, eval=False)),
    "convolution, norm in eval, ReLU": lambda: cp.Sequential(a=cp.Conv2d(3, 5, 3, seed=1), b=norm(5, 2, eval=True), c=cp.ReLU()),
    "norm in training, convolution": lambda: cp.Sequential(a=norm(3, 2, eval=False), b=cp.Conv2d(3, 4, 3, padding=1, seed=1)),
    "convolution, ReLU, largest": lambda: cp.Sequential(a=cp.Conv2d(3, 5, 3, seed=1), b=cp.ReLU(), c=cp.MaxPool2d(3, 2, 1)),
    "convolution, average": lambda: cp.Sequential(a=cp.Conv2d(3, 5, 3, seed=1), b=cp.AvgPool2d((3, 2), 2, 1, count_include_pad=False)),
    "classifier": lambda: cp.Sequential(
        a=cp.Conv2d(3, 4, 3, stride=2, seed=1), b=cp.Flatten(), c=cp.Linear(80, 6, seed=2), d=cp.Softmax(1)
    ),
    "a skip and a concat": lambda: cp.Network(
        {
            "a": (cp.Conv2d(3, 4, 3, padding=1, seed=1), "input"),
            "b": (cp.Conv2d(4, 4, 1, seed=2), "a"),
            "sum": (cp.Add(), "a", "b"),
            "join": (cp.Concat(1), "sum", "input"),
        }
    ),
}

TWINS = {
    cp.Add: lambda layer: torch.add,
    cp.Concat: lambda layer: lambda *xs: torch.cat(xs, layer.axis),
    cp.Flatten: lambda layer: torch.nn.Flatten(),
    cp.ReLU: lambda layer: torch.nn.ReLU(),
    cp.Softmax: lambda layer: torch.nn.Softmax(layer.dim),
    cp.Linear: lambda layer: torch.nn.Linear(layer.in_features, layer.out_features),
    cp.BatchNorm2d: lambda layer: torch.nn.BatchNorm2d(layer.num_features),
    cp.Conv2d: lambda layer: torch.nn.Conv2d(layer.in_channels, layer.out_channels, layer.kernel_size, layer.stride, layer.padding),
    cp.MaxPool2d: lambda layer: torch.nn.MaxPool2d(layer.kernel_size, layer.stride, layer.padding),
    cp.AvgPool2d: lambda layer: torch.nn.AvgPool2d(layer.kernel_size, layer.stride, layer.padding, count_include_pad=False),
}


def twin(layer):
    module = TWINS[type(layer)](layer)
    if isinstance(module, torch.nn.Module):
        module.load_state_dict({key: torch.tensor(array) for key, array in layer.state_dict().items()})
        module.train(layer.training)
    return module


def carried_lines(net, x):
    """The lines of every array, each layer's carried on to the next, on exact inputs."""
    exact, lines = {Place("input"): x.astype(np.float64)}, {Place("input"): None}
    for node in net.graph:
        inputs = [exact[s] for s in node.sources]
        found = node.layer.lines(None, inputs, [lines[s] for s in node.sources])
        exact[Place(node.name)], lines[Place(node.name)] = found.exact, found
    return lines


def torchs_arrays(net, x):
    """Every array as PyTorch computes it from its own arrays, in float32."""
    arrays = {Place("input"): torch.tensor(x)}
    for node in net.graph:
        arrays[Place(node.name)] = twin(node.layer)(*(arrays[s] for s in node.sources)).detach()
    return {place: array.numpy() for place, array in arrays.items()}


@pytest.mark.parametrize("chain", CHAINS)
@pytest.mark.parametrize("seed", range(5))
def test_rounded_arrays_stay_below_what_is_carried(chain, seed):
    net = CHAINS[chain]()
    x = np.random.default_rng(seed).normal(size=SHAPE).astype(np.float32)
    trace = net.trace(x)
    theirs = torchs_arrays(net, x)
    for place, lines in carried_lines(net, x).items():
        if lines is not None:
            for y in (trace[str(place)], theirs[place]):
                assert (abs(y - lines.exact) <= lines.proof).all(), place
                assert (abs(y - lines.exact) <= SIGMAS * lines.sigma + 2.0**-149).all(), place
                assert (lines.usual <= lines.proof).all()


def test_what_is_carried_is_more_than_what_the_last_layer_adds():
    net = CHAINS["two convolutions"]()
    x = np.random.default_rng(0).normal(size=SHAPE).astype(np.float32)
    lines = carried_lines(net, x)
    alone = net["b"].lines(None, (lines[Place("a")].exact,))
    assert (lines[Place("b")].proof > alone.proof).all()
    assert (lines[Place("b")].sigma > alone.sigma).all()


def test_a_wrong_layer_in_a_chain_lies_above_what_is_carried():
    net, x = CHAINS["convolution, norm in eval, ReLU"](), np.random.default_rng(0).normal(size=SHAPE).astype(np.float32)
    lines = carried_lines(net, x)[Place("c")]
    net["a"].bias[0] += 1e-3
    assert (abs(net(x) - lines.exact) > lines.proof)[:, 0].any()
