"""Arrays from files and into files: .npy, .npz and .safetensors.

Files are untrusted: nothing is unpickled, what a header claims is compared with the size of the file before memory is taken, and only
numbers come in. A write is all or nothing.
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np

from convproof.core.errors import FileError
from convproof.core.sentence import listed, plural, say
from convproof.core.shapes import Array
from convproof.formats.archives import Archive, open_npz, open_safetensors, write_npz, write_safetensors
from convproof.formats.files import NPY, ending_of, existing, reading, replacing
from convproof.formats.npy import check_dtype, native, read_npy, write_npy

OPEN: dict[str, Callable[[Path], AbstractContextManager[Archive]]] = {".npz": open_npz, ".safetensors": open_safetensors}
WRITE: dict[str, Callable[[Path, Mapping[str, Array]], None]] = {".npz": write_npz, ".safetensors": write_safetensors}
SEVERAL = tuple(OPEN)
ENDINGS = (".npy", *SEVERAL)


def read_array(path: str | Path, name: str | None = None) -> Array:
    """One array from a .npy, .npz or .safetensors file; ``name`` chooses among several.

    Raises FileError for a file that is missing, broken or holds other names, DTypeError for one that holds no plain numbers.
    """
    ending, found = ending_of(path, ENDINGS, say("an array")), existing(path)
    if ending == ".npy":
        if name is not None:
            raise FileError("{path} holds one array, which has no name; leave the name {name!r} out", path=path, name=name)
        with reading(found, NPY), found.open("rb") as stream:
            return read_npy(stream, found.stat().st_size, str(path))
    with OPEN[ending](found) as archive:
        return archive.read(_chosen(archive.names, name, found))


def read_arrays(path: str | Path) -> dict[str, Array]:
    """All arrays of a .npz or .safetensors file by name. Raises FileError and DTypeError as ``read_array`` does."""
    ending = ending_of(path, SEVERAL, say("a file of named arrays"))
    with OPEN[ending](existing(path)) as archive:
        return {name: archive.read(name) for name in archive.names}


def write_array(path: str | Path, array: Array) -> None:
    """Write one array to a .npy file. Raises FileError; an old file is replaced only when the new one is complete."""
    ending_of(path, (".npy",), say("one array"))
    check_dtype(array.dtype, say("the array"))
    with replacing(path) as temporary, temporary.open("wb") as stream:
        write_npy(stream, _plain(array))


def write_arrays(path: str | Path, arrays: Mapping[str, Array]) -> None:
    """Write named arrays to a .npz or .safetensors file, by the path's ending. Raises FileError as ``write_array`` does."""
    ending = ending_of(path, SEVERAL, say("a file of named arrays"))
    for name, array in arrays.items():
        check_dtype(array.dtype, say("array {name!r}", name=name))
    with replacing(path) as temporary:
        WRITE[ending](temporary, {name: _plain(array) for name, array in arrays.items()})


def _chosen(names: list[str], name: str | None, path: Path) -> str:
    """The name asked for, or the only one. Raises FileError that lists the names."""
    if name is None and len(names) == 1:
        return names[0]
    if name is not None and name in names:
        return name
    known = listed(names, most=12)
    if not names:
        raise FileError("{path} holds no array; expected at least one", path=path)
    if name is None:
        raise FileError(
            "{path} holds {arrays} ({names}); name one of them",
            path=path,
            arrays=plural("{n} array", "{n} arrays", n=len(names)),
            names=known,
        )
    raise FileError("{path} holds no array {name!r}; it holds {names}", path=path, name=name, names=known)


def _plain(array: Array) -> Array:
    """An array of this machine's byte order, without a subclass."""
    return native(np.asarray(array))
