"""Winograd's transforms: written out in float32 as loops over tiles, they are never wrong; and a wrong convolution is no Winograd."""

from itertools import product

import numpy as np
import pytest
import torch
import torch.nn.functional as F

import convproof as cp
from convproof.core.window import Window
from convproof.layers.conv import winograd

f = np.float32
# Lavin and Gray, 2016, equations 6 and 7 and section 4.3; F(2, 5) has the points of F(4, 3)
HALF, SIXTH, TWELFTH, LAST = f(1) / f(2), f(1) / f(6), f(1) / f(12), f(1) / f(24)
F23 = (
    [[1, 1, 1, 0], [0, 1, -1, -1]],
    [[1, 0, 0], [HALF, HALF, HALF], [HALF, -HALF, HALF], [0, 0, 1]],
    [[1, 0, -1, 0], [0, 1, 1, 0], [0, -1, 1, 0], [0, 1, 0, -1]],
)
SIX = [[4, 0, -5, 0, 1, 0], [0, -4, -4, 1, 1, 0], [0, 4, -4, -1, 1, 0], [0, -2, -1, 2, 1, 0], [0, 2, -1, -2, 1, 0], [0, 4, 0, -5, 0, 1]]
F43 = (
    [[1, 1, 1, 1, 1, 0], [0, 1, -1, 2, -2, 0], [0, 1, 1, 4, 4, 0], [0, 1, -1, 8, -8, 1]],
    [
        [f(0.25), 0, 0],
        [-SIXTH, -SIXTH, -SIXTH],
        [-SIXTH, SIXTH, -SIXTH],
        [LAST, TWELFTH, SIXTH],
        [LAST, -TWELFTH, SIXTH],
        [0, 0, 1],
    ],
    SIX,
)
F25 = (
    [[1, 1, 1, 1, 1, 0], [0, 1, -1, 2, -2, 1]],
    [
        [f(0.25), 0, 0, 0, 0],
        [-SIXTH] * 5,
        [-SIXTH, SIXTH, -SIXTH, SIXTH, -SIXTH],
        [LAST, TWELFTH, SIXTH, f(1) / f(3), f(2) / f(3)],
        [LAST, -TWELFTH, SIXTH, -f(1) / f(3), f(2) / f(3)],
        [0, 0, 0, 0, 1],
    ],
    SIX,
)
ALGORITHMS = {"F(2,3)": F23, "F(4,3)": F43, "F(2,5)": F25}


