"""The vocabulary in which a room tells the story of a cell: each function makes one node and works out its exact value."""

from fractions import Fraction

from convproof.core.derivation.node import ARITHMETIC, Node, Number, Operation, Source, Terms, What
from convproof.core.exact import exact
from convproof.core.sentence import Sentence
from convproof.core.shapes import Array, Cell


def number(
    array: Array, cell: Cell, name: str, what: What = "parameter", *, lead: Cell = (), index: int = 0, note: Sentence | None = None
) -> Number:
    """The number at ``cell`` of an array, with that cell as its source; ``lead`` are indices to say before the cell's own."""
    return Number(exact(array[cell]), Source(what, name, (*lead, *map(int, cell)), index), note=note)


def setting(value: float | int | Fraction, name: str, what: What = "setting") -> Number:
    """A number that is not read from an array: eps, a divisor, a count."""
    return Number(exact(value), Source(what, name))


def padding(cell: Cell, name: str = "x", index: int = 0) -> Number:
    """A zero that padding put at ``cell``, which lies outside the input."""
    return Number(Fraction(0), Source("padding", name, tuple(int(i) for i in cell), index))


def add(*parts: Node, name: str = "", note: Sentence | None = None) -> Operation:
    """parts[0] + parts[1] + ..."""
    return _operation("sum", parts, name, note)


def product(*parts: Node, name: str = "", note: Sentence | None = None) -> Operation:
    """parts[0] * parts[1] * ..."""
    return _operation("product", parts, name, note)


def difference(a: Node, b: Node, name: str = "", note: Sentence | None = None) -> Operation:
    """a - b"""
    return _operation("difference", (a, b), name, note)


def quotient(a: Node, b: Node, name: str = "", note: Sentence | None = None) -> Operation:
    """a / b"""
    return _operation("quotient", (a, b), name, note)


def square(a: Node, name: str = "", note: Sentence | None = None) -> Operation:
    """a squared"""
    return _operation("square", (a,), name, note)


def square_root(a: Node, name: str = "", note: Sentence | None = None) -> Operation:
    """The root of a, to 50 digits."""
    return _operation("root", (a,), name, note)


def exponential(a: Node, name: str = "", note: Sentence | None = None) -> Operation:
    """e to the power of a, to 50 digits."""
    return _operation("exp", (a,), name, note)


def maximum(*parts: Node, name: str = "", note: Sentence | None = None) -> Operation:
    """The largest of the parts."""
    return _operation("maximum", parts, name, note)


def copy(a: Node, name: str = "", note: Sentence | None = None) -> Operation:
    """The same number at another place."""
    return _operation("copy", (a,), name, note)


def long_sum(terms: Terms, value: Fraction, name: str = "", note: Sentence | None = None, row: int = 0) -> Operation:
    """A sum of many terms whose exact ``value`` the room worked out on whole arrays (a law holds it against the terms)."""
    return Operation("sum", terms, value, name, note, row)


def _operation(kind: str, parts: tuple[Node, ...], name: str, note: Sentence | None) -> Operation:
    return Operation(kind, parts, ARITHMETIC[kind](*(part.value for part in parts)), name, note)
