"""The summary of a network: shapes, parameters, products, receptive fields and memory, layer by layer.

The receptive field of a layer is how far one of its cells reaches on every spatial axis of the first input, padding included,
as if each BatchNorm were in eval. It is followed back through the graph, from the middle cell of the layer's output.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from convproof.core.errors import ShapeError
from convproof.core.evaluation import Known
from convproof.core.sentence import listed, plural
from convproof.core.shapes import Region, Shape
from convproof.core.upward import reach
from convproof.network.graph import Graph, Node, Place, chosen, naming


@dataclass(frozen=True)
class Row:
    """One layer. What depends on the input's size is None where that is not known; ``support`` is ours, delegated or unknown."""

    name: str
    layer: str
    sources: tuple[str, ...]
    output_shapes: tuple[Shape, ...] | None
    parameters: int
    shared_with: str | None
    products: int | None
    receptive_field: tuple[int, ...] | None
    bytes: int | None
    support: str = "ours"


@dataclass(frozen=True)
class Summary:
    """All rows, and their totals. ``shapes`` has the shape of every array."""

    input_shapes: tuple[Shape, ...]
    rows: tuple[Row, ...]
    shapes: Mapping[Place, Shape | None]

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
        raise ShapeError(
            "the network has {inputs} ({names}); give a shape for each",
            inputs=plural("{n} input", "{n} inputs", n=len(graph.inputs)),
            names=listed(graph.inputs),
        )
    shapes = infer_shapes(graph, input_shapes) if input_shapes or not graph.inputs else {}
    first: dict[int, str] = {}
    rows = [_row(graph, node, shapes, first) for node in graph]
    return Summary(tuple(map(tuple, input_shapes)), tuple(rows), shapes)


def infer_shapes(graph: Graph, input_shapes: Sequence[Shape]) -> dict[Place, Shape | None]:
    """The shape of every array, from those of the inputs; None where it depends on values that only a run knows."""
    known = {Place(name): Known(tuple(shape)) for name, shape in zip(graph.inputs, input_shapes, strict=True)}
    for node in graph:
        obscure = {source: Known() for source in node.sources if known.get(Place(source.name)) == Known()}
        with naming(node):
            outputs = node.layer.known(*chosen({**known, **obscure}, node.sources, node.name))
        known.update({Place(node.name, k): output for k, output in enumerate(outputs)})
    return {place: found.shape for place, found in known.items()}


def _row(graph: Graph, node: Node, shapes: Mapping[Place, Shape | None], first: dict[int, str]) -> Row:
    layer = node.layer
    owner = first.setdefault(id(layer), node.name)
    learnt = layer.parameters().values()
    into = [shapes.get(source) for source in node.sources]
    given = [shape for shape in into if shape is not None]
    complete = bool(shapes) and len(given) == len(into)
    found = [shape for place, shape in shapes.items() if place.name == node.name]
    outputs = tuple(shape for shape in found if shape is not None) if found and None not in found else None
    return Row(
        node.name,
        layer.describe(),
        tuple(map(str, node.sources)),
        outputs,
        sum(array.size for array in learnt) if owner == node.name else 0,
        None if owner == node.name else owner,
        layer.products(*given) if complete else None,
        receptive_field(graph, node, shapes) if complete else None,
        sum(math.prod(shape) for shape in outputs) * layer.dtype.itemsize if outputs else None,
        layer.support,
    )


def first_image(graph: Graph, shapes: Mapping[Place, Shape | None]) -> Place:
    """The first input; where all that reads it only puts its axes in another order, N, H, W, C into N, C, H, W, what comes out of that."""
    start = Place(graph.inputs[0])
    readers = [node for node in graph if start in node.sources]
    given, turned = shapes.get(start), shapes.get(Place(readers[0].name)) if len(readers) == 1 else None
    if given is None or turned is None or len(given) < 4 or given == turned or sorted(given) != sorted(turned):
        return start
    return Place(readers[0].name)


def receptive_field(graph: Graph, node: Node, shapes: Mapping[Place, Shape | None]) -> tuple[int, ...] | None:
    """How many cells of each spatial axis of the first image one cell of ``node`` looks at; None for an input without such axes."""
    start = first_image(graph, shapes) if graph.inputs else Place(node.name)
    shape, first = shapes.get(Place(node.name)), shapes.get(start)
    if shape is None or first is None or math.prod(shape) == 0 or len(first) < 3:
        return None
    regions: dict[str, dict[int, Region]] = {node.name: {0: tuple(range(size // 2, size // 2 + 1) for size in shape)}}
    for earlier in reversed(graph.nodes[: graph.nodes.index(node) + 1]):
        for output, region in regions.get(earlier.name, {}).items():
            into = [shape for source in earlier.sources if (shape := shapes.get(source)) is not None]
            if len(into) < len(earlier.sources):
                return None
            read = earlier.layer.reads(region, *into, output=output)
            for source, part in zip(earlier.sources, read, strict=True):
                if all(part):  # an empty range: nothing of this input is read
                    looked_at = regions.setdefault(source.name, {})
                    looked_at[source.output] = _hull(looked_at.get(source.output), part)
    spatial = regions.get(start.name, {}).get(start.output, ())[2 if len(first) > 3 else 1 :]
    return tuple(len(r) for r in spatial) or None


def _hull(a: Region | None, b: Region) -> Region:
    if a is None:
        return b
    return tuple(range(min(p.start, q.start), max(p.stop, q.stop)) for p, q in zip(a, b, strict=True))
