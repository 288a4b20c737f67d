"""Pooling, the definitions.

    max      y[n, c, i, j] = the largest  x[n, c, i*s + u*d - p, j*s + v*d - p]  over the window's taps u, v; padding never wins
    average  y[n, c, i, j] = 1/D * sum over u, v of  x[n, c, i*s + u*d - p, j*s + v*d - p]; padding counts as 0
    power    y[n, c, i, j] = (K/D * sum over u, v of  x[...]^p)^(1/p)             see ``power``

D is the size of the window: kh*kw with the padding counted, or only the cells of the input; a window that stands out beyond the padding
(``ceil_mode``) is clipped there before it is counted. Channels stay apart. Adaptive pooling shares every axis out into bins; global pooling
has one window, the whole channel.

A window is a product of one stretch for every axis, so the largest number and the sum are found along one axis after the other: a 3x3
window takes 3 + 3 steps instead of 9.

Source: torch.nn.MaxPool2d, torch.nn.AvgPool2d, torch.nn.AdaptiveAvgPool2d.
"""

import math
from collections.abc import Sequence
from functools import reduce
from typing import Any

import numpy as np

from convproof.core.arithmetic.extremes import lowest
from convproof.core.arithmetic.padding import NOWHERE
from convproof.core.shapes import Array, Float, Int, Shaped
from convproof.layers.pool.geometry import Side, counts, covers, is_regular, pairs, steps


def max_pool(x: Shaped[Array, "N C *sizes"], sides: Sequence[Side]) -> Shaped[Array, "N C *outputs"]:
    """The largest number of every window; a NaN in it wins. A window that reads padding alone has the lowest number that there is."""
    return over_windows(x, sides, np.maximum, lowest(x.dtype))


def window_sums(x: Float[Array, "N C *sizes"], sides: Sequence[Side]) -> Float[Array, "N C *outputs"]:
    """The sum of every window, padding counted as 0; inf - inf is NaN."""
    with np.errstate(invalid="ignore", over="ignore"):
        return over_windows(x, sides, np.add, 0)


def over_windows(x: Array, sides: Sequence[Side], combine: np.ufunc, empty: Any) -> Array:
    """What every window reads, combined; ``empty`` where it reads padding alone."""
    sizes = x.shape[2:]
    if sides and all(covers(side, size) for side, size in zip(sides, sizes, strict=True)):
        ones = (1,) * len(sizes)
        return np.asarray(combine.reduce(x.reshape(*x.shape[:2], math.prod(sizes)), axis=2)).reshape(*x.shape[:2], *ones)
    for axis, side in enumerate(sides, start=2):
        x = along(x, axis, side, combine, empty)
    return x


def along(x: Array, axis: int, side: Side, combine: np.ufunc, empty: Any) -> Array:
    """What the outputs along one axis read, combined; ``empty`` where they read padding alone."""
    size = x.shape[axis]
    y = np.full((*x.shape[:axis], side.outputs(size), *x.shape[axis + 1 :]), empty, x.dtype)
    for outputs, cells in steps(side, size):
        there, numbers = y[at(axis, outputs)], x[at(axis, cells)]
        if is_regular(side, size):
            combine(there, numbers, out=there)
        else:
            combine.reduce(numbers, axis=axis, keepdims=True, out=there)
    return y


def at(axis: int, where: Any) -> tuple[Any, ...]:
    """The index of some cells along one axis, whole along those before it."""
    return (*(slice(None),) * axis, where)


def winners(x: Shaped[Array, "N C *sizes"], sides: Sequence[Side]) -> Int[Array, "N C *outputs"]:
    """Where in its plane, counted row by row, the winner of every window stands; NOWHERE if the window reads padding alone.

    A number displaces the one before it if it is larger, or NaN. So the first of equal numbers wins, but the last NaN, as in torch. The
    last axis comes first: the winner of every row, then the winner of those.
    """
    sizes = x.shape[2:]
    plain = bool(x.size and x.min() > lowest(x.dtype))  # neither NaN nor -inf: only a larger number wins
    best, place = x, np.broadcast_to(np.arange(int(np.prod(sizes))).reshape(sizes), x.shape)
    for axis in range(len(sizes) + 1, 1, -1):
        best, place = _winners_along(best, place, axis, sides[axis - 2], plain)
    return place


def _winners_along(x: Array, places: Array, axis: int, side: Side, plain: bool) -> tuple[Array, Array]:
    size = x.shape[axis]
    shape = (*x.shape[:axis], side.outputs(size), *x.shape[axis + 1 :])
    best, place = np.full(shape, lowest(x.dtype), x.dtype), np.full(shape, NOWHERE, np.int64)
    for outputs, cells in pairs(side, size):
        number, there = x[at(axis, cells)], places[at(axis, cells)]
        first, before = place[at(axis, outputs)], best[at(axis, outputs)]
        wins = number > before
        if not plain:
            wins |= (number != number) | ((first == NOWHERE) & (there != NOWHERE))  # the last: -inf wins over padding
        np.copyto(before, number, where=wins)
        np.copyto(first, there, where=wins)
    return best, place


def winner_of(numbers: Shaped[Array, "taps"]) -> int:
    """Which of some numbers wins: the last NaN, else the first of the largest."""
    nans = np.flatnonzero(numbers != numbers)
    return int(nans[-1]) if len(nans) else int(numbers.argmax())


def average_pool(
    x: Float[Array, "N C *sizes"], sides: Sequence[Side], count_padding: bool, divisor: int | None
) -> Float[Array, "N C *outputs"]:
    """The sum of every window divided by its size; NaN where a window has no cell that counts."""
    D = divisors(x.shape[2:], sides, count_padding, divisor).astype(x.dtype)
    with np.errstate(invalid="ignore"):
        return np.asarray(window_sums(x, sides) / D)


def divisors(sizes: Sequence[int], sides: Sequence[Side], count_padding: bool, divisor: int | None) -> Int[Array, "*outputs"]:
    """D for every output spot."""
    lengths = [counts(side, size, count_padding) for side, size in zip(sides, sizes, strict=True)]
    areas = np.asarray(reduce(np.multiply.outer, lengths))
    return areas if divisor is None else np.full_like(areas, divisor)


def divisor_at(spot: Sequence[int], sizes: Sequence[int], sides: Sequence[Side], count_padding: bool, divisor: int | None) -> int:
    """D for one output spot."""
    lengths = (int(counts(side, size, count_padding)[i]) for side, i, size in zip(sides, spot, sizes, strict=True))
    return math.prod(lengths) if divisor is None else divisor


def numbered(
    places: Int[Array, "N C *outputs"], sizes: Sequence[int], column_by_column: bool, through_array: bool
) -> Int[Array, "N C *outputs"]:
    """Places counted row by row in their plane, counted in another way: column by column, or on through the planes of the whole array."""
    real = places != NOWHERE
    found = np.where(real, places, 0)
    if column_by_column:
        found = np.ravel_multi_index(np.unravel_index(found, tuple(sizes)), tuple(sizes), order="F")
    if through_array:
        N, C, *outputs = places.shape
        found = found + np.arange(N * C).reshape(N, C, *(1,) * len(outputs)) * math.prod(sizes)
    return np.asarray(np.where(real, found, NOWHERE), np.int64)
