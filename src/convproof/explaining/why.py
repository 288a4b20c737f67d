"""Why is this number what it is? Derives a cell and puts the computed number beside the exact one.

A derivation of a layer knows the inputs it was asked about; one of a trace knows the whole graph, so that any term can be expanded into
the layer before, down to the pixel.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, SupportsIndex

import numpy as np

from convproof.core.axes import as_array, cell_in
from convproof.core.derivation import Derivation, Number, Source
from convproof.core.errors import NotCoveredError, NotFiniteError, SettingError
from convproof.core.exact import exact
from convproof.core.formats import format_of
from convproof.core.layer import Layer
from convproof.core.sentence import Text, plural, say
from convproof.core.shapes import Array, Cell, Region
from convproof.network.graph import Node
from convproof.network.trace import Trace


@dataclass(frozen=True)
class Origin:
    """What a derivation was made from: the layer, its inputs and mode, and what stands before each input."""

    layer: Layer
    inputs: tuple[Array, ...]
    training: bool
    draw: Any
    given: tuple[Any, ...]
    trace: Trace | None = None
    node: Node | None = None

    def expand(self, source: Source) -> Derivation:
        """The derivation of the input cell that a leaf was read from."""
        cell = source.cell or ()
        if self.trace is None or self.node is None:
            return given_number(self.given[source.index], source.name, cell)
        place = self.node.sources[source.index]
        if place.name in self.trace.graph.inputs:
            return given_number(self.trace.before.get(place.name, self.trace[place.name]), place.name, cell)
        return why_trace(self.trace, place.name, cell, place.output)


def why_layer(layer: Layer, inputs: Sequence[Any], at: Iterable[SupportsIndex], output: int = 0) -> Derivation:
    """The derivation of cell ``at`` of ``layer(*inputs)``; changes nothing."""
    names = layer.names_of(len(inputs))
    arrays = tuple(as_array(x, name) for x, name in zip(inputs, names, strict=True))
    step = layer.checked_step(arrays, layer.training)
    y = _output(step.outputs, output, layer.describe())
    cell = cell_in(at, y.shape, say("the output of {layer}", layer=layer.describe()))
    origin = Origin(layer, arrays, layer.training, step.draw, tuple(inputs))
    return _derived(origin, type(layer).__name__, cell, output, y[cell])


def why_trace(trace: Trace, name: str, at: Iterable[SupportsIndex], output: int = 0) -> Derivation:
    """The derivation of a cell of a trace, from the stored inputs, in the trace's mode.

    Raises StaleTraceError where the layer's parameters have changed since, CellError and UnknownNameError for a wrong address.
    """
    full = trace.find(name)
    if full in trace.graph.inputs:
        stored = trace[full]
        return given_number(trace.before.get(full, stored), full, cell_in(at, stored.shape, full))
    full, output = _layer_and_output(trace, full, output)
    node = trace.graph.node(full)
    stored = _output(trace.outputs_of(full), output, full)
    cell = cell_in(at, stored.shape, full)
    inputs = trace.inputs_of(node.name)
    origin = Origin(node.layer, inputs, trace.modes[node.name], trace.draws.get(node.name), inputs, trace, node)
    derived = _derived(origin, node.name, cell, output, stored[cell])
    trace.require_fresh(node, np.array([cell]), output)
    return derived


def _layer_and_output(trace: Trace, name: str, output: int) -> tuple[str, int]:
    """A layer's name as it is; "split.1" as output 1 of split."""
    layer, _, number = name.rpartition(".")
    names = {node.name for node in trace.graph}
    return (layer, int(number)) if name not in names and layer in names and number.isdecimal() else (name, output)


def given_number(given: Any, name: str, cell: Cell) -> Derivation:
    """The derivation of an input cell: the pixel behind it, if the input was prepared from an image, else the number as given."""
    if hasattr(given, "derive"):
        return given.derive(cell)  # type: ignore[no-any-return]
    array = as_array(given, name)
    if not np.isfinite(array[cell]):
        raise NotFiniteError("{name}{cell} is {value}: it was given so", name=name, cell=list(cell), value=array[cell])
    return Derivation(
        name, cell, say("a number that was given"), Number(exact(array[cell]), Source("input", name, cell)), computed=array[cell]
    )


def _derived(origin: Origin, name: str, cell: Cell, output: int, computed: Any) -> Derivation:
    try:
        found = origin.layer.derive(cell, origin.inputs, output, training=origin.training, draw=origin.draw)
    except NotFiniteError as error:
        raise _located(origin, name, cell, output) or error from None
    return replace(
        found,
        layer=name,
        computed=computed,
        origin=origin,
        described=origin.layer.describe(),
        allowed=_allowed(origin, cell, output, computed),
    )


def _allowed(origin: Origin, cell: Cell, output: int, computed: Any) -> float | None:
    """The layer's proof line in this cell; None for integers, which are not rounded, and for a layer that has no bound."""
    if computed.dtype.kind not in "fV":
        return None
    arithmetic = format_of(computed.dtype)
    try:
        lines = origin.layer.lines(
            np.array([cell]), origin.inputs, output=output, training=origin.training, draw=origin.draw, arithmetic=arithmetic
        )
    except NotCoveredError:
        return None
    return float(lines.proof[0])


def _located(origin: Origin, name: str, cell: Cell, output: int) -> NotFiniteError | None:
    """The same error naming the first NaN or infinity that the layer reads."""
    region = tuple(range(i, i + 1) for i in cell)
    read = origin.layer.reads(region, *(x.shape for x in origin.inputs), output=output)
    places: list[tuple[Text, Array, Region]] = [
        (say("input {k}", k=k), x, part) for k, (x, part) in enumerate(zip(origin.inputs, read, strict=True))
    ]
    places += [(say("input {k}", k=k), x, tuple(map(range, x.shape))) for k, x in enumerate(origin.inputs)]
    places += [(key, array, tuple(map(range, array.shape))) for key, array in origin.layer.parameters().items()]
    for label, array, part in places:
        inside = tuple(slice(max(r.start, 0), max(r.stop, 0)) for r in part)
        broken = np.argwhere(~np.isfinite(array[inside]))
        if broken.size:
            first = tuple(int(i) + s.start for i, s in zip(broken[0], inside, strict=True))
            return NotFiniteError(
                "{name}{cell} has no exact value: {label}{first} of the layer is {value}; look where that comes from",
                name=name,
                cell=list(cell),
                label=label,
                first=list(first),
                value=array[first],
            )
    return None


def _output(outputs: Sequence[Array], index: int, name: str) -> Array:
    if not 0 <= index < len(outputs):
        raise SettingError(
            "{name} has {outputs}, counted from 0; got output={index}",
            name=name,
            outputs=plural("{n} output", "{n} outputs", n=len(outputs)),
            index=index,
        )
    return outputs[index]
