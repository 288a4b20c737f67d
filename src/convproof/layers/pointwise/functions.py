"""The functions, one entry each: definition, slope, the derivation of a cell, and how rounding enters.

    relu(x) = max(0, x)

A NaN passes through. The slope at 0 is 0, as in PyTorch. Source: torch.nn.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from convproof.core.derivation import Node, Number, maximum, setting
from convproof.core.sentence import say
from convproof.core.shapes import Array


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


@dataclass(frozen=True)
class Function:
    """One pointwise function.

    ``rounding`` is its absolute error in units of u, as a function of x and y; ``steepest`` the largest slope there is, by which an
    input's worst error is passed on.
    """

    code: str
    formula: str
    value: Callable[[Array], Array]
    slope: Callable[[Array], Array]
    derive: Callable[[Number], Node]
    rounding: Callable[[Array, Array], Array]
    steepest: float = 1.0


RELU = Function("relu", "y = max(0, x)", relu, relu_slope, derive_relu, lambda x, y: np.zeros_like(y))
