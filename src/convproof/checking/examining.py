"""A network's claimed arrays, one after another: each segment on its claimed input, and on the network's own exact input.

Right on both: right. Wrong on its claimed input: *born here*. Right on its claimed input, which is wrong, and off the exact value:
*inherited*. The second reckoning costs as much as the first, so it is only made where something is wrong or was written down coarsely.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from convproof.checking.claims import Boundary, Claim
from convproof.checking.judging import Judged
from convproof.checking.precisions import Replay, replays
from convproof.checking.reckoning import Ran, Reckoned, Reckoner
from convproof.checking.report import Row
from convproof.checking.verdicts import Opinion, narrower, opinion, with_precision, worst_of
from convproof.core.sentence import Text, say
from convproof.network.graph import Graph, Node, Place


class Again(Exception):
    """Something is wrong, or coarse: the network's own exact values are needed too."""


@dataclass
class Examination:
    """Judges all claims on one graph. ``whose`` numbers they are goes into every row."""

    graph: Graph
    boundary: Boundary
    run: Ran
    whose: Text
    wrong: set[Place] = field(default_factory=set)
    strayed: bool = False  # another arithmetic was met, so that the float32 lines from the network's input no longer hold

    def rows(self) -> tuple[Row, ...]:
        """One row for each claimed array, in the network's order."""
        try:
            return tuple(self._rows(both=False))
        except Again:
            self.wrong.clear()
            self.boundary.kept.clear()
            return tuple(self._rows(both=True))

    def _rows(self, both: bool) -> Iterator[Row]:
        on_claimed = Reckoner(self.graph, self.boundary, self.run)
        on_exact = iter(Reckoner(self.graph, self.boundary.bare(), self.run)) if both else None
        for node, outputs in on_claimed:
            exact = next(on_exact)[1] if on_exact is not None else (None,) * len(outputs)
            for k, (here, there) in enumerate(zip(outputs, exact, strict=True)):
                place = Place(node.name, k)
                if place in self.boundary.claims:
                    yield self._row(node, place, here, there)

    def _row(self, node: Node, place: Place, here: Reckoned, there: Reckoned | None) -> Row:
        claim = self.boundary.claim(place)
        found = self._on_claimed_input(place, claim, here)
        if there is None:
            if not found.right or not claim.resolution.exact:
                raise Again
            return self._written(node, place, claim, found, here)
        own = opinion(Judged(there.own_lines, claim.array, claim.resolution), there)
        if self._behind_wrong(place, here):
            return self._behind(node, place, claim, here, found, own)
        sides = [found] if claim.resolution.exact or self.strayed else [found, own]
        both = self._unless_computed(place, claim, narrower(sides))
        self.strayed |= both.verdict == "precision"
        if both.verdict == "wrong":
            self.wrong.add(place)
        return self._written(node, place, claim, both, here, born=both.verdict == "wrong")

    def _on_claimed_input(self, place: Place, claim: Claim, here: Reckoned) -> Opinion:
        found = opinion(Judged(here.own_lines, claim.array, claim.resolution), here)
        return found if found.verdict != "wrong" else with_precision(found, self._replayed(place, claim, self.boundary))

    def _unless_computed(self, place: Place, claim: Claim, found: Opinion) -> Opinion:
        """Right all the same if the target may have computed from numbers as coarse as those it wrote down."""
        if found.verdict != "wrong" or not claim.resolution.is_arithmetic:
            return found
        computed = self.boundary.as_arithmetic()
        again = self._segment(place, computed)
        judged = opinion(Judged(again.own_lines, claim.array, claim.resolution), again)
        return judged if judged.right else with_precision(found, self._replayed(place, claim, computed))

    def _behind_wrong(self, place: Place, here: Reckoned) -> bool:
        read = {source for name in here.nodes for source in self.graph.node(name).sources}
        return bool(read & self.wrong)

    def _behind(self, node: Node, place: Place, claim: Claim, here: Reckoned, found: Opinion, own: Opinion) -> Row:
        """Behind a wrong array: wrong by itself, or by what came in, or right again."""
        if found.verdict == "wrong":
            self.wrong.add(place)
            return self._written(node, place, claim, found, here, born=True)
        if own.right and own.usual:
            return self._written(node, place, claim, found, here)
        self.wrong.add(place)
        if claim.resolution.exact or self._computed_right(place, claim):
            return self._written(node, place, claim, replace(own, verdict="wrong", notes=()), here, inherited=True)
        note = say("cannot tell at this resolution whether it is wrong by itself")
        return self._written(node, place, claim, replace(own, verdict="wrong", notes=(note,)), here, born=None, inherited=None)

    def _computed_right(self, place: Place, claim: Claim) -> bool:
        again = self._segment(place, self.boundary.as_arithmetic())
        return opinion(Judged(again.own_lines, claim.array, claim.resolution), again).right

    def _segment(self, place: Place, boundary: Boundary, changed: Mapping[str, Replay] | None = None) -> Reckoned:
        """One array reckoned again, from the claimed arrays before it, with other arithmetics in some nodes."""
        nodes = self._nodes_of(place)
        reckoner = Reckoner(Graph(nodes, self.graph.inputs, (place,)), Without(boundary, place), self.run)
        for node in nodes:
            if changed and node.name in changed:
                reckoner.evaluate = changed[node.name].evaluate
                outputs = reckoner.outputs_of(node)
                reckoner.evaluate = Reckoner.evaluate
            else:
                outputs = reckoner.outputs_of(node)
            reckoner.found.update({Place(node.name, k): y for k, y in enumerate(outputs)})
        return reckoner.found[place]

    def _nodes_of(self, place: Place) -> tuple[Node, ...]:
        """The nodes between an array and the claimed ones before it."""
        wanted, names = [place], set()
        while wanted:
            name = wanted.pop().name
            if name in names or name in self.graph.inputs:
                continue
            names.add(name)
            wanted += [source for source in self.graph.node(name).sources if source not in self.boundary]
        return tuple(node for node in self.graph if node.name in names)

    def _replayed(self, place: Place, claim: Claim, boundary: Boundary) -> Iterator[tuple[Replay, Callable[[], Judged]]]:
        """Every arithmetic in which the first layers of the segment may have been computed."""
        first = [node for node in self._nodes_of(place) if all(source in boundary for source in node.sources)]
        for node in first:
            shapes = [self.run.known[source].shape or () for source in node.sources]
            for replay in replays(node.layer, shapes, claim.array, claim.resolution):
                yield (
                    replay,
                    lambda node=node, replay=replay: Judged(  # type: ignore[misc]
                        self._segment(place, boundary, {node.name: replay}).own_lines, claim.array, claim.resolution
                    ),
                )

    def _written(
        self,
        node: Node,
        place: Place,
        claim: Claim,
        found: Opinion,
        here: Reckoned,
        born: bool | None = False,
        inherited: bool | None = False,
    ) -> Row:
        judged = found.judged
        keep = found.verdict in ("wrong", "undecided", "precision")
        return Row(
            name=str(place),
            kind="output",
            described=node.layer.describe(),
            verdict=found.verdict,
            usual=found.usual,
            proved=found.proved,
            born=born,
            inherited=inherited,
            worst=worst_of(judged),
            cells=claim.array.size,
            beyond=int(np.count_nonzero(judged.beyond)),
            segment=here.nodes,
            resolution=claim.resolution.name,
            whose=self.whose,
            precision=found.precision,
            notes=(*found.notes, *claim.notes),
            shares=judged.share(judged.proof).astype(np.float32) if keep else None,
        )


@dataclass
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


def settling(rows: Sequence[Row]) -> tuple[str, ...]:
    """Layers whose numbers would settle what is undecided: those that cut its segment into halves and quarters."""
    found: dict[str, None] = {}
    for row in rows:
        if row.verdict == "undecided" and len(row.segment) > 2:
            inner = row.segment[:-1]
            for share in (2, 1, 3):
                found.setdefault(inner[len(inner) * share // 4])
    return tuple(found)
