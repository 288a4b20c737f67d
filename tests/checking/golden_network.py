"""The network whose golden vectors the tests write: every parameter is another number. And the same network in PyTorch."""

import numpy as np
import torch

import convproof as cp

NAMES = ["conv1", "bn1", "relu", "pool", "flat", "fc", "bn2"]


def network(seed=0, mode=False):
    """A convolution, BatchNorm, ReLU, max pooling, flatten and linear layer with BatchNorm, all parameters different."""
    net = cp.Sequential(
        conv1=cp.Conv2d(3, 4, (3, 2), padding=1),
        bn1=cp.BatchNorm2d(4),
        relu=cp.ReLU(),
        pool=cp.MaxPool2d((2, 3)),
        flat=cp.Flatten(),
        fc=cp.Linear(32, 5, bias=False),
        bn2=cp.BatchNorm1d(5),
    )
    rng = np.random.default_rng(seed)
    for name, array in net.state_dict().items():
        if array.dtype.kind == "f":
            net.load_state_dict({name: rng.uniform(0.5, 2, array.shape) if "var" in name else rng.normal(size=array.shape)}, strict=False)
    return net.train(mode)


def image(n=2, seed=1):
    return np.random.default_rng(seed).normal(size=(n, 3, 8, 5)).astype(np.float32)


def in_torch(net):
    """The same network in PyTorch, float64."""
    module = torch.nn.Sequential(
        torch.nn.Conv2d(3, 4, (3, 2), padding=1),
        torch.nn.BatchNorm2d(4),
        torch.nn.ReLU(),
        torch.nn.MaxPool2d((2, 3)),
        torch.nn.Flatten(),
        torch.nn.Linear(32, 5, bias=False),
        torch.nn.BatchNorm1d(5),
    )
    state = net.state_dict()
    numbers = {name: str(k) for k, name in enumerate(net)}
    named = {f"{numbers[name.partition('.')[0]]}.{name.partition('.')[2]}": torch.tensor(array) for name, array in state.items()}
    module.load_state_dict(named)
    return module.double().train(net.training)
