"""A check as HTML, every word of it escaped: for notebooks, and as one page that needs no other file, no script and no network."""

from collections.abc import Sequence
from html import escape

from convproof.checking.report import Report, Row
from convproof.core.languages import language
from convproof.core.sentence import say, spoken
from convproof.show.check import COLUMNS, FIGURES, LAYER, WHOSE, cells, ordered, remarks
from convproof.show.check_meaning import meaning
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
.convproof-check table { border-collapse: collapse; font-variant-numeric: tabular-nums; margin: 1em 0 }
.convproof-check th, .convproof-check td { padding: .25em .7em; text-align: left; border-bottom: 1px solid #88888866 }
.convproof-check .n { text-align: right }
.convproof-check td.n { font-family: ui-monospace, monospace }
.convproof-check code { font-family: ui-monospace, monospace; overflow-wrap: anywhere; white-space: pre-wrap }
.convproof-check b { border-radius: .3em; padding: .1em .5em; font-weight: 600; white-space: nowrap }
""" + "".join(
    f".convproof-check .{verdict} {{ background: {background}; color: {ink} }}\n" for verdict, (background, ink) in COLOURS.items()
)
PAGE_STYLE = """
:root { color-scheme: light dark }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2em auto; max-width: 75em; padding: 0 1em; background: #ffffff; color: #1a1a1a }
@media (prefers-color-scheme: dark) { body { background: #16181c; color: #e6e6e6 } }
"""


def notebook(report: Report) -> str:
    """What a notebook shows."""
    return f'<div class="convproof-check"><style>{STYLE}</style>{_body(report)}</div>'


def page(report: Report, heading: Sequence[str] = ()) -> str:
    """A whole page; ``heading`` are lines that name model and input."""
    lines = "".join(f"<div>{escape(printable(line))}</div>" for line in heading)
    title = escape(say("check: {verdict}", verdict=_verdict(report)).text())
    return (
        f'<!DOCTYPE html>\n<html lang="{language()}"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{PAGE_STYLE}{STYLE}</style></head>'
        f'<body class="convproof-check">{lines}{_body(report)}</body></html>\n'
    )


def _body(report: Report) -> str:
    """Verdict, sentences, heat-map, table, remarks."""
    worst = report.worst
    kind = worst.verdict if worst else "undecided"
    head = f'<p><b class="{kind}">{escape(_verdict(report))}</b> {escape(printable(spoken(report.judged)))}</p>'
    told = f"<p>{' '.join(_sentence(sentence.text()) for sentence in meaning(report))}</p>"
    noted = "".join(f"<li>{escape(printable(remark.text()))}</li>" for remark in remarks(report))
    return f"{head}{told}{_heat(worst)}{_table(report)}{f'<ul>{noted}</ul>' if noted else ''}"


def _verdict(report: Report) -> str:
    worst = report.worst
    return IN_WORDS[worst.verdict].text() if worst else say("nothing judged").text()


def _sentence(text: str) -> str:
    """A sentence; what is to be copied stands on a line by itself."""
    shown = escape(printable(text))
    return f"<br><code>{shown.strip()}</code><br>" if shown.startswith(" ") else shown


def _heat(row: Row | None) -> str:
    """The heat-map of the worst row, where its shares were kept."""
    if row is None or row.worst is None or row.shares is None:
        return ""
    drawn = heat_map(row.shares, row.worst.cell)
    shape = say("{name} {shape}, every cell's distance in units of what rounding can do at most", name=row.name, shape=row.shares.shape)
    return f"<details open><summary>{escape(printable(shape.text()))}</summary>{drawn}</details>" if drawn else ""


def _table(report: Report) -> str:
    if not report.rows:
        return ""
    several = len(asked(report)) > 1
    titles = [LAYER, *([WHOSE] if several else []), *COLUMNS]
    first = len(titles) - FIGURES
    head = "".join(f"<th{_figure(k >= first)}>{escape(title.text())}</th>" for k, title in enumerate(titles))
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(_row(row, several) for row in ordered(report))}</tbody></table>"


def _row(row: Row, several: bool) -> str:
    verdict, *rest = cells(row)
    name = f'<td title="{escape(printable(spoken(row.described)))}"><code>{escape(printable(row.name))}</code></td>'
    whose = f"<td>{escape(spoken(row.whose))}</td>" if several else ""
    first = len(rest) - FIGURES
    body = "".join(f"<td{_figure(k >= first)}>{escape(text)}</td>" for k, text in enumerate(rest))
    return f'<tr>{name}{whose}<td><b class="{row.verdict}">{escape(verdict)}</b></td>{body}</tr>'


def _figure(is_number: bool) -> str:
    return ' class="n"' if is_number else ""
