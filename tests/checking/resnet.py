"""A ResNet-18 with seeded weights, written down once and built twice: as a network of ours, and of PyTorch's modules.

Weights are He's normal ones. BatchNorm's statistics are those of its own inputs on some other images, and its gamma and beta are drawn
around 1 and 0: so activations have the sizes that they have in a trained network, in every layer.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch

import convproof as cp

STAGES = ((64, 1), (128, 2), (256, 2), (512, 2))  # channels, and the stride of a stage's first block


@dataclass(frozen=True)
class Line:
    """One layer: its name, its class, the arguments of its class in both libraries, and what it reads."""

    name: str
    kind: str
    arguments: dict
    sources: tuple[str, ...]


def conv(name, source, channels, out, kernel, stride=1):
    settings = {"in_channels": channels, "out_channels": out, "kernel_size": kernel, "stride": stride}
    return Line(name, "Conv2d", settings | {"padding": kernel // 2, "bias": False}, (source,))


def norm(name, source, channels):
    return Line(name, "BatchNorm2d", {"num_features": channels}, (source,))


def relu(name, source):
    return Line(name, "ReLU", {}, (source,))


def block(name: str, source: str, channels: int, out: int, stride: int) -> Iterator[Line]:
    """Two convolutions and a shortcut, which is a convolution of its own where the size changes."""
    yield conv(f"{name}.conv1", source, channels, out, 3, stride)
    yield norm(f"{name}.bn1", f"{name}.conv1", out)
    yield relu(f"{name}.relu1", f"{name}.bn1")
    yield conv(f"{name}.conv2", f"{name}.relu1", out, out, 3)
    yield norm(f"{name}.bn2", f"{name}.conv2", out)
    if stride != 1 or channels != out:
        yield conv(f"{name}.downsample.0", source, channels, out, 1, stride)
        yield norm(f"{name}.downsample.1", f"{name}.downsample.0", out)
        source = f"{name}.downsample.1"
    yield Line(f"{name}.add", "Add", {}, (f"{name}.bn2", source))
    yield relu(f"{name}.relu2", f"{name}.add")


def resnet18(classes: int = 1000) -> list[Line]:
    """All layers in order."""
    lines = [conv("conv1", "input", 3, 64, 7, 2), norm("bn1", "conv1", 64), relu("relu", "bn1")]
    lines.append(Line("maxpool", "MaxPool2d", {"kernel_size": 3, "stride": 2, "padding": 1}, ("relu",)))
    channels = 64
    for stage, (out, stride) in enumerate(STAGES, 1):
        for k in range(2):
            lines += block(f"layer{stage}.{k}", lines[-1].name, channels, out, stride if k == 0 else 1)
            channels = out
    lines.append(Line("avgpool", "AdaptiveAvgPool2d", {"output_size": (1, 1)}, (lines[-1].name,)))
    lines.append(Line("flatten", "Flatten", {}, ("avgpool",)))
    lines.append(Line("fc", "Linear", {"in_features": channels, "out_features": classes}, ("flatten",)))
    return lines


class Twin(torch.nn.Module):
    """The layers as PyTorch's modules; ``arrays`` computes all of them."""

    def __init__(self, lines: list[Line]) -> None:
        super().__init__()
        self.lines = lines
        for line in lines:
            if hasattr(torch.nn, line.kind):
                parent = self
                *path, last = line.name.split(".")
                for part in path:
                    if not hasattr(parent, part):
                        parent.add_module(part, torch.nn.Module())
                    parent = getattr(parent, part)
                parent.add_module(last, getattr(torch.nn, line.kind)(**line.arguments))

    @torch.no_grad()
    def forward(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        found = {"input": x}
        for line in self.lines:
            layer = torch.add if line.kind == "Add" else self.get_submodule(line.name)
            found[line.name] = layer(*(found[source] for source in line.sources))
        return found

    def arrays(self, x: np.ndarray) -> dict[str, np.ndarray]:
        """Every layer's output by name, in float32."""
        found = self(torch.from_numpy(x))
        return {line.name: found[line.name].numpy() for line in self.lines}


def images(count: int, size: int, seed: int) -> np.ndarray:
    """Images of waves and noise, with about the mean 0 and the spread 1 of prepared photographs."""
    rng = np.random.default_rng(seed)
    x = np.linspace(0, 1, size)
    shape = (count, 3, 6, 1)
    down, across = (np.sin(2 * np.pi * rng.uniform(0, 5, shape) * x + rng.uniform(0, 7, shape)) for _ in range(2))
    waves = np.einsum("ncki,nckj->ncij", down, across)
    return (0.7 * waves + 0.3 * rng.normal(size=waves.shape)).astype(np.float32)


def pair(seed: int = 0, classes: int = 1000) -> tuple[cp.Network, Twin]:
    """The network and its twin, both in eval mode, with the same weights."""
    lines = resnet18(classes)
    twin, generator = Twin(lines), torch.Generator().manual_seed(seed)
    for name, weight in twin.named_parameters():
        if weight.ndim > 1:
            torch.nn.init.normal_(weight, std=(2 / weight[0].numel()) ** 0.5, generator=generator)
        else:
            torch.nn.init.normal_(weight, mean=float(name.endswith("weight")), std=0.2, generator=generator)
    for module in twin.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = 1.0
    twin.train()(torch.from_numpy(images(4, 64, seed + 1)))
    twin.eval()
    network = cp.Network({line.name: (getattr(cp, line.kind)(**line.arguments), *line.sources) for line in lines}).eval()
    network.load_state_dict({name: array.numpy() for name, array in twin.state_dict().items()})
    return network, twin
