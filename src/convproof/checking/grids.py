"""A grid found in claimed numbers: a hint that they were written down in fixed point, or in 16 bits. It is suggested and never applied.

A cast to uint8 gives whole numbers too; to take the grid for a format would forgive it.
"""

import numpy as np

from convproof.core.formats import BFLOAT16, FLOAT16
from convproof.core.resolution import rounded
from convproof.core.sentence import Sentence, say
from convproof.core.shapes import Array

MOST_CODES = 256
FEWEST = 16  # numbers that are not 0: of fewer, a grid is no surprise


def suggested_grid(array: Array) -> Sentence | None:
    """What to declare if all numbers are multiples of one step and their codes fit into 8 or 16 bits, or all are numbers of a 16-bit float;
    None if they are not.
    """
    values = np.unique(np.asarray(array, np.float64))
    if not np.isfinite(values).all() or np.count_nonzero(array) < FEWEST or len(values) < 3:
        return None
    return _power_of_two(values) or _scale(values, np.size(array)) or _short(values)


def _power_of_two(values: Array) -> Sentence | None:
    """Multiples of 2^-k: the least k with whole codes, and the shortest format that holds them."""
    for k in range(16):
        codes = np.ldexp(values, k)
        if not (codes == np.rint(codes)).all():
            continue
        for bits in (8, 16):
            if k < bits and -(2 ** (bits - 1)) <= codes.min() and codes.max() < 2 ** (bits - 1):
                return _suggest(k, bits)
    return None


def _suggest(k: int, bits: int) -> Sentence:
    if k == 0:
        return say("all numbers are whole: if they are codes of fixed point, say of which, such as --format q7.8 or --format int8:0.05:-3")
    return say("all numbers are multiples of 2^-{k}: if they are Q{m}.{k}, say so with --format q{m}.{k}", k=k, m=bits - 1 - k)


def _scale(values: Array, cells: int) -> Sentence | None:
    """Multiples of any step, as of int8 with a scale; each is off by a rounding to float32."""
    if len(values) > MOST_CODES or cells < 2 * len(values):
        return None
    step = float(np.diff(values).min())
    codes = np.rint(values / step)
    step = float((values @ codes) / (codes @ codes))  # least squares: the smallest difference is off by a rounding of its own
    if step <= 0 or (abs(values - codes * step) > 2.0**-22 * abs(values).max()).any() or codes.max() - codes.min() >= MOST_CODES:
        return None
    zero = int(min(max(-128 - codes.min(), 0), 255)) if codes.min() < -128 else int(min(0, 127 - codes.max()))
    return say(
        "all numbers are multiples of {step}: if they are int8, say so with --format int8:{step}:{zero}", step=f"{step:.6g}", zero=zero
    )


def _short(values: Array) -> Sentence | None:
    """Numbers of bfloat16 or float16, whatever they are stored in now."""
    for format in (BFLOAT16, FLOAT16):  # the one with fewer digits first
        if np.array_equal(rounded(values, format), values):
            return say("all numbers are numbers of {format}: if they were stored in it, say so with --format {format}", format=format.name)
    return None
