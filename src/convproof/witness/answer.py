"""What a witness answers."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from convproof.core.errors import NotCoveredError, SettingError
from convproof.core.evaluation import Known
from convproof.core.sentence import Sentence, Text, plural, say
from convproof.core.shapes import Array
from convproof.network.graph import Graph, Place
from convproof.network.summary import infer_shapes


@dataclass(frozen=True)
class Answer:
    """One witness's numbers.

    ``arrays`` by the name of the array in our network ("bn1", "split.1"); of a step in training also the statistics that it leaves behind,
    by their names in the state dict ("bn1.running_mean"). ``missing``: for each array that it was asked for and did not give, why.
    """

    name: Text
    arrays: Mapping[str, Array] = field(default_factory=dict)
    missing: Mapping[str, Sentence] = field(default_factory=dict)

    @classmethod
    def none(cls, name: Text, places: Iterable[Place], reason: Sentence) -> "Answer":
        """Nothing, for one reason."""
        return cls(name, {}, {str(place): reason for place in places})


@contextmanager
def needing(package: str) -> Iterator[None]:
    """Turn a missing package into a SettingError with the line that installs it."""
    try:
        yield
    except ImportError:
        raise SettingError(
            "the witness {package} is not installed; install it with: pip install 'convproof[{package}]'", package=package
        ) from None


@contextmanager
def in_own_words(what: Text, whose: Text) -> Iterator[None]:
    """Turn whatever somebody else's code raises into a NotCoveredError with its words in a sentence."""
    try:
        yield
    except NotCoveredError:
        raise
    except Exception as error:
        text = " ".join(str(error).split())[:600]
        raise NotCoveredError(
            "{whose} cannot compute {what}: {problem}",
            whose=whose,
            what=what,
            problem=say("{kind}: {text}", kind=type(error).__name__, text=text),
        ) from error


def all_places(graph: Graph, inputs: Sequence[Array]) -> tuple[Place, ...]:
    """Every array that a node makes, as far as that is known before a run."""
    known = infer_shapes(graph, [x.shape for x in inputs])
    places = [*known, *(source for node in graph for source in node.sources), *graph.outputs]
    return tuple(dict.fromkeys(place for place in places if place.name not in graph.inputs))


def float_type(arrays: Iterable[Array]) -> np.dtype | None:
    """The type in which floats of these types are computed with together; None if there are none."""
    found = {array.dtype for array in arrays if Known.of(array).dtype.kind in "fV"}
    return np.result_type(*found) if found else None


def in_order(values: Sequence[Any], places: Sequence[Place]) -> dict[str, Array]:
    """Arrays for the outputs, in their order. Raises NotCoveredError for another number of them."""
    if len(values) != len(places):
        raise NotCoveredError(
            "it gave {given}; expected {expected}, the outputs of the network in order",
            given=plural("{n} array", "{n} arrays", n=len(values)),
            expected=plural("{n} array", "{n} arrays", n=len(places)),
        )
    return {str(place): plain(value) for place, value in zip(places, values, strict=True)}


def plain(value: Any) -> Array:
    """An array of one's own, from an array, a tensor or a list."""
    if hasattr(value, "detach"):
        from convproof.formats.torch.modules import array_of

        return array_of(value)
    return np.array(value)
