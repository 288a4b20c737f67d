"""PyTorch modules as people write them. Each is small, and each has a habit that a reader of modules must know.

``SHAPES`` are the input shapes of a module where they are not ``(2, 3, 9, 11)``; ``EXAMPLE`` names those that only torch.export can follow;
``DELEGATED`` the functions that are left to torch.
"""

import math

import torch
import torch.nn.functional as F
from torch import nn

COLLECTION: dict[str, type[nn.Module]] = {}
SHAPES: dict[str, tuple[tuple[int, ...], ...]] = {}
EXAMPLE: set[str] = set()
DELEGATED: dict[str, set[str]] = {}


def entry(*shapes, example=False, delegated=()):
    """Enter a module class into the collection."""

    def enter(kind):
        COLLECTION[kind.__name__] = kind
        SHAPES[kind.__name__] = shapes or ((2, 3, 9, 11),)
        if example:
            EXAMPLE.add(kind.__name__)
        DELEGATED[kind.__name__] = set(delegated)
        return kind

    return enter


@entry()
class ResidualBlock(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, 5, 3, padding=1, bias=False), nn.BatchNorm2d(5)
        self.conv2, self.bn2 = nn.Conv2d(5, 5, 3, padding=1, bias=False), nn.BatchNorm2d(5)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = nn.Sequential(nn.Conv2d(3, 5, 1, bias=False), nn.BatchNorm2d(5))

    def forward(self, x):
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        out += self.downsample(x)
        return self.relu(out)


@entry()
class BottleneckStages(nn.Module):
    def __init__(self):
        super().__init__()
        self.stages = nn.ModuleList(nn.Sequential(nn.Conv2d(3, 3, 1), nn.ReLU(), nn.Conv2d(3, 3, 3, 2, 1)) for _ in range(2))

    def forward(self, x):
        features = []
        for stage in self.stages:
            x = stage(x)
            features.append(x)
        return features


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
        return self.left(x) + self.right(x.flip(3)) if False else self.left(x) + self.right(2 * x)


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


