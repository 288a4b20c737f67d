"""One segment by itself: what lies between an array and the claimed ones before it, reckoned again, perhaps in another arithmetic."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from math import prod

import numpy as np

from convproof.checking.claims import Boundary, Claim
from convproof.checking.judging import Judged
from convproof.checking.noise import is_scattered
from convproof.checking.precisions import SHORTER, Replay, replays
from convproof.checking.reckoning import Draw, Evaluate, Ran, Reckoned, Reckoner, as_it_is
from convproof.checking.replaying import Folds, OfRoom, Rounded, by_mistake
from convproof.checking.weights import folds
from convproof.core.evaluation import Case
from convproof.core.formats import NumberFormat
from convproof.core.layer import Layer
from convproof.core.lines import Lines, no_error
from convproof.core.sentence import Sentence, say
from convproof.core.shapes import Array
from convproof.network.graph import Graph, Node, Place

# A claim judged at some cells, (k, ndim), or everywhere (None); the answer None: it can only be judged everywhere, or not at all.
Judging = Callable[[Array | None], Judged | None]


@dataclass(frozen=True)
class Segments:
    """The segments of a graph between what a boundary gives."""

    graph: Graph
    run: Ran
    draw: Draw

    def nodes_of(self, place: Place, boundary: Boundary) -> tuple[Node, ...]:
        """The nodes between an array and the given ones before it."""
        wanted, names = [place], set[str]()
        while wanted:
            name = wanted.pop().name
            if name in names or name in self.graph.inputs:
                continue
            names.add(name)
            wanted += [source for source in self.graph.node(name).sources if source not in boundary]
        return tuple(node for node in self.graph if node.name in names)

    def reads_claims(self, place: Place, boundary: Boundary) -> bool:
        """Whether a segment reads anything that was claimed, and not the network's own inputs alone."""
        read = {source for node in self.nodes_of(place, boundary) for source in node.sources}
        return any(source in boundary.claims for source in read)

    def reckon(self, place: Place, boundary: Boundary, evaluate: Evaluate = as_it_is) -> Reckoned:
        """The array again, with layers evaluated in another arithmetic."""
        reckoner = Reckoner(self.graph, boundary, self.run, evaluate, self.draw)
        for node in self.nodes_of(place, boundary):
            reckoner.found.update({Place(node.name, k): y for k, y in enumerate(reckoner.outputs_of(node))})
        return reckoner.found[place]

    def judged(self, place: Place, claim: Claim, boundary: Boundary, evaluate: Evaluate = as_it_is) -> tuple[Judged, Reckoned]:
        """A claim against the array again, and that array."""
        again = self.reckon(place, boundary, evaluate)
        return Judged(again.own_lines, claim.array, claim.resolution), again

    def replayed(self, place: Place, claim: Claim, boundary: Boundary) -> Iterator[tuple[Replay, Judging]]:
        """Every arithmetic in which the segment may have been computed."""
        nodes = self.nodes_of(place, boundary)
        layers = [node.layer.seen([self.run.known[source] for source in node.sources]) for node in nodes]
        for replay in replays(
            layers, claim.array, claim.resolution, boundary.reads is Claim.as_computed, folds_of(self.graph, nodes), place.output
        ):
            yield replay, partial(self._tried, replay.evaluate, place, claim, boundary)

    def _tried(self, evaluate: Evaluate, place: Place, claim: Claim, boundary: Boundary, cells: Array | None) -> Judged | None:
        """A claim against the array in another arithmetic; at some cells only if it is one layer's, which can be evaluated there."""
        if cells is None:
            judged, again = self.judged(place, claim, boundary, evaluate)
            if again.border is not None:
                return None
            return self._unless_a_mistake(judged, again, evaluate, place, claim, boundary) if isinstance(evaluate, OfRoom) else judged
        node, *others = self.nodes_of(place, boundary)
        if others or not isinstance(evaluate, Rounded) or node.name in self.run.draws:
            return None
        with np.errstate(all="ignore"):
            lines = evaluate(node.layer, self._case(node, place, boundary), cells)
        at = tuple(cells.T)
        return Judged(lines, claim.array[at], claim.resolution.map(lambda a: a[at]))

    def by_mistake(self, place: Place, claim: Claim, boundary: Boundary) -> bool:
        """Whether a known mistake of the only layer gives these very numbers: short numbers, such as whole ones, are also rounded ones."""
        node, *others = self.nodes_of(place, boundary)
        if others or not claim.resolution.exact or node.name in self.run.draws:
            return False
        meant, case = node.layer.meant(self._case(node, place, boundary))
        with np.errstate(all="ignore"):
            return by_mistake(meant, case, as_it_is(meant, case, None), claim.array, claim.resolution)

    def _case(self, node: Node, place: Place, boundary: Boundary) -> Case:
        """What the only layer of a segment is evaluated on."""
        sources = [boundary[source] for source in node.sources]
        incoming = tuple(s.lines for s in sources)
        return Case(tuple(s.values for s in sources), place.output, self.run.modes[node.name], None, self.run.arithmetic(place), incoming)

    def _unless_a_mistake(
        self, judged: Judged, again: Reckoned, evaluate: OfRoom, place: Place, claim: Claim, boundary: Boundary
    ) -> Judged:
        """A claim within a room's wide line; beside its own line where its errors are no noise, as those of the arithmetic are."""
        if not evaluate.own.scattered or again.units > 1 or not judged.provable:
            return judged
        plain, _ = self.judged(place, claim, boundary)
        return judged if is_scattered(judged, plain, self._terms(place, boundary)) else plain

    def _terms(self, place: Place, boundary: Boundary) -> float:
        """How many products an output is summed from, at least, in the layers of a segment that multiply."""
        nodes = self.nodes_of(place, boundary)
        counts = [node.layer.products(*map(self.run.shape, node.sources)) / prod(self.run.shape(Place(node.name))) for node in nodes]
        return min((count for count in counts if count > 0), default=1.0)

    def possible(self, place: Place, claim: Claim, boundary: Boundary) -> Sentence | None:
        """The shorter arithmetic that may explain a segment of several layers: no proof, for none of them can be replayed by itself."""
        for shorter in SHORTER:
            judged, _ = self.judged(place, claim, boundary, shortened(shorter.format))
            if judged.usual:
                return shorter.title
        return None


