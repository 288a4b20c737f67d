"""Several arrays in one file, by name: NumPy's .npz archives and .safetensors files."""

import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from convproof.core.errors import DTypeError, FileError
from convproof.core.sentence import say
from convproof.core.shapes import Array
from convproof.formats.files import NPZ, SAFETENSORS, reading
from convproof.formats.npy import NUMBERS, native, read_npy, write_npy

if TYPE_CHECKING:
    from io import BufferedIOBase

LARGE = 2**30
PACKED = 100
METADATA = "__metadata__"
EPOCH = (1980, 1, 1, 0, 0, 0)
SAFE_TYPES = frozenset(("BOOL", "I8", "I16", "I32", "I64", "U8", "U16", "U32", "U64", "F16", "F32", "F64"))
SHORT_TYPES = SAFE_TYPES | {"BF16"}  # where bfloat16 is understood too


@dataclass(frozen=True)
class Archive:
    """An open file of named arrays: their names, and how to read one."""

    names: list[str]
    read: Callable[[str], Array]


@contextmanager
def open_npz(path: Path) -> Iterator[Archive]:
    """An .npz archive. Raises FileError for a broken one, and for one that would unpack to far more than it is."""
    with reading(path, NPZ), zipfile.ZipFile(path) as archive:
        members = {m.filename.removesuffix(".npy"): m for m in archive.infolist() if m.filename.endswith(".npy")}
        unpacked, packed = sum(m.file_size for m in members.values()), path.stat().st_size
        if unpacked > LARGE and unpacked > PACKED * packed:
            raise FileError(
                "{path} has {packed} bytes and claims to unpack to {unpacked}, more than {times} times as many; "
                "if you trust it, unpack it yourself and give the .npy files",
                path=path,
                packed=packed,
                unpacked=unpacked,
                times=PACKED,
            )

        def read(name: str) -> Array:
            with archive.open(members[name]) as stream:
                array = read_npy(
                    cast("BufferedIOBase", stream), members[name].file_size, say("{path}, array {name!r},", path=path, name=name)
                )
                stream.read(1)  # at the end of a member its checksum is compared
            return array

        yield Archive(list(members), read)


def write_npz(path: Path, arrays: Mapping[str, Array]) -> None:
    """Write an .npz archive, not compressed; the same arrays give the same bytes at any time of day."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, array in arrays.items():
            with archive.open(zipfile.ZipInfo(name + ".npy", EPOCH), "w", force_zip64=True) as stream:
                write_npy(cast("BufferedIOBase", stream), array)


@contextmanager
def open_safetensors(path: Path, types: frozenset[str] = SAFE_TYPES) -> Iterator[Archive]:
    """A .safetensors file. The library holds every claim of the header against the file's size before it reads; other types are refused."""
    from safetensors import safe_open

    with reading(path, SAFETENSORS), safe_open(path, framework="numpy") as archive:

        def read(name: str) -> Array:
            found = archive.get_slice(name).get_dtype()
            if found not in types:
                raise DTypeError(
                    "{path}, array {name!r}, holds {found}; expected {numbers}", path=path, name=name, found=found, numbers=NUMBERS
                )
            return native(archive.get_tensor(name))

        yield Archive(list(archive.keys()), read)


def write_safetensors(path: Path, arrays: Mapping[str, Array]) -> None:
    """Write a .safetensors file."""
    from safetensors import SafetensorError
    from safetensors.numpy import save_file

    if METADATA in arrays:
        raise FileError("{name!r} is a reserved name in .safetensors files; give that array another one, or write .npz", name=METADATA)
    plain: dict[str, Any] = {name: np.asarray(array, order="C") for name, array in arrays.items()}
    try:
        save_file(plain, path)
    except SafetensorError as error:  # a full disk comes as one
        raise OSError(str(error)) from error
