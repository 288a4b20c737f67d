"""A folder with a ``manifest.json``: the golden vectors that it describes, and a port's own dumps beside it.

A port copies the manifest, and the golden input, into the folder of its own dumps. An array is then looked for in the file that the manifest
names, or in one of the same stem that ends otherwise: conv1.txt for conv1.npy. Its numbers are the port's and may differ; the golden input
and golden weights may not, which their SHA-256 shows.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from convproof.core.errors import FileError
from convproof.core.sentence import listed, say
from convproof.core.shapes import Array
from convproof.formats.arrays import SEVERAL, read_arrays
from convproof.formats.dumps.dump import Dump
from convproof.formats.dumps.entries import MANIFEST, Entry, Manifest, Reader, manifest_of
from convproof.formats.files import existing

LARGEST_FILE = 1 << 26
KIND = say("a manifest of golden vectors")


def read_manifest(path: str | Path) -> Manifest:
    """The manifest of a folder, or of its own path. Raises FileError for one that is missing, damaged or makes no sense."""
    found = existing(Path(path) / MANIFEST if Path(path).is_dir() else path)
    size = found.stat().st_size
    if size > LARGEST_FILE:
        raise FileError("{path} has {size} bytes; a manifest has at most {most}", path=found, size=size, most=LARGEST_FILE)
    try:
        record = json.loads(found.read_bytes().decode("utf-8"))
    except (ValueError, RecursionError, OSError) as error:
        raise FileError(
            "{path} is no JSON ({reason}); expected {kind}: write it anew with convproof golden",
            path=found,
            reason=" ".join(str(error).split())[:200],
            kind=KIND,
        ) from error
    return manifest_of(Reader(record, str(found)))


def has_manifest(path: str | Path) -> bool:
    """Whether a path is a folder with a manifest in it."""
    return (Path(path) / MANIFEST).is_file()


def is_golden(folder: str | Path) -> bool:
    """Whether a folder has a manifest of ours."""
    try:
        return has_manifest(folder) and bool(read_manifest(folder))
    except FileError:
        return False


def digest(stored: Array) -> str:
    """SHA-256 of an array's numbers as they are stored: little-endian, in C order."""
    plain = np.ascontiguousarray(stored, stored.dtype.newbyteorder("<"))
    return hashlib.sha256(plain.reshape(-1).view(np.uint8).data).hexdigest()


def input_of(path: str | Path, names: Sequence[str]) -> tuple[Array, ...] | None:
    """The network's inputs, by their ``names``, from golden vectors or from an archive that a run was saved to; None where there are none.

    Raises FileError for a golden input that is damaged, or is not the one that the manifest describes.
    """
    folder = Path(path)
    if has_manifest(folder):
        manifest = read_manifest(folder)
        entries = {entry.name: entry for entry in manifest.of("input")}
        if set(names) != set(entries):
            raise FileError(
                "{path} is of another model: its inputs are {found}, those of the network {expected}; write golden vectors of this network",
                path=folder / MANIFEST,
                found=listed(entries),
                expected=listed(names),
            )
        return tuple(golden_input(folder, manifest, entries[name]) for name in names)
    if folder.suffix.lower() in SEVERAL and folder.is_file():
        arrays = read_arrays(folder)
        return tuple(arrays[name] for name in names) if set(names) <= set(arrays) else None
    return None


def golden_input(folder: Path, manifest: Manifest, entry: Entry) -> Array:
    """One golden input as the network reads it. Raises FileError if its numbers are not those of the manifest."""
    stored = stored_in(folder / entry.file, entry)
    require_same(folder / entry.file, entry, stored)
    resolution = parse_format(manifest.format)
    return from_stored(entry.in_the_network(stored), resolution, np.dtype(entry.computed_in))
