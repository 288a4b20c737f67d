"""What from_torch promises beside the numbers: names, modes, sharing, errors with a line and a way out."""

import numpy as np
import pytest
import torch
from torch import nn

import convproof as cp
from tests.formats.torch.collection import COLLECTION


def test_a_single_module_becomes_a_layer_in_its_mode():
    conv = cp.from_torch(nn.Conv2d(3, 4, (3, 2), stride=(1, 2), padding=1, bias=False).eval())
    assert isinstance(conv, cp.Conv2d)
    assert (conv.kernel_size, conv.stride, conv.padding, conv.bias, conv.training) == ((3, 2), (1, 2), (1, 1), None, False)
    assert cp.from_torch(nn.BatchNorm2d(3)).training


def test_names_are_module_paths_and_functions_are_named_after_where_they_are_called():
    network = cp.from_torch(COLLECTION["SharedModule"]())
    assert list(network.layers) == ["conv", "act", "conv@2", "act@2"]
    assert network["conv"] is network["conv@2"]
    assert list(network.state_dict()) == ["conv.weight", "conv.bias"]

    class Outer(nn.Module):
        def __init__(self):
            super().__init__()
            self.block = COLLECTION["ResidualBlock"]()

        def forward(self, x):
            return self.block(x) + 1 + 2

    names = list(cp.from_torch(Outer()).layers)
    assert names[:3] == ["block.conv1", "block.bn1", "block.relu"]
    assert names[-4:] == ["block.iadd", "block.relu@2", "add", "add_2"]


def test_every_layer_keeps_the_mode_of_its_module():
    module = COLLECTION["ResidualBlock"]()
    module.bn1.eval()
    network = cp.from_torch(module)
    assert network["conv1"].training
    assert not network["bn1"].training
    assert network["bn2"].training


def test_functions_whose_mode_came_from_the_module_follow_the_network():
    module = COLLECTION["FunctionalBatchNorm"]().double().train()
    network = cp.from_torch(module)
    x = np.random.default_rng(0).normal(size=(4, 3, 5, 6))
    normalised = network.trace(x)["batch_norm"]
    beta = module.bias.detach().numpy().reshape(1, 3, 1, 1)
    assert abs((normalised - beta).mean((0, 2, 3))).max() < 2.0**-40  # the batch's own mean was taken off, in float64
    network.eval()
    module.eval()
    assert abs(network(x) - module(torch.tensor(x)).detach().numpy()).max() < 2.0**-40


def test_the_users_line_is_named_with_a_way_out():
    with pytest.raises(cp.GraphError) as caught:
        cp.from_torch(COLLECTION["DecidesByShape"]())
    assert "of habits.py" in str(caught.value)
    assert "example=x" in str(caught.value)


def test_a_view_that_is_changed_in_place_asks_for_an_example():
    class ViewThenBase(nn.Module):
        def forward(self, x):
            y = x + 1
            y.view(-1).relu_()
            return y

    with pytest.raises(cp.GraphError, match="changes view in place, and add, which shares its memory, is read afterwards"):
        cp.from_torch(ViewThenBase())
    x = torch.randn(2, 3)
    network = cp.from_torch(ViewThenBase(), example=x)
    assert np.array_equal(network(x.numpy()), torch.relu(x + 1).numpy())


def test_what_is_no_module():
    with pytest.raises(cp.GraphError, match=r"from_torch takes a torch.nn.Module; got function"):
        cp.from_torch(lambda x: x)


def test_an_unknown_module_is_left_to_torch():
    embedding = nn.Sequential(nn.Embedding(5, 4), nn.Linear(4, 2))
    network = cp.from_torch(embedding)
    assert [layer.support for layer in network.layers.values()] == ["delegated", "ours"]


def test_hooks_are_refused():
    module = nn.Sequential(nn.Conv2d(3, 4, 3))
    module[0].register_forward_hook(lambda m, i, o: o * 2)
    with pytest.raises(cp.GraphError, match="a Conv2d has forward hooks"):
        cp.from_torch(module)


def test_arguments_with_defaults_are_followed_as_if_they_were_left_out():
    network = cp.from_torch(COLLECTION["OptionalArguments"]())
    assert network.graph.inputs == ("x",)
    assert not any(layer.support == "unknown" or "assert" in name for name, layer in network.layers.items())


def test_what_forward_gives_back_must_be_tensors():
    class Counts(nn.Module):
        def forward(self, x):
            return x + 1, x.shape[0]

    with pytest.raises(cp.GraphError, match="gives back a tensor, a number, expected tensors alone"):
        cp.from_torch(Counts())
