"""A network's claimed arrays, one after another: each segment on its claimed input, and on the network's own exact input.

Right on both: right. Wrong on its claimed input: *born here*. Right on its claimed input, which is wrong, and off the exact value:
*inherited*. The second reckoning costs as much as the first, so it is only made where something is wrong or was written down coarsely.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np

from convproof.checking.claims import Boundary, Claim
from convproof.checking.grids import suggested_grid
from convproof.checking.judging import Judged
from convproof.checking.precisions import DECLARED
from convproof.checking.reckoning import Ran, Reckoned, Reckoner, as_it_is
from convproof.checking.remembering import Remembering
from convproof.checking.report import Row
from convproof.checking.segments import Segments, fused_with
from convproof.checking.verdicts import FEW, Opinion, figures_of, narrower, opinion, perhaps, undecided, with_precision
from convproof.checking.weights import Received, Weighed
from convproof.core.evaluation import Case
from convproof.core.lines import Lines
from convproof.core.sentence import Sentence, Text, say
from convproof.network.graph import Graph, Node, Place

ENDS = say("numbers at the end of their format may have been any beyond it: dump what comes before in a wider one")
Walk = Iterator[tuple[Node, tuple[Reckoned, ...]]]


class Again(Exception):
    """Something was found that changes what has to be reckoned: begin once more."""


@dataclass
class Examination:
    """Judges all claims on one graph, whose own ``inputs`` are exact. ``weighed`` is the graph as the target has it, ``received`` what it
    was given; ``whose`` numbers they are goes into every row.

    ``statistics`` are claimed running statistics as training leaves them, by their names in the state dict.
    """

    graph: Graph
    inputs: Mapping[Place, Reckoned]
    boundary: Boundary
    run: Ran
    whose: Text
    weighed: Weighed
    received: Received
    statistics: Mapping[str, Callable[[], Claim]] = field(default_factory=dict)
    on_both: bool = False  # on the claimed input, and on the exact one
    wrong: set[Place] = field(default_factory=set)
    strayed: bool = False  # another arithmetic was met, so that the float32 lines from the network's input no longer hold
    computes: bool = False  # an array was met that was computed in the declared format
    draws: dict[str, Any] = field(default_factory=dict)
    fused: dict[Place, Sentence] = field(default_factory=dict)
    tried: dict[Place, Opinion] = field(default_factory=dict)  # replays take long, and a second reckoning finds the same

    def __post_init__(self) -> None:
        self.segments = Segments(self.weighed.graph, self.run, self.draw)

    def rows(self) -> tuple[Row, ...]:
        """The rows of claimed weights, then one for each claimed array, in the network's order."""
        while True:
            self.wrong = set(self.received.wrong)
            self.boundary.kept.clear()
            self.strayed, self.computes = self.weighed.strayed or self.received.strayed, False
            try:
                return (*self.received.rows, *self.weighed.rows, *self._rows())
            except Again:
                continue

    def _rows(self) -> Iterator[Row]:
        on_claimed = Reckoner(self.weighed.graph, self.boundary, self.run, as_it_is, self.draw)
        remembering = Remembering(self.weighed.graph, self.statistics, self.run, self.whose)
        own = Boundary(self.inputs)
        on_exact = iter(Reckoner(self.graph, own, self.run, as_it_is, self.draw, at_once=True)) if self.on_both else None
        for node, outputs in on_claimed:
            yield from self._rows_of(node, outputs, on_exact)
            yield from remembering.rows(node, on_claimed)
            del outputs  # before the next ones are made

    def _rows_of(self, node: Node, outputs: Sequence[Reckoned], on_exact: Walk | None) -> Iterator[Row]:
        """The rows of one layer's outputs. The exact ones are made when those on the claimed input were looked at, to save memory."""
        places = [place for k in range(len(outputs)) if (place := Place(node.name, k)) in self.boundary.claims]
        opinions = [self._looked_at(place, outputs[place.output]) for place in places]
        exact = None if on_exact is None else next(on_exact)[1]
        for place, found in zip(places, opinions, strict=True):
            yield self._row(node, place, outputs[place.output], found, None if exact is None else exact[place.output])

    def draw(self, node: Node, sources: Sequence[Reckoned]) -> tuple[Any, Sentence | None]:
        """What was random in a layer, as its claimed output shows it."""
        place = Place(node.name)
        if node.name not in self.draws and place in self.boundary.claims:
            claim, incoming = self.boundary.claim(place), tuple(s.lines for s in sources)
            case = Case(tuple(s.values for s in sources), training=self.run.modes[node.name], incoming=incoming)
            found = node.layer.draw_behind(claim.resolution.reach(claim.array), case)
            self.draws[node.name] = self.run.draws[node.name] if found is None else found
        if node.name in self.draws:
            return self.draws[node.name], None
        return self.run.draws[node.name], say("what {layer} draws is random, and its output was not claimed", layer=node.name)

    def _looked_at(self, place: Place, here: Reckoned) -> Opinion:
        """The verdict on an array by its claimed input alone; begins again, with the exact one beside it, where that may say more."""
        claim = self.boundary.claim(place)
        found = self._on_claimed_input(place, claim, here)
        if found.verdict == "wrong":
            self._look_for_fused(place, claim)
        if not self.on_both and not (found.right and claim.resolution.exact and not self.weighed.wrong and not self.received.wrong):
            self.on_both = True
            raise Again
        return found

    def _row(self, node: Node, place: Place, here: Reckoned, found: Opinion, there: Reckoned | None) -> Row:
        claim = self.boundary.claim(place)
        if there is None:
            return self._written(node, place, claim, found, here)
        own = opinion(Judged(there.own_lines, claim.array, claim.resolution), there)
        if self._behind_wrong(here):
            return self._behind(node, place, claim, here, found, own)
        alone = claim.resolution.exact or self.strayed or found.verdict == "precision"
        most = self._unless_computed(place, claim, narrower([found] if alone else [found, own]))
        self.strayed |= most.verdict == "precision"
        self.computes |= most.precision == DECLARED
        if most.verdict == "wrong":
            self.wrong.add(place)
        return self._written(node, place, claim, most, here, born=most.verdict == "wrong")

    def _on_claimed_input(self, place: Place, claim: Claim, here: Reckoned) -> Opinion:
        """The verdict on what a segment gave on its claimed input; what lies beyond the lines may be right in longer numbers than were
        written down, or in another arithmetic.
        """
        found = opinion(Judged(here.own_lines, claim.array, claim.resolution), here)
        if found.verdict != "wrong":
            return self._within_the_ends(place, claim, here, found)
        longer = self._in_longer_numbers(place, claim)
        if longer is not None:
            return longer
        if place not in self.tried:
            self.tried[place] = self._explained(place, claim, here, found).without_arrays()
        return replace(self.tried[place], judged=found.judged)

    def _within_the_ends(self, place: Place, claim: Claim, here: Reckoned, found: Opinion) -> Opinion:
        """Right, and not only because numbers at the end of their format may have been any beyond it: so if the target computed from them
        as they stand, or if the network's own exact input says so.
        """
        if found.verdict == "identical" or found.judged.resolution.exact or not (endless(found.judged.lines) and self._reads_ends(here)):
            return found
        computed = self._computed(place, claim, self.boundary)
        if computed.right or self.computes:
            return computed
        return undecided(found.judged, ENDS)

    def _reads_ends(self, here: Reckoned) -> bool:
        """Whether a claimed array that the segment reads has numbers that may have been any beyond the end of their format."""
        claimed = (source for source in self._read(here) if source in self.boundary.claims)
        return any(endless(self.boundary[source].own_lines) for source in claimed)

    def _read(self, here: Reckoned) -> set[Place]:
        """The arrays that the nodes of a segment read."""
        return {source for name in here.nodes for source in self.graph.node(name).sources}

    def _again(self, place: Place, claim: Claim, boundary: Boundary) -> Opinion:
        """The verdict if a segment is reckoned again from what a boundary gives, in its own arithmetic or in another."""
        judged, reckoned = self.segments.judged(place, claim, boundary)
        found = opinion(judged, reckoned)
        return found if found.right else self._in_another(found, place, claim, boundary, reckoned.units)

    def _computed(self, place: Place, claim: Claim, boundary: Boundary) -> Opinion:
        """The verdict if the target computed from numbers as coarse as those it wrote down."""
        return self._again(place, claim, boundary.as_arithmetic())

    def _in_longer_numbers(self, place: Place, claim: Claim) -> Opinion | None:
        if not claim.resolution.exact or not self.segments.reads_claims(place, self.boundary):
            return None
        longer = opinion(*self.segments.judged(place, claim, self.boundary.as_longer()))
        note = say("right if it was computed in longer numbers than it was written in, as a target does that fuses layers")
        return replace(longer, verdict="rounding", notes=(note,)) if longer.right else None

    def _explained(self, place: Place, claim: Claim, here: Reckoned, found: Opinion) -> Opinion:
        """What lies beyond the lines, if another arithmetic explains it."""
        explained = self._in_another(found, place, claim, self.boundary, here.units)
        if explained.verdict != "wrong" or here.units <= FEW or found.judged.holds_nan:
            return explained
        title = self.segments.possible(place, claim, self.boundary)
        return explained if title is None else perhaps(found, title, here.units)

    def _in_another(self, found: Opinion, place: Place, claim: Claim, boundary: Boundary, units: int) -> Opinion:
        """The opinion, or precision if another arithmetic explains what lies beyond the lines, and no mistake does."""
        mistaken = partial(self.segments.by_mistake, place, claim, boundary)
        return with_precision(found, self.segments.replayed(place, claim, boundary), units, mistaken)

    def _look_for_fused(self, place: Place, claim: Claim) -> None:
        """Begin again if a wrong array turns out to be what a later layer gives, which the target fused into this one."""
        if place in self.fused or place.output:
            return
        for later, note in fused_with(self.graph, place, set(self.boundary.claims)):
            if self._right_as(later, claim, self.boundary.without(place)):
                self.fused[later] = note
                self.boundary = self.boundary.moved(place, later)
                self.tried.clear()
                raise Again

    def _right_as(self, place: Place, claim: Claim, boundary: Boundary) -> bool:
        """Whether a claim is right in another place, in whatever arithmetic."""
        if self._again(place, claim, boundary).right:
            return True
        return claim.resolution.is_arithmetic and self._computed(place, claim, boundary).right

    def _unless_computed(self, place: Place, claim: Claim, found: Opinion) -> Opinion:
        """Right all the same if the target may have computed from numbers as coarse as those it wrote down."""
        if found.verdict != "wrong" or not claim.resolution.is_arithmetic:
            return found
        computed = self._computed(place, claim, self.boundary)
        return found if computed.verdict == "wrong" else computed

    def _behind_wrong(self, here: Reckoned) -> bool:
        """Whether anything that the segment reads, or a weight in it, is wrong."""
        return bool(self._read(here) & self.wrong) or bool(self.weighed.wrong & set(here.nodes))

    def _behind(self, node: Node, place: Place, claim: Claim, here: Reckoned, found: Opinion, own: Opinion) -> Row:
        """Behind a wrong array: right again, or wrong by itself, or by what came in."""
        if own.right and own.usual:
            return self._written(node, place, claim, found if found.right else own, here)
        self.wrong.add(place)
        computed = self._unless_computed(place, claim, found)
        if computed.verdict == "wrong":
            return self._written(node, place, claim, found, here, born=True)
        told = claim.resolution.exact or computed is not found
        if told or opinion(*self.segments.judged(place, claim, self.boundary.as_arithmetic())).right:
            return self._written(node, place, claim, replace(own, verdict="wrong", notes=()), here, inherited=True)
        note = say("cannot tell at this resolution whether it is wrong by itself")
        return self._written(node, place, claim, replace(own, verdict="wrong", notes=(note,)), here, born=None, inherited=None)

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
        keep = found.verdict in ("wrong", "undecided", "precision") and not inherited
        grid = suggested_grid(claim.array) if keep and claim.resolution.exact else None
        return Row(
            name=str(place),
            kind="output",
            described=node.layer.describe(),
            verdict=found.verdict,
            usual=found.usual,
            proved=found.proved,
            born=born,
            inherited=inherited,
            segment=here.nodes,
            precision=found.precision,
            notes=(*found.notes, *claim.notes, *([self.fused[place]] if place in self.fused else []), *([grid] if grid else [])),
            shares=judged.shares if keep else None,
            **figures_of(judged, self.whose),
        )


def endless(lines: Lines) -> bool:
    """Whether a line of a finite number is infinite."""
    return bool((np.isinf(lines.proof) & np.isfinite(lines.exact)).any())
