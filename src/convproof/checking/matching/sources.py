"""Claimed numbers as they come: arrays, tensors, and dumps of files, read when they are asked for, as numbers that can be compared.

Whole numbers (by their dtype, or in a text without a point) are codes of a declared fixed-point format and are decoded; all others are
taken for what they are.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from convproof.core.errors import DTypeError
from convproof.core.fixed_point import Fixed
from convproof.core.formats import FLOATS
from convproof.core.resolution import Decimals, Resolution
from convproof.core.sentence import Sentence, Text, say
from convproof.core.shapes import Array
from convproof.formats.dumps.dump import Dump, Written


@dataclass(frozen=True)
class Source:
    """One claimed array by the name that it came with. ``called`` is what messages call it, ``read`` reads it, every time anew."""

    name: str
    called: Text
    read: Callable[[], Written]

    @classmethod
    def of(cls, name: str, value: Any) -> "Source":
        """An array-like, a CPU tensor or a Dump."""
        if isinstance(value, Dump):
            called = say("{name} ({where})", name=name, where=value.where)
            return cls(name, called, lambda: checked(value.read(), called))
        return cls(name, name, lambda: checked(Written(array_of(value, name)), name))


@dataclass(frozen=True)
class Numbers:
    """An array as numbers, what they leave open (None: as the dtype says), and what is to be said of them."""

    array: Array
    resolution: Resolution | None
    notes: tuple[Sentence, ...] = ()


def array_of(value: Any, called: Text) -> Array:
    """An array-like or a CPU tensor as an array. Raises DTypeError for rows that differ in length."""
    if hasattr(value, "detach"):
        from convproof.formats.torch.modules import array_of as array_of_tensor

        return array_of_tensor(value)
    try:
        return np.asarray(value)
    except ValueError:
        raise DTypeError("{name} is not a rectangular array of numbers: its rows differ in length", name=called) from None


def checked(written: Written, called: Text) -> Written:
    """What was read, as numbers."""
    return replace(written, array=require_numbers(written.array, called))


def require_numbers(array: Array, called: Text) -> Array:
    """The array itself; truth values as 0 and 1, long floats as float64. Raises DTypeError for what is no number."""
    if array.dtype.kind == "b":
        return array.astype(np.uint8)
    if array.dtype.kind in "iu" or array.dtype.name in FLOATS:
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


def numbers_of(written: Written, declared: Resolution | None, own: np.dtype[Any]) -> Numbers:
    """What was read, as numbers of the kind of ``own``, the dtype of the network's array."""
    array, resolution = written.array, declared or written.resolution
    whole = array.dtype.kind in "iu" or printed_whole(written)
    if own.kind in "iub":
        wide = array.astype(np.float64)
        integers = whole or bool(((wide == np.rint(wide)) & (abs(wide) < 2.0**62)).all())
        return Numbers(array.astype(np.int64) if integers else array, None)
    if isinstance(written.resolution, Fixed):  # a file, whose codes were decoded when it was opened
        return Numbers(array, written.resolution)
    if not isinstance(resolution, Fixed):
        return Numbers(array.astype(np.float64) if array.dtype.kind in "iu" else array, resolution)
    if whole:
        return Numbers(resolution.decode(array), resolution, (say("whole numbers, read as codes of {format}", format=resolution.name),))
    found = printed(array.astype(np.float64), resolution, written.resolution)
    return replace(found, notes=(as_they_stand(array, resolution),))


def on_their_grid(found: Numbers, written: Written) -> Numbers:
    """Numbers in fixed point; those that are none of the format, as a layer's that was left in floating point, as they were written."""
    grid = found.resolution
    if not isinstance(grid, Fixed) or found.array.dtype.kind != "f" or grid.holds(found.array):
        return found
    note = say("its numbers are none of {format}: taken as they were written", format=grid.name)
    return Numbers(found.array, written.resolution if isinstance(written.resolution, Decimals) else None, (note,))


def as_they_stand(array: Array, grid: Fixed) -> Sentence:
    """What is said of real numbers where a fixed-point format was declared."""
    low, high = grid.ends
    if np.array_equal(array, np.rint(array)) and bool(((array < low) | (array > high)).any()):
        return say(
            "taken for real numbers, but they are whole and reach beyond {format}: if they are its codes, write them as integers",
            format=grid.name,
        )
    return say("real numbers, not codes of {format}", format=grid.name)


def printed_whole(written: Written) -> bool:
    """Whether a text holds whole numbers, none with a point."""
    text, array = written.resolution, written.array
    return isinstance(text, Decimals) and bool(np.all(text.step == 1.0)) and np.array_equal(array, np.rint(array))


def printed(array: Array, grid: Fixed, text: Resolution | None) -> Numbers:
    """Numbers of a grid, read from a text: put back on the grid where the digits tell which number it was.

    Digits too few for that leave open half a unit of the last one, and what the grid leaves open beside.
    """
    if not isinstance(text, Decimals):
        return Numbers(array, grid)
    low, high = text.reach(array)
    nearest = np.round(array / grid.step) * grid.step
    if bool((np.asarray(text.step) < grid.step).all()):
        return Numbers(np.where((low <= nearest) & (nearest <= high), nearest, array), grid)
    open_ended = 1.0 if grid.rounding == "nearest" else 2.0
    return Numbers(array, replace(text, step=text.step + open_ended * grid.step))
