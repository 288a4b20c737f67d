"""Functions that are straight between two ends and flat outside.

    clip(x)        = min(max(x, low), high)             relu6: 0 and 6; hardtanh: -1 and 1 unless set otherwise
    hardsigmoid(x) = min(max(alpha*x + beta, 0), 1)     alpha 1/6, beta 1/2 (torch); 0.2, 0.5 (ONNX, Keras 2)
    hardswish(x)   = x * hardsigmoid(x)

A NaN passes through; where low > high everything becomes high. At an end that x meets exactly, clip has slope 1, the others slope 0, as in
PyTorch. Source: torch.nn, ONNX.
"""

import numpy as np

from convproof.core.derivation import Node, Number, add, copy, maximum, minimum, product, quotient, setting
from convproof.core.sentence import say
from convproof.core.shapes import Array
from convproof.layers.pointwise.function import Function, is_float32, never, of_result


def clip(low: float | int | None, high: float | int | None, names: tuple[str, str] = ("min", "max"), *, ends: bool = True) -> Function:
    """min(max(x, low), high), either of which may be absent; ``ends``: the slope at the ends themselves is 1."""
    bounds = [bound for bound in (low, high) if bound is not None]

    def value(x: Array) -> Array:
        y = x if low is None else np.maximum(x, low)
        return np.asarray(y if high is None else np.minimum(y, high))

    def slope(x: Array) -> Array:
        above = np.ones(x.shape, bool) if low is None else (x >= low if ends else x > low)
        below = np.ones(x.shape, bool) if high is None else (x <= high if ends else x < high)
        return np.asarray(above & below).astype(x.dtype)

    def derive(x: Number) -> Node:
        tall = x if low is None else maximum(x, setting(low, names[0]))
        if high is not None:
            return minimum(tall, setting(high, names[1]), name="y")
        return copy(x, name="y") if low is None else maximum(x, setting(low, names[0]), name="y")

    inner = "x" if low is None else f"max(x, {names[0]})"
    formula = f"y = {inner}" if high is None else f"y = min({inner}, {names[1]})"
    return Function("clip", formula, value, slope, derive, never if is_float32(*bounds) else of_result(1))


def ramp(x: Array, alpha: float | int, beta: float | int) -> Array:
    """alpha*x + beta, held between 0 and 1."""
    return np.asarray(np.minimum(np.maximum(x * alpha + beta, 0), 1))


def _units(x: Array, alpha: float | int, beta: float | int) -> Array:
    """What alpha*x + beta loses to rounding (alpha, product, sum; or x + 3 and a division), 0 where it is cut off at any rate."""
    raw = alpha * x + beta
    size = abs(alpha * x) + abs(beta)
    cut = (raw < -1e-3 * (size + 1)) | (raw > 1 + 1e-3 * (size + 1))
    return np.asarray(np.where(cut, 0.0, 2.01 * size + 1.01 * abs(raw)))


def hardsigmoid(alpha: float | int, beta: float | int) -> Function:
    """min(max(alpha*x + beta, 0), 1)"""

    def slope(x: Array) -> Array:
        raw = x * alpha + beta
        return np.asarray(np.where((raw > 0) & (raw < 1), alpha, 0).astype(x.dtype))

    def derive(x: Number) -> Node:
        return _derive_ramp(x, alpha, beta, "y")

    return Function(
        "hardsigmoid",
        "y = min(max(alpha*x + beta, 0), 1)",
        lambda x: ramp(x, alpha, beta),
        slope,
        derive,
        lambda x, y: _units(x, alpha, beta),
        abs(alpha),
        (),
        1.0,
    )


def _derive_ramp(x: Number, alpha: float | int, beta: float | int, name: str) -> Node:
    if alpha == 1 / 6:
        line = add(quotient(x, setting(6, "6", "count")), setting(beta, "beta"))
    else:
        line = add(product(setting(alpha, "alpha"), x), setting(beta, "beta"))
    return minimum(maximum(line, setting(0, "0", "count")), setting(1, "1", "count"), name=name)


def _derive_hardswish(x: Number) -> Node:
    note = say("torch writes it min(max(x + 3, 0), 6) / 6, which is the same")
    gate = _derive_ramp(x, 1 / 6, 0.5, "gate")
    return product(x, gate, name="y", note=note)


HARDSWISH = Function(
    "hardswish",
    "y = x * min(max(x/6 + 1/2, 0), 1)",
    lambda x: np.asarray(x * ramp(x, 1 / 6, 0.5)),
    lambda x: np.asarray(np.where(x <= -3, 0, np.where(x >= 3, 1, x / 3 + 0.5)).astype(x.dtype)),
    _derive_hardswish,
    lambda x, y: np.where(x < -3.01, 0.0, abs(x) * np.maximum(_units(x, 1 / 6, 0.5), 2.01) + abs(y)),
    1.5,
    (-1.5,),
    2.0,
    swells=6.01,
)
