"""How one number came to be, as a tree of exact arithmetic.

``node``    the tree: numbers with their sources, and operations on them
``build``   the vocabulary in which a room tells the story of a cell
``record``  the Derivation that a user holds
"""

from convproof.core.derivation.build import (
    absolute,
    add,
    ceiling,
    copy,
    cosine,
    difference,
    error_function,
    exponential,
    floor,
    hyperbolic_tangent,
    logarithm,
    long_sum,
    maximum,
    minimum,
    nearest,
    negative,
    number,
    padding,
    power,
    product,
    quotient,
    setting,
    sign,
    sine,
    square,
    square_root,
)
from convproof.core.derivation.node import Node, Number, Operation, Source, Terms, evaluate
from convproof.core.derivation.record import Derivation

__all__ = [
    "Derivation",
    "Node",
    "Number",
    "Operation",
    "Source",
    "Terms",
    "absolute",
    "add",
    "ceiling",
    "copy",
    "cosine",
    "difference",
    "error_function",
    "evaluate",
    "exponential",
    "floor",
    "hyperbolic_tangent",
    "logarithm",
    "long_sum",
    "maximum",
    "minimum",
    "nearest",
    "negative",
    "number",
    "padding",
    "power",
    "product",
    "quotient",
    "setting",
    "sign",
    "sine",
    "square",
    "square_root",
]
