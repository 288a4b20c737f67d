"""How rounding enters functions of several numbers, and how the errors of these numbers pass through.

With u the unit roundoff, p and s the largest error and the spread of each input:

    sum         (k - 1)*u*S for k inputs in any order, S = sum of abs(x) (no second order: Jeannerod and Rump, see core.lines); there is no
                underflow term: a sum of floats below the smallest normal number is a multiple of the smallest step there is, so exact.
                Errors add up. A factor alpha costs one product more
    product     u*abs(y) + tiny; errors pass as abs(a)*p_b + abs(b)*p_a + p_a*p_b, which is the worst corner
    quotient    2u*abs(y) + tiny: the rounded reciprocal may be multiplied by, which has no full accuracy where abs(b) is so large that
                it falls below the normal numbers. Errors pass as (abs(b)*p_a + abs(a)*p_b) / (abs(b)*(abs(b) - p_b)); infinite where b
                may be 0, and then y is that of the far end of b where it would be infinite itself
    maximum     nothing is rounded. The largest moves at most to the largest of all x + p, at least to that of all x - p. Its spread is that
                of all that come within 8 spreads of it, since each of them may win
    power       8u*abs(y) + tiny, 4 units in the last place: NumPy's vectors; PyTorch's lie within 1, its products for small whole exponents
                within 3u. x^-2 as 1/(x*x) is 0 already where x*x overflows. A power rises or falls with either number alone, so its worst
                case stands at a corner, or at the base 0; it is infinite where the base may be negative and the exponent is not exact
    mean        (k - 1)*u*S/k and 2u*abs(y) for the division, or the product with the reciprocal

A constant that is a plain number, such as 0.1, is rounded to float32 first: it comes with an error u*abs(c) of its own.

Covered: the algorithms above, in rounding to nearest. Not covered: inputs rounded to a shorter format first, exp(b*log(a)) for a power.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import product as corners

import numpy as np

from convproof.core.formats import FLOAT32, FLOAT64, NumberFormat
from convproof.core.lines import SIGMAS, Lines, carried_within
from convproof.core.shapes import Array
from convproof.layers.binary import formula

POWER = 8
LOOKS = (-1.0, -0.5, 0.0, 0.5, 1.0)


@dataclass(frozen=True)
class Part:
    """One operand at some cells, float64, of at least one axis: its exact value, the largest error and the spread that it comes with."""

    x: Array
    proof: Array
    sigma: Array

    @property
    def size(self) -> Array:
        """The largest absolute value that it may have."""
        return np.asarray(abs(self.x) + self.proof)

    def scaled(self, factor: float | int, arithmetic: NumberFormat) -> "Part":
        """The product with a setting, which is itself rounded."""
        if factor in (1, -1):
            return Part(np.asarray(factor * self.x), self.proof, self.sigma)
        own = (_rounded(factor, arithmetic) + 1.01 * (arithmetic.u + FLOAT64.u)) * abs(factor) * self.size + arithmetic.tiny
        return Part(
            np.asarray(factor * self.x),
            np.asarray(abs(factor) * self.proof + own),
            np.asarray(np.hypot(factor * self.sigma, own / np.sqrt(3))),
        )


def constant(value: float | int, arithmetic: NumberFormat) -> Part:
    """A plain number."""
    lost = _rounded(value, arithmetic) * abs(value)
    return Part(np.array([float(value)]), np.array([lost]), np.array([lost / np.sqrt(3)]))


def _rounded(value: float | int, arithmetic: NumberFormat) -> float:
    """u if the format cannot hold a number exactly, else 0."""
    with np.errstate(over="ignore"):
        exact = arithmetic is not FLOAT32 or float(np.float32(value)) == float(value)
    return 0.0 if exact else arithmetic.u


def total(parts: Sequence[Part], arithmetic: NumberFormat) -> Lines:
    """A sum."""
    additions, y = len(parts) - 1, _sum(part.x for part in parts)
    own = additions * (arithmetic.u + FLOAT64.u) * _sum(part.size for part in parts)
    sigma = arithmetic.u * np.sqrt(additions / 3) * _sum(abs(part.x) for part in parts)
    return carried_within(Lines(y, own, sigma), _sum(part.proof for part in parts), _sum(part.sigma**2 for part in parts))


def mean(parts: Sequence[Part], arithmetic: NumberFormat) -> Lines:
    """A sum divided by the number of its terms."""
    k, u, whole = len(parts), arithmetic.u + FLOAT64.u, total(parts, arithmetic)
    y = whole.exact / k
    proof = whole.proof / k * (1 + 2.1 * u) + 2.1 * u * abs(y) + arithmetic.tiny
    return Lines(y, proof, np.hypot(whole.sigma / k, (arithmetic.u * abs(y) + arithmetic.tiny) / np.sqrt(3)))


def product(parts: Sequence[Part], arithmetic: NumberFormat) -> Lines:
    """A product of two."""
    a, b = parts
    y = a.x * b.x
    worst = _times(abs(a.x), b.proof) + _times(abs(b.x), a.proof) + _times(a.proof, b.proof)
    variance = _times(abs(a.x), b.sigma) ** 2 + _times(abs(b.x), a.sigma) ** 2 + _times(a.sigma, b.sigma) ** 2
    own = (arithmetic.u + FLOAT64.u) * (abs(y) + worst) + arithmetic.tiny + FLOAT64.tiny
    return carried_within(Lines(y, own, (arithmetic.u * abs(y) + arithmetic.tiny) / np.sqrt(3)), worst, variance)


def quotient(parts: Sequence[Part], arithmetic: NumberFormat, rounding: formula.Rounding = None) -> Lines:
    """A quotient; rounded to a whole number it may fall to either side of a step that its error reaches."""
    a, b = parts
    y, u = a.x / b.x, arithmetic.u + FLOAT64.u
    y = np.where(np.isinf(y) & (b.x == 0) & (b.proof > 0), a.x / b.proof, y)
    least = abs(b.x) - b.proof
    passed = (_times(abs(b.x), a.proof) + _times(abs(a.x), b.proof)) / (abs(b.x) * least)
    worst = np.where((a.proof == 0) & (b.proof == 0), 0.0, np.where(least <= 0, np.inf, passed))
    near = np.maximum(abs(b.x) - SIGMAS * b.sigma, 0)
    variance = np.where(a.sigma + b.sigma == 0, 0.0, (a.sigma / near) ** 2 + (abs(a.x) / near * (b.sigma / near)) ** 2)
    coarse = np.where(abs(b.x) * _normal(arithmetic) > 1, a.size, 0.0)
    own = 2 * u * (1 + u) * (abs(y) + worst) + (1 + coarse) * (arithmetic.tiny + FLOAT64.tiny)
    found = carried_within(Lines(y, own, (arithmetic.u * abs(y) + arithmetic.tiny) / np.sqrt(3)), worst, variance)
    if rounding is None:
        return found
    whole = {"floor": np.floor, "trunc": np.trunc}[rounding]
    jump = np.maximum(*(abs(whole(y + sign * found.proof) - whole(y)) for sign in (1, -1)))
    return Lines(whole(y), jump, jump / SIGMAS)


def chosen(parts: Sequence[Part], sign: int) -> Lines:
    """The largest for the sign 1, the smallest for -1."""
    y = formula.largest([sign * part.x for part in parts])
    up = formula.largest([sign * part.x + part.proof for part in parts]) - y
    down = y - formula.largest([sign * part.x - part.proof for part in parts])
    quiet = formula.largest([np.asarray(part.proof + part.sigma) for part in parts]) == 0
    least = formula.largest([np.asarray(sign * part.x - SIGMAS * part.sigma) for part in parts])
    near = [np.where(sign * part.x + SIGMAS * part.sigma >= least, part.sigma, 0.0) for part in parts]
    worst = np.where(quiet, 0.0, np.maximum(up, down))
    variance = np.where(quiet, 0.0, _sum(sigma**2 for sigma in near))
    return carried_within(Lines(np.asarray(sign * y), np.zeros_like(y), np.zeros_like(y)), worst, variance)


def power(parts: Sequence[Part], arithmetic: NumberFormat) -> Lines:
    """A power."""
    a, b = parts
    y = formula.power(a.x, b.x)
    worst = _farthest(a, b, y)
    own = (
        POWER * (arithmetic.u + FLOAT64.u) * (abs(y) + worst)
        + arithmetic.tiny
        + FLOAT64.tiny
        + np.where((b.x == -2) & (abs(y) < _normal(arithmetic)), abs(y), 0.0)
    )
    slopes = [_steepest(lambda da, db: b.x * formula.power(np.asarray(a.x + da), np.asarray(b.x + db - 1)), a, b)]
    slopes.append(_steepest(lambda da, db: formula.power(np.asarray(a.x + da), np.asarray(b.x + db)) * np.log(abs(a.x + da)), a, b))
    variance = _sum(_times(slope, part.sigma) ** 2 for slope, part in zip(slopes, parts, strict=True))
    sigma = (arithmetic.u * abs(y) + arithmetic.tiny) / np.sqrt(3)
    return carried_within(Lines(y, own, sigma), worst, np.where(np.isnan(variance), np.inf, variance))


def _farthest(a: Part, b: Part, y: Array) -> Array:
    """How far a power can move: its values at the corners, and at the base 0 if that lies between them."""
    low, high = a.x - a.proof, a.x + a.proof
    places = [low, high, np.clip(0.0, low, high)]
    found = [abs(formula.power(np.asarray(at), np.asarray(b.x + s * b.proof)) - y) for at, s in corners(places, (1, -1))]
    worst = np.max([np.where(np.isnan(f), np.inf, f) for f in found], axis=0)
    worst = np.where((low < 0) & (b.proof > 0), np.inf, worst)
    return np.asarray(np.where((a.proof == 0) & (b.proof == 0), 0.0, worst))


def _steepest(slope: Callable[[Array, Array], Array], a: Part, b: Part) -> Array:
    """The steepest slope found within 8 spreads."""
    looks = [(SIGMAS * i * a.sigma, SIGMAS * j * b.sigma) for i, j in corners(LOOKS, (-1.0, 0.0, 1.0))]
    return np.asarray(np.max([abs(slope(np.asarray(i), np.asarray(j))) for i, j in looks], axis=0))


def _sum(arrays: Iterable[Array]) -> Array:
    return np.asarray(sum(arrays))


def _times(a: Array, b: Array) -> Array:
    """a * b, and 0 where one of them is: nothing is known of the other."""
    return np.asarray(np.where((a == 0) | (b == 0), 0.0, a * b))


def _normal(arithmetic: NumberFormat) -> float:
    """The smallest number that a format holds with all its bits."""
    return arithmetic.tiny * 2.0 ** (arithmetic.bits - 1)
