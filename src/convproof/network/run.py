"""The one function that runs a graph. Call, trace, gradients and everything that looks at a network go through it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from convproof.core.layer import Layer, Step
from convproof.core.shapes import Array
from convproof.network.graph import OUTPUT, Graph, Node, Place, chosen, naming

Keep = Literal["outputs", "arrays", "steps"]


@dataclass
class Run:
    """What a run left behind.

    ``arrays`` by place: all of them, or the outputs alone. ``steps`` by node name, if they were kept. ``state`` is what the layers'
    statistics would be now; the run itself changed none. ``draws`` is what was random, ``modes`` which layers were in training.
    """

    arrays: dict[Place, Array]
    outputs: tuple[Array, ...] = ()
    steps: dict[str, Step] = field(default_factory=dict)
    state: dict[Layer, Mapping[str, Array]] = field(default_factory=dict)
    draws: dict[str, Any] = field(default_factory=dict)
    modes: dict[str, bool] = field(default_factory=dict)


def execute(graph: Graph, inputs: Sequence[Array], keep: Keep = "outputs") -> Run:
    """Evaluate every node once, in order, each in its layer's own mode. Changes nothing.

    ``keep`` "outputs" forgets every array after its last reader; "arrays" keeps all; "steps" keeps inner quantities too.
    A layer that stands in several nodes sees, at its second use, the statistics that its first use arrived at.
    """
    run = Run({Place(name): x for name, x in zip(graph.inputs, inputs, strict=True)})
    last = graph.last_readers()
    for node in graph:
        _evaluate(node, run, keep)
        if keep == "outputs":
            for source in node.sources:
                if last[source] == node.name and source not in graph.outputs:
                    run.arrays.pop(source, None)
    run.outputs = tuple(chosen(run.arrays, graph.outputs, OUTPUT))
    return run


def _evaluate(node: Node, run: Run, keep: Keep) -> None:
    """One node, from the arrays of the run and into them."""
    layer = node.layer
    with naming(node):
        step = layer.checked_step(chosen(run.arrays, node.sources, node.name), layer.training, state=run.state.get(layer))
    run.modes[node.name] = layer.training
    run.arrays.update({Place(node.name, k): y for k, y in enumerate(step.outputs)})
    if step.state:
        run.state[layer] = step.state
    if step.draw is not None:
        run.draws[node.name] = step.draw
    if keep == "steps":
        run.steps[node.name] = step
