"""A summary as a table."""

from typing import TYPE_CHECKING

from convproof.core.sentence import Sentence, say
from convproof.network.summary import Row, Summary
from convproof.show.width import printed

if TYPE_CHECKING:
    from rich.table import Table

WIDE = 160  # columns
COLUMNS = (
    say("layer"),
    say("what it is"),
    say("reads"),
    say("output shape"),
    say("parameters"),
    say("multiply-adds"),
    say("receptive field"),
    say("memory"),
)


SUPPORT = {
    "ours": say("ours"),
    "delegated": say("delegated"),
    "unknown": say("unknown"),
}


def text(summary: Summary, lang: str | None = None) -> str:
    """The table as plain text."""
    return "\n".join([*printed(table(summary, lang), WIDE), *(s.text(lang) for s in totals(summary))])


def support(summary: Summary, lang: str | None = None) -> str:
    """For every node whether it is ours, delegated or unknown, and how many there are of each."""
    from rich import box
    from rich.table import Table

    drawn = Table(*(column.text(lang) for column in (*COLUMNS[:2], say("support"))), box=box.SIMPLE_HEAD, pad_edge=False)
    for row in summary.rows:
        drawn.add_row(row.name, row.layer, SUPPORT[row.support].text(lang))
    counts = {kind: sum(row.support == kind for row in summary.rows) for kind in SUPPORT}
    return "\n".join([*printed(drawn, WIDE), *(say("{kind}: {n}", kind=SUPPORT[kind], n=n).text(lang) for kind, n in counts.items())])


def table(summary: Summary, lang: str | None = None) -> "Table":
    """The rows as a Rich table."""
    from rich import box
    from rich.table import Table

    drawn = Table(*(column.text(lang) for column in COLUMNS), box=box.SIMPLE_HEAD, pad_edge=False)
    for column in drawn.columns[4:]:
        column.justify = "right"
    for row in summary.rows:
        drawn.add_row(*cells(row, lang))
    return drawn


def cells(row: Row, lang: str | None = None) -> list[str]:
    """One row's texts; what is not known is a dash."""
    shapes = "-" if row.output_shapes is None else ", ".join(map(str, row.output_shapes))
    learnt = say("as {layer}", layer=row.shared_with).text(lang) if row.shared_with else f"{row.parameters:,}"
    field = "-" if row.receptive_field is None else " x ".join(map(str, row.receptive_field))
    return [row.name, row.layer, ", ".join(row.sources), shapes, learnt, _count(row.products), field, size(row.bytes)]


def totals(summary: Summary) -> list[Sentence]:
    """What stands under the table."""
    learnt = say("parameters: {n}", n=f"{summary.parameters:,}")
    if summary.products is None:
        return [learnt, say("output shapes need the input's shape: summary((1, 3, 224, 224))")]
    return [learnt, say("multiply-adds: {n}", n=f"{summary.products:,}"), say("all outputs together: {n}", n=size(summary.bytes))]


def size(count: int | None) -> str:
    """Bytes for a person."""
    if count is None:
        return "-"
    value, unit = float(count), 0
    while value >= 1024 and unit < 4:
        value, unit = value / 1024, unit + 1
    return f"{count} B" if unit == 0 else f"{value:.1f} {'KMGT'[unit - 1]}iB"


def _count(n: int | None) -> str:
    return "-" if n is None else f"{n:,}"
