"""ONNX Runtime as a witness, node by node: each node of ours is fed ONNX Runtime's own inputs of that node."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import onnx
import onnxruntime

from convproof.core.lines import Lines
from convproof.network.graph import Node
from convproof.network.network import Network


def every_tensor(model: onnx.ModelProto, feeds: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """All arrays of a run without optimisations, by tensor name."""
    model = onnx.ModelProto.FromString(model.SerializeToString())
    known = {output.name for output in model.graph.output}
    names = [name for node in model.graph.node if node.op_type != "Constant" for name in node.output if name]
    model.graph.output.extend(onnx.ValueInfoProto(name=name) for name in names if name not in known)
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    outputs = [output.name for output in session.get_outputs()]
    return dict(zip(outputs, session.run(outputs, dict(feeds)), strict=True)) | dict(feeds)


@dataclass(frozen=True)
class Found:
    """One output of a node: ours, theirs, and our exact values with their lines."""

    name: str
    node: Node
    ours: np.ndarray
    theirs: np.ndarray
    lines: Lines

    def worst(self) -> tuple[float, float]:
        """The largest share of the proof line that our distance from the exact value takes, and theirs."""
        allowed = np.maximum(self.lines.proof, np.finfo(np.float64).tiny)
        return tuple(float((abs(y.astype(np.float64) - self.lines.exact) / allowed).max(initial=0)) for y in (self.ours, self.theirs))


def node_by_node(network: Network, tensors: Mapping[str, np.ndarray]) -> Iterator[Found]:
    """Every node of ours on ONNX Runtime's own inputs of it. Arrays that ONNX Runtime does not have (constants) are our own."""
    by_place = {place: tensors[name] for name, place in network.graph.aliases.items() if name in tensors}
    used = {str(place) for place in (*network.graph.outputs, *(source for node in network.graph for source in node.sources))}
    for node in network.graph:
        inputs = [by_place[str(source)] for source in node.sources]
        step = node.layer.checked_step(inputs, node.layer.training)
        for k, y in enumerate(step.outputs):
            place = node.name if k == 0 else f"{node.name}.{k}"
            if k and place not in used:
                continue  # an old Dropout's mask, which nobody fills
            theirs = by_place.setdefault(place, y)
            if y.dtype.kind == "f":
                yield Found(place, node, y, theirs, node.layer.lines(None, inputs, output=k))
            else:
                assert np.array_equal(y, theirs), place
