"""Other algorithms of a softmax, whose rounding grows with the logits themselves, and not only with how far they lie apart.

With u the unit roundoff, m the maximum, a_j = m - x_j, D = sum of y_j*a_j (at most ln n) and L = m + log(s), all as in ``bound``:

powers of 2     e_j = 2^(x_j*l - m*l), l = log2(e), as kernels of GPUs compute it, with the products rounded or not (FMA); also
                2^((x_j - m)*l). In units of u the exponent is off by abs(x_j), at most abs(m) + a_j, for its product, by a_j for l and
                by a_j for the difference; how m*l is rounded is the same for all and cancels. One a_j is kept for higher terms:

                    t = u*(2*abs(m) + 4*(a_i + D) + n + 9)

                2^z may be off by 4u as the exponential may; a GPU's ex2.approx is off by 2^-22.5, 2.8u.
logarithms      exp(x_i - L), or the exponential of a logarithm of the share: off by what the logarithm is off, and 4u of its own:

                    t = proof of log-sum-exp + 4u
log-sum-exp     x_i - L, the logarithm of a share from one rounded number L of a row: beside the line of ``bound`` that L is rounded,

                    proof = proof of ``bound``, of the logarithm + u*(abs(m) + ln n)

A share that is off by a factor exp(t) lies within the line of ``bound``, which keeps its own t and what it says of underflow, and on top
of it

                    proof = proof of ``bound`` + y_i * (exp(t + t^2) - 1)

Numbers do not tell the first two apart: of shares the wider of both lines counts. Where t, or u*(abs(m) + ln n), is more than a quarter,
such an algorithm tells nothing of a share, and no number is right for it: the line of ``bound`` counts. The usual line takes what is added
as uniform within its size.

Not covered: sums that are rescaled when a new maximum turns up, the logarithm of a share.
"""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, cast

import numpy as np

from convproof.core.formats import FLOAT64, NumberFormat
from convproof.core.layer import Case, Layer
from convproof.core.lines import Lines
from convproof.core.records import Precision
from convproof.core.sentence import say
from convproof.core.shapes import Array
from convproof.layers.softmax import bound
from convproof.layers.softmax.bound import FAR, Algorithm

if TYPE_CHECKING:
    from convproof.layers.softmax.layer import Shares

QUARTER = 0.25


def rounded_exponents(top: Array) -> Algorithm:
    """Shares from powers of 2, or as exponentials of their logarithms; ``top`` is abs(m), broadcast with the shares."""
    both = powers_of_2(top), through_logarithms(top)
    return Algorithm(lambda *of: np.maximum(*(by.proof(*of) for by in both)), lambda *of: np.maximum(*(by.sigma(*of) for by in both)))


def powers_of_2(top: Array) -> Algorithm:
    """Shares from powers of 2."""

    def stray(y: Array, away: Array, axis: int) -> Array:
        away = np.minimum(away, FAR)
        D = np.minimum((y * away).sum(axis=axis, keepdims=True), np.log(max(y.shape[axis], 1)))
        return np.asarray(2 * top + 3 * (away + D))

    def proof(y: Array, away: Array, axis: int, arithmetic: NumberFormat) -> Array:
        units = bound.units_of(y, away, axis) + stray(y, away, axis)
        return unless_vague(y, arithmetic.u * units, bound.proof(y, away, axis, arithmetic))

    def sigma(y: Array, away: Array, axis: int, arithmetic: NumberFormat) -> Array:
        return np.asarray(np.hypot(bound.sigma(y, away, axis, arithmetic), y * arithmetic.u * stray(y, away, axis) / np.sqrt(3)))

    return Algorithm(proof, sigma)


def through_logarithms(top: Array) -> Algorithm:
    """Shares as exponentials of their logarithms."""

    def logarithm(y: Array) -> Array:
        with np.errstate(divide="ignore"):
            return np.asarray(np.maximum(np.log(y), -FAR))

    def proof(y: Array, away: Array, axis: int, arithmetic: NumberFormat) -> Array:
        E = bound.log_proof(logarithm(y), np.minimum(away, FAR), axis, arithmetic) + arithmetic.u * (4 + largest_sum(top, y.shape[axis]))
        return unless_vague(y, E, bound.proof(y, away, axis, arithmetic))

    def sigma(y: Array, away: Array, axis: int, arithmetic: NumberFormat) -> Array:
        of_log = log_sum_exp(top).sigma(logarithm(y), np.minimum(away, FAR), axis, arithmetic)
        return np.asarray(y * np.hypot(of_log, arithmetic.u) + arithmetic.tiny)

    return Algorithm(proof, sigma)


def unless_vague(y: Array, t: Array, plain: Array) -> Array:
    """The line of shares that are off by a factor exp(t), with what else the plain line counts; that alone where t is too large."""
    return np.asarray(np.where(t > QUARTER, plain, plain + y * np.expm1(np.minimum(t * (1 + t), 1.0))))


def log_sum_exp(top: Array) -> Algorithm:
    """Logarithms of shares by one log-sum-exp a row."""

    def proof(y: Array, away: Array, axis: int, arithmetic: NumberFormat) -> Array:
        more = (arithmetic.u + FLOAT64.u) * largest_sum(top, y.shape[axis])
        return np.asarray(bound.log_proof(y, away, axis, arithmetic) + np.where(more > QUARTER, 0.0, more))

    def sigma(y: Array, away: Array, axis: int, arithmetic: NumberFormat) -> Array:
        more = arithmetic.u * largest_sum(top, y.shape[axis]) / np.sqrt(3)
        return np.asarray(np.hypot(bound.log_sigma(y, away, axis, arithmetic), more))

    return Algorithm(proof, sigma)


def largest_sum(top: Array, n: int) -> Array:
    """How large L = m + log(s) may be."""
    return np.asarray(top + np.log(max(n, 1)))


def lines(algorithm: Callable[[Array], Algorithm], layer: Layer, case: Case, _low: Array, _high: Array) -> Lines:
    """The lines of all cells in one of these algorithms."""
    return cast("Shares", layer).bounds_by(algorithm, case)


EXPONENTS = say("exponents are rounded at the size of x: powers of 2 of x * log2(e), or the exponential of a log-softmax")
SHARES = (Precision("softmax-exponents", EXPONENTS, partial(lines, rounded_exponents)),)
LOGARITHMS = (
    Precision("log-softmax-logsumexp", say("x less the logarithm of the sum of exp(x), as one number"), partial(lines, log_sum_exp)),
)