@entry((2, 6, 4, 5))
class ChannelShuffleByHand(nn.Module):
    def forward(self, x):
        n, c, h, w = x.size()
        x = x.view(n, 3, c // 3, h, w)
        return torch.transpose(x, 1, 2).contiguous().view(n, -1, h, w)


@entry((2, 6, 4, 5))
class ChunkAndCat(nn.Module):
    def __init__(self):
        super().__init__()
        self.branch = nn.Conv2d(3, 3, 3, padding=1, groups=3)

    def forward(self, x):
        left, right = x.chunk(2, dim=1)
        return torch.cat((left, self.branch(right)), dim=1)


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


@entry()
class SqueezeAndExcite(nn.Module):
    def __init__(self):
        super().__init__()
        self.reduce, self.expand = nn.Conv2d(3, 2, 1), nn.Conv2d(2, 3, 1)

    def forward(self, x):
        s = x.mean((2, 3), keepdim=True)
        s = F.relu(self.reduce(s), inplace=True)
        return x * F.hardsigmoid(self.expand(s))


@entry()
class HardSwishByHand(nn.Module):
    def forward(self, x):
        return x * F.relu6(x + 3) / 6


@entry()
class InvertedResidual(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(3, 6, 1, bias=False), nn.BatchNorm2d(6), nn.ReLU6(inplace=True),
            nn.Conv2d(6, 6, 3, padding=1, groups=6, bias=False), nn.BatchNorm2d(6), nn.Hardswish(),
            nn.Conv2d(6, 3, 1, bias=False), nn.BatchNorm2d(3),
        )  # fmt: skip

    def forward(self, x):
        return x + self.layers(x)


@entry((2, 3, 12, 10))
class UNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.down, self.pool = nn.Conv2d(3, 4, 3, padding=1), nn.MaxPool2d(2)
        self.middle = nn.Conv2d(4, 6, 3, padding=1)
        self.up = nn.ConvTranspose2d(6, 4, 2, stride=2)
        self.out = nn.Conv2d(8, 2, 1)

    def forward(self, x):
        skip = F.elu(self.down(x))
        y = self.up(F.gelu(self.middle(self.pool(skip))))
        return self.out(torch.cat([skip, y], 1))


@entry((2, 3, 7, 9))
class FeaturePyramid(nn.Module):
    def __init__(self):
        super().__init__()
        self.lateral, self.smooth = nn.Conv2d(3, 4, 1), nn.Conv2d(4, 4, 3, padding=1)

    def forward(self, x):
        y = self.lateral(x)
        top = F.interpolate(y, scale_factor=2, mode="nearest")
        fine = F.interpolate(top, size=(9, 8), mode="bilinear", align_corners=False)
        return {"top": self.smooth(top), "fine": fine}


@entry((2, 3, 8, 6))
class PatchEmbedding(nn.Module):
    def __init__(self):
        super().__init__()
        self.proj, self.norm = nn.Conv2d(3, 5, 2, stride=2), nn.LayerNorm(5)
        self.head = nn.Linear(5, 4)

    def forward(self, x):
        x = self.proj(x).flatten(2).transpose(1, 2)
        return self.head(self.norm(x).mean(dim=1)).softmax(-1)


@entry((2, 4, 6, 5))
class ConvNeXtBlock(nn.Module):
    def __init__(self):
        super().__init__()
        self.dwconv, self.norm = nn.Conv2d(4, 4, 7, padding=3, groups=4), nn.LayerNorm(4, eps=1e-6)
        self.up, self.down = nn.Linear(4, 8), nn.Linear(8, 4)
        self.gamma = nn.Parameter(torch.rand(4))

    def forward(self, x):
        y = self.norm(self.dwconv(x).permute(0, 2, 3, 1))
        y = self.gamma * self.down(F.gelu(self.up(y)))
        return x + y.permute(0, 3, 1, 2)


@entry((2, 6, 5, 7))
class Normalisations(nn.Module):
    def __init__(self):
        super().__init__()
        self.group, self.instance = nn.GroupNorm(3, 6), nn.InstanceNorm2d(6, affine=True)
        self.lrn = nn.LocalResponseNorm(3)

    def forward(self, x):
        return self.lrn(self.group(x)) + self.instance(x)


@entry((2, 3, 15))
class OneDimensional(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.bn, self.pool = nn.Conv1d(3, 4, 3, padding="same"), nn.BatchNorm1d(4), nn.AvgPool1d(2)

    def forward(self, x):
        return torch.tanh(self.pool(self.bn(self.conv(x))))


@entry((1, 2, 5, 6, 7))
class ThreeDimensional(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.bn, self.pool = nn.Conv3d(2, 3, (2, 3, 3), padding=1), nn.BatchNorm3d(3), nn.MaxPool3d(2)

    def forward(self, x):
        return self.pool(F.silu(self.bn(self.conv(x))))


@entry((2, 3, 6, 8), (2, 3, 6, 8))
class TwoInputs(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)

    def forward(self, left, right):
        return (self.conv(left) - self.conv(right)).abs()


@entry()
class PaddingModes(nn.Module):
    def __init__(self):
        super().__init__()
        self.pad = nn.ReflectionPad2d((1, 2, 0, 1))
        self.conv = nn.Conv2d(3, 4, 3, padding=1, padding_mode="circular")
        self.zero = nn.ZeroPad2d(1)

    def forward(self, x):
        return F.pad(self.zero(self.conv(self.pad(x))), (1, 0), value=0.5)


@entry((1, 8, 4, 3))
class SubPixel(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.shuffle = nn.Conv2d(8, 12, 1), nn.PixelShuffle(2)

    def forward(self, x):
        return self.shuffle(self.conv(x))


@entry()
class PReLUAndFriends(nn.Module):
    def __init__(self):
        super().__init__()
        self.prelu, self.mish, self.softplus = nn.PReLU(3), nn.Mish(), nn.Softplus(beta=2)

    def forward(self, x):
        return torch.stack([self.prelu(x), self.mish(x), self.softplus(x), F.selu(x)], dim=1)


@entry((3, 12))
class Perceptron(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(12, 7), nn.BatchNorm1d(7), nn.ReLU(), nn.Dropout(0.3), nn.Linear(7, 4), nn.LogSoftmax(dim=1))

    def forward(self, x):
        return self.layers(x)


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


@entry((2, 3, 6, 6))
class Focus(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(12, 4, 1)

    def forward(self, x):
        return self.conv(torch.cat([x[..., ::2, ::2], x[..., 1::2, ::2], x[..., ::2, 1::2], x[..., 1::2, 1::2]], 1))


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


@entry((2, 4, 4, 4))
class DepthwiseGate(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(4, 8, 3, padding=1)

    def forward(self, x):
        return F.glu(self.conv(x), dim=1) + torch.sigmoid(F.avg_pool2d(x, 3, stride=1, padding=1, count_include_pad=False))
