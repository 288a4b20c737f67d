"""What is checked: a network on its inputs, and what a run of it in its own arithmetic is like."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from convproof.checking.reckoning import Ran, Reckoned, wide
from convproof.core.evaluation import Known
from convproof.core.layer import Layer
from convproof.core.shapes import Array
from convproof.network.graph import Place
from convproof.network.network import Network
from convproof.network.trace import Trace


@dataclass(frozen=True)
class Subject:
    """A network, its inputs, and its own trace. ``single``: it was one layer, whose array needs no name."""

    network: Network
    inputs: tuple[Array, ...]
    trace: Trace
    single: bool

    @classmethod
    def of(cls, model: Layer | Network, x: Any) -> "Subject":
        """A network or a single layer on ``x``: an array, or a tuple of arrays for several inputs. Changes nothing."""
        single, given = isinstance(model, Layer), x if isinstance(x, tuple) else (x,)
        network = alone(model, len(given)) if isinstance(model, Layer) else model
        arrays = tuple(network.arrays_of(given))
        return cls(network, arrays, network.trace(*arrays), single)

    @cached_property
    def places(self) -> dict[str, Place]:
        """Every array that a layer makes, by its name."""
        return {str(place): place for place in self.run.known if place.name not in self.network.graph.inputs}

    @property
    def state(self) -> dict[str, Array]:
        """Parameters and statistics by their names in the state dict; the arrays themselves, not copies."""
        layers = self.network.graph.layers().items()
        return {f"{name}.{key}": a for name, layer in layers for key in layer.declared() if (a := layer.arrays[key]) is not None}

    @cached_property
    def run(self) -> Ran:
        """Shapes, dtypes, modes and draws of the run."""
        graph = self.network.graph
        named = {str(Place(node.name, k)): Place(node.name, k) for node in graph for k in range(len(self.trace.outputs_of(node.name)))}
        named |= {name: Place(name) for name in graph.inputs}
        known: Mapping[Place, Known] = {
            place: Known(self.trace.arrays[name].shape, self.trace.arrays[name].dtype) for name, place in named.items()
        }
        return Ran(known, self.trace.modes, self.trace.draws)

    def given(self) -> dict[Place, Reckoned]:
        """The inputs, exact."""
        return {Place(name): Reckoned(wide(x)) for name, x in zip(self.network.graph.inputs, self.inputs, strict=True)}


def alone(layer: Layer, count: int) -> Network:
    """A network of one layer, which has the name of its class, on ``count`` inputs."""
    name, names = type(layer).__name__, layer.names_of(count)
    inputs = names if count > 1 else ("input",)
    mode = layer.training
    network = Network({name: (layer, *inputs)}, inputs=inputs)
    network.training = mode
    return network
