"""A convolution by Winograd's transforms is never wrong; and a wrong convolution is no Winograd."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

import convproof as cp
from tests.layers.conv.tiled import ALGORITHMS, KINDS, WEIGHTS, by_winograd, f, images, in_tiles

RIGHT = ("identical", "rounding", "precision")


def conv_of(channels, kernel, weights=None, out=2, seed=3):
    conv = cp.Conv2d(channels, out, kernel, padding=kernel // 2, seed=seed).eval()
    conv.bias = np.linspace(0.5, -0.25, out)
    if weights is not None:
        conv.weight = WEIGHTS[weights](np.random.default_rng(seed), conv.weight.shape).astype(f)
    return conv


def directly(conv, x):
    return F.conv2d(torch.tensor(x), torch.tensor(conv.weight), torch.tensor(conv.bias), padding=conv.padding[0]).numpy()


def right(row):
    assert row.verdict in RIGHT, row
    assert row.precision in (None, "winograd-error")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ALGORITHMS)
def test_winograd_is_not_wrong(name, kind):
    kernel = ALGORITHMS[name].taps
    for channels, weights in ((1, "drawn"), (3, "positive"), (2, "constant")):
        conv, x = conv_of(channels, kernel, weights), images(kind, (1, channels, 13, 15))
        right(cp.check(conv, x, by_winograd(conv, x, name))["Conv2d"])


@pytest.mark.parametrize("kind", ["random", "sparse", "positive"])
@pytest.mark.parametrize("name", ALGORITHMS)
def test_nor_is_it_in_front_of_another_layer(name, kind):
    conv, x = conv_of(1, ALGORITHMS[name].taps), images(kind, (1, 1, 13, 15))
    network, y = cp.Sequential(conv=conv, relu=cp.ReLU(), pool=cp.MaxPool2d(2)).eval(), by_winograd(conv, x, name)
    pooled = F.max_pool2d(F.relu(torch.tensor(y)), 2).numpy()
    right(cp.check(network, x, {"pool": pooled})["pool"])
    assert cp.check(network, x, {"pool": pooled + f(1e-3)})["pool"].verdict == "wrong"


@pytest.mark.parametrize("name", [name for name, one in ALGORITHMS.items() if one.tile < 8])
def test_tiles_may_begin_elsewhere(name):
    conv, x = conv_of(1, ALGORITHMS[name].taps), images("random", (1, 1, 13, 15))
    right(cp.check(conv, x, by_winograd(conv, x, name, first=1))["Conv2d"])
    padded = np.pad(x[0], ((0, 0), *[(conv.padding[0],) * 2] * 2))
    cut = 5 + 2 * conv.padding[0]  # two parts of the image, the second with tiles of its own
    parts = [in_tiles(part, conv.weight, ALGORITHMS[name]) for part in (padded[:, :cut], padded[:, 5:])]
    right(cp.check(conv, x, np.concatenate(parts, 1)[None] + conv.bias[:, None, None])["Conv2d"])


@pytest.mark.parametrize("channels", [3, 64, 512])
@pytest.mark.parametrize("name", ["F(2,3)", "F(4,3)", "F(6,3)", "F(6,3) by MNN"])
def test_many_channels(name, channels):
    for kind, weights in (("random", "drawn"), ("constant", "constant"), ("sparse", "equal channels")):
        conv, x = conv_of(channels, 3, weights), images(kind, (1, channels, 12, 13))
        right(cp.check(conv, x, by_winograd(conv, x, name))["Conv2d"])


@pytest.mark.parametrize("name", ["F(4,3)", "F(6,3)", "F(6,3) by MNN"])
def test_where_it_exceeds_the_line_of_a_direct_convolution_it_is_named(name):
    conv, x = conv_of(1, 3), images("random", (1, 1, 30, 31))
    y = by_winograd(conv, x, name)
    row = cp.check(conv, x, y)["Conv2d"]
    assert (row.verdict, row.precision) == ("precision", "winograd-error")
    for wrong in (0 * y, y - conv.bias[:, None, None], y + conv.bias[:, None, None], np.roll(y, 1, -1), y * f(1.002), y + f(1e-3)):
        assert cp.check(conv, x, wrong)["Conv2d"].verdict == "wrong"


SMALL = 2e-5
MISTAKES = {
    "an offset": lambda y, size, signs: y + f(SMALL) * size,
    "a scale": lambda y, size, signs: y * f(1 + SMALL),
    "an offset a channel": lambda y, size, signs: y + f(SMALL) * size * signs,
    "a scale a channel": lambda y, size, signs: y * (1 + f(SMALL) * signs),
}


@pytest.mark.parametrize("base", ["direct", "F(2,3)", "F(4,3)"])
@pytest.mark.parametrize("kind", ["random", "relu", "pixels"])
@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_small_mistake_in_all_cells_is_no_winograd(mistake, kind, base):
    conv, x = conv_of(3, 3, out=8), images(kind, (1, 3, 40, 41))
    y = directly(conv, x) if base == "direct" else by_winograd(conv, x, base)
    signs = np.where(np.arange(8) % 3, 1, -1).astype(f)[:, None, None]
    wrong = MISTAKES[mistake](y, y.std(), signs)
    assert cp.check(conv, x, y)["Conv2d"].verdict in RIGHT
    assert cp.check(conv, x, wrong)["Conv2d"].verdict == "wrong"


def test_an_eps_folded_wrongly_is_no_winograd():
    conv, norm = conv_of(3, 3, out=8), cp.BatchNorm2d(8)
    norm.running_var, norm.running_mean = np.linspace(0.3, 2, 8), np.linspace(-0.2, 0.3, 8)
    network, x = cp.Sequential(conv=conv, norm=norm, relu=cp.ReLU()).eval(), images("random", (1, 3, 40, 41))

    def fused(base, eps):
        y = directly(conv, x) if base == "direct" else by_winograd(conv, x, base)
        scale = 1 / np.sqrt(norm.running_var.astype(np.float64) + eps)[:, None, None]
        return np.maximum((y - norm.running_mean[:, None, None]) * scale, 0).astype(f)

    for base in ("direct", "F(2,3)", "F(4,3)", "F(6,3)"):
        right(cp.check(network, x, {"relu": fused(base, 1e-5)})["relu"])
        assert cp.check(network, x, {"relu": fused(base, 2e-4)})["relu"].verdict == "wrong"


@pytest.mark.parametrize("error", [1e-5, 1e-4, 1e-3])
def test_one_cell_by_itself_is_no_winograd(error):
    conv, x = conv_of(1, 3), images("random", (1, 1, 24, 25))
    y = directly(conv, x).copy()
    y[0, 1, 11, 9] += f(error)
    row = cp.check(conv, x, y)["Conv2d"]
    assert (row.verdict, row.worst.cell) == ("wrong", (0, 1, 11, 9))


def test_behind_a_batch_normalisation_and_in_groups():
    conv = cp.Conv2d(2, 4, 3, padding=1, groups=2, seed=3)
    norm = cp.BatchNorm2d(4)
    norm.running_var = [0.3, 1.5, 2, 0.7]
    network, x = cp.Sequential(conv=conv, norm=norm).eval(), images("random", (1, 2, 24, 25))
    padded = np.pad(x[0], ((0, 0), (1, 1), (1, 1)))
    halves = [in_tiles(padded[g : g + 1], conv.weight[2 * g : 2 * g + 2], ALGORITHMS["F(4,3)"]) for g in (0, 1)]
    y = np.concatenate(halves)[None] + conv.bias[:, None, None]
    assert cp.check(network, x, {"conv": y})["conv"].precision == "winograd-error"
    after = ((y - norm.running_mean[:, None, None]) / np.sqrt(norm.running_var + f(1e-5))[:, None, None]).astype(f)
    right(cp.check(network, x, {"norm": after})["norm"])


@pytest.mark.parametrize("batch", [True, False])
def test_along_one_axis_and_without_a_batch(batch):
    conv, x = cp.Conv1d(1, 2, 3, padding=1, seed=3).eval(), images("random", (1, 400))
    A, G, B = ALGORITHMS["F(4,3)"].tables
    room = np.pad(x[0], (1, 5))
    tiles = [[A @ ((G @ w[0]) * (B @ room[i : i + 6])) for i in range(0, 400, 4)] for w in conv.weight]
    y = np.array(tiles).reshape(2, 400) + conv.bias[:, None]
    right(cp.check(conv, x[None] if batch else x, y[None] if batch else y)["Conv1d"])


def test_who_has_one():
    for conv in (cp.Conv2d(2, 2, 3), cp.Conv2d(2, 2, (1, 5)), cp.Conv2d(2, 2, 7), cp.Conv3d(2, 2, 3), cp.Conv1d(2, 2, 5)):
        assert [own.id for own in conv.precisions()] == ["winograd-error"]
    for conv in (cp.Conv2d(2, 2, 3, stride=2), cp.Conv2d(2, 2, 3, dilation=2), cp.Conv2d(2, 2, 1), cp.Conv2d(2, 2, 9), cp.Conv3d(2, 2, 5)):
        assert conv.precisions() == ()
