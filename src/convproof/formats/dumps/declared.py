"""Number formats as a user declares them: ``--format q7.8``, ``ap_fixed:16:6``, ``int8:0.05:-3``, ``decimals:4``.

    float32, float64, float16, bfloat16
    q7.8        fixed point: a sign, 7 bits before the point, 8 after it (so 16 bits); q15 is q0.15; uq0.8 has no sign
    ap_fixed:16:6       Vitis HLS: 16 bits, 6 of them before the point, the sign counted among them; also ap_ufixed, and ap_fixed<16,6>
    int8:0.05:-3        (code - zero point) * scale, scale 0.05 and zero point -3 (0 if left out); also uint8, int16 ...
    decimals:4, digits:6    text with so many digits after the point, or with so many significant ones

Further words, in any order and each after a colon, say how numbers were brought into the format: ``nearest``, ``floor`` or ``truncate``
(toward zero); ``saturate`` or ``wrap``; ``symmetric`` if the lowest code is left out (-127 to 127); ``rendering`` if numbers were only
written down in it, ``arithmetic`` if the target computes in it. What is left out is nearest and saturate; in ap_fixed, by its own manual,
floor (AP_TRN) and wrap (AP_WRAP), and its words are RND, TRN, TRN_ZERO, SAT, SAT_SYM, WRAP.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, cast

import numpy as np

from convproof.core.errors import SettingError
from convproof.core.fixed_point import Fixed
from convproof.core.formats import FLOAT32, FLOATS, NumberFormat
from convproof.core.resolution import Decimals, Digits, Overflow, Resolution, Role, Rounding, Stored
from convproof.core.sentence import either, plural

KINDS = (*FLOATS, "q7.8", "uq0.8", "ap_fixed:16:6", "int8:0.05:-3", "decimals:4", "digits:6")
WORDS = {
    "rounding": ("nearest", "floor", "truncate"),
    "overflow": ("saturate", "wrap"),
    "role": ("rendering", "arithmetic"),
    "symmetric": ("symmetric",),
}
VITIS = {
    **dict.fromkeys(("rnd", "rnd_zero", "rnd_min_inf", "rnd_inf", "rnd_conv"), ("rounding", "nearest")),
    "trn": ("rounding", "floor"),
    "trn_zero": ("rounding", "truncate"),
    "sat": ("overflow", "saturate"),
    "sat_sym": ("symmetric", "symmetric"),
    "wrap": ("overflow", "wrap"),
}
MOST_BITS = 53  # whole numbers of so many bits are float64 numbers
DTYPES = ("float16", "bfloat16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
IN_C = {"float": "float32", "double": "float64", "half": "float16"}


@dataclass(frozen=True)
class Raw:
    """How raw bytes are numbers: a dtype's name, and which byte of a number comes first."""

    dtype: str = "float32"
    order: Literal["little", "big"] = "little"

    @property
    def numpy(self) -> np.dtype[np.generic]:
        """NumPy's dtype of the bytes as they stand in the file; of bfloat16, the 16 bits."""
        plain = np.dtype("uint16" if self.dtype == "bfloat16" else self.dtype)
        return plain.newbyteorder("<" if self.order == "little" else ">")

    @property
    def text(self) -> str:
        """How it is declared: "float32", "float32:big"."""
        return self.dtype if self.order == "little" else f"{self.dtype}:{self.order}"


@dataclass(frozen=True)
class Asked:
    """What was asked for: the text, its numbers, and its words by what they are about."""

    text: str
    native: NumberFormat
    numbers: tuple[str, ...]
    words: dict[str, str]

    def of(self, kind: str, otherwise: str) -> str:
        """The word about rounding, overflow or role."""
        return self.words.get(kind, otherwise)

    @property
    def role(self) -> Role:
        """Written down or computed in; either if nothing is said."""
        return cast("Role", self.of("role", "either"))

    @property
    def rounding(self) -> Rounding:
        """Nearest if nothing is said."""
        return cast("Rounding", self.of("rounding", "nearest"))

    def takes(self, least: int, most: int, example: str, *kinds: str) -> None:
        """Raise SettingError for too few or too many numbers, and for words about anything but ``kinds``."""
        if not least <= len(self.numbers) <= most:
            raise SettingError(
                "the format {text!r} has {numbers} after its name; write it as in {example}",
                text=self.text,
                numbers=plural("{n} number", "{n} numbers", n=len(self.numbers)),
                example=example,
            )
        for kind in self.words.keys() - set(kinds):
            raise SettingError(
                "the format {text!r}: {word!r} makes no sense here; leave it out, as in {example}",
                text=self.text,
                word=self.words[kind],
                example=example,
            )

    def whole(self, number: str, example: str) -> int:
        """A whole number of reasonable size. Raises SettingError."""
        if not re.fullmatch(r"[+-]?\d{1,10}", number):
            raise SettingError(
                "the format {text!r}: {found!r} is no whole number; write it as in {example}", text=self.text, found=number, example=example
            )
        return int(number)


