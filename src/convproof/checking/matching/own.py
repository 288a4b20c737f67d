"""The network's own arrays, which claimed ones are compared with: outputs of layers, parameters and statistics, inputs."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from math import prod
from typing import Any

import numpy as np

from convproof.checking.matching.expected import OUTPUTS, Expected, weight_letters
from convproof.checking.matching.names import Names, plain_words
from convproof.checking.matching.spellings import Spellings, Target
from convproof.checking.subject import Subject
from convproof.core.layer import Layer
from convproof.core.shapes import Array, Shape


@dataclass
class Own:
    """The arrays of one network on its inputs; those of layers are made anew when they are asked for."""

    subject: Subject

    def shape(self, target: Target) -> Shape:
        """Shape of an array."""
        return self.state[target.name].shape if target.kind == "state" else self.subject.run.shape(self.subject.named[target.name])

    def dtype(self, target: Target) -> np.dtype[Any]:
        """Dtype of an array."""
        return self.state[target.name].dtype if target.kind == "state" else self.subject.run.dtype(self.subject.named[target.name])

    def array(self, target: Target) -> Array:
        """An array."""
        return self.state[target.name] if target.kind == "state" else self.subject.trace.arrays[target.name]

    def same(self, targets: Sequence[Target]) -> bool:
        """Whether arrays hold the very same numbers."""
        return all(np.array_equal(self.array(t).ravel(), self.array(targets[0]).ravel(), equal_nan=True) for t in targets[1:])

    def expected(self, target: Target) -> Expected:
        """What a claim on a target is read as."""
        shape, array = self.shape(target), partial(self.array, target)
        if target.kind != "state":
            return Expected(shape, OUTPUTS.get(len(shape), ""), "output", array)
        node, _, key = target.name.rpartition(".")
        axes = self.layers[node].declared()[key].axes
        return Expected(shape, weight_letters(axes, len(shape)), "weight", array)

    def alike(self, size: int) -> list[Target]:
        """All arrays of so many cells, counters of batches left out."""
        return self.by_size.get(size, [])

    def nearest_in_size(self, size: int) -> list[Target]:
        """The arrays of layers that are nearest in size."""
        outputs = [target for target in self.targets.values() if target.kind == "output"]
        return sorted(outputs, key=lambda target: abs(prod(self.shape(target)) - size))[:4]

    @cached_property
    def by_size(self) -> Mapping[int, list[Target]]:
        """All arrays by their number of cells."""
        found: dict[int, list[Target]] = {}
        for target in self.targets.values():
            if target.kind != "state" or self.dtype(target).kind in "fV":
                found.setdefault(prod(self.shape(target)), []).append(target)
        return found

    @cached_property
    def state(self) -> Mapping[str, Array]:
        """Parameters and statistics by name."""
        return self.subject.state

    @cached_property
    def layers(self) -> Mapping[str, Layer]:
        """Every layer by the name that its parameters have."""
        return self.subject.network.graph.layers()

    @cached_property
    def targets(self) -> Mapping[str, Target]:
        """All arrays by their full names."""
        return self.names(()).targets

    def names(self, claimed: Sequence[str]) -> Names:
        """All names of the arrays, for some that are looked for."""
        graph = self.subject.network.graph
        spellings = Spellings(
            layers={node.name: node.layer for node in graph},
            outputs=Counter(place.name for place in self.subject.run.known if place.name not in graph.inputs),
            state=tuple(self.state),
            inputs=graph.inputs,
            ends=tuple(str(place) for place in graph.outputs if place.name not in graph.inputs),
            aliases=graph.aliases,
            claimed=tuple(plain_words(name) for name in claimed),
        )
        return Names(spellings, tuple(claimed))
