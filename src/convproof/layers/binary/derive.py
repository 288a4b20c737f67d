"""One cell by hand."""

from collections.abc import Sequence

from convproof.core.arithmetic.integers import cut_off
from convproof.core.derivation import Node, add, floor, product, quotient, setting
from convproof.layers.binary.formula import Rounding


def scaled(factor: float | int, node: Node) -> Node:
    """factor * b; b itself for the factor 1."""
    return node if factor == 1 else product(setting(factor, "alpha"), node)


def mean(nodes: Sequence[Node]) -> Node:
    """The sum divided by how many there are."""
    return quotient(add(*nodes), setting(len(nodes), "k", "count"), "y")


def divided(nodes: Sequence[Node], rounding: Rounding) -> Node:
    """a / b, and how it becomes a whole number."""
    a, b = nodes
    plain = quotient(a, b, "y" if rounding is None else "quotient")
    if rounding is None:
        return plain
    return floor(plain, "y") if rounding == "floor" else cut_off(plain)
