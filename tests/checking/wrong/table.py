"""What the law runs over: mistakes that people make, each computed by hand beside the right way in the same style.

The numbers come from plain loops, from patches multiplied by a matrix, from SciPy or from PyTorch called with a wrong argument; never
from the code under test. Sizes are pairwise different, numbers have both signs, variances lie decades apart.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

import convproof as cp


@dataclass(frozen=True)
class Wrong:
    """A mistake by its id in the catalogue: a layer or a network, its inputs, and what is claimed ``right``ly and wrongly of it."""

    id: str
    model: Any
    inputs: tuple[np.ndarray, ...]
    right: Callable[[], Any]
    claimed: Callable[[], Any]


def noise(seed: int, *shape: int, spread: float = 1.0) -> np.ndarray:
    """Float32 numbers of both signs."""
    return (spread * np.random.default_rng(seed).normal(size=shape)).astype(np.float32)


def told(layer: cp.Conv2d, **arrays: np.ndarray) -> Any:
    """The layer in eval mode with these parameters and statistics."""
    layer.load_state_dict({**layer.state_dict(), **arrays})
    return layer.eval()


def by_torch(function: Callable[..., Any], *inputs: np.ndarray, **settings: Any) -> np.ndarray:
    """A function of PyTorch on arrays."""
    tensors = [torch.tensor(x) if isinstance(x, np.ndarray) else x for x in inputs]
    settings = {key: torch.tensor(value) if isinstance(value, np.ndarray) else value for key, value in settings.items()}
    return function(*tensors, **settings).detach().numpy()
