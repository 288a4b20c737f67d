"""Raw bytes that were taken for other numbers than they are. What would fit is said, and never applied: a target that writes its bytes in
another order than it should is wrong.

    count       392 float32 numbers are 1568 bytes, and so are 196 float64 numbers, which is what a layer of 196 cells holds
    values      of all numbers that the bytes may be, those that are clearly close to the network's own (``likeness.py``)
    size        in the wrong order of bytes, the byte that says how large a number is comes from the end of its digits. It is any of 256
                then, so that half of all float32 numbers lie beyond 2^-64 .. 2^64 or are none; what a layer computes does not
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from convproof.checking.matching.declared_order import Layout
from convproof.checking.matching.expected import Expected
from convproof.checking.matching.layouts import SAMPLED, closest
from convproof.checking.matching.likeness import Likeness
from convproof.core.errors import DTypeError, ShapeError
from convproof.core.resolution import Resolution
from convproof.core.sentence import Sentence, Text, either, plural, say
from convproof.core.shapes import Array
from convproof.formats.dumps.declared import Raw
from convproof.formats.dumps.dump import Written
from convproof.formats.dumps.raw_bytes import RawFile
from convproof.formats.dumps.settling import settled

KINDS = {1: ("int8", "uint8"), 2: ("float16", "bfloat16", "int16"), 4: ("float32", "int32"), 8: ("float64", "int64")}
LONG = ("float32", "float64")
FAR = 2.0**64
FEWEST = 16  # different numbers; of fewer, such as nothing but NaN, sizes say nothing
A_QUARTER = 0.25


@dataclass(frozen=True)
class Bytes:
    """A raw file that is claimed to be an ``expected`` array of dtype ``own``; ``declared`` is its format, ``layout`` its order of axes."""

    file: RawFile
    expected: Expected
    own: np.dtype[Any]
    declared: Resolution | None
    layout: Layout

    @property
    def count(self) -> int:
        """How many numbers are expected."""
        cells = self.file.size // self.file.raw.numpy.itemsize
        return self.layout.cells(self.expected, cells)

    def require_count(self, called: Text) -> None:
        """Raise ShapeError for a file that has as many numbers as are expected if they are of another dtype, or no whole number of them."""
        size, count, given = self.file.size, self.count, self.file.raw
        each, rest = divmod(size, count) if count else (0, 0)
        odd = size % given.numpy.itemsize
        if not rest and each in KINDS and each != given.numpy.itemsize:
            raise self._of_another_dtype(each, called)
        if odd:
            raise ShapeError(
                "{name} holds {size} bytes, no multiple of the {bytes} of a {dtype}; {count} numbers, {wanted} bytes, are expected: it is "
                "cut short, or it holds something else besides",
                name=called,
                size=size,
                bytes=given.numpy.itemsize,
                dtype=given.dtype,
                count=count,
                wanted=count * given.numpy.itemsize,
            )

    def _of_another_dtype(self, each: int, called: Text) -> ShapeError:
        """The error for a file whose numbers have ``each`` bytes, if it holds as many as are expected."""
        size, given = self.file.size, self.file.raw
        held, odd = divmod(size, given.numpy.itemsize)
        near = self.nearest(others(each))
        if near is not None:
            hint = say("try --raw {option}, as which they are close to the network's own", option=near[0].text)
        else:
            kinds = ["--raw " + kind for kind in KINDS[each]]
            hint = say("try {options}; codes of fixed point need their --format too", options=either(kinds))
        return ShapeError(
            "{name} holds {size} bytes: {counted}, {count} of {kinds}; {count} are expected, of shape {shape}: {hint}",
            name=called,
            size=size,
            counted=say("no whole number of {dtype} numbers", dtype=given.dtype)
            if odd
            else plural("{n} number of {dtype}", "{n} numbers of {dtype}", n=held, dtype=given.dtype),
            count=self.count,
            kinds=either(KINDS[each]) if near is None else near[0].dtype,
            shape=self.expected.shape,
            hint=hint,
        )

    def doubt(self, array: Array) -> Sentence | None:
        """What the bytes seem to be rather, if the ``array`` that they were read as is nothing like the network's own; None if it is.

        Long floats of common sizes are beyond doubt, so that the network's own numbers, which may have to be made anew, are not needed.
        """
        if self.file.raw.dtype in LONG and not _beyond(array).mean() > A_QUARTER:
            return None
        given = closest(array, self.expected, self.layout, SAMPLED)
        if given is None or given.close:
            return None
        kinds = [raw for raw in others(self.file.raw.numpy.itemsize) if raw != self.file.raw]
        near = self.nearest(kinds)
        if near is not None and near[1].clearly_below(given.distance):
            return say(
                "as {option} its numbers would come close to the network's own: if it holds those, say so with --raw {option}",
                option=near[0].text,
            )
        told = [*(raw for raw in kinds if raw.dtype == self.file.raw.dtype), *(raw for raw in kinds if raw.dtype.startswith("int"))]
        sane = next((raw for raw in told if is_sane(self.file.taken_for(raw).read())), None)
        if sane is None or not is_of_every_size(self.file.read()):
            return None
        return say(
            "as {given} its numbers are of every size, as {option} they are not: if it holds those, say so with --raw {option}",
            given=self.file.raw.text,
            option=sane.text,
        )

    def nearest(self, kinds: Sequence[Raw]) -> tuple[Raw, Likeness] | None:
        """Of several kinds of numbers, the one that comes closest to the network's own array; None if none is close."""
        found = [(raw, likeness) for raw in kinds if (likeness := self.likeness(raw)) is not None and likeness.close]
        return min(found, key=lambda pair: pair[1].distance, default=None)

    def likeness(self, raw: Raw) -> Likeness | None:
        """How alike the bytes are to the network's own array if they are numbers of one kind; None if they cannot be."""
        with suppress(DTypeError):  # codes that the declared format does not have
            written = settled(Written(self.file.taken_for(raw).read()), self.declared, self.own, "")
            return closest(written.array, self.expected, self.layout, SAMPLED)
        return None


