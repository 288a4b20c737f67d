"""The summary of a network: shapes, parameters, products, receptive fields and memory, layer by layer.

The receptive field of a layer is how far one of its cells reaches on every spatial axis of the first input, padding included,
as if each BatchNorm were in eval. It is followed back through the graph, from the middle cell of the layer's output.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from convproof.core.errors import ShapeError
from convproof.core.shapes import Region, Shape
from convproof.core.upward import reach
from convproof.network.graph import Graph, Node, Place, chosen, naming


@dataclass(frozen=True)
class Row:
    """One layer. What depends on the input's size is None where that is not known."""

    name: str
    layer: str
    sources: tuple[str, ...]
    output_shapes: tuple[Shape, ...] | None
    parameters: int
    shared_with: str | None
    products: int | None
    receptive_field: tuple[int, ...] | None
    bytes: int | None


@dataclass(frozen=True)
class Summary:
    """All rows, and their totals. ``shapes`` has the shape of every array."""

    input_shapes: tuple[Shape, ...]
    rows: tuple[Row, ...]
    shapes: Mapping[Place, Shape]

    @property
    def parameters(self) -> int:
        """Learnt numbers in all, shared ones counted once."""
        return sum(row.parameters for row in self.rows)

    @property
    def products(self) -> int | None:
        """Products that all outputs are summed from: the multiply-adds of convolution and linear layers."""
        return None if not self.input_shapes else sum(row.products or 0 for row in self.rows)

    @property
    def bytes(self) -> int | None:
        """Bytes that all outputs take together, as a trace keeps them."""
        return None if not self.input_shapes else sum(row.bytes or 0 for row in self.rows)

    def text(self, lang: str | None = None) -> str:
        """The table."""
        return reach("Summary.text")(self, lang)  # type: ignore[no-any-return]

    def to_dict(self) -> dict[str, Any]:
        """The table as plain data for JSON."""
        totals = {"parameters": self.parameters, "products": self.products, "bytes": self.bytes}
        return {"input_shapes": self.input_shapes, "layers": [vars(row) for row in self.rows], "totals": totals}

    def __str__(self) -> str:
        return self.text()

    def _repr_html_(self) -> str:
        return reach("Summary.html")(self)  # type: ignore[no-any-return]


def summarise(graph: Graph, input_shapes: Sequence[Shape]) -> Summary:
    """Every node's row. Raises ShapeError where a shape does not fit, naming the layer."""
    if input_shapes and len(input_shapes) != len(graph.inputs):
        raise ShapeError("the network has {n} inputs ({names}); give a shape for each", n=len(graph.inputs), names=", ".join(graph.inputs))
    shapes = infer_shapes(graph, input_shapes) if input_shapes else {}
    first: dict[int, str] = {}
    rows = [_row(graph, node, shapes, first) for node in graph]
    return Summary(tuple(map(tuple, input_shapes)), tuple(rows), shapes)


def infer_shapes(graph: Graph, input_shapes: Sequence[Shape]) -> dict[Place, Shape]:
    """The shape of every array, from those of the inputs."""
    shapes = {Place(name): tuple(shape) for name, shape in zip(graph.inputs, input_shapes, strict=True)}
    for node in graph:
        with naming(node):
            outputs = node.layer.shapes(*chosen(shapes, node.sources, node.name))
        shapes.update({Place(node.name, k): shape for k, shape in enumerate(outputs)})
    return shapes


def _row(graph: Graph, node: Node, shapes: Mapping[Place, Shape], first: dict[int, str]) -> Row:
    layer = node.layer
    owner = first.setdefault(id(layer), node.name)
    learnt = layer.parameters().values()
    into = [shapes[s] for s in node.sources] if shapes else []
    outputs = layer.shapes(*into) if shapes else None
    return Row(
        node.name,
        layer.describe(),
        tuple(map(str, node.sources)),
        outputs,
        sum(array.size for array in learnt) if owner == node.name else 0,
        None if owner == node.name else owner,
        layer.products(*into) if shapes else None,
        receptive_field(graph, node, shapes) if shapes else None,
        sum(math.prod(shape) for shape in outputs) * layer.dtype.itemsize if outputs else None,
    )


def receptive_field(graph: Graph, node: Node, shapes: Mapping[Place, Shape]) -> tuple[int, ...] | None:
    """How many cells of each spatial axis of the first input one cell of ``node`` looks at; None for an input without such axes."""
    start = Place(graph.inputs[0])
    shape = shapes[Place(node.name)]
    if math.prod(shape) == 0 or len(shapes[start]) < 3:
        return None
    regions: dict[Place, Region] = {Place(node.name): tuple(range(size // 2, size // 2 + 1) for size in shape)}
    for earlier in reversed(graph.nodes[: graph.nodes.index(node) + 1]):
        for output, region in [(p.output, r) for p, r in regions.items() if p.name == earlier.name]:
            read = earlier.layer.reads(region, *(shapes[s] for s in earlier.sources), output=output)
            for source, part in zip(earlier.sources, read, strict=True):
                if all(part):  # an empty range: nothing of this input is read
                    regions[source] = _hull(regions.get(source), part)
    spatial = regions.get(start, ())[2 if len(shapes[start]) > 3 else 1 :]
    return tuple(len(r) for r in spatial) or None


def _hull(a: Region | None, b: Region) -> Region:
    if a is None:
        return b
    return tuple(range(min(p.start, q.start), max(p.stop, q.stop)) for p, q in zip(a, b, strict=True))
