"""Functions that multiply x by a gate which opens as x grows.

    silu(x)       = x * sigmoid(x)
    swish(x)      = x * sigmoid(alpha*x)                 (ONNX)
    gelu(x)       = x * (1 + erf(x / sqrt(2))) / 2
    gelu_tanh(x)  = x * (1 + tanh(sqrt(2/pi) * (x + 0.044715*x^3))) / 2
    mish(x)       = x * tanh(log(1 + exp(x)))

The gate is 1 plus something near -1 where x is negative: what is lost there is u times abs(x), not u times the small result. So rounding is
12 units of abs(x) for the last three, however small x is, and of the gate's own 6 for the first two; two products may each lose a smallest
step. Measured from 1e-38 to 30: PyTorch 6.0, ONNX Runtime 4.95, SciPy's erf 1.8, a tanh as 2*sigmoid(2z) - 1 4.0. Source: torch.nn, ONNX.
"""

import math

import numpy as np

from convproof.core.derivation import (
    Node,
    Number,
    add,
    error_function,
    hyperbolic_tangent,
    power,
    product,
    quotient,
    setting,
    square_root,
)
from convproof.core.shapes import Array
from convproof.layers.pointwise.formula.squash import ONE, bell, derive_sigmoid, derive_softplus, erf, sigmoid, softplus
from convproof.layers.pointwise.function import Function

TWO = setting(2, "2", "count")
CUBIC = 0.044715
INNER = math.sqrt(2 / math.pi)


def _units(x: Array, y: Array) -> Array:
    return np.asarray(12 * abs(x) + 0 * y)


def swish(alpha: float | int) -> Function:
    """x * sigmoid(alpha*x)"""

    def value(x: Array) -> Array:
        return np.asarray(x * sigmoid(x * alpha))

    def slope(x: Array) -> Array:
        s, z = sigmoid(x * alpha), x * alpha
        return np.asarray(s * (1 + z * sigmoid(-z)))

    def derive(x: Number) -> Node:
        inner = x if alpha == 1 else product(setting(alpha, "alpha"), x)
        return product(x, derive_sigmoid(inner, name="gate"), name="y")

    turns = (-1.278464542761074 / alpha,) if alpha else ()
    formula = "y = x / (1 + exp(-x))" if alpha == 1 else "y = x / (1 + exp(-alpha*x))"
    slack = 2.0 if alpha == 1 else 4.0  # alpha*x is rounded: the gate moves by z*s*(1 - s) <= 0.23 of its units
    return Function("silu", formula, value, slope, derive, lambda x, y: (6 + slack) * abs(x) + 0 * y, 1.1, turns, 2.0)


def _gelu(x: Array) -> Array:
    return np.asarray(x * (0.5 * (1 + erf(x * math.sqrt(0.5)))))


def _gelu_slope(x: Array) -> Array:
    return np.asarray(0.5 * (1 + erf(x * math.sqrt(0.5))) + x * bell(x * math.sqrt(0.5)) / math.sqrt(2 * math.pi))


def _derive_gelu(x: Number) -> Node:
    inner = error_function(quotient(x, square_root(TWO)), name="e")
    return quotient(product(x, add(ONE, inner)), TWO, name="y")


GELU = Function(
    "gelu", "y = x * (1 + erf(x / sqrt(2))) / 2", _gelu, _gelu_slope, _derive_gelu, _units, 1.13, (-0.7517915246935645,), 2.0, swells=2.01
)


def _inner(x: Array) -> Array:
    return np.asarray(INNER * (x + CUBIC * x * x * x))


def _gelu_tanh(x: Array) -> Array:
    return np.asarray(x * (0.5 * (1 + np.tanh(_inner(x)))))


def _gelu_tanh_slope(x: Array) -> Array:
    t = np.tanh(_inner(x))
    return np.asarray(0.5 * (1 + t) + 0.5 * x * (1 - t * t) * INNER * (1 + 3 * CUBIC * x * x))


def _derive_gelu_tanh(x: Number) -> Node:
    cubic = product(setting(CUBIC, "c"), power(x, setting(3, "3", "count")))
    inner = product(square_root(quotient(TWO, setting(math.pi, "pi"))), add(x, cubic), name="z")
    return quotient(product(x, add(ONE, hyperbolic_tangent(inner, name="t"))), TWO, name="y")


GELU_TANH = Function(
    "gelu_tanh",
    "y = x * (1 + tanh(sqrt(2/pi) * (x + 0.044715*x^3))) / 2",
    _gelu_tanh,
    _gelu_tanh_slope,
    _derive_gelu_tanh,
    _units,
    1.13,
    (-0.7524614220710163,),
    2.0,
)


def _mish(x: Array) -> Array:
    return np.asarray(x * np.tanh(softplus(x)))


def _mish_slope(x: Array) -> Array:
    t = np.tanh(softplus(x))
    return np.asarray(t + x * (1 - t * t) * sigmoid(x))


def _derive_mish(x: Number) -> Node:
    return product(x, hyperbolic_tangent(derive_softplus(x, name="s"), name="t"), name="y")


MISH = Function("mish", "y = x * tanh(log(1 + exp(x)))", _mish, _mish_slope, _derive_mish, _units, 1.09, (-1.1924312145154954,), 2.0)