def parse_format(text: str, native: NumberFormat = FLOAT32) -> Resolution:
    """The resolution that a declaration such as "q7.8:floor:wrap" names; ``native`` is the format that the model computes in.

    Raises SettingError, with an example, for what makes no sense.
    """
    kind, *rest = [word for word in re.split(r"[:<>,\s]+", text.strip().lower()) if word] or [""]
    for pattern, numbers, read in READERS:
        if (found := re.fullmatch(pattern, kind)) is not None:
            return read(found, _asked(text, native, rest, kind.startswith("ap_"), numbers))
    raise SettingError("{text!r} names no number format; expected one such as {kinds}", text=text, kinds=either(KINDS))


def parse_raw(text: str) -> Raw:
    """How raw bytes are read: "float32", "int16:big". Raises SettingError for an unknown dtype or byte order."""
    kind, _, order = text.strip().lower().partition(":")
    kind = IN_C.get(kind, kind.removesuffix("_t"))
    if kind not in DTYPES:
        raise SettingError("{text!r} names no dtype; expected {dtypes}, such as float32 or int16:big", text=text, dtypes=either(DTYPES))
    if order not in ("", "little", "big"):
        raise SettingError("{text!r}: the byte order {order!r} is unknown; expected little or big", text=text, order=order)
    return Raw(kind, "big" if order == "big" else "little")


def _asked(text: str, native: NumberFormat, rest: Sequence[str], vitis: bool, least: int) -> Asked:
    """What stands behind a format's name, of which the first ``least`` words are numbers, or meant to be."""
    numbers: list[str] = []
    words: dict[str, str] = {}
    known = {word: (kind, word) for kind, alike in WORDS.items() for word in alike}
    meanings = known | VITIS | {f"ap_{word}": meaning for word, meaning in VITIS.items()} if vitis else known
    for word in rest:
        kind, meaning = meanings.get(word, ("", ""))
        if not kind and words:
            break
        if not kind:
            numbers.append(word)
        elif kind in words:
            raise SettingError("the format {text!r} says both {one!r} and {other!r}; choose one", text=text, one=words[kind], other=word)
        else:
            words[kind] = meaning
    odd = next((word for word in rest[least:] if word[0].isalpha() and word not in meanings), None)
    if odd is not None:
        raise SettingError("the format {text!r}: {word!r} is unknown; expected {words}", text=text, word=odd, words=either(known))
    if len(numbers) + len(words) < len(rest):
        raise SettingError("the format {text!r} has a number after a word; write numbers first, as in int8:0.05:-3:floor", text=text)
    return Asked(text, native, tuple(numbers), words)


def _float(found: re.Match[str], asked: Asked) -> Resolution:
    """A floating-point format; one shorter than the model computes in is what its numbers were rounded to."""
    asked.takes(0, 0, "bfloat16:truncate", "rounding", "role")
    format = FLOATS[found[0]]
    if format.bits < asked.native.bits:
        return Stored(asked.native, format, asked.role, asked.rounding)
    if asked.words:
        raise SettingError(
            "the format {text!r}: nothing is lost in {format}, so {word!r} makes no sense; leave it out",
            text=asked.text,
            format=format.name,
            word=next(iter(asked.words.values())),
        )
    return Resolution(format)


def _decimals(_: re.Match[str], asked: Asked) -> Resolution:
    asked.takes(1, 1, "decimals:4")
    n = asked.whole(asked.numbers[0], "decimals:4")
    if not 0 <= n <= 30:
        raise SettingError("the format {text!r}: expected 0 to 30 decimals, as in decimals:4", text=asked.text)
    return Decimals(asked.native, 10.0**-n, plural("{n} decimal", "{n} decimals", n=n))


