"""A check as a table: one row for each array, the first wrong one on top; under it what the figures mean, in plain sentences.

    of proof   the distance in units of the most that rounding can do
    of usual   the distance in units of what rounding hardly ever exceeds
    ULP        the distance in steps of the number format
"""

import io
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from convproof.checking.report import Report, Row
from convproof.core.sentence import Sentence, listed, plural, say, spoken
from convproof.show.check_meaning import meaning
from convproof.show.check_words import WIDE, asked, indices, numbers, printable, share, verdict, wrapped
from convproof.show.width import fits, width

if TYPE_CHECKING:
    from rich.table import Table

LAYER, WHOSE = say("layer"), say("whose")
COLUMNS = (say("verdict"), say("worst cell"), say("claimed"), say("exact"), say("of proof"), say("of usual"), say("ULP"))
FIGURES = 5  # columns at the end that hold numbers
GAP = 2
SHORTEST = 12
KEYS = 3


def text(report: Report, lang: str | None = None) -> str:
    """The table, what is remarkable of its rows, and what the figures say."""
    blocks: list[list[str]] = [[spoken(report.judged, lang)]]
    if report.rows:
        blocks.append(_drawn(table(report, lang)))
    blocks += [[wrapped(printable(sentence.text(lang))) for sentence in said] for said in (remarks(report), meaning(report))]
    return "\n\n".join("\n".join(block) for block in blocks if block)


def table(report: Report, lang: str | None = None) -> "Table":
    """The rows as a Rich table of at most 100 columns, where names leave that room."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    titles = [title.text(lang) for title in COLUMNS]
    rows = ordered(report)
    body = [cells(row, lang) for row in rows]
    heads, names = [LAYER.text(lang)], [[printable(row.name)] for row in rows]
    if len(asked(report)) > 1:
        heads, names = [*heads, WHOSE.text(lang)], [[*cut, spoken(row.whose, lang)] for cut, row in zip(names, rows, strict=True)]
    taken = sum(max(map(width, column)) + GAP for column in zip(titles, *body, strict=True))
    rooms = _rooms([max(map(width, column)) for column in zip(heads, *names, strict=True)], WIDE - taken)
    drawn = Table(*heads, *titles, box=box.SIMPLE_HEAD, show_edge=False, padding=(0, GAP - 1, 0, 0))
    for k, column in enumerate(drawn.columns):
        column.no_wrap = True
        column.justify = "right" if k >= len(drawn.columns) - FIGURES else "left"
    for name, line in zip(names, body, strict=True):
        drawn.add_row(*(Text(middle(part, room)) for part, room in zip(name, rooms, strict=True)), *map(Text, line))
    return drawn


def _rooms(wanted: Sequence[int], room: int) -> list[int]:
    """How wide the columns of names may be: what they want, else the first gets what the others leave of a half."""
    room -= GAP * (len(wanted) - 1)
    if sum(wanted) <= room:
        return list(wanted)
    second = [min(w, max(SHORTEST, room // 2)) for w in wanted[1:]]
    return [max(SHORTEST, room - sum(second)), *second]


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
    return [said, indices(worst), *numbers(worst), share(worst.of_proof), share(worst.of_usual), share(worst.ulps)]


def remarks(report: Report) -> list[Sentence]:
    """What is to be said of single rows; rows of which the same is said share a line."""
    said: dict[str, tuple[Sentence, list[str]]] = {}
    for row in ordered(report):
        for remark in remarks_of(row):
            said.setdefault(remark.text(), (remark, []))[1].append(printable(row.name))
    return [say("{names}: {remark}", names=listed(dict.fromkeys(names), KEYS), remark=remark) for remark, names in said.values()]


def remarks_of(row: Row) -> list[Sentence]:
    """What a row's columns do not say: its segment, its resolution, and its notes."""
    found = list(row.notes)
    if len(row.segment) > 1:
        first, last = printable(row.segment[0]), printable(row.segment[-1])
        found.append(plural("judged as one: {first}..{last}, {n} layer", "judged as one: {first}..{last}, {n} layers", n=len(row.segment), first=first, last=last))
    if row.resolution and spoken(row.resolution, "en") != "float32":
        found.append(say("resolution: {resolution}", resolution=row.resolution))
    return found
