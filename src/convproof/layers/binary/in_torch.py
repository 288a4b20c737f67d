"""How PyTorch says layers of several inputs: its functions take two tensors, of which one may be a plain number."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from convproof.core.calls import Called, Calls, Input, Own
from convproof.core.operators import Result
from convproof.core.shapes import Shape
from convproof.layers.binary.base import Combination

Pair = Callable[[Any, Any], Called]


def operands(layer: Combination, shapes: Sequence[Shape]) -> tuple[list[Called], list[Any]]:
    """All operands in order, and the calls that come first: a reshape where the axes of the second one do not end with the first's."""
    found = layer.with_fixed([Input(k) for k in range(len(shapes))], Own("operand") if layer.constant is None else layer.constant)
    if layer.axis is None or len(found) < 2:
        return [], found
    return [Called("reshape", (found[1], layer.wide(shapes)[1]))], [found[0], Result(0), *found[2:]]


def from_the_left(before: Sequence[Called], parts: Sequence[Any], pair: Pair) -> Calls:
    """The first two, then their result with the next."""
    calls, total = list(before), parts[0]
    for part in parts[1:]:
        calls.append(pair(total, part))
        total = Result(len(calls) - 1)
    return Calls(*calls) if len(parts) > 1 else Calls(*calls, Called("clone", (total,)))


def is_number(part: Any) -> bool:
    """Whether an operand is a plain number."""
    return isinstance(part, int | float)


def tensors(parts: Sequence[Any]) -> list[Any]:
    """A plain number as a tensor of its own, for functions that take none."""
    return [np.asarray(part) if is_number(part) else part for part in parts]


def added(before: list[Called], parts: list[Any], alpha: Any) -> Calls:
    """a + alpha * b + c + ...; a plain number comes second, where torch takes it."""
    if len(parts) > 1 and is_number(parts[0]):
        factor = [] if alpha == 1 else [Called("mul", (parts[1], alpha))]
        before = [*before, *factor]
        parts = [Result(len(before) - 1) if factor else parts[1], parts[0], *parts[2:]]
    elif len(parts) > 1 and alpha != 1:
        before = [*before, Called("add", (parts[0], parts[1]), {"alpha": alpha})]
        parts = [Result(len(before) - 1), *parts[2:]]
        if len(parts) == 1:
            return Calls(*before)
    return from_the_left(before, parts, lambda a, b: Called("add", (a, b)))


def subtracted(before: list[Called], parts: list[Any], alpha: Any) -> Calls:
    """a - alpha * b; from a plain number by torch.rsub."""
    a, b = parts
    call = Called("rsub", (b, a), {"alpha": alpha}) if is_number(a) else Called("sub", (a, b), {"alpha": alpha})
    return Calls(*before, call)


def multiplied(before: list[Called], parts: list[Any]) -> Calls:
    """a * b"""
    return Calls(*before, Called("mul", tuple(sorted(parts, key=is_number))))


def divided(before: list[Called], parts: list[Any], rounding_mode: Any) -> Calls:
    """a / b; c / x as PyTorch has it, the reciprocal times c."""
    if is_number(parts[0]) and rounding_mode is None:
        return Calls(*before, Called("Tensor.__rtruediv__", (parts[1], parts[0])))
    arguments = tensors(parts) if is_number(parts[0]) else parts
    return Calls(*before, Called("div", tuple(arguments), {"rounding_mode": rounding_mode}))


def chosen(before: list[Called], parts: list[Any], name: str) -> Calls:
    """torch.maximum or torch.minimum"""
    return from_the_left(before, tensors(parts), lambda a, b: Called(name, (a, b)))


def averaged(before: list[Called], parts: list[Any]) -> Calls:
    """The sum divided by how many there are."""
    total = added(before, parts, 1)
    return Calls(*total.calls, Called("div", (Result(len(total.calls) - 1), len(parts))))
