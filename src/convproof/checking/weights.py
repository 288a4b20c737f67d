"""Claimed weights and inputs: compared before anything that is computed with them.

A parameter is no result, so there is nothing to round: it is the network's own number at the resolution it was written down in, or that
number in a shorter format (``precision``), or it is wrong. What the target computes with wrong weights is then judged on *its* weights,
so that a layer is not blamed for what it was given.

A target may also have folded a BatchNorm into the weights before it: scale * weight, and scale * bias + shift.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from convproof.checking.claims import Claim
from convproof.checking.judging import Judged
from convproof.checking.precisions import SHORTER
from convproof.checking.reckoning import Reckoned, Wiring
from convproof.checking.report import Kind, Row, Verdict
from convproof.checking.verdicts import figures_of, worst_of
from convproof.core.errors import NotCoveredError
from convproof.core.formats import FLOAT32, FLOAT64
from convproof.core.fusing import ScaleShift
from convproof.core.holder import with_arrays
from convproof.core.layer import Layer
from convproof.core.lines import Lines, no_error
from convproof.core.resolution import rounded
from convproof.core.sentence import Text, say
from convproof.core.shapes import Array
from convproof.network.graph import Graph, Place

Claims = Mapping[str, Callable[[], Claim]]


@dataclass(frozen=True)
class Weighed:
    """The rows of all claimed weights, the graph as the target has it, and the nodes whose weights are not the network's."""

    rows: tuple[Row, ...]
    graph: Graph
    wrong: frozenset[str]
    strayed: bool


def weigh(graph: Graph, claims: Claims, own: Mapping[str, Array], whose: Text) -> Weighed:
    """Compare claimed parameters and statistics with the network's ``own``, by their names in the state dict."""
    rows, changed, into, strayed = [], dict[str, Array](), set[str](), False
    folded = dict(folds(graph))
    for name, read in claims.items():
        claim = read()
        owner, _, key = name.rpartition(".")
        layer = graph.layers()[owner]
        row = compared(name, claim, own[name], layer, whose)
        if row.verdict == "wrong" and owner in folded:
            row = as_folded(row, claim, folded[owner], key)
            into |= {owner} if row.verdict != "wrong" else set()
        rows.append(row)
        if row.verdict in ("wrong", "precision"):
            changed[name] = claim.array.astype(own[name].dtype)
        strayed |= row.verdict == "precision"
    rows = [left_out(row, claims[row.name](), folded[owner]) if (owner := row.name.rpartition(".")[0]) in into else row for row in rows]
    wrong = {row.name.rpartition(".")[0] for row in rows if row.verdict == "wrong"}
    return Weighed(tuple(rows), graph_with(changed, graph), frozenset(sharing(graph, wrong)), strayed)


def compared(name: str, claim: Claim, own: Array, layer: Layer, whose: Text) -> Row:
    """The row of one claimed parameter."""
    key = name.rpartition(".")[2]
    return compared_data(name, "weight" if layer.declared()[key].learnt else "statistic", layer.describe(), claim, own, whose)


def compared_data(name: str, kind: Kind, described: Text, claim: Claim, own: Array, whose: Text) -> Row:
    """The row of numbers that nobody computed: the network's own, or those in a shorter format, or wrong."""
    judged = Judged(no_error(own.astype(np.float64)), claim.array.astype(np.float64), claim.resolution)
    row = Row(name, kind, described, "identical", notes=claim.notes, **figures_of(judged, whose))
    if not judged.beyond.any():
        return row
    for shorter in sorted(SHORTER, key=lambda shorter: shorter.only_products):  # weights are kept in float16, hardly in TF32
        if np.array_equal(rounded(own, shorter.format), judged.claimed):
            return replace(row, verdict="precision", usual=False, precision=shorter.id, notes=(shorter.title, *claim.notes))
    return replace(row, verdict="wrong", usual=False, born=True, shares=judged.shares)


@dataclass(frozen=True)
class Received:
    """What a target was given: the rows of claimed inputs, the inputs as the target has them, and those that are not the network's."""

    rows: tuple[Row, ...]
    given: Mapping[Place, Reckoned]
    wrong: frozenset[Place]
    strayed: bool


