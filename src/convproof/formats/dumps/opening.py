"""What a target dumped, opened: a file, or a folder with one file a layer. Names are found now, numbers are read later, one by one."""

import os
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from convproof.core.errors import FileError
from convproof.core.sentence import either, say
from convproof.formats.dumps.binary import ARCHIVES, is_of_torch, open_archive, open_npy, open_raw, open_torch
from convproof.formats.dumps.declared import Raw
from convproof.formats.dumps.dump import Dump
from convproof.formats.dumps.raw_bytes import RawFile
from convproof.formats.dumps.source import TEXT
from convproof.formats.files import existing, reading
from convproof.formats.golden.entries import MANIFEST

RAW = (".bin", ".raw", ".dat")
TORCH = (".pt", ".pth", ".ckpt")
C = (".c", ".h", ".inc", ".cc", ".cpp", ".cxx", ".hh", ".hpp", ".ino")
TABLES = (".csv", ".tsv")
TEXTS = (".txt", ".log", *TABLES)
JSON = ".json"
ENDINGS = (".npy", *ARCHIVES, *TEXTS, JSON, *RAW, *C, *TORCH)
GENERIC = ("output", "out", "outputs", "y", "data", "value", "values", "result", "activation", "array", "dump")
MOST_FILES = 10_000
FOLDER = say("a folder of numbers")


def open_dumps(path: str | Path, raw: Raw | None = None) -> tuple[Dump, ...]:
    """The arrays of a file, or of the files in a folder and its subfolders, in the order of the file or of their names.

    ``raw`` says how raw bytes are numbers; None: nobody knows, and they are taken for float32, unless the first bytes of a file are those
    of a text or of a torch archive. A file in a folder gives its array its name: conv1.bin and conv1/output.bin are "conv1",
    layer1/conv1.bin is "layer1.conv1"; so it does where an array is called "data" within it, or as that of another file. A folder with a
    manifest.json is read by that.

    Raises FileError for a path that is not there, is of no known kind, damaged, or holds no numbers; some of it only when an array is read.
    """
    found = Path(path)
    if has_manifest(found):
        from convproof.formats.golden.manifest import dumps_of

        return dumps_of(found)
    if not found.is_dir():
        return open_file(existing(found), found.stem, raw)
    opened = {file: open_file(existing(file), _name_of(file.relative_to(found)), raw, alone=False) for file in _files(found)}
    count, dumps = Counter(dump.name for several in opened.values() for dump in several), dict[str, Dump]()
    for file, several in opened.items():
        for dump in several:
            if len(several) == 1 and (count[dump.name] > 1 or dump.name.lower() in GENERIC):
                dump = replace(dump, name=_name_of(file.relative_to(found)))
            if dump.name in dumps:
                raise FileError(
                    "{folder} holds {name!r} twice, in {one} and in {other}; move one of them out, or give one of them alone",
                    folder=found,
                    name=dump.name,
                    one=dumps[dump.name].where,
                    other=dump.where,
                )
            dumps[dump.name] = dump
    if not dumps:
        raise FileError("{folder} holds no file of numbers; expected files that end in {endings}", folder=found, endings=either(ENDINGS))
    return tuple(dumps.values())


def has_manifest(path: str | Path) -> bool:
    """Whether a path is a folder with a manifest in it, or the manifest itself. Raises FileError for a folder that may not be read."""
    with reading(Path(path), FOLDER):
        return (Path(path) / MANIFEST).is_file() or (Path(path).name == MANIFEST and Path(path).is_file())


def open_file(path: Path, name: str, raw: Raw | None, *, alone: bool = True) -> tuple[Dump, ...]:
    """The arrays of one file; ``name`` is that of an array which has none of its own.

    A text without any number, such as a README, holds no array if it is not ``alone``; neither does JSON without a list of numbers.
    """
    ending = path.suffix.lower()
    if ending == ".npy":
        return open_npy(path, name)
    if ending in ARCHIVES:
        return open_archive(path)
    if ending in TORCH or (ending == ".bin" and raw is None and is_of_torch(path)):
        return open_torch(path)
    if ending in RAW and not (ending == ".dat" and raw is None and _is_text(path)):
        return open_raw(RawFile(path, raw or Raw(), said=raw is not None), name)
    if ending == JSON or (ending in TEXTS and _is_object(path)):
        from convproof.formats.dumps.text.json_arrays import open_json

        return open_json(path, name, alone=alone)
    if ending in (*C, *TEXTS, ".dat"):
        from convproof.formats.dumps.text.arrays import open_text

        return open_text(path, name, alone=alone, table=ending in TABLES, c=ending in C)
    raise FileError("{path} ends in {ending!r}; expected {endings}", path=path, ending=ending, endings=either(ENDINGS))


def _files(folder: Path) -> Iterator[Path]:
    """The files of numbers in a folder and its subfolders, by name; hidden ones are left out.

    Raises FileError for too many, and for a folder that may not be read.
    """

    def fail(error: OSError) -> None:
        with reading(Path(error.filename), FOLDER):
            raise error

    seen = 0
    for root, folders, names in os.walk(folder, onerror=fail):
        folders[:] = sorted(name for name in folders if not name.startswith((".", "__")))
        seen += len(names) + len(folders)
        if seen > MOST_FILES:
            raise FileError("{folder} holds more than {n} files; give the folder with the dumps alone", folder=folder, n=MOST_FILES)
        shown = (Path(root, name) for name in sorted(names) if not name.startswith(".") and name != MANIFEST)
        yield from (file for file in shown if file.suffix.lower() in ENDINGS)


def _name_of(path: Path) -> str:
    """The name that a file in a folder gives its array."""
    parts = [*path.parts[:-1], path.stem]
    return ".".join(parts[:-1] if len(parts) > 1 and path.stem.lower() in GENERIC else parts)


def _is_object(path: Path) -> bool:
    """Whether a text begins as an object of JSON does: a name in quotes, and a list of numbers."""
    with reading(path, TEXT), path.open("rb") as handle:
        return re.match(rb'\s*\{\s*"[^"\n]*"\s*:\s*[\[{]', handle.read(4096)) is not None


def _is_text(path: Path) -> bool:
    """Whether a .dat file begins as numbers in a text do."""
    with reading(path, TEXT), path.open("rb") as handle:
        start = handle.read(4096)
    return bool(start) and not start.translate(None, b"0123456789+-.,;:eEnaifNAIF()[]{} \t\r\n#")
