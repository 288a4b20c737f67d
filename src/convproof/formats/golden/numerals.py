"""Many numbers as text at once: a row of characters for each, all rows of one width, filled up with NULs.

A float32 needs nine significant digits to be read back as itself. With e its decimal exponent they are

    digits = abs(x) * 10^(8 - e), rounded to a whole number, ties to even

which float64 gives exactly for e = -4 ... 8: there the power and the product have at most 53 bits. Elsewhere the product is off by at most
2^-52 of itself, less than 10^-6 of a unit: a number that lies so near to a tie is left to Python, which computes with all digits, and so is
one whose exponent the logarithm missed. What stands there in the end is what "%.8e" prints.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from convproof.core.shapes import Array

CHUNK = 1 << 16  # numbers that become text at once
NINE = ".8e"
LOWEST, HIGHEST = -45, 38  # the decimal exponents of float32 numbers
FIRST_EXACT, LAST_EXACT = -4, 8
POWERS = np.array([float(f"1e{8 - e}") for e in range(LOWEST, HIGHEST + 1)])
FOUR_DIGITS = np.frombuffer("".join(f"{k:04d}" for k in range(10_000)).encode(), np.uint8).reshape(10_000, 4)
LEAST = np.iinfo(np.int64).min


@dataclass(frozen=True)
class Style:
    """How a language writes numbers: by dtype, ``conversions`` as in "%.8e" and ``suffixes`` behind them; words for what has no digits.

    ``least`` is the smallest int64, where its plain text would mean something else.
    """

    conversions: Mapping[str, str]
    suffixes: Mapping[str, str] = field(default_factory=dict)
    nan: str = "nan"
    infinity: str = "inf"
    least: str = ""


PLAIN = Style({"float16": ".4e", "float32": NINE, "float64": ".16e"})


def characters(numbers: Array, style: Style) -> Array:
    """The texts of n numbers as (n, width) bytes; NULs stand where a text is shorter."""
    odd = [(where, word) for where, word in without_digits(numbers, style) if where.any()]
    plain = numbers.copy() if odd else numbers
    for where, _ in odd:
        plain[where] = 0
    conversion = style.conversions.get(numbers.dtype.name, "d")
    texts = nine_digits(plain.astype(np.float32)) if conversion == NINE else by_python(plain, conversion)
    texts = framed(texts, b"", style.suffixes.get(numbers.dtype.name, "").encode())
    for where, word in odd:
        texts = np.pad(texts, ((0, 0), (0, max(0, len(word) - texts.shape[1]))))
        texts[where] = np.frombuffer(word.encode().ljust(texts.shape[1], b"\0"), np.uint8)
    return texts


def without_digits(numbers: Array, style: Style) -> Iterator[tuple[Array, str]]:
    """Where numbers are written as words, and the word."""
    if numbers.dtype.kind == "f":
        yield np.isnan(numbers), style.nan
        yield numbers == np.inf, style.infinity
        yield numbers == -np.inf, f"-{style.infinity}"
    elif numbers.dtype == np.int64 and style.least:
        yield numbers == LEAST, style.least


def framed(texts: Array, before: bytes, after: bytes) -> Array:
    """The same characters before and behind every text."""
    left, right = (np.broadcast_to(np.frombuffer(part, np.uint8), (len(texts), len(part))) for part in (before, after))
    return np.concatenate([left, texts, right], axis=1)


def by_python(numbers: Array, conversion: str) -> Array:
    """Finite numbers as Python writes them."""
    if conversion == "d":
        width = max(len(str(numbers.min(initial=0))), len(str(numbers.max(initial=0))))
    else:
        width = int(conversion[1:-1]) + len("-1.e+308")
    joined = f"%{width}{conversion}" * len(numbers) % tuple(numbers.tolist())
    texts = np.frombuffer(joined.encode(), np.uint8).reshape(len(numbers), width)
    return np.where(texts == ord(" "), np.uint8(0), texts)


def nine_digits(x: Array) -> Array:
    """Finite float32 numbers as -1.23456789e-01: sign, digit, point, eight digits, e, sign, two digits."""
    size = abs(x.astype(np.float64))
    e = np.floor(np.log10(size, where=size > 0, out=np.zeros_like(size))).astype(np.int64)
    product = size * POWERS[e - LOWEST]
    digits = np.rint(product)
    near_a_tie = abs(abs(product - digits) - 0.5) < 1e-6
    exact = (e >= FIRST_EXACT) & (e <= LAST_EXACT)
    doubtful = (near_a_tie & ~exact) | (((digits < 1e8) | (digits >= 1e9)) & (size > 0))
    texts = spelt(np.signbit(x), np.where(doubtful, 0, digits).astype(np.uint32), e)
    if doubtful.any():
        texts[doubtful] = by_python(x[doubtful], NINE)[:, 1:]  # the exponent of a float32 has two digits
    return texts


def spelt(negative: Array, digits: Array, exponent: Array) -> Array:
    """The characters of numbers with nine digits, (n, 15) bytes."""
    texts = np.empty((len(digits), 15), np.uint8)
    first, rest = np.divmod(digits, np.uint32(10**8))
    texts[:, 0] = np.where(negative, ord("-"), 0)
    texts[:, 1] = first + ord("0")
    texts[:, 2] = ord(".")
    texts[:, 3:7], texts[:, 7:11] = (FOUR_DIGITS[four] for four in np.divmod(rest, np.uint32(10**4)))
    texts[:, 11] = ord("e")
    texts[:, 12] = np.where(exponent < 0, ord("-"), ord("+"))
    texts[:, 13:] = FOUR_DIGITS[abs(exponent), 2:]
    return texts
