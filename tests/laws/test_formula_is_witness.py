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
    ours = layer.step(*inputs, training=layer.training).outputs
    for k, (mine, theirs) in enumerate(zip(ours, sample.theirs(layer, inputs), strict=True)):
        lines = layer.lines(None, inputs, output=k, arithmetic=format_of(dtype))
        assert mine.dtype == theirs.dtype
        for y in (mine, theirs):
            assert y.shape == lines.exact.shape
            assert (abs(y - lines.exact) <= lines.proof).all()


@every_sample
def test_the_shape_is_foretold(sample):
    layer, inputs = sample.layer(), sample.inputs()
    assert layer.shapes(*sample.shapes) == tuple(y.shape for y in layer.step(*inputs, training=layer.training).outputs)


@every_sample
def test_statistics_move_as_torchs_do(sample):
    layer, inputs = sample.layer(np.float64), sample.inputs(np.float64)
    witness = sample.witness(layer)
    for _ in range(3):
        layer(*inputs)
        witness(*map(torch.tensor, inputs))
    if not isinstance(witness, torch.nn.Module):
        return
    for key, buffer in witness.state_dict().items():
        # three times a sum of n squares, and ours and torch's are each off by at most (n + 3)*u of their size; n is at least 3
        n = inputs[0].size
        scale = max(1.0, max(abs(x).max() for x in inputs)) ** 2
        assert np.all(abs(layer.state_dict()[key] - buffer.numpy()) <= 3 * 4 * n * 2.0**-53 * scale), key


@every_sample
def test_any_memory_order_gives_the_same_numbers(sample):
    layer, inputs = sample.layer(), sample.inputs()
    orders = {
        "column-major": [np.asfortranarray(x) for x in inputs],
        "every second of a larger array": [np.repeat(x, 2, axis=-1)[..., ::2] if x.ndim else x for x in inputs],
        "backwards": [np.ascontiguousarray(x[..., ::-1])[..., ::-1] if x.ndim else x for x in inputs],
        "not aligned": [unaligned(x) for x in inputs],
    }
    for name, others in orders.items():
        for k, y in enumerate(layer.step(*others, training=layer.training).outputs):
            lines = layer.lines(None, inputs, output=k)
            assert (abs(y - lines.exact) <= lines.proof).all(), name


def unaligned(x):
    """The same numbers at an address that is no multiple of their size."""
    buffer = np.zeros(x.nbytes + 1, np.uint8)
    shifted = np.ndarray(x.shape, x.dtype, buffer.data, offset=1)
    shifted[...] = x
    return shifted


@every_sample
def test_the_batch_axis_may_be_left_out_where_torch_lets_it(sample):
    layer = sample.layer()
    axes = getattr(layer, "axes", None)
    if not isinstance(axes, int) or len(sample.shapes[0]) != axes + 2:
        return
    (x,) = sample.inputs()
    alone, batch = (layer.step(given, training=layer.training).outputs for given in (x[0], x[:1]))
    for k, (y, batched) in enumerate(zip(alone, batch, strict=True)):
        assert np.array_equal(y, batched[0])
        assert layer.shapes(x[0].shape)[k] == y.shape
        one, whole = layer.lines(None, (x[0],), output=k), layer.lines(None, (x[:1],), output=k)
        assert np.array_equal(one.proof, whole.proof[0])
        assert layer.derive((0,) * y.ndim, (x[0],), k).exact == layer.derive((0,) * batched.ndim, (x[:1],), k).exact
    for mine, theirs in zip(alone, sample.theirs(layer, (x[0],)), strict=True):
        assert mine.shape == theirs.shape
