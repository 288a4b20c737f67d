"""A module full of operators, functions and methods of several inputs, reductions and softmaxes: traced and exported, all of it is ours."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

import convproof as cp


class Everything(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = torch.nn.Parameter(torch.tensor([[0.5], [-1.25], [2.0]]))
        self.register_buffer("share", torch.tensor(0.5))

    def forward(self, x, y):
        a = (1 - x) * self.scale + x / 3 - y * 2 + torch.maximum(x, y) - torch.min(x, y)
        a = a + self.share * x**2 - 2 ** (x / 4) + torch.add(x, y, alpha=0.3) + torch.rsub(x, y) + 1.5 / (y.abs() + 1)
        a = a + torch.div(x, 2, rounding_mode="floor") + torch.pow(y.abs() + 1, x)
        b = x.mean((1, 2)) + x.sum(dim=[1, 2]) + x.amax((1, 2)) - y.amin(dim=(1, 2)) + x.max(2)[0].min(1).values
        b = b + y.norm(dim=(1, 2)) + x.prod(1).logsumexp(1) + x.max() - x.mean()
        c = a.softmax(1) + torch.log_softmax(a, -1) + F.softmin(a, dim=2)
        c -= x
        c *= 2
        c /= 3
        c += y
        return c, b, x.max(1).indices


X, Y = np.random.default_rng(0).normal(size=(2, 2, 3, 4)).astype(np.float32)


@pytest.mark.parametrize("exported", [False, True])
def test_everything_is_ours(exported):
    module, x, y = Everything().eval(), torch.tensor(X), torch.tensor(Y)
    network = cp.from_torch(module, example=(x, y)) if exported else cp.from_torch(module)
    assert [layer.describe() for layer in network.graph.layers().values() if layer.support != "ours"] == []
    ours, theirs = network(X, Y), [part.detach().numpy() for part in module(x, y)]
    assert np.array_equal(ours[2], theirs[2])
    for mine, their in zip(ours[:2], theirs[:2], strict=True):
        assert mine.shape == their.shape
        # some thirty roundings, of numbers up to a hundred on the way
        assert (abs(mine - their) <= 2 * 30 * 2.0**-24 * 100).all()
    assert sum(key.endswith(".operand") for key in network.state_dict()) == 2
    trace = network.trace(X, Y)
    for place in network.graph.outputs[:2]:
        array = trace[str(place)]
        derived = trace.why(place.name, tuple(size // 2 for size in array.shape), place.output)
        assert abs(float(derived.exact) - derived.value) <= derived.allowed
