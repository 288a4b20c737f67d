"""Winograd's transforms: they convolve exactly, they are those that libraries print, and their line holds what these make of float32."""

from fractions import Fraction
from itertools import product

import numpy as np
import pytest

from convproof.core.window import Window
from convproof.layers.conv import winograd
from tests.layers.conv.tiled import ALGORITHMS, KINDS, WEIGHTS, f, images, in_tiles

EVERY = [(points, taps) for tile, sets in winograd.POINTS.items() for points in sets for taps in (1, 2, 3, 5, 7) if taps < tile]
U = 2.0**-24


def exactly(table, vector):
    return [sum(a * b for a, b in zip(row, vector, strict=True)) for row in table]


@pytest.mark.parametrize(("points", "taps"), EVERY)
def test_they_convolve_exactly(points, taps):
    """A ((G w) * (B x)) is the sum over taps of w[j] * x[i + j], in rational numbers."""
    outputs = len(points) + 2 - taps
    rng = np.random.default_rng(taps)
    w, x = ([Fraction(int(v), 7) for v in rng.integers(-99, 99, n)] for n in (taps, outputs + taps - 1))
    A, G, B = winograd.cook_toom(points, outputs, taps)
    products = [a * b for a, b in zip(exactly(G, w), exactly(B, x), strict=True)]
    assert exactly(A, products) == [sum(w[j] * x[i + j] for j in range(taps)) for i in range(outputs)]


def test_from_roots():
    assert winograd.from_roots([]) == [1]
    assert winograd.from_roots([Fraction(2), Fraction(-3)]) == [-6, 1, 1]  # (t - 2)(t + 3) = t^2 + t - 6


@pytest.mark.parametrize("name", ALGORITHMS)
def test_they_are_those_in_use_but_for_multiples_of_rows(name):
    """The share of w[j] * x[l] in output i that goes through product k is the same, whatever rows are multiplied by."""
    theirs = ALGORITHMS[name]
    points = tuple(map(Fraction, theirs.points))
    (one,) = winograd.transforms([Window(theirs.taps)], points) or ()

    def shares(A, G, B):
        return np.einsum("ik,kj,kl->ikjl", *(np.array(table, np.float64) for table in (A, G, B)))

    assert np.allclose(shares(*one.tables), shares(theirs.A, theirs.G, theirs.B), rtol=1e-12, atol=1e-13)
    known = [np.sort(abs(np.array(sizes, np.float64))) for sizes in winograd.POINTS[theirs.tile]]
    assert any(np.allclose(np.sort(np.abs(theirs.points)), sizes, rtol=1e-15) for sizes in known)


def by_hand(x, w, algorithm, i, j, p, q):
    """4*SW + C*QW of cell (i, j) of x (C, H, W) with w (C, r, r), which stands at (p, q) in its tile."""
    A, G, B = (np.array(table, np.float64) for table in (algorithm.A, algorithm.G, algorithm.B))
    a, (C, *sizes) = algorithm.tile, x.shape
    room = np.zeros((C, sizes[0] + 2 * a, sizes[1] + 2 * a))
    room[:, a:-a, a:-a] = x
    SW, QW = np.zeros((a, a)), np.zeros((a, a))
    for c in range(C):
        tile = room[c, a + i - p : 2 * a + i - p, a + j - q : 2 * a + j - q]
        SW += (abs(G) @ abs(w[c]) @ abs(G).T) * (abs(B) @ abs(tile) @ abs(B).T)
        QW += abs(G @ w[c] @ G.T) * abs(B @ tile @ B.T)
    return (abs(A) @ (4 * SW + C * QW) @ abs(A).T)[p, q]


