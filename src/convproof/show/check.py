"""A check as a table: one row for each array, the first wrong one on top, and what the figures mean in a plain sentence."""

import io

from convproof.checking.report import Report, Row
from convproof.core.sentence import Sentence, say, spoken
from convproof.show.numbers import cell as shown
from convproof.show.numbers import rough

COLUMNS = (
    say("layer"),
    say("verdict"),
    say("worst cell"),
    say("claimed"),
    say("exact"),
    say("of proof line"),
    say("of usual line"),
    say("ULP"),
)
VERDICTS = {
    "identical": say("identical"),
    "rounding": say("rounding"),
    "precision": say("precision"),
    "undecided": say("undecided"),
    "wrong": say("wrong"),
}


def text(report: Report, lang: str | None = None) -> str:
    """The table as plain text."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    drawn = Table(*(column.text(lang) for column in COLUMNS), box=box.SIMPLE_HEAD, pad_edge=False)
    for row in ordered(report):
        drawn.add_row(*cells(row, lang))
    console = Console(file=io.StringIO(), width=160, color_system=None, legacy_windows=False)
    console.print(drawn)
    table: str = console.file.getvalue()  # type: ignore[attr-defined]
    lines = [line.rstrip() for line in table.rstrip().splitlines()]
    return "\n".join([spoken(report.judged, lang), *lines, "", meaning(report).text(lang)])


def ordered(report: Report) -> list[Row]:
    """The first wrong row, then all others in the network's order."""
    first = report.worst if report.first_wrong else None
    return [*([first] if first else []), *(row for row in report.rows if row is not first)]


def cells(row: Row, lang: str | None = None) -> list[str]:
    """One row's texts."""
    verdict = VERDICTS[row.verdict].text(lang)
    if row.born:
        verdict = say("{verdict}, born here", verdict=verdict).text(lang)
    if row.inherited:
        verdict = say("{verdict}, inherited", verdict=verdict).text(lang)
    worst = row.worst
    if worst is None:
        return [row.name, verdict, "-", "-", "-", "-", "-", "-"]
    at = f"[{', '.join(map(str, worst.cell))}]"
    return [
        row.name,
        verdict,
        at,
        shown(worst.claimed),
        shown(worst.exact),
        rough(worst.of_proof),
        rough(worst.of_usual),
        rough(worst.ulps),
    ]


def meaning(_: Report) -> Sentence:
    """What the figures say to somebody who never heard of a bound."""
    return say(
        "a number up to 1 of the proof line may be nothing but rounding; above it, no correct computation in this number format gets there"
    )
