"""Blocks and small networks of well-known kinds."""

import torch
import torch.nn.functional as F
from torch import nn

from tests.formats.torch.entries import entry


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


@entry((2, 3, 6, 6))
class Focus(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(12, 4, 1)

    def forward(self, x):
        return self.conv(torch.cat([x[..., ::2, ::2], x[..., 1::2, ::2], x[..., ::2, 1::2], x[..., 1::2, 1::2]], 1))


@entry((2, 4, 4, 4))
class DepthwiseGate(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(4, 8, 3, padding=1)

    def forward(self, x):
        return F.glu(self.conv(x), dim=1) + torch.sigmoid(F.avg_pool2d(x, 3, stride=1, padding=1, count_include_pad=False))
