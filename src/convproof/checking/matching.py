"""Whose array is this? Claimed arrays find their places in the network by name."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from convproof.checking.claims import Claim
from convproof.checking.subject import Subject
from convproof.core.errors import ShapeError, UnknownNameError
from convproof.core.resolution import Resolution
from convproof.core.sentence import listed
from convproof.core.shapes import Array
from convproof.network.graph import Place, find_name


@dataclass(frozen=True)
class Matched:
    """Claims by place, and those on parameters and statistics by their name in the state dict."""

    outputs: Mapping[Place, Callable[[], Claim]]
    state: Mapping[str, Callable[[], Claim]]


def match(subject: Subject, claimed: Mapping[str, Any], declared: Resolution | None = None, layout: str | None = None) -> Matched:  # noqa: ARG001
    """Claimed arrays by name: a name in the state dict, an array's name, a tensor's in the model's file, or a suffix that is unique.

    Raises UnknownNameError for a name that matches nothing, ShapeError for an array that does not fit.
    """
    places, state = subject.places, subject.network.state_dict()
    outputs: dict[Place, Callable[[], Claim]] = {}
    of_state: dict[str, Callable[[], Claim]] = {}
    for name, value in claimed.items():
        if name in state:
            of_state[name] = lambda name=name, value=value: claim_of(name, value, state[name].shape, subject, None, declared)  # type: ignore[misc]
            continue
        full = find_name(name, list(places), subject.network.graph.aliases)
        place = places[full]
        shape = subject.run.known[place].shape or ()
        outputs[place] = lambda name=name, value=value, shape=shape, place=place: claim_of(name, value, shape, subject, place, declared)  # type: ignore[misc]
    return Matched(outputs, of_state)


def claim_of(name: str, value: Any, expected: tuple[int, ...], subject: Subject, place: Place | None, declared: Resolution | None) -> Claim:
    """One array as a Claim. Raises ShapeError if it does not fit."""
    array: Array = np.asarray(value.detach().numpy() if hasattr(value, "detach") else value)
    own = subject.run.arithmetic(place) if place is not None else subject.run.arithmetic(Place(subject.network.graph.inputs[0]))
    if array.shape != expected:
        raise ShapeError("{name}: expected an array of shape {expected}; got {found}", name=name, expected=expected, found=array.shape)
    return Claim.of(array, own, declared)


def only_output(subject: Subject) -> str:
    """The name of a network's only output. Raises UnknownNameError if it has several."""
    names = [str(place) for place in subject.network.graph.outputs]
    if len(names) != 1:
        raise UnknownNameError("the network has the outputs {names}; give the claimed arrays by name", names=listed(names))
    return names[0]
