"""``cp.check``: claimed numbers, and those of witnesses, judged by the exact ones."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from convproof.checking.claims import Boundary
from convproof.checking.dumping import worth_dumping
from convproof.checking.examining import Examination
from convproof.checking.matching.declared_formats import UNDECLARED, Formats
from convproof.checking.matching.match import match, only_output
from convproof.checking.reckoning import Wiring
from convproof.checking.remembering import after_training
from convproof.checking.report import Report, Row
from convproof.checking.subject import Subject
from convproof.checking.weights import receive, weigh
from convproof.core.errors import SettingError, UnknownNameError
from convproof.core.layer import Layer
from convproof.core.resolution import Resolution
from convproof.core.sentence import Sentence, Text, either, listed, plural, say
from convproof.network.network import Network

YOURS = "yours"
LOOKED_AT = 8  # wrong arrays that are compared with other ones of the network
MODES = {"training": say("training mode"), "eval": say("eval mode")}


def check(
    model: Any,
    x: Any = None,
    claimed: Any = None,
    against: Any = None,
    *,
    partial: bool = True,
    layout: str | None = None,
    format: str | Resolution | Mapping[str, str | Resolution] | None = None,
    raw: Any = None,
) -> Report:
    """Judge ``claimed`` numbers, and those of the witnesses ``against``, by the exact ones of ``model`` on ``x``. Changes nothing.

    ``model`` is a Layer or a Network.

    ``x`` is an array, or a tuple of arrays for several inputs; None takes it from the claimed files, where they hold it (golden vectors,
    a saved run).

    ``claimed``: a mapping from names of layers, or of parameters (bn1.running_mean), to arrays; the array itself for a single layer or a
    network's only output; the path of a file or of a folder that a target wrote; or a function that computes one of these from ``x``.

    ``against``: witnesses, one or several: "torch", "onnxruntime", "onnx-reference", a torch.nn.Module, a function of the inputs.

    ``partial`` False asks for an array of every layer. ``layout`` says in which order the axes of all claimed arrays are ("nhwc"),
    ``format`` how they were written down ("q7.8", "int8:0.05:-3", "float16", "decimals:4"; a mapping from names and wildcards, where
    they differ: {"*": "int8:0.05:-3", "fc": "float16"}), ``raw`` what raw binary files hold ("float32:big"); what is not said is read
    from the text or from the dtype.

    Raises SettingError if nothing is to be judged, UnknownNameError, ShapeError, DTypeError and FileError for what does not fit.
    """
    files = _opened(claimed, raw)
    subject = Subject.of(model, _input(claimed, model) if x is None else x)
    reports: list[Report] = []
    if claimed is not None:
        named = files if files is not None else by_name(subject, claimed)
        if files is not None:
            require_fit(subject, claimed)
        reports.append(examined(subject, named, YOURS, Formats.of(format), layout))
    reports += [report for witness in several(against) for report in asked(subject, witness)]
    if not reports or (isinstance(claimed, Mapping) and not claimed):
        raise SettingError(
            "nothing to judge: give claimed=, your numbers, or against=, a witness such as {names}", names=either(["torch", "onnxruntime"])
        )
    if claimed is not None and not partial:
        require_all(subject, reports[0])
    return together(subject, reports)


def require_all(subject: Subject, report: Report) -> None:
    """Raise UnknownNameError if layers were not claimed, nor fused into one that was; no target dumps what only hands on its input."""
    graph = subject.network.graph
    unclaimed = set(report.unclaimed) - subject.handed_on
    wiring, given = Wiring.of(graph), {place for place in subject.places.values() if place.name not in unclaimed}
    for node in graph.nodes:
        head = wiring.absorber(node, given) if node.name not in report.unclaimed else None
        while head is not None and node is not head:
            node = graph.node(node.sources[0].name)
            unclaimed.discard(node.name)
    if unclaimed:
        raise UnknownNameError(
            "nothing was claimed of {layers}; claim them too, or allow that with partial=True (--partial)",
            layers=listed([name for name in report.unclaimed if name in unclaimed], most=8),
        )


def several(against: Any) -> tuple[Any, ...]:
    """One witness or several: "torch", ["torch", "onnxruntime"], "torch,onnxruntime"."""
    if against is None:
        return ()
    if isinstance(against, str):
        return tuple(name.strip() for name in against.split(",") if name.strip())
    return tuple(against) if isinstance(against, Sequence) else (against,)


def by_name(subject: Subject, claimed: Any) -> Mapping[str, Any]:
    """Claimed arrays by name, however they were given."""
    if callable(claimed):
        claimed = claimed(*subject.inputs)
    if not isinstance(claimed, Mapping):
        return {only_output(subject): claimed}
    for name in claimed:
        if not isinstance(name, str):
            raise UnknownNameError(
                "{name!r} is no name of an array; claimed arrays go by names, such as {known}",
                name=name,
                known=listed(list(subject.places), 3),
            )
    return claimed


def examined(subject: Subject, claimed: Mapping[str, Any], whose: Text, formats: Formats = UNDECLARED, layout: str | None = None) -> Report:
    """One set of claims judged."""
    matched = match(subject, claimed, formats, layout)
    graph = subject.network.graph
    later = after_training(graph, list(matched.state))
    weighed = weigh(graph, {k: v for k, v in matched.state.items() if k not in later}, subject.state, whose)
    statistics = {name: matched.state[name] for name in later}
    received = receive(subject.given(), matched.inputs, whose)
    boundary = Boundary(received.given, matched.outputs)
    boundary = boundary.as_arithmetic() if formats.computes else boundary
    subject.let_go()
    rows = Examination(graph, subject.given(), boundary, subject.run, whose, weighed, received, statistics).rows()
    wrong = [row.name for row in rows if row.verdict == "wrong" and row.born][:LOOKED_AT]
    rows = tuple(replace(row, notes=(*row.notes, *matched.seems(row.name))) if row.name in wrong else row for row in rows)
    subject.let_go()
    named = {subject.places[row.name].name for row in rows if row.kind == "output"}
    unclaimed = tuple(node.name for node in graph if node.name not in named)
    return Report(rows, whose, unclaimed, worth_dumping(graph, rows), graph.aliases, missing=matched.ignored)


def asked(subject: Subject, witness: Any) -> list[Report]:
    """The answers of one witness, each judged; an output that its optimised graph gives is judged apart from the arrays on the way."""
    from convproof.witness.asking import ask

    found = []
    for answer in ask(witness, subject.network, subject.inputs):
        missing = tuple(
            say("{whose} gave no {name}: {reason}", whose=answer.name, name=name, reason=reason) for name, reason in answer.missing.items()
        )
        report = examined(subject, answer.arrays, answer.name)
        found.append(replace(report, missing=(*report.missing, *missing)))
    if any(report.rows for report in found):
        return found
    return [replace(report, silent=(report.judged,)) for report in found]


def together(subject: Subject, reports: Sequence[Report]) -> Report:
    """All reports as one; of several witnesses the outlier is named."""
    rows = tuple(row for report in reports for row in report.rows)
    unclaimed = tuple(name for name in reports[0].unclaimed if all(name in report.unclaimed for report in reports))
    settles = tuple(dict.fromkeys(name for report in reports for name in report.settles))
    whose = listed([say("your numbers") if report.judged == YOURS else report.judged for report in reports])
    judged = say("{whose}, judged by the exact values of {network}", whose=whose, network=_described(subject))
    missing = tuple(sentence for report in reports for sentence in report.missing)
    silent = tuple(dict.fromkeys(whose for report in reports for whose in report.silent))
    return Report(rows, judged, unclaimed, settles, reports[0].aliases, outliers=tuple(outliers(rows)), missing=missing, silent=silent)


def outliers(rows: Sequence[Row]) -> list[Sentence]:
    """For each array that several were asked for, and that one of them alone has wrong: who it is."""
    found = []
    for name in dict.fromkeys(row.name for row in rows):
        asked = [row for row in rows if row.name == name]
        wrong = [row for row in asked if row.verdict == "wrong"]
        if len(asked) > 1 and len(wrong) == 1 and not wrong[0].inherited:
            found.append(say("{whose} is the outlier at {name}: the others agree with the exact value", whose=wrong[0].whose, name=name))
    return found


def _described(subject: Subject) -> Text:
    if subject.single:
        return subject.network.graph.nodes[0].layer.describe()
    return plural("a network of {n} layer", "a network of {n} layers", n=len(subject.network))


def _opened(claimed: Any, raw: Any) -> Mapping[str, Any] | None:
    """The arrays of a claimed file or folder, not read yet; None for anything else."""
    if not isinstance(claimed, str | Path):
        return None
    from convproof.formats.dumps.declared import parse_raw
    from convproof.formats.dumps.opening import open_dumps

    return {dump.name: dump for dump in open_dumps(claimed, parse_raw(raw) if isinstance(raw, str) else raw)}


def require_fit(subject: Subject, path: str | Path) -> None:
    """Raise UnknownNameError, ShapeError or SettingError for a folder whose manifest is not of this network."""
    from convproof.checking.golden import require_weights
    from convproof.formats.dumps.opening import has_manifest
    from convproof.formats.golden.manifest import read_manifest

    if not has_manifest(path):
        return
    manifest = read_manifest(path)
    mode = "training" if subject.network.training else "eval"
    if manifest.mode != mode:
        raise SettingError(
            "{path} was written in {theirs}, and the network is in {own}; put it into that mode (--train, --eval)",
            path=path,
            theirs=MODES.get(manifest.mode, manifest.mode),
            own=MODES[mode],
        )
    own = {name: array.shape for name, array in (*subject.trace.arrays.items(), *subject.state.items())}
    manifest.require_fit(own, path)
    require_weights(subject, manifest, path)


def _input(claimed: Any, model: Layer | Network) -> Any:
    """The input that a claimed file brings with it. Raises SettingError if it brings none."""
    from convproof.formats.golden.manifest import input_of

    names = model.graph.inputs if isinstance(model, Network) else ("input",)
    if isinstance(claimed, Mapping) and all(name in claimed for name in names):
        return tuple(claimed[name] for name in names)
    found = input_of(claimed, names) if isinstance(claimed, str | Path) else None
    if found is None:
        raise SettingError("the input is missing: give x (INPUT), or claimed files that hold it, such as golden vectors")
    return found
