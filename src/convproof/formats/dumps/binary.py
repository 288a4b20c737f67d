"""Arrays that stand in a file bit for bit: raw bytes, .npy, .npz, .safetensors, and torch's own files."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

from convproof.core.sentence import Text, say
from convproof.formats.archives import SHORT_TYPES, Archive, open_npz, open_safetensors
from convproof.formats.arrays import read_array
from convproof.formats.dumps.dump import Dump, Written
from convproof.formats.dumps.raw_bytes import RAW, RawFile
from convproof.formats.files import reading

OF_TORCH = (b"PK\x03\x04", b"\x80\x02\x8a\n")
ARCHIVES: dict[str, Callable[[Path], AbstractContextManager[Archive]]] = {
    ".npz": open_npz,
    ".safetensors": partial(open_safetensors, types=SHORT_TYPES),
}


def open_npy(path: Path, name: str) -> tuple[Dump, ...]:
    """The one array of an .npy file."""
    return (Dump(name, str(path), lambda: Written(read_array(path))),)


def open_archive(path: Path) -> tuple[Dump, ...]:
    """The arrays of an .npz or .safetensors file, each read by itself. Raises FileError."""
    with ARCHIVES[path.suffix.lower()](path) as archive:
        names = list(archive.names)
    return tuple(Dump(name, _in(path, name), partial(_member, path, name)) for name in names)


def open_torch(path: Path) -> tuple[Dump, ...]:
    """The tensors of a state dict in a torch file, which is read at once. Raises FileError."""
    from convproof.formats.torch.weights import read_state

    state = read_state(path)
    return tuple(Dump(name, _in(path, name), partial(Written, array)) for name, array in state.items())


def open_raw(file: RawFile, name: str) -> tuple[Dump, ...]:
    """The one array of a file of raw bytes."""
    return (Dump(name, str(file.path), lambda: Written(file.read()), file),)


def is_of_torch(path: Path) -> bool:
    """Whether a .bin file is a torch archive by its first bytes, as pytorch_model.bin is."""
    with reading(path, RAW), path.open("rb") as handle:
        return handle.read(4).startswith(OF_TORCH)


def _member(path: Path, name: str) -> Written:
    with ARCHIVES[path.suffix.lower()](path) as archive:
        return Written(archive.read(name))


def _in(path: Path, name: str) -> Text:
    return say("{path}, array {name!r}", path=path, name=name)
