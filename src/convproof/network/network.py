"""Networks that users meet: any directed acyclic graph of named layers, and the chain as its commonest case."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from convproof.core.axes import as_array, fresh
from convproof.core.errors import GraphError, NotCoveredError, ShapeError
from convproof.core.holder import check_names
from convproof.core.layer import Gradients, Layer
from convproof.core.sentence import listed, plural, say
from convproof.core.shapes import Array, Shape
from convproof.core.upward import reach
from convproof.network.backward import pull_back
from convproof.network.graph import OUTPUT, Declared, chosen, wire
from convproof.network.run import execute
from convproof.network.summary import Summary, summarise
from convproof.network.trace import Trace

This = TypeVar("This", bound="Network")


class Network:
    """A directed acyclic graph of named layers.

    ``Network({"conv1": (conv, "input"), "sum": (Add(), "conv1", "input")})``: name: (layer, *sources). A source is the name of a layer or
    of an input, or ("split", 1) for a layer's second output. The last layer is the output unless ``outputs`` names others. A layer may
    stand under several names; its parameters are then shared, and in the state dict once.

    A fresh network is in training mode, as in torch: a call moves the running statistics of its BatchNorms. Evaluation calls may run in
    several threads at once; training calls on one network may not.

    A network that was read from a file has ``declared``, what the file says of its inputs, and ``aliases``, its names of arrays.

    Raises GraphError for a graph that cannot be.
    """

    def __init__(
        self,
        layers: Mapping[str, Any],
        *,
        inputs: Sequence[str] = ("input",),
        outputs: Sequence[Any] | None = None,
        declared: Mapping[str, Declared] | None = None,
        aliases: Mapping[str, str] | None = None,
    ) -> None:
        self.graph = wire(layers, inputs, outputs, aliases)
        self.declared = dict(declared or {})
        self.training = True

    def __call__(self, *inputs: Any) -> Any:
        """Evaluate, and keep new running statistics. One output comes as an array, several as a tuple, in the network's order."""
        arrays = self.arrays_of(inputs)
        run = execute(self.graph, arrays)
        for layer, state in run.state.items():
            layer.store(state)
        outputs = fresh(run.outputs, arrays)
        return outputs[0] if len(outputs) == 1 else outputs

    def trace(self, *inputs: Any) -> Trace:
        """Evaluate in the present mode and keep every array. Changes nothing, not even running statistics in training mode."""
        return Trace.of(self.graph, inputs, self.arrays_of(inputs))

    def vjp(self, *inputs: Any) -> tuple[Any, Callable[..., Gradients]]:
        """Outputs, and the function that pulls their gradients back to the inputs and to all parameters ("bn1.weight"). Changes nothing."""
        run = execute(self.graph, self.arrays_of(inputs), keep="steps")

        def pullback(*dy: Any) -> Gradients:
            return pull_back(self.graph, run, [as_array(g, "dy") for g in dy])

        return (run.outputs[0] if len(run.outputs) == 1 else run.outputs), pullback

    def summary(self, *shapes: Any) -> Summary:
        """Output shapes, parameters, products, receptive fields and memory, layer by layer.

        ``shapes`` are the input's shape (or arrays), one for each input: ``net.summary((1, 3, 224, 224))``. Without them the table holds
        what does not depend on the input's size.
        """
        return summarise(self.graph, [shape if isinstance(shape, tuple) else as_array(shape).shape for shape in shapes])

    def shapes(self, *shapes: Shape) -> tuple[Shape, ...]:
        """The output shapes for input shapes. Raises NotCoveredError where one depends on values that only a run knows."""
        found = chosen(self.summary(*shapes).shapes, self.graph.outputs, OUTPUT)
        if None in found:
            raise NotCoveredError("an output's shape depends on values that only a run knows; run the network and look at the output")
        return tuple(shape for shape in found if shape is not None)

    def __getitem__(self, name: str) -> Layer:
        """The layer of a name; a suffix that is unique will do. Raises UnknownNameError with near misses."""
        return self.graph.node(name).layer

    def find(self, name: str) -> str:
        """The full name of a layer, from a suffix that is unique. Raises UnknownNameError with near misses."""
        return self.graph.node(name).name

    def __iter__(self) -> Any:
        return iter(self.layers)

    def __len__(self) -> int:
        return len(self.graph.nodes)

    @property
    def layers(self) -> dict[str, Layer]:
        """All nodes by name, in the order in which they run."""
        return {node.name: node.layer for node in self.graph}

    def train(self: This, mode: bool = True) -> This:
        """Put every layer into training mode; returns the network."""
        self.training = bool(mode)
        for layer in self.layers.values():
            layer.train(mode)
        return self

    def eval(self: This) -> This:
        """Put every layer into eval mode; returns the network."""
        return self.train(False)

    def parameters(self) -> dict[str, Array]:
        """The learnt arrays by name ("conv1.weight"); the arrays themselves, not copies."""
        return {f"{name}.{key}": array for name, layer in self.graph.layers().items() for key, array in layer.parameters().items()}

    def state_dict(self) -> dict[str, Array]:
        """Copies of all parameters and statistics by name ("bn1.running_mean"); what is shared stands there once."""
        return {f"{name}.{key}": array for name, layer in self.graph.layers().items() for key, array in layer.state_dict().items()}

    def load_state_dict(self, state: Mapping[str, Any], strict: bool = True) -> None:
        """Set parameters and statistics by name; nothing is set if anything does not fit.

        Raises UnknownNameError for missing or unknown names unless ``strict`` is False, ShapeError for wrong shapes.
        """
        layers = self.graph.layers()
        own = {f"{name}.{key}": (layer, key) for name, layer in layers.items() for key in layer.state_dict()}
        check_names(list(own), state, say("the network"), strict)
        fitted = [(layer, key, layer.declared()[key].fitted(layer, state[name])) for name, (layer, key) in own.items() if name in state]
        for layer, key, array in fitted:
            layer.arrays[key] = array

    def save(self, path: str | Path) -> None:
        """Write all parameters and statistics to a .safetensors file; an old file is replaced only when the new one is complete."""
        reach("Network.save")(self, path)

    def load_weights(self: This, path: str | Path, strict: bool = True) -> This:
        """Read parameters and statistics from a .safetensors file; returns the network."""
        reach("Network.load_weights")(self, path, strict)
        return self

    def arrays_of(self, inputs: Sequence[Any]) -> list[Array]:
        """The inputs as arrays. Raises ShapeError for another number of inputs than the network has."""
        if len(inputs) != len(self.graph.inputs):
            raise ShapeError(
                "the network takes {expected} ({names}), got {count}",
                expected=plural("{n} input", "{n} inputs", n=len(self.graph.inputs)),
                names=listed(self.graph.inputs),
                count=len(inputs),
            )
        return [self._array(x, name) for x, name in zip(inputs, self.graph.inputs, strict=True)]

    def _array(self, x: Any, name: str) -> Array:
        """One input as an array: of the declared dtype where a file says that it is something else than float32."""
        given = self.declared.get(name)
        if given is None or given.dtype == np.float32:
            return as_array(x, name)
        x = x.detach().numpy() if hasattr(x, "detach") else x
        return np.asarray(x, given.dtype)

    def __repr__(self) -> str:
        lines = [f"  {node.name}: {node.layer.describe()} <- {', '.join(map(str, node.sources))}" for node in self.graph]
        return "\n".join([f"{type(self).__name__}(", *lines, ")"])


class Sequential(Network):
    """Layers one after another: ``Sequential(conv1=conv, bn1=bn)``, or without names, which are then "0", "1", ... as in torch."""

    def __init__(self, *layers: Layer, **named: Layer) -> None:
        if layers and named:
            raise GraphError("Sequential takes layers by position or by name, not both")
        chain = named or {str(k): layer for k, layer in enumerate(layers)}
        sources = ["input", *chain][: len(chain)]
        super().__init__({name: (layer, source) for (name, layer), source in zip(chain.items(), sources, strict=True)})
