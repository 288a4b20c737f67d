"""What is checked: a network on its inputs, and what a run of it in its own arithmetic is like.

The arrays of the run serve to find out whose array is which, and are let go of before anything is reckoned: they would take the memory
of a trace. They are made anew where they are needed again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from convproof.checking.reckoning import Ran, Reckoned, wide
from convproof.core.errors import ConvproofError, SettingError, ShapeError
from convproof.core.evaluation import Known
from convproof.core.layer import Layer
from convproof.core.sentence import listed
from convproof.core.shapes import Array, Shape
from convproof.network.graph import Graph, Place
from convproof.network.network import Network
from convproof.network.trace import Trace


@dataclass
class Subject:
    """A network on its inputs, and what a run of it was like: ``handed_on`` are the layers that give the very array that they read, an
    Identity or a dropout in eval. ``single``: it was one layer, whose array needs no name.
    """

    network: Network
    inputs: tuple[Array, ...]
    single: bool
    run: Ran
    handed_on: frozenset[str]
    kept: Trace | None = None

    @classmethod
    def of(cls, model: Any, x: Any) -> "Subject":
        """A network or a single layer on ``x``: an array, or a tuple of arrays for several inputs. Changes nothing.

        Raises SettingError for another model.
        """
        if not isinstance(model, Layer | Network):
            raise SettingError(
                "what is checked is a layer or a network of convproof; got {found}; make one of it with load(path) or from_torch(module)",
                found=type(model).__name__,
            )
        single, given = isinstance(model, Layer), x if isinstance(x, tuple) else (x,)
        network = alone(model, len(given)) if isinstance(model, Layer) else model
        inputs = tuple(network.arrays_of(given))
        trace = traced(network, inputs)
        handed_on = frozenset(node.name for node in network.graph if hands_on(trace, node.name))
        return cls(network, inputs, single, ran(network.graph, trace), handed_on, trace)

    @property
    def trace(self) -> Trace:
        """The network's own run."""
        if self.kept is None:
            self.kept = self.network.trace(*self.inputs)
        return self.kept

    def let_go(self) -> None:
        """Give the memory of the trace back."""
        self.kept = None

    @cached_property
    def named(self) -> dict[str, Place]:
        """Every array by its name, the inputs too."""
        return {str(place): place for place in self.run.known}

    @cached_property
    def places(self) -> dict[str, Place]:
        """Every array that a layer makes, by its name."""
        return {name: place for name, place in self.named.items() if place.name not in self.network.graph.inputs}

    @property
    def state(self) -> dict[str, Array]:
        """Parameters and statistics by their names in the state dict; the arrays themselves, not copies."""
        layers = self.network.graph.layers().items()
        return {f"{name}.{key}": a for name, layer in layers for key in layer.declared() if (a := layer.arrays[key]) is not None}

    def given(self) -> dict[Place, Reckoned]:
        """The inputs, exact."""
        return {Place(name): Reckoned(wide(x)) for name, x in zip(self.network.graph.inputs, self.inputs, strict=True)}


def traced(network: Network, inputs: tuple[Array, ...]) -> Trace:
    """A run. Raises ShapeError, which says so if inputs lack N: a convolution takes C, H, W as PyTorch's does, what follows may not."""
    try:
        return network.trace(*inputs)
    except ShapeError as error:
        batches = [(1, *x.shape) if x.ndim == 3 else x.shape for x in inputs]
        if all(x.ndim != 3 for x in inputs) or not takes(network, batches):
            raise
        raise ShapeError(
            "{error}; the input has shape {found}, without N: give it as {batch}, a batch of one, such as x[None]",
            error=error.sentence,
            found=listed([x.shape for x in inputs]),
            batch=listed(batches),
        ) from None


def takes(network: Network, shapes: Sequence[Shape]) -> bool:
    """Whether a network runs on inputs of some shapes."""
    try:
        network.shapes(*shapes)
    except ConvproofError:
        return False
    return True


def alone(layer: Layer, count: int) -> Network:
    """A network of one layer, which has the name of its class, on ``count`` inputs."""
    name, names = type(layer).__name__, layer.names_of(count)
    inputs = names if count > 1 else ("input",)
    mode = layer.training
    network = Network({name: (layer, *inputs)}, inputs=inputs)
    network.training = mode
    return network


def ran(graph: Graph, trace: Trace) -> Ran:
    """Shapes, dtypes, modes and draws of a run."""
    places = [Place(node.name, k) for node in graph for k in range(len(trace.outputs_of(node.name)))]
    arrays = {place: trace.arrays[str(place)] for place in (*places, *map(Place, graph.inputs))}
    return Ran({place: Known(array.shape, array.dtype) for place, array in arrays.items()}, trace.modes, trace.draws)


def hands_on(trace: Trace, name: str) -> bool:
    """Whether a layer gave the very array that it read."""
    inputs, outputs = trace.inputs_of(name), trace.outputs_of(name)
    return len(inputs) == len(outputs) == 1 and inputs[0].shape == outputs[0].shape and np.shares_memory(inputs[0], outputs[0])
