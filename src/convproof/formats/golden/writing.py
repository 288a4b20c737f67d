"""Golden vectors into a folder: arrays as C source, raw bytes, .npy, text or .safetensors, and the manifest that describes them.

Every number is the exact one, rounded to the format. A fixed-point format is written as its whole codes, code = number / step + zero point.
The folder appears as a whole or not at all, and nothing that is not ours is ever overwritten.
"""

import os
import secrets
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from convproof.core.errors import FileError, SettingError
from convproof.core.sentence import listed
from convproof.core.shapes import Array
from convproof.formats.golden.destinations import Destination, Names, destination, stem_of
from convproof.formats.golden.entries import MANIFEST, Bound, Entry, Manifest, Role, axes_of
from convproof.formats.golden.manifest import read_manifest
from convproof.formats.golden.stored import as_stored, digest, file_digest, resolution_of


@dataclass(frozen=True)
class GoldenArray:
    """One array to be written: exact numbers (float64, or integers), the dtype that the network has it in, and what is known of it."""

    name: str
    role: Role
    exact: Array
    computed_in: str
    described: str = ""
    reads: tuple[str, ...] = ()
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
        to = destination(folder, about.files)
        entries: list[Entry] = []
        names, stems = set[str](), Names()
        for array in arrays:
            if array.name in names:
                raise SettingError("two arrays are called {name!r}, a layer's and a parameter's; rename the layer", name=array.name)
            names.add(array.name)
            entry, stored = prepared(array, about, stems, to)
            to.write(entry, stored)
            entries.append(entry)
        to.finish(about, entries)
        hashes = {file.name: file_digest(file) for file in sorted(folder.iterdir())}
        manifest = replace(about, arrays=tuple(entries), hashes=hashes)
        (folder / MANIFEST).write_text(manifest.text(), encoding="utf-8", newline="\n")
    return manifest


def prepared(array: GoldenArray, about: Manifest, stems: Names, to: Destination) -> tuple[Entry, Array]:
    """The entry of an array, and its numbers as its file holds them."""
    axes = axes_of(array.exact.shape, about.layout)
    resolution = resolution_of(about.format, array.computed_in)
    stored = np.ascontiguousarray(as_stored(array.name, array.exact, resolution).transpose(axes)).reshape(
        [array.exact.shape[axis] for axis in axes]
    )
    stem = stems.free(stem_of(array.name))
    file, inside = to.place(array.name, array.role, stem, stored.size)
    entry = Entry(
        array.name,
        array.role,
        array.exact.shape,
        axes,
        about.format if array.exact.dtype.kind == "f" else str(stored.dtype),
        str(stored.dtype),
        array.computed_in,
        file,
        inside,
        stem,
        digest(stored),
        array.described,
        array.reads,
        array.bound,
    )
    return entry, stored


@contextmanager
def new_folder(path: str | Path, force: bool) -> Iterator[Path]:
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
        reason: object = " ".join(str(error.strerror or error).split())
        if isinstance(error, FileError):
            file, reason = (error.sentence.fields.get(field) for field in ("path", "reason"))
            if temporary not in Path(str(file)).parents or reason is None:
                raise
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
    try:
        manifest = read_manifest(target)
    except FileError:
        raise FileError("{path} exists and holds no golden vectors, so it is not overwritten; choose a new name", path=target) from None
    if not force:
        raise FileError("{path} holds golden vectors already; --force (force=True) replaces them, or choose a new name", path=target)
    others = strangers(target, names, manifest)
    if others:
        raise FileError(
            "{path} also holds {names}, which is not of the golden vectors; move it elsewhere first",
            path=target,
            names=listed(others, most=5),
        )


def strangers(folder: Path, names: Sequence[str], manifest: Manifest) -> list[str]:
    """What lies in a folder that its manifest does not name, or that is no file."""
    return [name for name in names if not (folder / name).is_file() or (name != MANIFEST and name not in manifest.hashes)]
