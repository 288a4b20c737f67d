"""Networks and layers of ours as ONNX models for one run: of inputs of one shape and type, with floats of one type throughout.

ONNX says what a network computes in eval mode. A layer in training can be asked all the same if its mode makes no difference.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from convproof.core.errors import ConvproofError, NotCoveredError
from convproof.core.evaluation import Step
from convproof.core.formats import FLOATS
from convproof.core.holder import with_arrays
from convproof.core.layer import Layer
from convproof.core.shapes import Array
from convproof.network.graph import Declared, Graph, Node, Place
from convproof.network.late import Late
from convproof.network.network import Network
from convproof.network.run import execute
from convproof.network.summary import infer_shapes
from convproof.witness.answer import float_type
from convproof.witness.stand_ins import State

Run = Callable[[Any, dict[str, Array]], Sequence[Any]]  # a model and its inputs by name: the outputs in order
INPUT = "x{k}"
LAYER = "layer"
IDLE = ("momentum",)  # attributes on which no number depends in eval mode


def model_for(graph: Graph, inputs: Sequence[Array], places: Sequence[Place]) -> tuple[Any, dict[str, Array]]:
    """An ONNX model that gives ``places``, and its inputs by name. Raises NotCoveredError, naming the layer that cannot be written."""
    from convproof.formats.onnx.write import model_of

    kind = float_type([*inputs, *(array for layer in graph.layers().values() for array in layer.parameters().values())])
    fitted = {id(layer): in_float_type(layer, kind) for layer in graph.layers().values()}
    given = {name: np.ascontiguousarray(in_type(x, kind)).reshape(x.shape) for name, x in zip(graph.inputs, inputs, strict=True)}
    layers = {node.name: (fitted[id(node.layer)], *((source.name, source.output) for source in node.sources)) for node in graph}
    try:
        network = Network(
            layers,
            inputs=graph.inputs,
            outputs=[(place.name, place.output) for place in places],
            declared={name: Declared(x.dtype, x.shape) for name, x in given.items()},
        )
        model = model_of(network)
    except ConvproofError as error:
        problem = error.sentence.fields.get("problem") if error.sentence.fields.get("name") == LAYER else None
        raise NotCoveredError("it cannot be written as ONNX: {problem}", problem=problem or error.sentence) from error
    if kind == np.float64:
        require_exact_attributes(network.graph, list(given.values()))
    return model, given


def require_exact_attributes(graph: Graph, inputs: Sequence[Array]) -> None:
    """Raise NotCoveredError for a layer in float64 of which ONNX keeps a setting as a float32, which is another number."""
    shapes = infer_shapes(graph, [x.shape for x in inputs])
    for node in graph:
        for one in node.layer.written_at([shapes.get(source) for source in node.sources]):
            for name, value in one.settings.items():
                if name in IDLE:
                    continue
                numbers = value if isinstance(value, list | tuple) else (value,)
                lost = [x for x in numbers if isinstance(x, float) and float(np.float32(x)) != x]
                if lost:
                    raise NotCoveredError(
                        "ONNX keeps {name} of {operator} as a float32, where {value} is {stored}; in float64 it cannot be asked",
                        name=name,
                        operator=one.operator,
                        value=lost[0],
                        stored=float(np.float32(lost[0])),
                    )


def in_type(array: Array, kind: Any) -> Array:
    """An array in a type of floats, if it holds floats."""
    return array.astype(kind) if kind is not None and array.dtype.name in FLOATS else array


def in_float_type(layer: Layer, kind: Any) -> Layer:
    """A copy of a layer in eval mode, with floats of a type; the layer itself is left alone."""
    arrays = {name: in_type(array, kind) if isinstance(array, np.ndarray) else array for name, array in layer.arrays.items()}
    own = with_arrays(layer, arrays)
    own.dtype, own.training = layer.dtype if kind is None else np.dtype(kind), False
    return own


def require_no_mode(graph: Graph, inputs: Sequence[Array]) -> None:
    """Raise NotCoveredError for the first layer in training whose mode makes a difference on these inputs."""
    if not any(has_mode(node.layer) for node in graph):
        return
    run = execute(graph, inputs, keep="steps")
    for node in graph:
        if has_mode(node.layer):
            require_the_same(node.name, node.layer, run.steps[node.name], [run.arrays[source] for source in node.sources], None)


def has_mode(layer: Layer) -> bool:
    """Whether a layer is in training and might compute something else in eval: one that has a step of its own."""
    return layer.training and layer.support == "ours" and (isinstance(layer, Late) or type(layer).step is not Layer.step)


def require_the_same(name: str, layer: Layer, step: Step, inputs: Sequence[Array], state: State) -> None:
    """Raise NotCoveredError unless a step in eval gives the same numbers as one in training."""
    other = layer.checked_step(inputs, False, state=state)
    if not all(np.array_equal(y, z, equal_nan=y.dtype.kind == "f") for y, z in zip(step.outputs, other.outputs, strict=True)):
        raise NotCoveredError(
            "{name} is in training mode, and ONNX says what a network computes in eval mode; ask PyTorch, or call network.eval() first",
            name=name,
        )


def stepping(run: Run) -> Callable[[Layer, Sequence[Array], bool, State], Step]:
    """One layer at a time, as a model of its own."""

    def step(layer: Layer, inputs: Sequence[Array], training: bool, state: State) -> Step:
        own = replace_state(layer, state)
        names = tuple(INPUT.format(k=k) for k in range(len(inputs)))
        ours = None
        if training and has_mode(layer):
            ours = layer.checked_step(inputs, True, state=state)
            require_the_same(layer.describe(), layer, ours, inputs, state)
        count = len(layer.shapes(*(x.shape for x in inputs))) if layer.support == "ours" else len(layer.checked_step(inputs, False).outputs)
        places = tuple(Place(LAYER, k) for k in range(count))
        graph = Graph((Node(LAYER, own, tuple(map(Place, names))),), names, places)
        found = run(*model_for(graph, inputs, places))
        return Step(tuple(map(np.asarray, found)), tuple(inputs), training, state=ours.state if ours else {})

    return step


def replace_state(layer: Layer, state: State) -> Layer:
    """The layer with statistics that an earlier use in the same run left behind."""
    return with_arrays(layer, layer.arrays | dict(state)) if state else layer
