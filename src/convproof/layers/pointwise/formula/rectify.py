"""Functions that let x pass on one side and hold it back on the other.

    relu(x)               = max(0, x)
    leaky_relu(x)         = max(0, x) + negative_slope * min(0, x)
    threshold(x)          = x where x > threshold, else value
    hardshrink(x)         = x where x < -lambd or x > lambd, else 0
    softshrink(x)         = x - lambd where x > lambd, x + lambd where x < -lambd, else 0
    shrink(x)             = x - bias where x > lambd, x + bias where x < -lambd, else 0        (ONNX)

A NaN passes through. A threshold at which the function jumps counts as rounded to the input's format, as everybody rounds it. At a kink
the slope is that of the side which PyTorch takes: 0 at relu(0). Source: torch.nn, ONNX.
"""

import numpy as np

from convproof.core.derivation import Node, Number, add, copy, difference, maximum, product, setting
from convproof.core.sentence import say
from convproof.core.shapes import Array
from convproof.layers.pointwise.function import Function, both_sides, is_float32, never


def relu(x: Array) -> Array:
    """max(0, x), cell by cell."""
    return np.asarray(np.maximum(x, np.zeros((), x.dtype)))


def relu_slope(x: Array) -> Array:
    """1 where x > 0, else 0."""
    return np.asarray(x > 0).astype(x.dtype)


def derive_relu(x: Number) -> Node:
    """max(0, x), saying which of the two it is."""
    note = say("x is positive and passes") if x.value > 0 else say("x is not positive: 0 takes its place")
    return maximum(setting(0, "0", "count"), x, name="y", note=note)


RELU = Function("relu", "y = max(0, x)", relu, relu_slope, derive_relu)


def leaky_relu(negative_slope: float | int) -> Function:
    """x where x > 0, else negative_slope * x. The slope is rounded to the format and so is the product: 2 units."""

    def value(x: Array) -> Array:
        return np.asarray(np.where(x > 0, x, x * negative_slope).astype(x.dtype))

    def slope(x: Array) -> Array:
        return np.asarray(np.where(x > 0, 1, negative_slope).astype(x.dtype))

    def derive(x: Number) -> Node:
        if x.value > 0:
            return copy(x, name="y", note=say("x is positive and passes"))
        return product(setting(negative_slope, "negative_slope"), x, name="y", note=say("x is not positive and is scaled"))

    return Function(
        "leaky_relu",
        "y = max(0, x) + negative_slope * min(0, x)",
        value,
        slope,
        derive,
        lambda x, y: np.where(x > 0, 0.0, 2.01 * abs(y)),
        max(1.0, abs(negative_slope)),
        (0.0,),
        1.0,
    )


def threshold(limit: float | int, replacement: float | int = 0.0, name: str = "threshold") -> Function:
    """x where x > limit, else the replacement, which may be rounded."""

    def value(x: Array) -> Array:
        return np.asarray(np.where(x <= limit, x.dtype.type(replacement), x))

    def slope(x: Array) -> Array:
        return np.asarray(~(x <= limit)).astype(x.dtype)

    def derive(x: Number) -> Node:
        if x.value > limit:
            return copy(x, name="y", note=say("x is above {name} = {limit} and passes", name=name, limit=limit))
        return copy(setting(replacement, "value"), name="y", note=say("x is not above {name} = {limit}", name=name, limit=limit))

    rounding = never if is_float32(replacement) else lambda x, y: np.where(x <= limit, abs(y), 0.0)
    formula = f"y = x where x > {name}, else {'value' if name == 'threshold' else '0'}"
    return Function("threshold", formula, value, slope, derive, rounding, float("inf"), both_sides(limit), jumps=True)


def hardshrink(lambd: float | int) -> Function:
    """x outside of -lambd .. lambd, 0 inside."""

    def value(x: Array) -> Array:
        return np.asarray(np.where((x >= -lambd) & (x <= lambd), x.dtype.type(0), x))

    def slope(x: Array) -> Array:
        return np.asarray((x < -lambd) | (x > lambd)).astype(x.dtype)

    def derive(x: Number) -> Node:
        if -lambd <= x.value <= lambd:
            return copy(setting(0, "0", "count"), name="y", note=say("x lies between -lambd and lambd: 0 takes its place"))
        return copy(x, name="y", note=say("x lies outside of -lambd to lambd and passes"))

    formula = "y = x where abs(x) > lambd, else 0"
    return Function("hardshrink", formula, value, slope, derive, never, float("inf"), both_sides(-lambd, lambd), jumps=True)


def softshrink(lambd: float | int) -> Function:
    """x moved towards 0 by lambd, and 0 where that would cross it; no jump."""
    shrunk = shrink(lambd, lambd, "lambd")
    formula = "y = sign(x) * max(0, abs(x) - lambd)"
    return Function("softshrink", formula, shrunk.value, shrunk.slope, shrunk.derive, shrunk.rounding, 1.0)


def shrink(lambd: float | int, bias: float | int, name: str = "bias") -> Function:
    """x moved towards 0 by bias where it lies outside of -lambd .. lambd, 0 inside. bias and the difference are rounded: 2 units."""

    def value(x: Array) -> Array:
        inner = np.asarray(np.where(x < -lambd, x + bias, np.where(x > lambd, x - bias, np.where(np.isnan(x), x, 0))))
        return inner.astype(x.dtype)

    def slope(x: Array) -> Array:
        return np.asarray((x < -lambd) | (x > lambd)).astype(x.dtype)

    def derive(x: Number) -> Node:
        if x.value > lambd:
            return difference(x, setting(bias, name), name="y", note=say("x is above lambd"))
        if x.value < -lambd:
            return add(x, setting(bias, name), name="y", note=say("x is below -lambd"))
        return copy(setting(0, "0", "count"), name="y", note=say("x lies between -lambd and lambd: 0 takes its place"))

    def rounding(x: Array, y: Array) -> Array:
        near = abs(x) >= lambd * (1 - 2.0**-20)
        return np.asarray(np.where(near, abs(y) + 2 * abs(bias), 0.0))

    formula = "y = x - bias where x > lambd, x + bias where x < -lambd, else 0"
    return Function("shrink", formula, value, slope, derive, rounding, float("inf"), both_sides(-lambd, lambd), jumps=True)
