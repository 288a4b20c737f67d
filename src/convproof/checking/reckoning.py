"""What every array of a network should be, with its lines: from the network's own input, or from claimed arrays on the way.

A *segment* is what lies between two claimed arrays. Every node is reckoned once, in float64, from the arrays it reads: a claimed one is
taken as it stands (with half a step of its resolution as a line where it was written down coarsely), any other with the lines that it
was reckoned with. So the lines of a segment are carried from layer to layer: a worst case by absolute weights, a spread by squared ones.

A layer that the one before may absorb (a BatchNorm in eval into a convolution, a ReLU into both) makes one *unit* with it. A target may
have folded its scale into the weights: products of n terms are then scaled before they are summed, which costs 8*u*abs(scale)*S more; and
its sum may begin with the folded bias, which n additions round once more each: n*u*(abs(beta) + abs(scale*mean)).
"""

from collections import Counter
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count, takewhile
from typing import Any, Protocol, runtime_checkable

import numpy as np

from convproof.core.errors import NotCoveredError
from convproof.core.evaluation import Case, Known
from convproof.core.formats import FLOAT64, NumberFormat, format_of
from convproof.core.fusing import ScaleShift
from convproof.core.layer import Layer
from convproof.core.lines import Lines, no_error
from convproof.core.sentence import Sentence, say
from convproof.core.shapes import Array, Shape
from convproof.network.graph import Graph, Node, Place, naming

FOLDED = 8.0


@dataclass(frozen=True)
class Reckoned:
    """One array: exact values (float64, or integers as they are) and their lines.

    ``lines`` is None for an array that is exact itself. ``units`` counts the layers that round since the last claimed array, ``nodes``
    are their names. ``border`` says why there is no bound, here or behind a layer without one.
    """

    values: Array
    lines: Lines | None = None
    units: int = 0
    nodes: tuple[str, ...] = ()
    border: Sentence | None = None

    @property
    def own_lines(self) -> Lines:
        """The lines, zero for an array that is exact."""
        return self.lines or no_error(np.asarray(self.values, np.float64))


@runtime_checkable
class Given(Protocol):
    """Arrays that are taken as they stand."""

    def __contains__(self, place: object) -> bool: ...

    def __getitem__(self, place: Place) -> Reckoned: ...

    def forget(self, place: Place) -> None:
        """No node will read this array any more."""


Draw = Callable[[Node, Sequence[Reckoned]], tuple[Any, Sentence | None]]  # what was random, or why nobody knows
Evaluate = Callable[[Layer, Case, Array | None], Lines]


def as_it_is(layer: Layer, case: Case, cells: Array | None) -> Lines:
    """The lines of a layer as the network has it, of some cells or (None) of all."""
    return layer.lines(cells, case.inputs, case.incoming, case.output, training=case.training, draw=case.draw, arithmetic=case.arithmetic)


@dataclass(frozen=True)
class Ran:
    """What a run of the network in its own arithmetic was like: shape and dtype of every array, modes, and what was random."""

    known: Mapping[Place, Known]
    modes: Mapping[str, bool]
    draws: Mapping[str, Any] = field(default_factory=dict)

    def shape(self, place: Place) -> Shape:
        """The shape of an array."""
        return self.known[place].shape or ()

    def dtype(self, place: Place) -> np.dtype[Any]:
        """The dtype of an array."""
        found: np.dtype[Any] = self.known[place].dtype
        return found

    def arithmetic(self, place: Place) -> NumberFormat:
        """The format of an array's numbers; integers are exact in any."""
        dtype = self.dtype(place)
        return format_of(dtype) if dtype.kind in "fV" else FLOAT64

    def as_read(self, place: Place, exact: Array) -> Array:
        """Exact values as the next layer reads them: integers as integers."""
        dtype = self.dtype(place)
        return exact if dtype.kind in "fV" else exact.astype(dtype)


@dataclass(frozen=True)
class Wiring:
    """Who makes an array and who reads it."""

    nodes: Mapping[str, Node]
    readers: Mapping[Place, int]

    @classmethod
    def of(cls, graph: Graph) -> "Wiring":
        """Of a graph."""
        return cls({node.name: node for node in graph}, Counter(source for node in graph for source in node.sources))

    def absorber(self, node: Node, given: Container[Place]) -> Node | None:
        """The layer that this one may be absorbed into: the one before, whose array is not given and is read here alone."""
        kind, first = node.layer.is_a(), node.sources[0] if node.sources else None
        if kind is None or first is None or first in given or self.readers[first] > 1 or first.name not in self.nodes:
            return None
        before = self.nodes[first.name]
        head = before if before.layer.absorbs() else self.absorber(before, given)
        return head if head is not None and isinstance(kind, head.layer.absorbs()) else None


