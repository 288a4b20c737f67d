"""Nodes of a derivation written as expressions: in names or in numbers, as text or as LaTeX.

A node with a name is written as that name (or its value) and gets a line of its own; what has no name is written out in place. A sum
of more than ``FOLD`` terms shows its largest ones and says what the rest amounts to.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from convproof.core.derivation.node import Node, Number, Operation, sizes_of
from convproof.core.sentence import Text, plural, say, spoken
from convproof.show.numbers import short
from convproof.show.width import rjust, width

FOLD = 32
BLANK = "____"
LARGEST = 8


@dataclass(frozen=True)
class Style:
    """How operations look. Each format has one {} for every operand, in order."""

    times: str
    quotient: str
    square: str
    power: str
    functions: Mapping[str, str]  # by kind; these enclose their operands
    padding: str
    folded: str
    encloses: bool  # whether quotient and power enclose their operands, so that these need no brackets


_NAMES = {
    "exp": "exp",
    "logarithm": "log",
    "maximum": "max",
    "minimum": "min",
    "hyperbolic tangent": "tanh",
    "error function": "erf",
    "sine": "sin",
    "cosine": "cos",
    "sign": "sign",
    "nearest": "round",
}

TEXT = Style(
    "*",
    "{} / {}",
    "{}²",
    "{}^{}",
    {kind: name + "({})" for kind, name in _NAMES.items()}
    | {"root": "sqrt({})", "absolute": "abs({})", "floor": "floor({})", "ceiling": "ceil({})"},
    "(0)",
    "... ({})",
    False,
)
LATEX = Style(
    r" \cdot ",
    r"\frac{{{}}}{{{}}}",
    "{}^2",
    "{}^{{{}}}",
    {kind: rf"\operatorname{{{{{name}}}}}\left({{}}\right)" for kind, name in _NAMES.items()}
    | {kind: rf"\{_NAMES[kind]}\left({{}}\right)" for kind in ("exp", "maximum", "minimum", "hyperbolic tangent", "sine", "cosine")}
    | {"logarithm": r"\ln\left({}\right)", "root": r"\sqrt{{{}}}", "absolute": r"\left|{}\right|"}
    | {"floor": r"\left\lfloor {}\right\rfloor", "ceiling": r"\left\lceil {}\right\rceil"},
    r"\underline{0}",
    r"\ldots\;(\text{{{}}})",
    True,
)

_BINDING = {"sum": 1, "difference": 1, "negative": 1, "product": 2, "quotient": 2, "square": 3, "power": 3}  # all others enclose: 4


@dataclass(frozen=True)
class Writer:
    """Writes nodes in one style; ``symbols`` writes names instead of numbers, ``full`` folds nothing; words are in ``lang``.

    ``blank`` leaves out every number that was worked out, for a reader to fill in; numbers that are given stay.
    """

    style: Style = TEXT
    symbols: bool = False
    full: bool = False
    lang: str | None = None
    blank: bool = False

    def write(self, node: Node, top: bool = False) -> str:
        """A node: written out at the ``top`` and where it has no name, else as its name or value."""
        if isinstance(node, Number):
            return self._number(node)
        if node.name and not top:
            return self.name(node.name) if self.symbols else BLANK if self.blank else short(node.value)
        return self._operation(node)

    def name(self, name: Text) -> str:
        """A name as an operand."""
        text = spoken(name, self.lang)
        return r"\text{" + text.replace("_", r"\_") + "}" if self.style is LATEX else text

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
        if node.kind in ("maximum", "minimum"):
            return style.functions[node.kind].format(", ".join(self.write(p) for p in shown(node, self.full)) + self._folded(node, ", "))
        if node.kind == "product":
            return style.times.join(self._bracketed(p, 2) for p in parts)
        if node.kind == "difference":
            return f"{self._bracketed(parts[0], 1)} - {self._bracketed(parts[1], 2)}"
        if node.kind == "quotient":
            if style.encloses:
                return style.quotient.format(*(self.write(p) for p in parts))
            return style.quotient.format(self._bracketed(parts[0], 2), self._bracketed(parts[1], 3))
        if node.kind == "negative":
            return f"-{self._bracketed(parts[0], 2)}"
        if node.kind == "square":
            return style.square.format(self._bracketed(parts[0], 4))
        if node.kind == "power":
            return style.power.format(
                self._bracketed(parts[0], 4), self.write(parts[1]) if style.encloses else self._bracketed(parts[1], 4)
            )
        if node.kind == "copy":
            return self.write(parts[0])
        return style.functions[node.kind].format(self.write(parts[0]))

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
        columns = max(map(width, parts)) if self.style is TEXT else 0
        padded = [rjust(p, columns) for p in parts]
        return [" + ".join(padded[k : k + node.row]) for k in range(0, len(parts), node.row)]

    def _folded(self, node: Operation, joint: str) -> str:
        if not folds(node.parts, self.full):
            return ""
        kept = list(shown(node, self.full))
        count = len(node.parts) - len(kept)
        if node.kind in ("maximum", "minimum"):
            told = say("{n} more, none larger", n=count) if node.kind == "maximum" else say("{n} more, none smaller", n=count)
        else:
            rest = short(node.value - sum((p.value for p in kept), Fraction(0)))
            told = plural("{n} more term, together {rest}", "{n} more terms, together {rest}", n=count, rest=rest)
        return joint + self.style.folded.format(told.text(self.lang))

    def _bracketed(self, node: Node, binding: int, leads: bool = False) -> str:
        text = self.write(node)
        inline = isinstance(node, Operation) and not node.name
        loose = inline and _binding(node) < binding
        negative = not inline and not leads and text.startswith("-") and not self.symbols
        if loose and self.style is LATEX:
            return rf"\left({text}\right)"
        return f"({text})" if loose or negative else text


def _binding(node: Node) -> int:
    """How tightly an operation holds its operands together; "copy" as what it copies."""
    if isinstance(node, Number):
        return 4
    if node.kind == "copy" and not node.name:
        return _binding(node.parts[0])
    return _BINDING.get(node.kind, 4)


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
    order = {"maximum": -sizes, "minimum": sizes}.get(node.kind, -abs(sizes))
    largest = set(np.argsort(order, kind="stable")[:LARGEST].tolist())
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
