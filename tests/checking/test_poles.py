"""Functions that are infinite at 0, behind numbers that were written down as 0 and need not be.

The numbers are the network's own, written down by NumPy and by Python: not they are in question, but what their digits leave open.
"""

import numpy as np
import pytest

import convproof as cp
from tests.laws.writing import WRITTEN

f = np.float32
X = np.array([[2e-5, -1.5, 3.0, 0.25]], f)
POLES = {"log": cp.Log, "rec": cp.Reciprocal, "rsqrt": cp.Rsqrt}


def of(name):
    if name == "div":
        return cp.Network({"abs": (cp.Abs(), "input"), "div": (cp.Div(), "input", "abs")})
    return cp.Network({"abs": (cp.Abs(), "input"), name: (POLES[name](), "abs")})


def verdicts(name, format, claimed):
    return {row.name: row.verdict for row in cp.check(of(name), X, claimed, format=format).rows}


@pytest.mark.parametrize("format", ["decimals:4", "q7.8"])
@pytest.mark.parametrize("name", [*POLES, "div"])
def test_a_finite_number_is_right_where_another_input_than_0_may_be_meant(name, format):
    trace = of(name).trace(X)
    claimed = {key: WRITTEN[format](trace[key].astype(float)) for key in ("abs", name)}
    assert set(verdicts(name, format, claimed).values()) <= {"identical", "rounding"}


@pytest.mark.parametrize("name", [*POLES, "div"])
def test_any_other_is_wrong_all_the_same(name):
    trace = of(name).trace(X)
    claimed = {key: WRITTEN["decimals:4"](trace[key].astype(float)) for key in ("abs", name)}
    for cell, value in (((0, 0), 17.0), ((0, 0), np.nan), ((0, 2), np.inf), ((0, 2), 17.0)):
        y = claimed[name].copy()
        y[cell] = value
        assert verdicts(name, "decimals:4", claimed | {name: y})[name] == "wrong", (cell, value)


def test_an_exact_0_has_a_pole_and_nothing_else():
    for layer in (cp.Log(), cp.Reciprocal(), cp.Rsqrt()):
        y = cp.check(layer, np.zeros((1, 2), f), np.full((1, 2), 5.0, f))
        assert y.rows[0].verdict == "wrong"
        with np.errstate(divide="ignore"):
            assert cp.check(layer, np.zeros((1, 2), f), layer(np.zeros((1, 2), f))).rows[0].verdict == "identical"
