"""The gradients of functions of several numbers, each in the result's shape, before it is gathered.

    sum         dy for every input               difference  dy and -dy
    product     dy * b and dy * a                quotient    dy / b and -dy * y / b
    power       dy * b * a^(b - 1) and dy * y * log(a); nothing for b where a is 0 and b is not below 0, nothing for a where b is 0
    maximum     dy for the larger one; half of it for each where two are equal, as in torch, from the left for more than two
    mean        dy / k for each of k inputs

Every input then gets the sum over the axes along which it was broadcast; see core.arithmetic.broadcasting.
"""

from collections.abc import Sequence
from itertools import accumulate

import numpy as np

from convproof.core.shapes import Array
from convproof.layers.binary import formula


def product(dy: Array, parts: Sequence[Array]) -> list[Array]:
    """dy * b and dy * a"""
    a, b = parts
    return [np.asarray(dy * b), np.asarray(dy * a)]


def quotient(dy: Array, parts: Sequence[Array]) -> list[Array]:
    """dy / b and -dy * (a / b) / b"""
    a, b = parts
    return [np.asarray(dy / b), np.asarray(-dy * (a / b / b))]


def power(dy: Array, parts: Sequence[Array]) -> list[Array]:
    """dy * b * a^(b - 1) and dy * a^b * log(a), where these have a value."""
    a, b = parts
    steady = (b == 0) | ((a == 0) & (b >= 0))
    return [
        np.asarray(np.where(b == 0, 0, dy * (b * formula.power(a, np.asarray(b - 1))))),
        np.asarray(np.where(steady, 0, dy * (formula.power(a, b) * np.log(a)))),
    ]


def chosen(dy: Array, parts: Sequence[Array], sign: int) -> list[Array]:
    """dy for the largest, or for the smallest where sign is -1: two at a time from the left, the best so far and the next."""
    best = list(accumulate((sign * part for part in parts), np.maximum))
    found: list[Array] = []
    for before, part in zip(best[-2::-1], parts[:0:-1], strict=True):
        share = np.where(before == sign * part, 0.5, sign * part > before)
        found.insert(0, np.asarray(dy * share.astype(dy.dtype)))
        dy = np.asarray(dy * (1 - share).astype(dy.dtype))
    return [dy, *found]
