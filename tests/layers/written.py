"""A layer as ONNX: what it is written as, run by ONNX Runtime, and read again by our own rooms."""

import numpy as np
import onnx
import onnxruntime

import convproof as cp
from convproof.formats.onnx.graph import network_of
from convproof.formats.onnx.write import model_of
from convproof.network.graph import Declared


def model_with(layer, inputs) -> onnx.ModelProto:
    """A model of this one layer, with inputs of these shapes and types."""
    names = tuple(f"in{k}" for k in range(len(inputs)))
    declared = {name: Declared(x.dtype, x.shape) for name, x in zip(names, inputs, strict=True)}
    model = model_of(cp.Network({"layer": (layer, *names)}, inputs=names, declared=declared))
    onnx.checker.check_model(model, full_check=True)
    return model


def run_by_runtime(model: onnx.ModelProto, inputs) -> list[np.ndarray]:
    """What ONNX Runtime computes."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    names = [given.name for given in session.get_inputs()]
    return session.run(None, dict(zip(names, inputs, strict=True)))


def run_by_us(model: onnx.ModelProto, inputs) -> list[np.ndarray]:
    """What the layers compute that our rooms read from the model; nothing but the question for a shape is delegated."""
    network = network_of(model)
    assert all(layer.support == "ours" or layer.of_shape for layer in network.graph.layers().values())
    found = network(*inputs)
    return list(found) if isinstance(found, tuple) else [found]
