"""A check as a table: one row for each array, the first wrong one on top; under it what the figures mean, in plain sentences.

of proof   the distance in units of the most that rounding can do
of usual   the distance in units of what rounding hardly ever exceeds
ULP        the distance in steps of the number format
"""

from collections.abc import Iterable
from string import ascii_lowercase

from convproof.checking.report import Report, Row
from convproof.core.sentence import Sentence, Text, listed, plural, say, spoken
from convproof.show.check_meaning import meaning
from convproof.show.check_table import drawn
from convproof.show.check_words import WIDE, asked, indices, numbers, printable, share, titled, verdict, wrapped
from convproof.show.width import of_terminal

LAYER, WHOSE = say("layer"), say("whose")
COLUMNS = (say("verdict"), say("worst cell"), say("claimed"), say("exact"), say("of proof"), say("of usual"), say("ULP"))
KEYS = 3
NOTHING_LOST = ("float32", "float64")


def text(report: Report, lang: str | None = None, columns: int | None = None) -> str:
    """The table, what its columns mean, what is remarkable of its rows, and what the figures say.

    ``columns`` is how wide the lines may be; None: as wide as the terminal, at most WIDE.
    """
    room = columns or of_terminal(WIDE)
    head = [report.judged, *([asked_for(report)] if len(asked(report)) > 1 else [])]
    blocks = [[wrapped(spoken(line, lang), room) for line in head]]
    if report.rows:
        blocks.append(table(report, lang, room))
    blocks += [[wrapped(sentence.text(lang), room) for sentence in said] for said in ([*legend(report), *remarks(report)], meaning(report))]
    return "\n\n".join("\n".join(block) for block in blocks if block)


def asked_for(report: Report) -> Sentence:
    """What the letters in the column "whose" stand for."""
    return say("whose: {names}", names=listed(say("{letter} {name}", letter=letter, name=name) for name, letter in letters(report).items()))


def letters(report: Report) -> dict[Text, str]:
    """A letter for everybody whose numbers were judged."""
    names = asked(report)
    return dict(zip(names, ascii_lowercase if len(names) <= len(ascii_lowercase) else map(str, range(len(names))), strict=False))


def table(report: Report, lang: str | None = None, columns: int = WIDE) -> list[str]:
    """The lines of the table of all rows."""
    rows, letter = ordered(report), letters(report)
    several = len(letter) > 1
    heads = [title.text(lang) for title in (LAYER, *([WHOSE] if several else []), *COLUMNS)]
    body = [[printable(row.name), *([letter[row.whose]] if several else []), *cells(row, lang)] for row in rows]
    return drawn(heads, body, columns)


def legend(report: Report) -> list[Sentence]:
    """What the last three columns mean, where they hold figures at all."""
    found = [row.worst for row in report.rows if row.worst is not None]
    if not any(worst.gap for worst in found):
        return []
    said = [
        say(
            "of proof: distance from the exact value / the most that rounding can do; of usual: / what it rarely exceeds; ULP: in steps of"
            " the number format, such as float32"
        )
    ]
    if any(row.verdict == "identical" and row.worst is not None and 0 < row.worst.ulps < 1 for row in report.rows):
        said.append(say("Identical numbers may be a fraction of an ULP off: the exact value has more digits than they can hold."))
    return said


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
