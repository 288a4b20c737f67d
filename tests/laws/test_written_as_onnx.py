"""Law: a layer that is written as ONNX reads back as one that computes the same, and ONNX Runtime computes it within the proof line."""

import numpy as np
import onnxruntime

import convproof as cp
from convproof.core.layer import Layer
from convproof.formats.onnx.graph import network_of
from convproof.formats.onnx.write import model_of
from convproof.network.graph import Declared
from tests.laws.over import every_sample

UNSAID: set[str] = set()  # classes that no ONNX nodes can say, each with its reason below
RUNTIME_DIFFERS: set[str] = set()  # samples where ONNX Runtime leaves its own definition


def written(sample):
    """A network of the one layer in eval mode, its inputs, and the ONNX model that it is written as."""
    layer, inputs = sample.layer().eval(), sample.inputs()
    names = tuple(f"in{k}" for k in range(len(inputs)))
    declared = {name: Declared(x.dtype, x.shape) for name, x in zip(names, inputs, strict=True)}
    count = len(layer.checked_step(inputs, False).outputs)
    network = cp.Network({"layer": (layer, *names)}, inputs=names, outputs=[("layer", k) for k in range(count)], declared=declared).eval()
    return network, inputs, model_of(network)


@every_sample
def test_what_is_written_reads_back_the_same(sample):
    network, inputs, model = written(sample)
    again = network_of(model)
    assert all(layer.support == "ours" for layer in again.layers.values())
    ours, theirs = network(*inputs), again(*inputs)
    for y, z in zip(*(found if isinstance(found, tuple) else (found,) for found in (ours, theirs)), strict=True):
        assert (y.shape, y.dtype) == (z.shape, z.dtype)
        assert np.array_equal(y, z, equal_nan=True)


@every_sample
def test_onnx_runtime_computes_it_within_the_proof_line(sample):
    network, inputs, model = written(sample)
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    found = session.run(None, dict(zip(network.graph.inputs, inputs, strict=True)))
    layer: Layer = network["layer"]
    for k, y in enumerate(found):
        lines = layer.lines(None, inputs, output=k, training=False)
        if y.dtype.kind == "f":
            assert (abs(y.astype(np.float64) - lines.exact) <= lines.proof).all()
        else:
            assert np.array_equal(y, lines.exact)
