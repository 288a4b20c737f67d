"""Every layer against every witness: what they compute is judged identical, rounding, or a precision with a name.

What a witness has wrong is pinned, with the reason, and so is what it cannot be asked.
"""

import re

import numpy as np
import pytest

import convproof as cp
from convproof.core.layer import Layer
from convproof.network.graph import Place
from convproof.witness.asking import ask
from tests.laws.test_written_as_onnx import LACKING, UNSAID
from tests.witness.asked import SAMPLES, other_than, together, verdicts

RIGHT = ("identical", "rounding")

both_types = pytest.mark.parametrize("dtype", [np.float32, np.float64])

# samples that a witness has wrong, and why
OVER_THE_BATCH = "LRN goes through as many channels as there are images"
CLIPPED = "LpPool divides the sum of a clipped window by the cells that are left, and multiplies by all there are"
OF_ZERO = "LogSoftmax takes the logarithm of a share that is rounded to 0"
FAULTS = {
    ("onnx-reference", "float64"): {"LocalResponseNorm more than there are": OVER_THE_BATCH, "LPPool2d not scaled, dilated": CLIPPED},
    ("onnx-reference", "float32"): {
        "LocalResponseNorm five channels": OVER_THE_BATCH,
        "LocalResponseNorm more than there are": OVER_THE_BATCH,
        "LPPool2d not scaled, dilated": CLIPPED,
        "LogSoftmax of channels": OF_ZERO,
    },
}

# samples that a witness computes in float32 where it is asked in float64, and why
OF_A_FUNCTION = "ONNX defines it by other operators, with constants that are float32"
IN_FLOAT32 = "its kernel has float32 numbers on the way"
NARROWER = {
    "onnxruntime": {"GELU with tanh": OF_A_FUNCTION, "Hardshrink": IN_FLOAT32},
    "onnx-reference": {
        "Erf": IN_FLOAT32,
        "GELU": OF_A_FUNCTION,
        "GELU with tanh": OF_A_FUNCTION,
        "Hardswish": OF_A_FUNCTION,
        "Upsample bicubic": IN_FLOAT32,
        "Upsample bicubic antialiased": IN_FLOAT32,
    },
}

# what the ONNX reference evaluator refuses beside what ONNX cannot say, by its own words
REFUSED = {
    "ConvTranspose2d grouped": "cannot reshape",
    "ConvTranspose2d depthwise": "cannot reshape",
    "ConvTranspose1d grouped": "cannot reshape",
    "ConvTranspose3d grouped": "cannot reshape",
    "GlobalLpPool of two": "No registered implementation",
    "GlobalMaxPool of four axes": "gives the shapes",
    "LocalResponseNorm an even size": "only applies on 4D",
    "LocalResponseNorm one channel alone": "only applies on 4D",
    "LocalResponseNorm longer after": "only applies on 4D",
    "Pad by reflection": "negative values",
    "Pad round a ring": "negative values",
    "Pad with a constant": "negative values",
    "ReplicationPad1d that cuts": "negative values",
    "Resize of two axes": "axes don't match",
    "ZeroPad2d that cuts": "negative values",
}


# samples that cannot be asked in float32, and the reason
UNASKED = {"onnxruntime": UNSAID | {name: re.escape(said) for name, said in LACKING.items()}, "onnx-reference": UNSAID | REFUSED}


@both_types
def test_pytorch_is_right_by_the_exact_values(dtype):
    network, inputs = together(SAMPLES, dtype)
    (answer,) = ask("torch", network, inputs)
    assert not answer.missing
    assert not other_than(verdicts(network, inputs, answer.arrays), *RIGHT)
    twins = {}
    for sample in SAMPLES:
        found = sample.theirs(network[sample.name], sample.inputs(dtype))
        twins |= {str(Place(sample.name, k)): y for k, y in enumerate(found)}
    assert not other_than(verdicts(network, inputs, twins), *RIGHT)
    assert {name: (y.shape, y.dtype) for name, y in twins.items()} == {name: of_array(answer.arrays[name]) for name in twins}


def of_array(array):
    return array.shape, array.dtype


@both_types
def test_pytorch_is_right_in_the_other_mode_too(dtype):
    samples = [sample for sample in SAMPLES if has_another_mode(sample)]
    assert len(samples) > 100
    network, inputs = together(samples, dtype)
    for layer in network.layers.values():
        layer.train(not layer.training)
    (answer,) = ask("torch", network, inputs)
    assert not answer.missing
    assert not other_than(verdicts(network, inputs, answer.arrays), *RIGHT)


def has_another_mode(sample):
    """Whether a layer may compute something else in its other mode, and takes the sample's input there."""
    layer = sample.layer()
    if type(layer).step is Layer.step:
        return False
    try:
        layer.checked_step(sample.inputs(), not layer.training)
    except cp.ShapeError:
        return False  # a single value a channel
    return True


@pytest.mark.parametrize("witness", UNASKED)
def test_onnx_is_right_where_it_can_be_asked(witness):
    samples = [sample for sample in SAMPLES if sample.name not in UNASKED[witness]]
    network, inputs = together(samples, training=False)
    for answer in ask(witness, network, inputs):
        assert not answer.missing
        assert len(answer.arrays) == len(network.graph.outputs)
        assert other_than(verdicts(network, inputs, answer.arrays), *RIGHT) == dict.fromkeys(FAULTS.get((witness, "float32"), ()), "wrong")


@pytest.mark.parametrize("witness", UNASKED)
def test_what_onnx_cannot_be_asked_is_missing_with_a_reason(witness):
    samples = [sample for sample in SAMPLES if sample.name in UNASKED[witness]]
    assert len(samples) == len(UNASKED[witness])
    network, inputs = together(samples, training=False)
    answer = ask(witness, network, inputs)[0]
    assert not answer.arrays
    for place, reason in answer.missing.items():
        said = UNASKED[witness][network.graph.node(place.rpartition(".")[0] if place not in network.layers else place).name]
        assert re.search(said, str(reason))


@pytest.mark.parametrize("witness", UNASKED)
def test_onnx_is_right_in_float64_or_computes_in_float32(witness):
    network, inputs = together(SAMPLES, np.float64, training=False)
    answer = ask(witness, network, inputs)[0]
    assert len(answer.arrays) > 200
    pinned = dict.fromkeys(FAULTS.get((witness, "float64"), ()), "wrong") | dict.fromkeys(NARROWER[witness], "precision")
    assert other_than(verdicts(network, inputs, answer.arrays), *RIGHT) == pinned
