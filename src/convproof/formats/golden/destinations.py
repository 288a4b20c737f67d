"""Where golden arrays go: one file each, one archive, or C sources with a header. An array is written when it comes, and then forgotten.

place    the file of an array, and its name in there
write    its numbers
finish   what can only be written when all arrays are known
"""

import re
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from convproof.core.shapes import Array
from convproof.formats.arrays import write_array, write_arrays
from convproof.formats.golden import c_source
from convproof.formats.golden.entries import Entry, Files, Manifest, Role
from convproof.formats.golden.numerals import CHUNK, PLAIN, characters, framed

ARCHIVE = "golden.safetensors"
MOST_NUMBERS = 1 << 20  # in one C source, unless a single array has more: a compiler takes seconds and some 100 MB for them
RESERVED = re.compile(r"con|prn|aux|nul|(?:com|lpt)[1-9]|manifest|golden(?:_\d+)?", re.IGNORECASE)
LONGEST = 100


class Destination:
    """A kind of files in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def place(self, name: str, role: Role, stem: str, count: int) -> tuple[str, str]:
        """The file of an array of ``count`` numbers, and its name within the file; empty for an array that is alone in its file."""
        raise NotImplementedError

    def write(self, entry: Entry, stored: Array) -> None:
        """The numbers of an array, as they are stored, to the place that it has."""
        raise NotImplementedError

    def finish(self, about: Manifest, entries: Sequence[Entry]) -> None:
        """What belongs to all arrays; nothing, for most."""


class Names:
    """Names that are still free: of files, which may not differ in case alone, and of C arrays."""

    def __init__(self) -> None:
        self.used: set[str] = set()

    def free(self, wanted: str) -> str:
        """The name itself, or with a number behind it."""
        name, k = wanted, 1
        while name.lower() in self.used:
            k += 1
            name = f"{wanted}_{k}"
        self.used.add(name.lower())
        return name


class FileEach(Destination):
    """One file an array."""

    def __init__(self, folder: Path, ending: str) -> None:
        super().__init__(folder)
        self.ending = ending

    def place(self, name: str, role: Role, stem: str, count: int) -> tuple[str, str]:
        """A file of the array's own name."""
        return f"{stem}.{self.ending}", ""

    def write(self, entry: Entry, stored: Array) -> None:
        """By the ending."""
        WRITERS[self.ending](self.folder / entry.file, stored)


class OneArchive(Destination):
    """One .safetensors file; it is written from memory, all arrays at once."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.arrays: dict[str, Array] = {}

    def place(self, name: str, role: Role, stem: str, count: int) -> tuple[str, str]:
        """The archive, which takes any name."""
        return ARCHIVE, name

    def write(self, entry: Entry, stored: Array) -> None:
        """Kept until all are there."""
        self.arrays[entry.name] = stored

    def finish(self, about: Manifest, entries: Sequence[Entry]) -> None:
        """The file."""
        write_arrays(self.folder / ARCHIVE, self.arrays)


class CSources(Destination):
    """golden.h and golden.c; what is too much for one compilation goes on in golden_2.c and so on.

    An input that stands in there has a .npy file of its own, too, for whoever checks the port.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.identifiers = Names()
        self.parts, self.numbers = 1, 0

    @property
    def source(self) -> str:
        """The file that is being written."""
        return c_source.source(self.parts)

    def place(self, name: str, role: Role, stem: str, count: int) -> tuple[str, str]:
        """The source that has room for it, and a C identifier; of an input, its other file."""
        if self.numbers and self.numbers + count > MOST_NUMBERS:
            self.parts, self.numbers = self.parts + 1, 0
        self.numbers += count
        return f"{stem}.npy" if role == "input" else self.source, self.identifiers.free(c_source.identifier(name, role))

    def write(self, entry: Entry, stored: Array) -> None:
        """Appended to the source."""
        if entry.role == "input":
            write_array(self.folder / entry.file, stored)
        with (self.folder / self.source).open("ab") as stream:
            if stream.tell() == 0:
                stream.write(c_source.BEGINNING)
            stream.writelines(c_source.definition(stored, entry))

    def finish(self, about: Manifest, entries: Sequence[Entry]) -> None:
        """The header."""
        with (self.folder / c_source.HEADER).open("w", encoding="ascii", newline="\n") as stream:
            stream.writelines(c_source.header(about, entries, self.parts))


def destination(folder: Path, files: Files) -> Destination:
    """The kind of files that a word names."""
    if files == "c":
        return CSources(folder)
    return OneArchive(folder) if files == "safetensors" else FileEach(folder, files)


def stem_of(name: str) -> str:
    """A name as every file system takes it, and as no file is called that belongs to all arrays."""
    plain = re.sub(r"[^A-Za-z0-9_.-]", "_", name).strip(".")[:LONGEST] or "_"
    head, dot, rest = plain.partition(".")
    return f"{head}_{dot}{rest}" if RESERVED.fullmatch(head) else plain


def write_bin(path: Path, stored: Array) -> None:
    """Raw bytes, little-endian, in C order."""
    stored.astype(stored.dtype.newbyteorder("<")).tofile(path)


def write_text(path: Path, stored: Array) -> None:
    """One row of the last axis a line, with so many digits that the same number is read again."""
    flat, row = stored.reshape(-1), stored.shape[-1] if stored.ndim else 1
    with path.open("wb") as stream:
        for k in range(0, flat.size, CHUNK):
            texts = framed(characters(flat[k : k + CHUNK], PLAIN), b"", b" ")
            texts[(np.arange(k, k + len(texts)) + 1) % row == 0, -1] = ord("\n")
            stream.write(texts.tobytes().translate(None, b"\0"))


WRITERS: dict[str, Callable[[Path, Array], None]] = {"npy": write_array, "bin": write_bin, "txt": write_text}
