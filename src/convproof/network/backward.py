"""Gradients through a graph: every node pulls back what its readers gave it, from the last to the first."""

from collections.abc import Sequence

from convproof.core.errors import ShapeError
from convproof.core.layer import Gradients
from convproof.core.shapes import Array
from convproof.network.graph import Graph, Place
from convproof.network.run import Run


def pull_back(graph: Graph, run: Run, dy: Sequence[Array]) -> Gradients:
    """Gradients of inputs (in order) and of parameters ("conv1.weight"), given those of the outputs."""
    expected = [y.shape for y in run.outputs]
    if [g.shape for g in dy] != expected:
        raise ShapeError(
            "pullback expects gradients of the outputs, of shapes {expected}; got {found}", expected=expected, found=[g.shape for g in dy]
        )
    above: dict[Place, Array] = {}
    for place, g in zip(graph.outputs, dy, strict=True):
        _collect(above, place, g)
    names = {id(layer): name for name, layer in graph.layers().items()}
    own: dict[str, Array] = {}
    for node in reversed(graph.nodes):
        step = run.steps[node.name]
        if not any(Place(node.name, k) in above for k in range(len(step.outputs))):
            continue
        received = [above.get(Place(node.name, k), 0 * y) for k, y in enumerate(step.outputs)]
        gradients = node.layer.pull(step, *received)
        for source, dx in zip(node.sources, gradients.inputs, strict=True):
            if dx is not None:
                _collect(above, source, dx)
        for key, g in gradients.parameters.items():
            name = f"{names[id(node.layer)]}.{key}"
            own[name] = own[name] + g if name in own else g
    return Gradients(tuple(above.get(Place(name)) for name in graph.inputs), own)


def _collect(above: dict[Place, Array], place: Place, g: Array) -> None:
    above[place] = above[place] + g if place in above else g
