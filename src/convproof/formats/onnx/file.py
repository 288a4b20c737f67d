"""An ONNX file as a model in memory: parsed, with its external data, its own functions written out. The file is not trusted."""

import math
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, external_data_helper, helper, inliner, numpy_helper

from convproof.core.errors import FileError
from convproof.core.shapes import Array

MOST_BYTES = 1 << 34  # no weight of a network is larger


def read_model(path: Path) -> onnx.ModelProto:
    """The model of a file. Raises FileError for what is no model, and for external data outside the model's folder."""
    model = onnx.ModelProto()
    model.ParseFromString(path.read_bytes())
    if not model.graph.node and not model.graph.output:
        raise FileError("{path} holds no ONNX graph: it is another kind of file, or damaged; export the model again", path=path)
    for tensor in tensors_of(model.graph):
        if external_data_helper.uses_external_data(tensor):
            _load_external(tensor, path)
    return inliner.inline_local_functions(model) if model.functions else model


def tensors_of(graph: onnx.GraphProto) -> list[TensorProto]:
    """Every tensor that a graph stores."""
    attributes = (attribute for node in graph.node for attribute in node.attribute)
    return [*graph.initializer, *(attribute.t for attribute in attributes if attribute.HasField("t"))]


def _load_external(tensor: TensorProto, path: Path) -> None:
    location = next((entry.value for entry in tensor.external_data if entry.key == "location"), "")
    folder = path.parent.resolve()
    target = (folder / location).resolve()
    if not location or not target.is_relative_to(folder):
        raise FileError(
            "{path}: the numbers of {name} are said to be in {location!r}, outside the model's folder, where nothing is read; "
            "put that file beside the model and export it again",
            path=path,
            name=tensor.name,
            location=location,
        )
    if not target.is_file():
        raise FileError(
            "{path}: the numbers of {name} are in {location!r}, which is missing beside the model",
            path=path,
            name=tensor.name,
            location=location,
        )
    external_data_helper.load_external_data_for_tensor(tensor, str(folder))


def array_of(tensor: TensorProto) -> Array:
    """The numbers of a tensor. Raises FileError if it claims more than there can be."""
    claimed = math.prod(tensor.dims) * dtype_of(tensor.data_type).itemsize
    if min(tensor.dims, default=0) < 0 or claimed > MOST_BYTES:
        raise FileError(
            "{name} claims the shape {shape}, which is {size} bytes: the file is damaged",
            name=tensor.name,
            shape=tuple(tensor.dims),
            size=claimed,
        )
    return numpy_helper.to_array(tensor)


def dtype_of(kind: int) -> np.dtype:
    """The NumPy dtype of an ONNX element type."""
    return np.dtype(helper.tensor_dtype_to_np_dtype(kind))
