"""How good the lines are: nothing that a room lists crosses the proof line, and what people compute comes near to the usual one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import convproof as cp
from convproof.checking.claims import Boundary
from convproof.checking.reckoning import Reckoner
from convproof.checking.subject import Subject
from convproof.core.lines import SIGMAS
from tests.checking.loops import LOOPS, factors, mean_and_variance, normalised, one_by_one, welford
from tests.checking.resnet import images, pair, resnet18

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

A_TENTH, A_TWENTIETH = 0.1, 0.05  # of a line: what an ordinary computation reaches somewhere, so that the line is of use


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
@settings(max_examples=25)
def test_no_order_of_a_convolutions_sum_crosses_the_proof_line(channels, kernel, stride, bias, of_x, of_w, seed):
    groups, C, out = channels
    layer = cp.Conv2d(C, out, kernel, stride, (2, 1), (1, 2), groups, bias)
    layer.weight = drawn(of_w, seed, layer.weight.shape)
    if bias:
        layer.bias = drawn(of_x, seed + 1, (out,))
    x = drawn(of_x, seed + 2, (2, C, 9, 8))
    everywhere = layer.lines(None, (x,))
    cells = np.argwhere(np.ones(everywhere.exact.shape, bool))[::7]
    lines = everywhere.map(lambda y: y[tuple(cells.T)])
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


@given(
    st.integers(1, 300),
    st.sampled_from(["divided", "times the reciprocal", "every term times the reciprocal"]),
    kinds,
    st.integers(0, 2**32),
)
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


@given(
    st.sampled_from(["batch", "layer", "group"]),
    st.integers(2, 60),
    st.sampled_from([1e-5, 1e-3]),
    kinds.filter(lambda kind: kind != "decades"),
    st.integers(0, 2**32),
)
@settings(max_examples=25)
def test_no_two_passes_and_no_welford_cross_the_proof_line(what, n, eps, kind, seed):
    x, rows = drawn(kind, seed, (3, 4, n)), {"batch": (1, 0, 2), "layer": (0, 1, 2), "group": (0, 1, 2)}[what]
    layer = {"batch": cp.BatchNorm1d(4, eps), "layer": cp.LayerNorm(n, eps), "group": cp.GroupNorm(2, 4, eps)}[what]
    layer.weight, layer.bias = (drawn("normal", seed + k, layer.weight.shape) for k in (1, 2))
    lines = layer.lines(None, (x,))

    def in_rows(a):
        moved = np.broadcast_to(a, x.shape).transpose(rows)
        return moved.reshape({"batch": 4, "layer": 12, "group": 6}[what], -1)

    per_channel = (4, 1) if what != "layer" else (n,)
    gamma, beta = (in_rows(p.reshape(per_channel)) for p in (layer.weight, layer.bias))
    numbers, exact = in_rows(x), lines.map(in_rows)
    ways = {name: mean_and_variance(numbers, loop) for name, loop in LOOPS.items()} | {"Welford": welford(numbers)}
    for name, (mean, var) in ways.items():
        for folded in (False, True):
            require_below(exact, normalised(numbers, mean, var, gamma, beta, eps, folded), (name, folded))


@pytest.fixture(scope="module")
def run():
    """A ResNet-18, an image, and every array that PyTorch gives."""
    network, twin = pair()
    x = images(1, 64, seed=7)
    return network, x, {"input": x, **twin.arrays(x)}


MATRICES = [line.name for line in resnet18() if line.kind in ("Conv2d", "Linear")]


@pytest.mark.parametrize("name", MATRICES)
def test_a_loop_comes_near_the_usual_line_of_every_layer(run, name):
    network, _, arrays = run
    layer, x = network[name], arrays[str(network.graph.node(name).sources[0])]
    lines = layer.lines(None, (x,))
    rng = np.random.default_rng(3)
    cells = np.stack([rng.integers(0, size, 400) for size in lines.exact.shape], axis=1)
    if layer.weight.ndim == 4:
        a, b = factors(layer, x, cells)
    else:
        a, b = np.repeat(np.append(x, np.float32(1))[None], len(cells), axis=0), np.c_[layer.weight, layer.bias][cells[:, 1]]
    at = lines.map(lambda y: y[tuple(cells.T)])
    gap = abs(one_by_one(a, b).astype(np.float64) - at.exact)
    assert (gap <= at.usual).all()
    assert (gap / at.usual).max() >= A_TENTH


@pytest.mark.parametrize("kind", ["BatchNorm2d", "Add", "AdaptiveAvgPool2d"])
def test_so_do_pytorchs_layers_without_weights_to_sum_over(run, kind):
    network, _, arrays = run
    for node in network.graph:
        if type(node.layer).__name__ == kind:
            lines = node.layer.lines(None, [arrays[str(source)] for source in node.sources])
            gap = abs(arrays[node.name].astype(np.float64) - lines.exact)
            assert (gap <= lines.usual).all()
            known = lines.usual > 0
            assert (gap[known] / lines.usual[known]).max() >= A_TENTH


def test_what_is_carried_through_the_network_is_of_the_size_of_pytorchs_errors(run):
    network, x, arrays = run
    subject = Subject.of(network, x)
    for node, (reckoned,) in Reckoner(network.graph, Boundary(subject.given()), subject.run):
        lines = reckoned.own_lines
        gap = abs(arrays[node.name].astype(np.float64) - lines.exact)
        assert (gap <= SIGMAS * lines.sigma).all(), node.name
        assert (gap <= lines.proof).all(), node.name
        known = lines.sigma > 0
        assert (gap[known] / lines.sigma[known]).max() >= SIGMAS * A_TWENTIETH, node.name
