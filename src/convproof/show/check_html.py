"""A check as HTML, every word of it escaped: for notebooks, and as one page that needs no other file, no script and no network."""

import re
from collections.abc import Iterable, Sequence
from html import escape

from convproof.checking.report import Report, Row
from convproof.core.languages import language
from convproof.core.sentence import Sentence, say, spoken
from convproof.show.check import COLUMNS, LAYER, WHOSE, cells, legend, ordered, remarks
from convproof.show.check_meaning import meaning
from convproof.show.check_table import FIGURES
from convproof.show.check_words import IN_WORDS, asked, printable
from convproof.show.heatmap import heat_map

COLOURS = {  # background, and ink on it; the contrast is at least 4.5 : 1
    "identical": ("#1b6e3c", "#ffffff"),
    "rounding": ("#1b6e3c", "#ffffff"),
    "precision": ("#1f5fa8", "#ffffff"),
    "undecided": ("#f2b632", "#000000"),
    "wrong": ("#b3141e", "#ffffff"),
}
STYLE = """
.convproof-check { overflow-wrap: anywhere }
.convproof-check .wide { overflow-x: auto; margin: 1em 0 }
.convproof-check table { border-collapse: collapse; font-variant-numeric: tabular-nums; overflow-wrap: normal }
.convproof-check caption { text-align: left; font-size: smaller; padding-bottom: .4em }
.convproof-check th, .convproof-check td { padding: .25em .5em; text-align: left; border-bottom: 1px solid #88888866 }
.convproof-check tbody th { font-weight: normal }
.convproof-check .n { text-align: right }
.convproof-check td.n { font-family: ui-monospace, monospace; white-space: nowrap }
.convproof-check code { font-family: ui-monospace, monospace; white-space: pre-wrap }
.convproof-check b { border-radius: .3em; padding: .1em .5em; font-weight: 600; white-space: nowrap }
""" + "".join(
    f".convproof-check .{verdict} {{ background: {background}; color: {ink} }}\n" for verdict, (background, ink) in COLOURS.items()
)
PAGE_STYLE = """
:root { color-scheme: light dark }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2em auto; max-width: 75em; padding: 0 1em; background: #ffffff; color: #1a1a1a }
@media (prefers-color-scheme: dark) { body { background: #16181c; color: #e6e6e6 } }
"""
NO_SPACE_BEHIND = ("。", "：", "；", "<br>")


def notebook(report: Report) -> str:
    """What a notebook shows."""
    return f'<div class="convproof-check"><style>{STYLE}</style>{_body(report)}</div>'


def page(report: Report, heading: Sequence[str] = ()) -> str:
    """A whole page; ``heading`` are lines that name model and input."""
    lines = "".join(f"<div>{escape(printable(line))}</div>" for line in heading)
    title = say("check: {verdict}", verdict=_verdict(report)).text()
    return (
        f'<!DOCTYPE html>\n<html lang="{language()}"><head><meta charset="utf-8">'
        f"<title>{escape(printable('; '.join([title, *heading[:1]])))}</title>"
        f'<meta name="viewport" content="width=device-width"><style>{PAGE_STYLE}{STYLE}</style></head>'
        f'<body class="convproof-check">{lines}{_body(report)}</body></html>\n'
    )


def _body(report: Report) -> str:
    """Verdict, sentences, heat-map, table, remarks."""
    worst = report.worst
    kind = worst.verdict if worst else "undecided"
    head = f'<p><b class="{kind}">{escape(_verdict(report))}</b> {escape(printable(spoken(report.judged)))}</p>'
    noted = "".join(f"<li>{escape(printable(remark.text()))}</li>" for remark in remarks(report))
    return f"{head}{_told(meaning(report))}{_heat(worst)}{_table(report)}{f'<ul>{noted}</ul>' if noted else ''}"


def _verdict(report: Report) -> str:
    worst = report.worst
    return IN_WORDS[worst.verdict].text() if worst else say("nothing judged").text()


def _told(sentences: Iterable[Sentence]) -> str:
    """Sentences as a paragraph, with a space between them where their language has one."""
    told = ""
    for sentence in sentences:
        told += ("" if not told or told.endswith(NO_SPACE_BEHIND) else " ") + _sentence(sentence.text())
    return f"<p>{told}</p>" if told else ""


def _sentence(text: str) -> str:
    """A sentence; what is to be copied stands on a line by itself."""
    shown = escape(printable(text))
    return f"<br><code>{shown.strip()}</code><br>" if shown.startswith(" ") else shown


def _heat(row: Row | None) -> str:
    """The heat-map of the worst row, where its shares were kept."""
    if row is None or row.worst is None or row.shares is None:
        return ""
    drawn = heat_map(row.shares, row.worst.cell, printable(row.name))
    shape = say("{name} {shape}, every cell's distance in units of what rounding can do at most", name=row.name, shape=row.shares.shape)
    return f"<details open><summary>{escape(printable(shape.text()))}</summary>{drawn}</details>" if drawn else ""


def _table(report: Report) -> str:
    """The table, which scrolls by itself where a window is too narrow for it, and what its columns mean."""
    if not report.rows:
        return ""
    several = len(asked(report)) > 1
    titles = [LAYER, *([WHOSE] if several else []), *COLUMNS]
    first = len(titles) - FIGURES
    head = "".join(f'<th scope="col"{_figure(k >= first)}>{escape(title.text())}</th>' for k, title in enumerate(titles))
    caption = escape(say("the worst cell of every array that was judged").text())
    body = "".join(_row(row, several) for row in ordered(report))
    table = f"<table><caption>{caption}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    return f'<div class="wide" tabindex="0">{table}</div>{_told(legend(report))}'


def _row(row: Row, several: bool) -> str:
    verdict, *rest = cells(row)
    name = f'<th scope="row" title="{escape(printable(spoken(row.described)))}"><code>{_breakable(printable(row.name))}</code></th>'
    whose = f"<td>{escape(spoken(row.whose))}</td>" if several else ""
    first = len(rest) - FIGURES
    body = "".join(f"<td{_figure(k >= first)}>{escape(text)}</td>" for k, text in enumerate(rest))
    return f'<tr>{name}{whose}<td><b class="{row.verdict}">{escape(verdict)}</b></td>{body}</tr>'


def _breakable(name: str) -> str:
    """A name that may go on in another line behind a point, a slash or an underscore, and nowhere else."""
    return re.sub(r"([./_])(?=\w)", r"\1<wbr>", escape(name))


def _figure(is_number: bool) -> str:
    return ' class="n"' if is_number else ""
