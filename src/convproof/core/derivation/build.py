"""The vocabulary in which a room tells the story of a cell: each function makes one node and works out its exact value."""

from fractions import Fraction

from convproof.core.derivation.node import ARITHMETIC, Node, Number, Operation, Source, Terms, What
from convproof.core.exact import exact
from convproof.core.sentence import Sentence, Text
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


def add(*parts: Node, name: Text = "", note: Sentence | None = None) -> Operation:
    """parts[0] + parts[1] + ..."""
    return _operation("sum", parts, name, note)


def product(*parts: Node, name: Text = "", note: Sentence | None = None) -> Operation:
    """parts[0] * parts[1] * ..."""
    return _operation("product", parts, name, note)


def difference(a: Node, b: Node, name: Text = "", note: Sentence | None = None) -> Operation:
    """a - b"""
    return _operation("difference", (a, b), name, note)


def quotient(a: Node, b: Node, name: Text = "", note: Sentence | None = None) -> Operation:
    """a / b"""
    return _operation("quotient", (a, b), name, note)


def negative(a: Node, name: Text = "", note: Sentence | None = None) -> Operation:
    """-a"""
    return _operation("negative", (a,), name, note)


def square(a: Node, name: Text = "", note: Sentence | None = None) -> Operation:
    """a squared"""
    return _operation("square", (a,), name, note)


def square_root(a: Node, name: Text = "", note: Sentence | None = None) -> Operation:
    """The root of a, to 50 digits."""
    return _operation("root", (a,), name, note)


def power(a: Node, b: Node, name: Text = "", note: Sentence | None = None) -> Operation:
    """a to the power of b: exactly for whole numbers b of moderate size, else to 50 digits."""
    return _operation("power", (a, b), name, note)


def exponential(a: Node, name: Text = "", note: Sentence | None = None) -> Operation:
    """e to the power of a, to 50 digits."""
    return _operation("exp", (a,), name, note)


def logarithm(a: Node, name: Text = "", note: Sentence | None = None) -> Operation:
    """The natural logarithm of a, to 50 digits."""
    return _operation("logarithm", (a,), name, note)


def hyperbolic_tangent(a: Node, name: Text = "", note: Sentence | None = None) -> Operation:
    """tanh(a), to 50 digits."""
    return _operation("hyperbolic tangent", (a,), name, note)


def error_function(a: Node, name: Text = "", note: Sentence | None = None) -> Operation:
    """erf(a), to 50 digits."""
    return _operation("error function", (a,), name, note)


def sine(a: Node, name: Text = "", note: Sentence | None = None) -> Operation:
    """sin(a), a in radians, to 50 digits."""
    return _operation("sine", (a,), name, note)


def cosine(a: Node, name: Text = "", note: Sentence | None = None) -> Operation:
    """cos(a), a in radians, to 50 digits."""
    return _operation("cosine", (a,), name, note)


def absolute(a: Node, name: Text = "", note: Sentence | None = None) -> Operation:
    """The size of a, without its sign."""
    return _operation("absolute", (a,), name, note)


def sign(a: Node, name: Text = "", note: Sentence | None = None) -> Operation:
    """1, 0 or -1."""
    return _operation("sign", (a,), name, note)


def floor(a: Node, name: Text = "", note: Sentence | None = None) -> Operation:
    """The largest whole number that is not above a."""
    return _operation("floor", (a,), name, note)


def ceiling(a: Node, name: Text = "", note: Sentence | None = None) -> Operation:
    """The smallest whole number that is not below a."""
    return _operation("ceiling", (a,), name, note)


def nearest(a: Node, name: Text = "", note: Sentence | None = None) -> Operation:
    """The whole number nearest to a; the even one of two that are equally near."""
    return _operation("nearest", (a,), name, note)


def maximum(*parts: Node, name: Text = "", note: Sentence | None = None) -> Operation:
    """The largest of the parts."""
    return _operation("maximum", parts, name, note)


def minimum(*parts: Node, name: Text = "", note: Sentence | None = None) -> Operation:
    """The smallest of the parts."""
    return _operation("minimum", parts, name, note)


def copy(a: Node, name: Text = "", note: Sentence | None = None) -> Operation:
    """The same number at another place."""
    return _operation("copy", (a,), name, note)


def long_sum(terms: Terms, value: Fraction, name: Text = "", note: Sentence | None = None, row: int = 0) -> Operation:
    """A sum of many terms whose exact ``value`` the room worked out on whole arrays (a law holds it against the terms)."""
    return Operation("sum", terms, value, name, note, row)


def _operation(kind: str, parts: tuple[Node, ...], name: Text, note: Sentence | None) -> Operation:
    return Operation(kind, parts, ARITHMETIC[kind](*(part.value for part in parts)), name, note)
