"""How far rounding moves a pooling: every algorithm that the room lists, what comes in from a layer before, and the odd windows."""

from math import prod

import numpy as np
import pytest
import torch

import convproof as cp
from convproof.core.derivation import Terms, evaluate
from convproof.core.formats import FLOAT32, FLOAT64, format_of
from convproof.core.lines import Lines

ALGORITHMS = {
    "forwards": lambda x, D: np.add.accumulate(x, axis=-1)[..., -1] / D,
    "backwards": lambda x, D: np.add.accumulate(x[..., ::-1], axis=-1)[..., -1] / D,
    "pairwise": lambda x, D: x.sum(axis=-1) / D,
    "by the reciprocal": lambda x, D: np.add.accumulate(x, axis=-1)[..., -1] * (1 / D),
    "as a convolution": lambda x, D: np.add.accumulate(x * (1 / D), axis=-1)[..., -1],
}


@pytest.mark.parametrize("name", ALGORITHMS)
@pytest.mark.parametrize("kind", ["normal", "constant", "tiny", "one large outlier"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_every_algorithm_that_the_room_lists_stays_below_the_line(name, kind, dtype):
    rng = np.random.default_rng(0)
    for kernel in ((1, 2), (3, 5), (7, 7), (41, 53)):
        x = rng.normal(size=(40, *kernel))
        x = {"normal": x, "constant": np.full_like(x, 0.1), "tiny": x * 1e-44, "one large outlier": np.where(x == x.max(), 1e5, x)}[kind]
        if kind == "tiny" and dtype == np.float64:
            x = x * 1e-279
        x = x.astype(dtype)
        D = dtype(prod(kernel))
        y = ALGORITHMS[name](x.reshape(40, -1), D)
        assert y.dtype == dtype
        lines = cp.AvgPool2d(kernel).lines(None, (x,), arithmetic=format_of(dtype))
        assert (abs(y - lines.exact[:, 0, 0]) <= lines.proof[:, 0, 0]).all()
        if kind == "normal":
            assert (abs(y - lines.exact[:, 0, 0]) <= lines.usual[:, 0, 0]).all()


def test_a_constant_image_and_the_largest_window():
    x = np.full((1, 2, 224, 224), 0.1, np.float32)
    layer = cp.AvgPool2d(224)
    lines = layer.lines(None, (x,))
    for y in (layer(x), torch.nn.AvgPool2d(224)(torch.tensor(x)).numpy()):
        assert (abs(y - lines.exact) <= lines.proof).all()
    tree = layer.derive((0, 1, 0, 0), (x,)).tree
    assert tree.value == evaluate(tree)
    assert isinstance(tree.parts[0].parts, Terms)
    assert tree.parts[0].row == 224


def test_what_comes_in_from_a_layer_before_by_hand():
    x = np.array([[[1, 5, 2], [4, 3, 6]]], np.float64)
    proof, sigma = np.array([[[8, 1, 2], [4, 16, 1]]], np.float64), np.array([[[3, 4, 0], [1, 2, 6]]], np.float64)
    incoming = (Lines(x, proof, sigma),)
    for cells in (None, np.array([[0, 0, 0], [0, 0, 1]])):
        largest = cp.MaxPool2d(2, 1).lines(cells, (x,), incoming)
        assert largest.exact.reshape(-1).tolist() == [5, 6]
        assert largest.proof.reshape(-1).tolist() == [16, 16]
        assert largest.sigma.reshape(-1).tolist() == [4, 6]
        mean = cp.AvgPool2d(2, 1, divisor_override=-2)
        alone, carried = mean.lines(cells, (x,)), mean.lines(cells, (x,), incoming)
        assert carried.exact.reshape(-1).tolist() == [-6.5, -8]
        assert np.array_equal(carried.proof, alone.proof + np.reshape([29 / 2, 20 / 2], alone.proof.shape))
        assert np.array_equal(carried.sigma, np.sqrt(alone.sigma**2 + np.reshape([30 / 4, 56 / 4], alone.sigma.shape)))


def test_the_line_of_a_mean_by_hand():
    x = np.array([[[1, -5], [2, 4]]], np.float32)
    lines = cp.AvgPool2d(2).lines(None, (x,))
    n, S, u = 4, 12, FLOAT32.u + FLOAT64.u
    assert lines.exact == 0.5
    assert (n + 1) * u * S / 4 < lines.proof[0, 0, 0] < (n + 1) * u * S / 4 * (1 + 4 * FLOAT32.u) + 20 * FLOAT32.tiny


def test_a_window_of_padding_alone():
    x = np.full((1, 1, 1, 1), -3.0, np.float32)
    layer = cp.MaxPool2d(2, 1, padding=1, dilation=2, return_indices=True)
    incoming = (Lines(x.astype(float), np.ones(x.shape), np.ones(x.shape)),)
    assert [y.item() for y in layer(x)] == [-np.inf, -1]
    for cells in (None, np.array([[0, 0, 0, 0]])):
        for came in (None, incoming):
            lines = layer.lines(cells, (x,), came)
            assert (lines.exact.item(), lines.proof.item(), lines.sigma.item()) == (-np.inf, 0, 0)
        assert layer.lines(cells, (x,), output=1).exact.item() == -1
    with pytest.raises(cp.NotFiniteError, match="this window reads padding alone"):
        layer.derive((0, 0, 0, 0), (x,))
    assert layer.derive((0, 0, 0, 0), (x,), 1).exact == -1
    assert layer.vjp(x)[1](np.ones(x.shape), np.zeros(x.shape)).inputs[0].item() == 0


def test_infinities_of_both_signs_have_no_mean():
    x = np.array([[[np.inf, 1, 2], [-np.inf, 3, 4]]], np.float32)
    assert np.array_equal(cp.AvgPool2d(2, 1)(x), torch.nn.AvgPool2d(2, 1)(torch.tensor(x)).numpy(), equal_nan=True)
    assert np.isnan(cp.AvgPool2d(2, 1).lines(np.array([[0, 0, 0]]), (x,)).exact).all()
