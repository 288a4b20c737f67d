"""Nodes of a derivation written as expressions: in names or in numbers, as text or as LaTeX.

A node with a name is written as that name (or its value) and gets a line of its own; what has no name is written out in place. A sum
of more than ``FOLD`` terms shows its largest ones and says what the rest amounts to.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from convproof.core.derivation.node import Node, Number, Operation, sizes_of
from convproof.show.numbers import short

FOLD = 32
LARGEST = 8


@dataclass(frozen=True)
class Style:
    """How operations look. Each format has one {} for every operand, in order."""

    times: str
    quotient: str
    square: str
    root: str
    exp: str
    maximum: str
    padding: str
    more: str
    smaller: str
    encloses: bool  # whether quotient and root enclose their operands, so that these need no brackets


TEXT = Style(
    "*",
    "{} / {}",
    "{}²",
    "sqrt({})",
    "exp({})",
    "max({})",
    "(0)",
    "... ({n} more terms, together {rest})",
    "... ({n} more, none larger)",
    False,
)
LATEX = Style(
    r" \cdot ",
    r"\frac{{{}}}{{{}}}",
    "{}^2",
    r"\sqrt{{{}}}",
    r"\exp\left({}\right)",
    r"\max\left({}\right)",
    r"\underline{0}",
    r"\ldots\;({n}\text{{ more terms, together }}{rest})",
    r"\ldots\;({n}\text{{ more, none larger}})",
    True,
)

_BINDING = {"sum": 1, "difference": 1, "product": 2, "quotient": 2, "square": 3, "root": 4, "exp": 4, "maximum": 4, "copy": 4}


@dataclass(frozen=True)
class Writer:
    """Writes nodes in one style; ``symbols`` writes names instead of numbers, ``full`` folds nothing."""

    style: Style = TEXT
    symbols: bool = False
    full: bool = False

    def write(self, node: Node, top: bool = False) -> str:
        """A node: written out at the ``top`` and where it has no name, else as its name or value."""
        if isinstance(node, Number):
            return self._number(node)
        if node.name and not top:
            return self.name(node.name) if self.symbols else short(node.value)
        return self._operation(node)

    def name(self, name: str) -> str:
        """A name as an operand."""
        return r"\text{" + name.replace("_", r"\_") + "}" if self.style is LATEX else name

    def _number(self, node: Number) -> str:
        if node.source.what == "padding":
            return self.style.padding
        if not self.symbols:
            return short(node.value)
        if node.source.what == "count":
            return self.name(node.source.name)
        return self.name(str(node.source))

    def _operation(self, node: Operation) -> str:
        style, parts = self.style, node.parts
        if node.kind == "sum":
            return self.total(node)
        if node.kind == "maximum":
            return style.maximum.format(", ".join(self.write(p) for p in shown(node, self.full)) + self._folded(node, ", "))
        if node.kind == "product":
            return style.times.join(self._bracketed(p, 2) for p in parts)
        if node.kind == "difference":
            return f"{self._bracketed(parts[0], 1)} - {self._bracketed(parts[1], 2)}"
        if node.kind == "quotient":
            if style.encloses:
                return style.quotient.format(*(self.write(p) for p in parts))
            return style.quotient.format(self._bracketed(parts[0], 2), self._bracketed(parts[1], 3))
        if node.kind == "square":
            return style.square.format(self._bracketed(parts[0], 4))
        if node.kind == "copy":
            return self.write(parts[0])
        return getattr(style, node.kind).format(self.write(parts[0]))  # type: ignore[no-any-return]

    def total(self, node: Operation) -> str:
        """A sum on one line."""
        first, *others = shown(node, self.full)
        terms = [self._bracketed(first, 2, leads=True), *(self._bracketed(p, 2) for p in others)]
        return " + ".join(terms) + self._folded(node, " + ")

    def total_rows(self, node: Operation) -> list[str]:
        """A sum in rows as wide as the node asks for (a kernel's rows); folded sums stay on one line."""
        if not node.row or len(node.parts) <= node.row or folds(node.parts, self.full):
            return [self.total(node)]
        parts = [self._bracketed(p, 2) for p in node.parts]
        width = max(map(len, parts)) if self.style is TEXT else 0
        padded = [p.rjust(width) for p in parts]
        return [" + ".join(padded[k : k + node.row]) for k in range(0, len(parts), node.row)]

    def _folded(self, node: Operation, joint: str) -> str:
        if not folds(node.parts, self.full):
            return ""
        kept = list(shown(node, self.full))
        count = len(node.parts) - len(kept)
        if node.kind == "maximum":
            return joint + self.style.smaller.format(n=count)
        return joint + self.style.more.format(n=count, rest=short(node.value - sum((p.value for p in kept), Fraction(0))))

    def _bracketed(self, node: Node, binding: int, leads: bool = False) -> str:
        text = self.write(node)
        inline = isinstance(node, Operation) and not node.name
        loose = inline and _BINDING[node.kind] < binding  # type: ignore[union-attr]
        negative = not inline and not leads and text.startswith("-") and not self.symbols
        if loose and self.style is LATEX:
            return rf"\left({text}\right)"
        return f"({text})" if loose or negative else text


def folds(parts: Sequence[Node], full: bool) -> bool:
    """Whether some of the parts are left out."""
    return not full and len(parts) > FOLD


def shown(node: Operation, full: bool) -> Iterator[Node]:
    """The parts that are written: all, or the largest in their order; a single number that ends a sum of sums (the bias) is kept."""
    parts = node.parts
    if not folds(parts, full):
        yield from parts
        return
    sizes = sizes_of(parts)
    largest = set(np.argsort(-sizes if node.kind == "maximum" else -abs(sizes), kind="stable")[:LARGEST].tolist())
    last = len(parts) - 1
    if isinstance(parts[last], Number) and isinstance(parts[0], Operation):
        largest.add(last)
    for k in sorted(largest):
        yield parts[k]


def named_lines(node: Node, full: bool) -> list[Operation]:
    """The nodes that get a line, each after those that it needs; the root last, whether it has a name or not."""
    found: dict[int, Operation] = {}

    def visit(n: Node, root: bool) -> None:
        if isinstance(n, Number) or id(n) in found:
            return
        for part in n.parts[:1] if _alike(n) else shown(n, full):
            visit(part, False)
        if n.name or root:
            found[id(n)] = n

    visit(node, True)
    return list(found.values())


def _alike(node: Operation) -> bool:
    """A sum whose terms have no lines of their own (pixels, products): the first tells which named nodes all of them share."""
    return (
        node.kind == "sum" and len(node.parts) > 1 and not any(isinstance(p, Operation) and p.name for p in (node.parts[0], node.parts[-1]))
    )
