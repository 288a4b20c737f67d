"""Softmax by powers of 2, by its logarithm, and log-softmax by one log-sum-exp: named where they stray, and no cover for anything else."""

import numpy as np
import pytest
import torch

import convproof as cp
from convproof.core.evaluation import Case

f = np.float32
L = f(1.4426950408889634)  # log2(e)


def exponentials(e):
    return (e / e.sum(axis=1, keepdims=True)).astype(f)


def tops(x):
    return x.max(axis=1, keepdims=True)


def fused(x):
    """Products that are not rounded, as by a fused multiply-add: float64 holds them."""
    return exponentials(np.exp2((x.astype(float) * float(L) - tops(x) * L).astype(f)))


SHARES = {
    "2^((x - m)*l)": lambda x: exponentials(np.exp2((x - tops(x)) * L)),
    "2^(x*l - m*l)": lambda x: exponentials(np.exp2(x * L - tops(x) * L)),
    "2^(fma(x, l, -m*l))": fused,
    "exp(log_softmax)": lambda x: torch.log_softmax(torch.tensor(x), 1).exp().numpy(),
    "exp(x - logsumexp)": lambda x: torch.exp(torch.tensor(x) - torch.logsumexp(torch.tensor(x), 1, keepdim=True)).numpy(),
}
LOGARITHMS = {"x - logsumexp": lambda x: (torch.tensor(x) - torch.logsumexp(torch.tensor(x), 1, keepdim=True)).numpy()}
KINDS = {
    "N(0, 1)": lambda x: x,
    "N(0, 30)": lambda x: 30 * x,
    "at 1000": lambda x: x + 1000,
    "at -30 000": lambda x: x - 30_000,
    "masked": lambda x: np.where((x > -0.5) & (x < tops(x)), -1e9, x + 50),
    "far apart": lambda x: 1e4 * x,
}


def logits(kind, n):
    return KINDS[kind](np.random.default_rng(n).normal(size=(60, n))).astype(f)


@pytest.mark.parametrize("n", [2, 10, 300])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("layer", "ways"), [(cp.Softmax(1), SHARES), (cp.LogSoftmax(1), LOGARITHMS)], ids=["shares", "logarithms"])
def test_it_lies_below_the_line(layer, ways, kind, n):
    x = logits(kind, n)
    (own,) = layer.precisions()
    lines = own.lines(layer, Case((x,)), x, x)
    for way, compute in ways.items():
        y = compute(x)
        assert np.isfinite(lines.proof).all()
        assert (abs(y - lines.exact) <= lines.proof).all(), way
        assert cp.check(layer, x, y).rows[0].precision in (None, own.id), way


def test_it_is_named_where_it_strays():
    for layer, ways, kind, id in (
        (cp.Softmax(1), SHARES, "N(0, 30)", "softmax-exponents"),
        (cp.LogSoftmax(1), LOGARITHMS, "at 1000", "log-softmax-logsumexp"),
    ):
        x = np.concatenate([logits(kind, 10)] * 9)
        x[60:] += np.random.default_rng(3).normal(size=(480, 10)).astype(f)
        for way, compute in ways.items():
            if compute is fused:  # strays little
                continue
            row = cp.check(layer, x, compute(x)).rows[0]
            assert (row.verdict, row.precision) == ("precision", id), way


@pytest.mark.parametrize("kind", ["N(0, 1)", "N(0, 30)", "at 1000", "masked"])
def test_it_is_no_cover_for_a_mistake(kind):
    x = logits(kind, 10)
    y, ln = cp.Softmax(1)(x), cp.LogSoftmax(1)(x)
    cell, other = y.copy(), ln.copy()
    cell[3, y[3].argmax()] *= f(1.01)
    other[3, y[3].argmax()] += f(0.01)
    rough = exponentials(np.exp2((x - tops(x)) * f(1.4427 * 1.0005)))  # another base, 0.05 % off
    wrongs = [0 * y, y[:, ::-1], np.roll(y, 1, 0), cell, (1 - 1e-3) * y, rough, exponentials(np.exp2(x - tops(x)))]
    assert {cp.check(cp.Softmax(1), x, np.asarray(wrong, f)).rows[0].verdict for wrong in wrongs} == {"wrong"}
    wrongs = [0 * ln, ln[:, ::-1], other, ln + f(1e-3), y]
    assert {cp.check(cp.LogSoftmax(1), x, np.asarray(wrong, f)).rows[0].verdict for wrong in wrongs} == {"wrong"}


def test_where_nothing_is_left_of_a_share_the_plain_line_counts():
    x = (1e8 * (2 + np.random.default_rng(1).uniform(size=(5, 4)))).astype(f)
    (own,) = cp.Softmax(1).precisions()
    assert np.array_equal(own.lines(cp.Softmax(1), Case((x,)), x, x).proof, cp.Softmax(1).lines(None, (x,)).proof)
    assert cp.check(cp.Softmax(1), x, 0 * x).rows[0].verdict == "wrong"


def test_softmin_and_whole_rows_and_what_comes_in():
    x = logits("at 1000", 6).reshape(10, 6, 6)
    for layer in (cp.Softmin(1), cp.Softmax(1, flatten=True), cp.Softmax(None)):
        (own,) = layer.precisions()
        alone = own.lines(layer, Case((x,)), x, x)
        plain = layer.lines(None, (x,))
        incoming = (plain.map(lambda a: 0 * a + 1e-3),)
        carried, before = own.lines(layer, Case((x,), incoming=incoming), x, x), layer.lines(None, (x,), incoming)
        assert (alone.proof > plain.proof).all()
        assert (carried.proof >= before.proof).all()
        assert np.array_equal(alone.exact, plain.exact)
