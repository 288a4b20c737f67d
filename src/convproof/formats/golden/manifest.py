"""A folder with a ``manifest.json``: the golden vectors that it describes, or a port's own dumps beside a copy of it.

A port copies the manifest, and the golden input, into the folder of its own dumps. An array is then looked for in files that are called
as the manifest says, whatever they end in: conv1.txt, conv1.bin, conv1.npy. Its numbers are the port's and may differ; the golden input
and the golden weights may not, which their SHA-256 shows.
"""

import difflib
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache, partial
from pathlib import Path

import numpy as np

from convproof.core.errors import FileError, ShapeError
from convproof.core.fixed_point import Fixed
from convproof.core.formats import dtype_named
from convproof.core.resolution import Decimals, Resolution
from convproof.core.sentence import Text, listed, say
from convproof.core.shapes import Array
from convproof.formats.arrays import OPEN
from convproof.formats.dumps.declared import Raw
from convproof.formats.dumps.dump import Dump, Written
from convproof.formats.dumps.opening import ENDINGS, has_manifest, open_file
from convproof.formats.dumps.settling import settled
from convproof.formats.files import existing
from convproof.formats.golden.entries import BEFORE, IN_WORDS, MANIFEST, Entry, Manifest
from convproof.formats.golden.parsing import Reader, manifest_of
from convproof.formats.golden.stored import digest, file_digest, from_stored, resolution_of

LARGEST_FILE = 1 << 24
NEAR = 0.75  # so alike are names of which one is probably meant as the other
KIND = say("a manifest of golden vectors")
SIZES = {2: ("float16", "bfloat16"), 4: ("float32",), 8: ("float64",)}


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


def folder_of(path: str | Path) -> Path:
    """The folder that a manifest lies in, from either."""
    return Path(path) if Path(path).is_dir() else Path(path).parent


def input_of(path: str | Path, names: Sequence[str]) -> tuple[Array, ...] | None:
    """The network's inputs, by their ``names``, from golden vectors or from an archive that a run was saved to; None where there are none.

    Raises FileError for a golden input that is damaged, or is not the one that the manifest describes.
    """
    if has_manifest(path):
        manifest, folder = read_manifest(path), folder_of(path)
        entries = {entry.name: entry for entry in manifest.of("input")}
        if set(names) != set(entries):
            raise FileError(
                "{path} is of another model: its inputs are {found}, those of the network {expected}; write golden vectors of this network",
                path=folder / MANIFEST,
                found=listed(entries),
                expected=listed(names),
            )
        if not all((folder / entry.file).is_file() for entry in entries.values()):
            return None
        return tuple(golden_input(folder, manifest, entries[name]) for name in names)
    ending = Path(path).suffix.lower()
    if ending not in OPEN or not Path(path).is_file():
        return None
    with OPEN[ending](Path(path)) as archive:
        return tuple(archive.read(name) for name in names) if set(names) <= set(archive.names) else None


def golden_input(folder: Path, manifest: Manifest, entry: Entry) -> Array:
    """One golden input as the network reads it. Raises FileError if its numbers are not those of the manifest."""
    stored = entry.in_the_network(golden_array(folder / entry.file, entry))
    return from_stored(stored, resolution_of(manifest.format, entry.computed_in), dtype_named(entry.computed_in))


def golden_array(file: Path, entry: Entry, dumps: Sequence[Dump] = ()) -> Array:
    """The numbers of a golden file, or of its ``dumps``, as they are stored. Raises FileError if they are not those of the manifest."""
    dumps = dumps or open_file(existing(file), entry.dump, Raw(entry.dtype))
    array = the_one(dumps, entry, file).read().array
    fits = array.size == math.prod(entry.shape)
    with np.errstate(all="ignore"):  # a changed file may hold what is no number of the dtype
        stored = array.astype(entry.dtype).reshape(entry.stored_shape) if fits else array
    if not fits or digest(stored) != entry.sha256:
        raise FileError(
            "{file} does not hold the {role} {name!r} that {manifest} describes (its SHA-256 is another); copy the golden file again",
            file=file,
            role=IN_WORDS[entry.role],
            name=entry.name,
            manifest=MANIFEST,
        )
    return stored


