"""A network's claimed arrays, one after another: each segment on its claimed input, and on the network's own exact input.

Right on both: right. Wrong on its claimed input: *born here*. Right on its claimed input, which is wrong, and off the exact value:
*inherited*. The second reckoning costs as much as the first, so it is only made where something is wrong or was written down coarsely.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from convproof.checking.claims import Boundary, Claim
from convproof.checking.judging import Judged
from convproof.checking.matching.grids import suggested_grid
from convproof.checking.reckoning import Ran, Reckoned, Reckoner, as_it_is
from convproof.checking.report import Row
from convproof.checking.segments import Segments, fused_with
from convproof.checking.verdicts import FEW, Opinion, figures_of, narrower, opinion, perhaps, with_precision
from convproof.checking.weights import Received, Weighed, remembered
from convproof.core.errors import NotCoveredError
from convproof.core.evaluation import Case
from convproof.core.lines import Lines
from convproof.core.sentence import Sentence, Text, say
from convproof.core.shapes import Array
from convproof.network.graph import Graph, Node, Place


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
    both: bool = False
    wrong: set[Place] = field(default_factory=set)
    strayed: bool = False  # another arithmetic was met, so that the float32 lines from the network's input no longer hold
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
            self.strayed = self.weighed.strayed or self.received.strayed
            try:
                return (*self.received.rows, *self.weighed.rows, *self._rows())
            except Again:
                continue

    def _rows(self) -> Iterator[Row]:
        on_claimed = Reckoner(self.weighed.graph, self.boundary, self.run, as_it_is, self.draw)
        own = Boundary(self.inputs)
        on_exact = iter(Reckoner(self.graph, own, self.run, as_it_is, self.draw)) if self.both else None
        for node, outputs in on_claimed:
            exact = next(on_exact)[1] if on_exact is not None else (None,) * len(outputs)
            for k, (here, there) in enumerate(zip(outputs, exact, strict=True)):
                place = Place(node.name, k)
                if place in self.boundary.claims:
                    yield self._row(node, place, here, there)
            yield from self._statistics_of(node, on_claimed)
            del outputs, exact, here, there  # before the next ones are made

    def draw(self, node: Node, inputs: Sequence[Array]) -> tuple[Any, Sentence | None]:
        """What was random in a layer, as its claimed output shows it."""
        place = Place(node.name)
        if node.name not in self.draws and place in self.boundary.claims:
            case = Case(tuple(inputs), training=self.run.modes[node.name])
            found = node.layer.draw_behind([self.boundary.claim(place).array], case)
            self.draws[node.name] = self.run.draws[node.name] if found is None else found
        if node.name in self.draws:
            return self.draws[node.name], None
        return self.run.draws[node.name], say("what {layer} draws is random, and its output was not claimed", layer=node.name)

    def _row(self, node: Node, place: Place, here: Reckoned, there: Reckoned | None) -> Row:
        claim = self.boundary.claim(place)
        found = self._on_claimed_input(place, claim, here)
        if found.verdict == "wrong":
            self._look_for_fused(place, claim)
        if there is None:
            if not found.right or not claim.resolution.exact or self.weighed.wrong or self.received.wrong:
                self.both = True
                raise Again
            return self._written(node, place, claim, found, here)
        own = opinion(Judged(there.own_lines, claim.array, claim.resolution), there)
        if self._behind_wrong(here):
            return self._behind(node, place, claim, here, found, own)
        sides = [found] if claim.resolution.exact or self.strayed else [found, own]
        both = self._unless_computed(place, claim, narrower(sides))
        self.strayed |= both.verdict == "precision"
        if both.verdict == "wrong":
            self.wrong.add(place)
        return self._written(node, place, claim, both, here, born=both.verdict == "wrong")

    def _on_claimed_input(self, place: Place, claim: Claim, here: Reckoned) -> Opinion:
        found = opinion(Judged(here.own_lines, claim.array, claim.resolution), here)
        if found.verdict != "wrong":
            return found
        if place not in self.tried:
            self.tried[place] = self._explained(place, claim, here, found)
        return self.tried[place]

    def _explained(self, place: Place, claim: Claim, here: Reckoned, found: Opinion) -> Opinion:
        """What lies beyond the lines, if another arithmetic explains it; longer numbers than were written down do so first."""
        longer = opinion(*self.segments.judged(place, claim, self.boundary.as_longer())) if claim.resolution.exact else found
        if longer.right:
            note = say("right if it was computed in longer numbers than it was written in, as a target does that fuses layers")
            return Opinion("rounding", longer.judged, longer.usual, longer.proved, notes=(note,))
        explained = with_precision(found, self.segments.replayed(place, claim, self.boundary), here.units)
        if explained.verdict != "wrong" or here.units <= FEW:
            return explained
        title = self.segments.possible(place, claim, self.boundary)
        return explained if title is None else perhaps(found, title, here.units)

    def _look_for_fused(self, place: Place, claim: Claim) -> None:
        """Begin again if a wrong array turns out to be what a later layer gives, which the target fused into this one."""
        if place in self.fused or place.output:
            return
        for later, note in fused_with(self.graph, place, set(self.boundary.claims)):
            judged, again = self.segments.judged(later, claim, self.boundary.without(place))
            if opinion(judged, again).right:
                self.fused[later] = note
                self.boundary = self.boundary.moved(place, later)
                self.tried.clear()
                raise Again

    def _unless_computed(self, place: Place, claim: Claim, found: Opinion) -> Opinion:
        """Right all the same if the target may have computed from numbers as coarse as those it wrote down."""
        if found.verdict != "wrong" or not claim.resolution.is_arithmetic:
            return found
        computed = self.boundary.as_arithmetic()
        again, reckoned = self.segments.judged(place, claim, computed)
        judged = opinion(again, reckoned)
        return judged if judged.right else with_precision(found, self.segments.replayed(place, claim, computed), reckoned.units)

    def _behind_wrong(self, here: Reckoned) -> bool:
        """Whether anything that the segment reads, or a weight in it, is wrong."""
        read = {source for name in here.nodes for source in self.graph.node(name).sources}
        return bool(read & self.wrong) or bool(self.weighed.wrong & set(here.nodes))

    def _behind(self, node: Node, place: Place, claim: Claim, here: Reckoned, found: Opinion, own: Opinion) -> Row:
        """Behind a wrong array: right again, or wrong by itself, or by what came in."""
        if own.right and own.usual:
            return self._written(node, place, claim, found if found.right else own, here)
        self.wrong.add(place)
        if found.verdict == "wrong":
            return self._written(node, place, claim, found, here, born=True)
        told = claim.resolution.exact or opinion(*self.segments.judged(place, claim, self.boundary.as_arithmetic())).right
        if told:
            return self._written(node, place, claim, replace(own, verdict="wrong", notes=()), here, inherited=True)
        note = say("cannot tell at this resolution whether it is wrong by itself")
        return self._written(node, place, claim, replace(own, verdict="wrong", notes=(note,)), here, born=None, inherited=None)

    def _statistics_of(self, node: Node, reckoner: Reckoner) -> Iterator[Row]:
        """Claimed running statistics of a layer after its step in training, on its claimed input."""
        own = [name for name in self.statistics if name.rpartition(".")[0] == node.name]
        if not own:
            return
        sources = [reckoner.source(place) for place in node.sources]
        incoming: tuple[Lines | None, ...] = tuple(s.lines for s in sources)
        case = Case(tuple(s.values for s in sources), 0, True, None, self.run.arithmetic(Place(node.name)), incoming)
        for name in own:
            key = name.rpartition(".")[2]
            try:
                lines = node.layer.state_bounds(key, case)
                yield remembered(node, key, lines, self.statistics[name](), self.whose)
            except NotCoveredError as error:
                yield Row(name, "statistic", node.layer.describe(), "undecided", False, False, whose=self.whose, notes=(error.sentence,))

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


def worth_dumping(graph: Graph, rows: Sequence[Row]) -> tuple[str, ...]:
    """Layers whose numbers would settle what is undecided: those that cut its segment into halves and quarters."""
    found: dict[str, None] = {}
    for row in rows:
        if row.verdict == "undecided" and len(row.segment) > 2:
            inner = cuts(graph, row.segment) or row.segment[:-1]
            for share in (2, 1, 3):
                found.setdefault(inner[len(inner) * share // 4])
    return tuple(found)


def cuts(graph: Graph, segment: Sequence[str]) -> list[str]:
    """The layers of a segment, the last one left out, that all behind them reads through: none on a branch that another one passes."""
    place = {name: k for k, name in enumerate(segment)}
    reads = [[place[source.name] for source in graph.node(name).sources if source.name in place] for name in segment]
    return [name for k, name in enumerate(segment[:-1]) if all(source >= k for sources in reads[k + 1 :] for source in sources)]
