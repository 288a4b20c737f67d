"""A network run layer by layer by a witness: every layer is replaced by a stand-in, and the graph runs as it always does.

Each layer reads what the witness itself computed before. Where the witness cannot compute a layer, ours does it in its place, so that
the layers behind it can be asked all the same; its arrays are missing from the answer, with the reason.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from convproof.core.axes import as_short_as
from convproof.core.errors import NotCoveredError
from convproof.core.evaluation import Step
from convproof.core.layer import Layer
from convproof.core.sentence import Sentence, Text
from convproof.core.shapes import Array
from convproof.network.graph import Graph
from convproof.network.late import Late
from convproof.network.run import execute
from convproof.witness.answer import Answer

State = Mapping[str, Array] | None
Compute = Callable[[Layer, Sequence[Array], bool, State], Step]  # ``inner``: the witness's own statistics; raises NotCoveredError


class StandIn(Layer):
    """A layer as a witness computes it. Two stand-ins for one layer are equal: they see each other's statistics."""

    def __init__(self, layer: Layer, compute: Compute) -> None:
        super().__init__()
        self.layer, self.by_witness = layer, compute
        self.training = layer.training
        self.reason: Sentence | None = None
        self.remembered: dict[str, Array] = {}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, StandIn) and other.layer is self.layer

    def __hash__(self) -> int:
        return id(self.layer)

    def describe(self) -> str:
        """The layer that it stands for."""
        return self.layer.describe()

    def checked_step(self, inputs: Sequence[Array], training: bool, draw: Any = None, state: State = None) -> Step:
        """The witness's step, or ours where it has none."""
        try:
            step = self.answered(inputs, training, state)
        except NotCoveredError as error:
            self.reason = error.sentence
            self.remembered = {}
            return self.layer.checked_step(inputs, training, draw, state)
        self.remembered = dict(step.inner)
        return replace(step, outputs=tuple(as_short_as(y, inputs) for y in step.outputs))

    def answered(self, inputs: Sequence[Array], training: bool, state: State) -> Step:
        """The witness's step. Raises NotCoveredError, also for outputs of other shapes than ours."""
        layer, arrays = self.layer, inputs
        if isinstance(layer, Late):
            found = layer.of(inputs)
            layer, arrays = found.layer, found.arrays(inputs)
        step = self.by_witness(layer, arrays, training, state)
        if layer.support == "ours":
            expected, given = layer.shapes(*(x.shape for x in arrays)), tuple(y.shape for y in step.outputs)
            if given != expected:
                raise NotCoveredError(
                    "{layer}: it gives the shapes {given}, expected {expected}", layer=layer.describe(), given=given, expected=expected
                )
        return step


def layer_by_layer(name: Text, graph: Graph, inputs: Sequence[Array], compute: Compute) -> Answer:
    """The answer of a witness that can be asked for single layers. ``inputs`` are the network's, of which every layer may keep a part."""
    stands = {node.name: StandIn(node.layer, compute) for node in graph}
    nodes = tuple(replace(node, layer=stands[node.name]) for node in graph)
    run = execute(replace(graph, nodes=nodes), [np.array(x) for x in inputs], keep="arrays")
    refused = {name: stand.reason for name, stand in stands.items() if stand.reason is not None}
    made = {place: y for place, y in run.arrays.items() if place.name not in graph.inputs}
    arrays = {str(place): y for place, y in made.items() if place.name not in refused}
    missing = {str(place): refused[place.name] for place in made if place.name in refused}
    return Answer(name, arrays | statistics(graph, stands.values()), missing)


def statistics(graph: Graph, stands: Iterable[StandIn]) -> dict[str, Array]:
    """The statistics that the witness left behind, by their names in the network's state dict; of a layer used twice, the last ones."""
    names = {id(layer): name for name, layer in graph.layers().items()}
    return {f"{names[id(stand.layer)]}.{key}": array for stand in stands for key, array in stand.remembered.items()}
