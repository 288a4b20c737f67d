"""One cell of a batch normalisation by hand, in the order of the formula: mean, variance, root, normalised value, gamma, beta."""

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
from convproof.core.sentence import say
from convproof.core.shapes import Array, Cell, Float


def from_batch(cell: Cell, x: Float[Array, "N C *sizes"]) -> tuple[Node, Node]:
    """Mean and variance of the cell's channel over the whole batch."""
    channel = x[:, cell[1]]
    n = channel.size
    count = setting(n, "n", "count")

    def pixel(k: int) -> Number:
        batch, *spot = np.unravel_index(k, channel.shape)
        return number(x, (int(batch), cell[1], *map(int, spot)), "x", "input")

    total = exact_sum(channel)
    everything = long_sum(Terms(pixel, channel), total, row=channel.shape[-1])
    mean = quotient(everything, count, "mean", say("over N, H and W of channel {c}: n = {n}", c=cell[1], n=n))

    deviations = exact_square_sum(channel) - total * total / n
    sizes = np.square(channel.astype(np.float64) - float(mean.value))
    squares = long_sum(Terms(lambda k: square(difference(pixel(k), mean)), sizes), deviations, row=channel.shape[-1])
    return mean, quotient(squares, count, "var", say("divided by n = {n}, not by n - 1 = {less}", n=n, less=n - 1))


def from_running(cell: Cell, mean: Float[Array, "C"], var: Float[Array, "C"]) -> tuple[Node, Node]:
    """The running statistics of the cell's channel."""
    return number(mean, (cell[1],), "running_mean", "statistic"), number(var, (cell[1],), "running_var", "statistic")


def derive(
    cell: Cell,
    x: Float[Array, "N C *sizes"],
    mean: Node,
    var: Node,
    eps: float,
    gamma: Float[Array, "C"] | None,
    beta: Float[Array, "C"] | None,
) -> Node:
    """gamma * (x - mean) / sqrt(var + eps) + beta"""
    std = square_root(add(var, setting(eps, "eps")), "root")
    x_hat = quotient(difference(number(x, cell, "x", "input"), mean), std, "x_hat")
    if gamma is None:
        return x_hat
    scaled = product(number(gamma, (cell[1],), "gamma"), x_hat, name="" if beta is not None else "y")
    return scaled if beta is None else add(scaled, number(beta, (cell[1],), "beta"), name="y")
