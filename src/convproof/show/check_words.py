"""The words and figures of a check: verdicts, shares of the lines, two numbers told apart, and the command that explains one of them."""

import shlex

import numpy as np

from convproof.checking.report import Report, Row, Worst
from convproof.core.sentence import Sentence, Text, say, spoken
from convproof.show.numbers import cell as four_decimals
from convproof.show.numbers import rough
from convproof.show.width import filled

IN_WORDS = {
    "identical": say("identical"),
    "rounding": say("rounding"),
    "precision": say("precision"),
    "undecided": say("undecided"),
    "wrong": say("wrong"),
}
HUGE, TINY = 1e6, 1e-3
WIDE = 100
MOST = 21  # decimals; neighbours among float64 numbers differ in fewer


def verdict(row: Row) -> Sentence:
    """The verdict, and where what is wrong comes from."""
    said = IN_WORDS[row.verdict]
    if row.born and not is_read(row):
        return say("{verdict}, born here", verdict=said)
    if row.inherited:
        return say("{verdict}, inherited", verdict=said)
    if row.verdict == "rounding" and not row.proved:
        return say("{verdict}, typical", verdict=said)
    if row.verdict == "rounding" and not row.usual:
        return say("{verdict}, unusual", verdict=said)
    return said


def is_read(row: Row) -> bool:
    """Whether a row is of numbers that the network reads, and does not compute."""
    return row.kind != "output" and row.worst is not None and row.worst.proof == 0


def share(value: float) -> str:
    """A distance in units of a line, or in steps of the number format."""
    if np.isnan(value):
        return "-"
    if value > HUGE:
        return ">1e6"
    return "<0.001" if 0 < value < TINY else times(value)


def times(value: float) -> str:
    """How many times, to three digits; more would be those of rounding."""
    return rough(float(f"{value:.3g}"))


def pair(claimed: float, exact: float) -> tuple[str, str]:
    """Two numbers with four decimals, or with as many as tell them apart."""
    if claimed == exact or not (np.isfinite(claimed) and np.isfinite(exact)):
        return four_decimals(claimed), four_decimals(exact)
    size = max(abs(claimed), abs(exact))
    style, least = ("f", 4) if TINY <= size < HUGE else ("e", 2)
    for digits in range(least, MOST):
        texts = f"{claimed:.{digits}{style}}", f"{exact:.{digits}{style}}"
        if texts[0] != texts[1]:
            break
    return unsigned_zero(texts[0]), unsigned_zero(texts[1])


def unsigned_zero(text: str) -> str:
    """-0.0000 as 0.0000."""
    return text.removeprefix("-") if float(text) == 0 else text


def numbers(row: Row) -> tuple[str, str]:
    """What was claimed at the worst cell, and what is right; what is identical is shown as such."""
    worst = row.worst
    if worst is None:
        return "-", "-"
    return (four_decimals(worst.claimed),) * 2 if row.verdict == "identical" else pair(worst.claimed, worst.exact)


def indices(worst: Worst) -> str:
    """A cell as ``--at`` takes it."""
    return ",".join(map(str, worst.cell))


def place(row: Row) -> str:
    """The worst cell with the name of its array."""
    return f"{row.name}[{', '.join(map(str, row.worst.cell))}]" if row.worst else row.name


def explaining(report: Report, row: Row) -> str:
    """What to type to see how the right number of the worst cell comes about; empty for what no layer makes."""
    if row.worst is None or row.kind != "output":
        return ""
    claimed, _ = numbers(row)
    if report.command:
        mine = f" --mine {claimed}" if np.isfinite(row.worst.claimed) else ""
        return f"{report.command} --at {shlex.quote(f'{row.name}:{indices(row.worst)}')}{mine}"
    if str(row.described).startswith(f"{row.name}("):  # a single layer has the name of its class
        return f"print(layer.why(x, at={row.worst.cell}))"
    return f"print(net.trace(x).why({row.name!r}, {row.worst.cell}))"


def titled(row: Row, several: bool) -> str:
    """A row's name, and whose numbers they are where ``several`` were asked."""
    return f"{row.name} ({spoken(row.whose)})" if several else row.name


def asked(report: Report) -> list[Text]:
    """Whose numbers were judged."""
    return list(dict.fromkeys(row.whose for row in report.rows))


def printable(text: str) -> str:
    """A text with names from somebody's file, in one line and without what would steer a terminal."""
    return "".join(c if c.isprintable() else "?" for c in text)


def wrapped(text: str, columns: int = WIDE) -> str:
    """A sentence in lines of at most so many columns; what is indented is to be copied, and stays in one."""
    line = printable(text)
    return line if line.startswith(" ") else filled(line, columns)