def others(each: int) -> list[Raw]:
    """All numbers that have so many bytes; the common order of bytes comes first."""
    little = [Raw(kind) for kind in KINDS[each]]
    return little if each == 1 else [*little, *(replace(raw, order="big") for raw in little)]


def as_many(file: RawFile, names_of: Callable[[int], Sequence[str]]) -> Iterator[Sentence]:
    """What the file may hold by its size, as numbers of other dtypes; ``names_of`` gives the arrays of so many cells."""
    for each, kinds in KINDS.items():
        names = names_of(file.size // each) if file.size % each == 0 and each != file.raw.numpy.itemsize else ()
        if names:
            yield say("as {kinds} it is as many numbers as {names} holds: see --raw", kinds=either(kinds), names=either(names[:4]))


def is_of_every_size(array: Array) -> bool:
    """Whether numbers are of every size, or none, as they are where bytes stand in another order."""
    return bool(_beyond(array).mean() > A_QUARTER) and len(np.unique(array.view(f"u{array.dtype.itemsize}"))) >= FEWEST


def is_sane(array: Array) -> bool:
    """Whether numbers are of sizes that a layer computes: floats within 2^-64 .. 2^64, whole numbers whose first byte is but a sign."""
    if array.dtype.kind == "i":
        most = 2 ** (8 * array.dtype.itemsize - 8)
        return bool((array >= -most).all() and (array < most).all())
    return not bool(_beyond(array).any())


def _beyond(array: Array) -> Array:
    with np.errstate(invalid="ignore"):
        size = abs(array.astype(np.float64))
    return np.asarray(~(size <= FAR) | ((size > 0) & (size < 1 / FAR)))
