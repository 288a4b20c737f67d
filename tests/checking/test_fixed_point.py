"""Never wrong when right: layers that a target computes in fixed point, in whole numbers. And never right when wrong."""

from itertools import product

import numpy as np
import pytest

import convproof as cp
from convproof.checking.check import examined
from convproof.checking.matching.declared_formats import Formats
from convproof.checking.precisions import replays
from convproof.checking.subject import Subject
from convproof.core.fixed_point import Fixed
from convproof.core.formats import FLOAT32
from tests.checking.small import declared

WAYS = {"nearest": np.rint, "floor": np.floor, "truncate": np.trunc}
STEP = 2.0**-8
RIGHT = ("identical", "rounding", "precision")


def grid(way="nearest", step=STEP, lowest=-(2**15), role="either"):
    return Fixed(FLOAT32, "q", step, 0, lowest, -lowest - 1, way, role=role)


def layers(kind):
    """A layer, an input that is no number of the grid, and every product of whole numbers, (*outputs, terms)."""
    rng = np.random.default_rng(3)
    if kind == "Linear":
        layer, x = cp.Linear(40, 6, seed=1).eval(), rng.normal(size=(5, 40)).astype(np.float32)
        return layer, x, lambda x, w: x[:, None, :] * w[None]
    groups = 3 if kind == "grouped" else 1
    layer = cp.Conv2d(3, 6, 3, stride=(1, 2), padding=1, groups=groups, seed=1).eval()

    def products(x, w):
        wide = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
        seen = np.lib.stride_tricks.sliding_window_view(wide, (3, 3), (2, 3))[:, :, :, ::2]  # (N, C, i, j, u, v)
        if groups == 3:
            seen = np.repeat(seen, 2, axis=1)
            return np.einsum("noijuv,ouv->noijuv", seen, w[:, 0]).reshape(*seen.shape[:4], -1)
        return np.einsum("ncijuv,ocuv->noijcuv", seen, w).reshape(len(x), 6, *seen.shape[2:4], -1)

    return layer, rng.normal(size=(2, 3, 7, 9)).astype(np.float32), products


def along_channels(bias, kind):
    return bias if kind == "Linear" else bias[:, None, None]


def whole(numbers, way):
    return WAYS[way](numbers.astype(np.float64) / STEP)


@pytest.mark.parametrize(("sums", "kind"), [("nearest", "Conv2d"), ("floor", "Conv2d"), ("truncate", "grouped"), ("floor", "Linear")])
def test_parameters_inputs_and_sums_are_rounded_each_in_its_way(sums, kind):
    layer, x, products = layers(kind)
    for k, (own, inputs) in enumerate(product(WAYS, WAYS)):
        exact = products(whole(x, inputs), whole(layer.weight, own)).sum(-1) * STEP  # in steps
        bias = whole(layer.bias, own) if k % 2 else layer.bias / STEP  # on the grid, or as fine as the sums
        y = WAYS[sums](exact + along_channels(bias, kind)) * STEP
        row = declared(layer, x, y, grid(sums))
        assert row.verdict in RIGHT, (own, inputs)
        assert row.precision in (None, "declared-format")
        wrong = (y + 2 * STEP, np.roll(y, 1, -1), WAYS[sums](exact) * STEP)[k % 3]
        assert declared(layer, x, wrong, grid(sums)).verdict == "wrong", (own, inputs)


@pytest.mark.parametrize(("cut", "kind"), [("nearest", "grouped"), ("floor", "Conv2d"), ("truncate", "Conv2d"), ("floor", "Linear")])
def test_every_product_is_cut_before_it_is_added(cut, kind):
    layer, x, products = layers(kind)
    for k, own in enumerate(WAYS):
        terms = WAYS[cut](products(whole(x, own), whole(layer.weight, own)) * STEP)  # in steps, whole ones
        y = (terms.sum(-1) + along_channels(whole(layer.bias, own), kind)) * STEP
        row = declared(layer, x, y, grid())
        assert (row.verdict, row.precision) == ("precision", "declared-format")
        assert "before it is added" in str(row.notes[0])
        wrong = (y + STEP, np.roll(y, 1, -1), y - along_channels(whole(layer.bias, own), kind) * STEP)[k]
        assert declared(layer, x, wrong, grid()).verdict == "wrong"


def test_cut_products_in_front_of_an_activation_and_of_many_cells():
    layer, _, products = layers("Conv2d")
    x = np.random.default_rng(5).normal(size=(3, 3, 60, 70)).astype(np.float32)
    terms = np.floor(products(whole(x, "nearest"), whole(layer.weight, "nearest")) * STEP)
    y = (terms.sum(-1) + along_channels(whole(layer.bias, "nearest"), "Conv2d")) * STEP
    assert y.size > 10_000  # only then some cells are tried first
    assert declared(layer, x, y, grid()).precision == "declared-format"
    y[0, 1, 2, 3] += STEP
    assert declared(layer, x, y, grid()).verdict == "wrong"
    y[0, 1, 2, 3] -= STEP
    network = cp.Sequential(conv=layer, relu=cp.ReLU()).eval()
    report = examined(Subject.of(network, x), {"relu": np.maximum(y, 0)}, "yours", Formats.of(grid()))
    assert report["relu"].precision == "declared-format"


@pytest.mark.parametrize(("step", "lowest", "way"), [(2.0**-8, -(2**15), "nearest"), (2.0**-8, -(2**15), "floor"), (0.05, -128, "nearest")])
def test_4608_terms_saturate(step, lowest, way):
    layer, x = cp.Conv2d(512, 4, 3, padding=1, seed=1).eval(), np.random.default_rng(0).normal(size=(1, 512, 3, 4)).astype(np.float32)
    layer.bias = np.linspace(-0.5, 0.75, 4)
    down = WAYS[way]

    def code(v):
        return np.clip(down(v.astype(np.float64) / step), lowest, -lowest - 1)

    sums = np.zeros((1, 4, 3, 4))
    wide, w = np.pad(code(x), ((0, 0), (0, 0), (1, 1), (1, 1))), code(layer.weight)
    for i in range(3):
        for j in range(4):
            sums[0, :, i, j] = np.einsum("cuv,ocuv->o", wide[0, :, i : i + 3, j : j + 3], w)
    total = sums + code(layer.bias)[:, None, None] / step  # exact: whole numbers
    y = np.clip(down(total * step), lowest, -lowest - 1) * step
    row = declared(layer, x, y.astype(np.float32), grid(way, step, lowest))
    assert row.verdict in RIGHT
    assert row.precision in (None, "declared-format")
    without = np.clip(down(sums * step), lowest, -lowest - 1) * step
    for wrong in (without, y + 2 * step):
        assert declared(layer, x, wrong.astype(np.float32), grid(way, step, lowest)).verdict == "wrong"


def test_how_many_ways_are_tried():
    layer, claimed = cp.Linear(3, 2, seed=1), np.zeros((1, 2))
    assert len(titles(layer, claimed)) == 28
    layer.weight, layer.bias = np.round(layer.weight * 256) / 256, np.round(layer.bias * 256) / 256
    assert len(titles(layer, claimed)) == 8  # the parameters are numbers of the grid in all ways
    assert titles(layer, claimed, grid(role="rendering")) == []
    assert not any("product" in title for title in titles(layer, claimed, grid(step=0.05)))


def titles(layer, claimed, resolution=None):
    return [str(replay.title) for replay in replays([layer], claimed, resolution or grid()) if replay.id == "declared-format"]
