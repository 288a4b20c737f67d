"""Numbers from text, and how finely they were printed.

Of an array, let d be the most decimals of any number and k the most significant digits. The step of a number c with decimal exponent e is

    step = max(10^-d, 10^(e - k + 1)) + 8*u*abs(c)

Its half is never less than what the printing lost, whoever printed it:

    %.4f             half of 10^-4 was lost, and d <= 4
    %.6g, %.5e       half of 10^(e - 5) was lost, and k <= 6
    repr             as few digits as tell a number from its neighbours: what is lost is at most u*abs(c)
    np.round(x, 4)   half of 10^-4, and three roundings by the product, the quotient and repr: 3*u*abs(c)

u is that of float32, or of float64 if the digits say more than a float32 holds. Where max(10^-d, 10^(e - k + 1)) is at most the distance of
neighbouring float32 numbers, and every number is a float32 number to within half a unit of its own last digit, the text determines the
float32 numbers: nothing was lost; where more than 9 digits were printed, to within half a step, since 1.09 among numbers of 12 digits is a
float64. The same holds for float64. A 0 may be any small number that was printed as 0.0000.
"""

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from convproof.core.formats import FLOAT32, FLOAT64
from convproof.core.resolution import Decimals, last_digit
from convproof.core.sentence import plural, say
from convproof.core.shapes import Array
from convproof.formats.dumps.dump import Written

BLOCK = 1 << 16  # words at a time: the longest of them makes the width of all
SHORTEST = 9  # digits that tell every float32: where more were printed, a number with few of them may be a float64 such as 1.09
LONGEST = 400  # %f of the largest float64 has 316 characters
PLAIN = re.compile(rb"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,6})?")
NAMED = re.compile(rb"[+-]?(?:nan|inf|infinity)", re.IGNORECASE)
FORTRAN = re.compile(rb"([+-]?(?:\d+\.?\d*|\.\d+))[dD]([+-]?\d{1,6})")
IN_HEX = re.compile(rb"[+-]?0[xX](?:[0-9a-fA-F]{1,40}\.?[0-9a-fA-F]{0,40}|\.[0-9a-fA-F]{1,40})[pP][+-]?\d{1,6}(?=[fFlL]?$)")
OF_WINDOWS = (
    (re.compile(rb"([+-]?)1\.#INF\d*"), rb"\1inf"),
    (re.compile(rb"[+-]?1\.#(?:QNAN|SNAN|IND|NAN)\d*"), b"nan"),
    (re.compile(rb"[+-]?nan\((?:ind|snan|0x[0-9a-f]+|\d+)\)", re.IGNORECASE), b"nan"),
)


class NoNumberError(ValueError):
    """A word of a text that is no number: ``word``, the ``index``-th of its block."""

    def __init__(self, word: bytes, index: int) -> None:
        super().__init__(word)
        self.word = word.decode("utf-8", "replace")[:60]
        self.index = index


@dataclass(frozen=True)
class Numerals:
    """Numbers as they stand in a text: their values (float64, flat) and, for each, the place of its last digit, 10^``last``.

    ``digits`` is the most significant digits of any, ``whole`` whether no number has a point or an exponent.
    """

    values: Array
    last: Array
    digits: int
    whole: bool

    @cached_property
    def step(self) -> Array:
        """max(10^-d, 10^(e - k + 1)) of each number."""
        finest = 10.0 ** int(self.last.min()) if self.last.size else 1.0
        return np.maximum(finest, last_digit(self.values, self.digits))

    @cached_property
    def unit(self) -> Array:
        """The unit of each number's own last digit."""
        with np.errstate(over="ignore"):
            return np.asarray(10.0**self.last)

    def are(self, dtype: type[np.floating], unit: Array) -> bool:
        """Whether every number is one of the dtype, to within half a unit."""
        with np.errstate(over="ignore", invalid="ignore"):
            off = abs(self.values.astype(dtype).astype(np.float64) - self.values)
        return bool(((off <= 0.5 * unit + abs(self.values) * 2.0**-52) | ~np.isfinite(self.values)).all())

    def written(self) -> Written:
        """The array, flat, with what its digits leave open."""
        if self.whole:
            return Written(self.values, Decimals(FLOAT32, 1.0, say("whole numbers")))
        dtype = np.float32 if self.are(np.float32, self.unit) else np.float64
        with np.errstate(over="ignore"):
            values = self.values.astype(dtype)
        determined = (self.step <= spacing(values)) | ~np.isfinite(self.values)
        told = dtype is np.float64 or self.digits <= SHORTEST or self.are(np.float32, self.step)
        if determined.all() and told:
            return Written(values)
        resolution = self.resolution(FLOAT32.u if dtype is np.float32 else FLOAT64.u)
        return Written(values if told and determined[self.values != 0].all() else self.values, resolution)

    def resolution(self, u: float) -> Decimals:
        """What the digits leave open, of each number; ``u`` is the unit roundoff of the dtype that they are read in."""
        decimals = -int(self.last.min()) if self.last.size else 0
        alike = decimals >= 0 and bool((self.step == 10.0**-decimals).all())
        words = plural("{n} decimal", "{n} decimals", n=decimals) if alike else plural("{n} digit", "{n} digits", n=self.digits)
        return Decimals(FLOAT32, self.step + 8 * u * np.where(np.isfinite(self.values), abs(self.values), 0.0), words)


