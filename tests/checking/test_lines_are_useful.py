"""How good the lines are: nothing that a room lists crosses the proof line, and what people compute comes near to the usual one."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import convproof as cp
from convproof.checking.reckoning import Reckoner, given_inputs
from convproof.checking.subject import Subject
from convproof.core.lines import SIGMAS
from tests.checking.loops import LOOPS, factors, one_by_one
from tests.checking.resnet import images, pair

DATA = {
    "normal": lambda rng, shape: rng.normal(size=shape),
    "positive": lambda rng, shape: abs(rng.normal(size=shape)),
    "far from 0": lambda rng, shape: 1000 + rng.normal(size=shape),
    "decades": lambda rng, shape: rng.normal(size=shape) * 10 ** rng.uniform(-8, 4, shape),
    "constant": lambda rng, shape: np.full(shape, 0.1),
    "cancelling": lambda rng, shape: np.where(rng.random(shape) < 0.5, 1 / 3, -1 / 3) * (1 + 1e-6 * rng.normal(size=shape)),
    "denormal": lambda rng, shape: rng.normal(size=shape) * 1e-40,
}
kinds = st.sampled_from(sorted(DATA))


def drawn(kind, seed, shape):
    return DATA[kind](np.random.default_rng(seed), shape).astype(np.float32)


def require_below(lines, found, what):
    over = abs(found.astype(np.float64) - lines.exact) > lines.proof
    assert not over.any(), (what, found[over][:3], lines.exact[over][:3], lines.proof[over][:3])


@given(
    st.sampled_from([(1, 3, 5), (2, 4, 6), (3, 3, 3)]),
    st.tuples(st.integers(1, 5), st.integers(1, 4)),
    st.tuples(st.integers(1, 3), st.integers(1, 2)),
    st.booleans(),
    kinds,
    kinds,
    st.integers(0, 2**32),
)
@settings(max_examples=40)
def test_no_order_of_a_convolutions_sum_crosses_the_proof_line(channels, kernel, stride, bias, of_x, of_w, seed):
    groups, C, O = channels
    layer = cp.Conv2d(C, O, kernel, stride, (2, 1), (1, 2), groups, bias)
    layer.weight = drawn(of_w, seed, layer.weight.shape)
    if bias:
        layer.bias = drawn(of_x, seed + 1, (O,))
    x = drawn(of_x, seed + 2, (2, C, 9, 8))
    cells = np.argwhere(np.ones(layer.shapes(x.shape)[0], bool))[:: 7]
    lines = layer.lines(cells, (x,))
    a, b = factors(layer, x, cells)
    for name, loop in LOOPS.items():
        require_below(lines, loop(a, b), name)


@given(st.integers(1, 700), st.booleans(), kinds, kinds, st.integers(0, 2**32))
@settings(max_examples=30)
def test_no_order_of_a_dot_product_crosses_the_proof_line(n, bias, of_x, of_w, seed):
    layer = cp.Linear(n, 6, bias)
    layer.weight = drawn(of_w, seed, (6, n))
    if bias:
        layer.bias = drawn(of_x, seed + 1, (6,))
    x = drawn(of_x, seed + 2, (1, n))
    lines = layer.lines(None, (x,))
    a, b = np.repeat(x, 6, axis=0), layer.weight
    if bias:
        a, b = np.hstack([a, np.ones((6, 1), np.float32)]), np.hstack([b, layer.bias[:, None]])
    for name, loop in LOOPS.items():
        require_below(lines, loop(a, b)[None], name)


@given(st.integers(1, 300), st.sampled_from(["divided", "times the reciprocal", "every term times the reciprocal"]), kinds, st.integers(0, 2**32))
@settings(max_examples=30)
def test_no_order_of_a_mean_crosses_the_proof_line(n, how, kind, seed):
    layer, x = cp.GlobalAveragePool(), drawn(kind, seed, (1, 5, n))
    lines = layer.lines(None, (x,))
    one, terms = np.ones((5, n), np.float32), x[0]
    reciprocal = np.float32(1) / np.float32(n)
    for name, loop in LOOPS.items():
        found = loop(terms, one * reciprocal) if how.startswith("every") else loop(terms, one)
        if how == "divided":
            found = found / np.float32(n)
        if how.startswith("times"):
            found = found * reciprocal
        require_below(lines, found.reshape(lines.exact.shape), name)
