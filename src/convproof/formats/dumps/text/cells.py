"""Numbers that each stand beside their cell: ``conv1[0][1][2] = 0.123``. Each must be there once; indices count from 0, or all from 1.

Several numbers beside a cell are a row that begins there. One line alone may mean a shape: ``conv1 (1, 4): 0.1 0.2 0.3 0.4``.
"""

import math
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from convproof.core.errors import FileError
from convproof.core.shapes import Array, Shape
from convproof.formats.dumps.dump import Written
from convproof.formats.dumps.text.words import Piece, in_shape, numbers_of, words_of

MARKS = bytes.maketrans(b"[](){}:=,;", b" " * 10)


def read_cells(parts: Sequence[Piece], path: Path, name: str) -> Written:
    """The array whose cells are listed. Raises FileError if one is missing or there twice."""
    places: list[Array] = []
    texts: list[bytes] = []
    for part in parts:
        if part.line is not None and part.line.cell is not None:
            place, text = _listed(part)
            places.append(place)
            texts += text
        elif re.search(rb"\d", part.values):
            raise FileError(
                "{path}, line {line}, array {name!r}: numbers without a cell beside numbers that have one; write the cell of each",
                path=path,
                line=part.number,
                name=name,
            )
    if len({place.shape[1] for place in places}) > 1:
        raise FileError("{path}, array {name!r}: cells have different numbers of indices; write all of them", path=path, name=name)
    cells = np.concatenate(places)
    written = numbers_of(b"\n".join(texts), [part for part in parts if part.line is not None], path, name)
    if len(cells) == 1 and math.prod(cells[0].tolist()) == written.array.size:
        return in_shape(written, tuple(cells[0].tolist()))
    row = len(words_of(texts[0]).split())
    if row * len(cells) != written.array.size:
        raise FileError("{path}, array {name!r}: not every line holds {row} numbers, as the first does", path=path, name=name, row=row)
    return in_place(cells, row, written, path, name)


def _listed(part: Piece) -> tuple[Array, list[bytes]]:
    """The cells of one line, or of a block of lines with one number each, and the texts of their numbers."""
    assert part.line is not None
    assert part.line.cell is not None
    if b"\n" not in part.text.rstrip():
        return np.array([part.line.cell], np.int64), [part.line.values]
    text = re.sub(rb"^" + part.line.stamp, b"", part.text, flags=re.MULTILINE) if part.line.stamp else part.text
    words = text.replace(part.line.name, b"").translate(MARKS).split()
    axes = len(part.line.cell)
    return np.array([list(map(int, words[k :: axes + 1])) for k in range(axes)], np.int64).T, words[axes :: axes + 1]


def in_place(cells: Array, row: int, written: Written, path: Path, name: str) -> Written:
    """Numbers in the order of their cells."""
    if (cells.min(axis=0) == 1).all() and math.prod(cells.max(axis=0).tolist()) == len(cells):
        cells = cells - 1
    shape: Shape = tuple((cells.max(axis=0) + 1).tolist())
    order = np.lexsort(cells.T[::-1])
    listed = cells[order]
    twice = np.flatnonzero((listed[1:] == listed[:-1]).all(axis=1))
    if len(twice):
        raise FileError("{path}, array {name!r} has cell {cell} twice", path=path, name=name, cell=tuple(listed[twice[0]].tolist()))
    if math.prod(shape) != len(cells):
        raise FileError(
            "{path}, array {name!r} has {count} cells, but its indices are those of the shape {shape}, which has {all}; write every cell",
            path=path,
            name=name,
            count=len(cells),
            shape=shape,
            all=math.prod(shape),
        )
    full = (*shape, row) if row > 1 else shape

    def sorted_(array: Array) -> Array:
        return np.asarray(array.reshape(len(cells), row)[order].reshape(full))

    resolution = written.resolution
    return Written(sorted_(written.array), resolution.map(sorted_) if resolution is not None else None)
