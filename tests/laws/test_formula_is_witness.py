"""Law: a layer computes what PyTorch computes; both stay below the proof line of the exact value."""

import numpy as np
import pytest
import torch

from convproof.core.formats import format_of
from tests.laws.over import every_sample


@every_sample
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_ours_and_theirs_lie_below_the_proof_line(sample, dtype):
    layer, inputs = sample.layer(dtype), sample.inputs(dtype)
    lines = layer.lines(None, inputs, arithmetic=format_of(dtype))
    witness = sample.witness(layer)
    for y in (layer.step(*inputs, training=layer.training).outputs[0], witness(*map(torch.tensor, inputs)).detach().numpy()):
        assert (y.shape, y.dtype) == (lines.exact.shape, dtype)
        assert (abs(y - lines.exact) <= lines.proof).all()


@every_sample
def test_the_shape_is_foretold(sample):
    layer, inputs = sample.layer(), sample.inputs()
    assert layer.shapes(*sample.shapes) == tuple(y.shape for y in layer.step(*inputs, training=layer.training).outputs)


@every_sample
def test_statistics_move_as_torchs_do(sample):
    layer, inputs = sample.layer(np.float64), sample.inputs(np.float64)
    witness = sample.witness(layer)
    layer(*inputs)
    witness(*map(torch.tensor, inputs))
    if not isinstance(witness, torch.nn.Module):
        return
    for key, buffer in witness.state_dict().items():
        # a handful of float64 roundings on numbers of this size
        n = inputs[0].size
        scale = max(1.0, max(abs(x).max() for x in inputs)) ** 2
        assert np.all(abs(layer.state_dict()[key] - buffer.numpy()) <= 4 * n * 2.0**-53 * scale), key


@every_sample
def test_any_memory_order_gives_the_same_numbers(sample):
    layer, inputs = sample.layer(), sample.inputs()
    lines = layer.lines(None, inputs)
    orders = {
        "column-major": [np.asfortranarray(x) for x in inputs],
        "every second of a larger array": [np.repeat(x, 2, axis=-1)[..., ::2] for x in inputs],
        "backwards": [np.ascontiguousarray(x[..., ::-1])[..., ::-1] for x in inputs],
    }
    for name, others in orders.items():
        y = layer.step(*others, training=layer.training).outputs[0]
        assert (abs(y - lines.exact) <= lines.proof).all(), name
