"""Habits of those who write modules: shared parts, functional calls, in-place changes, arithmetic on shapes, decisions."""

import math

import torch
import torch.nn.functional as F
from torch import nn

from tests.formats.torch.entries import entry


@entry()
class SharedModule(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 3, padding=1)
        self.act = nn.ReLU()

    def forward(self, x):
        return self.act(self.conv(self.act(self.conv(x))))


@entry()
class SharedUnderTwoNames(nn.Module):
    def __init__(self):
        super().__init__()
        self.left = nn.Conv2d(3, 3, 1)
        self.right = self.left

    def forward(self, x):
        return self.left(x) + self.right(2 * x)


@entry()
class FunctionalCalls(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.randn(4, 3, 3, 3)), nn.Parameter(torch.randn(4))

    def forward(self, x):
        x = F.conv2d(x, self.weight, self.bias, stride=2, padding=(1, 0))
        x = F.leaky_relu(x, 0.1)
        x = F.max_pool2d(x, 2)
        return F.adaptive_avg_pool2d(x, 1).flatten(1)


@entry()
class FunctionalBatchNorm(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.rand(3) + 0.5), nn.Parameter(torch.randn(3))
        self.register_buffer("mean", torch.randn(3))
        self.register_buffer("var", torch.rand(3) + 0.5)

    def forward(self, x):
        x = F.batch_norm(x, self.mean, self.var, self.weight, self.bias, training=self.training, momentum=0.2, eps=1e-3)
        return F.dropout(x, 0.5, training=self.training)


@entry()
class InPlaceActivations(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)

    def forward(self, x):
        y = self.conv(x)
        z = F.relu_(y)
        z = z * 0.5
        return z + y


@entry()
class InPlaceMethods(nn.Module):
    def forward(self, x):
        y = x + 1
        z = y
        z.mul_(2).clamp_(min=-1.5, max=2)
        return y.sigmoid() - z


@entry()
class AugmentedAssignment(nn.Module):
    def forward(self, x):
        y = x + 1
        z = y
        y += x
        z *= 3
        h = x.shape[2]
        h += 1
        return y - x / h


@entry()
class OptionalArguments(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)

    def forward(self, x, mask=None, features=False, scale=2.0):
        torch._assert(x.shape[1] == 3, "three channels")
        y = self.conv(x)
        if mask is not None:
            y = y * mask
        return (y, x) if features else y * scale


@entry()
class ShapeArithmetic(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(11, 2)

    def forward(self, x):
        n, c, h, w = x.shape
        y = x.view(n, c * h, w)
        y = self.fc(y)
        return y.reshape(x.size(0), -1, 2 * (h // 3))


@entry((1, 3, 10, 13), example=True)
class SamePaddingByHand(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, stride=2)

    def forward(self, x):
        h, w = x.shape[-2:]
        ph = max((math.ceil(h / 2) - 1) * 2 + 3 - h, 0)
        pw = max((math.ceil(w / 2) - 1) * 2 + 3 - w, 0)
        if ph > 0 or pw > 0:
            x = F.pad(x, [pw // 2, pw - pw // 2, ph // 2, ph - ph // 2])
        return self.conv(x)


@entry((2, 3, 6, 8), (2, 3, 6, 8))
class TwoInputs(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)

    def forward(self, left, right):
        return (self.conv(left) - self.conv(right)).abs()


@entry((2, 3, 5, 4))
class NumbersOnEitherSide(nn.Module):
    def forward(self, x):
        y = 1 - x
        return (2 / (y**2 + 1)) + torch.sub(x, y, alpha=0.5) - torch.add(x, 3, alpha=2)


@entry((2, 4, 6, 6))
class SlicesAndSelects(nn.Module):
    def forward(self, x):
        a = x[:, :2, 1:-1, ::2]
        b = x[:, 2:, 1:-1, 1::2]
        return torch.max(a, b) + a.unsqueeze(0).squeeze(0), x[:, 0]


@entry((2, 4, 5, 6))
class IndicesAndSizes(nn.Module):
    def __init__(self):
        super().__init__()
        self.table = nn.Parameter(torch.randn(1, 4, 1, 1))

    def forward(self, x):
        y = x[:, [2, 0, 3]] * self.table[:, 1:].expand(x.size(0), -1, 1, 1)
        return y[:, :, : x.size(2) - 1, 1 : x.shape[3]], x[1, 0, None], x[..., -1:]


@entry((2, 3, 9, 11), example=True)
class DecidesByShape(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)

    def forward(self, x):
        assert x.shape[1] == 3
        if x.shape[-1] > 8:
            x = F.avg_pool2d(x, 2)
        return self.conv(x)


@entry((2, 3, 4, 5), example=True, delegated=("zeros",))
class LoopsOverRows(nn.Module):
    def forward(self, x):
        total = torch.zeros(x.shape[0], x.shape[1], x.shape[3], dtype=x.dtype)
        for i in range(x.shape[2]):
            total = total + x[:, :, i]
        return total


@entry((2, 3, 4, 5), example=True, delegated=("select_scatter",))
class ChangesAView(nn.Module):
    def forward(self, x):
        y = x + 1
        y[:, 0].relu_()
        return y * 2


@entry()
class WeightNormed(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = torch.nn.utils.parametrizations.weight_norm(nn.Conv2d(3, 4, 3))

    def forward(self, x):
        return self.conv(x)


class StandardisedConv(nn.Conv2d):
    """A convolution whose weight is standardised at every call."""

    def forward(self, x):
        w = self.weight
        w = (w - w.mean((1, 2, 3), keepdim=True)) / (w.pow(2).mean((1, 2, 3), keepdim=True) + 1e-5).sqrt()
        return F.conv2d(x, w, self.bias, self.stride, self.padding, self.dilation, self.groups)


@entry()
class StandardisedWeights(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = StandardisedConv(3, 4, 3, stride=2)

    def forward(self, x):
        return F.softmax(self.conv(x), dim=1)


@entry((2, 5, 6), delegated=("cumsum",))
class LeftToTorch(nn.Module):
    def forward(self, x):
        return torch.cumsum(x, 1).relu()


@entry((2, 5, 4), delegated=("rot90",))
class MovedByTorch(nn.Module):
    def forward(self, x):
        return torch.rot90(x, 1, (1, 2)).transpose(1, 2) + x
