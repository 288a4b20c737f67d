"""One cell of a linear layer by hand: every feature times its weight, summed, and the bias last."""

import numpy as np

from convproof.core.derivation import Node, Number, Terms, long_sum, number, product
from convproof.core.exact import exact_dot
from convproof.core.shapes import Array, Cell, Float

ROW = 6  # products in a row of text; more do not fit into 120 columns


def derive(cell: Cell, x: Float[Array, "*batch in"], weight: Float[Array, "out in"], bias: Float[Array, "out"] | None) -> Node:
    """The tree of cell (*batch, o)."""
    *lead, o = cell
    features, weights = x[tuple(lead)], weight[o]
    sizes, total = features.astype(np.float64) * weights, exact_dot(features, weights)

    def term(i: int) -> Node:
        return product(number(x, (*lead, i), "x", "input"), number(weight, (o, i), "weight"))

    if bias is None:
        return long_sum(Terms(term, sizes), total, "y", row=ROW)
    last: Number = number(bias, (o,), "bias")
    parts = Terms(lambda i: last if i == len(features) else term(i), np.append(sizes, float(last.value)))
    return long_sum(parts, total + last.value, "y", row=ROW)
