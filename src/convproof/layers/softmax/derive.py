"""One cell of a softmax by hand: the maximum is found and subtracted, exponentials are taken, and one is divided by their sum."""

from fractions import Fraction

import numpy as np

from convproof.core.derivation import Node, Number, Operation, Terms, difference, exponential, long_sum, number, quotient
from convproof.core.exact import exact
from convproof.core.exact import exponential as exact_exponential
from convproof.core.sentence import say
from convproof.core.shapes import Array, Cell

ROW = 4  # exponentials in a row of text


def derive(cell: Cell, x: Array, axis: int) -> Node:
    """exp(x_i - max) / sum of exp(x_j - max)"""
    line = line_through(cell, x, axis)

    def logit(j: int) -> Number:
        return number(x, (*cell[:axis], j, *cell[axis + 1 :]) if cell else (), "x", "input")

    note = say("the maximum is subtracted first, so that no exponential overflows")
    largest = Operation("maximum", Terms(logit, line), exact(line.max()), "max", note)
    powers = [exact_exponential(exact(value) - largest.value) for value in line]

    def power(j: int, name: str = "") -> Node:
        return exponential(difference(logit(j), largest), name)

    total = long_sum(Terms(power, np.array([float(p) for p in powers])), sum(powers, Fraction(0)), "sum", row=ROW)
    return quotient(power(cell[axis] if cell else 0, "e"), total, "y")


def line_through(cell: Cell, x: Array, axis: int) -> Array:
    """The numbers along the axis that share a sum with a cell; a single number is alone."""
    along: tuple[int | slice, ...] = (*cell[:axis], slice(None), *cell[axis + 1 :])
    return x[along] if cell else x.reshape(1)
