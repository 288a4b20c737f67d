"""In which order an array's numbers stand: N, H, W, C for N, C, H, W; weights as H, W, I, O; a flat buffer in any of these.

An array of the expected shape is never permuted. One that does not fit is read in every order in which its shape is possible, axes of
length 1 left out and neighbouring axes joined (a flat buffer has joined them all), and the order that comes closest to the network's own
array is taken, if it is clearly the closest (``likeness.py``); if none is, the one in which other arrays of the same target are, else the
commonest.
"""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import permutations
from typing import Any

import numpy as np

from convproof.checking.matching.counts import complaint
from convproof.checking.matching.declared_order import Layout
from convproof.checking.matching.expected import Expected, Fitted, Order, joins, spelled, without_ones
from convproof.checking.matching.likeness import Likeness, Standard
from convproof.core.errors import ShapeError
from convproof.core.sentence import Text, say
from convproof.core.shapes import Array, Shape

COMMONEST = ("nhwc", "nwhc", "ncwh", "whcn", "hwcn", "chwn", "hwc", "whc", "cwh", "ndhwc", "hwio", "ohwi", "ihwo", "hwoi", "dhwio", "wio")
OFTEN = 2  # times that an order was clear before an array in another one has to be far closer in that
SAMPLED = 4096
MOST_AXES = 5  # 120 orders


@dataclass
class Habit:
    """Orders in which a target's arrays clearly are, by kind and number of axes."""

    met: dict[tuple[str, int], Counter[Order]] = field(default_factory=dict)

    def remember(self, expected: Expected, order: Order) -> None:
        """An order that an array is clearly in."""
        self.met.setdefault((expected.kind, len(order)), Counter())[order] += 1

    def usual(self, expected: Expected, orders: Sequence[Order], times: int = 1) -> Order | None:
        """Of some orders, the one that was met most often, if it was met so many ``times``."""
        met = self.met.get((expected.kind, len(expected.shape)), Counter())
        known = [order for order, count in met.most_common() if order in orders and count >= times]
        return known[0] if known else None


def fit(array: Array, expected: Expected, called: Text, layout: Layout, habit: Habit, fits: Sequence[str] = ()) -> Fitted:
    """How an array is read in the expected shape. ``fits`` are names of arrays that have as many cells as it has.

    Raises ShapeError for another number of cells, and for a shape in which no order of the axes can be written down.
    """
    shape, plain = expected.shape, tuple(range(len(expected.shape)))
    if (blocked := layout.blocked(expected, array.size)) is not None:
        return blocked.read(array, called)
    if array.size != math.prod(shape):
        raise complaint(called, array.shape, shape, expected.letters, fits)
    declared = layout.order(expected)
    if declared is not None:
        return as_declared(array, expected, called, declared)
    if array.shape == shape:
        return Fitted(shape, plain)
    orders = possible(array.shape, expected, layout)
    if not orders:
        raise ShapeError(
            "{name}: expected an array of shape {expected}; got {found}, which is that shape in no order of its axes; reshape it, or write "
            "the numbers one after another",
            name=called,
            expected=shape,
            found=array.shape,
        )
    if orders == [plain]:
        return Fitted(shape, plain, (say("read as {expected}, its shape is {found}", found=array.shape, expected=shape),))
    return orders_compared(array, expected, orders, habit)


def possible(found: Shape, expected: Expected, layout: Layout) -> list[Order]:
    """The orders in which an array of this shape, with as many cells as expected, may be: the declared one, or all that fit."""
    declared = layout.order(expected)
    if declared is None and without_ones(found) == without_ones(expected.shape):
        return [tuple(range(len(expected.shape)))]
    orders = orders_of(expected) if declared is None else [declared]
    return [order for order in orders if joins(found, [expected.shape[axis] for axis in order])]


def closest(array: Array, expected: Expected, layout: Layout, most: int) -> Likeness | None:
    """How alike the network's own array is in the best order, by ``most`` of its cells; None for an impossible shape."""
    if (blocked := layout.blocked(expected, array.size)) is not None:
        return likeness_of(array, expected, blocked, most) if joins(array.shape, blocked.there) else None
    found = likenesses(array, expected, possible(array.shape, expected, layout), most)
    return min(found.values(), key=lambda likeness: likeness.distance, default=None)