def shortened(format: NumberFormat) -> Evaluate:
    """The lines of a layer that rounds what it multiplies to a shorter format: inputs and weights are each off by u of themselves."""

    def evaluate(layer: Layer, case: Case, cells: Array | None) -> Lines:
        short = [
            (case.came(k) or no_error(np.asarray(x, np.float64))).stored(format).stored(format) if x.dtype.kind in "fV" else case.came(k)
            for k, x in enumerate(case.inputs)
        ]
        return as_it_is(layer, replace(case, incoming=tuple(short)), cells)

    return evaluate


def folds_of(graph: Graph, nodes: Sequence[Node]) -> Folds:
    """The layers of a segment into which the one that reads them may be folded."""
    layers = {node.name: node.layer for node in nodes}
    within = [(layers[head], fold) for head, fold in folds(graph) if head in layers and fold.by in layers]
    return Folds({id(head): fold.scale for head, fold in within}, frozenset(id(layers[fold.by]) for _, fold in within))


def fused_with(graph: Graph, place: Place, taken: set[Place]) -> Iterator[tuple[Place, Sentence]]:
    """Arrays behind a place that a target which fuses may have dumped in its stead: those of layers that are absorbed into it."""
    absorbs = graph.node(place.name).layer.absorbs()
    here, names = place, [place.name]
    while here not in graph.outputs:
        readers = [node for node in graph if here in node.sources]
        kind = readers[0].layer.is_a() if len(readers) == 1 else None
        if kind is None or not isinstance(kind, absorbs) or readers[0].sources[0] != here:
            return
        here = Place(readers[0].name)
        names.append(here.name)
        if here in taken:
            return
        yield here, say("{first} holds what {last} gives: {names} are fused", first=place.name, last=here.name, names=" + ".join(names))
