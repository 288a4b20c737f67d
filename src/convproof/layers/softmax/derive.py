"""One cell of a softmax by hand: the maximum is found and subtracted, exponentials are taken, and one is divided by their sum."""

from fractions import Fraction

import numpy as np

from convproof.core.derivation import Node, Number, Operation, Terms, difference, exponential, long_sum, number, quotient
from convproof.core.exact import exact
from convproof.core.exact import exponential as exact_exponential
from convproof.core.sentence import say
from convproof.core.shapes import Array, Cell


def derive(cell: Cell, x: Array, axis: int) -> Node:
    """exp(x_i - max) / sum of exp(x_j - max)"""
    along: tuple[int | slice, ...] = (*cell[:axis], slice(None), *cell[axis + 1 :])
    line = x[along]

    def logit(j: int) -> Number:
        return number(x, (*cell[:axis], j, *cell[axis + 1 :]), "x", "input")

    winner = int(np.argmax(line))
    note = say("subtracted first, so that no exponential overflows")
    largest = Operation("maximum", Terms(logit, line), exact(line[winner]), "max", note)
    powers = [exact_exponential(exact(value) - largest.value) for value in line]

    def power(j: int) -> Node:
        return exponential(difference(logit(j), largest))

    total = long_sum(Terms(power, np.array([float(p) for p in powers])), sum(powers, Fraction(0)), "sum", row=4)
    return quotient(exponential(difference(logit(cell[axis]), largest), "e"), total, "y")
