"""What the laws run over: every layer with settings that hide nothing, and its twin in PyTorch.

A file ``tests/layers/test_<room>.py`` holds the SAMPLES of its room. Sizes are pairwise different, both parities occur, values are
negative too.
"""

import importlib
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from convproof.core.layer import Layer

EVERY_CELL = 400


@dataclass(frozen=True)
class Sample:
    """A layer made by ``make``, the shapes of its inputs, and a maker of the torch module or function that computes the same.

    ``eval`` puts the layer into eval mode; ``inputs_like`` changes the standard normal numbers that the inputs are.
    """

    name: str
    make: Callable[[], Layer]
    shapes: tuple[tuple[int, ...], ...]
    twin: Callable[[], Callable[..., torch.Tensor]]
    eval: bool = False
    inputs_like: Callable[[np.ndarray], np.ndarray] = lambda x: x

    def layer(self, dtype: type = np.float32) -> Layer:
        """The layer, with parameters and statistics that are all different, learnt ones of both signs."""
        layer = self.make()
        rng = np.random.default_rng(self.seed)
        for key, array in layer.state_dict().items():
            if array.dtype.kind == "f":
                drawn = rng.normal(size=array.shape) if layer.declared()[key].learnt else rng.uniform(0.5, 2, array.shape)
                layer.arrays[key] = drawn.astype(dtype)
        layer.dtype = np.dtype(dtype)
        return layer.train(not self.eval)

    def inputs(self, dtype: type = np.float32) -> tuple[np.ndarray, ...]:
        rng = np.random.default_rng(self.seed + 1)
        return tuple(np.asarray(self.inputs_like(rng.normal(size=shape)), dtype) for shape in self.shapes)

    def witness(self, layer: Layer) -> Callable[..., torch.Tensor]:
        """The twin with the layer's own parameters and mode."""
        module = self.twin()
        if isinstance(module, torch.nn.Module):
            module.to(torch.float64 if layer.dtype == np.float64 else torch.float32)
            module.load_state_dict({key: torch.tensor(array) for key, array in layer.state_dict().items()})
            module.train(layer.training)
        return module

    def theirs(self, layer: Layer, inputs: Sequence[np.ndarray]) -> tuple[np.ndarray, ...]:
        """All outputs of the twin."""
        found = self.witness(layer)(*map(torch.tensor, inputs))
        return tuple(y.detach().numpy() for y in (found if isinstance(found, tuple) else (found,)))

    @property
    def seed(self) -> int:
        return zlib.crc32(self.name.encode())


def all_samples() -> list[Sample]:
    """The SAMPLES of every room's test file, in the order of the files."""
    found = []
    for path in sorted((Path(__file__).parent / "layers").glob("test_*.py")):
        found += importlib.import_module(f"tests.layers.{path.stem}").SAMPLES
    return found


def cells_of(shape: tuple[int, ...], most: int = EVERY_CELL) -> np.ndarray:
    """Every cell of an output; of a large one so many, spread over it."""
    cells = np.argwhere(np.ones(shape, bool))
    step = -(-len(cells) // most)
    return cells[::step]