def receive(inputs: Mapping[Place, Reckoned], claims: Claims, whose: Text) -> Received:
    """Compare claimed inputs with the network's own; where they differ, the target is judged on the ones it has."""
    rows, given = [], dict(inputs)
    for name, read in claims.items():
        place, claim = Place(name), read()
        row = compared_data(name, "input", say("an input of the network"), claim, inputs[place].values, whose)
        rows.append(row)
        if row.verdict in ("wrong", "precision"):
            given[place] = claim.as_read()
    wrong = frozenset(Place(row.name) for row in rows if row.verdict == "wrong")
    return Received(tuple(rows), given, wrong, any(row.verdict == "precision" for row in rows))


@dataclass(frozen=True)
class Fold:
    """A layer and the scale and shift per channel that may be folded into it; ``by`` is the name of the layer they come from."""

    layer: Layer
    scale: ScaleShift
    by: str

    def weight(self, key: str) -> Lines | None:
        """The folded parameter: scale and root are rounded, and so is every product, 8*u in all."""
        try:
            exact = self.layer.folded(self.scale).get(key)
            sizes = self.layer.folded(ScaleShift(self.scale.scale, self.scale.made_of)).get(key)
        except NotCoveredError:
            return None
        if exact is None or sizes is None:
            return None
        own, scale = self.layer.arrays.get("bias"), abs(np.asarray(self.scale.scale, np.float64))
        size = abs(sizes) + (2 * scale * abs(own.astype(np.float64)) if key == "bias" and own is not None else 0.0)
        u = FLOAT32.u + FLOAT64.u
        return Lines(exact, np.asarray(8 * u * size + FLOAT32.tiny), np.asarray(u * size))

    def judged(self, key: str, claim: Claim) -> Judged | None:
        """A claimed parameter beside the folded one; None if that is not known, or of another shape."""
        lines = self.weight(key)
        if lines is None or lines.exact.shape != claim.array.shape:
            return None
        return Judged(lines, claim.array.astype(np.float64), claim.resolution)


def folds(graph: Graph) -> Iterator[tuple[str, Fold]]:
    """Every layer into which the next one may be folded."""
    wiring = Wiring.of(graph)
    for node in graph:
        kind = node.layer.is_a()
        before = wiring.nodes.get(node.sources[0].name) if node.sources else None
        alone = before is not None and wiring.readers[node.sources[0]] == 1
        if isinstance(kind, ScaleShift) and before is not None and alone and ScaleShift in before.layer.absorbs():
            yield before.name, Fold(before.layer, kind, node.name)


def as_folded(row: Row, claim: Claim, fold: Fold, key: str) -> Row:
    """The row of a parameter that turns out to have the next layer folded into it."""
    judged = fold.judged(key, claim)
    if judged is None or not judged.provable:
        return row
    note = say("{layer} is folded into it", layer=fold.by)
    verdict: Verdict = "identical" if judged.identical else "rounding"
    return replace(row, verdict=verdict, usual=True, born=False, worst=worst_of(judged), beyond=0, notes=(note, *row.notes), shares=None)


def left_out(row: Row, claim: Claim, fold: Fold) -> Row:
    """The row of a parameter beside one that has the next layer folded into it: it is wrong if it should have, and has not."""
    judged = fold.judged(row.name.rpartition(".")[2], claim)
    if judged is None or judged.provable:
        return row
    note = say("{layer} is folded into the other parameters, and not into this one", layer=fold.by)
    found = replace(row, worst=worst_of(judged), beyond=int(judged.beyond.sum()), shares=judged.shares)
    return replace(found, verdict="wrong", usual=False, born=True, precision=None, notes=(note, *row.notes))


def graph_with(arrays: Mapping[str, Array], graph: Graph) -> Graph:
    """The graph with other arrays in some of its layers; a layer in several nodes stays one layer. The graph itself is left alone."""
    if not arrays:
        return graph
    changed: dict[int, Layer] = {}
    for name, layer in graph.layers().items():
        own = {key: arrays[f"{name}.{key}"] for key in layer.arrays if f"{name}.{key}" in arrays}
        if own:
            changed[id(layer)] = with_arrays(layer, layer.arrays | own)
    nodes = tuple(replace(node, layer=changed.get(id(node.layer), node.layer)) for node in graph)
    return replace(graph, nodes=nodes)


def sharing(graph: Graph, names: set[str]) -> Iterator[str]:
    """All nodes that hold the same layer as one of these."""
    layers = {id(node.layer) for node in graph if node.name in names}
    return (node.name for node in graph if id(node.layer) in layers)
