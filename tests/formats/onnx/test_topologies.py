"""Nine famous networks. The onnx package has them with constant weights, which prove the loading; seeded random ones prove the numbers."""

import math

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

import convproof as cp
from convproof.formats.onnx.graph import network_of
from tests.formats.onnx.backend import LIGHT, TOPOLOGIES, tensor
from tests.formats.onnx.runtime import every_tensor, node_by_node

RTOL, ATOL = 1e-3, 1e-7  # what ONNX's own runner states for these models


def model_of(name):
    return onnx.load(LIGHT / f"light_{name}.onnx")


@pytest.mark.parametrize("name", TOPOLOGIES)
def test_the_recorded_output(name):
    network = cp.load(LIGHT / f"light_{name}.onnx")
    (declared,) = network.declared.values()
    n = math.prod(declared.whole)
    x = (np.arange(n).reshape(declared.whole) / n).astype(np.float32)
    np.testing.assert_allclose(network(x), tensor(LIGHT / f"light_{name}_output_0.pb"), rtol=RTOL, atol=ATOL)
    assert all(layer.support == "ours" for layer in network.layers.values())


def seeded(model, seed=0):
    """The model with random weights, of a size that keeps the numbers of a deep network in range."""
    rng = np.random.default_rng(seed)
    shapes = {t.name: numpy_helper.to_array(t) for t in model.graph.initializer}
    readers = {}
    for node in model.graph.node:
        for k, name in enumerate(node.input):
            readers.setdefault(name, (node.op_type, k))
    kept = []
    for node in model.graph.node:
        if node.op_type == "ConstantOfShape":
            (made,), shape = node.output, tuple(map(int, shapes[node.input[0]]))
            model.graph.initializer.append(numpy_helper.from_array(drawn(rng, shape, *readers.get(made, ("", 0))), made))
        else:
            kept.append(node)
    del model.graph.node[:]
    model.graph.node.extend(kept)
    return model


def drawn(rng, shape, operator, k):
    if (operator, k) in (("BatchNormalization", 1), ("BatchNormalization", 4)):
        return rng.uniform(0.5, 1.5, shape).astype(np.float32)
    if operator in ("Conv", "Gemm", "MatMul") and k == 1:
        few = rng.standard_normal(1_000_003, np.float32)  # again and again in the largest ones: drawing them takes longer than running
        return np.resize(few, shape) * np.float32(math.sqrt(2 / math.prod(shape[1:])))
    return (rng.normal(size=shape) * 0.1).astype(np.float32)


@pytest.mark.parametrize("name", TOPOLOGIES)
def test_node_by_node_with_random_weights(name):
    model = seeded(model_of(name))
    network = network_of(model)
    ((input_name, declared),) = network.declared.items()
    x = np.random.default_rng(1).uniform(-1, 1, declared.whole).astype(np.float32)
    tensors = every_tensor(model, {input_name: x})
    beyond, seen = [], 0
    for found in node_by_node(network, tensors):
        seen += 1
        if max(found.worst()) > 1:
            beyond.append((found.name, found.node.layer.describe(), found.worst()))
    assert beyond == []
    assert seen >= 22
