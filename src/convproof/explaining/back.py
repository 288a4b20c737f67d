"""Back to the pixel: the chain of derivations that a number stands on, always through its largest term."""

from collections.abc import Iterator

import numpy as np

from convproof.core.derivation import Derivation, Node
from convproof.core.derivation.node import Number, Operation, sizes_of


def back(derivation: Derivation) -> Iterator[Derivation]:
    """The derivation itself, then that of the input cell in its largest term, and so on until a number was given from outside."""
    yield derivation
    while derivation.origin is not None and (term := largest_term(derivation.tree)) is not None:
        derivation = derivation.expand(term)
        yield derivation


def largest_term(node: Node) -> Node | None:
    """The input number that weighs most: down the tree, through the largest part that reads an input."""
    if isinstance(node, Number):
        return node if node.source.what == "input" else None
    for k in _by_size(node):
        found = largest_term(node.parts[k])
        if found is not None:
            return found
    return None


def _by_size(node: Operation) -> list[int]:
    """Parts to try, the largest first; a quotient, a difference and a product are read from the left."""
    if node.kind in ("quotient", "difference", "product"):
        return list(range(len(node.parts)))
    sizes = sizes_of(node.parts)
    return [int(k) for k in np.argsort(-(sizes if node.kind == "maximum" else abs(sizes)), kind="stable")]