def as_declared(array: Array, expected: Expected, called: Text, order: Order) -> Fitted:
    """An array in a declared order."""
    there = tuple(expected.shape[axis] for axis in order)
    if not joins(array.shape, there):
        raise ShapeError(
            "{name}: expected {there}, which is {expected} in the declared order {order}; got {found}; declare its own order, or leave the "
            "layout out",
            name=called,
            there=there,
            expected=expected.shape,
            order=spelled(order, expected),
            found=array.shape,
        )
    if array.shape == expected.shape and order == tuple(sorted(order)):
        return Fitted(expected.shape, order)
    return Fitted(expected.shape, order, (say("read as {order}, as declared", order=spelled(order, expected)),))


def orders_compared(array: Array, expected: Expected, orders: Sequence[Order], habit: Habit) -> Fitted:
    """The order that is clearly closest to the network's own array; else the usual one of the target, else the first."""
    found = likenesses(array, expected, orders)
    best = min(orders, key=lambda order: found[order].distance)
    first = found[orders[0]].distance
    usual = habit.usual(expected, orders, OFTEN)
    if usual is not None and best != usual and not found[best].far_below(found[usual].distance):
        best = usual
    if len(orders) == 1 or (found[best].close and (best == orders[0] or found[best].clearly_below(first))):
        habit.remember(expected, best)
        if usual is None or best == usual:
            return Fitted(expected.shape, best, (say("read as {order}", order=spelled(best, expected)),))
        note = say(
            "read as {order}, unlike the others: a layer that takes it for {usual} is wrong",
            order=spelled(best, expected),
            usual=spelled(usual, expected),
        )
        return Fitted(expected.shape, best, (note,))
    usual = habit.usual(expected, orders)
    if usual is not None:
        note = say("read as {order}, as other arrays of these are", order=spelled(usual, expected))
        return Fitted(expected.shape, usual, (note,))
    note = say("read as {order}, which is assumed: no order brings it close to the network's own", order=spelled(orders[0], expected))
    return Fitted(expected.shape, orders[0], (note,))


def likenesses(array: Array, expected: Expected, orders: Sequence[Order], most: int = SAMPLED) -> dict[Order, Likeness]:
    """How alike the network's own array is in each order; of more cells than ``most`` as many are drawn."""
    at, own = _sampled(expected, most)
    return {order: own.likeness(Fitted(expected.shape, order).change(array)[at]) for order in orders}


def likeness_of(array: Array, expected: Expected, fitted: Fitted, most: int = SAMPLED) -> Likeness:
    """How alike the network's own array is, read in one way."""
    at, own = _sampled(expected, most)
    return own.likeness(fitted.change(array)[at])


def _sampled(expected: Expected, most: int) -> tuple[Any, Standard]:
    """All cells, or ``most`` of them, and the network's own numbers there."""
    at = drawn(expected.shape, most) if math.prod(expected.shape) > most else ...
    return at, Standard.of(expected.numbers()[at])


@lru_cache(maxsize=64)
def drawn(shape: Shape, count: int) -> tuple[Array, ...]:
    """Some cells of an array, always the same ones."""
    return tuple(np.unravel_index(np.random.default_rng(0).integers(0, math.prod(shape), count), shape))


def orders_of(expected: Expected) -> Iterator[Order]:
    """All orders of an array's axes, the plain one first, then the commonest; of those that differ in axes of length 1 alone the first."""
    rank, shape = len(expected.shape), expected.shape
    known = [tuple(map(expected.letters.index, order)) for order in COMMONEST if sorted(order) == sorted(expected.letters)]
    plain = tuple(range(rank))
    rest = permutations(plain) if rank <= MOST_AXES else [plain[::-1]]
    seen = set()
    for order in (plain, *known, *rest):
        long = tuple(axis for axis in order if shape[axis] != 1)
        if long not in seen:
            seen.add(long)
            yield order
