"""Functions that squash a line into a range, and their relatives.

    sigmoid(x)     = 1 / (1 + exp(-x))
    logsigmoid(x)  = -log(1 + exp(-x))
    softplus(x)    = log(1 + exp(beta*x)) / beta        x itself where beta*x > threshold
    tanh(x), erf(x)
    tanhshrink(x)  = x - tanh(x)
    softsign(x)    = x / (1 + abs(x))

The exponential is taken of -abs(x), which never overflows: sigmoid(x) = e/(1 + e) with e = exp(x) where x < 0, and log(1 + exp(x)) =
max(0, x) + log(1 + exp(-abs(x))).

Rounding is absolute: implementations that clamp x or add 1 to something small lose what lies below u. Source: torch.nn, ONNX.
"""

import math

import numpy as np

from convproof.core.derivation import (
    Node,
    Number,
    absolute,
    add,
    copy,
    difference,
    error_function,
    exponential,
    hyperbolic_tangent,
    logarithm,
    negative,
    product,
    quotient,
    setting,
)
from convproof.core.sentence import say
from convproof.core.shapes import Array
from convproof.layers.pointwise.function import Function, both_sides, of_larger
from convproof.layers.pointwise.function import absolute as of_size

ONE = setting(1, "1", "count")


def sigmoid(x: Array) -> Array:
    """1 / (1 + exp(-x)), from exp(-abs(x))."""
    e = np.exp(-abs(x))
    return np.asarray(np.where(x < 0, e, 1) / (1 + e))


def derive_sigmoid(x: Node, name: str = "y") -> Node:
    """1 / (1 + exp(-x)), or the same from exp(x) where x is negative."""
    if x.value >= 0:
        return quotient(ONE, add(ONE, exponential(negative(x))), name=name)
    e = exponential(x, name="e")
    return quotient(e, add(ONE, e), name=name, note=say("the same as 1 / (1 + exp(-x)), from the small exponential"))


def softplus(x: Array) -> Array:
    """log(1 + exp(x)), from exp(-abs(x))."""
    return np.asarray(np.maximum(x, 0) + np.log1p(np.exp(-abs(x))))


def derive_softplus(x: Node, name: str = "") -> Node:
    """log(1 + exp(x)), or the same from exp(-x) where x is positive."""
    if x.value <= 0:
        return logarithm(add(ONE, exponential(x)), name=name)
    return add(
        x, logarithm(add(ONE, exponential(negative(x)))), name=name, note=say("the same as log(1 + exp(x)), from the small exponential")
    )


def erf(x: Array) -> Array:
    """The error function, worked out in float64."""
    found = np.fromiter(map(math.erf, x.reshape(-1).tolist()), np.float64, x.size)
    return found.reshape(x.shape).astype(x.dtype)


def bell(x: Array) -> Array:
    """exp(-x^2)"""
    return np.asarray(np.exp(-x * x))


SIGMOID = Function(
    "sigmoid",
    "y = 1 / (1 + exp(-x))",
    sigmoid,
    lambda x: np.asarray(sigmoid(x) * sigmoid(-x)),
    derive_sigmoid,
    of_size(6),
    0.25,
)


def _derive_logsigmoid(x: Number) -> Node:
    if x.value >= 0:
        return negative(logarithm(add(ONE, exponential(negative(x)))), name="y")
    note = say("the same as -log(1 + exp(-x)), from the small exponential")
    return difference(x, logarithm(add(ONE, exponential(x))), name="y", note=note)


LOGSIGMOID = Function(
    "logsigmoid",
    "y = -log(1 + exp(-x))",
    lambda x: np.asarray(np.minimum(x, 0) - np.log1p(np.exp(-abs(x)))),
    lambda x: sigmoid(-x),
    _derive_logsigmoid,
    of_larger(4),
)

TANH = Function(
    "tanh",
    "y = tanh(x)",
    lambda x: np.asarray(np.tanh(x)),
    lambda x: np.asarray(1 - np.tanh(x) ** 2),
    lambda x: hyperbolic_tangent(x, name="y"),
    of_size(8),
)

TANHSHRINK = Function(
    "tanhshrink",
    "y = x - tanh(x)",
    lambda x: np.asarray(x - np.tanh(x)),
    lambda x: np.asarray(np.tanh(x) ** 2),
    lambda x: difference(x, hyperbolic_tangent(x), name="y"),
    lambda x, y: 8 + abs(y),
)

ERF = Function(
    "erf",
    "y = erf(x)",
    erf,
    lambda x: np.asarray(2 / math.sqrt(math.pi) * bell(x)),
    lambda x: error_function(x, name="y"),
    of_size(2),
    1.13,
)

SOFTSIGN = Function(
    "softsign",
    "y = x / (1 + abs(x))",
    lambda x: np.asarray(x / (1 + abs(x))),
    lambda x: np.asarray(1 / (1 + abs(x)) ** 2),
    lambda x: quotient(x, add(ONE, absolute(x)), name="y"),
    lambda x, y: 3.01 * abs(y),
    tinies=1.0,
)


def scaled_softplus(beta: float | int, threshold: float | int) -> Function:
    """log(1 + exp(beta*x)) / beta, and x itself where beta*x > threshold."""

    def value(x: Array) -> Array:
        z = x * beta
        return np.asarray(np.where(z > threshold, x, softplus(z) / beta))

    def slope(x: Array) -> Array:
        z = x * beta
        return np.asarray(np.where(z > threshold, 1, sigmoid(z)))

    def derive(x: Number) -> Node:
        if x.value * setting(beta, "beta").value > threshold:
            return copy(x, name="y", note=say("beta*x is above threshold = {threshold}: x itself", threshold=threshold))
        if beta == 1:
            return derive_softplus(x, name="y")
        return quotient(derive_softplus(product(setting(beta, "beta"), x)), setting(beta, "beta"), name="y")

    turns = both_sides(threshold / beta) if beta else ()
    formula = "y = log(1 + exp(x))" if beta == 1 else "y = log(1 + exp(beta*x)) / beta"
    steepest = float("inf")  # it jumps at the threshold, by 2e-9 at the usual 20
    return Function("softplus", formula, value, slope, derive, of_larger(4, 1 / abs(beta) if beta else 1.0), steepest, turns)
