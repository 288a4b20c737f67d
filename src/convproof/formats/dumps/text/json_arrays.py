"""Arrays in a JSON file: nested lists of numbers, or names with such lists.

    [[0.1, 0.2], [0.3, 0.4]]                            one array, called as its file is
    {"conv1": [[0.1, 0.2]], "fc": {"bias": [0.3]}}      conv1 and fc.bias
    {"shape": [1, 4, 3, 3], "data": [0.1, ...]}         one array too; so may each of several be written
    [{"name": "conv1", "data": [0.1, ...]}, ...]        several, conv1 and others
    {"0": 0.1, "1": 0.2}                                a Float32Array, as JavaScript writes it

Numbers keep their digits, from which is read how finely they were printed, and NaN and Infinity, which Python writes, are numbers. Words,
dates and lists of words are no arrays and are passed over.
"""

import json
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from convproof.core.errors import FileError, ShapeError
from convproof.core.sentence import Text, say
from convproof.core.shapes import Shape
from convproof.formats.dumps.dump import Dump, Written
from convproof.formats.dumps.source import Source
from convproof.formats.dumps.text.groups import DEEPEST
from convproof.formats.dumps.text.numerals import NoNumberError, read_numerals
from convproof.formats.dumps.text.words import in_shape
from convproof.formats.files import reading

LARGEST_FILE = 1 << 28  # bytes; while it is read, a file takes some six times its size, and more if its numbers are short
LONGEST_NAME = 1000
MOST_AXES = 16
DATA = ("data", "values")
SHAPE = ("shape", "dims")
IN_WORDS = {bool: say("a truth value"), bytes: say("a number"), list: say("a list"), dict: say("an object"), str: say("a word")}


@dataclass(frozen=True)
class Listed:
    """One array: the text of its numbers, with blanks between them, and its shape. ``logical``: it holds true and false, as 1 and 0."""

    name: str
    words: bytes
    shape: Shape
    logical: bool = False

    def written(self, where: Text) -> Written:
        """Its numbers. Raises FileError for one that is too long to be a number."""
        try:
            found = in_shape(read_numerals(self.words).written(), self.shape)
            return Written(found.array != 0) if self.logical else found
        except NoNumberError as error:
            raise FileError("{where}: {word!r} is no number; expected numbers such as 0.5 or -1e-3", where=where, word=error.word) from None


def open_json(path: Path, name: str, *, alone: bool) -> tuple[Dump, ...]:
    """The arrays of a JSON file; ``name`` is that of an array which has none of its own.

    Raises FileError for a file that is no JSON, that names an array twice or holds no number; if it is not ``alone`` it may be a file of
    another purpose, without a list of numbers, and holds no array.
    """
    source = Source(path)
    if _begins_a_list(path):
        return (Dump(name, str(path), lambda: _the_one(source, name).written(str(path))),)
    found = arrays_in(source, name)
    if not alone and all(array.shape == () for array in found):
        return ()
    if not found:
        raise _nothing(path)
    if len(found) == 1 and found[0].name == name:
        return (Dump(name, str(path), lambda: _the_one(source, name).written(str(path))),)  # its text is not kept until then
    places = [say("{path}, array {name!r}", path=path, name=array.name) for array in found]
    return tuple(Dump(array.name, place, partial(array.written, place)) for array, place in zip(found, places, strict=True))


def arrays_in(source: Source, name: str) -> list[Listed]:
    """All arrays of a file. Raises FileError and ShapeError."""
    found: dict[str, Listed] = {}
    try:
        for array in _arrays(parsed(source), "", source.path):
            if array.name in found:
                raise _twice(source.path, array.name)
            found[array.name] = array
    except RecursionError:
        raise FileError("{path} is nested deeper than any array has axes; write lists of numbers", path=source.path) from None
    return [replace(array, name=array.name or name) for array in found.values()]


