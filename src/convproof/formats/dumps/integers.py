"""Integers as C writes them: 12, -3, 0x1F, 017, 5u."""

import re
from typing import Any

import numpy as np

from convproof.core.shapes import Array
from convproof.formats.dumps.text.numerals import NoNumberError

LITERAL = re.compile(rb"([+-]?)(0[xX][0-9a-fA-F]{1,16}|0[bB][01]{1,64}|\d{1,20})(?:[uU]?[lL]{0,2}|[lL]{1,2}[uU])")
NAMES = {b"true": 1, b"false": 0}


class BadIntegerError(NoNumberError):
    """A word that is no integer of the dtype."""


def read_integers(text: bytes, dtype: str) -> Array:
    """Words, separated by blanks, as integers of a dtype, flat. Hexadecimal ones may be the bits of a negative one: 0xFF is -1 as an int8.

    Raises BadIntegerError with the first that is none.
    """
    words = text.split()
    range_of = np.iinfo(dtype)
    try:
        wide = np.fromiter(map(int, words), np.int64, len(words))
        plain = re.search(rb"(?:^|\s)[+-]?0\d|_", text) is None
    except (ValueError, OverflowError):
        plain = False
    if plain and (not wide.size or (wide.min() >= range_of.min and wide.max() <= range_of.max)):
        return wide.astype(dtype)
    return np.array([_integer(word, index, range_of) for index, word in enumerate(words)], dtype)


def _integer(word: bytes, index: int, range_of: "np.iinfo[Any]") -> int:
    if word in NAMES:
        return NAMES[word]
    found = LITERAL.fullmatch(word)
    if found is None:
        raise BadIntegerError(word, index)
    sign, digits = found[1], found[2].decode()
    octal = digits.isdigit() and len(digits) > 1 and digits[0] == "0"
    try:
        value = int(digits, 8 if octal else 0) * (-1 if sign == b"-" else 1)
    except ValueError:
        raise BadIntegerError(word, index) from None
    if not digits.isdigit() and value > range_of.max:
        value -= 2**range_of.bits
    if not range_of.min <= value <= range_of.max:
        raise BadIntegerError(word, index)
    return value
