"""Exponential linear units: x where it is positive, an exponential that levels off where it is negative.

    elu(x)  = x where x > 0, else alpha * (exp(x) - 1)
    celu(x) = x where x > 0, else alpha * (exp(x/alpha) - 1)
    selu(x) = gamma * elu(x), with alpha = 1.6732..., gamma = 1.0507...

Rounding below 0 is absolute, 3 units of alpha: exp(x) - 1 loses what lies below u, where expm1 would not. Source: torch.nn, ONNX.
"""

import numpy as np

from convproof.core.derivation import Node, Number, copy, difference, exponential, product, quotient, setting
from convproof.core.sentence import say
from convproof.core.shapes import Array
from convproof.layers.pointwise.function import Function

SELU_ALPHA = 1.6732632423543772848170429916717
SELU_GAMMA = 1.0507009873554804934193349852946


def unit(alpha: float | int, gamma: float | int, scale: float | int, code: str, formula: str) -> Function:
    """gamma * x where x > 0, else gamma * alpha * (exp(x / scale) - 1)."""
    depth = alpha * gamma

    def value(x: Array) -> Array:
        return np.asarray(np.where(x > 0, x * gamma, np.expm1(x / scale) * depth))

    def slope(x: Array) -> Array:
        return np.asarray(np.where(x > 0, gamma, np.exp(x / scale) * (depth / scale)).astype(x.dtype))

    def derive(x: Number) -> Node:
        scaled: list[Node] = [] if gamma == 1 else [setting(gamma, "gamma")]
        if x.value > 0:
            note = say("x is positive")
            return product(*scaled, x, name="y", note=note) if scaled else copy(x, name="y", note=say("x is positive and passes"))
        ratio = x if scale == 1 else quotient(x, setting(scale, "alpha"))
        grown, one = exponential(ratio), setting(1, "1", "count")
        factors = [*scaled, *([] if alpha == 1 else [setting(alpha, "alpha")])]
        note = say("x is not positive")
        if factors:
            return product(*factors, difference(grown, one), name="y", note=note)
        return difference(grown, one, name="y", note=note)

    def rounding(x: Array, y: Array) -> Array:
        linear = 0.0 if gamma == 1 else 2.01
        return np.asarray(np.where(x > 0, linear * abs(y), 3 * abs(depth) + 1.01 * abs(y) * (gamma != 1)))

    steepest = max(abs(gamma), abs(depth / scale))
    return Function(code, formula, value, slope, derive, rounding, steepest, (0.0,), 2.0)


def elu(alpha: float | int) -> Function:
    """x where x > 0, else alpha * (exp(x) - 1)."""
    return unit(alpha, 1.0, 1.0, "elu", "y = x where x > 0, else alpha * (exp(x) - 1)")


def celu(alpha: float | int) -> Function:
    """x where x > 0, else alpha * (exp(x/alpha) - 1)."""
    return unit(alpha, 1.0, alpha, "celu", "y = x where x > 0, else alpha * (exp(x/alpha) - 1)")


def selu(alpha: float | int, gamma: float | int) -> Function:
    """gamma * x where x > 0, else gamma * alpha * (exp(x) - 1)."""
    return unit(alpha, gamma, 1.0, "selu", "y = gamma * x where x > 0, else gamma * alpha * (exp(x) - 1)")
