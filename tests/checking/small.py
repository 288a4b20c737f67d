"""A network of five layers, and its arrays as PyTorch computes them; a layer whose numbers are declared to be in a format."""

import numpy as np
import torch

import convproof as cp
from convproof.checking.check import examined
from convproof.checking.matching.declared_formats import Formats
from convproof.checking.subject import Subject

RNG = np.random.default_rng
X = RNG(0).normal(size=(2, 3, 9, 8)).astype(np.float32)


def norm(channels, seed):
    layer, rng = cp.BatchNorm2d(channels), RNG(seed)
    layer.weight, layer.bias = rng.normal(size=channels), rng.normal(size=channels)
    layer.running_mean, layer.running_var = rng.normal(size=channels), rng.uniform(0.1, 3, channels)
    return layer


def small():
    return cp.Sequential(
        conv1=cp.Conv2d(3, 4, 3, seed=1), bn1=norm(4, 2), relu1=cp.ReLU(), conv2=cp.Conv2d(4, 5, 2, seed=3), pool=cp.MaxPool2d(2)
    ).eval()


def torchs(net, x=X):
    """Every array of ``small`` as PyTorch computes it."""
    state = {name: torch.tensor(array) for name, array in net.state_dict().items()}
    f = torch.nn.functional
    y = {"conv1": f.conv2d(torch.tensor(x), state["conv1.weight"], state["conv1.bias"])}
    bn = (state[f"bn1.{name}"] for name in ("running_mean", "running_var", "weight", "bias"))
    y["bn1"] = f.batch_norm(y["conv1"], *bn, training=net["bn1"].training)
    y["relu1"] = torch.relu(y["bn1"])
    y["conv2"] = f.conv2d(y["relu1"], state["conv2.weight"], state["conv2.bias"])
    y["pool"] = f.max_pool2d(y["conv2"], 2)
    return {name: array.numpy() for name, array in y.items()}


def after(net, claimed, changed):
    """The claimed arrays with one changed, and those behind it computed from it by PyTorch."""
    name, array = changed
    claimed = {**claimed, name: array}
    f, state = torch.nn.functional, {key: torch.tensor(value) for key, value in net.state_dict().items()}
    steps = {
        "relu1": lambda: torch.relu(torch.tensor(claimed["bn1"])),
        "conv2": lambda: f.conv2d(torch.tensor(claimed["relu1"]), state["conv2.weight"], state["conv2.bias"]),
        "pool": lambda: f.max_pool2d(torch.tensor(claimed["conv2"]), 2),
    }
    for later in list(claimed)[list(claimed).index(name) + 1 :]:
        claimed[later] = steps[later]().numpy()
    return claimed


def declared(layer, x, claimed, resolution):
    """The row of one layer, whose claimed numbers are declared to be in a format."""
    return examined(Subject.of(layer, x), {type(layer).__name__: claimed}, "yours", Formats.of(resolution)).rows[0]
