"""Claimed running statistics, as a step in training leaves them: judged on what the layer read, as the target has it.

A layer that stands in several nodes moves its statistics in each: the next node begins with what the one before left. What that one may
have been off by comes in whole, since a new mean counts (1 - momentum) of the old one, and that is at most 1.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from convproof.checking.claims import Claim
from convproof.checking.judging import Judged
from convproof.checking.reckoning import Ran, Reckoner
from convproof.checking.report import Row, Verdict
from convproof.checking.verdicts import figures_of
from convproof.core.errors import NotCoveredError
from convproof.core.evaluation import Case
from convproof.core.holder import with_arrays
from convproof.core.layer import Layer
from convproof.core.lines import Lines, carried
from convproof.core.sentence import Text
from convproof.network.graph import Graph, Node, Place


@dataclass
class Remembering:
    """The claimed statistics of a graph, by their names in the state dict; ``left`` are lines of them after earlier nodes."""

    graph: Graph
    claims: Mapping[str, Callable[[], Claim]]
    run: Ran
    whose: Text
    moved: dict[str, Layer] = field(default_factory=dict)
    left: dict[str, Lines] = field(default_factory=dict)

    def rows(self, node: Node, reckoner: Reckoner) -> Iterator[Row]:
        """The rows of a layer's statistics, after the last node in which it stands."""
        users = [other.name for other in self.graph if other.layer is node.layer]
        own = [name for name in self.claims if name.rpartition(".")[0] == users[0]]
        if not own:
            return
        layer, case = self.moved.get(users[0], node.layer), self._case(node, reckoner)
        try:
            for key in statistics_of(layer):
                name, lines = f"{users[0]}.{key}", layer.state_bounds(key, case)
                before = self.left.get(name)
                self.left[name] = lines if before is None else carried(lines, before.proof, np.asarray(before.sigma**2))
        except NotCoveredError as error:
            for name in own:
                yield Row(
                    name, "statistic", layer.describe(), "undecided", usual=False, proved=False, whose=self.whose, notes=(error.sentence,)
                )
            return
        now = {key: self.left[f"{users[0]}.{key}"].exact for key in statistics_of(layer)}
        self.moved[users[0]] = with_arrays(layer, layer.arrays | {k: a.astype(_wide(layer.arrays[k])) for k, a in now.items()})
        if node.name == users[-1]:
            yield from (remembered(name, node.layer, self.left[name], self.claims[name](), self.whose) for name in own)

    def _case(self, node: Node, reckoner: Reckoner) -> Case:
        sources = [reckoner.source(place) for place in node.sources]
        incoming = tuple(s.lines for s in sources)
        return Case(tuple(s.values for s in sources), 0, True, None, self.run.arithmetic(Place(node.name)), incoming)


def statistics_of(layer: Layer) -> list[str]:
    """The names of what a step in training moves."""
    return [key for key, declared in layer.declared().items() if not declared.learnt and layer.arrays[key] is not None]


def _wide(array: Any) -> Any:
    return np.float64 if array.dtype.kind in "fV" else array.dtype


def remembered(name: str, layer: Layer, lines: Lines, claim: Claim, whose: Text) -> Row:
    """The row of a running statistic."""
    judged = Judged(lines, claim.array.astype(np.float64), claim.resolution)
    verdict: Verdict = "identical" if judged.identical else "rounding" if judged.provable else "wrong"
    return Row(
        name=name,
        kind="statistic",
        described=layer.describe(),
        verdict=verdict,
        usual=verdict != "wrong" and judged.usual,
        born=verdict == "wrong",
        notes=claim.notes,
        **figures_of(judged, whose),
    )


def after_training(graph: Graph, names: Sequence[str]) -> tuple[str, ...]:
    """Those of the names that a step in training changes: running statistics of layers in training mode."""
    layers = graph.layers()

    def moves(name: str) -> bool:
        owner, _, key = name.rpartition(".")
        layer = layers[owner]
        return layer.training and not layer.declared()[key].learnt

    return tuple(name for name in names if moves(name))
