"""A graph of torch.fx or torch.export as a network: every node becomes a layer that some room reads, or is delegated to torch itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial, reduce
from operator import getitem
from typing import Any

import numpy as np

from convproof.core.errors import ConvproofError, GraphError
from convproof.core.layer import Layer
from convproof.core.operators import FOLLOWS_MODULE, Call, Later, NotKnownYet
from convproof.formats.operators import bound, operators, read, taken
from convproof.formats.torch.aliases import VIEWS, Aliases, is_in_place
from convproof.formats.torch.delegated import FromModule, delegated, gives_number, of_numbers, of_shape
from convproof.formats.torch.modules import array_of, is_known, layer_of
from convproof.layers.catalogue import Constant
from convproof.network.graph import free_name
from convproof.network.late import Late, Path

Source = str | tuple[str, int]

SEVERAL = {
    *("split", "chunk", "unbind", "tensor_split", "split_with_sizes", "unsafe_chunk", "unsafe_split", "hsplit", "vsplit", "dsplit"),
    *("topk", "sort", "kthvalue", "median", "mode", "var_mean", "std_mean", "aminmax", "meshgrid", "broadcast_tensors", "native_dropout"),
    *("_native_batch_norm_legit", "_native_batch_norm_legit_no_training", "native_batch_norm", "native_layer_norm", "native_group_norm"),
    *("_fused_rms_norm", "_native_batch_norm_legit_functional"),
}

PARTS = {"values": 0, "indices": 1}  # what torch.max, torch.sort and others call their outputs


@dataclass(frozen=True)
class Value:
    """What a node of the graph is in the network: where it comes from; a ``number`` is no tensor, ``several`` is a tuple of tensors."""

    source: Source
    number: bool = False
    several: bool = False


@dataclass
class Conversion:
    """Layers and values found so far. ``modules`` are the traced modules by path, ``constants`` the tensors by name."""

    modules: Mapping[str, Any]
    constants: Mapping[str, Any]
    layers: dict[str, tuple[Any, ...]] = field(default_factory=dict)
    values: dict[Any, Any] = field(default_factory=dict)
    shared: dict[Any, Layer] = field(default_factory=dict)
    inputs: list[str] = field(default_factory=list)
    aliases: Aliases = field(default_factory=Aliases)

    def take(self, node: Any) -> None:
        """One node of the graph, by its kind. Raises GraphError, naming the node and its line in the user's code."""
        try:
            getattr(self, f"_{node.op}")(node)
        except ConvproofError as error:
            where = line_of(node)
            raise GraphError("{node}{where}: {problem}", node=node.name, where=where, problem=error.sentence) from error

    def _placeholder(self, node: Any) -> None:
        self.inputs.append(str(node.target))
        self.values[node] = Value(str(node.target))
        self.aliases.made(node, None)

    def _get_attr(self, node: Any) -> None:
        self.values[node] = array_of(self.constants[node.target])

    def _output(self, node: Any) -> None:
        """The values that the graph gives back are collected by ``outputs_of``."""

    def _call_module(self, node: Any) -> None:
        module = self.modules[node.target]
        if not is_known(module):
            label = self.free(node.target, "@")
            layer, sources = self._delegated(node, type(module).__name__, label)
            self._add(node, label, layer, sources, False)
            self.aliases.made(node, None)
            return
        if id(module) not in self.shared:
            self.shared[id(module)] = layer_of(module)
        layer = self.shared[id(module)]
        name = self.free(node.target, "@")
        arguments = [*node.args, *node.kwargs.values()]
        self._add(node, name, layer, [self._source(argument, name) for argument in arguments], getattr(module, "return_indices", False))
        self._changes(node, type(module).__name__, arguments[:1], bool(getattr(module, "inplace", False)))

    def _call_method(self, node: Any) -> None:
        self._call(node, node.target, None)

    def _call_function(self, node: Any) -> None:
        target = node.target
        packet = getattr(target, "_schema", None)
        self._call(node, packet.name.partition("::")[2] if packet else target.__name__, packet)

    def _call(self, node: Any, name: str, schema: Any) -> None:
        """A function or method: of numbers, a part of a tuple, a layer of ours, or torch's own."""
        values = [self.values[n] for n in node.all_input_nodes]
        if name in ("getitem", "getattr") and isinstance(first := values[0], Value) and first.several:
            self.values[node] = Value((first.source, int(PARTS.get(node.args[1], node.args[1]))))  # type: ignore[arg-type]
            self.aliases.made(node, None)
            return
        if gives_number(name, node.args) or (values and all(isinstance(v, Value) and v.number for v in values)):
            self._number(node, name)
            return
        plain = name.rstrip("_") if is_in_place(name) and name.endswith("_") else name
        label = self.free(self._label(node, plain), "_" if not self._is_leaf(node) else "@")
        layer, sources = self._layer(node, plain, schema, label)
        self._add(node, label, layer, sources, several_outputs(plain, node))
        self._changes(node, plain, node.args[:1], is_in_place(name) or bool(node.kwargs.get("inplace", False)))

    def _layer(self, node: Any, name: str, schema: Any, label: str) -> tuple[Layer, list[Source]]:
        operator = operators("torch").get(name)
        if operator is None:
            return self._delegated(node, name, label)
        first, *rest = node.args or [None]
        named = dict(node.kwargs)
        if schema is not None and rest:
            names = [argument.name for argument in schema.arguments]
            if all(n in operator.signature for n in names[1 : len(node.args)]):
                named |= dict(zip(names[1:], rest, strict=False))
                rest = []
        arguments, places = self._plain(
            bound(operator, [first, *rest] if node.args else [], {k: v for k, v in named.items() if v is not None})
        )
        call = Call(name, arguments, outputs=1)
        try:
            found = taken(operator, call)
            if found is None:
                return self._delegated(node, name, label)
        except NotKnownYet:
            found = None
        where = dict(places)
        if found is None or not all(call.known(k) for k in found.parameters.values()):
            paths = [path for path, _ in places]
            return Late(call, paths, partial(read, operator)), [self._source(source, label) for _, source in places]
        paths = [k if isinstance(k, tuple) else (k,) for k in found.inputs]
        return found.layer, [self._source(where.get(path, reduce(getitem, path, arguments)), label) for path in paths]

    def _plain(self, arguments: Sequence[Any]) -> tuple[tuple[Any, ...], list[tuple[Path, Any]]]:
        """Arguments in plain values, and where in them those stand that only a run knows."""
        places: list[tuple[Path, Any]] = []

        def plain(value: Any, path: Path) -> Any:
            if isinstance(value, list | tuple):
                kind = list if isinstance(value, list) else tuple
                return kind(plain(part, (*path, k)) for k, part in enumerate(value))
            if isinstance(value, slice):
                return slice(*(plain(part, (*path, k)) for k, part in enumerate((value.start, value.stop, value.step))))
            if _is_node(value):
                found = self.values[value]
                if isinstance(found, Value):
                    places.append((path, value))
                    return Later()
                return found
            if isinstance(value, FromModule):
                return FOLLOWS_MODULE
            return value

        return tuple(plain(value, (k,)) for k, value in enumerate(arguments)), places

    def _delegated(self, node: Any, name: str, label: str) -> tuple[Layer, list[Source]]:
        inputs = [n for n in node.all_input_nodes if isinstance(self.values[n], Value)]
        numbers = [self.values[n].number for n in inputs]
        known = {n: v for n in node.all_input_nodes if not isinstance(v := self.values[n], Value)}
        function = self.modules[node.target] if node.op == "call_module" else None
        return delegated(node, name, inputs, numbers, known, function), [self._source(n, label) for n in inputs]

    def _number(self, node: Any, name: str) -> None:
        """Shape arithmetic: a size, or a computation on sizes."""
        inputs = [n for n in node.all_input_nodes if isinstance(self.values[n], Value)]
        label = self.free(self._label(node, name.strip("_")), "_")
        shape = gives_number(name, node.args)
        layer = of_shape(node, name) if shape else of_numbers(node, name, inputs)
        self._add(node, label, layer, [self._source(n, label) for n in inputs], False)
        self.values[node] = Value(label, number=True)

    def _add(self, node: Any, name: str, layer: Layer, sources: Sequence[Source], several: bool) -> None:
        self.layers[name] = (layer, *sources)
        self.values[node] = Value(name, several=several)

    def _changes(self, node: Any, kind: str, first: Sequence[Any], in_place: bool) -> None:
        """What the call did to tensors that others read."""
        source = first[0] if first and _is_node(first[0]) and isinstance(self.values.get(first[0]), Value) else None
        if source is not None and in_place:
            for other in self.aliases.changed(node, source):
                self.values[other] = self.values[node]
        else:
            self.aliases.made(node, source if kind in VIEWS else None)

    def _source(self, value: Any, reader: str) -> Source:
        """The array that stands for a value; a constant gets a layer of its own."""
        found = self.values[value] if _is_node(value) else value
        if isinstance(found, Value):
            return found.source
        name = self.free(f"{reader}.constant", "_")
        self.layers[name] = (Constant(np.asarray(found)).eval(),)
        return name

    def _is_leaf(self, node: Any) -> bool:
        stack = list((node.meta.get("nn_module_stack") or {}).values())
        return bool(stack) and str(stack[-1][1]).startswith("torch.nn")

    def _label(self, node: Any, name: str) -> str:
        """layer1.0.add for a function in layer1.0; the module's own path for one of torch.nn's."""
        stack = list((node.meta.get("nn_module_stack") or {}).values())
        path = stack[-1][0] if stack else ""
        return path if self._is_leaf(node) else f"{path}.{name}" if path else name

    def free(self, wanted: str, mark: str) -> str:
        """A name that nothing has yet: relu, then relu@2 for a module's second use, add_2 for a second function."""
        return free_name(wanted, {*self.layers, *self.inputs}, mark)


