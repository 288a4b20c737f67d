"""Tables as spreadsheets and pandas write them: a first line that names the columns, perhaps a first column that counts the rows.

,0,1            the columns are counted too
0,0.5,0.25

n,c,h,w,value   every number with its cell
0,0,0,0,0.5
"""

import re

import numpy as np

from convproof.formats.dumps.dump import Written
from convproof.formats.dumps.source import Source
from convproof.formats.dumps.text.cells import in_place
from convproof.formats.dumps.text.lines import FRACTION, NUMBERS, WORD
from convproof.formats.dumps.text.words import MixedError, Piece, in_shape, numbers_of, words_of

WORDS = re.compile(rb"[A-Za-z_#]")
OF_INDEX = (b"", b"index", b"idx", b"i", b"id", b"row", b"unnamed: 0", b"no", b"#")
OF_CELLS = re.compile(rb"[nchwijklmxyzdb]|rows?|col(?:umn)?s?|channels?|batch|height|width|depth|index|idx|(?:dim|axis)_?\d")
OF_VALUE = (b"value", b"values", b"val", b"v", b"output", b"data", b"activation", b"result")


def is_table(text: bytes) -> bool:
    """Whether the first line names columns, and no other line holds words."""
    head, _, rest = text.lstrip().partition(b"\n")
    named = any(word[0].lower() not in NUMBERS for word in WORD.finditer(head)) and FRACTION.search(head) is None
    counted = _is_counting(head) and FRACTION.search(rest) is not None
    words = {word.lower() for word in re.findall(rb"[A-Za-z_]+", rest)} if WORDS.search(rest) else set()
    return bool(rest.strip()) and (named or counted) and words <= {b"nan", b"inf", b"infinity", b"e"}


def read_table(source: Source) -> Written:
    """The numbers of a table without its names and its counting columns. Raises FileError."""
    text = source.text()
    start = len(text) - len(text.lstrip())
    head, _, rest = text[start:].partition(b"\n")
    names = [name.strip(b" \t\r\"'").lower() for name in re.split(rb"[,;\t]", head)]
    path, name = source.path, source.path.stem
    whole = Piece(rest, 0, text.count(b"\n", 0, start) + 2)
    try:
        words = words_of(rest).split()
    except MixedError:
        return numbers_of(rest, [whole], path, name)
    rows = sum(1 for row in rest.split(b"\n") if row.strip())
    columns = len(words) // rows
    if columns * rows != len(words):
        return numbers_of(rest, [whole], path, name)
    counting = _columns_of_cells(names, words, columns) or _column_of_rows(names, words, columns)
    kept = [word for k, word in enumerate(words) if k % columns >= counting] if counting else words
    written = numbers_of(b"\n".join(kept) if counting else rest, [whole], path, name)
    if counting > 1:
        cells = np.array([list(map(int, words[k::columns])) for k in range(counting)], np.int64).T
        return in_place(cells, 1, written, path, name)
    return in_shape(written, (rows, columns - counting)) if rows > 1 and columns - counting > 1 else written


def _columns_of_cells(names: list[bytes], words: list[bytes], columns: int) -> int:
    """How many first columns are indices of the cell whose number is in the last one; 0 if they are not."""
    if len(names) != columns or columns < 3 or names[-1] not in OF_VALUE or not all(map(OF_CELLS.fullmatch, names[:-1])):
        return 0
    return columns - 1 if all(word.isdigit() and len(word) < 10 for k in range(columns - 1) for word in words[k::columns]) else 0


def _column_of_rows(names: list[bytes], words: list[bytes], columns: int) -> int:
    """1 if the first column counts the rows, else 0."""
    if columns < 2 or names[0] not in OF_INDEX:
        return 0
    return int(all(word == str(k).encode() for k, word in enumerate(words[::columns])))


def _is_counting(head: bytes) -> bool:
    """Whether a line is 0, 1, 2 ... with or without an empty cell before."""
    cells = [cell.strip(b' \t\r"') for cell in re.split(rb"[,;\t]", head)]
    numbers = cells[1:] if cells[0] == b"" else cells
    return len(numbers) > (0 if cells[0] == b"" else 2) and numbers == [str(k).encode() for k in range(len(numbers))]
