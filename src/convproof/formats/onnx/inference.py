"""What ONNX infers of the arrays between layers: their types and shapes, one layer after the other.

ONNX's own inference leaves out operators that it defines by other operators; of those, the output is like the first input.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from onnx import NodeProto, TensorProto, ValueInfoProto, defs, helper, numpy_helper, shape_inference

from convproof.core.errors import FileError
from convproof.core.formats import FLOATS
from convproof.core.operators import Result, Written
from convproof.core.sentence import listed
from convproof.core.shapes import Array, Sizes
from convproof.formats.onnx.file import dtype_of
from convproof.network.graph import Node, Place

FEW = 1024  # a constant with more numbers than these is nobody's shape
INVENTED = "unk__"  # how ONNX names a size that it does not know; the next layer would take equal names for equal sizes


class Inference:
    """What is known so far of a model that is being written: its arrays by name, for one version of ONNX's operators."""

    def __init__(self, inputs: Sequence[ValueInfoProto], version: int, ir_version: int) -> None:
        self.values = {value.name: value for value in inputs}
        self.version, self.ir_version = version, ir_version

    def sizes(self, source: Place) -> Sizes:
        """What ONNX knows of the shape of an array."""
        kind = self.values[str(source)].type.tensor_type
        if not kind.HasField("shape"):
            return None
        return tuple(size.dim_value if size.HasField("dim_value") else None for size in kind.shape.dim)

    def dtype(self, source: Place) -> np.dtype:
        """The type of the numbers of an array."""
        return dtype_of(self.values[str(source)].type.tensor_type.elem_type)

    def follow(self, node: Node, written: Sequence[NodeProto], tensors: Mapping[str, Array]) -> None:
        """Go through the nodes of one layer. Raises FileError where ONNX finds that they do not fit the layer's inputs."""
        made = [name for one in written for name in one.output if name]
        read = {name for one in written for name in one.input if name and name not in tensors and name not in made}
        small = [stored(name, array) for name, array in tensors.items() if array.size <= FEW]
        large = [typed(name, array.dtype, array.shape) for name, array in tensors.items() if array.size > FEW]
        graph = helper.make_graph(
            [self._stand_in(one) for one in written],
            "layer",
            [*(self.values[name] for name in sorted(read)), *large],
            [ValueInfoProto(name=name) for name in made],
            small,
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", self.version)], ir_version=self.ir_version)
        try:
            found = shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True).graph.output
        except shape_inference.InferenceError as error:
            raise FileError(
                "{name}: ONNX cannot write {layer} for what it reads, of shape {shape}: {problem}",
                name=node.name,
                layer=node.layer.describe(),
                shape=listed([_shown(self.sizes(source)) for source in node.sources]),
                problem=str(error).rpartition("] ")[2].strip(),
            ) from error
        self.values |= {value.name: self._own(node.name, value) for value in found}

    def _stand_in(self, node: NodeProto) -> NodeProto:
        schema = defs.get_schema(node.op_type, self.version)
        if schema.has_type_and_shape_inference_function:
            return node
        return helper.make_node("Identity", node.input[:1], node.output[:1])

    def _own(self, name: str, value: ValueInfoProto) -> ValueInfoProto:
        if not value.type.HasField("tensor_type"):
            raise FileError("{name}: ONNX does not know the type of what it gives; a network with it cannot be written", name=name)
        for size in value.type.tensor_type.shape.dim:
            if size.dim_param.startswith(INVENTED):
                size.ClearField("dim_param")
        return value


def _shown(sizes: Sizes) -> str:
    return "?" if sizes is None else f"({', '.join('?' if size is None else str(size) for size in sizes)})"


class Types:
    """The types of the numbers that go through the nodes of one layer, from those of its inputs.

    A constant has to have the type of what it meets, which may be another than the layer's own.
    """

    def __init__(self, inputs: Sequence[np.dtype], version: int) -> None:
        self.inputs, self.version, self.results = list(inputs), version, list[np.dtype | None]()

    def of(self, argument: object) -> np.dtype | None:
        """The type of what another node or an input gives; None for a constant."""
        if isinstance(argument, Result):
            return self.results[argument.node]
        return self.inputs[argument] if isinstance(argument, int) else None

    def beside(self, written: Written, position: int) -> np.dtype | None:
        """The type that an argument shares with another one, where ONNX says that they are of one type."""
        formal = defs.get_schema(written.operator, self.version).inputs
        names = [formal[min(k, len(formal) - 1)].type_str for k in range(len(written.arguments))]
        found = (self.of(one) for one, name in zip(written.arguments, names, strict=True) if name == names[position])
        return next((dtype for dtype in found if dtype is not None), None)

    def follow(self, written: Written) -> None:
        """Go past a node: a Cast says its type, everything else that meets constants keeps the type of what it reads."""
        to = written.settings.get("to") if written.operator == "Cast" else None
        given = (self.of(one) for one in reversed(written.arguments))
        self.results.append(dtype_of(to) if to else next((dtype for dtype in given if dtype is not None), None))


def in_type(array: Array, wanted: np.dtype | None) -> Array:
    """A constant in another type of floats, where it stays the same number."""
    if wanted is None or wanted == array.dtype or not {wanted.name, array.dtype.name} <= FLOATS.keys():
        return array
    with np.errstate(all="ignore"):
        cast = array.astype(wanted)
        return cast if np.array_equal(cast.astype(array.dtype), array, equal_nan=True) else array


def stored(name: str, array: Array) -> TensorProto:
    """An array as ONNX stores it; one without axes keeps having none."""
    return numpy_helper.from_array(np.asarray(array, order="C"), name)


def typed(name: str, dtype: object, sizes: Sequence[int | str | None]) -> ValueInfoProto:
    """An array that is announced, with its type and its sizes."""
    return helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(np.dtype(dtype)), sizes)  # type: ignore[call-overload]