def _digits(_: re.Match[str], asked: Asked) -> Resolution:
    asked.takes(1, 1, "digits:6")
    n = asked.whole(asked.numbers[0], "digits:6")
    if not 1 <= n <= 17:
        raise SettingError("the format {text!r}: expected 1 to 17 digits, as in digits:6", text=asked.text)
    return Digits(asked.native, n)


def _q(found: re.Match[str], asked: Asked) -> Resolution:
    """Q m.n: m bits before the point and n after it, besides the sign. A bare q15 is q0.15, as in Arm's libraries."""
    asked.takes(0, 0, "q7.8:floor:wrap", *WORDS)
    whole, fraction = (int(found[2]), int(found[3])) if found[3] else (0, int(found[2]))
    return _fixed(asked, found[0].upper(), whole + fraction, -fraction, signed=not found[1])


def _ap_fixed(found: re.Match[str], asked: Asked) -> Resolution:
    """ap_fixed<W, I>: W bits, I of them before the point."""
    example = "ap_fixed:16:6 or ap_fixed:16:6:RND:SAT"
    asked.takes(2, 2, example, *WORDS)
    width, whole = (asked.whole(number, example) for number in asked.numbers)
    signed = not found[1]
    asked = replace(asked, words={"rounding": "floor", "overflow": "saturate" if "symmetric" in asked.words else "wrap"} | asked.words)
    return _fixed(asked, f"{found[0]}<{width},{whole}>", width - signed, whole - width, signed)


def _int(found: re.Match[str], asked: Asked) -> Resolution:
    """(code - zero point) * scale."""
    example = "int8:0.05:-3"
    asked.takes(1, 2, example, *WORDS)
    bits, signed = int(found[2]), not found[1]
    fixed = _fixed(asked, asked.text, bits - signed, 0, signed)
    zero = asked.whole(asked.numbers[1], example) if len(asked.numbers) > 1 else 0
    if not fixed.lowest <= zero <= fixed.highest:
        raise SettingError(
            "the format {text!r}: the zero point {zero} is no {kind}, which goes from {lowest} to {highest}; write it as in {example}",
            text=asked.text,
            zero=zero,
            kind=found[0],
            lowest=fixed.lowest,
            highest=fixed.highest,
            example=example,
        )
    return replace(fixed, step=_scale(asked, example), zero=zero, label=":".join((found[0], *asked.numbers)))


def _scale(asked: Asked, example: str) -> float:
    """A positive scale, "0.05" or "1/128". Raises SettingError."""
    top, _, bottom = asked.numbers[0].partition("/")
    try:
        scale = float(top) / float(bottom or 1)
    except (ValueError, ZeroDivisionError):
        scale = np.nan
    if not 1e-30 < scale < 1e30:
        raise SettingError(
            "the format {text!r}: the scale {found!r} is no positive number; write it as in {example}",
            text=asked.text,
            found=asked.numbers[0],
            example=example,
        )
    return scale


def _fixed(asked: Asked, label: str, bits: int, exponent: int, signed: bool) -> Fixed:
    """Whole codes of ``bits`` bits besides the sign, in steps of 2^exponent. Raises SettingError."""
    if bits < 1 or bits + signed > MOST_BITS or not -200 <= exponent <= 200:
        raise SettingError(
            "the format {text!r} would have {bits} bits; expected 2 to {most}, with the point within 200 bits of them",
            text=asked.text,
            bits=bits + signed,
            most=MOST_BITS,
        )
    highest = 2**bits - 1
    lowest = 0 if not signed else -highest if "symmetric" in asked.words else -highest - 1
    overflow = cast("Overflow", asked.of("overflow", "saturate"))
    return Fixed(asked.native, label, 2.0**exponent, 0, lowest, highest, asked.rounding, overflow, asked.role)


READERS: tuple[tuple[str, int, Callable[[re.Match[str], Asked], Resolution]], ...] = (
    ("|".join(FLOATS), 0, _float),
    ("decimals?", 1, _decimals),
    ("digits?", 1, _digits),
    (r"(u?)q(\d{1,2})(?:\.(\d{1,2}))?", 0, _q),
    (r"ap_(u?)fixed", 2, _ap_fixed),
    (r"(u?)int(\d{1,2})(?:_t)?", 1, _int),
)
