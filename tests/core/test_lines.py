"""The lines of sums: no order of summation exceeds the proof line, and the usual line is 8 sigma or the proof line."""

import itertools
from fractions import Fraction

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from convproof.core.formats import FLOAT32, FLOAT64
from convproof.core.lines import SIGMAS, Lines, carried, carried_within, lines_of_sum, no_error, walk

float32s = st.floats(-1e10, 1e10, width=32)


def one_sum(terms):
    x = terms.astype(np.float64)
    return lines_of_sum(np.array([x.sum()]), np.array([abs(x).sum()]), np.array([(x**2).sum()]), len(x), FLOAT32)


@given(st.integers(1, 5).flatmap(lambda n: arrays(np.float32, n, elements=float32s)))
@settings(max_examples=60)
def test_no_order_and_no_tree_of_additions_exceeds_the_proof_line(terms):
    exact, lines = sum(map(Fraction, terms.tolist()), Fraction(0)), one_sum(terms)
    for order in itertools.permutations(terms):
        for total in sums_by_every_tree(list(order)):
            assert abs(Fraction(float(total)) - exact) <= Fraction(lines.proof.item())


def sums_by_every_tree(terms):
    """Every way to put brackets into a sum, in float32."""
    if len(terms) == 1:
        return terms
    return [a + b for k in range(1, len(terms)) for a in sums_by_every_tree(terms[:k]) for b in sums_by_every_tree(terms[k:])]


@given(st.integers(2, 200), st.integers(0, 2**32), st.sampled_from([1.0, 1e-40, 1e20]))
@settings(max_examples=100)
def test_products_that_underflow_are_covered(n, seed, scale):
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=(2, n)).astype(np.float32) * np.float32(scale) ** np.float32(0.5)
    exact = sum((Fraction(float(x)) * Fraction(float(y)) for x, y in zip(a, b, strict=True)), Fraction(0))
    wide = a.astype(np.float64) * b
    lines = one_sum(wide)
    one_by_one = np.float32(0)
    for x, y in zip(a, b, strict=True):
        one_by_one += x * y
    for total in (one_by_one, np.dot(a, b), (a * b).sum()):
        assert abs(Fraction(float(total)) - exact) <= Fraction(lines.proof.item())


def test_a_walk_of_random_roundings_is_as_wide_as_it_says():
    rng = np.random.default_rng(0)
    errors = []
    for _ in range(400):
        terms = rng.normal(size=256).astype(np.float32)
        total = np.float32(0)
        for term in terms:
            total += term
        lines = one_sum(terms)
        errors.append((float(total) - lines.exact.item()) / lines.sigma.item())
    # 400 errors: their spread is known to 1/sqrt(800), 3.5 %; the rule counts a rounding as uniform within u of the sum's size, at most
    assert 0.2 < np.std(errors) < 1.15
    assert max(map(abs, errors)) < SIGMAS


def test_usual_is_eight_sigma_and_never_above_the_proof_line():
    lines = Lines(np.zeros(3), np.array([1.0, 10.0, 0.0]), np.array([1.0, 1.0, 1.0]))
    assert lines.usual.tolist() == [1, 8, 0]


def test_moving_and_carrying():
    lines = Lines(np.arange(6.0), np.arange(6.0) + 1, np.arange(6.0) + 2)
    moved = lines.map(lambda a: a.reshape(2, 3)[::-1])
    assert moved.exact.tolist() == [[3, 4, 5], [0, 1, 2]]
    assert moved.proof.tolist() == [[4, 5, 6], [1, 2, 3]]
    assert moved.sigma.tolist() == [[5, 6, 7], [2, 3, 4]]
    total = carried(Lines(np.zeros(1), np.array([0.5]), np.array([3.0])), np.array([0.25]), np.array([16.0]))
    assert (total.exact.tolist(), total.proof.tolist(), total.sigma.tolist()) == ([0], [0.75], [5])
    still = no_error(np.array([7.0]))
    assert (still.exact.tolist(), still.proof.tolist(), still.sigma.tolist()) == ([7], [0], [0])


def test_the_walk_by_hand():
    assert walk(np.array([3.0]), np.array([18.0]), 2, FLOAT64).item() == FLOAT64.u * np.sqrt(2 * (1 + 1) + (9 + 18) / 3)


def test_what_comes_in_spreads_no_farther_than_it_can_move():
    local = Lines(np.array([1.0, 2.0]), np.array([0.5, 0.5]), np.array([3.0, 0.0]))
    found = carried_within(local, np.array([4.0, 4.0]), np.array([100.0, 9.0]))
    assert (found.proof.tolist(), found.sigma.tolist()) == ([4.5, 4.5], [5.0, 3.0])  # 3^2 + 4^2, of 100 no more than 16