@pytest.mark.parametrize("name", ["F(2,3)", "F(4,3) by Arm", "F(2,5)", "F(6,3)", "F(4,5)"])
def test_what_they_stray_by_hand(name):
    """Tile by tile in loops: in tiles that begin with the first output, and at its worst over all beginnings."""
    algorithm = ALGORITHMS[name]
    along = winograd.transforms([Window(algorithm.taps)] * 2, tuple(map(Fraction, algorithm.points)))
    assert along is not None
    m, r = len(algorithm.A), algorithm.taps
    rng = np.random.default_rng(5)
    x, w = rng.normal(size=(2, r + 5, r + 7)), rng.normal(size=(3, 2, r, r))
    begins = winograd.beginnings(along)
    aligned, anywhere = winograd.strays(x[None], w, along, 1, begins[:1])[0], winograd.strays(x[None], w, along, 1, begins)[0]
    assert aligned.shape == (3, 6, 8)
    for o, i, j in product(range(3), range(6), range(8)):
        places = {(p, q): by_hand(x, w[o], algorithm, i, j, p, q) for p, q in product(range(m), range(m))}
        assert np.isclose(aligned[o, i, j], places[i % m, j % m], rtol=1e-9, atol=0)
        assert np.isclose(anywhere[o, i, j], max(places.values()), rtol=1e-9, atol=0)


@pytest.mark.parametrize(("kernel", "groups"), [((3,), 1), ((3, 3), 2), ((1, 5), 1), ((3, 3, 1), 2)])
def test_one_cell_by_itself(kernel, groups):
    rng = np.random.default_rng(7)
    x, w = rng.normal(size=(2, 4, *(k + 6 for k in kernel))), rng.normal(size=(6, 4 // groups, *kernel))
    for points in (points for tile in (6, 8) for points in winograd.POINTS[tile]):
        along = winograd.transforms([Window(k) for k in kernel], points)
        assert along is not None
        for anywhere in (False, True):
            begins = winograd.beginnings(along)
            everywhere = winograd.strays(x, w, along, groups, begins if anywhere else begins[:1])
            for cell in [(0,) * everywhere.ndim, tuple(size - 1 for size in everywhere.shape), (1, 3, *(3 for _ in kernel))]:
                assert np.isclose(winograd.stray(x, w, along, groups, cell, anywhere), everywhere[cell], rtol=1e-9, atol=0)


def test_without_a_transform():
    points = winograd.POINTS[6][0]
    assert winograd.transforms([Window(3), Window(3, stride=2)], points) is None
    assert winograd.transforms([Window(3, dilation=2)], points) is None
    assert winograd.transforms([Window(1), Window(1)], points) is None
    assert winograd.transforms([Window(7)], points) is None
    assert [one.outputs for one in winograd.transforms([Window(1), Window(5)], points) or ()] == [1, 2]


def correlation(x, w):
    """Exact to 2^-53, of x (C, H, W) with w (O, C, r, r)."""
    r = w.shape[-1]
    return np.einsum("chwuv,ocuv->ohw", np.lib.stride_tricks.sliding_window_view(x, (r, r), (1, 2)), w, optimize=True)


@pytest.mark.parametrize("weights", WEIGHTS)
@pytest.mark.parametrize("name", ALGORITHMS)
def test_float32_strays_no_farther(name, weights):
    """Beyond n*u*S + C*u*QW, which are proofs, errors were measured up to 1.7*u*SW: 4*u*SW is the line."""
    algorithm, r = ALGORITHMS[name], ALGORITHMS[name].taps
    along = winograd.transforms([Window(r)] * 2, tuple(map(Fraction, algorithm.points)))
    assert along is not None
    rng = np.random.default_rng(11)
    for kind, channels in [*product(KINDS, (1, 3, 16)), ("random", 512), ("constant", 512), ("sparse", 512)]:
        size = 2 * len(algorithm.A) + r - 1
        x, w = images(kind, (1, channels, size, size)), WEIGHTS[weights](rng, (2, channels, r, r)).astype(f)
        exact, S = (correlation(g(x[0].astype(np.float64)), g(w.astype(np.float64))) for g in (np.positive, np.abs))
        line = channels * r * r * U * S + U * winograd.strays(x, w, along, 1, [(0, 0)])[0]
        assert (abs(in_tiles(x[0], w, algorithm) - exact) <= line).all(), (kind, channels)
