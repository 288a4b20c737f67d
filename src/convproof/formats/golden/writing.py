"""Golden vectors into a folder: arrays as C source, raw bytes, .npy, text or .safetensors, and the manifest that describes them.

Every number is the exact one, rounded to the format. A fixed-point format is written as its whole codes, code = number / step + zero point.
The folder appears as a whole or not at all, and nothing that is not ours is ever overwritten.
"""

import os
import re
import secrets
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from convproof.core.errors import FileError, SettingError
from convproof.core.sentence import listed
from convproof.core.shapes import Array, Shape
from convproof.formats.arrays import write_array, write_arrays
from convproof.formats.golden import c_source
from convproof.formats.golden.entries import CHANNELS_LAST, MANIFEST, Bound, Entry, Files, Layout, Manifest, Role
from convproof.formats.golden.manifest import is_golden, read_manifest
from convproof.formats.golden.stored import as_stored, digest, file_digest, resolution_of

HEADER, ARCHIVE = "golden.h", "golden.safetensors"
TEXT = {"float16": "%.4e", "float32": "%.8e", "float64": "%.16e"}
RESERVED = {"con", "prn", "aux", "nul", *(f"{port}{k}" for port in ("com", "lpt") for k in range(1, 10))}
LONGEST = 100


@dataclass(frozen=True)
class GoldenArray:
    """One array to be written: exact numbers (float64, or integers), the dtype that the network has it in, and its bound."""

    name: str
    role: Role
    exact: Array
    computed_in: str
    described: str = ""
    bound: Bound | None = None


def write_golden(
    path: str | Path,
    arrays: Iterable[GoldenArray],
    about: Manifest,
    force: bool = False,
) -> Manifest:
    """Write arrays and manifest into a new folder; ``about`` is the manifest without its arrays, and says how they are written.

    Raises FileError for a folder that is there already, unless it is one of ours and ``force``; NotFiniteError for a NaN in fixed point.
    """
    with new_folder(path, force) as folder:
        entries: list[Entry] = []
        kept: dict[Entry, Array] = {}
        names: set[str] = set()
        stems, identifiers = Names(), Names()
        for array in arrays:
            if array.name in names:
                raise SettingError("two arrays are called {name!r}, a layer's and a parameter's; rename the layer", name=array.name)
            names.add(array.name)
            entry, stored = prepared(array, about, stems, identifiers)
            entries.append(entry)
            if about.files in TOGETHER:
                kept[entry] = stored
            if entry.file not in (HEADER, ARCHIVE):
                ONE_EACH[entry.file.rpartition(".")[2]](folder / entry.file, stored)
        if kept:
            TOGETHER[about.files](folder, about, kept)
        hashes = {file.name: file_digest(file) for file in sorted(folder.iterdir())}
        manifest = replace(about, arrays=tuple(entries), hashes=hashes)
        (folder / MANIFEST).write_text(manifest.text(), encoding="utf-8", newline="\n")
    return manifest


class Names:
    """Names that are still free: of files, which may not differ in case alone, and of C arrays."""

    def __init__(self) -> None:
        self.used = {MANIFEST.partition(".")[0]}

    def free(self, wanted: str) -> str:
        """The name itself, or with a number behind it."""
        name, k = wanted, 1
        while name.lower() in self.used:
            k += 1
            name = f"{wanted}_{k}"
        self.used.add(name.lower())
        return name


def prepared(array: GoldenArray, about: Manifest, stems: Names, identifiers: Names) -> tuple[Entry, Array]:
    """The entry of an array, and its numbers as its file holds them."""
    axes = axes_of(array.exact.shape, about.layout)
    resolution = resolution_of(about.format, array.computed_in)
    stored = np.ascontiguousarray(as_stored(array.name, array.exact, resolution).transpose(axes)).reshape(
        [array.exact.shape[axis] for axis in axes]
    )
    stem = stems.free(stem_of(array.name))
    inside = {"c": identifiers.free(c_source.identifier(array.name, array.role)), "safetensors": array.name}.get(about.files, "")
    entry = Entry(
        array.name,
        array.role,
        array.exact.shape,
        axes,
        about.format if array.exact.dtype.kind == "f" else str(stored.dtype),
        str(stored.dtype),
        array.computed_in,
        file_of(stem, about.files, array.role),
        inside,
        stem,
        digest(stored),
        array.described,
        array.bound,
    )
    return entry, stored


