"""Numbers as a file holds them: in the dtype of their format, or as the whole codes of fixed point, code = number / step + zero point."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np

from convproof.core.errors import NotFiniteError
from convproof.core.fixed_point import Fixed
from convproof.core.formats import FLOAT32, FLOAT64
from convproof.core.resolution import Resolution, Stored
from convproof.core.shapes import Array
from convproof.formats.dumps.declared import parse_format


def as_stored(name: str, exact: Array, resolution: Resolution) -> Array:
    """Exact numbers (float64) rounded to a format, and as its dtype or its codes; whole numbers as they are, True and False as 1 and 0.

    Raises NotFiniteError for a NaN or an infinity in fixed point; ``name`` is for the message.
    """
    if exact.dtype.kind != "f":
        return exact.astype(np.uint8) if exact.dtype.kind == "b" else exact
    if isinstance(resolution, Fixed):
        if not np.isfinite(exact).all():
            raise NotFiniteError(
                "{name} holds a NaN or an infinity, for which {format} has no code; write it as float32", name=name, format=resolution.name
            )
        return resolution.code(exact).astype(resolution.dtype_of_codes)
    with np.errstate(all="ignore"):  # what lies beyond the format's range is an infinity in it
        return resolution.render(exact).astype(dtype_of(resolution))


def resolution_of(format: str, computed_in: str) -> Resolution:
    """The resolution of a format for an array that the network has in a dtype: float32 loses something of float64."""
    return parse_format(format, FLOAT64 if computed_in == "float64" else FLOAT32)


def from_stored(stored: Array, resolution: Resolution, dtype: np.dtype[Any]) -> Array:
    """What the numbers in a file mean, in the network's own dtype."""
    if isinstance(resolution, Fixed) and dtype.kind in "fV":
        return resolution.decode(stored).astype(dtype)
    return stored.astype(dtype)


def dtype_of(resolution: Resolution) -> np.dtype[Any]:
    """The dtype in which a floating-point format is written; bfloat16, which few programs read, as the float32 of the same value."""
    name = resolution.storage.name if isinstance(resolution, Stored) else resolution.native.name
    return np.dtype(np.float32) if name == "bfloat16" else np.dtype(name)


def digest(stored: Array) -> str:
    """SHA-256 of an array's numbers as they are stored: little-endian, in C order."""
    plain = np.ascontiguousarray(stored, stored.dtype.newbyteorder("<"))
    return hashlib.sha256(plain.reshape(-1).view(np.uint8).data).hexdigest()


def file_digest(file: Path) -> str:
    """SHA-256 of a file."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
