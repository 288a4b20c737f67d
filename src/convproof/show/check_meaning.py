"""What a check found, in plain sentences, for somebody who never heard of a bound. They are chosen by the worst that was found."""

from collections.abc import Callable, Iterator

import numpy as np

from convproof.checking.report import Report, Row, Verdict
from convproof.core.sentence import Sentence, listed, plural, say
from convproof.show.check_words import IN_WORDS, explaining, is_read, numbers, place, times, wrapped
from convproof.show.numbers import rough

FEW = 4
COLUMNS = 88  # pytest puts twelve before every line


def meaning(report: Report) -> list[Sentence]:
    """The sentences under the table: what was found, what the figures say of it, and what to do next."""
    worst = report.worst
    if worst is not None and report.silent:
        gave = say("{names} gave nothing that could be judged, which counts as a failure.", names=listed(report.silent))
        return [gave, *report.missing[:FEW], *FOUND[worst.verdict](report, worst), *coverage(report)]
    if worst is None:
        return [say("nothing was judged: no array of the network was claimed"), *report.missing[:FEW]]
    return [*FOUND[worst.verdict](report, worst), *coverage(report), *report.missing[:FEW]]


def complaint(report: Report, fail_on: str = "undecided") -> str:
    """What ``require()`` raises: whose numbers were judged, the worst cell with both values and the bound, and the command behind it."""
    worst = report.worst
    told = of_row(report, worst) if worst is not None and worst.verdict != "wrong" and not report.silent else meaning(report)
    if worst is not None and fail_on not in ("wrong", "undecided"):
        told = [say("{name} is {verdict}, which counts as a failure here.", name=worst.name, verdict=IN_WORDS[worst.verdict]), *told]
    return "\n".join(wrapped(str(sentence), COLUMNS) for sentence in (report.judged, *told))


def of_row(report: Report, row: Row) -> list[Sentence]:
    """What is to be said of one row alone."""
    told = row.verdict in ("undecided", "precision")  # the first note is in these sentences already
    notes = [say("{note}.", note=note) for note in row.notes[told:]]
    if row.verdict == "wrong":
        return [*_what(row), *notes, *_next(report, row)]
    return [*FOUND[row.verdict](report, row), *notes, *_far(row), *_next(report, row)]


def _wrong(report: Report, row: Row) -> Iterator[Sentence]:
    wrong = [other for other in report.rows if other.verdict == "wrong" and other.whose == row.whose]
    yield from _what(row, first=len(wrong) > 1)
    yield from _others(report, row)
    if inherited := [other.name for other in wrong if other.inherited]:
        yield say("It makes wrong, though they compute right from what they get: {names}.", names=listed(inherited, FEW))
    if born := [other.name for other in wrong if other.born and other is not row]:
        yield say("Wrong by themselves too: {names}.", names=listed(born, FEW))
    yield from _next(report, row)


def _what(row: Row, first: bool = False) -> Iterator[Sentence]:
    """What is wrong, and by how much."""
    if row.kind == "input":
        yield say("{name} is another input than the one that was given: whatever is computed from it follows from that.", name=row.name)
    elif is_read(row):
        yield say("{name} is not the model's: whatever is computed with it follows from that.", name=row.name)
    elif row.born and len(row.segment) > 1:
        yield say(
            "{name} is wrong by itself: the mistake is made in one of {n} layers, {first} to {name}.",
            name=row.name,
            n=len(row.segment),
            first=row.segment[0],
        )
    elif row.born:
        yield (
            say("{name} is the first that is wrong by itself.", name=row.name)
            if first
            else say("{name} is wrong by itself.", name=row.name)
        )
    elif row.inherited:
        yield say("{name} is wrong, but right for what it reads: the mistake came in with it.", name=row.name)
    else:
        yield say("{name} is wrong.", name=row.name)
    yield from _far(row)
    if is_read(row):
        yield plural("{n} of its numbers differs.", "{n} of its numbers differ.", n=row.beyond)
    elif row.beyond == row.cells > 1:
        yield say("All of its {cells} numbers are farther off than rounding can do.", cells=row.cells)
    elif row.beyond > 1:
        yield say("{beyond} of its {cells} numbers are farther off than rounding can do.", beyond=row.beyond, cells=row.cells)