def require_golden(manifest: Manifest, files: Mapping[str, Path]) -> None:
    """Raise FileError for a golden file of weights that is there but not as it was written."""
    for name in dict.fromkeys(entry.file for entry in manifest.of("weight", "statistic")):
        entries = [entry for entry in manifest.of("weight", "statistic") if entry.file == name and is_own(entry, files)]
        if entries and file_digest(files[entries[0].name]) != manifest.hashes.get(name):
            file = files[entries[0].name]
            dumps = open_file(file, entries[0].dump, Raw(entries[0].dtype))
            for entry in entries:
                golden_array(file, entry, dumps)


def is_own(entry: Entry, files: Mapping[str, Path]) -> bool:
    """Whether the file that was found for an array is the golden one."""
    return entry.name in files and files[entry.name].name == entry.file


def the_one(dumps: Sequence[Dump], entry: Entry, file: Path) -> Dump:
    """The array of a file that is meant: the only one, or that of the golden file's or the layer's own name. Raises FileError."""
    if len(dumps) == 1 and not (entry.inside and file.name == entry.file):
        return dumps[0]
    for name in (entry.inside, entry.name, entry.dump):
        for dump in dumps:
            if name and dump.name == name:
                return dump
    raise FileError(
        "{file} does not hold {name}; it holds {names}",
        file=file,
        name=entry.inside or entry.name,
        names=listed([d.name for d in dumps], 8),
    )


def dumps_of(path: str | Path) -> tuple[Dump, ...]:
    """The arrays that a folder with a manifest holds, each in the shape of the network and at the resolution that the manifest declares.

    Arrays without a file are left out. Golden inputs and weights are no claims, but they must be there as they were written, or not at all.

    Raises FileError for a folder that holds none of the arrays, and for a golden file that was changed.
    """
    manifest, folder = read_manifest(path), folder_of(path)
    files = files_of(folder, manifest)
    require_golden(manifest, files)
    besides = strays(folder, manifest)
    opened = cache(open_file)  # a file that holds many arrays is searched for them once
    dumps = tuple(
        Dump(entry.name, str(files[entry.name]), partial(read, files[entry.name], entry, opened, besides.get(entry.dump)))
        for entry in manifest.arrays
        if entry.name in files and not entry.name.endswith(BEFORE) and (entry.role == "output" or not is_own(entry, files))
    )
    if not dumps:
        names = [f"{entry.dump}.npy" for entry in manifest.of("output")]
        raise FileError(
            "{folder} holds no array that its {manifest} names; expected files such as {names}",
            folder=folder,
            manifest=MANIFEST,
            names=listed(names, most=3),
        )
    return dumps


def files_of(folder: Path, manifest: Manifest) -> Mapping[str, Path]:
    """The file of each array, by the array's name.

    Raises FileError where two hold the same, where one is nearly called as expected, and for what is no file: a pipe, a link to nothing.
    """
    there: dict[str, list[Path]] = {}
    for file in sorted(folder.iterdir()):
        if file.suffix.lower() in ENDINGS and file.name != MANIFEST and not file.is_dir():
            there.setdefault(file.stem.lower(), []).append(existing(file))
    own = {entry.name: there.get(entry.dump.lower(), []) for entry in manifest.arrays}
    for name, files in own.items():
        if len(files) > 1:
            raise FileError(
                "{folder} holds {name} twice, in {files}; move one out", folder=folder, name=name, files=listed(f.name for f in files)
            )
    dumped = any(own[entry.name] for entry in manifest.of("output"))
    found = {name: files[0] for name, files in own.items() if files}
    for entry in manifest.arrays:  # a file with all golden arrays is no port's dump of those that it did not write
        shared = folder / entry.file
        if entry.name not in found and entry.inside and shared.is_file() and not (dumped and entry.role == "output"):
            found[entry.name] = shared
    require_known(folder, there, manifest, own)
    return found


