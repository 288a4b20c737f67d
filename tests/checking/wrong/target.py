"""A small network, and a target that computes it layer by layer with PyTorch, sound or damaged.

input -> conv1 -> bn1 -> relu1 -> pool -> conv2 -> sum -> flatten -> fc
                                   '----------------'
"""

from collections.abc import Callable, Mapping

import numpy as np
import torch
import torch.nn.functional as F

import convproof as cp
from tests.checking.wrong.table import noise

Damage = Callable[[np.ndarray], np.ndarray]
NAMES = ("conv1", "bn1", "relu1", "pool", "conv2", "sum", "flatten", "fc")
X = noise(141, 2, 3, 11, 10)


def network(mode: str) -> cp.Network:
    """In eval or training mode, of float32, or "double": in eval mode, of float64."""
    kind = np.float64 if mode == "double" else np.float32
    net = cp.Network(
        {
            "conv1": (cp.Conv2d(3, 5, (3, 2), padding=(1, 0), dtype=kind, seed=1), "input"),
            "bn1": (cp.BatchNorm2d(5, dtype=kind), "conv1"),
            "relu1": (cp.ReLU(), "bn1"),
            "pool": (cp.MaxPool2d((2, 3)), "relu1"),
            "conv2": (cp.Conv2d(5, 5, 3, padding=1, dtype=kind, seed=2), "pool"),
            "sum": (cp.Add(), "conv2", "pool"),
            "flatten": (cp.Flatten(), "sum"),
            "fc": (cp.Linear(75, 7, dtype=kind, seed=3), "flatten"),
        }
    )
    statistics = {"running_mean": noise(142, 5, spread=0.3), "running_var": np.array([0.003, 0.1, 0.7, 2, 30])}
    net["bn1"].load_state_dict({**net["bn1"].state_dict(), **statistics, "weight": noise(143, 5), "bias": noise(144, 5)})
    return net.train(mode == "training")


def inputs(mode: str) -> np.ndarray:
    return X.astype(np.float64) if mode == "double" else X


def dumped(mode: str, damage: Mapping[str, Damage] | None = None) -> dict[str, np.ndarray]:
    """What the target dumps: every layer works on what the one before left, damaged where ``damage`` says so."""
    state = {key: torch.tensor(array) for key, array in network(mode).state_dict().items()}

    def part(name):
        return {key.partition(".")[2]: array for key, array in state.items() if key.startswith(name + ".")}

    def normalised(x):
        own = part("bn1")
        return F.batch_norm(x, own["running_mean"], own["running_var"], own["weight"], own["bias"], training=mode == "training")

    steps = {
        "conv1": lambda y: F.conv2d(y["input"], **part("conv1"), padding=(1, 0)),
        "bn1": lambda y: normalised(y["conv1"]),
        "relu1": lambda y: F.relu(y["bn1"]),
        "pool": lambda y: F.max_pool2d(y["relu1"], (2, 3)),
        "conv2": lambda y: F.conv2d(y["pool"], **part("conv2"), padding=1),
        "sum": lambda y: y["conv2"] + y["pool"],
        "flatten": lambda y: y["sum"].flatten(1),
        "fc": lambda y: F.linear(y["flatten"], **part("fc")),
    }
    found = {"input": torch.tensor(inputs(mode))}
    for name, step in steps.items():
        y = step(found).numpy().copy()
        found[name] = torch.tensor((damage or {}).get(name, np.asarray)(y))
    return {name: found[name].numpy() for name in NAMES}


def differing(these: np.ndarray, those: np.ndarray) -> np.ndarray:
    """Cells that hold other numbers."""
    return ~((these == those) | (np.isnan(these) & np.isnan(those)))


def corner(y: np.ndarray) -> np.ndarray:
    """The very last cell is off by three."""
    y[(-1,) * y.ndim] += 3
    return y


def stale_tile(y: np.ndarray) -> np.ndarray:
    """A block of cells that the image before left there."""
    block = (slice(1, 3),) * (y.ndim - 1)
    y[(1, *block)] = y[(0, *block)]
    return y


def swapped_channels(y: np.ndarray) -> np.ndarray:
    """Two channels change places."""
    y[:, [1, 4]] = y[:, [4, 1]]
    return y


def row_of_nan(y: np.ndarray) -> np.ndarray:
    """The last row of a map, or the second number of a vector."""
    y[(0, 1, -1)[: y.ndim - 1]] = np.nan
    return y


def one_infinity(y: np.ndarray) -> np.ndarray:
    """The first cell overflows."""
    y[(0,) * y.ndim] = np.inf
    return y
