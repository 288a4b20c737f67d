"""Arrays that stand in a file bit for bit: raw bytes, .npy, .npz, .safetensors, and torch's own files."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

import numpy as np

from convproof.core.errors import FileError
from convproof.core.formats import dtype_named
from convproof.core.resolution import Resolution
from convproof.core.sentence import Text, say
from convproof.core.shapes import Array
from convproof.formats.archives import SHORT_TYPES, Archive, open_npz, open_safetensors
from convproof.formats.arrays import read_array
from convproof.formats.dumps.declared import Raw
from convproof.formats.dumps.dump import Dump, Written
from convproof.formats.dumps.settling import raw_of, settled
from convproof.formats.files import reading
from convproof.formats.npy import native

RAW = say("raw numbers")
OF_TORCH = (b"PK\x03\x04", b"\x80\x02\x8a\n")
ARCHIVES: dict[str, Callable[[Path], AbstractContextManager[Archive]]] = {
    ".npz": open_npz,
    ".safetensors": partial(open_safetensors, types=SHORT_TYPES),
}


def open_npy(path: Path, name: str, declared: Resolution | None) -> tuple[Dump, ...]:
    """The one array of an .npy file."""
    return (Dump(name, str(path), lambda: settled(Written(read_array(path)), declared, str(path))),)


def open_archive(path: Path, declared: Resolution | None) -> tuple[Dump, ...]:
    """The arrays of an .npz or .safetensors file, each read by itself. Raises FileError."""
    with ARCHIVES[path.suffix.lower()](path) as archive:
        names = list(archive.names)
    return tuple(Dump(name, place, partial(_member, path, name, declared, place)) for name in names for place in [_in(path, name)])


def open_torch(path: Path, declared: Resolution | None) -> tuple[Dump, ...]:
    """The tensors of a state dict in a torch file, which is read at once. Raises FileError."""
    from convproof.formats.torch.weights import read_state

    state = read_state(path)
    return tuple(Dump(name, _in(path, name), partial(settled, Written(array), declared, _in(path, name))) for name, array in state.items())


def open_raw(path: Path, name: str, raw: Raw | None, declared: Resolution | None) -> tuple[Dump, ...]:
    """Raw bytes: as ``raw`` says, else as the declared format stores its numbers, else little-endian float32."""
    return (Dump(name, str(path), lambda: settled(Written(read_raw(path, raw or raw_of(declared))), declared, str(path))),)


def read_raw(path: Path, raw: Raw) -> Array:
    """A file of nothing but numbers, flat. Raises FileError for one that is empty or no whole number of them long."""
    with reading(path, RAW):
        size, each = path.stat().st_size, raw.numpy.itemsize
        if size == 0:
            raise FileError("{path} is empty; expected {dtype} numbers: make it again", path=path, dtype=raw.dtype)
        if size % each:
            raise FileError(
                "{path} has {size} bytes, no multiple of the {each} of a {dtype}; it is cut short, or it holds numbers of another type: "
                "name it, such as int8 or float32:big",
                path=path,
                size=size,
                each=each,
                dtype=raw.dtype,
            )
        array = native(np.fromfile(path, raw.numpy))
    return array.view(dtype_named("bfloat16")) if raw.dtype == "bfloat16" else array


def is_of_torch(path: Path) -> bool:
    """Whether a .bin file is a torch archive by its first bytes, as pytorch_model.bin is."""
    with reading(path, RAW), path.open("rb") as handle:
        return handle.read(4).startswith(OF_TORCH)


def _member(path: Path, name: str, declared: Resolution | None, place: Text) -> Written:
    with ARCHIVES[path.suffix.lower()](path) as archive:
        return settled(Written(archive.read(name)), declared, place)


def _in(path: Path, name: str) -> Text:
    return say("{path}, array {name!r}", path=path, name=name)
