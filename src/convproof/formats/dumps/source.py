"""The bytes of a text file, or of a part of it: a part can be found again by its place, and bytes are searched fast."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from convproof.core.errors import FileError
from convproof.core.sentence import say
from convproof.formats.files import reading

TEXT = say("a text")
UTF16 = (b"\xff\xfe", b"\xfe\xff")  # what PowerShell writes for ">"
UTF8_MARK = b"\xef\xbb\xbf"
MINUS = ("\N{MINUS SIGN}".encode(), b"  -")


@dataclass(frozen=True)
class Source:
    """A text file."""

    path: Path

    @cached_property
    def plain(self) -> bool:
        """Whether the bytes of the file are those of the text."""
        with reading(self.path, TEXT), self.path.open("rb") as handle:
            return not handle.read(3).startswith((*UTF16, UTF8_MARK))

    def text(self) -> bytes:
        """The whole text, in UTF-8 or whatever it is written in. Raises FileError for one that is empty or no text."""
        with reading(self.path, TEXT):
            raw = self.path.read_bytes()
        if raw.startswith(UTF16):
            raw = raw.decode("utf-16", "replace").encode("utf-8", "replace")
        raw = raw.removeprefix(UTF8_MARK)
        if not raw.strip():
            raise FileError("{path} is empty; expected numbers: make it again", path=self.path)
        if b"\0" in raw:
            raise FileError(
                "{path} holds bytes that no text has; give raw numbers in a file that ends in .bin, and NumPy's in .npy", path=self.path
            )
        return as_lines(raw)

    def part(self, start: int, end: int) -> bytes:
        """A part of the text."""
        if not self.plain:
            return self.text()[start:end]
        with reading(self.path, TEXT), self.path.open("rb") as handle:
            handle.seek(start)
            raw = handle.read(end - start)
        if len(raw) < end - start:
            raise FileError("{path} has become shorter while it was read; make it again", path=self.path)
        return as_lines(raw)


def as_lines(raw: bytes) -> bytes:
    """A text with plain signs, and with line feeds where it has carriage returns alone; as long as before."""
    return (raw if b"\n" in raw else raw.replace(b"\r", b"\n")).replace(*MINUS)


def line_of(text: bytes, at: int) -> int:
    """The number of the line, from 1, in which a byte stands."""
    return text.count(b"\n", 0, at) + 1
