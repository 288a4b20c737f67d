"""Text of numbers as words: what separates numbers becomes a blank, and what is no number is found with its line."""

import re
from dataclasses import dataclass
from pathlib import Path

from convproof.core.errors import FileError
from convproof.core.shapes import Shape
from convproof.formats.dumps.dump import Written
from convproof.formats.dumps.text.lines import Line
from convproof.formats.dumps.text.numerals import OF_WINDOWS, NoNumberError, read_numerals

TO_BLANKS = bytes.maketrans(b",;[](){}|<>\"'", b" " * 13)
COMMA = re.compile(rb"\d,\d")
BLANK = re.compile(rb"\d[ \t]+[-+.\d]")
TWO_COMMAS = re.compile(rb",[^;\s,]*,|,[ \t]|[ \t],")


class MixedError(ValueError):
    """A comma between digits may be a decimal comma or not."""


@dataclass(frozen=True)
class Piece:
    """A part of a text, which starts at byte ``start`` and line ``number``: numbers alone, or one ``line`` with other words."""

    text: bytes
    start: int
    number: int
    line: Line | None = None

    @property
    def values(self) -> bytes:
        """The text of its numbers."""
        return self.text if self.line is None else self.line.values


def numbers_of(text: bytes, parts: list[Piece], path: Path, name: str) -> Written:
    """The numbers of a text, flat. Raises FileError with the line of the first word that is none."""
    try:
        return read_numerals(words_of(text)).written()
    except (NoNumberError, MixedError):
        for part in parts:
            for n, line in enumerate(part.values.split(b"\n")):
                _check_line(line, path, part.number + n, name)
        raise FileError(
            "{path}, array {name!r}: some lines separate numbers by commas and others by blanks, so that 0,5 may be one number or two; "
            "write a point in numbers",
            path=path,
            name=name,
        ) from None


def words_of(text: bytes) -> bytes:
    """Text of numbers with blanks in place of what separates them. Raises MixedError."""
    if b"#" in text or b"(" in text:
        for pattern, plain in OF_WINDOWS:
            text = pattern.sub(plain, text)
    text = pointed(text)
    if b"," in text and COMMA.search(text) and BLANK.search(text):
        raise MixedError
    return text.translate(TO_BLANKS)


def pointed(text: bytes) -> bytes:
    """The text with points for decimal commas: those between ";" where there is no point and no bracket, and no two in one number."""
    if b"," in text and b";" in text and b"[" not in text and b"." not in text and TWO_COMMAS.search(text) is None:
        return text.replace(b",", b".")
    return text


def _check_line(line: bytes, path: Path, number: int, name: str) -> None:
    """Raise FileError if something on the line is no number."""
    try:
        read_numerals(words_of(line))
    except MixedError:
        raise FileError(
            "{path}, line {line}, array {name!r}: {found!r} has commas between digits and blanks between numbers, so that 0,5 may be one "
            "number or two; write a point in numbers, or commas between all of them",
            path=path,
            line=number,
            name=name,
            found=line.strip().decode("utf-8", "replace")[:60],
        ) from None
    except NoNumberError as error:
        raise FileError(
            "{path}, line {line}, array {name!r}: {word!r} is no number; expected numbers such as 0.5, -1e-3 or nan",
            path=path,
            line=number,
            name=name,
            word=error.word,
        ) from None


def in_shape(written: Written, shape: Shape) -> Written:
    """Flat numbers, and the step of each, in a shape."""
    resolution = written.resolution
    return Written(written.array.reshape(shape), resolution.map(lambda array: array.reshape(shape)) if resolution is not None else None)