def file_of(stem: str, files: Files, role: Role) -> str:
    """The file of an array. An input that stands in a C header has one of its own too, for whoever checks the port."""
    if files == "c":
        return f"{stem}.npy" if role == "input" else HEADER
    return ARCHIVE if files == "safetensors" else f"{stem}.{files}"


def axes_of(shape: Shape, layout: Layout) -> tuple[int, ...]:
    """The network's axes in the order in which a layout writes them: with nhwc, axis 1 comes last where there are 4 axes or 5."""
    axes = tuple(range(len(shape)))
    return (0, *axes[2:], 1) if layout == "nhwc" and len(shape) in CHANNELS_LAST else axes


def stem_of(name: str) -> str:
    """A name as every file system takes it."""
    plain = re.sub(r"[^A-Za-z0-9_.-]", "_", name).strip(".")[:LONGEST] or "_"
    return f"{plain}_" if plain.lower().partition(".")[0] in RESERVED else plain


def write_bin(path: Path, stored: Array) -> None:
    """Raw bytes, little-endian, in C order."""
    stored.astype(stored.dtype.newbyteorder("<")).tofile(path)


def write_text(path: Path, stored: Array) -> None:
    """One row of the last axis a line, with so many digits that the same number is read again."""
    rows = stored.reshape(-1, stored.shape[-1] if stored.ndim and stored.size else 1)
    one = TEXT.get(stored.dtype.name, "%d")
    line = " ".join([one] * rows.shape[1]) + "\n"
    with path.open("w", encoding="ascii", newline="\n") as stream:
        stream.writelines(line % tuple(row) for row in rows)


def write_c(folder: Path, about: Manifest, arrays: Mapping[Entry, Array]) -> None:
    """One header with all arrays."""
    with (folder / HEADER).open("w", encoding="ascii", newline="\n") as stream:
        stream.writelines(c_source.header(about, arrays))


def write_archive(folder: Path, _: Manifest, arrays: Mapping[Entry, Array]) -> None:
    """One .safetensors file with all arrays by name."""
    write_arrays(folder / ARCHIVE, {entry.name: stored for entry, stored in arrays.items()})


ONE_EACH: dict[str, Callable[[Path, Array], None]] = {"npy": write_array, "bin": write_bin, "txt": write_text}
TOGETHER: dict[str, Callable[[Path, Manifest, Mapping[Entry, Array]], None]] = {"c": write_c, "safetensors": write_archive}


@contextmanager
def new_folder(path: str | Path, force: bool = False) -> Iterator[Path]:
    """A temporary folder, to be filled inside the block; afterwards it stands at ``path``. If the block fails, nothing is changed.

    Raises FileError for something else at ``path`` than golden vectors, and for those unless ``force``.
    """
    target = Path(os.path.realpath(path))
    require_free(target, force)
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    old = target.with_name(f".{target.name}.{secrets.token_hex(4)}.old")
    try:
        temporary.mkdir()
        yield temporary
        if target.exists():
            target.rename(old)
        try:
            temporary.rename(target)
        except OSError:
            if old.exists():
                old.rename(target)
            raise
    except OSError as error:
        if isinstance(error, FileError):
            raise
        reason = " ".join(str(error.strerror or error).split())
        raise FileError("{path} cannot be written: {reason}; what was there is unchanged", path=path, reason=reason) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


def require_free(target: Path, force: bool) -> None:
    """Raise FileError unless a folder may be written at a path."""
    if not target.parent.is_dir():
        raise FileError("{path} cannot be written: the folder {folder} does not exist; make it first", path=target, folder=target.parent)
    if not target.exists():
        return
    if not target.is_dir():
        raise FileError("{path} is a file; golden vectors are written into a folder: choose a new name", path=target)
    names = sorted(entry.name for entry in target.iterdir())
    if not names:
        return
    if not is_golden(target):
        raise FileError("{path} exists and holds no golden vectors, so it is not overwritten; choose a new name", path=target)
    if not force:
        raise FileError("{path} holds golden vectors already; --force (force=True) replaces them, or choose a new name", path=target)
    others = strangers(names, read_manifest(target))
    if others:
        raise FileError(
            "{path} also holds {names}, which is not of the golden vectors; move it elsewhere first",
            path=target,
            names=listed(others, most=5),
        )


def strangers(names: Sequence[str], manifest: Manifest) -> list[str]:
    """Files in a folder that its manifest does not name."""
    return [name for name in names if name != MANIFEST and name not in manifest.hashes]
