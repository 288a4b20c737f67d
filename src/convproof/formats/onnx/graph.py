"""An ONNX graph as a network: every node becomes the layer that some room reads from it, or is delegated, or stays unknown.

What can be worked out when the file is read is worked out then: weights that Constant and ConstantOfShape nodes make, sizes that are
computed from them. No node is put in that the file does not have, except for a constant that a layer reads as an input.
"""

import re
import warnings
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import onnx
from onnx import NodeProto

from convproof.core.errors import ConvproofError, GraphError, NameWarning
from convproof.core.layer import Layer
from convproof.core.operators import Call, Later, NotKnownYet
from convproof.core.sentence import say
from convproof.core.shapes import Array
from convproof.formats.onnx.delegated import delegated, evaluator_of
from convproof.formats.onnx.file import array_of, dtype_of
from convproof.formats.onnx.nodes import call_of, version_of
from convproof.formats.operators import operators, read, taken
from convproof.layers.catalogue import Constant
from convproof.network.delegated import Unknown
from convproof.network.graph import Declared, free_name
from convproof.network.late import Late
from convproof.network.network import Network

RANDOM = ("RandomNormal", "RandomUniform", "RandomNormalLike", "RandomUniformLike", "Multinomial", "Bernoulli")
Source = str | tuple[str, int]


@dataclass
class Reading:
    """What is known so far of a graph that is being read, by the names of its tensors."""

    version: int
    constants: dict[str, Array] = field(default_factory=dict)
    sources: dict[str, Source] = field(default_factory=dict)
    layers: dict[str, tuple[Any, ...]] = field(default_factory=dict)
    later: dict[str, Later] = field(default_factory=dict)

    def name_for(self, wanted: str) -> str:
        """A name that no layer and no input has yet, announced where it is not the wanted one."""
        name = free_name(wanted, {*self.layers, *(source for source in self.sources.values() if isinstance(source, str))}, "@")
        if name != wanted:
            warnings.warn(
                str(say("two layers are called {name!r}; the second is {new!r} here", name=wanted, new=name)), NameWarning, stacklevel=2
            )
        return name

    def source(self, tensor: str, reader: str) -> Source:
        """Where a tensor comes from; a constant gets a layer of its own. Raises GraphError for a tensor that nothing makes."""
        if tensor in self.constants and tensor not in self.sources:
            name = self.name_for(tensor)
            self.layers[name] = (Constant(self.constants[tensor]).eval(),)
            self.sources[tensor] = name
        if tensor not in self.sources:
            raise GraphError(
                "{reader} reads {tensor!r}, which nothing before it makes: the file is damaged or its nodes are out of order",
                reader=reader,
                tensor=tensor,
            )
        return self.sources[tensor]


def network_of(model: onnx.ModelProto) -> Network:
    """The network of a model, in eval mode. Raises GraphError where its wiring makes no sense."""
    reading = Reading(version_of(model))
    for tensor in model.graph.initializer:
        reading.constants[tensor.name] = array_of(tensor)
    inputs = {i.name: declared(i) for i in model.graph.input if i.name not in reading.constants}
    reading.sources = {name: name for name in inputs}
    reading.later = {name: Later(given.whole, given.dtype) for name, given in inputs.items()}
    for position, node in enumerate(model.graph.node):
        _take(reading, node, node.name or f"{node.op_type}_{position}")
    outputs = [reading.source(o.name, "the graph's output") for o in model.graph.output]
    if not reading.layers:
        raise GraphError("the graph has no node that computes anything: a network needs at least one")
    aliases = {tensor: _place(source) for tensor, source in reading.sources.items()}
    network = Network(reading.layers, inputs=tuple(inputs), outputs=outputs, declared=inputs, aliases=aliases)
    return network.eval()


def declared(given: onnx.ValueInfoProto) -> Declared:
    """What a graph says of an input: dtype, and sizes as numbers, names, or None."""
    kind = given.type.tensor_type
    if not given.type.HasField("tensor_type") or not kind.elem_type:
        raise GraphError(
            "the input {name!r} is {found}, expected an array of numbers; export the model with tensors as inputs",
            name=given.name,
            found=given.type.WhichOneof("value") or say("nothing that has a type"),
        )
    sizes = tuple(d.dim_value if d.dim_value > 0 else _name(d.dim_param) for d in kind.shape.dim) if kind.HasField("shape") else None
    return Declared(dtype_of(kind.elem_type), sizes)


def _name(size: str) -> str | None:
    """The name of an open size; None for one that says nothing, such as "?"."""
    return size if re.search(r"\w", size) else None


def _take(reading: Reading, node: NodeProto, wanted: str) -> None:
    """One node: worked out now if all that it reads is known, else a layer of the network."""
    present = [name for name in node.input if name]
    known = all(name in reading.constants for name in present)
    if known and node.op_type not in RANDOM and (made := _worked_out(reading, node)) is not None:
        reading.constants.update({name: y for name, y in zip(node.output, made, strict=False) if name})
        return
    name = reading.name_for(wanted)
    try:
        layer, tensors = _layer(reading, node)
        reading.layers[name] = (layer, *(reading.source(tensor, name) for tensor in tensors))
    except ConvproofError as error:
        raise GraphError("{node} ({operator}): {problem}", node=name, operator=node.op_type, problem=error.sentence) from error
    for k, tensor in enumerate(node.output):
        if tensor:
            reading.sources[tensor] = name if k == 0 else (name, k)


def _worked_out(reading: Reading, node: NodeProto) -> list[Array] | None:
    """The outputs of a node that reads constants alone, by our own layer where there is one; None where nobody can compute it."""
    arrays = [reading.constants[name] if name else None for name in node.input]
    operator = operators("onnx").get(node.op_type) if node.domain in ("", "ai.onnx") else None
    try:
        if operator is None:
            return [np.asarray(y) for y in evaluator_of(node, reading.version)(arrays)]
        call = call_of(node, [None if array is None else Later(array.shape, array.dtype) for array in arrays], reading.version)
        layer, _ = _late(call, partial(read, operator), node)
        return list(layer.checked_step([array for array in arrays if array is not None], False).outputs)
    except ConvproofError:
        return None


def _layer(reading: Reading, node: NodeProto) -> tuple[Layer, list[str]]:
    """The layer of a node and the tensors that it reads."""
    arguments = [None if not n else reading.constants[n] if n in reading.constants else reading.later.get(n, Later()) for n in node.input]
    later = [name for name, argument in zip(node.input, arguments, strict=True) if isinstance(argument, Later)]
    operator = operators("onnx").get(node.op_type) if node.domain in ("", "ai.onnx") else None
    if operator is None:
        return delegated(node, reading.version, arguments), later
    try:
        call = call_of(node, arguments, reading.version)
    except GraphError as error:
        return Unknown(node.op_type, len(later), error.sentence), later
    try:
        found = taken(operator, call)
        if found is None:
            return delegated(node, reading.version, arguments), later
    except NotKnownYet:
        found = None
    if found is None or not all(call.known(k) for k in found.parameters.values()):
        return _late(call, partial(read, operator), node)
    return found.layer, [node.input[k] for k in found.inputs]


def _late(call: Call, reader: Any, node: NodeProto) -> tuple[Layer, list[str]]:
    places = [k for k, argument in enumerate(call.arguments) if isinstance(argument, Later)]
    return Late(call, [(k,) for k in places], reader), [node.input[k] for k in places]


def _place(source: Source) -> str:
    return source if isinstance(source, str) else f"{source[0]}.{source[1]}"
