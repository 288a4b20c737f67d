"""What somebody else's number for a cell says: that it is right, or what seems to have been left out of it.

Slips of the hand are tried on the tree itself, the nearest to its root first: a term left out or taken twice, a division or a root not
taken. Then come the layer's known mistakes, replayed. Nothing is said that does not reproduce the number to the digits it was given with.
"""

from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from convproof.core.derivation import Derivation, Node, Number, Operation
from convproof.core.derivation.node import ARITHMETIC, sizes_of
from convproof.core.errors import SettingError
from convproof.core.exact import exact
from convproof.core.sentence import Sentence, say

if TYPE_CHECKING:
    from convproof.core.records import Mistake

DEEPEST = 3
KINDS = {
    "sum": say("a sum"),
    "difference": say("a difference"),
    "quotient": say("a quotient"),
    "negative": say("a negative"),
    "square": say("a square"),
    "power": say("a power"),
    "root": say("a root"),
    "exp": say("an exponential"),
    "logarithm": say("a logarithm"),
    "absolute": say("an absolute value"),
    "maximum": say("a maximum"),
    "minimum": say("a minimum"),
    "hyperbolic tangent": say("a hyperbolic tangent"),
    "error function": say("an error function"),
    "sine": say("a sine"),
    "cosine": say("a cosine"),
    "sign": say("a sign"),
    "floor": say("a whole number below"),
    "ceiling": say("a whole number above"),
    "nearest": say("a nearest whole number"),
    "copy": say("a copy"),
}


def compare(derivation: Derivation, claimed: float | int | str) -> Sentence:
    """One sentence about a claimed number; it is taken to be rounded to the digits that it was written with."""
    if agrees(derivation, claimed):
        return say("{claimed} is right", claimed=claimed)
    number, half = as_written(claimed)
    right = derivation.exact
    found = _slips(derivation, number, half, 1) or _mistakes(derivation, number, half) or _slips(derivation, number, half, DEEPEST)
    if not found:
        return say(
            "{claimed} is not {right}, and no known slip gives it: the difference is {difference}",
            claimed=claimed,
            right=_decimal(right),
            difference=_decimal(number - right),
        )
    return say("{claimed} is not {right}: {what}", claimed=claimed, right=_decimal(right), what=_either(found))


def agrees(derivation: Derivation, claimed: float | int | str) -> bool:
    """Whether a number is the exact value or the computed one, rounded to the digits that it was written with."""
    number, half = as_written(claimed)
    values = [derivation.exact] + ([] if derivation.computed is None else [exact(derivation.computed)])
    return any(abs(number - value) <= half for value in values)


def as_written(claimed: float | int | str) -> tuple[Fraction, Fraction]:
    """A number and half a step of its last digit. Raises SettingError for what is no number."""
    try:
        decimal = Decimal(str(claimed))
        return Fraction(decimal), Fraction(10) ** int(decimal.as_tuple().exponent) / 2
    except (InvalidOperation, ValueError, TypeError):
        raise SettingError("{claimed!r} is not a number; give one such as 108 or 3.2402", claimed=claimed) from None


def _slips(derivation: Derivation, number: Fraction, half: Fraction, deepest: int) -> list[Sentence]:
    """What reproduces the number at the smallest depth of the tree at which anything does."""
    for depth in range(1, deepest + 1):
        found = [what for what, value in slips(derivation.tree, number, half, depth) if abs(value - number) <= half]
        if found:
            return found[:3]
    return []


def slips(node: Node, target: Fraction, half: Fraction, depth: int) -> Iterator[tuple[Sentence, Fraction]]:
    """Wrong values of a node, by one slip at ``depth`` levels below it (1: in the node's own operation)."""
    if isinstance(node, Number):
        return
    if depth == 1:
        yield from _own(node, target, half)
        return
    if len(node.parts) > 1000:
        return
    values = [part.value for part in node.parts]
    for k, part in enumerate(node.parts):
        aim = target - node.value + part.value if node.kind == "sum" else target
        for what, value in slips(part, aim, half, depth - 1):
            try:
                yield what, ARITHMETIC[node.kind](*values[:k], value, *values[k + 1 :])
            except (ZeroDivisionError, ValueError):
                continue


def _own(node: Operation, target: Fraction, half: Fraction) -> Iterator[tuple[Sentence, Fraction]]:
    parts = node.parts
    if node.kind == "sum":
        missing = float(node.value - target)
        slack = float(half) * 1.01 + 1e-9 * abs(float(node.value))
        sizes = sizes_of(parts)
        for k in np.flatnonzero(abs(sizes - missing) <= slack)[:3]:
            yield say("{part} is missing", part=named(parts[int(k)])), node.value - parts[int(k)].value
        for k in np.flatnonzero(abs(sizes + missing) <= slack)[:3]:
            yield say("{part} was added twice", part=named(parts[int(k)])), node.value + parts[int(k)].value
    elif node.kind == "product" and len(parts) == 2:
        for k, other in ((0, 1), (1, 0)):
            yield say("it was not multiplied by {part}", part=named(parts[k])), parts[other].value
    elif node.kind == "quotient":
        yield say("it was not divided by {part}", part=named(parts[1])), parts[0].value
    elif node.kind == "difference":
        yield say("{part} was not subtracted", part=named(parts[1])), parts[0].value
    elif node.kind == "root":
        yield say("the root was not taken"), parts[0].value


def named(node: Node) -> Sentence:
    """A part of a tree in a few words: its name or source, and its value."""
    if isinstance(node, Number) or node.name:
        return say("{name} = {value}", name=node.source if isinstance(node, Number) else node.name, value=_decimal(node.value))
    if node.kind != "product":
        return say("{what} of {value}", what=KINDS.get(node.kind, node.kind), value=_decimal(node.value))
    first, *others = map(named, node.parts)
    for other in others:
        first = say("{first} * {rest}", first=first, rest=other)
    return first


def _mistakes(derivation: Derivation, number: Fraction, half: Fraction) -> list[Sentence]:
    """The layer's known mistakes that give the number."""
    origin = derivation.origin
    if origin is None:
        return []
    found = []
    for mistake in origin.layer.mistakes():
        for constants in _settings(mistake):
            if mistake.step is None:
                continue
            step = mistake.step(origin.layer, *origin.inputs, training=origin.training, **constants)
            wrong = step.outputs[0][derivation.cell]
            if np.isfinite(wrong) and abs(exact(wrong) - number) <= half:
                found.append(say("{title} ({id}): {fix}", title=Sentence(mistake.title), id=mistake.id, fix=Sentence(mistake.fix)))
                break
    return found


def _settings(mistake: "Mistake") -> Iterator[dict[str, float]]:
    if not mistake.constants:
        yield {}
    for constant in mistake.constants:
        for value in constant.known:
            yield {constant.name: value}


def _either(found: list[Sentence]) -> Sentence:
    if len(found) == 1:
        return found[0]
    return say("{first}; or {rest}", first=found[0], rest=_either(found[1:]))


def _decimal(value: Fraction) -> str:
    return str(value.numerator) if value.denominator == 1 else f"{float(value):.6g}"
