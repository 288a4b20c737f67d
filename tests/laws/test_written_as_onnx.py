"""Law: a layer that is written as ONNX reads back as one that computes the same, and ONNX Runtime computes it within the proof line.

What ONNX cannot say is an error with a sentence. Where a layer is written as nodes that compute in another way, its own line has to hold
both ways, or has the roundings added that the other way has more; the reasons stand beside the names.
"""

import re
from collections.abc import Callable

import numpy as np
import onnxruntime
import pytest
from onnxruntime.capi import onnxruntime_pybind11_state as runtime

import convproof as cp
from convproof.core.formats import FLOAT32
from convproof.core.layer import Layer
from convproof.core.lines import Lines
from convproof.formats.onnx.graph import network_of
from convproof.formats.onnx.write import model_of
from convproof.network.graph import Declared
from tests.laws.over import every_sample

# samples that no nodes of ONNX can say, by what their sentences have in common
UNEVEN = (
    "which only has windows of one size"  # AveragePool and MaxPool have one kernel for all outputs; bins of an uneven division have not
)
CLIPPED = "windows that ceil_mode clips have sizes of their own"  # AveragePool divides by those, and tells nobody
OF_THE_BATCH = "gives statistics of the batch that ONNX does not give"  # BatchNormalization gives the running ones alone
OF_EVERY_CELL = "has statistics for every cell, which ONNX has not had since version 9"
WHOLE = "whose p is a positive whole number"  # an attribute that is an integer
UNSAID = {
    "AdaptiveAvgPool1d uneven": UNEVEN,
    "AdaptiveAvgPool2d uneven": UNEVEN,
    "AdaptiveAvgPool2d more outputs than cells": UNEVEN,
    "AdaptiveAvgPool3d uneven": UNEVEN,
    "AdaptiveMaxPool1d uneven": UNEVEN,
    "AdaptiveMaxPool2d uneven, with indices": UNEVEN,
    "AdaptiveMaxPool2d more outputs than cells": UNEVEN,
    "AdaptiveMaxPool3d uneven": UNEVEN,
    "AvgPool2d negative divisor, ceil": CLIPPED,
    "AvgPool3d ceil, divisor": CLIPPED,
    "BatchNorm of the batch, giving everything": OF_THE_BATCH,
    "BatchNorm of every cell alone": OF_EVERY_CELL,
    "GlobalLpPool of 1.5": WHOLE,
}

# delegated operators among written nodes: they compute sizes, count places or choose, and round nothing that a layer rounds
EXACT = {"Shape", "Cast", "Mod", "Floor", "ArgMax", "ArgMin", "Greater", "LessOrEqual", "Where"}


def own_line(lines: Lines) -> np.ndarray:
    """The other way is one of those that the room's line covers."""
    return lines.proof


def times_a_rounded_factor(lines: Lines) -> np.ndarray:
    """A mean times K/divisor, which is rounded, and so is the product.

    The mean's line (n + 1)*u*S/K, times the factor, is the layer's own; two more roundings stretch it, and cost abs(y) as much.
    """
    more = (1 + FLOAT32.u) ** 2
    return more * lines.proof + (more - 1) * abs(lines.exact) + FLOAT32.tiny


OTHERWISE: dict[str, Callable[[Lines], np.ndarray]] = {
    "AvgPool2d divisor": times_a_rounded_factor,
    # powers, their mean times the window's size, and a root: torch's way, where we sum; or a power of abs(x) where we have one of x
    "LPPool2d of three, positive": own_line,
    "LPPool2d of one": own_line,
    "LPPool2d of 2.3, ceil": own_line,
    "LPPool2d of four, unbatched": own_line,
}

# what ONNX Runtime 1.32 lacks, though ONNX has it, and its own words
LACKING = {
    "AvgPool2d pairs of padding": "pads",  # wider than the kernel
    "GlobalLpPool of two": "Could not find an implementation for GlobalLpPool(22)",
    "GlobalMaxPool of four axes": "Unsupported pooling size",
    "LocalResponseNorm an even size": "size_ % 2 == 1 was false",
    "LocalResponseNorm longer after": "size_ % 2 == 1 was false",
    "LocalResponseNorm one channel alone": "X_shape.NumDimensions() == 4 was false",
}


def network_of_one(sample):
    """A network of the one layer in eval mode that gives all its outputs, and its inputs."""
    layer, inputs = sample.layer().eval(), sample.inputs()
    names = tuple(f"in{k}" for k in range(len(inputs)))
    declared = {name: Declared(x.dtype, x.shape) for name, x in zip(names, inputs, strict=True)}
    count = len(layer.checked_step(inputs, False).outputs)
    outputs = [("layer", k) for k in range(count)]
    return cp.Network({"layer": (layer, *names)}, inputs=names, outputs=outputs, declared=declared).eval(), inputs


def within(sample, network, inputs, found):
    """Whether outputs lie within the line of the way in which they were computed; numbers that are no floats are the exact ones."""
    layer: Layer = network["layer"]
    for k, y in enumerate(found):
        lines = layer.lines(None, inputs, output=k, training=False)
        assert y.shape == lines.exact.shape
        if y.dtype.kind == "f":
            assert (abs(y.astype(np.float64) - lines.exact) <= OTHERWISE.get(sample.name, own_line)(lines)).all()
        else:
            assert np.array_equal(y, lines.exact)


@every_sample
def test_what_is_written_reads_back_the_same(sample):
    network, inputs = network_of_one(sample)
    if sample.name in UNSAID:
        with pytest.raises(cp.FileError, match=UNSAID[sample.name]):
            model_of(network)
        return
    again = network_of(model_of(network))
    assert {layer.operator for layer in again.layers.values() if layer.support != "ours"} <= EXACT
    ours, theirs = (found if isinstance(found, tuple) else (found,) for found in (network(*inputs), again(*inputs)))
    for y, z in zip(ours, theirs, strict=True):
        assert (y.shape, y.dtype) == (z.shape, z.dtype)
        assert np.array_equal(y, z, equal_nan=True) == (sample.name not in OTHERWISE)
    within(sample, network, inputs, theirs)


@every_sample
def test_onnx_runtime_computes_it_within_the_proof_line(sample):
    if sample.name in UNSAID:
        pytest.skip(f"ONNX cannot say it: {UNSAID[sample.name]} (2026-11-24)")
    network, inputs = network_of_one(sample)
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 3
    content, feeds = model_of(network).SerializeToString(), dict(zip(network.graph.inputs, inputs, strict=True))

    def run():
        return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"]).run(None, feeds)

    if sample.name in LACKING:
        with pytest.raises((runtime.Fail, runtime.InvalidArgument, runtime.NotImplemented), match=re.escape(LACKING[sample.name])):
            run()
        return
    within(sample, network, inputs, run())
