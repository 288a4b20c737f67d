"""One cell by hand: the maximum is found and subtracted, exponentials are taken and added up; then follows a quotient or a logarithm."""

from fractions import Fraction

import numpy as np

from convproof.core.derivation import Node, Number, Operation, Terms, difference, exponential, logarithm, long_sum, number, quotient
from convproof.core.exact import exact
from convproof.core.exact import exponential as exact_exponential
from convproof.core.sentence import say
from convproof.core.shapes import Array, Cell
from convproof.layers.softmax.row import Row

ROW = 4  # exponentials in a row of text


def derive(cell: Cell, x: Array, row: Row, sign: int, log: bool) -> Node:
    """exp(x_i - max) / sum of exp(x_j - max), or (x_i - max) - log(sum); for the sign -1 of -x, so that x_i - max becomes min - x_i."""
    line = row.through(cell, x)

    def logit(j: int) -> Number:
        return number(x, row.cell(cell, j), "x", "input")

    if sign > 0:
        note = say("the maximum is subtracted first, so that no exponential overflows")
        end = Operation("maximum", Terms(logit, line), exact(line.max()), "max", note)
    else:
        note = say("every number is subtracted from the minimum, so that no exponential overflows")
        end = Operation("minimum", Terms(logit, line), exact(line.min()), "min", note)

    def below(j: int, name: str = "") -> Node:
        return difference(logit(j), end, name) if sign > 0 else difference(end, logit(j), name)

    gaps = (exact(value) - end.value if sign > 0 else end.value - exact(value) for value in line)
    powers = [exact_exponential(gap) for gap in gaps]
    sizes = np.array([float(p) for p in powers])
    total = long_sum(Terms(lambda j: exponential(below(j)), sizes), sum(powers, Fraction(0)), "sum", row=ROW)
    own = row.place(cell)
    if log:
        return difference(below(own, "d"), logarithm(total), "y")
    return quotient(exponential(below(own), "e"), total, "y")
