"""The Derivation a user holds: one cell, its exact value, the number that was computed, and the tree between them."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from convproof.core.derivation.node import Node, Operation, leaves, nodes
from convproof.core.errors import CellError, NotCoveredError
from convproof.core.exact import exact
from convproof.core.formats import FLOAT32, NumberFormat, format_of
from convproof.core.sentence import Text
from convproof.core.shapes import Cell
from convproof.core.upward import reach

if TYPE_CHECKING:
    from convproof.core.sentence import Sentence


@dataclass(frozen=True, eq=False)
class Derivation:
    """How the number in one cell came to be.

    ``tree`` leads down to weights and inputs; ``formula`` is the layer's equation; ``computed`` is the number that a run put into
    the cell (None if nothing was run); ``described`` is the layer with its settings, ``allowed`` how far
    rounding may move a correct computation (the proof line). ``origin`` remembers what ``expand`` and ``compare`` need. Rooms leave
    these four alone.
    """

    layer: str
    cell: Cell
    formula: Text
    tree: Node
    computed: Any = None
    described: Text = ""
    allowed: float | None = None
    origin: Any = field(default=None, repr=False)

    @property
    def exact(self) -> Fraction:
        """The exact value (to 50 digits where a root or an exponential enters)."""
        return self.tree.value

    @property
    def value(self) -> float:
        """The number in the cell: what was computed, else the exact value rounded to float64."""
        return float(self.exact if self.computed is None else self.computed)

    @property
    def format(self) -> NumberFormat:
        """The number format of the computed value."""
        return FLOAT32 if self.computed is None else format_of(self.computed.dtype)

    @property
    def ulps(self) -> float:
        """How many units in the last place the computed number lies away from the exact value, with its sign."""
        if self.computed is None or self.computed.dtype.kind not in "fV":
            return 0.0
        return float(self.format.ulps(exact(self.computed), self.exact))

    @property
    def terms(self) -> tuple[Node, ...]:
        """What the value is put together from: sums within sums are opened, products and single numbers are terms."""
        return tuple(_terms(self.tree))

    def nodes(self) -> Iterator[Node]:
        """All nodes of the tree, each before its parts."""
        return nodes(self.tree)

    def expand(self, term: "Node | int") -> "Derivation":
        """The derivation of the input cell that a term reads, in the layer before this one.

        ``term`` is one of ``terms``, any other node of the tree, or an index into ``terms``; its first input cell is followed.
        """
        if isinstance(term, int):
            terms = self.terms
            if not -len(terms) <= term < len(terms):
                raise CellError("{layer} has terms 0 to {last} here, got {term}", layer=self.layer, last=len(terms) - 1, term=term)
            term = terms[term]
        leaf = next((number for number in leaves(term) if number.source.what == "input"), None)
        if leaf is None:
            raise NotCoveredError("this term of {layer} reads no input cell: there is no layer before it to expand into", layer=self.layer)
        if self.origin is None:
            raise NotCoveredError("this derivation does not know what came before; get it from layer.why or trace.why")
        return self.origin.expand(leaf.source)  # type: ignore[no-any-return]

    def text(self, lang: str | None = None, full: bool = False) -> str:
        """The hand calculation. Long sums show their largest terms and fold the rest; ``full`` shows every term."""
        return reach("Derivation.text")(self, lang, full)  # type: ignore[no-any-return]

    def exercise(self, lang: str | None = None) -> str:
        """The hand calculation as an exercise sheet: the numbers that are read are given, those that are worked out are left out."""
        return reach("Derivation.exercise")(self, lang)  # type: ignore[no-any-return]

    def latex(self, full: bool = False, lang: str | None = None) -> str:
        """The hand calculation as LaTeX (an ``aligned`` block, without dollar signs)."""
        return reach("Derivation.latex")(self, full, lang)  # type: ignore[no-any-return]

    def to_dict(self, full: bool = False) -> dict[str, Any]:
        """The derivation as plain data for JSON: exact numbers as strings, always English."""
        return reach("Derivation.to_dict")(self, full)  # type: ignore[no-any-return]

    def compare(self, claimed: float | int | str) -> "Sentence":
        """What a number that somebody else found says: right, or what seems to be missing from it."""
        return reach("Derivation.compare")(self, claimed)  # type: ignore[no-any-return]

    def agrees(self, claimed: float | int | str) -> bool:
        """Whether a number that somebody else found is right, to the digits that it was written with."""
        return reach("Derivation.agrees")(self, claimed)  # type: ignore[no-any-return]

    def __str__(self) -> str:
        return self.text()

    def _repr_html_(self) -> str:
        return reach("Derivation.html")(self)  # type: ignore[no-any-return]

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {self.latex()}$"


def _terms(node: Node) -> Iterator[Node]:
    if isinstance(node, Operation) and node.kind == "sum":
        for part in node.parts:
            yield from _terms(part)
    elif isinstance(node, Operation) and node.kind in ("quotient", "copy", "maximum", "minimum"):
        if node.kind in ("maximum", "minimum"):
            yield from node.parts
        else:
            yield from _terms(node.parts[0])
    else:
        yield node
