"""Every layer against every witness: what they compute is judged identical, rounding, or a precision with a name.

What a witness has wrong is pinned, with the reason, and so is what it cannot be asked.
"""

import numpy as np
import pytest
import torch

import convproof as cp
from convproof.core.layer import Layer
from convproof.witness.asking import ask
from tests.laws.over import every_sample
from tests.laws.test_written_as_onnx import LACKING, UNSAID
from tests.witness.asked import named, network_of

both_types = pytest.mark.parametrize("dtype", [np.float32, np.float64])

OF_A_FUNCTION = "ONNX defines it by other operators, with constants that are float32"
IN_FLOAT32 = "its kernel has float32 numbers on the way"
OVER_THE_BATCH = "it goes through as many channels as there are images"
CLIPPED = "it divides the sum of a clipped window by the cells that are left, and multiplies by all there are"
OF_ZERO = "it takes the logarithm of a share that is rounded to 0"

# (witness, type, sample): why the numbers are wrong
FAULTS = {
    ("onnx-reference", "float64", "LocalResponseNorm more than there are"): OVER_THE_BATCH,
    ("onnx-reference", "float64", "LPPool2d not scaled, dilated"): CLIPPED,
    ("onnx-reference", "float32", "LocalResponseNorm five channels"): OVER_THE_BATCH,
    ("onnx-reference", "float32", "LocalResponseNorm more than there are"): OVER_THE_BATCH,
    ("onnx-reference", "float32", "LPPool2d not scaled, dilated"): CLIPPED,
    ("onnx-reference", "float32", "LogSoftmax of channels"): OF_ZERO,
}

# (witness, sample): why they compute in float32 what is asked in float64, which is a precision
NARROWER = {
    ("onnxruntime", "GELU with tanh"): OF_A_FUNCTION,
    ("onnxruntime", "Hardshrink"): IN_FLOAT32,
    ("onnx-reference", "Erf"): IN_FLOAT32,
    ("onnx-reference", "GELU"): OF_A_FUNCTION,
    ("onnx-reference", "GELU with tanh"): OF_A_FUNCTION,
    ("onnx-reference", "Hardswish"): OF_A_FUNCTION,
    ("onnx-reference", "Upsample bicubic"): IN_FLOAT32,
    ("onnx-reference", "Upsample bicubic antialiased"): IN_FLOAT32,
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


def verdicts(network, inputs, arrays):
    """What check says of each array."""
    return {name: row.verdict for name, row in cp.check(network, tuple(inputs), claimed=arrays).items()}


def is_right(found, precision=False):
    """Whether there are verdicts, and all of them are good ones."""
    return bool(found) and set(found.values()) <= {"identical", "rounding"} | ({"precision"} if precision else set())


@every_sample
@both_types
def test_pytorch_is_right_by_the_exact_values(sample, dtype):
    network, inputs = network_of(sample, dtype)
    twins = named(sample.theirs(network["layer"], inputs))
    assert is_right(verdicts(network, inputs, twins)), "the sample's twin"
    (answer,) = ask("torch", network, inputs)
    assert not answer.missing
    assert is_right(verdicts(network, inputs, answer.arrays)), "the witness"
    for name, y in twins.items():
        assert (answer.arrays[name].shape, answer.arrays[name].dtype) == (y.shape, y.dtype)


@every_sample
@both_types
def test_pytorch_is_right_in_the_other_mode_too(sample, dtype):
    network, inputs = network_of(sample, dtype)
    layer = network["layer"]
    if type(layer).step is Layer.step:
        return  # it has no mode
    network.train(not layer.training)
    try:
        step = layer.checked_step(inputs, layer.training)
    except cp.ShapeError:
        return  # a single value a channel, which training cannot take
    (answer,) = ask("torch", network, inputs)
    assert not answer.missing
    assert is_right(verdicts(network, inputs, answer.arrays))
    if isinstance(sample.twin(), torch.nn.Module) and step.draw is None:
        assert is_right(verdicts(network, inputs, named(sample.theirs(layer, inputs))))


@every_sample
@both_types
@pytest.mark.parametrize("witness", ["onnxruntime", "onnx-reference"])
def test_onnx_is_right_where_it_can_be_asked(sample, dtype, witness):
    network, inputs = network_of(sample, dtype, training=False)
    key = (witness, np.dtype(dtype).name, sample.name)
    for answer in ask(witness, network, inputs):
        if answer.arrays:
            found = verdicts(network, inputs, answer.arrays)
            if key in FAULTS:
                assert "wrong" in found.values(), answer.name
            elif dtype is np.float64 and (witness, sample.name) in NARROWER:
                assert is_right(found, precision=True), answer.name
                assert "precision" in found.values(), answer.name
            else:
                assert is_right(found), answer.name
    if dtype is np.float32:
        unasked = {"onnxruntime": {*UNSAID, *LACKING}, "onnx-reference": {*UNSAID, *REFUSED}}[witness]
        assert bool(answer.missing) == (sample.name in unasked)
        if sample.name in REFUSED and witness == "onnx-reference":
            assert all(REFUSED[sample.name] in str(reason) for reason in answer.missing.values())
