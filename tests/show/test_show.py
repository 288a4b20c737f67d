"""Texts, tables and HTML: small arrays in full, large ones in figures, long sums folded, everything escaped."""

import re
from fractions import Fraction

import numpy as np

import convproof as cp
from convproof.core import derivation as d
from convproof.core.derivation import Terms, add, difference, long_sum, number, product, quotient, setting, square
from convproof.core.exact import exact_sum
from convproof.show.expression import LATEX, TEXT, Writer
from convproof.show.numbers import cell, equals, long, rows, short
from tests.show.test_check_html import Page
from tests.walkthrough import BATCH, X, conv, network


def balanced(html):
    return Page(html).open == []


def test_numbers():
    assert [short(Fraction(v)) for v in ("109", "8.4", "-0.5", "0.00001")] == ["109", "8.4", "-0.5", "1e-05"]
    assert [equals(Fraction(v)) for v in ("42/5", "1/3")] == ["= 8.4", "≈ 0.333333"]
    assert long(Fraction(1, 3)) == "0.33333333333333333333"
    assert [cell(v) for v in (np.float32(0.0392), np.float32(-2.8e-6), np.int64(7), np.float32("nan"), np.float32(-1.5e7))] == [
        "0.0392",
        "0.0000",
        "7",
        "nan",
        "-1.5000e+07",
    ]
    assert rows(np.array([[1.0, -10.0], [0.5, 2.0]])) == ["[  1.0000 -10.0000]", "[  0.5000   2.0000]"]


def test_a_long_sum_shows_its_largest_terms_and_folds_the_rest():
    values = np.arange(1.0, 101.0)
    total = long_sum(Terms(lambda k: number(values, (k,), "x", "input"), values), exact_sum(values))
    folded = Writer(TEXT).write(total, top=True)
    assert folded == "93 + 94 + 95 + 96 + 97 + 98 + 99 + 100 + ... (92 more terms, together 4278)"
    assert Writer(TEXT, full=True).write(total, top=True).count(" + ") == 99


def test_brackets_where_they_are_needed():
    a, b = setting(-2, "a"), setting(3, "b")
    writer = Writer(TEXT)
    assert writer.write(product(a, b)) == "(-2)*3"
    assert writer.write(square(difference(b, a))) == "(3 - (-2))²"
    assert writer.write(quotient(add(a, b), product(a, b))) == "(-2 + 3) / ((-2)*3)"
    assert writer.write(difference(b, add(a, b))) == "3 - (-2 + 3)"


def test_every_function_has_a_name_in_text_and_in_latex():
    a, b = setting(-2, "a"), setting(3, "b")
    text, latex = Writer(TEXT, symbols=True), Writer(LATEX, symbols=True)
    written = {
        d.negative(add(a, b)): ("-(a + b)", r"-\left(\text{a} + \text{b}\right)"),
        d.power(add(a, b), b): ("(a + b)^b", r"\left(\text{a} + \text{b}\right)^{\text{b}}"),
        d.power(b, d.quotient(b, a)): ("b^(b / a)", r"\text{b}^{\frac{\text{b}}{\text{a}}}"),
        d.absolute(a): ("abs(a)", r"\left|\text{a}\right|"),
        d.minimum(a, b): ("min(a, b)", r"\min\left(\text{a}, \text{b}\right)"),
        d.maximum(a, b): ("max(a, b)", r"\max\left(\text{a}, \text{b}\right)"),
        d.logarithm(b): ("log(b)", r"\ln\left(\text{b}\right)"),
        d.exponential(a): ("exp(a)", r"\exp\left(\text{a}\right)"),
        d.hyperbolic_tangent(a): ("tanh(a)", r"\tanh\left(\text{a}\right)"),
        d.error_function(a): ("erf(a)", r"\operatorname{erf}\left(\text{a}\right)"),
        d.sine(a): ("sin(a)", r"\sin\left(\text{a}\right)"),
        d.cosine(a): ("cos(a)", r"\cos\left(\text{a}\right)"),
        d.sign(a): ("sign(a)", r"\operatorname{sign}\left(\text{a}\right)"),
        d.floor(a): ("floor(a)", r"\left\lfloor \text{a}\right\rfloor"),
        d.ceiling(a): ("ceil(a)", r"\left\lceil \text{a}\right\rceil"),
        d.nearest(a): ("round(a)", r"\operatorname{round}\left(\text{a}\right)"),
        d.square_root(b): ("sqrt(b)", r"\sqrt{\text{b}}"),
    }
    for node, (plain, tex) in written.items():
        assert (text.write(node), latex.write(node)) == (plain, tex)
    assert Writer(TEXT).write(d.power(a, b)) == "(-2)^3"
    assert Writer(TEXT).write(add(b, d.negative(b))) == "3 + (-3)"