@dataclass
class Reckoner:
    """Reckons a graph node by node. ``given`` are arrays that are taken as they stand: inputs and claimed ones.

    Arrays are forgotten after their last reader: when the next node is asked for, or ``at_once``, before its outputs are handed out.
    """

    graph: Graph
    given: Given
    run: Ran
    evaluate: Evaluate = as_it_is
    draw: Draw | None = None
    at_once: bool = False
    found: dict[Place, Reckoned] = field(default_factory=dict)
    wiring: Wiring = field(init=False)

    def __post_init__(self) -> None:
        self.wiring = Wiring.of(self.graph)

    def __iter__(self) -> Iterator[tuple[Node, tuple[Reckoned, ...]]]:
        """Every node with its outputs as reckoned."""
        last = self.graph.last_readers()
        for node in self.graph:
            outputs = self.outputs_of(node)
            read = [source for source in node.sources if last[source] == node.name]
            if self.at_once:
                self._forget(read)
            yield node, outputs
            self.found.update({place: y for k, y in enumerate(outputs) if (place := Place(node.name, k)) not in self.given})
            del outputs  # the arrays of a large layer are not kept while the next ones are made
            self._forget([*read, *(place for place in self.outputs(node) if place not in last)])

    def _forget(self, places: Sequence[Place]) -> None:
        for place in places:
            self.found.pop(place, None)
            self.given.forget(place)

    def source(self, place: Place) -> Reckoned:
        """What a node reads: the given array, or else the reckoned one."""
        return self.given[place] if place in self.given else self.found[place]

    def outputs_of(self, node: Node) -> tuple[Reckoned, ...]:
        """All outputs of a node, from what it reads."""
        sources = [self.source(place) for place in node.sources]
        draw, unknown = self._draw_of(node, sources)
        behind = next((s.border for s in sources if s.border), unknown)
        units, nodes = self._segment(node, sources)
        with naming(node), np.errstate(all="ignore"):
            if behind is not None:
                return self._computed(node, sources, units, nodes, behind, draw)
            try:
                return tuple(
                    Reckoned(self.run.as_read(place, lines.exact), lines, units + rounds, nodes)
                    for place, lines, rounds in self._lines_of(node, sources, draw)
                )
            except NotCoveredError:
                operator = node.layer.describe().removesuffix("(delegated)")
                return self._computed(node, sources, units, nodes, say("no bound for {operator}", operator=operator), draw)

    def _lines_of(self, node: Node, sources: Sequence[Reckoned], draw: Any) -> Iterator[tuple[Place, Lines, bool]]:
        inputs, incoming = [s.values for s in sources], [s.lines if s.lines is not None and s.lines.proof.any() else None for s in sources]
        carried = incoming if any(line is not None for line in incoming) else []
        for k, place in enumerate(self.outputs(node)):
            case = Case(tuple(inputs), k, self.run.modes[node.name], draw, self.run.arithmetic(place), tuple(carried))
            lines = self._folded(node, self.evaluate(node.layer, case, None), sources)
            yield place, lines, self._rounds(node, lines, case)

    def outputs(self, node: Node) -> list[Place]:
        """The arrays that a node makes."""
        return list(takewhile(self.run.known.__contains__, (Place(node.name, k) for k in count())))

    def _draw_of(self, node: Node, sources: Sequence[Reckoned]) -> tuple[Any, Sentence | None]:
        own = self.run.draws.get(node.name)
        return (own, None) if own is None or self.draw is None else self.draw(node, sources)

    def _segment(self, node: Node, sources: Sequence[Reckoned]) -> tuple[int, tuple[str, ...]]:
        """Units and nodes before this one, since the last given arrays."""
        before = [s for place, s in zip(node.sources, sources, strict=True) if place not in self.given]
        names = dict.fromkeys(name for s in before for name in s.nodes)
        return max((s.units for s in before), default=0), (*names, node.name)

    def _rounds(self, node: Node, lines: Lines, case: Case) -> bool:
        """Whether a layer begins a unit of its own: it rounds its largest number, and no layer before absorbs it."""
        if not case.incoming or lines.proof.size == 0:
            return bool((lines.proof > 0).any())
        if self.wiring.absorber(node, self.given) is not None:
            return False
        largest = np.array([np.unravel_index(int(np.argmax(abs(lines.exact))), lines.exact.shape)], int)
        return bool((as_it_is(node.layer, replace(case, incoming=()), largest).proof > 0).any())

    def _folded(self, node: Node, lines: Lines, sources: Sequence[Reckoned]) -> Lines:
        """The lines of a scale and shift, also if it was folded into the weights before: every term is scaled, and then summed."""
        kind, head = node.layer.is_a(), self.wiring.absorber(node, self.given)
        came = sources[0].lines if sources else None
        if not isinstance(kind, ScaleShift) or head is None or came is None:
            return lines
        shapes = [self.run.shape(place) for place in head.sources]
        terms = max(1, head.layer.products(*shapes) // max(1, came.exact.size))
        scale = abs(kind.scale).reshape(1, -1, *(1,) * (came.exact.ndim - 2))
        u, begun = self.run.arithmetic(Place(node.name)).u, kind.made_of.reshape(scale.shape)
        proof = np.asarray(FOLDED / terms * scale * came.proof + terms * u * begun)
        sigma = np.asarray(np.hypot(np.sqrt(18 / terms) * scale * came.sigma, np.sqrt(terms / 3) * u * begun))
        return Lines(lines.exact, np.add(lines.proof, proof, out=proof), np.hypot(lines.sigma, sigma, out=sigma))

    def _computed(
        self, node: Node, sources: Sequence[Reckoned], units: int, nodes: tuple[str, ...], border: Sentence, draw: Any
    ) -> tuple[Reckoned, ...]:
        """Outputs of a layer without a bound, or behind one: computed as the layer itself does, with infinite lines."""
        inputs = [s.values.astype(np.float32) if s.values.dtype == np.float64 else s.values for s in sources]
        outputs = node.layer.checked_step(inputs, self.run.modes[node.name], draw=draw).outputs
        return tuple(Reckoned(wide(y), _endless(y), units + 1, nodes, border) for y in outputs)


def wide(x: Array) -> Array:
    """Floats in float64; integers as they are."""
    with np.errstate(invalid="ignore"):  # a signalling NaN
        return x.astype(np.float64) if x.dtype.kind in "fV" else x


def _endless(y: Array) -> Lines:
    return Lines(wide(y), np.full(y.shape, np.inf), np.full(y.shape, np.inf))
