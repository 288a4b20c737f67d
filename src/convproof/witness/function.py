"""Any function as a witness."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from convproof.core.errors import NotCoveredError
from convproof.core.sentence import Text, say
from convproof.core.shapes import Array
from convproof.network.graph import find_name
from convproof.network.network import Network
from convproof.witness.answer import Answer, all_places, in_order, in_own_words, plain


def of_function(function: Callable[..., Any], network: Network, inputs: Sequence[Array]) -> Answer:
    """The answer of a function, which gets copies of the inputs and gives an array, a tuple (the outputs in order), or a mapping by name.

    What it raises is why everything is missing. Raises UnknownNameError for a name in a mapping that the network does not have.
    """
    name, graph = name_of(function), network.graph
    try:
        with in_own_words(say("the network"), name):
            found = function(*(np.array(x) for x in inputs))
            if not isinstance(found, Mapping):
                several = isinstance(found, tuple) or (isinstance(found, list) and len(graph.outputs) > 1)
                return Answer(name, in_order(found if several else [found], graph.outputs))
            values = {key: plain(value) for key, value in found.items()}
    except NotCoveredError as error:
        return Answer.none(name, graph.outputs, error.sentence)
    state, known = network.state_dict(), [str(place) for place in all_places(graph, inputs)]
    return Answer(name, {key if key in state else find_name(key, known, graph.aliases): array for key, array in values.items()})


def name_of(function: Any) -> Text:
    """A function's own name, unless it has none."""
    name = getattr(function, "__name__", type(function).__name__)
    return say("your function") if name == "<lambda>" else str(name)
