"""How rounding enters a reduction of n numbers, and how their errors pass through.

With u the unit roundoff, p and s the largest error and the spread of each number, S the sum of absolute values:

    sum, L1         n*u*S in any order (see core.lines); errors add up
    mean            the same for n + 1 terms, divided by n: the division, or a product with the reciprocal, of the sum or of every number
    sum of squares  n*u*S + n*tiny, S the sum of squares; errors pass as 2*abs(x)*p + p^2
    L2              the root of that: Y*(1 - sqrt(1 - n*u)) + sqrt(2*n*tiny), and u*Y for the root, with Y the norm of abs(x) + p; infinite
                    where a square overflows. A norm moves by no more than the norm of what x moves by, so errors pass as the norm of p
    product         abs(y)*((1 + u)^(n - 1) - 1); a partial product may lose tiny to underflow, which the others enlarge by the product
                    of max(1, abs(x)) at most; infinite where that overflows. Errors pass as the product of abs(x) + p, less that of abs(x)
    largest         nothing is rounded. It moves to the largest x + p at most, to the largest x - p at least. The largest spread of those
                    that come within 8 spreads of it stands in for its own
    its place       another number may be the largest: every one whose x + p reaches the largest of all x - p. The line is the distance to
                    the farthest of these; 0 where all of them are exact, since of equal numbers the first is meant
    log-sum         the logarithm at both ends of the sum's range, and 8u*abs(y)
    log-sum-exp     E for the sum and its logarithm (see core.arithmetic.log_sum), and 9u*(abs(y) + E), which covers log(sum of exp(x))
                    without a maximum too where nothing overflows. It rises with every x, so its worst case stands at the corners

Covered: sums and products in any order, rounding to nearest. Not covered: sums in a shorter format.
"""

from dataclasses import dataclass

import numpy as np

from convproof.core.arithmetic.log_sum import LOG, errors_of_log_sum
from convproof.core.formats import FLOAT32, FLOAT64, NumberFormat
from convproof.core.lines import SIGMAS, Lines, carried_within, lines_of_sum, no_error
from convproof.core.shapes import Array


@dataclass(frozen=True)
class Numbers:
    """Rows of n numbers in float64, (k, n): exact values, largest errors, spreads."""

    x: Array
    p: Array
    s: Array

    @property
    def n(self) -> int:
        """How many numbers become one."""
        return int(self.x.shape[1])

    @property
    def size(self) -> Array:
        """The largest absolute value that each may have."""
        return np.asarray(abs(self.x) + self.p)


def farthest(x: Array, w: Array, won: Array) -> Array:
    """How far from ``won`` (k, 1), the places of the largest numbers of rows x (k, n), others stand that may be it within x +- w."""
    with np.errstate(invalid="ignore"):
        may = x + w >= (x - w).max(axis=1, keepdims=True)
    off = np.where(may, abs(np.arange(x.shape[1]) - won), 0).max(axis=1)
    return np.where((may & (w > 0)).any(axis=1), off, 0.0)


def total(numbers: Numbers, arithmetic: NumberFormat) -> Lines:
    """A sum."""
    x = numbers.x
    found = lines_of_sum(x.sum(1), numbers.size.sum(1), (x**2).sum(1), numbers.n, arithmetic)
    local = Lines(found.exact, found.proof - numbers.n * arithmetic.tiny, found.sigma)
    return carried_within(local, numbers.p.sum(1), (numbers.s**2).sum(1))


def mean(numbers: Numbers, arithmetic: NumberFormat) -> Lines:
    """A sum divided by n."""
    x, n = numbers.x, numbers.n
    found = lines_of_sum(x.sum(1), numbers.size.sum(1), (x**2).sum(1), n + 1, arithmetic)
    local = Lines(found.exact / n, found.proof * (1 + 2 * arithmetic.u) / n + n * arithmetic.tiny, found.sigma / n)
    return carried_within(local, numbers.p.sum(1) / n, (numbers.s**2).sum(1) / n**2)


def absolute_sum(numbers: Numbers, arithmetic: NumberFormat) -> Lines:
    """A sum of absolute values."""
    return total(Numbers(abs(numbers.x), numbers.p, numbers.s), arithmetic)


def square_sum(numbers: Numbers, arithmetic: NumberFormat) -> Lines:
    """A sum of squares."""
    x, p, s = numbers.x, numbers.p, numbers.s
    local = lines_of_sum((x**2).sum(1), (numbers.size**2).sum(1), (x**4).sum(1), numbers.n, arithmetic)
    return carried_within(local, (2 * abs(x) * p + p**2).sum(1), (4 * (x * s) ** 2 + 2 * s**4).sum(1))


