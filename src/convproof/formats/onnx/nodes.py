"""ONNX nodes in plain values: what a room is handed to read."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from onnx import AttributeProto, NodeProto, TensorProto, helper, numpy_helper

from convproof.core.errors import GraphError
from convproof.core.operators import Call


def call_of(node: NodeProto, arguments: Sequence[Any], version: int) -> Call:
    """A node with what is known of its inputs. Raises GraphError for attributes that are no plain values."""
    return Call(node.op_type, tuple(arguments), {a.name: plain(a, node) for a in node.attribute}, version, len(node.output))


def plain(attribute: AttributeProto, node: NodeProto) -> Any:
    """An attribute as a number, a string, an array, or a tuple of them."""
    if attribute.type in (AttributeProto.GRAPH, AttributeProto.GRAPHS, AttributeProto.SPARSE_TENSOR, AttributeProto.SPARSE_TENSORS):
        raise GraphError(
            "{operator}: its attribute {name} holds a graph or a sparse tensor, which is not covered; "
            "export the model without branches and loops",
            operator=node.op_type,
            name=attribute.name,
        )
    value = helper.get_attribute_value(attribute)
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, TensorProto):
        return numpy_helper.to_array(value)
    if isinstance(value, float):
        return decimal(value)
    if isinstance(value, str | int):
        return value
    return tuple(_part(part) for part in value)


def _part(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, TensorProto):
        return numpy_helper.to_array(value)
    return decimal(value) if isinstance(value, float) else value


def decimal(value: float) -> float:
    """The number that somebody wrote: a file stores 1e-5 as the float32 9.99999974737875e-06, whose shortest digits are 1e-05."""
    return float(str(np.float32(value)))


def version_of(model: onnx.ModelProto) -> int:
    """The version of ONNX's own operator set that a model uses."""
    return max((entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx")), default=1)
