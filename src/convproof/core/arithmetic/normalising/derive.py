"""One cell of a normalisation by hand, in the order of the formula: mean, variance, root, normalised value, gamma, beta."""

import numpy as np

from convproof.core.derivation import (
    Node,
    Number,
    Terms,
    add,
    difference,
    long_sum,
    number,
    product,
    quotient,
    setting,
    square,
    square_root,
)
from convproof.core.exact import exact_square_sum, exact_sum
from convproof.core.sentence import Sentence, say
from convproof.core.shapes import Array, Region


def numbers_of(x: Array, box: Region) -> Array:
    """The numbers of x in a box."""
    return x[tuple(slice(r.start, r.stop) for r in box)]


def number_in(x: Array, box: Region, k: int) -> Number:
    """Number ``k`` of a box, counted row by row."""
    places = np.unravel_index(k, tuple(map(len, box)))
    return number(x, tuple(r.start + int(place) for r, place in zip(box, places, strict=True)), "x", "input")


def row_of(box: Region) -> int:
    """How many numbers stand in one line of text."""
    return len(box[-1]) if box else 0


def mean_of(x: Array, box: Region, note: Sentence) -> Node:
    """The mean of the numbers in a box of x."""
    numbers = numbers_of(x, box)
    everything = long_sum(Terms(lambda k: number_in(x, box, k), numbers), exact_sum(numbers), row=row_of(box))
    return quotient(everything, setting(numbers.size, "n", "count"), "mean", note)


def variance_of(x: Array, box: Region, mean: Node) -> Node:
    """The mean of the squares of what lies between the numbers in a box and their mean."""
    numbers = numbers_of(x, box)
    n = numbers.size
    total = exact_sum(numbers)
    deviations = exact_square_sum(numbers) - total * total / n
    sizes = np.square(numbers.astype(np.float64) - float(mean.value))
    squares = long_sum(Terms(lambda k: square(difference(number_in(x, box, k), mean)), sizes), deviations, row=row_of(box))
    note = say("divided by n = {n}, not by n - 1 = {less}", n=n, less=n - 1)
    return quotient(squares, setting(n, "n", "count"), "var", note)


def root_of(var: Node, eps: float) -> Node:
    """sqrt(var + eps)"""
    return square_root(add(var, setting(eps, "eps")), "root")


def inverse_root_of(var: Node, eps: float) -> Node:
    """1 / sqrt(var + eps)"""
    return quotient(setting(1, "1", "count"), root_of(var, eps), "y")


def normalised(x: Number, mean: Node | None, root: Node, gamma: Number | None, beta: Number | None) -> Node:
    """gamma * (x - mean) / root + beta; without mean, gamma or beta where there is none."""
    x_hat = quotient(x if mean is None else difference(x, mean), root, "x_hat")
    if gamma is None and beta is None:
        return x_hat
    scaled = x_hat if gamma is None else product(gamma, x_hat, name="" if beta is not None else "y")
    return scaled if beta is None else add(scaled, beta, name="y")
