"""A network as an ONNX file: every layer as the nodes that its room writes, under the layer's own name; a BatchNorm stays one."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from onnx import ModelProto, NodeProto, ValueInfoProto, checker, defs, helper

from convproof.core.errors import ConvproofError, FileError
from convproof.core.operators import Result, Written
from convproof.core.shapes import Array, Shape
from convproof.formats.files import replacing
from convproof.formats.onnx.inference import Inference, Types, in_type, stored, typed
from convproof.network.graph import Declared, Node, Place
from convproof.network.network import Network

VERSION = 22  # of ONNX's operator set, which rooms write for
IR_VERSION = 10  # what goes with it
CHANGED = {"BatchNormalization": 14, "PRelu": 7, "RoiAlign": 16, "Split": 18}  # they mean something else since, with the same attributes


def save_onnx(network: Network, path: str | Path) -> None:
    """Write a network as it computes in eval mode. Raises FileError; an old file is replaced only when the new one is complete."""
    model = model_of(network)
    try:
        checker.check_model(model)
    except checker.ValidationError as error:
        raise FileError("{path}: what was to be written is no valid ONNX: {problem}", path=path, problem=str(error)) from error
    with replacing(path) as temporary:
        temporary.write_bytes(model.SerializeToString())


def model_of(network: Network) -> ModelProto:
    """The network as an ONNX model. Raises FileError for a layer that ONNX cannot say."""
    first = {id(layer): name for name, layer in network.graph.layers().items()}
    given = {name: network.declared.get(name) or expected(network, name) for name in network.graph.inputs}
    inputs = [
        typed(name, one.dtype, [f"{name}.{k}" if size is None else size for k, size in enumerate(one.sizes or ())])
        for name, one in given.items()
    ]
    known = Inference(inputs, VERSION, IR_VERSION)
    nodes: list[NodeProto] = []
    tensors: dict[str, Array] = {}
    for node in network.graph:
        own, arrays = _nodes(node, first[id(node.layer)], known)
        known.follow(node, own, arrays)
        nodes += own
        tensors |= arrays
    outputs = []
    for k, place in enumerate(network.graph.outputs):
        name = str(place)
        if place.name in network.graph.inputs or name in outputs:
            name = f"{name}.output{k}"
            nodes.append(helper.make_node("Identity", [str(place)], [name], name=name))
            known.values[name] = renamed(known.values[str(place)], name)
        outputs.append(name)
    values = [with_shape(known.values[name]) for name in outputs]
    graph = helper.make_graph(nodes, "convproof", inputs, values, [stored(name, array) for name, array in tensors.items()])
    opsets = [helper.make_opsetid("", VERSION)]
    return helper.make_model(graph, producer_name="convproof", opset_imports=opsets, ir_version=IR_VERSION)


def renamed(value: ValueInfoProto, name: str) -> ValueInfoProto:
    """The same type and shape under another name."""
    return ValueInfoProto(name=name, type=value.type)


def with_shape(value: ValueInfoProto) -> ValueInfoProto:
    """A valid file has a shape for every output, an empty one where ONNX does not know it."""
    if not value.type.tensor_type.HasField("shape"):
        value.type.tensor_type.shape.SetInParent()
    return value


def _nodes(node: Node, owner: str, known: Inference) -> tuple[list[NodeProto], dict[str, Array]]:
    """The ONNX nodes of one node of ours, and the tensors that they store."""
    try:
        written = node.layer.written_at([known.sizes(source) for source in node.sources])
    except ConvproofError as error:
        raise FileError("{name}: {problem}", name=node.name, problem=error.sentence) from error
    types = Types([known.dtype(source) for source in node.sources], VERSION)
    tensors: dict[str, Array] = {}
    last = len(written) - 1
    names = [node.name if k == last else f"{node.name}.step{k}" for k in range(len(written))]
    outputs = [places_of(one, node.name, names[k]) for k, one in enumerate(written)]

    def argument(position: int, k: int, value: Any) -> str:
        if value is None:
            return ""
        if isinstance(value, Result):
            return str(outputs[value.node][value.output])
        if isinstance(value, int):
            return str(node.sources[value])
        name = f"{owner}.{value}" if isinstance(value, str) else f"{node.name}.constant{k}.{position}"
        array = node.layer.arrays[value] if isinstance(value, str) else np.asarray(value)
        tensors[name] = in_type(array, types.beside(written[k], position))
        return name

    made = []
    for k, one in enumerate(written):
        _require_same_meaning(node.name, one)
        inputs = [argument(position, k, value) for position, value in enumerate(one.arguments)]
        settings = {key: value for key, value in one.settings.items() if value is not None}
        made.append(helper.make_node(one.operator, inputs, [str(place) for place in outputs[k]], name=names[k], **settings))
        types.follow(one)
    return made, tensors


def places_of(written: Written, layer: str, name: str) -> list[Place]:
    """The arrays that one node gives: outputs of the layer, or what another node of the same layer reads."""
    gives = written.gives or (None,) * written.outputs
    return [Place(name, k) if j is None else Place(layer, j) for k, j in enumerate(gives)]


def _require_same_meaning(name: str, written: Written) -> None:
    """Raise FileError for a node of another operator set whose operator takes other inputs or attributes in ours.

    A new attribute is no change: what it is unless it is given is what the operator did before. The exceptions are in CHANGED.
    """
    if written.version in (None, VERSION):
        return
    then, now = (defs.get_schema(written.operator, version or VERSION) for version in (written.version, VERSION))
    kept = _usual(then).items() <= _usual(now).items() and then.max_input == now.max_input
    if not kept or then.since_version < CHANGED.get(written.operator, 0):
        raise FileError(
            "{name}: {operator} of version {then} of ONNX's operators is written otherwise in version {now}; "
            "convert the original file with onnx.version_converter first",
            name=name,
            operator=written.operator,
            then=then.since_version,
            now=now.since_version,
        )


def _usual(schema: defs.OpSchema) -> dict[str, tuple[Any, bytes]]:
    """The attributes of an operator: their types, and what they are unless they are given."""
    return {name: (attribute.type, attribute.default_value.SerializeToString()) for name, attribute in schema.attributes.items()}


def expected(network: Network, name: str) -> Declared:
    """What an input must be, found by asking the layers that read it: the number of axes, and the channels where they are fixed."""
    readers = [node for node in network.graph if Place(name) in node.sources]
    with_batch = [axes + 2 for node in readers if isinstance(axes := getattr(node.layer, "axes", None), int)]
    for axes in (*with_batch, 4, 3, 5, 2, 1):
        for channels in _channels(readers):
            shape = (2, channels, 64, 64, 64)[:axes]
            if all(_takes(node, shape) for node in readers):
                fixed = not all(_takes(node, (2, channels + 1, 64, 64, 64)[:axes]) for node in readers)
                return Declared(readers[0].layer.dtype, (None, channels if fixed else None, *(None,) * (axes - 2))[:axes])
    return Declared(np.dtype(np.float32), (None,) * 4)


def _channels(readers: list[Node]) -> Iterator[int]:
    """Sizes that occur in the parameters of some layers, and a few more."""
    yield 1
    sizes = {size for node in readers for array in node.layer.state_dict().values() for size in array.shape}
    groups = {int(getattr(node.layer, "groups", 1)) for node in readers}
    yield from sorted(sizes | {size * g for size in sizes for g in groups})


def _takes(node: Node, shape: Shape) -> bool:
    try:
        node.layer.shapes(*(shape for _ in node.sources))
    except ConvproofError:
        return False
    return True
