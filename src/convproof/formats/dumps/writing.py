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
from typing import Any

import numpy as np

from convproof.core.errors import FileError, NotFiniteError, SettingError
from convproof.core.formats import FLOAT32, format_of
from convproof.core.resolution import Fixed, Resolution, Stored
from convproof.core.sentence import listed
from convproof.core.shapes import Array, Shape
from convproof.formats.arrays import write_array, write_arrays
from convproof.formats.dumps import c_source
from convproof.formats.dumps.entries import MANIFEST, Bound, Entry, Files, Layout, Manifest, Role
from convproof.formats.dumps.manifest import digest, is_golden, read_manifest
from convproof.network.graph import free_name

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
    resolution: Callable[[GoldenArray], Resolution],
    force: bool = False,
) -> Manifest:
    """Write arrays and manifest into a new folder; ``about`` is the manifest without its arrays, and says how they are written.

    Raises FileError for a folder that is there already, unless it is one of ours and ``force``; NotFiniteError for a NaN in fixed point.
    """
    with new_folder(path, force) as folder:
        entries, kept = [], {}
        used: set[str] = {MANIFEST.partition(".")[0]}
        for array in arrays:
            entry, stored = prepared(array, about, resolution(array), used)
            entries.append(entry)
            if about.files in ONE_EACH:
                ONE_EACH[about.files](folder / entry.file, stored)
            else:
                kept[entry] = stored
        if kept:
            TOGETHER[about.files](folder, about, kept)
        hashes = {file.name: hash_of(file) for file in sorted(folder.iterdir())}
        manifest = replace(about, arrays=tuple(entries), hashes=hashes)
        (folder / MANIFEST).write_text(manifest.text(), encoding="utf-8", newline="\n")
    return manifest


def prepared(array: GoldenArray, about: Manifest, resolution: Resolution, used: set[str]) -> tuple[Entry, Array]:
    """The entry of an array, and its numbers as its file holds them; ``used`` are the stems that are taken."""
    axes = axes_of(array.exact.shape, about.layout)
    stored = np.ascontiguousarray(as_stored(array, resolution).transpose(axes))
    stem = free_name(stem_of(array.name), {name.lower() for name in used} | used, "_")
    while stem.lower() in used:
        stem += "_"
    used.add(stem.lower())
    file = {"c": HEADER, "safetensors": ARCHIVE}.get(about.files, f"{stem}.{about.files}")
    entry = Entry(
        array.name,
        array.role,
        array.exact.shape,
        axes,
        about.format if array.exact.dtype.kind == "f" else str(stored.dtype),
        str(stored.dtype),
        array.computed_in,
        file,
        stem,
        digest(stored),
        array.described,
        array.bound,
    )
    return entry, stored


def as_stored(array: GoldenArray, resolution: Resolution) -> Array:
    """Exact numbers as a file holds them: rounded to a floating-point format, or as codes of a fixed-point one; whole numbers as they are."""
    if array.exact.dtype.kind != "f":
        return array.exact.astype(np.uint8) if array.exact.dtype.kind == "b" else array.exact
    if isinstance(resolution, Fixed):
        if not np.isfinite(array.exact).all():
            raise NotFiniteError(
                "{name} holds a NaN or an infinity, for which {format} has no code; write it as float32",
                name=array.name,
                format=resolution.name,
            )
        return resolution.code(array.exact).astype(dtype_of_codes(resolution))
    with np.errstate(all="ignore"):  # what lies beyond the format's range is an infinity in it
        return resolution.render(array.exact).astype(dtype_of(resolution))


def from_stored(stored: Array, resolution: Resolution, dtype: np.dtype[Any]) -> Array:
    """What the numbers in a file mean, in the network's dtype."""
    coded = isinstance(resolution, Fixed) and dtype.kind in "fV"
    return (resolution.decode(stored) if coded else stored).astype(dtype)


def dtype_of(resolution: Resolution) -> np.dtype[Any]:
    """The dtype in which a floating-point format is written; bfloat16, which few programs read, as the float32 of the same value."""
    name = resolution.storage.name if isinstance(resolution, Stored) else resolution.native.name
    return np.dtype(np.float32) if name == "bfloat16" else np.dtype(name)


def dtype_of_codes(fixed: Fixed) -> np.dtype[Any]:
    """The shortest whole-number type that holds all codes of a format."""
    kinds = "iu" if fixed.lowest < 0 else "ui"
    for bits in (8, 16, 32, 64):
        for kind in kinds:
            info = np.iinfo(f"{kind}{bits // 8}")
            if info.min <= fixed.lowest and fixed.highest <= info.max:
                return np.dtype(info.dtype)
    raise SettingError("{format} has codes of more than 64 bits; take a format with fewer", format=fixed.name)


def axes_of(shape: Shape, layout: Layout) -> tuple[int, ...]:
    """The network's axes in the order in which a layout writes them: with nhwc, axis 1 comes last where there are 4 axes or 5."""
    axes = tuple(range(len(shape)))
    return (0, *axes[2:], 1) if layout == "nhwc" and len(shape) in (4, 5) else axes


def stem_of(name: str) -> str:
    """A name as every file system takes it."""
    plain = re.sub(r"[^A-Za-z0-9_.-]", "_", name).strip(".")[:LONGEST] or "_"
    return f"{plain}_" if plain.lower().partition(".")[0] in RESERVED else plain


def hash_of(file: Path) -> str:
    """SHA-256 of a file."""
    import hashlib

    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


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


def write_archive(folder: Path, about: Manifest, arrays: Mapping[Entry, Array]) -> None:
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
            "{path} also holds {names}, which is not of the golden vectors; move it elsewhere first", path=target, names=listed(others, most=5)
        )


def strangers(names: Sequence[str], manifest: Manifest) -> list[str]:
    """Files in a folder that its manifest does not name."""
    return [name for name in names if name != MANIFEST and name not in manifest.hashes]
