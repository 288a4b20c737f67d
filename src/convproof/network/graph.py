"""The graph: which layer reads which arrays. It holds names and layers and no numbers of its own."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, TypeVar

from convproof.core.errors import GraphError, ShapeError, UnknownNameError
from convproof.core.layer import Layer
from convproof.core.sentence import Text, did_you_mean, listed, plural, say
from convproof.core.shapes import Shape

Found = TypeVar("Found")

OUTPUT = say("the network's output")


@dataclass(frozen=True)
class Place:
    """One array of a network: output number ``output`` of a node, or an input of the network."""

    name: str
    output: int = 0

    def __str__(self) -> str:
        return self.name if self.output == 0 else f"{self.name}.{self.output}"


@dataclass(frozen=True)
class Node:
    """A layer under its name, and the arrays that it reads."""

    name: str
    layer: Layer
    sources: tuple[Place, ...]


@dataclass(frozen=True)
class Declared:
    """What a file says of an input: its dtype, and each size as a number, as a name ("batch"), or None; all None if it says nothing."""

    dtype: Any
    sizes: tuple[int | str | None, ...] | None = None

    @property
    def whole(self) -> Shape | None:
        """The shape, where every size is a number."""
        sizes = self.sizes or ()
        numbers = tuple(size for size in sizes if isinstance(size, int))
        return numbers if self.sizes is not None and len(numbers) == len(sizes) else None


@dataclass(frozen=True)
class Graph:
    """Nodes in an order in which they can run, the names of the inputs, and the arrays that are the outputs.

    ``aliases`` are other names of arrays: those of the tensors in the file that a network was read from.
    """

    nodes: tuple[Node, ...]
    inputs: tuple[str, ...]
    outputs: tuple[Place, ...]
    aliases: Mapping[str, str] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Node]:
        return iter(self.nodes)

    def node(self, name: str) -> Node:
        """The node of a name. Raises UnknownNameError with near misses."""
        found = [node for node in self.nodes if node.name == name]
        return found[0] if found else self.nodes[self._position(name)]

    def _position(self, name: str) -> int:
        names = [node.name for node in self.nodes]
        return names.index(find_name(name, names, self.aliases))

    def last_readers(self) -> dict[Place, str]:
        """For each array, the last node that reads it."""
        return {source: node.name for node in self.nodes for source in node.sources}

    def layers(self) -> dict[str, Layer]:
        """Every layer once, under the first name it has."""
        found: dict[int, tuple[str, Layer]] = {}
        for node in self.nodes:
            found.setdefault(id(node.layer), (node.name, node.layer))
        return dict(found.values())


def chosen(found: Mapping[Place, Found], wanted: Sequence[Place], reader: Text) -> list[Found]:
    """What is known of the ``wanted`` arrays. Raises GraphError for an output that a layer does not have."""
    for place in wanted:
        if place not in found:
            count = sum(other.name == place.name for other in found)
            raise GraphError(
                "{reader} reads output {output} of {name}, which has {outputs}, counted from 0",
                reader=reader,
                output=place.output,
                name=place.name,
                outputs=plural("{n} output", "{n} outputs", n=count),
            )
    return [found[place] for place in wanted]


@contextmanager
def naming(node: Node) -> Iterator[None]:
    """Let a ShapeError from inside say which node of the network it is about, and a lack of memory too."""
    try:
        yield
    except MemoryError as error:
        raise ShapeError(
            "{node}: there is not enough memory for {layer}; give it a smaller input or batch", node=node.name, layer=node.layer.describe()
        ) from error
    except ShapeError as error:
        raise ShapeError("{node}: {problem}", node=node.name, problem=error.sentence) from error


def free_name(wanted: str, used: Collection[str], mark: str) -> str:
    """A name that is not ``used`` yet: relu, then relu@2 with the mark "@"."""
    name, k = wanted, 1
    while name in used:
        k += 1
        name = f"{wanted}{mark}{k}"
    return name


def find_name(name: str, names: Sequence[str], aliases: Mapping[str, str] = MappingProxyType({})) -> str:
    """A name as given, or what it is an alias of, or as the only suffix that it matches. Raises UnknownNameError with near misses."""
    import difflib

    if name in names:
        return name
    if aliases.get(name) in names:
        return aliases[name]
    ends = [known for known in names if known.endswith("." + name)]
    if len(ends) == 1:
        return ends[0]
    if ends:
        raise UnknownNameError("{name!r} matches several layers: {found}; write the name in full", name=name, found=listed(ends))
    near = difflib.get_close_matches(name, names, 3, 0.5)
    raise UnknownNameError(
        "no layer is called {name!r}; {hint}",
        name=name,
        hint=did_you_mean(near) if near else say("there are {names}", names=listed(names, most=12)),
    )


def wire(
    description: Mapping[str, Any], inputs: Sequence[str], outputs: Sequence[Any] | None, aliases: Mapping[str, str] | None = None
) -> Graph:
    """The graph of ``{name: (layer, *sources)}``. Raises GraphError for unknown sources, doubled names and circles."""
    inputs, outputs = [inputs] if isinstance(inputs, str) else inputs, [outputs] if isinstance(outputs, str) else outputs
    if len(set(inputs)) != len(inputs):
        raise GraphError("the inputs of the network are {names}: every one needs a name of its own", names=listed(inputs))
    for name in inputs:
        if name in description:
            raise GraphError("{name!r} is an input of the network and a layer too; give the layer another name", name=name)
    raw = {name: _entry(name, entry) for name, entry in description.items()}
    if not raw:
        raise GraphError("a network needs at least one layer")
    nodes = _ordered(raw, inputs)
    last = outputs if outputs is not None else [list(raw)[-1]]
    return Graph(nodes, tuple(inputs), tuple(_place(o, raw, inputs, OUTPUT) for o in last), aliases or {})


def _entry(name: str, entry: Any) -> tuple[Layer, tuple[Any, ...]]:
    layer, *sources = entry if isinstance(entry, tuple) else (entry,)
    if not isinstance(layer, Layer):
        raise GraphError("{name!r}: expected (layer, *sources), a layer first; got {found}", name=name, found=type(layer).__name__)
    if not sources and layer.input_names:
        raise GraphError("{name!r} names no source: write (layer, 'input') or the name of another layer", name=name)
    with naming(Node(name, layer, ())):
        layer.names_of(len(sources))
    return layer, tuple(sources)


def _ordered(raw: Mapping[str, tuple[Layer, tuple[Any, ...]]], inputs: Sequence[str]) -> tuple[Node, ...]:
    """Nodes in an order in which every source comes before its readers; as given where that already holds."""
    nodes = {name: Node(name, layer, tuple(_place(s, raw, inputs, name) for s in sources)) for name, (layer, sources) in raw.items()}
    done: dict[str, Node] = {}
    waiting = list(nodes.values())
    while waiting:
        left = []
        for node in waiting:
            if all(s.name in done or s.name in inputs for s in node.sources):
                done[node.name] = node
            else:
                left.append(node)
        if len(left) == len(waiting):
            raise GraphError("these layers read each other in a circle: {names}", names=listed(node.name for node in waiting))
        waiting = left
    return tuple(done.values())


def _place(source: Any, raw: Mapping[str, Any], inputs: Sequence[str], reader: Text) -> Place:
    name, output = source if isinstance(source, tuple) and len(source) == 2 else (source, 0)
    if not isinstance(name, str) or not isinstance(output, int):
        raise GraphError("{reader} reads {source!r}; a source is a name, or (name, output)", reader=reader, source=source)
    if name not in raw and name not in inputs:
        known = [*inputs, *raw]
        raise GraphError("{reader} reads {name!r}, which is none of {known}", reader=reader, name=name, known=listed(known, most=12))
    return Place(name, output)