def parsed(source: Source) -> Any:
    """What a JSON file holds, with every number as the bytes that it is written in. Raises FileError."""
    path = source.path
    with reading(path, say("JSON")):
        size = path.stat().st_size
    if size > LARGEST_FILE:
        raise FileError(
            "{path} has {size} bytes, and of a JSON file at most {most} are read; write its arrays in several files, or as .npy",
            path=path,
            size=size,
            most=LARGEST_FILE,
        )
    text = source.text().decode("utf-8", "replace")
    digits: Any = str.encode
    try:
        return json.loads(
            text, parse_float=digits, parse_int=digits, parse_constant=digits, object_pairs_hook=partial(_without_doubles, path)
        )
    except json.JSONDecodeError as error:
        raise FileError(
            "{path}, line {line}, column {column}: no JSON ({reason}); it is cut short or damaged, or several texts stand in one file",
            path=path,
            line=error.lineno,
            column=error.colno,
            reason=error.msg,
        ) from None


def _the_one(source: Source, name: str) -> Listed:
    """The array of a file that holds one. Raises FileError."""
    found = arrays_in(source, name)
    if len(found) != 1:
        raise _nothing(source.path)
    return found[0]


def _nothing(path: Path) -> FileError:
    return FileError(
        "{path} holds no list of numbers; expected nested lists such as [[0.1, 0.2], [0.3, 0.4]], or an object of names with such lists",
        path=path,
    )


def _begins_a_list(path: Path) -> bool:
    """Whether a file holds one list, of numbers or of lists, by its first characters."""
    with reading(path, say("JSON")), path.open("rb") as handle:
        start = handle.read(4096).translate(None, b" \t\r\n")
    return start.startswith(b"[") and not start.startswith((b"[{", b'["'))


