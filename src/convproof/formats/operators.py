"""Finds the room that knows an operator, and lets it read a call."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from inspect import Parameter, Signature
from typing import Any

from convproof.core.errors import GraphError
from convproof.core.initialise import left_at_zero
from convproof.core.layer import Layer
from convproof.core.operators import Call, Framework, Operator, Read
from convproof.core.sentence import listed
from convproof.layers.catalogue import LAYERS


@cache
def operators(framework: Framework) -> dict[str, Operator]:
    """Every operator of a framework that some layer may be read from, by name."""
    found: dict[str, Operator] = {}
    for operator in (operator for layer in LAYERS.values() for operator in layer.operators() if operator.framework == framework):
        found |= {name: _beside(operator, found.get(name, operator)) for name in operator.names}
    return found


def _beside(operator: Operator, other: Operator) -> Operator:
    """An operator that asks another room's of the same name about the calls that are not its own."""
    return operator if operator is other else replace(operator, read=lambda call: operator.read(call) or other.read(call))


def taken(operator: Operator, call: Call) -> Read | None:
    """The layer that a call is, with the parameters set that are known, in eval mode; None if no room takes it. Raises NotKnownYet."""
    with left_at_zero():
        found = operator.read(call)
    if found is None:
        return None
    if isinstance(found, Layer):
        found = Read(found)
    for name, k in found.parameters.items():
        if call.known(k):
            setattr(found.layer, name, call.array(k))
    found.layer.eval()
    return found


def read(operator: Operator, call: Call) -> Read:
    """The same. Raises GraphError if no room takes the call."""
    found = taken(operator, call)
    if found is None:
        raise GraphError(
            "{name}: no layer takes the arguments {arguments}; write it in the model by operators that docs/support.md lists",
            name=call.name,
            arguments=listed(map(_shown, call.arguments)),
        )
    return found


def _shown(argument: Any) -> str:
    """An argument in a message: an array by its shape."""
    shape = getattr(argument, "shape", None)
    return repr(argument) if shape is None else f"{getattr(argument, 'dtype', None)}{list(shape)}"


def bound(operator: Operator, arguments: Sequence[Any], named: Mapping[str, Any]) -> tuple[Any, ...]:
    """Arguments given by position and by name, in the order of the operator's signature; None for those left out.

    Raises GraphError for arguments that the signature does not have.
    """
    kinds = {True: Parameter.VAR_POSITIONAL, False: Parameter.POSITIONAL_OR_KEYWORD}
    plain = [Parameter(name, kinds[False], default=None) for name in operator.signature if not name.startswith("*")]
    rest = [Parameter(name[1:], kinds[True]) for name in operator.signature if name.startswith("*")]
    try:
        found = Signature([*plain, *rest]).bind(*arguments, **named)
    except TypeError as error:
        raise GraphError(
            "{name}: {problem}; its arguments here are {known}", name=operator.names[0], problem=str(error), known=operator.signature
        ) from None
    found.apply_defaults()
    return tuple(found.arguments.values())
