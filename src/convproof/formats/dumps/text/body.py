"""The numbers of one section of a text, and their shape."""

import math
import re
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from convproof.core.errors import FileError, ShapeError
from convproof.core.sentence import say
from convproof.core.shapes import Array, Shape
from convproof.formats.dumps.dump import Written
from convproof.formats.dumps.text.cells import read_cells
from convproof.formats.dumps.text.groups import UnbalancedError, members, shape_of, starts_of_words
from convproof.formats.dumps.text.lines import FRACTION, OF_VALUES, Line, sizes_of
from convproof.formats.dumps.text.words import TO_BLANKS, Piece, in_shape, numbers_of, pointed

SHAPE_LINE = re.compile(rb"\s*(?:torch\.Size)?\(\[?[ \t]*(\d+(?:[ \t]*,[ \t]*\d+)*),?[ \t]*\]?\)[ \t]*\r?\n")
LEFT_OUT = re.compile(rb"(?:^|[\s,\[])\.\.\.(?:[\s,\]]|$)")


def read_body(pieces: Iterable[Piece], path: Path, name: str) -> Written:
    """The array of a section. Raises FileError for what is no number, cut short or left out, ShapeError for a shape that does not fit."""
    parts = [piece for piece in pieces if piece.line is None or piece.line != Line()]
    _check_style(parts, path, name)
    if any(part.line is not None and part.line.cell is not None for part in parts):
        return read_cells(parts, path, name)
    shapes = [shape for part in parts if part.line is not None for shape in part.line.shapes]
    first = next((k for k, part in enumerate(parts) if part.values.strip()), 0)
    if parts[first].line is None and (found := SHAPE_LINE.match(parts[first].text)) is not None and len(parts[first].text) > found.end():
        shapes.append(sizes_of(found[1]))
        skipped = found.end()
        number = parts[first].number + parts[first].text.count(b"\n", 0, skipped)
        parts[first] = Piece(parts[first].text[skipped:], parts[first].start, number)
    elif (counted := _count_in_heading(parts, first)) is not None:
        shapes.append(counted)
        del parts[first]
    text = pointed(b"\n".join(part.values for part in parts))
    written = numbers_of(text, parts, path, name)
    return in_shape(written, _shape(text, written.array.size, shapes, path, name))


def _check_style(parts: list[Piece], path: Path, name: str) -> None:
    """Raise FileError for printed arrays that do not show every number in its place."""
    for part in parts:
        if part.line is not None and part.line.blocks:
            raise FileError(
                "{path}, line {line}, array {name!r} is printed in blocks of columns, or times a common factor; print it flat, one number "
                "a line, in full",
                path=path,
                line=part.number,
                name=name,
            )
        if b"..." in part.values and (found := LEFT_OUT.search(part.values)) is not None:
            raise FileError(
                "{path}, line {line}, array {name!r} is printed with ... in place of numbers; print it in full: "
                "np.set_printoptions(threshold=sys.maxsize), or torch.set_printoptions(profile='full')",
                path=path,
                line=part.number + part.values.count(b"\n", 0, found.start() + 1),
                name=name,
            )


def _count_in_heading(parts: list[Piece], first: int) -> Shape | None:
    """The whole numbers beside a heading, if they are a count or a shape: numbers with fractions follow, or as many as they say."""
    line, rest = parts[first].line, parts[first + 1 :]
    if line is None or not line.name or FRACTION.search(line.values) or not any(OF_VALUES.search(part.values) for part in rest):
        return None
    sizes = sizes_of(line.values)
    if not sizes or line.values.strip().endswith((b",", b"[")):
        return None
    if any(FRACTION.search(part.values) for part in rest):
        return sizes
    count = sum(len(part.values.translate(TO_BLANKS).split()) for part in rest)
    return sizes if math.prod(sizes) == count else None


def _shape(text: bytes, count: int, said: list[Shape], path: Path, name: str) -> Shape:
    """The shape that was printed with the numbers, else that of the brackets, else rows and columns of a table, else flat."""
    fitting = [shape for shape in said if math.prod(shape) == count]
    if fitting:
        return fitting[-1]
    try:
        grouped = shape_of(text) if b"[" in text else shape_of(text, b"{}") if b"{" in text else None
    except UnbalancedError as error:
        if text[error.at : error.at + 1] in b"[{":
            raise FileError(
                "{path}, array {name!r}: a bracket is opened and never closed; it is cut short, print it again in full",
                path=path,
                name=name,
            ) from None
        grouped = None
    if len(said) == 1 and len(said[0]) > 1:
        raise ShapeError(
            "{path}, array {name!r} is said to have shape {shape}, and {count} numbers follow; it is cut short, or {hint}",
            path=path,
            name=name,
            shape=said[0],
            count=count,
            hint=say("the shape is that of something else: leave it out"),
        )
    if grouped is not None and math.prod(grouped) == count:
        return grouped
    rows = _rows(text) if text.count(b"\n") < count else None  # a number a line is flat
    return rows or (count,)


def _rows(text: bytes) -> Shape | None:
    """Rows and columns, if there are several of both and every row has as many numbers."""
    marks = np.frombuffer(text, np.uint8)
    words = starts_of_words(marks)
    ends = np.concatenate((np.flatnonzero(marks == ord("\n")), [len(marks)]))
    starts: Array = np.concatenate(([0], ends[:-1]))
    held = np.searchsorted(words, ends) - np.searchsorted(words, starts)
    rows = held > 0
    columns = members(words, starts[rows], ends[rows]) if rows.sum() > 1 else None
    return (int(rows.sum()), columns) if columns is not None and columns > 1 else None
