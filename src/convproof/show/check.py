"""A check as a table: one row for each array, the first wrong one on top; under it what the figures mean, in plain sentences.

of proof   the distance in units of the most that rounding can do
of usual   the distance in units of what rounding hardly ever exceeds
ULP        the distance in steps of the number format
"""

import io
from collections.abc import Iterable
from string import ascii_lowercase
from typing import TYPE_CHECKING

from convproof.checking.report import Report, Row
from convproof.core.sentence import Sentence, Text, listed, plural, say, spoken
from convproof.show.check_meaning import meaning
from convproof.show.check_words import WIDE, asked, indices, numbers, printable, share, titled, verdict, wrapped
from convproof.show.width import fits, width

if TYPE_CHECKING:
    from rich.table import Table

LAYER, WHOSE = say("layer"), say("whose")
COLUMNS = (say("verdict"), say("worst cell"), say("claimed"), say("exact"), say("of proof"), say("of usual"), say("ULP"))
FIGURES = 5  # columns at the end that hold numbers
GAP = 2
SHORTEST = 16
KEYS = 3
NOTHING_LOST = ("float32", "float64")


def text(report: Report, lang: str | None = None) -> str:
    """The table, what is remarkable of its rows, and what the figures say."""
    head = [report.judged, *([asked_for(report)] if len(asked(report)) > 1 else [])]
    blocks = [[wrapped(spoken(line, lang)) for line in head]]
    if report.rows:
        blocks.append(_drawn(table(report, lang)))
    blocks += [[wrapped(sentence.text(lang)) for sentence in said] for said in (remarks(report), meaning(report))]
    return "\n\n".join("\n".join(block) for block in blocks if block)


def asked_for(report: Report) -> Sentence:
    """What the letters in the column "whose" stand for."""
    return say("whose: {names}", names=listed(say("{letter} {name}", letter=letter, name=name) for name, letter in letters(report).items()))


def letters(report: Report) -> dict[Text, str]:
    """A letter for everybody whose numbers were judged."""
    names = asked(report)
    return dict(zip(names, ascii_lowercase if len(names) <= len(ascii_lowercase) else map(str, range(len(names))), strict=False))


def table(report: Report, lang: str | None = None) -> "Table":
    """The rows as a Rich table of at most 100 columns, where names leave that room."""
    from rich import box
    from rich.table import Table
    from rich.text import Text as Shown

    rows, letter = ordered(report), letters(report)
    several = len(letter) > 1
    heads = [title.text(lang) for title in (*([WHOSE] if several else []), *COLUMNS)]
    body = [[*([letter[row.whose]] if several else []), *cells(row, lang)] for row in rows]
    names, title = [printable(row.name) for row in rows], LAYER.text(lang)
    taken = sum(max(map(width, column)) + GAP for column in zip(heads, *body, strict=True))
    room = max(SHORTEST, WIDE - 1 - taken)
    drawn = Table(title, *heads, box=box.SIMPLE_HEAD, show_edge=False, padding=(0, GAP - 1, 0, 0))
    for k, column in enumerate(drawn.columns):
        column.no_wrap = True
        column.justify = "right" if k >= len(drawn.columns) - FIGURES else "left"
    for name, line in zip(names, body, strict=True):
        drawn.add_row(*map(Shown, (middle(name, room), *line)))
    return drawn


def middle(name: str, room: int) -> str:
    """A name that is too long is cut in the middle: both ends of it tell where it stands."""
    if width(name) <= room:
        return name
    end = name[len(name) - fits(name[::-1], (room - 2) // 2) :]
    return name[: fits(name, room - 2 - width(end))] + ".." + end


def _drawn(table: "Table") -> list[str]:
    """The lines of a table."""
    from rich.console import Console

    console = Console(file=io.StringIO(), width=400, color_system=None, legacy_windows=False)
    console.print(table)
    drawn: str = console.file.getvalue()  # type: ignore[attr-defined]
    return [line.rstrip() for line in drawn.rstrip().splitlines()]


def ordered(report: Report) -> list[Row]:
    """The first wrong row, then all others in the network's order; what several claimed of one array stands together."""
    order = sequence([[row.name for row in report.rows if row.whose == whose] for whose in asked(report)])
    rows = sorted(report.rows, key=lambda row: order.index(row.name))
    first = report.worst if report.first_wrong else None
    return [*([first] if first else []), *(row for row in rows if row is not first)]


def sequence(lists: Iterable[list[str]]) -> list[str]:
    """Lists in one order as one list in that order: what is new stands behind what it followed."""
    order: list[str] = []
    for names in lists:
        at = 0
        for name in names:
            if name not in order:
                order.insert(at, name)
            at = order.index(name) + 1
    return order


def cells(row: Row, lang: str | None = None) -> list[str]:
    """One row's texts behind its name."""
    said, worst = verdict(row).text(lang), row.worst
    if worst is None:
        return [said, *["-"] * (len(COLUMNS) - 1)]
    return [said, indices(worst) or "-", *numbers(row), share(worst.of_proof), share(worst.of_usual), share(worst.ulps)]


def remarks(report: Report) -> list[Sentence]:
    """What is to be said of single rows; rows of which the same is said share a line."""
    several = len(asked(report)) > 1
    said: dict[str, tuple[Sentence, dict[str, None]]] = {}
    for row in ordered(report):
        for remark in remarks_of(row):
            said.setdefault(remark.text(), (remark, {}))[1][titled(row, several)] = None
    return [say("{names}: {remark}", names=listed(names, KEYS), remark=remark) for remark, names in said.values()]


def remarks_of(row: Row) -> list[Sentence]:
    """What a row's columns do not say: its segment, its resolution, and its notes."""
    found = list(row.notes)
    if len(row.segment) > 1:
        first, last = printable(row.segment[0]), printable(row.segment[-1])
        found.append(
            plural(
                "judged as one: {first}..{last}, {n} layer",
                "judged as one: {first}..{last}, {n} layers",
                n=len(row.segment),
                first=first,
                last=last,
            )
        )
    if row.resolution and spoken(row.resolution, "en") not in NOTHING_LOST:
        found.append(say("resolution: {resolution}", resolution=row.resolution))
    return found
