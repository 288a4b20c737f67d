"""One segment by itself: what lies between an array and the claimed ones before it, reckoned again, perhaps in another arithmetic."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from convproof.checking.claims import Boundary, Claim
from convproof.checking.judging import Judged
from convproof.checking.precisions import Replay, replays
from convproof.checking.reckoning import Draw, Evaluate, Ran, Reckoned, Reckoner, as_it_is
from convproof.core.layer import Layer
from convproof.network.graph import Graph, Node, Place

Judging = Callable[[], Judged]


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

    def reckon(self, place: Place, boundary: Boundary, replay: Replay | None = None, at: str = "") -> Reckoned:
        """The array again, with another arithmetic in the node ``at``."""
        nodes = self.nodes_of(place, boundary)
        graph = Graph(nodes, self.graph.inputs, (place,))
        evaluate = as_it_is if replay is None else only_in(self.graph.node(at).layer, replay.evaluate)
        reckoner = Reckoner(graph, Without(boundary, place), self.run, evaluate, self.draw)
        for node in nodes:
            reckoner.found.update({Place(node.name, k): y for k, y in enumerate(reckoner.outputs_of(node))})
        return reckoner.found[place]

    def judged(self, place: Place, claim: Claim, boundary: Boundary) -> tuple[Judged, Reckoned]:
        """A claim against the array again."""
        again = self.reckon(place, boundary)
        return Judged(again.own_lines, claim.array, claim.resolution), again

    def replayed(self, place: Place, claim: Claim, boundary: Boundary) -> Iterator[tuple[Replay, Judging]]:
        """Every arithmetic in which the first layers of the segment may have been computed."""
        first = [node for node in self.nodes_of(place, boundary) if all(source in boundary for source in node.sources)]
        for node in first:
            shapes = [self.run.known[source].shape or () for source in node.sources]
            for replay in replays(node.layer, shapes, claim.array, claim.resolution):

                def judging(replay: Replay = replay, at: str = node.name) -> Judged:
                    return Judged(self.reckon(place, boundary, replay, at).own_lines, claim.array, claim.resolution)

                yield replay, judging


def only_in(layer: Layer, other: Evaluate) -> Evaluate:
    """The lines of one layer in another arithmetic, and of all others as they are."""
    return lambda of, inputs, incoming, how: (other if of is layer else as_it_is)(of, inputs, incoming, how)


@dataclass(frozen=True)
class Without:
    """A boundary without one of its arrays, which is to be reckoned itself."""

    boundary: Boundary
    place: Place

    def __contains__(self, place: object) -> bool:
        return place != self.place and place in self.boundary

    def __getitem__(self, place: Place) -> Reckoned:
        return self.boundary[place]

    def forget(self, place: Place) -> None:
        """Nothing is kept here."""
