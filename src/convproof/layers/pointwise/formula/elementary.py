"""Roots, exponentials, logarithms and other functions of elementary arithmetic, cell by cell.

    sqrt(x)   rsqrt(x) = 1 / sqrt(x)   reciprocal(x) = 1 / x   square(x) = x^2   exp(x)   log(x)   sin(x)   cos(x)
    abs(x)    neg(x) = -x              sign(x) = 1, 0 or -1    floor(x), ceil(x), round(x): whole numbers; round takes the even one of two

A root of a negative number is NaN, a division by 0 an infinity: such a cell has no derivation. Source: torch, ONNX.
"""

from collections.abc import Callable

import numpy as np

from convproof.core import derivation as d
from convproof.core.shapes import Array
from convproof.layers.pointwise.function import Function, never, of_larger, of_result

ANY_SLOPE = float("inf")
ONE = d.setting(1, "1", "count")
POLE = (0.0,)


def _no_slope(x: Array) -> Array:
    return np.zeros_like(x)


def sign(x: Array) -> Array:
    """1, 0 or -1; the sign of NaN is 0, as in torch."""
    return np.asarray(np.asarray(x > 0).astype(x.dtype) - np.asarray(x < 0).astype(x.dtype))


def _step(code: str, formula: str, value: Callable[[Array], Array], derive: Callable[[d.Number], d.Node]) -> Function:
    """A function that goes up by steps: never rounded, no slope, and a jump wherever it is not flat."""
    return Function(code, formula, lambda x: np.asarray(value(x)), _no_slope, derive, never, ANY_SLOPE, jumps=True)


SQRT = Function(
    "sqrt",
    "y = sqrt(x)",
    lambda x: np.asarray(np.sqrt(x)),
    lambda x: np.asarray(1 / (2 * np.sqrt(x))),
    lambda x: d.square_root(x, name="y"),
    of_result(2),
    ANY_SLOPE,
)

RSQRT = Function(
    "rsqrt",
    "y = 1 / sqrt(x)",
    lambda x: np.asarray(1 / np.sqrt(x)),
    lambda x: np.asarray(-0.5 * (1 / np.sqrt(x)) ** 3),
    lambda x: d.quotient(ONE, d.square_root(x), name="y"),
    of_result(4),
    ANY_SLOPE,
)

RECIPROCAL = Function(
    "reciprocal",
    "y = 1 / x",
    lambda x: np.asarray(1 / x),
    lambda x: np.asarray(-1 / (x * x)),
    lambda x: d.quotient(ONE, x, name="y"),
    of_result(2),
    ANY_SLOPE,
    POLE,
    1.0,
)

SQUARE = Function(
    "square",
    "y = x^2",
    lambda x: np.asarray(x * x),
    lambda x: np.asarray(2 * x),
    lambda x: d.square(x, name="y"),
    of_result(1),
    ANY_SLOPE,
    POLE,
    1.0,
)

EXP = Function(
    "exp",
    "y = exp(x)",
    lambda x: np.asarray(np.exp(x)),
    lambda x: np.asarray(np.exp(x)),
    lambda x: d.exponential(x, name="y"),
    of_result(4),
    ANY_SLOPE,
    (),
    2.0,
)

LOG = Function(
    "log",
    "y = log(x)",
    lambda x: np.asarray(np.log(x)),
    lambda x: np.asarray(1 / x),
    lambda x: d.logarithm(x, name="y"),
    of_larger(4),
    ANY_SLOPE,
)

SIN = Function(
    "sin",
    "y = sin(x)",
    lambda x: np.asarray(np.sin(x)),
    lambda x: np.asarray(np.cos(x)),
    lambda x: d.sine(x, name="y"),
    lambda x, y: 4 + 0 * y,
)

COS = Function(
    "cos",
    "y = cos(x)",
    lambda x: np.asarray(np.cos(x)),
    lambda x: np.asarray(-np.sin(x)),
    lambda x: d.cosine(x, name="y"),
    lambda x, y: 4 + 0 * y,
)

ABS = Function(
    "abs",
    "y = abs(x)",
    lambda x: np.asarray(abs(x)),
    sign,
    lambda x: d.absolute(x, name="y"),
    turns=POLE,
)

NEG = Function("neg", "y = -x", lambda x: np.asarray(-x), lambda x: np.asarray(-np.ones_like(x)), lambda x: d.negative(x, name="y"))

SIGN = _step("sign", "y = sign(x)", sign, lambda x: d.sign(x, name="y"))
FLOOR = _step("floor", "y = floor(x)", np.floor, lambda x: d.floor(x, name="y"))
CEIL = _step("ceil", "y = ceil(x)", np.ceil, lambda x: d.ceiling(x, name="y"))
ROUND = _step("round", "y = round(x)", np.rint, lambda x: d.nearest(x, name="y"))
