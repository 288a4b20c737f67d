"""Claimed numbers as they come: arrays, tensors, and dumps of files, read when they are asked for."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from convproof.core.errors import DTypeError
from convproof.core.formats import FLOATS
from convproof.core.resolution import Resolution
from convproof.core.sentence import Text, say
from convproof.core.shapes import Array
from convproof.formats.dumps.dump import Dump, Written
from convproof.formats.dumps.raw_bytes import RawFile, raw_of


@dataclass(frozen=True)
class Source:
    """One claimed array by the name that it came with. ``called`` is what messages call it, ``read`` reads it, every time anew; ``raw`` is
    its file, if that holds nothing but raw bytes.
    """

    name: str
    called: Text
    read: Callable[[], Written]
    raw: RawFile | None = None

    @classmethod
    def of(cls, name: str, value: Any) -> "Source":
        """An array-like, a CPU tensor or a Dump."""
        if isinstance(value, Dump):
            called = say("{name} ({where})", name=name, where=value.where)
            return cls(name, called, lambda: checked(value.read(), called), value.raw)
        return cls(name, name, lambda: checked(Written(array_of(value, name)), name))

    def stored_as(self, declared: Resolution | None) -> "Source":
        """The same; raw bytes of which nobody said what they are, as numbers of a declared format."""
        if declared is None or self.raw is None or self.raw.said:
            return self
        file = self.raw.taken_for(raw_of(declared))
        return replace(self, raw=file, read=lambda: checked(Written(file.read()), self.called))


def array_of(value: Any, called: Text) -> Array:
    """An array-like or a CPU tensor as an array. Raises DTypeError for rows that differ in length."""
    if hasattr(value, "detach"):
        from convproof.formats.torch.modules import array_of as array_of_tensor

        try:
            return array_of_tensor(value)
        except (TypeError, RuntimeError):
            raise DTypeError(
                "{name} is a tensor of {dtype} that cannot be read as an array; dequantize it, or make it dense",
                name=called,
                dtype=value.dtype,
            ) from None
    try:
        return np.asarray(value)
    except ValueError:
        raise DTypeError("{name} is not a rectangular array of numbers: its rows differ in length", name=called) from None


def checked(written: Written, called: Text) -> Written:
    """What was read, as numbers."""
    return replace(written, array=require_numbers(written.array, called))


def require_numbers(array: Array, called: Text) -> Array:
    """The array itself; long floats as float64. Raises DTypeError for what is no number."""
    if array.dtype.kind in "iub" or array.dtype.name in FLOATS:
        return array
    if array.dtype.kind == "f" and array.dtype.itemsize > 8:
        return array.astype(np.float64)
    if array.dtype.kind == "c":
        raise DTypeError("{name} holds complex numbers ({dtype}); expected real ones; try its real part", name=called, dtype=array.dtype)
    raise DTypeError(
        "{name} holds {dtype}; expected numbers, such as float32 or integers; convert them, for instance with astype(np.float32)",
        name=called,
        dtype=array.dtype,
    )
