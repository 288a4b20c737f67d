"""One pointwise function: definition, slope, the derivation of a cell, and how rounding enters.

A function without settings is one entry; a function with settings makes its entry from them: ``leaky_relu(0.01)``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from convproof.core.derivation import Node, Number
from convproof.core.shapes import Array

Rounding = Callable[[Array, Array], Array]


def never(_: Array, y: Array) -> Array:
    """No rounding: the function chooses or changes a sign."""
    return np.zeros_like(y)


def of_result(units: float | int) -> Rounding:
    """So many units of the result's own size: a few operations, each rounded once."""
    return lambda x, y: np.asarray(units * abs(y))


def absolute(units: float | int, size: float | int = 1.0) -> Rounding:
    """So many units of a fixed size: what an implementation near a limit loses does not shrink with the result."""
    return lambda x, y: np.asarray(np.where(np.isnan(y), y, units * size))


def of_larger(units: float | int, size: float | int = 1.0) -> Rounding:
    """So many units of the result's size, or of a fixed size if that is larger."""
    return lambda x, y: np.asarray(units * np.maximum(size, abs(y)))


@dataclass(frozen=True)
class Function:
    """One pointwise function.

    ``rounding`` is its absolute error in units of u, as a function of x and y; ``tinies`` how many smallest steps it may lose besides
    where the result falls below the normal numbers.

    An input's worst error is passed on with the ``steepest`` slope there is, and with the widest difference that is found at both ends and
    at the ``turns`` between them: the places where the function turns round, or jumps. A function that ``jumps`` (a step, a threshold) has
    no slope that would tell how far its result may move.

    An implementation may multiply x by ``swells`` on the way: where that is beyond the largest number, an infinity is no mistake.
    """

    code: str
    formula: str
    value: Callable[[Array], Array]
    slope: Callable[[Array], Array]
    derive: Callable[[Number], Node]
    rounding: Rounding = never
    steepest: float | int = 1.0
    turns: tuple[float, ...] = ()
    tinies: float | int = 0.0
    jumps: bool = False
    swells: float = 1.0


def is_float32(*numbers: Any) -> bool:
    """Whether float32 holds all these numbers exactly, so that no implementation rounds them."""
    with np.errstate(over="ignore"):
        return all(float(np.float32(number)) == float(number) for number in numbers)


def both_sides(*places: float | int) -> tuple[float, ...]:
    """Places of jumps, and the next numbers on either side of them."""
    return tuple(float(np.nextafter(place, place + step)) for place in places for step in (-1, 0, 1))
