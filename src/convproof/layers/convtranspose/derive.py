"""One cell of a transposed convolution by hand: what lands there is summed channel by channel, then the bias is added."""

import numpy as np

from convproof.core.derivation import Node, Terms, copy, long_sum, number, product, setting
from convproof.core.exact import exact_dot
from convproof.core.sentence import say
from convproof.core.shapes import Array, Cell, Float
from convproof.layers.convtranspose.geometry import Arrivals


def derive(
    cell: Cell,
    lead: Cell,
    image: Float[Array, "C *sizes"],
    weight: Float[Array, "C O_per_group *kernel"],
    bias: Float[Array, "O"] | None,
    found: Arrivals,
) -> Node:
    """The tree of cell (o, *spots) of one image; ``lead`` is the batch index (n,), or () for an unbatched input."""
    o = cell[0]
    out = o % weight.shape[1]
    last = None if bias is None else number(bias, (o,), "bias")
    if not found.plane:
        return copy(setting(0, "nothing", "count") if last is None else last, name="y", note=say("no input cell lands here"))
    numbers, weights = image[(found.channel, *found.place)], weight[(found.channel, out, *found.tap)]
    products = numbers.astype(np.float64) * weights.astype(np.float64)

    def term(k: int) -> Node:
        channel, place, tap = int(found.channel[k]), map(int, found.place[:, k]), map(int, found.tap[:, k])
        return product(number(image, (channel, *place), "x", "input", lead=lead), number(weight, (channel, out, *tap), "weight"))

    def channel(c: int) -> Node:
        span = slice(c * found.plane, (c + 1) * found.plane)
        terms = Terms(lambda k: term(c * found.plane + k), products[span])
        value = exact_dot(numbers[span], weights[span])
        return long_sum(terms, value, say("channel {c}", c=found.channel[c * found.plane]), row=found.row)

    channels = Terms(channel, products.reshape(-1, found.plane).sum(axis=1))
    total = exact_dot(numbers, weights)
    if last is None:
        return long_sum(channels, total, "y")
    parts = Terms(lambda c: last if c == len(channels) else channel(c), np.append(channels.sizes, float(last.value)))
    return long_sum(parts, total + last.value, "y")
