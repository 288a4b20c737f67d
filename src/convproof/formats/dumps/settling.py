"""What was read and what was declared, put together: codes become numbers, and two coarsenesses add up."""

import numpy as np

from convproof.core.errors import FileError
from convproof.core.fixed_point import Fixed
from convproof.core.formats import dtype_named
from convproof.core.resolution import Decimals, Resolution, Stored
from convproof.core.sentence import Text
from convproof.core.shapes import Array
from convproof.formats.dumps.declared import Raw
from convproof.formats.dumps.dump import Written

CODES = ("int8", "uint8", "int16", "uint16", "int32", "uint32")
BITS16 = ("int16", "uint16")


def settled(written: Written, declared: Resolution | None, where: Text) -> Written:
    """The numbers in the declared format. Raises FileError for codes that the format does not have.

    Integers of up to 32 bits are codes of a fixed-point format, and the 16 bits of a declared float16 or bfloat16. What a text printed of
    fixed-point numbers is moved to the grid if it lies there to within its digits; numbers that lie elsewhere are left as they were read.
    """
    array, printed = written.array, written.resolution
    if declared is None:
        return written
    if isinstance(declared, Fixed):
        if array.dtype.name in CODES or (is_whole(printed) and array.size):
            return Written(_decoded(array, declared, where), declared, written.layout)
        if isinstance(printed, Decimals) and not (np.asarray(printed.step) < declared.step).all():
            return written  # digits too few to tell which number of the grid it was
        moved = _on_grid(array, declared, printed)
        return Written(moved, declared, written.layout) if declared.holds(moved.astype(np.float64)) else written
    if isinstance(declared, Stored) and array.dtype.name in BITS16:
        return Written(array.view(dtype_named(declared.storage.name)), declared, written.layout)
    if isinstance(printed, Decimals):
        return Written(array, _both(array, printed, declared), written.layout)
    return Written(array, declared, written.layout)


def is_whole(printed: Resolution | None) -> bool:
    """Whether a text holds whole numbers only."""
    return isinstance(printed, Decimals) and isinstance(printed.step, float) and printed.step == 1.0


def raw_of(declared: Resolution | None) -> Raw:
    """How bytes are read if nobody says: as the declared format stores its numbers, else as little-endian float32."""
    if isinstance(declared, Fixed):
        bits = (declared.highest - declared.lowest).bit_length()
        held = next(size for size in (8, 16, 32, 64) if bits <= size)
        return Raw(f"int{held}" if declared.lowest < 0 else f"uint{held}")
    if isinstance(declared, Stored):
        return Raw(declared.storage.name)
    return Raw(declared.native.name) if declared is not None else Raw()


def _decoded(codes: Array, declared: Fixed, where: Text) -> Array:
    outside = codes[(codes < declared.lowest) | (codes > declared.highest) | ~np.isfinite(codes)]
    if outside.size:
        raise FileError(
            "{where} holds the code {code}, but {format} has codes from {lowest} to {highest}; look at the declared format",
            where=where,
            code=outside.flat[0],
            format=declared.label,
            lowest=declared.lowest,
            highest=declared.highest,
        )
    return declared.decode(codes)


def _on_grid(array: Array, declared: Fixed, printed: Resolution | None) -> Array:
    """Numbers of a text moved to the grid that they were printed from, where they lie there to within half a unit of their last digit."""
    if not isinstance(printed, Decimals):
        return array
    wide = array.astype(np.float64)
    with np.errstate(invalid="ignore"):
        grid = np.round(wide / declared.step) * declared.step
        near = abs(grid - wide) <= 0.5 * printed.step + abs(wide) * 2.0**-50
    return np.asarray(np.where(near, grid, wide))


def _both(array: Array, printed: Decimals, declared: Resolution) -> Resolution:
    """What is left open when numbers were written down in the declared format, and then printed."""
    if declared.exact:
        return printed
    with np.errstate(invalid="ignore"):
        low, high = declared.reach(array.astype(np.float64))
        away = 2 * np.maximum(array - low, high - array)
        return Decimals(declared.native, printed.step + np.where(np.isfinite(away), away, 0.0), printed.digits)
