"""What was written and what was declared, put together: numbers, what they leave open, and what is to be said of them.

    written                    declared            read as
    whole numbers              fixed point         codes, which become numbers
    others                     fixed point         numbers of the grid; what was printed is put back on it, where the digits tell on which
    16 bits as integers        float16, bfloat16   the bits of these numbers
    printed digits             any format          numbers that were brought into the format and then printed: the two add up
    anything else              any format          numbers of the format

Numbers are whole by their dtype, or where a text prints none with a point. The network's own integers, such as indices, are in no format.
"""

from dataclasses import replace
from typing import Any

import numpy as np

from convproof.core.errors import DTypeError
from convproof.core.fixed_point import Fixed
from convproof.core.formats import SHORT, dtype_named
from convproof.core.resolution import Decimals, Printed, Resolution, Stored
from convproof.core.sentence import Sentence, Text, say
from convproof.core.shapes import Array
from convproof.formats.dumps.dump import Written

BITS16 = ("int16", "uint16")
LARGEST = 2.0**62  # whole numbers from here on are none of an int64


def settled(written: Written, declared: Resolution | None, own: np.dtype[Any], where: Text) -> Written:
    """What was written as numbers of the kind of ``own``, the dtype of the network's array: integers as they are, or floats.

    ``declared`` is the format that the user says; what a file says itself of its format counts more. Raises DTypeError for codes that the
    format does not have; ``where`` says whose they are.
    """
    if own.kind in "iub":
        return replace(written, array=_integers(written.array), resolution=None)
    text = written.resolution if isinstance(written.resolution, Decimals) else None
    if declared is None or (text is None and written.resolution is not None):
        return replace(written, array=_real(written.array))
    if isinstance(declared, Fixed):
        return _codes(written, declared, where) if written.whole else _in_fixed_point(written, declared, text)
    if isinstance(declared, Stored) and declared.storage.name in SHORT and written.array.dtype.name in BITS16:
        said = say("whole numbers, read as the bits of {format}", format=declared.storage.name)
        return replace(written, array=written.array.view(dtype_named(declared.storage.name)), resolution=declared, notes=(said,))
    return replace(written, array=_real(written.array), resolution=_both(declared, text))


def _integers(array: Array) -> Array:
    """Whole numbers as int64; others as they are."""
    if array.dtype.kind in "iub":
        return array.astype(np.int64)
    with np.errstate(invalid="ignore"):
        whole = bool(((array == np.rint(array)) & (abs(array) < LARGEST)).all())
    return array.astype(np.int64) if whole else array


def _real(array: Array) -> Array:
    """Integers and truth values as float64."""
    return array.astype(np.float64) if array.dtype.kind in "iub" else array


def _codes(written: Written, declared: Fixed, where: Text) -> Written:
    """Whole numbers as codes of a format; a NaN in a text stays one."""
    codes = written.array
    outside = codes[(codes < declared.lowest) | (codes > declared.highest)]
    outside = outside[np.isfinite(outside)]
    if outside.size:
        raise DTypeError(
            "{where} holds the code {code}, but {format} has codes from {lowest} to {highest}; look at the declared format",
            where=where,
            code=int(outside.flat[0]),
            format=declared.label,
            lowest=declared.lowest,
            highest=declared.highest,
        )
    note = say("whole numbers, read as codes of {format}", format=declared.label)
    return replace(written, array=declared.decode(codes), resolution=declared, notes=(note,))


def _in_fixed_point(written: Written, declared: Fixed, text: Decimals | None) -> Written:
    """Numbers with a point, as those of a format. Numbers that are none of it, as a layer's that was left in float, stay as written."""
    with np.errstate(invalid="ignore"):  # a signalling NaN
        array = written.array.astype(np.float64)
    if text is not None and not (np.asarray(text.step) < declared.step).all():
        note = say("real numbers, not codes of {format}", format=declared.label)
        return replace(written, array=array, resolution=Printed(declared.native, declared, text), notes=(note,))
    if text is not None:
        with np.errstate(invalid="ignore"):
            array = declared.put_back(array, *text.reach(array))
    if not declared.holds(array):
        return replace(written, notes=(say("its numbers are none of {format}: taken as they were written", format=declared.label),))
    within = declared.reaches(array)
    return replace(
        written, array=array, resolution=declared if within else declared.without_ends(), notes=(_as_real(array, declared, within),)
    )


def _as_real(array: Array, declared: Fixed, within: bool) -> Sentence:
    """What is said of multiples of the step that were not read as codes."""
    if within:
        return say("real numbers, not codes of {format}", format=declared.label)
    if np.array_equal(array, np.rint(array)):
        return say(
            "taken for real numbers, but they are whole and reach beyond {format}: if they are its codes, write them as integers",
            format=declared.label,
        )
    return say("its numbers reach beyond {format}: taken for multiples of its step", format=declared.label)


def _both(declared: Resolution, text: Decimals | None) -> Resolution:
    """What is left open by numbers of a format, if there is a text, by its digits too."""
    if text is None:
        return declared
    return replace(text, native=declared.native) if declared.exact else Printed(declared.native, declared, text)
