"""Other computations of a cell: its derivation's tree, evaluated in float32 by rules that a target may follow.

Every operation is rounded to float32, sums are taken in another order, products may be fused with the addition, a quotient may be a product
with the rounded reciprocal, and a normalisation may be folded into one product and one sum. Roots and exponentials are rounded correctly.
"""

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from convproof.core.derivation import Node, Number

F = np.float32
Order = Callable[[list], list]  # terms in the order in which they are added


def as_it_stands(terms: list) -> list:
    return terms


def backwards(terms: list) -> list:
    return terms[::-1]


def smallest_first(terms: list) -> list:
    return sorted(terms, key=abs)


def largest_first(terms: list) -> list:
    return sorted(terms, key=abs, reverse=True)


def positive_first(terms: list) -> list:
    """The order in which partial sums grow largest."""
    return sorted(terms, reverse=True)


def taps_first(terms: list) -> list:
    """Every seventh term, then every seventh after the first, and so on: as if channels and taps changed places."""
    return [term for start in range(7) for term in terms[start::7]]


def in_turn(terms: Sequence) -> np.float32:
    """One term after another."""
    total = F(0)
    for term in terms:
        total = F(total + F(term))
    return total


def in_pairs(terms: Sequence) -> np.float32:
    """Neighbours are added, then neighbouring sums, and so on."""
    terms = [F(term) for term in terms] or [F(0)]
    while len(terms) > 1:
        terms = [F(a + b) for a, b in itertools.zip_longest(terms[::2], terms[1::2], fillvalue=F(0))]
    return terms[0]


def in_lanes(terms: Sequence) -> np.float32:
    """Eight running sums, as a vector holds them, added at the end."""
    return in_pairs([in_turn(terms[lane::8]) for lane in range(8)])


def in_blocks(terms: Sequence) -> np.float32:
    """Blocks of five, each summed alone."""
    return in_turn([in_turn(terms[k : k + 5]) for k in range(0, len(terms), 5)])


def in_float64(terms: Sequence) -> np.float32:
    """A wider accumulator that is rounded at the end."""
    return F(math.fsum(map(float, terms)))


@dataclass(frozen=True)
class Way:
    """One way to compute: the order of sums, how they are added, and whether products are fused and divisions replaced."""

    name: str
    order: Order = as_it_stands
    add: Callable[[Sequence], np.float32] = in_turn
    fused: bool = False
    reciprocal: bool = False
    folded: bool = False


WAYS = (
    Way("one term after another"),
    Way("backwards", backwards),
    Way("smallest first", smallest_first),
    Way("largest first", largest_first),
    Way("positive terms first", positive_first),
    Way("taps and channels exchanged", taps_first),
    Way("in pairs", add=in_pairs),
    Way("in eight lanes", add=in_lanes),
    Way("in blocks", add=in_blocks),
    Way("in float64", add=in_float64),
    Way("fused multiply-add", fused=True),
    Way("fused, backwards", backwards, fused=True),
)
RECIPROCAL = tuple(replace(way, name=f"{way.name}, reciprocals", reciprocal=True) for way in WAYS[:2])
FOLDED = tuple(replace(way, name=f"{way.name}, folded", folded=True) for way in (WAYS[0], WAYS[10]))

FUNCTIONS: dict[str, Callable] = {
    "difference": lambda a, b: F(a - b),
    "quotient": lambda a, b: F(a / b),
    "negative": lambda a: -a,
    "square": lambda a: F(a * a),
    "power": lambda a, b: F(np.float64(a) ** np.float64(b)),
    "root": lambda a: np.sqrt(a),
    "exp": lambda a: F(np.exp(np.float64(a))),
    "logarithm": lambda a: F(np.log(np.float64(a))),
    "absolute": abs,
    "maximum": lambda *parts: max(parts),
    "minimum": lambda *parts: min(parts),
    "hyperbolic tangent": lambda a: F(np.tanh(np.float64(a))),
    "error function": lambda a: F(math.erf(a)),
    "sine": lambda a: F(np.sin(np.float64(a))),
    "cosine": lambda a: F(np.cos(np.float64(a))),
    "sign": np.sign,
    "floor": np.floor,
    "ceiling": np.ceil,
    "nearest": np.rint,
    "copy": lambda a: a,
}


