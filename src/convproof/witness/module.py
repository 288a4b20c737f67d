"""A torch.nn.Module as a witness: what its submodules give, seen through forward hooks, and what it gives itself.

The module runs in its own mode, on a copy of itself, so that its statistics stay as they are.
"""

import copy
from collections.abc import Mapping, Sequence
from typing import Any

from convproof.core.errors import NotCoveredError
from convproof.core.sentence import Sentence, say
from convproof.core.shapes import Array
from convproof.formats.torch.modules import array_of
from convproof.network.graph import Graph, Place
from convproof.network.network import Network
from convproof.witness.answer import Answer, all_places, in_order, in_own_words
from convproof.witness.torch_layers import quiet


def of_module(module: Any, network: Network, inputs: Sequence[Array]) -> Answer:
    """The answer of a module: arrays of the submodules that have the names of our layers, and of the outputs."""
    name, graph = type(module).__name__, network.graph
    seen: dict[str, Array] = {}
    try:
        with quiet() as torch, in_own_words(say("the network"), name):
            own = copy.deepcopy(module)
            watch(own, graph, seen)
            found = own(*(torch.tensor(x) if x.dtype.name != "bfloat16" else torch.tensor(x.astype("float32")).bfloat16() for x in inputs))
            outputs = by_name(found, network, inputs) or in_order(flat(found), graph.outputs)
    except NotCoveredError as error:
        return Answer(name, seen, missing(network, inputs, seen, error.sentence))
    arrays = seen | outputs
    return Answer(name, arrays, missing(network, inputs, arrays, say("the module has no submodule of this name")))


def by_name(found: Any, network: Network, inputs: Sequence[Array]) -> dict[str, Array]:
    """What a mapping gives under names of our arrays; nothing for a module that gives no such mapping."""
    if not isinstance(found, Mapping):
        return {}
    known = {str(place) for place in all_places(network.graph, inputs)}
    return {name: array_of(value) for name, value in found.items() if name in known and hasattr(value, "detach")}


def watch(module: Any, graph: Graph, seen: dict[str, Array]) -> None:
    """Keep copies of what submodules give, under the names that a network read from the module has: relu, then relu@2."""
    wanted, calls = {node.name for node in graph}, dict[str, int]()

    def hook(path: str) -> Any:
        def keep(_module: Any, _inputs: Any, outputs: Any) -> None:
            calls[path] = calls.get(path, 0) + 1
            name = path if calls[path] == 1 else f"{path}@{calls[path]}"
            if name in wanted:
                seen.update({str(Place(name, k)): array_of(y) for k, y in enumerate(flat(outputs))})

        return keep

    for path, part in module.named_modules():
        if path:
            part.register_forward_hook(hook(path))


def flat(value: Any) -> list[Any]:
    """All tensors of tuples, lists and mappings, in order."""
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list | tuple):
        return [tensor for part in value for tensor in flat(part)]
    return [value] if hasattr(value, "detach") else []


def missing(network: Network, inputs: Sequence[Array], given: Mapping[str, Array], reason: Sentence) -> dict[str, Sentence]:
    """Why arrays of our layers are not there."""
    return {str(place): reason for place in all_places(network.graph, inputs) if str(place) not in given}
