"""Functions of several numbers, cell by cell, the definitions.

    sum         y = a + b + ...              difference  y = a - b
    product     y = a * b                    quotient    y = a / b
    maximum     y = max(a, b, ...)           minimum     y = min(a, b, ...)
    power       y = a ^ b                    mean        y = (a + b + ...) / k, of k arrays

The arrays are broadcast as in NumPy and torch: a cell of a shorter or narrower one serves many cells of the result.

Integers are not rounded: what does not fit into their type wraps around. Their quotient is cut off towards zero, as ONNX has it, and so is
a power with a negative exponent. Where integers meet floats they take the floats' type, as in torch; a power takes the type of its base.

Source: torch.add and its sisters, ONNX Add, Sub, Mul, Div, Max, Min, Pow, Mean, Sum.
"""

from collections.abc import Sequence
from functools import reduce
from typing import Any, Literal

import numpy as np

from convproof.core.shapes import Array

Rounding = Literal["trunc", "floor"] | None


def aligned(operands: Sequence[Any]) -> list[Array]:
    """Arrays and plain numbers as arrays of one type.

    Integers beside floats take the floats' type, plain numbers that of the arrays, and so does an array without axes beside others: as in
    torch.
    """
    arrays = [x for x in operands if isinstance(x, np.ndarray)]
    floats = [x for x in arrays if x.dtype.kind == "f"]
    if floats:
        kind = np.result_type(*([x.dtype for x in floats if x.ndim] or [x.dtype for x in floats]))
    elif any(isinstance(x, float) for x in operands):
        kind = np.dtype(np.float32)
    else:
        kind = np.result_type(*(x.dtype for x in arrays))
        if kind.kind == "b" and any(not isinstance(x, bool | np.ndarray) for x in operands):
            kind = np.dtype(np.int64)
    with np.errstate(all="ignore"):  # a number that is too large for float32 is an infinity there
        return [np.asarray(x).astype(kind, copy=False) for x in operands]


def total(parts: Sequence[Array]) -> Array:
    """a + b + ..., from the left."""
    return np.asarray(reduce(np.add, parts))


def difference(parts: Sequence[Array]) -> Array:
    """a - b"""
    return np.asarray(np.subtract(*parts))


def product(parts: Sequence[Array]) -> Array:
    """a * b"""
    return np.asarray(np.multiply(*parts))


def quotient(parts: Sequence[Array], rounding: Rounding = None) -> Array:
    """a / b; ``rounding`` to a whole number, which integers always are: "trunc" towards zero, "floor" downwards."""
    a, b = parts
    if a.dtype.kind in "iub":
        below = np.asarray(np.floor_divide(a, b))
        return below if rounding == "floor" else np.asarray(below + ((below < 0) & (below * b != a)).astype(below.dtype))
    if rounding == "floor":
        return np.asarray(np.floor_divide(a, b))
    return np.asarray(np.trunc(a / b) if rounding == "trunc" else np.divide(a, b))


def largest(parts: Sequence[Array]) -> Array:
    """The largest; NaN if any is NaN."""
    return np.asarray(reduce(np.maximum, parts))


def smallest(parts: Sequence[Array]) -> Array:
    """The smallest; NaN if any is NaN."""
    return np.asarray(reduce(np.minimum, parts))


def power(base: Array, exponent: Array) -> Array:
    """base ^ exponent, of the base's type; NaN for a negative base and an exponent that is no whole number."""
    if base.dtype.kind == "f":
        return np.asarray(np.power(base, exponent.astype(base.dtype)))
    if exponent.dtype.kind in "iub":
        whole = np.power(base, np.maximum(exponent, 0).astype(base.dtype))
        if exponent.dtype.kind != "i" or not (exponent < 0).any():
            return np.asarray(whole)
        return np.asarray(np.where(exponent < 0, np.trunc(base.astype(np.float64) ** exponent), whole).astype(base.dtype))
    return np.asarray(np.power(base.astype(np.float64), exponent).astype(base.dtype))


def mean(parts: Sequence[Array]) -> Array:
    """(a + b + ...) / k"""
    return quotient([summed := total(parts), np.asarray(len(parts), summed.dtype)])
