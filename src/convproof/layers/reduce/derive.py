"""One cell by hand: the numbers of its row, and what they become."""

from collections.abc import Callable
from fractions import Fraction

import numpy as np

from convproof.core.derivation import (
    Node,
    Operation,
    Terms,
    absolute,
    add,
    copy,
    difference,
    exponential,
    logarithm,
    long_sum,
    number,
    quotient,
    setting,
    square,
    square_root,
)
from convproof.core.exact import exact, exact_square_sum, exact_sum
from convproof.core.exact import exponential as exact_exponential
from convproof.core.sentence import Sentence, say
from convproof.core.shapes import Array, Cell
from convproof.layers.reduce.row import Rows

ROW = 8  # numbers in a row of text


class Told:
    """The numbers that become one cell: ``values``, and each as a node."""

    def __init__(self, x: Array, rows: Rows, cell: Cell) -> None:
        self.values = rows.row(x, cell)
        self.node: Callable[[int], Node] = lambda k: number(x, rows.cell(cell, k), "x", "input")

    def terms(self, of: Callable[[Node], Node] = lambda node: node, sizes: Array | None = None) -> Terms:
        """Every number, or what it becomes."""
        return Terms(lambda k: of(self.node(k)), self.values if sizes is None else sizes)

    def total(self, name: str = "y") -> Node:
        """The sum of the numbers."""
        return long_sum(self.terms(), summed(self.values), name, row=ROW)


def summed(values: Array) -> Fraction:
    """The exact sum of floats or of integers."""
    return sum(map(exact, values), Fraction(0)) if values.dtype.kind in "iub" else exact_sum(values)


def mean(told: Told) -> Node:
    """The sum divided by n."""
    return quotient(told.total(""), setting(len(told.values), "n", "count"), "y")


def product(told: Told) -> Node:
    """One factor after another."""
    value = Fraction(1)
    for factor in told.values:
        value *= exact(factor)
    return Operation("product", told.terms(), value, "y")


def square_sum(told: Told, name: str = "y") -> Node:
    """The sum of squares."""
    values = told.values
    sizes = values.astype(np.float64) ** 2
    value = sum((exact(v) ** 2 for v in values), Fraction(0)) if values.dtype.kind in "iub" else exact_square_sum(values)
    return long_sum(told.terms(square, sizes), value, name, row=ROW)


def absolute_sum(told: Told) -> Node:
    """The sum of absolute values."""
    value = sum((abs(exact(v)) for v in told.values), Fraction(0))
    return long_sum(told.terms(absolute, abs(told.values)), value, "y", row=ROW)


def norm(told: Told) -> Node:
    """The root of the sum of squares."""
    return square_root(square_sum(told, "sum"), "y")


def log_sum(told: Told) -> Node:
    """The logarithm of the sum."""
    return logarithm(told.total("sum"), "y")


def log_sum_exp(told: Told) -> Node:
    """The largest is taken out of the sum of exponentials."""
    largest = extreme(told, 1, "max", say("the maximum is subtracted first, so that no exponential overflows"))
    powers = [exact_exponential(exact(value) - largest.value) for value in told.values]
    terms = told.terms(lambda node: exponential(difference(node, largest)), np.array([float(p) for p in powers]))
    return add(largest, logarithm(long_sum(terms, sum(powers, Fraction(0)), "sum", row=4)), name="y")


def extreme(told: Told, sign: int, name: str = "y", note: Sentence | None = None) -> Node:
    """The largest number for the sign 1, the smallest for -1. Raises NotFiniteError where there are none."""
    values = told.values if told.values.size else np.array([-sign * np.inf])
    value = exact(values.max() if sign > 0 else values.min())
    return Operation("maximum" if sign > 0 else "minimum", told.terms(), value, name, note)


def place(told: Told, sign: int, axis: int) -> Node:
    """Where along the axis the largest or smallest stands."""
    k = int(told.values.argmax() if sign > 0 else told.values.argmin())
    note = (
        say("the largest stands at {k} along axis {axis}, counted from 0", k=k, axis=axis)
        if sign > 0
        else say("the smallest stands at {k} along axis {axis}, counted from 0", k=k, axis=axis)
    )
    return copy(setting(k, "place", "count"), "y", note)
