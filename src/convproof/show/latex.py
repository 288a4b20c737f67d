"""A derivation as LaTeX: one aligned line for every named quantity."""

from convproof.core.derivation import Derivation, Number, Operation
from convproof.show.derivation import few_symbols
from convproof.show.expression import LATEX, Writer, named_lines
from convproof.show.numbers import is_short, short


def derivation(derivation: Derivation, full: bool = False, lang: str | None = None) -> str:
    """An ``aligned`` block, without dollar signs."""
    if isinstance(derivation.tree, Number):
        return rf"{Writer(LATEX).name(derivation.layer)} = {short(derivation.exact)}"
    lines = [_line(node, full, lang) for node in named_lines(derivation.tree, full)]
    return "\\begin{aligned}\n" + " \\\\\n".join(lines) + "\n\\end{aligned}"


def _line(node: Operation, full: bool, lang: str | None) -> str:
    numeric, symbolic = Writer(LATEX, False, full, lang), Writer(LATEX, True, full, lang)
    name = numeric.name(node.name or "y")
    steps = [symbolic.write(node, top=True)] if few_symbols(node) else []
    steps.append(numeric.write(node, top=True))
    if steps[-1] != short(node.value):
        steps[-1] += (" = " if is_short(node.value) else r" \approx ") + short(node.value)
    note = rf" && \text{{{_plain(node.note.text(lang))}}}" if node.note else ""
    return f"{name} &= {' = '.join(steps)}{note}"


def _plain(text: str) -> str:
    for mark in "\\_%#&${}":
        text = text.replace(mark, "\\textbackslash{}" if mark == "\\" else "\\" + mark)
    return text
