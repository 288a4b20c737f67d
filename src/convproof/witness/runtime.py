"""ONNX Runtime as a witness, twice: the graph as it is written, with every array on the way, and as its optimiser changes it.

An optimiser fuses and reorders layers, so of its graph there are outputs only. Where a layer cannot be written, or ONNX Runtime cannot run
it, the others are asked one by one, and the optimised graph gives nothing.
"""

from collections.abc import Sequence
from typing import Any

from convproof.core.errors import NotCoveredError
from convproof.core.shapes import Array
from convproof.network.graph import Place
from convproof.network.network import Network
from convproof.witness.answer import Answer, all_places, in_own_words, needing
from convproof.witness.as_onnx import Run, model_for, require_no_mode, stepping
from convproof.witness.stand_ins import layer_by_layer

AS_WRITTEN, OPTIMISED = "onnxruntime (not optimised)", "onnxruntime"
SILENT = 4  # of its levels of logging: what is fatal


def by_runtime(network: Network, inputs: Sequence[Array]) -> tuple[Answer, ...]:
    """Both answers. Raises SettingError if onnxruntime is not installed."""
    with needing("onnxruntime"):
        import onnxruntime  # noqa: F401
    graph, outputs = network.graph, network.graph.outputs
    try:
        require_no_mode(graph, inputs)
    except NotCoveredError as error:
        as_written = layer_by_layer(AS_WRITTEN, graph, inputs, stepping(session(optimised=False)))
        return as_written, Answer.none(OPTIMISED, outputs, error.sentence)
    try:
        as_written = Answer(AS_WRITTEN, whole(network, inputs, all_places(graph, inputs), session(optimised=False)))
    except NotCoveredError:
        as_written = layer_by_layer(AS_WRITTEN, graph, inputs, stepping(session(optimised=False)))
    try:
        optimised = Answer(OPTIMISED, whole(network, inputs, outputs, session(optimised=True)))
    except NotCoveredError as error:
        optimised = Answer.none(OPTIMISED, outputs, error.sentence)
    return as_written, optimised


def whole(network: Network, inputs: Sequence[Array], places: Sequence[Place], run: Run) -> dict[str, Array]:
    """Some arrays of the whole network, run as one model. Raises NotCoveredError."""
    found = run(*model_for(network.graph, inputs, places))
    return {str(place): array for place, array in zip(places, found, strict=True)}


def session(optimised: bool) -> Run:
    """A function that runs a model; it raises NotCoveredError with ONNX Runtime's own words."""

    def run(model: Any, given: dict[str, Array]) -> Sequence[Any]:
        import onnxruntime as runtime

        options = runtime.SessionOptions()
        levels = runtime.GraphOptimizationLevel
        options.graph_optimization_level = levels.ORT_ENABLE_ALL if optimised else levels.ORT_DISABLE_ALL
        options.log_severity_level = SILENT
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        with in_own_words(model.graph.node[-1].name, OPTIMISED):
            made = runtime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
            return list(made.run(None, given))

    return run