def _far(row: Row) -> Iterator[Sentence]:
    """The worst cell, both numbers, and how far a correct computation may stray."""
    worst = row.worst
    if worst is None:
        return
    claimed, exact = numbers(row)
    facts = {"cell": place(row), "claimed": claimed, "exact": exact}
    if is_read(row) or not np.isfinite(worst.claimed):
        yield say("At {cell} stands {claimed}, where {exact} is right.", **facts)
    elif worst.proof == 0 and worst.gap > 0:
        yield say(
            "At {cell} stands {claimed}, where {exact} is right: no rounding happens there, so every correct computation gets that.",
            **facts,
        )
    elif not np.isfinite(worst.proof):
        yield say("At {cell} stands {claimed}, where {exact} is expected; how far rounding may go there is not known.", **facts)
    elif worst.of_proof > 1 and row.coarse:
        yield say(
            "At {cell} stands {claimed}, where {exact} is right, {distance} off: the resolution of the numbers ({resolution}) leaves {open}"
            " open, and rounding {proof} more.",
            distance=rough(abs(worst.claimed - worst.exact)),
            open=rough(max(0.0, abs(worst.claimed - worst.exact) - worst.gap)),
            resolution=row.resolution,
            proof=rough(worst.proof),
            **facts,
        )
    elif worst.of_proof > 1:
        yield say(
            "At {cell} stands {claimed}, where {exact} is right: rounding, in whatever order sums are taken, can do at most {proof}, and"
            " this is {times} times as far off.",
            proof=rough(worst.proof),
            times=times(worst.of_proof),
            **facts,
        )
    else:
        yield say("At {cell} stands {claimed}, where {exact} is exact: rounding can do at most {proof}.", proof=rough(worst.proof), **facts)


def _others(report: Report, row: Row) -> Iterator[Sentence]:
    """What others than the one whose row is wrong have there."""
    yield from report.outliers[:FEW]
    others = [other for other in report.rows if other.name == row.name and other.whose != row.whose]
    if others and all(other.verdict == "wrong" for other in others):
        yield say("All who were asked differ from the exact numbers there: look first whether they had this model and this input.")


def _next(report: Report, row: Row) -> Iterator[Sentence]:
    if command := explaining(report, row):
        yield say("How the right number comes about:")
        yield say("  {command}", command=command)


def _undecided(report: Report, row: Row) -> Iterator[Sentence]:
    open_ones = [other.name for other in report.rows if other.verdict == "undecided"]
    reason = row.notes[0] if row.notes else say("no bound is known")
    yield say(
        "Nothing is proved wrong, but this is not proved right either: {names} ({reason}).", names=listed(open_ones, FEW), reason=reason
    )
    if report.settles:
        yield say("Dump {names} to settle it, and check again.", names=_joined(report.settles))


def _precision(report: Report, _row: Row) -> Iterator[Sentence]:
    titles: dict[str, tuple[Sentence, list[str]]] = {}
    for row in report.rows:
        if row.verdict == "precision":
            titles.setdefault(row.notes[0].text(), (row.notes[0], []))[1].append(row.name)
    yield say("Nothing is proved wrong. What is more than rounding in this number format may be another arithmetic:")
    for title, names in titles.values():
        yield say("{names}: {title}.", names=listed(names, FEW), title=title)


def _rounding(report: Report, _row: Row) -> Iterator[Sentence]:
    typical = [other.name for other in report.rows if not other.proved]
    unusual = [other.name for other in report.rows if not other.usual]
    if typical:
        yield say("Nothing speaks against these numbers: all differences are of the size that rounding usually has.")
        yield say("For {names} that is no proof, since several layers lie before it.", names=listed(typical, FEW))
    elif unusual:
        yield say("Nothing is proved wrong: no number is farther off than rounding can bring it (1 in the column of proof).")
    else:
        yield say("All is right to within rounding: no number is farther off than rounding can bring it (1 in the column of proof).")
    if unusual:
        yield say(
            "But this is more than rounding usually does (1 in the column of usual): {names}. Constant data can do that, and so can a small"
            " mistake.",
            names=listed(unusual, FEW),
        )


def _identical(_report: Report, _row: Row) -> Iterator[Sentence]:
    yield say("All is right: every number is the exact one, rounded as it was written down.")


FOUND: dict[Verdict, Callable[[Report, Row], Iterator[Sentence]]] = {
    "identical": _identical,
    "rounding": _rounding,
    "precision": _precision,
    "undecided": _undecided,
    "wrong": _wrong,
}


def coverage(report: Report) -> Iterator[Sentence]:
    """What was not judged."""
    if missing := unjudged(report):
        n = len(report.covered)
        yield plural(
            "{n} of {all} layers was judged; not: {names}.",
            "{n} of {all} layers were judged; not: {names}.",
            n=n,
            all=n + len(missing),
            names=listed(missing, FEW),
        )


def unjudged(report: Report) -> list[str]:
    """The layers of which nothing was claimed, nor of one that they are judged with."""
    judged = report.covered
    return [name for name in report.unclaimed if name not in judged]


def _joined(names: tuple[str, ...]) -> Sentence:
    """a, b and c."""
    *rest, last = names
    return say("{names} and {last}", names=listed(rest), last=last) if rest else say("{last}", last=last)
