"""One cell of a convolution by hand: the products of every channel are summed, then the channels, then the bias is added."""

import numpy as np

from convproof.core.derivation import Node, Terms, long_sum, number, padding, product
from convproof.core.exact import exact_dot
from convproof.core.sentence import say
from convproof.core.shapes import Array, Cell, Float
from convproof.layers.conv.geometry import Patch, patch_values


def derive(
    cell: Cell,
    lead: Cell,
    image: Float[Array, "C *sizes"],
    weight: Float[Array, "O C_per_group *kernel"],
    bias: Float[Array, "O"] | None,
    patch: Patch,
) -> Node:
    """The tree of cell (o, *spots) of one image; ``lead`` is the batch index (n,), or () for an unbatched input."""
    o, *_ = cell
    kernel = weight.shape[2:]
    taps = int(np.prod(kernel))
    numbers, weights = patch_values(image, patch), weight[o].reshape(-1)
    inside, products = patch.inside, numbers.astype(np.float64) * weights.astype(np.float64)

    def term(k: int) -> Node:
        at = number(weight, (o, *map(int, np.unravel_index(k, weight.shape[1:]))), "weight")
        if not inside[k]:
            return product(padding((*lead, int(patch.channel[k]), *map(int, patch.coordinate[:, k])), "x"), at)
        place = (int(patch.channel[k]), *map(int, patch.place[:, k]))
        return product(_pixel(image, lead, place, patch.coordinate[:, k]), at)

    def channel(c: int) -> Node:
        span = slice(c * taps, (c + 1) * taps)
        terms = Terms(lambda k: term(c * taps + k), products[span])
        value = exact_dot(numbers[span], weights[span])
        return long_sum(terms, value, say("channel {c}", c=patch.channel[c * taps]), row=kernel[-1])

    channels = Terms(channel, products.reshape(-1, taps).sum(axis=1))
    total = exact_dot(numbers, weights)
    if bias is None:
        return long_sum(channels, total, "y")
    last = number(bias, (o,), "bias")
    parts = Terms(lambda c: last if c == len(channels) else channel(c), np.append(channels.sizes, float(last.value)))
    return long_sum(parts, total + last.value, "y")


def _pixel(image: Array, lead: Cell, place: Cell, coordinate: Array) -> Node:
    resolved = tuple(coordinate) != tuple(place[1:])
    return number(image, place, "x", "input", lead=lead, note=say("padding shows this cell") if resolved else None)
