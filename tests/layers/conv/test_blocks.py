"""A convolution is done a block of output rows at a time: the numbers do not depend on the block, and memory stays small."""

import tracemalloc

import numpy as np
import pytest
import torch

import convproof as cp
from convproof.core.formats import FLOAT64
from convproof.core.window import Window
from convproof.layers.conv import formula
from tests.samples import cells_of

LAYERS = [
    (cp.Conv1d, torch.nn.Conv1d, (2, 4, 11), {"kernel_size": 3, "stride": 2, "dilation": 2, "groups": 2}),
    (cp.Conv2d, torch.nn.Conv2d, (2, 4, 9, 8), {"kernel_size": (3, 2), "stride": (2, 1), "dilation": (2, 3), "padding": 1, "groups": 2}),
    (cp.Conv2d, torch.nn.Conv2d, (2, 4, 9, 8), {"kernel_size": 1, "stride": 2}),
    (cp.Conv3d, torch.nn.Conv3d, (1, 4, 7, 4, 5), {"kernel_size": 2, "stride": (1, 2, 1), "padding": (0, 1, 0)}),
]


@pytest.mark.parametrize("block", [1, 700, 2**40])
@pytest.mark.parametrize(("ours", "theirs", "shape", "settings"), LAYERS)
def test_every_block_gives_the_same(monkeypatch, block, ours, theirs, shape, settings):
    monkeypatch.setattr(formula, "BLOCK", block)
    layer, twin = ours(4, 6, **settings, dtype=np.float64, seed=0), theirs(4, 6, **settings, dtype=torch.float64)
    twin.load_state_dict({key: torch.tensor(array) for key, array in layer.state_dict().items()})
    x = np.random.default_rng(0).normal(size=shape)
    y, pullback = layer.vjp(x)
    cells = cells_of(y.shape)
    lines = layer.lines(cells, (x,), arithmetic=FLOAT64)  # cell by cell: blocks have no part in it
    assert (abs(y[tuple(cells.T)] - lines.exact) <= lines.proof).all()
    dy = np.random.default_rng(1).normal(size=y.shape)
    tensor = torch.tensor(x, requires_grad=True)
    twin(tensor).backward(torch.tensor(dy))
    found = pullback(dy)
    S = ours(4, 6, **settings, dtype=np.float64).initialise(weight=abs(layer.weight)).vjp(abs(x))[1](abs(dy))
    line = 2 * max(dy.size, layer.weight.size) * FLOAT64.u
    assert (abs(found.inputs[0] - tensor.grad.numpy()) <= line * S.inputs[0]).all()
    assert (abs(found.parameters["weight"] - twin.weight.grad.numpy()) <= line * S.parameters["weight"]).all()


@pytest.mark.parametrize("block", [1, 5000, 2**40])
@pytest.mark.parametrize("window", [Window(3), Window(2, 3), Window(3, 2, 4), Window(1, 2)])
def test_a_block_reads_what_its_outputs_read(monkeypatch, block, window):
    monkeypatch.setattr(formula, "BLOCK", block)
    image = np.zeros((3, 23, 10), np.float32)
    others = Window(2)
    found = list(formula.blocks(image, (window, others), (window.outputs(23), others.outputs(10))))
    assert [i for made, _ in found for i in range(made.start, made.stop)] == list(range(window.outputs(23)))
    for made, read in found:
        reach = window.reach(range(made.start, made.stop))
        assert (read.start, read.stop) == (reach.start, reach.stop)
    row = 3 * window.kernel * 2 * 9 * 4  # bytes of the columns of one output row
    assert all(made.stop - made.start <= max(1, block // row) for made, _ in found)


def test_a_large_image_takes_the_memory_of_a_few_blocks():
    layer = cp.Conv2d(16, 4, 3, padding=1, seed=0)
    x = np.ones((1, 16, 512, 512), np.float32)
    all_columns, padded, y = 9 * x.nbytes, 16 * 514 * 514 * 4, 4 * 512 * 512 * 4
    tracemalloc.start()
    layer.step(x, training=False)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < padded + y + 4 * formula.BLOCK < all_columns / 3


def test_infinities_and_nan_are_torchs():
    x = np.random.default_rng(0).normal(size=(1, 2, 6, 7)).astype(np.float32)
    x[0, 0, 1, 1], x[0, 1, 4, 4], x[0, 0, 5, 0], x[0, 0, 0, 6] = np.inf, np.nan, 3e38, -np.inf
    for settings in ({"padding": 1}, {"padding": 1, "padding_mode": "reflect"}, {"stride": 2, "groups": 2}):
        theirs = torch.nn.Conv2d(2, 4, 3, **settings)
        y, expected = cp.from_torch(theirs)(x), theirs(torch.tensor(x)).detach().numpy()
        assert np.array_equal(np.isnan(y), np.isnan(expected))
        assert np.array_equal(np.isinf(y), np.isinf(expected))


@pytest.mark.parametrize(("kind", "shape"), [("Conv1d", (2, 3, 8)), ("Conv3d", (1, 3, 4, 5, 6)), ("ConvTranspose2d", (1, 3, 4, 5))])
def test_weights_of_half_precision(kind, shape):
    torch.manual_seed(0)
    layer = cp.from_torch(getattr(torch.nn, kind)(3, 2, 3, dtype=torch.float16))
    x = np.random.default_rng(0).normal(size=shape).astype(np.float16)
    y = layer(x)
    lines = layer.lines(None, (x,)).map(np.asarray)
    assert (layer.weight.dtype, y.dtype) == (np.float16, np.float16)
    # computed in float32, and rounded to float16 at the end
    assert (abs(y - lines.exact) <= lines.proof + 2.0**-11 * (abs(lines.exact) + lines.proof) + 2.0**-24).all()
    assert layer.derive((0,) * y.ndim, (x,)).exact is not None
