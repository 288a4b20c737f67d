"""The rows of a check as a table, in as many columns of characters as a terminal has.

Where it is too narrow, these make way one after another: names, which are cut down to SHORTEST; blanks between the columns; blanks in heads
and verdicts, which then go on in a second line; the last columns. Two names that would look the same when they are cut are folded instead.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from convproof.show.width import filled, fits, printed, width

if TYPE_CHECKING:
    from rich.table import Table

FIGURES = 5  # columns at the end that hold numbers
SHORTEST = 16
UNCUT = 400  # columns, more than a fitted table takes
PIECE = re.compile(r"[^./_:]*[./_:]?")


@dataclass(frozen=True)
class Fit:
    """How a table is squeezed: blanks between columns, whether heads and verdicts are folded, how many columns at the end are left out."""

    gap: int = 2
    folded: bool = False
    less: int = 0


FITS = (Fit(), Fit(1), Fit(1, True), Fit(1, True, 1), Fit(1, True, 2))


def drawn(heads: Sequence[str], rows: Sequence[Sequence[str]], columns: int) -> list[str]:
    """The lines of a table of texts; the first column holds names, the last FIGURES hold numbers."""
    return printed(table(heads, rows, fitting(heads, rows, columns), columns), UNCUT)


def fitting(heads: Sequence[str], rows: Sequence[Sequence[str]], columns: int) -> Fit:
    """The first way to squeeze a table that leaves enough room for the names; else the last one."""
    longest = min(SHORTEST, max(width(text) for text, *_ in (heads, *rows)))
    return next((fit for fit in FITS if columns - taken(heads, rows, fit) >= longest), FITS[-1])


def taken(heads: Sequence[str], rows: Sequence[Sequence[str]], fit: Fit) -> int:
    """The characters that all columns but the first take, with the blanks before them."""
    return sum(size + fit.gap for size in sizes(heads, rows, fit)[1:])


def sizes(heads: Sequence[str], rows: Sequence[Sequence[str]], fit: Fit) -> list[int]:
    """The width of every column that is shown: of its longest text, or where texts are folded of the longest piece of one."""
    count = len(heads) - fit.less
    columns = list(zip(*(folded(line, fit) for line in (heads, *rows)), strict=True))
    return [max(width(part) for text in column for part in text.split("\n")) for column in columns[:count]]


def folded(line: Sequence[str], fit: Fit) -> list[str]:
    """The texts of a line, each broken at its blanks where the fit says so; never the name."""
    name, *rest = line
    return [name, *(filled(text, 1) if fit.folded else text for text in rest)]


def table(heads: Sequence[str], rows: Sequence[Sequence[str]], fit: Fit, columns: int) -> "Table":
    """The table as Rich draws it."""
    from rich import box
    from rich.table import Table
    from rich.text import Text as Shown

    names = shortened([row[0] for row in rows], max(SHORTEST, columns - taken(heads, rows, fit)))
    found = widened(heads, rows, fit, columns)
    shown = [head if k == 0 else filled(head, size) for k, (head, size) in enumerate(zip(heads, found, strict=False))]
    high = max(head.count("\n") for head in shown)
    drawn = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, fit.gap - 1, 0, 0))
    for k, head in enumerate(shown):
        above = "\n" * (high - head.count("\n"))
        drawn.add_column(above + head, justify="right" if k >= len(heads) - FIGURES else "left", no_wrap=True)
    for name, row in zip(names, rows, strict=True):
        drawn.add_row(Shown(name), *(Shown(filled(text, size)) for text, size in zip(row[1:], found[1:], strict=False)))
    return drawn


def widened(heads: Sequence[str], rows: Sequence[Sequence[str]], fit: Fit, columns: int) -> list[int]:
    """The width of every column; what the names leave goes to the folded ones, from the left."""
    found = sizes(heads, rows, fit)
    spare = max(0, columns - taken(heads, rows, fit) - found[0])
    for k, full in enumerate(sizes(heads, rows, replace(fit, folded=False))):
        more = min(spare, full - found[k])
        found[k], spare = found[k] + more, spare - more
    return found


def shortened(names: Sequence[str], room: int) -> list[str]:
    """Names that take at most ``room`` columns: cut in the middle, and folded where another name would be cut to the same."""
    cut = {name: middle(name, room) for name in names}
    alike = [name for name, short in cut.items() if list(cut.values()).count(short) > 1]
    return [broken(name, room) if name in alike else cut[name] for name in names]


def middle(name: str, room: int) -> str:
    """A name that is too long is cut in the middle: both ends of it tell where it stands."""
    if width(name) <= room:
        return name
    end = name[len(name) - fits(name[::-1], (room - 2) // 2) :]
    return name[: fits(name, room - 2 - width(end))] + ".." + end


def broken(name: str, room: int) -> str:
    """A name in lines of at most so many columns, broken behind a point or a slash where one is there."""
    lines = [""]
    for piece in filter(None, PIECE.findall(name)):
        if width(lines[-1] + piece) > room and lines[-1]:
            lines.append("")
        while width(piece) > room:
            piece, lines[-1:] = piece[fits(piece, room) :], [piece[: fits(piece, room)], ""]
        lines[-1] += piece
    return "\n".join(lines)