def spacing(values: Array) -> Array:
    """The distance to the next number of the dtype toward zero, as float64; of a 0 the smallest number there is."""
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        down = abs(values - np.nextafter(values, np.zeros_like(values))).astype(np.float64)
    return np.asarray(np.where(values == 0, float(np.finfo(values.dtype).smallest_subnormal), down))


def read_numerals(text: bytes) -> Numerals:
    """Words, separated by blanks, as numbers. Raises NoNumberError with the first that is none."""
    words = text.split()
    try:
        values = np.fromiter(map(float, words), np.float64, len(words))
        odd = b"_" in text or len(max(words, key=len, default=b"")) > LONGEST
    except ValueError:
        odd = True
    if odd:
        words = [_number(word, index) for index, word in enumerate(words)]
        values = np.fromiter(map(float, words), np.float64, len(words))
    parts = [_places(np.array(words[at : at + BLOCK], "S")) for at in range(0, len(words), BLOCK)]
    if not parts:
        return Numerals(values, np.zeros(0, np.int64), 1, whole=True)
    last, digits, whole = (np.concatenate(part) for part in zip(*parts, strict=True))
    finite = np.isfinite(values)
    return Numerals(values, np.where(finite, last, 0), max(int(digits[finite].max(initial=1)), 1), bool((whole & finite).all()))


def _number(word: bytes, index: int) -> bytes:
    """A word in the form that float() reads. Raises NoNumberError."""
    if len(word) > LONGEST:
        raise NoNumberError(word[:40] + b"...", index)
    if PLAIN.fullmatch(word) or NAMED.fullmatch(word):
        return word
    if word[-1:] in b"fFlL" and PLAIN.fullmatch(word[:-1]):
        return word[:-1]
    if (found := FORTRAN.fullmatch(word)) is not None:
        return found[1] + b"e" + found[2]
    if (found := IN_HEX.match(word)) is not None:
        try:
            return repr(float.fromhex(found[0].decode())).encode()
        except OverflowError:
            raise NoNumberError(word, index) from None
    raise NoNumberError(word, index)


def _places(words: Any) -> tuple[Array, Array, Array]:
    """Of each word the place of its last digit, the number of its significant digits, and whether it has no point and no exponent."""
    words = np.strings.lower(words)
    exponent_at = np.strings.find(words, b"e")
    with_exponent = np.flatnonzero(exponent_at >= 0)
    exponent = np.zeros(len(words), np.int64)
    if len(with_exponent):
        parts = [word.partition(b"e") for word in words[with_exponent].tolist()]
        words[with_exponent] = [part[0] for part in parts]
        exponent[with_exponent] = np.clip([int(part[2]) for part in parts], -400, 400)
    length, point = np.strings.str_len(words), np.strings.find(words, b".")
    last = np.where(point >= 0, point + 1 - length, 0) + exponent
    bare = np.strings.lstrip(words, b"+-0.")
    digits = np.strings.str_len(bare) - (np.strings.find(bare, b".") >= 0)
    return last, digits, (point < 0) & (exponent_at < 0)
