"""Arrays in files: .npy, .npz and .safetensors, read with distrust and written whole or not at all.

Nothing is unpickled. The size that a header claims is held against the file before memory is taken for it. A file is written under a
temporary name in the same folder and then renamed, so that a killed run leaves the old file or the new one.
"""

import difflib
import math
import os
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO

import numpy as np

from convproof.core.errors import FileError, SettingError
from convproof.core.shapes import Array

ENDINGS = (".npy", ".npz", ".safetensors")
LARGEST_MEMBER = 1 << 34


def read_array(path: str | Path, name: str | None = None) -> Array:
    """One array from a file; ``name`` chooses among several. Raises FileError."""
    file = existing(path)
    if file.suffix.lower() == ".npy":
        with file.open("rb") as stream:
            return _npy(stream, file.stat().st_size, file)
    arrays = read_arrays(file)
    if name is None and len(arrays) == 1:
        return next(iter(arrays.values()))
    if name is None or name not in arrays:
        raise FileError(
            "{path} holds the arrays {names}; {hint}",
            path=file,
            names=", ".join(arrays) or "(none)",
            hint="name one of them" if name is None else f"{name!r} is not among them",
        )
    return arrays[name]


def read_arrays(path: str | Path) -> dict[str, Array]:
    """All arrays of an .npz or .safetensors file, by name. Raises FileError."""
    file = existing(path)
    reader = {".npz": _npz, ".safetensors": _safetensors}.get(file.suffix.lower())
    if reader is None:
        raise FileError("{path}: expected a file ending in .npz or .safetensors", path=file)
    return reader(file)


def write_arrays(path: str | Path, arrays: Mapping[str, Array]) -> None:
    """Write named arrays to an .npz or .safetensors file, atomically. Raises SettingError for another ending, FileError."""
    file = Path(path)
    writer = {".npz": _write_npz, ".safetensors": _write_safetensors}.get(file.suffix.lower())
    if writer is None:
        raise SettingError("{path}: expected a new file ending in .safetensors or .npz", path=file)
    write_whole(file, lambda temporary: writer(temporary, arrays))


def write_whole(file: Path, write: Callable[[Path], None]) -> None:
    """Let ``write`` fill a temporary file in the same folder, then give it its name. Nothing is left behind on failure."""
    if not file.parent.is_dir():
        raise FileError("{path} cannot be written: there is no folder {folder}", path=file, folder=file.parent)
    try:
        handle, name = tempfile.mkstemp(prefix=f".{file.stem}-", suffix=file.suffix, dir=file.parent)
        os.close(handle)
        temporary = Path(name)
        try:
            write(temporary)
            temporary.chmod(0o666 & ~_umask())
            temporary.replace(file)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise FileError("{path} cannot be written: {reason}", path=file, reason=error.strerror or str(error)) from error


def existing(path: str | Path) -> Path:
    """The path of a file that is there. Raises FileError with near misses."""
    file = Path(path)
    if file.is_file():
        return file
    if file.is_dir():
        raise FileError("{path} is a folder; a file is expected", path=file)
    names = [entry.name for entry in file.parent.iterdir()] if file.parent.is_dir() else []
    near = difflib.get_close_matches(file.name, names, 3, 0.6)
    hint = "did you mean " + " or ".join(near) + "?" if near else f"{file.parent.absolute()} has no such file"
    raise FileError("there is no file {path}; {hint}", path=file, hint=hint)


def _npy(stream: IO[bytes], size: int, file: Path) -> Array:
    """An .npy stream of ``size`` bytes, its header held against that size first."""
    try:
        version = np.lib.format.read_magic(stream)
        header = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}[version]
        shape, fortran, dtype = header(stream)
    except (ValueError, KeyError, OSError, EOFError) as error:
        raise FileError("{path} is not a readable .npy file: {reason}", path=file, reason=str(error) or "unknown version") from None
    if dtype.hasobject or dtype.kind not in "fiub":
        raise FileError("{path} holds {dtype}; expected numbers", path=file, dtype=dtype)
    wanted = math.prod(shape) * dtype.itemsize
    if wanted > size:
        raise FileError(
            "{path} claims an array of {wanted} bytes, but the file has {size}: it is cut off", path=file, wanted=wanted, size=size
        )
    data = stream.read(wanted)
    if len(data) < wanted:
        raise FileError("{path} ends after {n} of {wanted} bytes: it is cut off", path=file, n=len(data), wanted=wanted)
    return np.frombuffer(bytearray(data), dtype).reshape(shape, order="F" if fortran else "C")


def _npz(file: Path) -> dict[str, Array]:
    try:
        with zipfile.ZipFile(file) as archive:
            return {info.filename.removesuffix(".npy"): _member(archive, info, file) for info in archive.infolist()}
    except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        if isinstance(error, FileError):
            raise
        raise FileError("{path} is not a readable .npz file: {reason}", path=file, reason=error) from None


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, file: Path) -> Array:
    if info.file_size > LARGEST_MEMBER:
        raise FileError("{path}: {name} claims {size} bytes; that is more than is read", path=file, name=info.filename, size=info.file_size)
    import zlib

    try:
        with archive.open(info) as stream:
            return _npy(stream, info.file_size, file)
    except zlib.error as error:
        raise FileError("{path} is not a readable .npz file: {reason}", path=file, reason=error) from None


def _safetensors(file: Path) -> dict[str, Array]:
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        return dict(load_file(file))
    except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
        raise FileError("{path} is not a readable .safetensors file: {reason}", path=file, reason=error) from None


def _write_npz(file: Path, arrays: Mapping[str, Array]) -> None:
    with file.open("wb") as stream:
        np.savez(stream, allow_pickle=False, **arrays)


def _write_safetensors(file: Path, arrays: Mapping[str, Array]) -> None:
    from safetensors.numpy import save_file

    save_file({name: np.ascontiguousarray(array) for name, array in arrays.items()}, file)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
