"""Files of raw bytes: nothing in them says what numbers they are."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from convproof.core.errors import FileError
from convproof.core.fixed_point import Fixed
from convproof.core.formats import dtype_named
from convproof.core.resolution import Resolution, Stored
from convproof.core.sentence import say
from convproof.core.shapes import Array
from convproof.formats.dumps.declared import Raw
from convproof.formats.files import reading
from convproof.formats.npy import native

RAW = say("raw numbers")


@dataclass(frozen=True)
class RawFile:
    """A file of nothing but numbers, which are taken for those that ``raw`` says; ``said``: somebody said so."""

    path: Path
    raw: Raw
    said: bool = True

    @property
    def size(self) -> int:
        """Bytes. Raises FileError."""
        with reading(self.path, RAW):
            return self.path.stat().st_size

    def taken_for(self, raw: Raw) -> "RawFile":
        """The same bytes as other numbers."""
        return replace(self, raw=raw, said=True)

    def read(self) -> Array:
        """The numbers, flat. Raises FileError for a file that is empty or no whole number of them long."""
        size, each = self.size, self.raw.numpy.itemsize
        if size == 0:
            raise FileError("{path} is empty; expected {dtype} numbers: make it again", path=self.path, dtype=self.raw.dtype)
        if size % each:
            raise FileError(
                "{path} has {size} bytes, no multiple of the {each} of a {dtype}; it is cut short, or it holds numbers of another type: "
                "name it, such as int8 or float32:big",
                path=self.path,
                size=size,
                each=each,
                dtype=self.raw.dtype,
            )
        with reading(self.path, RAW):
            array = native(np.fromfile(self.path, self.raw.numpy))
        return array.view(dtype_named("bfloat16")) if self.raw.dtype == "bfloat16" else array


def raw_of(declared: Resolution | None) -> Raw:
    """How bytes are read if nobody says: as the declared format stores its numbers, else as little-endian float32."""
    if isinstance(declared, Fixed):
        return Raw(declared.dtype_of_codes.name)
    if isinstance(declared, Stored):
        return Raw(declared.storage.name)
    return Raw(declared.native.name) if declared is not None else Raw()
