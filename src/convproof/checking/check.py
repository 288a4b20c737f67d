"""``cp.check``: claimed numbers, and those of witnesses, judged by the exact ones."""

from collections.abc import Mapping
from typing import Any

from convproof.checking.claims import Boundary
from convproof.checking.examining import Examination, settling
from convproof.checking.matching import match, only_output
from convproof.checking.report import Report, merged
from convproof.checking.subject import Subject
from convproof.core.errors import SettingError
from convproof.core.layer import Layer
from convproof.core.resolution import Resolution
from convproof.core.sentence import Text, either, listed, say
from convproof.network.network import Network

YOURS = "yours"


def check(
    model: Layer | Network,
    x: Any,
    claimed: Any = None,
    against: Any = None,
) -> Report:
    """Judge ``claimed`` numbers, and those of the witnesses ``against``, by the exact ones of ``model`` on ``x``. Changes nothing.

    ``claimed`` is a mapping from names of layers to arrays, the array itself for a single layer or a network's only output, or a
    function that computes one of these from ``x``. ``against`` names witnesses: "torch", "onnxruntime", "onnx-reference", a function,
    or several of them.

    Raises SettingError if nothing is to be judged, UnknownNameError and ShapeError for claims that do not fit the network.
    """
    subject = Subject.of(model, x)
    reports = []
    if claimed is not None:
        named = by_name(subject, claimed)
        reports.append(examined(subject, named, YOURS, None))
    if against is not None:
        raise SettingError("no witness can be asked yet")
    if not reports:
        raise SettingError("nothing to judge: give claimed=, your numbers, or against=, a witness such as {names}", names=either(["torch"]))
    return merged(
        reports, say("{whose}, judged by the exact values of {layers} layers", whose=listed(["your numbers"]), layers=len(subject.network))
    )


def by_name(subject: Subject, claimed: Any) -> Mapping[str, Any]:
    """Claimed arrays by name, however they were given."""
    if callable(claimed):
        claimed = claimed(*subject.inputs)
    if isinstance(claimed, Mapping):
        return claimed
    return {only_output(subject): claimed}


def examined(subject: Subject, claimed: Mapping[str, Any], whose: Text, declared: Resolution | None) -> Report:
    """One set of claims judged."""
    matched = match(subject, claimed, declared)
    graph = subject.network.graph
    rows = Examination(graph, Boundary(subject.given(), matched.outputs), subject.run, whose).rows()
    named = {place.name for place in matched.outputs}
    unclaimed = tuple(node.name for node in graph if node.name not in named)
    return Report(rows, whose, unclaimed, settling(rows), graph.aliases)