@dataclass(frozen=True, eq=False)
class Plain:
    """A node of a tree: an operation on parts, or a number in float32."""

    kind: str
    parts: tuple["Plain", ...] = ()
    number: np.float32 | None = None

    @property
    def leaves(self) -> int:
        """How many numbers it is computed from."""
        return sum(part.leaves for part in self.parts) if self.parts else 1


def plain(tree: Node, known: dict | None = None) -> Plain:
    """A derivation's tree, of which every node is made once; a named node that many others share stays one."""
    known = {} if known is None else known
    if isinstance(tree, Number):
        return Plain("number", (), F(float(tree.value)))
    if id(tree) not in known:
        known[id(tree)] = tree, Plain(tree.kind, tuple(plain(part, known) for part in tree.parts))
    return known[id(tree)][1]


def computed(tree: Plain, way: Way, known: dict[int, np.float32] | None = None) -> np.float32:
    """The value of a tree in float32."""
    known = {} if known is None else known
    if tree.kind == "number":
        return tree.number
    if id(tree) not in known:
        value = folded(tree, way, known) if way.folded else None
        known[id(tree)] = operated(tree, way, known) if value is None else value
    return known[id(tree)]


def operated(tree: Plain, way: Way, known: dict) -> np.float32:
    """One operation on its parts."""
    if tree.kind == "sum":
        return fused_sum(tree, way, known) if way.fused else way.add(way.order([computed(part, way, known) for part in tree.parts]))
    parts = [computed(part, way, known) for part in tree.parts]
    if tree.kind == "product":
        return math.prod(way.order(parts), start=F(1))
    if tree.kind == "quotient" and way.reciprocal and np.isfinite(F(1) / parts[1]):
        return F(parts[0] * F(F(1) / parts[1]))
    return FUNCTIONS[tree.kind](*parts)


def fused_sum(tree: Plain, way: Way, known: dict) -> np.float32:
    """A sum whose products of two are not rounded before they are added. Float64 holds them exactly."""

    def factors(part: Plain) -> tuple[np.float32, np.float32]:
        if part.kind in ("product", "square") and len(part.parts) <= 2:
            found = [computed(factor, way, known) for factor in part.parts]
            return found[0], found[-1]
        return computed(part, way, known), F(1)

    total = F(0)
    for a, b in way.order([factors(part) for part in tree.parts]):
        total = F(np.float64(a) * np.float64(b) + np.float64(total))
    return total


def folded(tree: Plain, way: Way, known: dict) -> np.float32 | None:
    """gamma * (x - mean) / root + beta as x * scale + shift, with scale = gamma / root and shift = beta - mean * scale."""
    beta, gamma, rest = F(0), F(1), tree
    if rest.kind == "sum" and len(rest.parts) == 2 and rest.parts[0].parts and rest.parts[1].kind == "number":
        rest, beta = rest.parts[0], rest.parts[1].number
    if rest.kind == "product" and len(rest.parts) == 2 and rest.parts[0].kind == "number" and rest.parts[1].parts:
        gamma, rest = rest.parts[0].number, rest.parts[1]
    if rest.kind != "quotient" or rest.parts[0].kind != "difference":
        return None
    x, mean = (computed(part, way, known) for part in rest.parts[0].parts)
    scale = F(gamma / computed(rest.parts[1], way, known))
    shift = F(beta - F(mean * scale))
    if way.fused:
        return F(np.float64(x) * np.float64(scale) + np.float64(shift))
    return F(F(x * scale) + shift)
