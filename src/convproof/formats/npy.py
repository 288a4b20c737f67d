"""One array in NumPy's .npy format, from a file or from a member of an .npz archive.

The header says shape and type; what it claims is held against the number of bytes that are there, before memory is taken. Nothing is
ever unpickled. The format is described at numpy.org/doc/stable/reference/generated/numpy.lib.format.html
"""

import math
import warnings
from io import BufferedIOBase
from typing import Any

import numpy as np
from numpy.lib import format as npy

from convproof.core.errors import DTypeError, FileError
from convproof.core.sentence import Text, say
from convproof.core.shapes import Array, Shape

NUMBERS = say("float16, float32, float64, integers or booleans")
HEADERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}


def read_npy(stream: BufferedIOBase, size: int, where: Text) -> Array:
    """The array in a stream of ``size`` bytes. Raises FileError and DTypeError; ``where`` names the stream in messages."""
    shape, fortran, dtype = _header(stream, where)
    check_dtype(dtype, where)
    if any(side < 0 for side in shape):
        raise FileError("{where} claims the shape {shape}; a size cannot be negative: make the file again", where=where, shape=shape)
    claimed, there = math.prod(shape) * dtype.itemsize, size - stream.tell()
    if claimed != there:
        raise FileError(
            "{where} claims {dtype} numbers of shape {shape}, {claimed} bytes, but holds {there}; "
            "it is damaged or incomplete: make it again, or download it again",
            where=where,
            dtype=dtype,
            shape=shape,
            claimed=claimed,
            there=there,
        )
    flat = native(_filled(stream, math.prod(shape), dtype, where))
    return flat.reshape(shape[::-1]).T if fortran else flat.reshape(shape)


def write_npy(stream: BufferedIOBase, array: Array) -> None:
    """Write one array; its bytes are those that ``np.save`` writes."""
    npy.write_array(stream, array, allow_pickle=False)


def check_dtype(dtype: np.dtype[Any], where: Text) -> None:
    """Raise DTypeError for anything but plain numbers that every machine has."""
    if dtype.kind == "O":
        raise DTypeError("{where} holds Python objects, which are never unpickled; expected {numbers}", where=where, numbers=NUMBERS)
    if dtype.kind not in "fiub" or dtype.itemsize > 8:
        raise DTypeError("{where} holds {dtype}; expected {numbers}: convert it first", where=where, dtype=dtype, numbers=NUMBERS)


def native(array: Array) -> Array:
    """The same numbers in this machine's byte order; any byte but 0 is True."""
    if array.dtype.kind == "b":
        return np.asarray(array.view(np.uint8) != 0)
    return array.astype(array.dtype.newbyteorder("="), copy=False)


def _header(stream: BufferedIOBase, where: Text) -> tuple[Shape, bool, np.dtype[Any]]:
    version = npy.read_magic(stream)
    if version not in HEADERS:
        raise FileError(
            "{where} is an .npy file of version {version}; expected 1.0 or 2.0: write it with np.save", where=where, version=version
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # headers written by Python 2 are read with a warning
        shape, fortran, dtype = HEADERS[version](stream)
    return tuple(map(int, shape)), bool(fortran), dtype


def _filled(stream: BufferedIOBase, count: int, dtype: np.dtype[Any], where: Text) -> Array:
    """``count`` numbers, read straight into their place."""
    array = np.empty(count, dtype)
    room, filled = array.view(np.uint8).data, 0
    while filled < len(room):
        got = stream.readinto(room[filled:])
        if not got:
            raise FileError("{where} ends after {filled} of {n} bytes; make it again", where=where, filled=filled, n=len(room))
        filled += got
    return array