def several_outputs(name: str, node: Any) -> bool:
    """Whether a function gives a tuple of tensors back."""
    if name in ("max", "min"):
        return (len(node.args) > 1 and not _is_node(node.args[1])) or "dim" in node.kwargs
    if name.startswith("adaptive_max_pool"):  # torch's own always gives both, functional's says which
        return bool(node.kwargs.get("return_indices", True))
    if name.endswith("_with_indices") or node.kwargs.get("return_indices"):
        return True
    return name in SEVERAL


def _is_node(value: Any) -> bool:
    return hasattr(value, "all_input_nodes")


def line_of(node: Any) -> str:
    """Where in the user's code a node comes from: ' (net.py, line 12, forward)'; nothing if torch does not know."""
    trace = (node.meta.get("stack_trace") or node.stack_trace or "").strip().splitlines()
    own = [line.strip() for line in trace if line.strip().startswith("File") and "site-packages/torch" not in line]
    if not own:
        return ""
    file, line, *_ = own[-1].removeprefix("File ").split(", ")
    return f" ({file.strip(chr(34)).rpartition('/')[2]}, {line})"


def outputs_of(graph: Any) -> list[Any]:
    """The nodes that a graph gives back, from tuples, lists and dictionaries, in order; what is no tensor is left out."""
    (node,) = [n for n in graph.nodes if n.op == "output"]

    def flat(value: Any) -> list[Any]:
        if isinstance(value, list | tuple):
            return [x for part in value for x in flat(part)]
        if isinstance(value, Mapping):
            return [x for part in value.values() for x in flat(part)]
        return [value] if _is_node(value) else []

    return flat(node.args[0])