def norm(numbers: Numbers, arithmetic: NumberFormat) -> Lines:
    """The root of a sum of squares."""
    squares, n = square_sum(Numbers(numbers.x, np.zeros_like(numbers.p), np.zeros_like(numbers.s)), arithmetic), numbers.n
    y, most = np.sqrt(squares.exact), np.sqrt((numbers.size**2).sum(1))
    u = arithmetic.u + FLOAT64.u
    lost = -np.expm1(0.5 * np.log1p(-min(n * u, 1 - u)))
    own = most * (lost * (1 + u) + u) + np.sqrt(2 * n * arithmetic.tiny)
    own = np.where(most**2 > largest_of(arithmetic), np.inf, own)
    sigma = np.where(y > 0, squares.sigma / np.where(y > 0, 2 * y, 1), 0) + arithmetic.u * y / np.sqrt(3)
    far = y > SIGMAS * np.sqrt((numbers.s**2).sum(1))
    variance = np.where(far, (numbers.s**2).max(1, initial=0), (numbers.s**2).sum(1))
    return carried_within(Lines(y, own, np.minimum(sigma, own)), np.sqrt((numbers.p**2).sum(1)), variance)


def product(numbers: Numbers, arithmetic: NumberFormat) -> Lines:
    """A product."""
    x, n = numbers.x, numbers.n
    y, most = x.prod(1), numbers.size.prod(1)
    grown = np.maximum(1, numbers.size).prod(1)
    own = np.expm1(max(n - 1, 0) * np.log1p(arithmetic.u + FLOAT64.u)) * most + max(n - 1, 0) * (arithmetic.tiny + FLOAT64.tiny) * grown
    own = np.where(grown > largest_of(arithmetic), np.inf, own)
    sigma = arithmetic.u * abs(y) * np.sqrt(max(n - 1, 0) / 3) + arithmetic.tiny * grown * max(n - 1, 0)
    quiet = (numbers.p + numbers.s).max(1, initial=0) == 0
    worst = np.where(quiet, 0, most - abs(y) + n * FLOAT64.u * most)
    spread = np.where(quiet, 0, np.maximum((x**2 + numbers.s**2).prod(1) - y**2, 0))
    return carried_within(Lines(y, own, sigma), worst, spread)


def largest(numbers: Numbers) -> Lines:
    """The largest."""
    x, p, s = numbers.x, numbers.p, numbers.s
    y = x.max(1, initial=-np.inf)
    quiet = (p + s).max(1, initial=0) == 0
    worst = np.maximum((x + p).max(1, initial=-np.inf) - y, y - (x - p).max(1, initial=-np.inf))
    near = np.where(x + SIGMAS * s >= (x - SIGMAS * s).max(1, keepdims=True, initial=-np.inf), s, 0.0).max(1, initial=0)
    return carried_within(no_error(y), np.where(quiet, 0, worst), np.where(quiet, 0, near**2))


def smallest(numbers: Numbers) -> Lines:
    """The smallest."""
    found = largest(Numbers(-numbers.x, numbers.p, numbers.s))
    return Lines(-found.exact, found.proof, found.sigma)


def log_sum(numbers: Numbers, arithmetic: NumberFormat) -> Lines:
    """The logarithm of a sum."""
    whole = total(numbers, arithmetic)
    y, low = np.log(whole.exact), whole.exact - whole.proof
    reach = np.where(low > 0, y - np.log(np.where(low > 0, low, 1)), np.inf)
    own = reach + LOG * (arithmetic.u + FLOAT64.u) * (abs(y) + reach)
    sigma = whole.sigma / np.maximum(whole.exact - SIGMAS * whole.sigma, 0) + arithmetic.u * abs(y)
    return Lines(y, own, np.minimum(sigma, own))


def log_sum_exp(numbers: Numbers, arithmetic: NumberFormat) -> Lines:
    """The logarithm of a sum of exponentials."""
    x, p, s, n = numbers.x, numbers.p, numbers.s, numbers.n
    y = _of(x)
    worst = np.maximum(_of(x + p) - y, y - _of(x - p))
    own, most = np.zeros_like(y), np.log(max(n, 1))
    for f in (arithmetic, FLOAT64):
        E = sum(errors_of_log_sum(n, f))
        own = own + E + (LOG + 1) * f.u * (abs(y) + worst + E)
    shares = np.minimum(np.exp(x + SIGMAS * s - _of(x - SIGMAS * s)[:, None]), 1)
    sigma = arithmetic.u * np.sqrt(n / 3 + 1 + most**2 + y**2 / 3)
    return carried_within(Lines(y, own, np.minimum(sigma, own)), worst, ((shares * s) ** 2).sum(1))


def _of(x: Array) -> Array:
    return np.asarray(np.logaddexp.reduce(x, axis=1, initial=-np.inf))


def largest_of(arithmetic: NumberFormat) -> float:
    """The largest number of a format."""
    return float(np.finfo(np.float32 if arithmetic.bits <= FLOAT32.bits else np.float64).max)
