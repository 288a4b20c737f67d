"""One cell of a resizing by hand: the cells around its place, each times its weights."""

import itertools
import math
from fractions import Fraction

import numpy as np

from convproof.core.derivation import Node, Terms, copy, long_sum, maximum, minimum, nearest, number, product, setting
from convproof.core.exact import exact
from convproof.core.sentence import Sentence, listed, say
from convproof.core.shapes import Array, Cell
from convproof.layers.resize.formula import Sides

ROW = 4  # products in a row of text


def derive(cell: Cell, x: Array, sides: Sides, fill: float) -> Node:
    """The tree of one cell."""
    if any(side.outside[cell[axis]] for axis, side in sides.items()):
        note = say("its place lies outside the input, where extrapolation_value stands")
        return copy(setting(fill, "extrapolation_value"), "y", note)
    note = _where(cell, sides)
    weights = {axis: side.exactly(cell[axis]) for axis, side in sides.items()}
    if all(side.chooses for side in sides.values()):
        origin = tuple(next(iter(weights[axis])) if axis in weights else i for axis, i in enumerate(cell))
        return copy(number(x, origin, "x", "input"), "y", note)
    return _weighed(cell, x, sides, weights, note)


def _weighed(cell: Cell, x: Array, sides: Sides, weights: dict[int, dict[int, Fraction]], note: Sentence) -> Node:
    places = list(itertools.product(*weights.values()))
    shown = [axis for axis, side in sides.items() if not side.chooses]

    def origin(k: int) -> Cell:
        chosen = dict(zip(weights, places[k], strict=True))
        return tuple(chosen.get(axis, i) for axis, i in enumerate(cell))

    def term(k: int) -> Node:
        at = origin(k)
        factors = (setting(weights[axis][at[axis]], f"w{axis}[{at[axis]}]") for axis in shown)
        return product(*factors, number(x, at, "x", "input"))

    values = [math.prod(weights[axis][origin(k)[axis]] for axis in shown) * exact(x[origin(k)]) for k in range(len(places))]
    terms = Terms(term, np.array([float(value) for value in values]))
    total, row = sum(values, Fraction(0)), len(weights[shown[-1]]) if len(shown) > 1 else ROW
    if x.dtype.kind not in "iub":
        return long_sum(terms, total, "y", note, row)
    return _whole_number(long_sum(terms, total, "sum", note, row), x.dtype)


def _whole_number(total: Node, dtype: np.dtype) -> Node:
    """The sum as an integer of the input's type."""
    if dtype.kind == "b":
        return minimum(nearest(total), setting(1, "the largest value"), name="y")
    ends = np.iinfo(dtype)
    low, high = setting(int(ends.min), "the smallest value"), setting(int(ends.max), "the largest value")
    return minimum(maximum(nearest(total), low), high, name="y")


def _where(cell: Cell, sides: Sides) -> Sentence:
    """At which coordinate of the input the cell lies, along every axis that is resized."""
    places = [say("{place} on axis {axis}", place=side.place.at(cell[axis]), axis=axis) for axis, side in sides.items()]
    return say("its place in x is {places}, counted from 0", places=listed(places))
