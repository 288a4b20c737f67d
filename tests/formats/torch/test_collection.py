"""Every module of the collection becomes a network that computes the same."""

import copy

import numpy as np
import pytest
import torch

import convproof as cp
from tests.formats.torch.collection import COLLECTION, DELEGATED, EXAMPLE, SHAPES

EXACTLY = 2.0**-24  # in float64 two right computations of these small networks agree far better than that; a wrong wiring is far worse


def made(name):
    """The module in float64, with statistics and parameters that are all different, and its inputs."""
    torch.manual_seed(3)
    module = COLLECTION[name]().double()
    for kind, tensor in [*module.named_buffers(), *module.named_parameters()]:
        if tensor.is_floating_point():
            low = 0.5 if "var" in kind else -1.0
            tensor.data.uniform_(low, 1.5)
    return module, [torch.randn(shape, dtype=torch.float64) for shape in SHAPES[name]]


def read(name, module, inputs):
    return cp.from_torch(module, example=tuple(inputs) if name in EXAMPLE else None)


def flat(outputs):
    if isinstance(outputs, dict):
        outputs = list(outputs.values())
    return [y.detach().numpy() for y in (outputs if isinstance(outputs, list | tuple) else [outputs])]


@pytest.mark.parametrize("name", COLLECTION)
def test_the_network_computes_what_the_module_computes(name):
    module, inputs = made(name)
    module.eval()
    network = read(name, module, inputs)
    theirs = flat(module(*(x.clone() for x in inputs)))
    ours = network(*(x.numpy() for x in inputs))
    ours = ours if isinstance(ours, tuple) else (ours,)
    assert len(ours) == len(theirs)
    for y, e in zip(ours, theirs, strict=True):
        assert y.shape == e.shape
        assert abs(y - e).max() <= EXACTLY * (1 + abs(e).max())


@pytest.mark.parametrize("name", COLLECTION)
def test_every_layer_is_ours_but_for_what_is_said_to_be_delegated(name):
    module, inputs = made(name)
    network = read(name, module, inputs)
    shape_arithmetic = {"shape", "size", "getitem", "floordiv", "mul", "sub", "add", "iadd", "neg"}
    delegated = {layer.operator for layer in network.layers.values() if layer.support == "delegated"}
    assert delegated - shape_arithmetic == DELEGATED[name]
    assert not any(layer.support == "unknown" for layer in network.layers.values())


@pytest.mark.parametrize("name", COLLECTION)
def test_the_module_is_left_as_it_was(name):
    module, inputs = made(name)
    module.train()
    before, modes = copy.deepcopy(module.state_dict()), [part.training for part in module.modules()]
    network = read(name, module, inputs)
    assert network.training
    assert [part.training for part in module.modules()] == modes
    after = module.state_dict()
    assert list(after) == list(before)
    assert all(np.array_equal(after[key], before[key]) for key in before)


@pytest.mark.parametrize("name", COLLECTION)
def test_a_cell_is_derived(name):
    module, inputs = made(name)
    network = read(name, module.eval(), inputs)
    trace = network.trace(*(x.numpy() for x in inputs))
    for place in network.graph.outputs:
        array = trace[str(place)]
        cell = tuple(size // 2 for size in array.shape)
        derived = trace.why(place.name, cell, place.output)
        assert abs(float(derived.exact) - array[cell]) <= derived.allowed