def require_known(folder: Path, there: Mapping[str, Sequence[Path]], manifest: Manifest, own: Mapping[str, Sequence[Path]]) -> None:
    """Raise FileError for a file that is called almost as one that is missing: conv_1.txt for conv1."""
    stems = {entry.dump.lower() for entry in manifest.arrays}
    missing = {entry.dump.lower(): entry.dump for entry in manifest.arrays if not own[entry.name] and entry.role == "output"}
    for stem, files in there.items():
        if stem in stems or files[0].name in manifest.hashes:
            continue
        near = difflib.get_close_matches(stem, missing, 1, NEAR)
        if near:
            raise FileError(
                "{folder} holds {file}, and the manifest names no such array; did you mean {near}?",
                folder=folder,
                file=files[0].name,
                near=missing[near[0]] + files[0].suffix,
            )


def strays(folder: Path, manifest: Manifest) -> dict[str, str]:
    """Files of numbers that the manifest does not name, by the array that they are almost called as: conv1_old.txt beside conv1.txt."""
    stems = {entry.dump.lower(): entry.dump for entry in manifest.arrays}
    found: dict[str, str] = {}
    for file in sorted(folder.iterdir()):
        if file.suffix.lower() in ENDINGS and file.stem.lower() not in stems and file.name not in (MANIFEST, *manifest.hashes):
            begins = [stem for stem in stems if file.stem.lower().startswith(stem)]
            near = [max(begins, key=len)] if begins else difflib.get_close_matches(file.stem.lower(), stems, 1, NEAR)
            found.update((stems[stem], file.name) for stem in near)
    return found


def read(file: Path, entry: Entry, opened: Callable[[Path, str, Raw | None], tuple[Dump, ...]], beside: str | None = None) -> Written:
    """One array in the network's shape; ``beside`` is a file of a similar name, of which it is said that it was not read.

    Raises FileError, ShapeError for another number of numbers than the array has.
    """
    shared = entry.inside and file.name == entry.file
    dumps = opened(file, file.stem, None) if shared else opened(file, entry.dump, Raw(bytes_of(file, entry)))
    dump = the_one(dumps, entry, file)
    written = dump.read()
    if written.array.size != math.prod(entry.shape):
        raise ShapeError(
            "{where} holds {found} numbers; {name} has {expected}, as {shape} in the order that the manifest declares",
            where=dump.where,
            found=written.array.size,
            name=entry.name,
            expected=math.prod(entry.shape),
            shape=entry.stored_shape,
        )
    found = meant(written, entry, dump.where)
    change = partial(in_the_network, entry=entry)
    resolution: Resolution | None = found.resolution
    unread = (say("{file} is in the folder too, and was not read: the manifest names no such array", file=beside),) if beside else ()
    return Written(change(found.array), None if resolution is None else resolution.map(change), notes=(*found.notes, *unread))


def meant(written: Written, entry: Entry, where: Text) -> Written:
    """The numbers that the manifest declares; floats that a text printed are without doubt where they are the golden ones, zeros too."""
    own = dtype_named(entry.computed_in)
    declared = None if own.kind in "iub" else resolution_of(entry.format, entry.computed_in)
    found = settled(written, declared, own, where)
    if isinstance(declared, Fixed) and found.resolution is not declared:
        return found
    if isinstance(written.resolution, Decimals) and declared is not None and not isinstance(declared, Fixed):
        with np.errstate(all="ignore"):
            golden = written.array.astype(entry.dtype)
        if digest(golden) == entry.sha256:
            return Written(golden, declared)
    return replace(found, notes=())


def in_the_network(array: Array, entry: Entry) -> Array:
    """An array in the network's axes: from the declared order where it has that shape or is flat, as it is where it has the network's."""
    if array.shape == entry.shape != entry.stored_shape:
        return array
    return entry.in_the_network(array.reshape(entry.stored_shape))


def bytes_of(file: Path, entry: Entry) -> str:
    """The dtype of raw bytes: the manifest's, or the float of as many bytes as there are for each number."""
    each = file.stat().st_size / max(1, math.prod(entry.shape))
    if entry.dtype.startswith("float") and each in SIZES and each != np.dtype(entry.dtype).itemsize:
        return entry.format if entry.format in SIZES[int(each)] else SIZES[int(each)][0]
    return entry.dtype
