"""A derivation as text: the cell, the formula, one line for every named quantity, and how far the computed number is off."""

from collections.abc import Iterator

from convproof.core.derivation import Derivation
from convproof.core.derivation.node import Node, Number, Operation, Source
from convproof.core.sentence import Sentence, say, spoken
from convproof.show.expression import BLANK, TEXT, Writer, named_lines, shown
from convproof.show.numbers import equals, long, rough, short
from convproof.show.width import fits, ljust, width

MANY_SYMBOLS = 6
WIDE = 120
FEW_ULPS = 100


def text(derivation: Derivation, lang: str | None = None, full: bool = False) -> str:
    """The hand calculation as text."""
    described = f"   {spoken(derivation.described, lang)}" if derivation.described else ""
    head = [f"{address(derivation)} {equals(derivation.exact)}{described}", spoken(derivation.formula, lang)]
    if isinstance(derivation.tree, Number):
        return "\n".join([*head, verdict(derivation).text(lang)])
    lines = named_lines(derivation.tree, full)
    columns = max(width(spoken(line.name or "y", lang)) for line in lines)
    body = [row for line in lines for row in written(line, columns, full, lang)]
    legend = [say("(0) is a zero of the padding").text(lang)] if _pads(derivation.tree, full) else []
    return "\n".join([*head, "", *body, *legend, "", verdict(derivation).text(lang)])


def exercise(derivation: Derivation, lang: str | None = None) -> str:
    """The hand calculation as an exercise sheet: every number that is read is given, every one that is worked out is left out."""
    described = f"   {spoken(derivation.described, lang)}" if derivation.described else ""
    head = [f"{address(derivation)} = {BLANK}{described}", spoken(derivation.formula, lang)]
    lines = [] if isinstance(derivation.tree, Number) else named_lines(derivation.tree, True)
    columns = max((width(spoken(line.name or "y", lang)) for line in lines), default=0)
    legend = [say("(0) is a zero of the padding").text(lang)] if _pads(derivation.tree, True) else []
    return "\n".join([*head, "", *(row for line in lines for row in left_blank(line, columns, lang)), *legend])


def left_blank(node: Operation, columns: int, lang: str | None) -> Iterator[str]:
    """The line of one named node, with a blank for its value and for those of other lines."""
    name, indent = ljust(spoken(node.name or "y", lang), columns), " " * columns
    numeric = Writer(TEXT, False, True, lang, blank=True)
    rows = numeric.total_rows(node) if node.kind == "sum" else [numeric.write(node, top=True)]
    if few_symbols(node) and any(isinstance(part, Operation) for part in node.parts):
        yield f"{name} = {Writer(TEXT, True, True, lang).write(node, top=True)}"
        name = indent
    first, *others = [row + (f" = {BLANK}" if k == len(rows) - 1 else "") for k, row in enumerate(rows)]
    yield from wrapped(f"{name} = {first}", columns)
    for row in others:
        yield f"{indent} + {row}"


def address(derivation: Derivation) -> str:
    """Layer and cell: conv1[0, 0, 0, 0]."""
    return f"{derivation.layer}[{', '.join(map(str, derivation.cell))}]"


def written(node: Operation, columns: int, full: bool, lang: str | None) -> Iterator[str]:
    """The line of one named node: in names, in numbers, its value and its note; long sums take several rows."""
    name, indent = ljust(spoken(node.name or "y", lang), columns), " " * columns
    note = f"   ({node.note.text(lang)})" if node.note else ""
    numeric, symbolic = Writer(TEXT, False, full, lang), Writer(TEXT, True, full, lang)
    steps = [symbolic.write(node, top=True)] if few_symbols(node) else []
    rows = numeric.total_rows(node) if node.kind == "sum" else [numeric.write(node, top=True)]
    if len(rows) > 1:
        yield f"{name} = {rows[0]}"
        for row in rows[1:-1]:
            yield f"{indent} + {row}"
        yield f"{indent} + {rows[-1]} {equals(node.value)}{note}"
        return
    steps += [s for s in (rows[0], parts_in_numbers(node)) if s and s not in steps]
    values = [s for s in steps if s != short(node.value)]
    end = equals(node.value)
    line = f"{name} = {' = '.join(values)} {end}{note}" if values else f"{name} {end}{note}"
    if width(line) <= WIDE:
        yield line
        return
    for k, step in enumerate(values):
        last = k == len(values) - 1
        yield from wrapped(f"{name if k == 0 else indent} = {step}" + (f" {end}{note}" if last else ""), columns)


def wrapped(line: str, columns: int) -> Iterator[str]:
    """A line broken before plus signs, so that no row is much wider than ``WIDE``."""
    while width(line) > WIDE and (cut := line.rfind(" + ", fits(line, columns + 4), fits(line, WIDE))) > 0:
        yield line[:cut]
        line = " " * (columns + 1) + line[cut + 1 :]
    yield line


def few_symbols(node: Operation) -> bool:
    """Whether a node is short enough to be written in names first."""
    count = 0
    stack: list[Node] = [node]
    while stack:
        top = stack.pop()
        if isinstance(top, Operation) and (top is node or not top.name):
            if len(top.parts) > MANY_SYMBOLS:
                return False
            stack.extend(top.parts)
        else:
            count += 1
    return count <= MANY_SYMBOLS


def parts_in_numbers(node: Operation) -> str | None:
    """The node's operation on the values of its parts, where a part was written out: 210 / 25."""
    if node.kind not in ("product", "quotient", "difference") or not any(isinstance(p, Operation) and not p.name for p in node.parts):
        return None
    flat = Operation(node.kind, [Number(p.value, Source("count", "")) for p in node.parts], node.value)
    return Writer(TEXT).write(flat, top=True)


def verdict(derivation: Derivation) -> Sentence:
    """How far the computed number lies from the exact one."""
    digits = long(derivation.exact)
    if derivation.computed is None:
        return say("exact: {exact}", exact=digits)
    if derivation.computed.dtype.kind not in "fV":
        return say("exact: {exact}; computed: {computed}", exact=digits, computed=derivation.computed)
    return say(
        "exact: {exact}; computed in {format}: {computed}, {off}",
        exact=digits,
        format=derivation.format.name,
        computed=derivation.computed,
        off=_distance(derivation),
    )


def _distance(derivation: Derivation) -> Sentence:
    """In units in the last place where those mean something; near a cancelled 0 they do not, and the distance itself is told."""
    ulps, allowed = abs(derivation.ulps), derivation.allowed
    step = float(derivation.format.step(derivation.exact))
    if ulps == 0 or allowed is None:
        return say("{ulps} ULP off", ulps=rough(ulps))
    if ulps <= FEW_ULPS:
        return say("{ulps} ULP off (rounding may cost up to {allowed})", ulps=rough(ulps), allowed=rough(allowed / step))
    return say(
        "off by {distance}, which is {ulps} ULP of so small a number (rounding may cost up to {allowed})",
        distance=rough(ulps * step),
        ulps=rough(ulps),
        allowed=rough(allowed),
    )


def _pads(node: Node, full: bool) -> bool:
    if isinstance(node, Number):
        return node.source.what == "padding"
    return any(_pads(part, full) for part in shown(node, full))
