"""Arrays in a text: numbers in lines, with or without headings, as printf, NumPy, torch, a logger or a spreadsheet writes them.

Lines of numbers alone are taken as they are, a block at a time; only lines with other characters in them are looked at one by one
(``lines.py``). A text is first cut into sections, one an array; its numbers are read when they are asked for, from that part of the file.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from convproof.core.errors import FileError
from convproof.core.sentence import say
from convproof.formats.dumps.c_arrays import blanked, looks_like_c, open_c
from convproof.formats.dumps.dump import Dump, Written
from convproof.formats.dumps.source import Source
from convproof.formats.dumps.text.body import read_body
from convproof.formats.dumps.text.lines import NOT_OF_NUMBERS, NUMBER, Line, read_line
from convproof.formats.dumps.text.tables import is_table, read_table
from convproof.formats.dumps.text.words import Piece

DIGIT = re.compile(rb"\d|nan|inf", re.IGNORECASE)
DIGITS = b"0123456789"
COUNT = re.compile(rb"\d+")
SEVERAL = 64  # lines of one number with their cell; from here on they are taken a block at a time


@dataclass(frozen=True)
class Section:
    """The part of a text, from ``start`` to ``end``, that holds one array; ``line`` is the number of its first line."""

    name: bytes
    start: int
    end: int
    line: int
    numbers: bool = False


def open_text(path: Path, name: str, *, alone: bool, table: bool, c: bool) -> tuple[Dump, ...]:
    """The arrays of a text; ``name`` is that of one without a heading. ``c``: it is C source; ``table``: its first line may name columns.

    Raises FileError for a text without numbers; if it is not ``alone`` it is a text of another purpose, and holds no array.
    """
    source = Source(path)
    try:
        text = source.text()
    except FileError:
        if alone:
            raise
        return (Dump(name, str(path), lambda: read_none(source)),)
    if (c or looks_like_c(text)) and (found := open_c(source, text)):
        return found
    if c and NOT_OF_NUMBERS.search(blanked(text).translate(None, b"fFxXpPaAbBcCdD")):
        found = ()
    elif table and is_table(text):
        found = (Dump(name, str(path), lambda: read_table(source)),)
    else:
        found = _dumps(source, name, list(sections(text)), c)
    if not found and alone:
        raise FileError("{path} holds no number that could be of an array; expected lines of numbers, or arrays in C", path=path)
    return found


def read_none(source: Source) -> Written:
    """Raise the FileError of a file that holds no text."""
    source.text()
    raise FileError("{path} changed while it was read; read it again", path=source.path)


def _dumps(source: Source, name: str, found: list[Section], c: bool) -> tuple[Dump, ...]:
    """One dump a section; a name that occurs again gets "@2"."""
    dumps, seen = dict[str, Dump](), Counter[str]()
    for section in found:
        plain = section.name.decode("utf-8", "replace") or name
        seen[plain] += 1
        unique = plain if seen[plain] == 1 else f"{plain}@{seen[plain]}"
        while unique in dumps:
            seen[plain] += 1
            unique = f"{plain}@{seen[plain]}"
        alone = len(found) == 1 and not section.name
        where = str(source.path) if alone else say("{path}, line {line}", path=source.path, line=section.line)
        dumps[unique] = Dump(unique, where, partial(_read, source, section, unique, c))
    return tuple(dumps.values())


def _read(source: Source, section: Section, name: str, c: bool) -> Written:
    """The numbers of one section. Raises FileError and ShapeError."""
    text = source.part(section.start, section.end)
    return read_body(pieces(blanked(text) if c else text, section.line), source.path, name)


def sections(text: bytes) -> Iterator[Section]:
    """The arrays of a text, in its order. A line with a name begins one, unless it goes on with numbers of the same name."""
    current: Section | None = None
    for piece in pieces(text):
        line, end = piece.line, piece.start + len(piece.text)
        if line is not None and line == Line():
            continue
        named, bare = line.name if line is not None else b"", line is not None and not line.values and line.cell is None
        if current is not None and current.numbers and line is not None:
            again = (line.starts and not named) or (bool(named) and named == current.name and (bare or bool(line.shapes)))
            if again or (named and named != current.name):
                yield current
                current = None
        elif current is not None and named and named != current.name:
            current = None
        if current is None:
            current = Section(named, piece.start, end, piece.number)
        holds = bool(DIGIT.search(piece.text if line is None else line.values)) or (line is not None and line.cell is not None)
        current = replace(current, end=end, numbers=current.numbers or holds)
    if current is not None and current.numbers:
        yield current


def pieces(text: bytes, number: int = 1) -> Iterator[Piece]:
    """A text as blocks of lines of numbers, and single other lines with what they say; ``number`` is that of its first line."""
    at = 0
    while (found := NOT_OF_NUMBERS.search(text, at)) is not None:
        start = text.rfind(b"\n", at, found.start()) + 1 or at
        if start > at:
            yield Piece(text[at:start], at, number)
            number += text.count(b"\n", at, start)
        end = text.find(b"\n", found.end()) + 1 or len(text)
        line = read_line(text[start:end])
        if line.cell is not None:
            end, line = _same_cells(text, start, end, line)
        elif line.name and line.values and not line.shapes:
            end, line = _same_heading(text, start, end, line)
        yield Piece(text[start:end], start, number, line)
        number += text.count(b"\n", start, end)
        at = end
    if at < len(text):
        yield Piece(text[at:], at, number)


def _same_cells(text: bytes, start: int, end: int, line: Line) -> tuple[int, Line]:
    """The end of the lines that each name one cell of the same array and one number, perhaps behind a stamp of the same digits."""
    assert line.cell is not None
    stamp = COUNT.sub(rb"\\d+", re.escape(text[start : text.find(line.name + b"[", start, end)])) if line.name else b""
    cell = rb"\[\d{1,9}\]" * len(line.cell)
    number = rb"[ \t]*+(?:[:=][ \t]*+)?" + NUMBER + rb"[ \t]*+[,;]?[ \t\r]*+(?:\n|\Z)"
    found = re.compile(rb"(?:" + stamp + rb"[ \t]*" + re.escape(line.name) + cell + number + rb")*+").match(text, start)
    if found is None or text.count(b"\n", start, found.end()) < SEVERAL:
        return end, line
    return found.end(), replace(line, stamp=stamp)


def _same_heading(text: bytes, start: int, end: int, line: Line) -> tuple[int, Line]:
    """The end of the lines that begin as this one does, but for times and counts in front of the name, and the numbers of all of them."""
    at = text.find(line.values, start, end)
    before, _, after = text[start : max(at, start)].partition(line.name)
    size = len(before) + len(line.name) + len(after)
    if at < 0 or text[end : end + size].translate(None, DIGITS) != text[start : start + size].translate(None, DIGITS):
        return end, line
    heading = COUNT.sub(rb"\\d+", re.escape(before)) + re.escape(line.name) + COUNT.sub(rb"\\d+", re.escape(after))
    alike = re.compile(rb"(?:" + heading + rb"[0-9+\-.,; \teE]*+(?:\r?\n|\Z))*+").match(text, start)
    if alike is None or alike.end() <= end:
        return end, line
    return alike.end(), replace(line, values=re.sub(rb"^" + heading, b"", text[start : alike.end()], flags=re.MULTILINE))
