"""What integer types do to exact results, as lines of a derivation: they wrap around, and cut off what follows the point."""

import numpy as np

from convproof.core.derivation import Node, absolute, difference, floor, product, setting, sign
from convproof.core.sentence import say
from convproof.core.shapes import Array


def cut_off(node: Node) -> Node:
    """The whole number that is left towards zero; a whole number as it is."""
    if node.value.denominator == 1:
        return node
    return product(sign(node), floor(absolute(node)), name="y", note=say("what follows the point is cut off"))


def wrapped(node: Node, computed: Array) -> Node:
    """The number that an integer type keeps of a result: a multiple of 2^bits is lost where it is too large. Of floats the node itself."""
    if computed.dtype.kind not in "iu":
        return node
    modulus = 1 << np.iinfo(computed.dtype).bits
    turns = (node.value - int(computed)) / modulus
    if turns == 0 or turns.denominator != 1:
        return node
    lost = product(setting(modulus, "modulus"), setting(turns, "turns", "count"))
    return difference(node, lost, "wrapped", say("{dtype} counts modulo {modulus}", dtype=computed.dtype.name, modulus=modulus))
