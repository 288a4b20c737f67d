"""A summary as a table."""

import io
from typing import TYPE_CHECKING

from convproof.core.sentence import Sentence, say
from convproof.network.summary import Row, Summary

if TYPE_CHECKING:
    from rich.table import Table

COLUMNS = ("layer", "what it is", "reads", "output shape", "parameters", "multiply-adds", "receptive field", "memory")


def text(summary: Summary, lang: str | None = None) -> str:
    """The table as plain text."""
    from rich.console import Console

    console = Console(file=io.StringIO(), width=160, color_system=None, legacy_windows=False)
    console.print(table(summary))
    drawn: str = console.file.getvalue()  # type: ignore[attr-defined]
    lines = [line.rstrip() for line in drawn.rstrip().splitlines()]
    return "\n".join([*lines, *(s.text(lang) for s in totals(summary))])


def table(summary: Summary) -> "Table":
    """The rows as a Rich table."""
    from rich import box
    from rich.table import Table

    drawn = Table(*COLUMNS, box=box.SIMPLE_HEAD, pad_edge=False)
    for column in drawn.columns[4:]:
        column.justify = "right"
    for row in summary.rows:
        drawn.add_row(*cells(row))
    return drawn


def cells(row: Row) -> list[str]:
    """One row's texts; what is not known is a dash."""
    shapes = "-" if row.output_shapes is None else ", ".join(map(str, row.output_shapes))
    learnt = f"as {row.shared_with}" if row.shared_with else f"{row.parameters:,}"
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
