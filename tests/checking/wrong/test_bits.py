"""A flipped bit of one weight: found where its effect exceeds the usual line, every bit where the weights themselves are claimed.

The effect is worked out by a loop in float64, in which nothing is rounded that would be seen: 30 products of float32 numbers.
"""

import numpy as np
import pytest

import convproof as cp
from tests.checking.wrong.table import noise, told

X = noise(151, 2, 3, 6, 7)
W, B = noise(152, 4, 3, 5, 2), noise(153, 4)
W[0, 0, 0, 0], W[3, 1, 2, 0] = 1.375, 0.0  # one turns into a NaN, one is nothing
CHOSEN = ((0, 0, 0, 0), (3, 1, 2, 0), (2, 1, 3, 1))
LAYER = told(cp.Conv2d(3, 4, (5, 2), padding=(1, 0)), weight=W, bias=B)


def flipped(at, bit):
    weight = W.copy()
    weight.view(np.uint32)[at] ^= np.uint32(1 << bit)
    return weight


def exact(weight):
    """y = b + sum of w * x, in float64."""
    x = np.pad(X.astype(np.float64), ((0, 0), (0, 0), (1, 1), (0, 0)))
    y = np.zeros((2, 4, 4, 6))
    with np.errstate(invalid="ignore"):
        for n, k, i, j in np.ndindex(y.shape):
            y[n, k, i, j] = (weight[k].astype(np.float64) * x[n, :, i : i + 5, j : j + 2]).sum() + B[k]
    return y


def single(y):
    """Rounded to float32: to an infinity where it is too large."""
    with np.errstate(over="ignore", invalid="ignore"):
        return y.astype(np.float32)


@pytest.mark.parametrize("at", CHOSEN)
@pytest.mark.parametrize("bit", range(32))
def test_what_exceeds_the_usual_line_is_found(at, bit):
    right, wrong = exact(W), exact(flipped(at, bit))
    row = cp.check(LAYER, X, single(wrong))["Conv2d"]
    lines = LAYER.lines(None, (X,))
    effect = abs(single(wrong) - right)
    above_usual = ~(effect <= lines.usual)
    beyond = ~(effect <= lines.proof)
    assert beyond.sum() == row.beyond
    if above_usual.any():
        assert not (row.verdict in ("identical", "rounding") and row.usual)
    if beyond.any():
        assert row.verdict == "wrong"
        assert row.worst.cell[1] == at[0]
        assert (row.worst.proof, row.worst.usual) == (lines.proof[row.worst.cell], lines.usual[row.worst.cell])
    else:
        assert row.verdict in ("identical", "rounding")


def test_both_sides_of_the_lines_occur():
    lines = LAYER.lines(None, (X,))
    effects = [abs(exact(flipped((2, 1, 3, 1), bit)) - exact(W)) for bit in range(23)]
    assert any((effect > lines.proof).any() for effect in effects)
    assert not all((effect > lines.usual).any() for effect in effects)


@pytest.mark.parametrize("at", CHOSEN)
def test_any_bit_of_a_claimed_weight_is_found(at):
    for bit in range(32):
        report = cp.check(LAYER, X, {"weight": flipped(at, bit), "bias": B})
        if at == (3, 1, 2, 0) and bit == 31:  # -0.0 is 0.0
            assert report.ok
            continue
        assert (report["weight"].verdict, report["weight"].worst.cell, report["weight"].beyond) == ("wrong", at, 1)
        assert report["bias"].verdict == "identical"
        assert report.first_wrong == "Conv2d.weight"
