"""The tree of a derivation: numbers, where they were read, and what was done to them."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, overload

import numpy as np

from convproof.core import exact
from convproof.core.sentence import Sentence, Text
from convproof.core.shapes import Array, Cell

What = Literal["input", "parameter", "statistic", "setting", "count", "padding", "pixel"]


@dataclass(frozen=True)
class Source:
    """Where a number was read: an input's cell, a parameter's cell, a setting ... ``index`` numbers the inputs of the layer."""

    what: What
    name: str
    cell: Cell | None = None
    index: int = 0

    def __str__(self) -> str:
        return self.name if self.cell is None else f"{self.name}[{', '.join(map(str, self.cell))}]"


@dataclass(frozen=True, eq=False)
class Number:
    """A leaf: one number and its source."""

    value: Fraction
    source: Source
    name: Text = ""
    note: Sentence | None = None


@dataclass(frozen=True, eq=False)
class Operation:
    """One operation on other nodes, and its exact value.

    A node with a ``name`` gets a line of its own in the text. ``row`` breaks a sum after so many terms (a kernel's row).
    """

    kind: str
    parts: "Sequence[Node]"
    value: Fraction
    name: Text = ""
    note: Sentence | None = None
    row: int = 0


Node = Number | Operation

ARITHMETIC: dict[str, Callable[..., Fraction]] = {
    "sum": lambda *parts: sum(parts, Fraction(0)),
    "product": lambda *parts: math.prod(parts, start=Fraction(1)),
    "difference": lambda a, b: a - b,
    "quotient": exact.quotient,
    "negative": lambda a: -a,
    "square": lambda a: a * a,
    "power": exact.power,
    "root": exact.root,
    "exp": exact.exponential,
    "logarithm": exact.logarithm,
    "absolute": lambda a: abs(a),
    "maximum": lambda *parts: max(parts),
    "minimum": lambda *parts: min(parts),
    "hyperbolic tangent": exact.hyperbolic_tangent,
    "error function": exact.error_function,
    "sine": exact.sine,
    "cosine": exact.cosine,
    "sign": exact.sign,
    "floor": lambda a: Fraction(math.floor(a)),
    "ceiling": lambda a: Fraction(math.ceil(a)),
    "nearest": lambda a: Fraction(round(a)),
    "copy": lambda a: a,
}


def evaluate(node: Node, known: "dict[int, tuple[Node, Fraction]] | None" = None) -> Fraction:
    """The value of a tree, worked out again from its leaves alone; a named node that many others share is worked out once."""
    known = {} if known is None else known
    if isinstance(node, Number):
        return node.value
    if id(node) in known:
        return known[id(node)][1]
    value = ARITHMETIC[node.kind](*(evaluate(part, known) for part in node.parts))
    if node.name:
        known[id(node)] = (node, value)  # the node is kept, so that its id is not given to another
    return value


class Terms(Sequence[Node]):
    """Many similar parts of one operation, each made only when somebody looks at it.

    ``sizes`` are the parts' values as float64, by which the largest are found.
    """

    def __init__(self, make: Callable[[int], Node], sizes: Array) -> None:
        self._make = make
        self.sizes = np.asarray(sizes, dtype=np.float64).reshape(-1)

    def __len__(self) -> int:
        return int(self.sizes.size)

    @overload
    def __getitem__(self, index: int) -> Node: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Node]: ...
    def __getitem__(self, index: int | slice) -> Node | Sequence[Node]:
        if isinstance(index, slice):
            return tuple(self._make(k) for k in range(*index.indices(len(self))))
        return self._make(range(len(self))[index])

    def __iter__(self) -> Iterator[Node]:
        return map(self._make, range(len(self)))


def sizes_of(parts: Sequence[Node]) -> Array:
    """The values of some parts as float64, without making parts that nobody looked at."""
    return parts.sizes if isinstance(parts, Terms) else np.array([float(part.value) for part in parts])


def nodes(node: Node) -> Iterator[Node]:
    """All nodes of a tree, each before its parts, in reading order."""
    yield node
    if isinstance(node, Operation):
        for part in node.parts:
            yield from nodes(part)


def leaves(node: Node) -> Iterator[Number]:
    """All numbers of a tree, in reading order."""
    return (n for n in nodes(node) if isinstance(n, Number))