def test_padding_zeros_are_labelled():
    text = cp.Conv2d(3, 1, 3, padding=1, seed=0).why(X, at=(0, 0, 0, 0)).text()
    assert text.count("(0)*") == 15
    assert "(0) is a zero of the padding" in text
    reflected = cp.Conv2d(3, 1, 3, padding=1, padding_mode="reflect", seed=0).why(X, at=(0, 0, 0, 0)).text()
    assert "(0)*" not in reflected


def test_large_arrays_are_shown_in_figures():
    x = np.random.default_rng(0).normal(size=(1, 3, 40, 30)).astype(np.float32)
    text = str(network().trace(x))
    assert re.search(r"input  \(1, 3, 40, 30\) float32\n  min -\d\.\d{4}  mean ", text)
    assert len(text.splitlines()) < 80
    assert len(network().trace(x).text(full=True).splitlines()) > 160


def test_a_nan_in_a_large_array_is_counted():
    x = np.zeros((1, 3, 40, 30), np.float32)
    x[0, 0, 0, 0] = np.nan
    assert "not finite: 1 of 3600" in str(network().eval().trace(x))


def test_html_is_escaped_and_balanced():
    trace = network().trace(BATCH)
    for html in (trace._repr_html_(), trace.why("bn1", (0, 0, 0, 0))._repr_html_(), network().summary(BATCH)._repr_html_()):
        assert balanced(html)
    evil = cp.Network({"<script>alert(1)</script>": (cp.ReLU(), "input")})
    assert "<script>" not in evil.trace(X)._repr_html_() + evil.summary(X)._repr_html_()


def test_latex_of_a_batchnorm():
    d = cp.BatchNorm2d(3).why(X, at=(0, 1, 0, 0))
    latex = d.latex()
    assert latex.startswith("\\begin{aligned}\n")
    assert latex.endswith("\n\\end{aligned}")
    assert latex.count("{") == latex.count("}")
    assert r"\sqrt{" in latex
    assert r"\text{divided by n = 25, not by n - 1 = 24}" in latex
    assert d._repr_latex_().startswith("$\\displaystyle")


def test_summary_without_a_shape_says_what_it_needs():
    text = network().summary().text()
    assert "output shapes need the input's shape" in text
    assert "parameters: 30" in text


def test_a_record_folds_and_counts():
    record = cp.Conv2d(64, 1, 3, seed=0).why(np.ones((1, 64, 3, 3)), at=(0, 0, 0, 0)).to_dict()
    assert record["tree"]["parts_left_out"] == 65 - len(record["tree"]["parts"])
    full = conv().why(X, at=(0, 0, 0, 0)).to_dict(full=True)
    assert len(full["tree"]["parts"]) == 4
    assert full["tree"]["parts"][0]["parts"][1]["parts"][0] == {
        "value": 10.0,
        "exact": "10",
        "from": "input",
        "source": "x",
        "input": 0,
        "cell": [0, 0, 0, 1],
    }
