"""Other arithmetics of a resizing: coordinates that are rounded before the nearest cell is chosen.

Floats with the unit roundoff u put a coordinate at most 4*u*(size + 1) cells off. Where a tie lies as near, the cell on its other side may
be chosen, for all cells of the output that have this index; which of the two it was is seen in the claimed numbers. A coordinate on a
binary grid (of halves, quarters ...) is not rounded at all, so there a neighbour is no rounding.
"""

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, cast

import numpy as np

from convproof.core.layer import Case, Layer
from convproof.core.lines import Lines
from convproof.core.records import Precision
from convproof.core.sentence import say
from convproof.core.shapes import Array
from convproof.layers.resize import bound
from convproof.layers.resize.formula import Sides, resize
from convproof.layers.resize.sides import Chosen, Side

if TYPE_CHECKING:
    from convproof.layers.resize.base import Resizing

ROUNDS = 2  # an axis is looked at again after the choices along the others


@dataclass(frozen=True)
class Picked(Chosen):
    """A side whose cells were chosen already: ``cells`` (outputs, 1)."""

    cells: Array

    @property
    def index(self) -> Array:
        """The cells."""
        return self.cells


def lines(layer: Layer, case: Case, low: Array, high: Array) -> Lines:
    """The lines with those neighbours chosen that the claimed numbers show."""
    resizing, x = cast("Resizing", layer), case.x
    sides = dict(resizing.sides(x.shape))
    u = case.arithmetic.u
    with np.errstate(all="ignore"):
        for axis in [axis for _ in range(ROUNDS) for axis in sides]:
            side = sides[axis]
            if isinstance(side, Chosen):
                for cells in (neighbours(side, u), Chosen(side.place, side.rounding).index):
                    sides = better(x, sides, axis, Picked(side.place, side.rounding, cells), low, high, resizing.fill)
        return bound.lines(x, sides, resizing.fill, case.came(), case.arithmetic)


def neighbours(side: Chosen, u: float) -> Array:
    """For every output the cell on the other side of a near tie (outputs, 1); its own where no tie is near."""
    found, place = Chosen(side.place, side.rounding).index.copy(), side.place
    if place.denominator & (place.denominator - 1) == 0:
        return found
    distance = 4 * u * (place.size + 1)
    for i in np.flatnonzero(side.near_a_tie(distance)):
        both = {cell_at(place.at(int(i)) + off, side.rounding) for off in (Fraction(-2 * distance), Fraction(2 * distance))}
        others = both - {int(found[i, 0])}
        found[i, 0] = np.clip(others.pop() if others else found[i, 0], 0, place.size - 1)
    return found


def cell_at(c: Fraction, rounding: str) -> int:
    """The cell that is chosen at a coordinate that is no tie."""
    return math.floor(c) if rounding == "floor" else math.ceil(c) if rounding == "ceil" else math.floor(c + Fraction(1, 2))


def better(x: Array, sides: Sides, axis: int, other: Picked, low: Array, high: Array, fill: float) -> dict[int, Side]:
    """The sides with ``other`` cells along an axis, at those outputs where fewer claimed numbers speak against them."""

    def against(side: Side) -> Array:
        y = resize(x.astype(np.float64), {**sides, axis: side}, fill)
        rest = tuple(k for k in range(y.ndim) if k != axis)
        return np.asarray(((y < low) | (y > high)).sum(axis=rest))

    own = sides[axis]
    changed = against(other) < against(own)
    return {**sides, axis: Picked(other.place, other.rounding, np.where(changed[:, None], other.cells, own.index))}


COORDINATES = Precision(
    "resize-coordinate-rounding", say("the coordinate is rounded before the nearest cell is chosen"), lines, fitted=True
)
