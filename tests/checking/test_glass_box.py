"""Every layer against every witness: what they compute is judged identical, rounding, or a precision with a name.

What a witness has wrong is pinned, with the reason, and so is what it cannot be asked.
"""

import re
from itertools import count, takewhile

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
SHARED = "its optimiser lets BatchNormalizations share equal constants, and one in training mode writes into them"
FAULTS = {
    ("onnxruntime", "float32"): {
        "BatchNorm2d eval, not affine": SHARED,
        "BatchNorm2d training, not affine": SHARED,
        "BatchNorm2d training, without beta": SHARED,
    },
    ("onnx-reference", "float64"): {"LocalResponseNorm more than there are": OVER_THE_BATCH, "LPPool2d not scaled, dilated": CLIPPED},
    ("onnx-reference", "float32"): {
        "LocalResponseNorm five channels": OVER_THE_BATCH,
        "LocalResponseNorm more than there are": OVER_THE_BATCH,
        "LPPool2d not scaled, dilated": CLIPPED,
        "LogSoftmax of channels": OF_ZERO,
    },
}

# samples that a witness computes in float32, or partly so, where it is asked in float64, and why
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
    twins = {sample.name: sample.theirs(network[sample.name], sample.inputs(dtype)) for sample in SAMPLES}
    others = [sample for sample in SAMPLES if not same(twins[sample.name], of(sample, answer))]
    assert len(others) < len(SAMPLES) / 8  # the witness and the sample's twin are written by different people, and mostly call the same
    network, inputs = together(others, dtype)
    claimed = {str(Place(sample.name, k)): y for sample in others for k, y in enumerate(twins[sample.name])}
    assert not other_than(verdicts(network, inputs, claimed), *RIGHT)


def of(sample, answer):
    """All outputs of a sample's layer in an answer."""
    names = (str(Place(sample.name, k)) for k in count())
    return [answer.arrays[name] for name in takewhile(answer.arrays.__contains__, names)]


def same(some, others):
    """Whether arrays agree in every bit, shape and type."""
    pairs = list(zip(some, others, strict=True))
    assert all((y.shape, y.dtype) == (z.shape, z.dtype) for y, z in pairs)
    return all(np.array_equal(y, z, equal_nan=y.dtype.kind == "f") for y, z in pairs)


@both_types
def test_pytorch_is_right_in_the_other_mode_too(dtype):
    samples = [sample for sample in SAMPLES if has_another_mode(sample)]
    assert len(samples) > 50
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
    first, *others = ask(witness, network, inputs)
    assert not first.missing
    assert len(first.arrays) == len(network.graph.outputs)
    assert other_than(verdicts(network, inputs, first.arrays), *RIGHT) == wrong(first.name)
    for optimised in others:
        assert optimised.arrays.keys() == first.arrays.keys()
        changed = [sample for sample in samples if not same(of(sample, first), of(sample, optimised))]
        network, inputs = together(changed, training=False)
        claimed = {str(place): optimised.arrays[str(place)] for place in network.graph.outputs}
        assert other_than(verdicts(network, inputs, claimed), *RIGHT) == wrong(optimised.name)


def wrong(name, dtype="float32"):
    """The verdicts that are pinned for a witness."""
    return dict.fromkeys(FAULTS.get((name, dtype), ()), "wrong")


@pytest.mark.parametrize("witness", UNASKED)
def test_what_onnx_cannot_be_asked_is_missing_with_a_reason(witness):
    samples = [sample for sample in SAMPLES if sample.name in UNASKED[witness]]
    assert len(samples) == len(UNASKED[witness])
    network, inputs = together(samples, training=False)
    answer = ask(witness, network, inputs)[0]
    assert not answer.arrays
    assert len(answer.missing) == len(network.graph.outputs)
    for place, reason in answer.missing.items():
        said = UNASKED[witness][network.graph.node(place.rpartition(".")[0] if place not in network.layers else place).name]
        assert re.search(said, str(reason))


@pytest.mark.parametrize("witness", UNASKED)
def test_onnx_is_right_in_float64_where_it_computes_in_float64(witness):
    faults = wrong(witness, "float64")
    pinned = faults | NARROWER[witness]
    one_of_each = {type(sample.make()): sample for sample in reversed(SAMPLES)}.values()
    samples = [sample for sample in SAMPLES if sample in one_of_each or sample.name in pinned]
    network, inputs = together(samples, np.float64, training=False)
    answer = ask(witness, network, inputs)[0]
    assert len(answer.arrays) > len(samples) / 2
    found = other_than(verdicts(network, inputs, answer.arrays), *RIGHT)
    assert found.keys() == pinned.keys()
    assert faults.items() <= found.items()
    assert {found[name] for name in NARROWER[witness]} <= {"precision", "wrong"}  # it is not float32 throughout
