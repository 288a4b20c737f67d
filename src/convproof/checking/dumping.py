"""Which arrays would settle what is undecided: those that cut a deep segment into halves and quarters."""

from collections.abc import Sequence

from convproof.checking.report import Row
from convproof.network.graph import Graph


def worth_dumping(graph: Graph, rows: Sequence[Row]) -> tuple[str, ...]:
    """Layers whose numbers would settle what is undecided: those that cut its segment into halves and quarters."""
    found: dict[str, None] = {}
    for row in rows:
        if row.verdict == "undecided" and len(row.segment) > 2:
            inner = cuts(graph, row.segment) or row.segment[:-1]
            for share in (2, 1, 3):
                found.setdefault(inner[len(inner) * share // 4])
    return tuple(node.name for node in graph if node.name in found)


def cuts(graph: Graph, segment: Sequence[str]) -> list[str]:
    """The layers of a segment, the last one left out, that all behind them reads through: none on a branch that another one passes."""
    place = {name: k for k, name in enumerate(segment)}
    reads = [[place[source.name] for source in graph.node(name).sources if source.name in place] for name in segment]
    return [name for k, name in enumerate(segment[:-1]) if all(source >= k for sources in reads[k + 1 :] for source in sources)]