def _without_doubles(path: Path, pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """The object of these names and values. Raises FileError for a name that is there twice."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _twice(path, Counter(name for name, _ in pairs).most_common(1)[0][0])
    return found


def _twice(path: Path, name: str) -> FileError:
    return FileError("{path} holds {name!r} twice; leave one of them out, or give it another name", path=path, name=_printable(name))


def _arrays(value: Any, name: str, path: Path) -> Iterator[Listed]:
    """The arrays in a value of this name, in the order of the file."""
    value = _typed_array(value)
    if isinstance(value, bytes) or (isinstance(value, list) and _is_of_numbers(value)):
        yield listed(value, None, name, path)
    elif isinstance(value, list):
        for part in value:
            if isinstance(part, Mapping) and (data := _data(part)) is not None and isinstance(part.get("name"), str):
                yield listed(data, _said(part), _within(name, part["name"], path), path)
    elif isinstance(value, Mapping):
        if (data := _data(value)) is not None:
            own = value.get("name")
            yield listed(data, _said(value), name or (_within("", own, path) if isinstance(own, str) else ""), path)
            return
        for key, part in value.items():
            yield from _arrays(part, _within(name, key, path), path)


def _typed_array(value: Any) -> Any:
    """An object that counts its numbers, {"0": 0.1, "1": 0.2}, as a list."""
    if isinstance(value, dict) and value and all(isinstance(part, bytes) for part in value.values()):
        return list(value.values()) if list(value) == [str(k) for k in range(len(value))] else value
    return value


def _data(value: Mapping[str, Any]) -> Any:
    """The numbers of an object that describes one array: it has a shape besides, or no other list. None if it is none."""
    key = next((key for key in DATA if key in value), None)
    found = None if key is None else _typed_array(value[key])
    if not isinstance(found, list | bytes) or not _is_of_numbers(found):
        return None
    alone = not any(isinstance(part, list | Mapping) for other, part in value.items() if other != key)
    return found if alone or _said(value) is not None else None


def _said(value: Mapping[str, Any]) -> Any:
    """The shape that an object says; None if it says none."""
    return next((value[key] for key in SHAPE if key in value), None)


def _is_of_numbers(value: Any) -> bool:
    """Whether a list begins as an array of numbers does: its first value is no word and no object. An empty one may be an array."""
    while isinstance(value, list) and value:
        value = value[0]
    return not isinstance(value, str | Mapping)


def listed(value: Any, said: Any, name: str, path: Path) -> Listed:
    """A number or nested lists as an array, in the shape that is ``said`` if one is.

    Raises FileError for rows that differ in length and for what is no number, ShapeError if there are not as many numbers as the shape has.
    """
    where = say("{path}, array {name!r}", path=path, name=name or path.stem)
    shape: list[int] = []
    level = [value]
    while level and isinstance(level[0], list):
        size = len(level[0])
        for k, part in enumerate(level):
            if not isinstance(part, list) or len(part) != size:
                _refuse_row(part, k, tuple(shape), size, where)
        shape.append(size)
        if len(shape) > DEEPEST:
            raise FileError("{where} has lists nested deeper than any array has axes; write it flat, or with its shape", where=where)
        level = list(chain.from_iterable(level))
    if logical := bool(level) and all(isinstance(part, bool) for part in level):
        level = [b"1" if part else b"0" for part in level]
    for k, part in enumerate(level):
        if not isinstance(part, bytes):
            _refuse(part, k, tuple(shape), where)
    return Listed(name, b" ".join(level), tuple(shape) if said is None else _shape(said, len(level), where), logical)


def _shape(said: Any, count: int, where: Text) -> Shape:
    """A shape that is said. Raises ShapeError if it is none, or that of another number of numbers."""
    words = said if isinstance(said, list) else [said]
    sizes = [int(word) for word in words if isinstance(word, bytes) and word.isdigit() and len(word) < 19]
    if not len(sizes) == len(words) <= MOST_AXES or not isinstance(said, list):
        raise ShapeError("{where}: its shape is no list of sizes; write it as in [1, 4, 3, 3]", where=where)
    shape = tuple(sizes)
    if math.prod(shape) != count:
        raise ShapeError(
            "{where} is said to have shape {shape}, and holds {count} numbers; it is cut short, or the shape is that of something else",
            where=where,
            shape=shape,
            count=count,
        )
    return shape


def _refuse_row(part: Any, k: int, shape: Shape, size: int, where: Text) -> NoReturn:
    """Raise FileError for the ``k``-th row of a level, which is no list of ``size`` values, as the first one is."""
    if not isinstance(part, list):
        _refuse(part, k, shape, where)
    raise FileError(
        "{where}: its rows differ in length, {size} in the first and {found} in row {row}; write every row in full",
        where=where,
        row=_cell(k, shape),
        found=len(part),
        size=size,
    )


def _refuse(part: Any, k: int, shape: Shape, where: Text) -> NoReturn:
    """Raise FileError for the ``k``-th value of a level, where a number or a row is expected."""
    if part is None:
        raise FileError(
            "{where}: at {cell} stands null, which is no number; JavaScript writes NaN and infinities so: write them as NaN and Infinity",
            where=where,
            cell=_cell(k, shape),
        )
    raise FileError(
        "{where}: at {cell} stands {found}; expected a number in every place, or rows of one length",
        where=where,
        cell=_cell(k, shape),
        found=IN_WORDS[type(part)],
    )


def _cell(k: int, shape: Shape) -> Shape:
    """The place of the ``k``-th value of an array of this shape."""
    return tuple(int(i) for i in np.unravel_index(k, shape))


def _within(name: str, key: str, path: Path) -> str:
    """The name of a part: "fc.bias". Raises FileError for a very long one, which would be copied for every part of the part."""
    found = f"{name}.{_printable(key)}" if name else _printable(key)
    if len(found) > LONGEST_NAME:
        raise FileError(
            "{path} has a name of {n} characters; expected at most {most}: give its arrays shorter ones",
            path=path,
            n=len(found),
            most=LONGEST_NAME,
        )
    return found


def _printable(name: str) -> str:
    """A name that any terminal can show: half a character becomes a "?"."""
    return name.encode("utf-8", "replace").decode("utf-8")