def in_tiles(x, w, algorithm, first=0):
    """A convolution of padded x (C, H, W) in float32, tile by tile, the tiles beginning ``first`` cells before the output."""
    A, G, B = (np.array(matrix, f) for matrix in algorithm)
    (m, a), r = A.shape, w.shape[-1]
    high, wide = x.shape[1] - r + 1, x.shape[2] - r + 1
    rows, columns = (-(-(size + first) // m) for size in (high, wide))
    room = np.zeros((len(x), rows * m + r - 1, columns * m + r - 1), f)
    room[:, first : first + x.shape[1], first : first + x.shape[2]] = x
    U = [[(G @ w[o, c]) @ G.T for c in range(len(x))] for o in range(len(w))]
    y = np.zeros((len(w), rows * m, columns * m), f)
    for i, j in product(range(0, rows * m, m), range(0, columns * m, m)):
        V = [(B @ room[c, i : i + a, j : j + a]) @ B.T for c in range(len(x))]
        for o in range(len(w)):
            total = np.zeros((a, a), f)
            for c in range(len(x)):
                total += U[o][c] * V[c]
            y[o, i : i + m, j : j + m] = (A @ total) @ A.T
    return y[:, first : first + high, first : first + wide]


def images(kind, shape):
    x = np.random.default_rng(4).normal(size=shape)
    return {"random": x, "relu": np.maximum(x, 0), "constant": np.full(shape, 0.3), "image": abs(x) + 5}[kind].astype(f)


def conv_of(channels, kernel, constant=False):
    conv = cp.Conv2d(channels, 2, kernel, padding=kernel // 2, seed=3).eval()
    conv.bias = [0.5, -0.25]
    if constant:
        conv.weight = np.full_like(conv.weight, 0.1)
    return conv


def by_winograd(conv, x, name, first=0):
    p = conv.padding[0]
    padded = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
    return np.stack([in_tiles(image, conv.weight, ALGORITHMS[name], first) for image in padded]) + conv.bias[:, None, None]


@pytest.mark.parametrize("constant", [False, True], ids=["drawn", "constant weight"])
@pytest.mark.parametrize("kind", ["random", "relu", "constant", "image"])
@pytest.mark.parametrize("channels", [1, 16])
@pytest.mark.parametrize("name", ALGORITHMS)
def test_winograd_is_not_wrong(name, channels, kind, constant):
    conv, x = conv_of(channels, int(name[4]), constant), images(kind, (1, channels, 7, 9))
    for first in (0, 1):
        row = cp.check(conv, x, by_winograd(conv, x, name, first))["Conv2d"]
        assert row.verdict in ("identical", "rounding", "precision")
        assert row.precision in (None, "winograd-error")


@pytest.mark.parametrize("name", ["F(2,3)", "F(4,3)"])
def test_512_constant_channels(name):
    """A sequential sum over constant channels errs 16*u*SW in F(2,3): the direct line on top is needed."""
    conv, x = conv_of(512, 3, True), images("constant", (1, 512, 5, 4))
    y = by_winograd(conv, x, name)
    assert cp.check(conv, x, y)["Conv2d"].verdict == "rounding"
    own = next(p for p in conv.precisions() if str(p.title).endswith("4") == (name == "F(2,3)"))
    lines = own.lines(conv, case_of(conv, x), y, y)
    assert (abs(y - lines.exact) <= lines.proof).all()


def case_of(conv, x):
    from convproof.core.evaluation import Case

    return Case((x,))


def test_where_it_exceeds_the_line_of_a_direct_convolution_it_is_named():
    conv, x = conv_of(1, 3), images("random", (1, 1, 30, 31))
    y = by_winograd(conv, x, "F(4,3)")
    row = cp.check(conv, x, y)["Conv2d"]
    assert (row.verdict, row.precision) == ("precision", "winograd-error")
    for wrong in (0 * y, y - conv.bias[:, None, None], y + conv.bias[:, None, None], np.roll(y, 1, -1), y * f(1.002), y + f(1e-3)):
        assert cp.check(conv, x, wrong)["Conv2d"].verdict == "wrong"


def test_behind_a_batch_normalisation_and_in_groups():
    conv = cp.Conv2d(2, 4, 3, padding=1, groups=2, seed=3)
    norm = cp.BatchNorm2d(4)
    norm.running_var = [0.3, 1.5, 2, 0.7]
    network, x = cp.Sequential(conv=conv, norm=norm).eval(), images("random", (1, 2, 24, 25))
    padded = np.pad(x[0], ((0, 0), (1, 1), (1, 1)))
    halves = [in_tiles(padded[g : g + 1], conv.weight[2 * g : 2 * g + 2], F43) for g in (0, 1)]
    y = np.concatenate(halves)[None] + conv.bias[:, None, None]
    assert cp.check(network, x, {"conv": y})["conv"].precision == "winograd-error"
    after = ((y - norm.running_mean[:, None, None]) / np.sqrt(norm.running_var + f(1e-5))[:, None, None]).astype(f)
    row = cp.check(network, x, {"norm": after})["norm"]
    assert row.verdict in ("rounding", "precision")
    assert row.precision in (None, "winograd-error")


def test_along_one_axis():
    conv = cp.Conv1d(1, 2, 3, padding=1, seed=3).eval()
    x = images("random", (1, 1, 400))
    A, G, B = (np.array(matrix, f) for matrix in F43)
    room = np.pad(x[0, 0], (1, 5))
    tiles = [[A @ ((G @ w[0]) * (B @ room[i : i + 6])) for i in range(0, 400, 4)] for w in conv.weight]
    row = cp.check(conv, x, np.array(tiles).reshape(1, 2, 400) + conv.bias[:, None])["Conv1d"]
    assert (row.verdict, row.precision) in (("precision", "winograd-error"), ("rounding", None))


@pytest.mark.parametrize(("tile", "kernel"), [(4, 3), (6, 3), (6, 5)])
def test_absolute_sums_by_hand(tile, kernel):
    """The same transforms on absolute values, tile by tile in loops, at their worst over all beginnings."""
    along = winograd.transforms([Window(kernel)] * 2, tile)
    assert along is not None
    algorithm = [abs(np.array(matrix, np.float64)) for matrix in {(4, 3): F23, (6, 3): F43, (6, 5): F25}[tile, kernel]]
    rng = np.random.default_rng(5)
    x, w = abs(rng.normal(size=(2, 8, 9))), abs(rng.normal(size=(3, 2, kernel, kernel)))
    A, G, B = algorithm
    (m, a), r = A.shape, kernel
    high, wide = 8 - r + 1, 9 - r + 1
    worst = np.zeros((3, high, wide))
    big = np.pad(x, ((0, 0), (a, a), (a, a)))
    for o, i, j, p, q in product(range(3), range(high), range(wide), range(m), range(m)):
        tile_of = [big[c, a + i - p : 2 * a + i - p, a + j - q : 2 * a + j - q] for c in range(2)]
        total = sum((G @ w[o, c] @ G.T) * (B @ tile_of[c] @ B.T) for c in range(2))
        worst[o, i, j] = max(worst[o, i, j], (A @ total @ A.T)[p, q])
    found = winograd.absolute_sums(-x[None], w, along, 1)[0]
    assert np.allclose(found, worst, rtol=1e-6, atol=0)


def test_who_has_one():
    assert [str(p.title)[-1] for p in cp.Conv2d(2, 2, 3).precisions()] == ["4", "6"]
    assert [str(p.title)[-1] for p in cp.Conv2d(2, 2, (1, 5)).precisions()] == ["6"]
    assert [str(p.title)[-1] for p in cp.Conv3d(2, 2, 3).precisions()] == ["4"]
    for conv in (cp.Conv2d(2, 2, 3, stride=2), cp.Conv2d(2, 2, 3, dilation=2), cp.Conv2d(2, 2, 1), cp.Conv2d(2, 2, 7)):
        assert conv.precisions() == ()


def test_our_transforms_convolve():
    for tile, kernel in ((4, 3), (6, 3), (6, 5)):
        (one,) = winograd.transforms([Window(kernel)], tile) or ()
        x, w = np.arange(1.0, tile + 1) ** 2, np.arange(1.0, kernel + 1)
        y = F.conv1d(torch.tensor(x)[None, None], torch.tensor(w)[None, None]).numpy().reshape(-1)
        assert np.allclose(one.A @ ((one.G @ w) * (one.B @ x)), y, rtol=1e-12)
