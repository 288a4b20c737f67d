"""Trees of exact arithmetic: values, sources, terms that are made only when looked at."""

from fractions import Fraction

import numpy as np
import pytest

import convproof as cp
from convproof.core import derivation as d
from convproof.core.derivation import Derivation, Terms, evaluate
from convproof.core.derivation.node import leaves, nodes, sizes_of

X = np.array([[1.5, -2.0], [0.25, 4.0]], np.float32)


def leaf(row, column):
    return d.number(X, (row, column), "x", "input")


def test_every_operation():
    a, b = leaf(0, 0), leaf(0, 1)
    assert d.add(a, b, a).value == 1
    assert d.product(a, b).value == -3
    assert d.difference(a, b).value == Fraction(7, 2)
    assert d.quotient(a, b).value == Fraction(-3, 4)
    assert d.square(b).value == 4
    assert d.square_root(d.square(b)).value == 2
    assert d.maximum(b, a).value == Fraction(3, 2)
    assert d.copy(a).value == Fraction(3, 2)
    assert d.exponential(d.setting(0, "0")).value == 1
    assert abs(d.exponential(d.setting(1, "1")).value - Fraction("2.71828182845904523536028747135266249775724709369996")) < Fraction(
        1, 10**49
    )


def test_the_rest_of_the_vocabulary():
    a, b = leaf(0, 0), leaf(0, 1)
    assert d.negative(a).value == Fraction(-3, 2)
    assert d.absolute(b).value == 2
    assert d.minimum(a, b).value == -2
    assert d.power(b, d.setting(3, "3")).value == -8
    assert d.power(d.setting(2, "2"), b).value == Fraction(1, 4)
    assert [d.sign(n).value for n in (a, b, d.setting(0, "0"))] == [1, -1, 0]
    assert [f(a).value for f in (d.floor, d.ceiling, d.nearest)] == [1, 2, 2]
    assert d.nearest(d.setting(2.5, "2.5")).value == 2
    for function in (d.logarithm, d.hyperbolic_tangent, d.error_function, d.sine):
        assert function(d.setting(1 if function is d.logarithm else 0, "n")).value == 0
    assert d.cosine(d.setting(0, "0")).value == 1
    tree = d.logarithm(d.add(d.setting(1, "1"), d.exponential(d.negative(a))))
    assert evaluate(tree) == tree.value


def test_numbers_know_where_they_were_read():
    assert str(d.number(X, (1, 0), "x", "input", lead=(5,)).source) == "x[5, 1, 0]"
    assert str(d.setting(1e-5, "eps").source) == "eps"
    assert d.setting(0.1, "momentum").value == Fraction(0.1)
    assert d.setting(Fraction(1, 3), "third").value == Fraction(1, 3)
    zero = d.padding((0, -1))
    assert (zero.value, zero.source.what, str(zero.source)) == (0, "padding", "x[0, -1]")


def test_a_tree_is_worked_out_again_from_its_leaves():
    tree = d.add(d.product(leaf(0, 0), leaf(1, 1)), leaf(1, 0))
    assert evaluate(tree) == tree.value == Fraction(25, 4)
    lying = d.long_sum(Terms(lambda k: leaf(0, k), X[0]), Fraction(17))
    assert lying.value == 17
    assert evaluate(lying) == Fraction(-1, 2)


def test_what_many_share_is_worked_out_once():
    looked = []

    def make(k):
        looked.append(k)
        return leaf(0, k)

    shared = d.long_sum(Terms(make, X[0]), Fraction(-1, 2), name="shared")
    tree = d.add(shared, d.product(shared, shared))
    looked.clear()  # the checks of annotations looked too
    assert evaluate(tree) == Fraction(-1, 4)
    assert looked == [0, 1]


def test_terms_are_made_when_somebody_looks():
    looked = []

    def make(k):
        looked.append(k)
        return leaf(1, k)

    terms = Terms(make, np.array([0.25, 4.0]))
    assert (len(terms), terms.sizes.tolist(), looked) == (2, [0.25, 4], [])
    assert sizes_of(terms) is terms.sizes
    assert terms[-1].value == 4
    assert [node.value for node in terms[:2]] == [Fraction(1, 4), 4]
    assert [node.value for node in terms] == [Fraction(1, 4), 4]
    assert sizes_of((leaf(0, 1), leaf(0, 0))).tolist() == [-2, 1.5]
    with pytest.raises(IndexError):
        terms[2]


def test_walking_a_tree():
    a, b, c = leaf(0, 0), leaf(0, 1), leaf(1, 0)
    tree = d.add(d.product(a, b), c)
    assert list(leaves(tree)) == [a, b, c]
    assert [getattr(node, "kind", "number") for node in nodes(tree)] == ["sum", "product", "number", "number", "number"]


def test_the_terms_of_a_value():
    a, b, c = leaf(0, 0), leaf(0, 1), leaf(1, 0)
    inner = d.product(a, b)
    assert Derivation("l", (0,), "", d.add(d.add(inner, c), a)).terms == (inner, c, a)
    assert Derivation("l", (0,), "", d.quotient(d.add(a, c), b)).terms == (a, c)
    assert Derivation("l", (0,), "", d.maximum(a, inner)).terms == (a, inner)
    assert Derivation("l", (0,), "", d.copy(b)).terms == (b,)


def test_value_and_units_in_the_last_place():
    exact = Derivation("l", (0,), "", d.setting(Fraction(1, 3), "third"))
    assert (exact.value, exact.ulps, exact.format.name) == (1 / 3, 0, "float32")
    near = Derivation("l", (0,), "", d.setting(Fraction(1, 3), "third"), computed=np.float32(1 / 3))
    assert near.value == float(np.float32(1 / 3))
    assert abs(near.ulps) <= 0.5
    above = Derivation("l", (0,), "", d.setting(1, "one"), computed=np.nextafter(np.float64(1), 2))
    assert (above.ulps, above.format.name) == (1, "float64")
    whole = Derivation("l", (0,), "", d.setting(3, "place"), computed=np.int64(3))
    assert whole.ulps == 0


def test_terms_that_cannot_be_expanded():
    bare = Derivation("conv", (0,), "", d.add(leaf(0, 0), d.setting(1, "n")))
    with pytest.raises(cp.CellError, match="conv has terms 0 to 1 here, got 2"):
        bare.expand(2)
    with pytest.raises(cp.NotCoveredError, match="this term of conv reads no input cell"):
        bare.expand(1)
    with pytest.raises(cp.NotCoveredError, match=r"get it from layer.why or trace.why"):
        bare.expand(0)
