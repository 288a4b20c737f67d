"""A variance of one pass, E[x^2] - mean^2: two numbers near mean^2 are subtracted, and what is left of their rounding errors is dvar.

    y = gamma * (x - mean) / sqrt(var + dvar + eps) + beta            one dvar for a row, however many cells the row has

dvar depends on the order of the sums, so it is fitted to the claimed numbers, by least squares of what gamma * (x - mean) is multiplied by:

    r = sum of g*(y - beta) / sum of g^2,   g = gamma * (x - mean);      dvar = 1/r^2 - eps - var

It is accepted within 8*sqrt(n)*u*(var + mean^2), 8 standard deviations of a sequential sum of squares; then every cell must lie within the
lines of a normalisation with the variance var + dvar given. A variance below -eps has no root: NaN is no rounding. (Measured at
abs(mean)/std = 3 to 1000, sums in order: at most 0.5 of it up to n = 200, and 0.95 at n = 2000 where half of the numbers are equal, as
behind a ReLU: equal numbers are rounded to the same side. So it cannot be narrower.)

What is fitted is a factor of the row, and so is a gamma. Where every row is right in two passes with a gamma that is left out, or with one
of another row, all of which are used once, that explains it better: no dvar is fitted. An honest dvar looks like that by chance only, in
all rows at once and to within the usual line of two passes; so it is asked only of numbers that were not written down coarsely, and where
nothing comes in.
"""

import math

import numpy as np

from convproof.core.arithmetic.normalising import bound
from convproof.core.arithmetic.normalising.bound import Affine, Cells, lines_with, passed_on
from convproof.core.arithmetic.normalising.rows import Rows
from convproof.core.arithmetic.normalising.statistics import Statistics, root_error, statistics
from convproof.core.formats import FLOAT64, NumberFormat
from convproof.core.lines import SIGMAS, Lines
from convproof.core.sentence import say
from convproof.core.shapes import Array

ID = "bn-var-cancellation"
TITLE = say("the variance is computed in one pass, as the mean of x^2 less the square of the mean, which cancels")


def limit(mean: Array, var: Array, n: int, arithmetic: NumberFormat) -> Array:
    """The largest dvar that is taken for rounding."""
    return np.asarray(SIGMAS * math.sqrt(n) * arithmetic.u * (var + mean**2))


def of_row(
    x: Array,
    axes: tuple[int, ...],
    affine: Affine,
    eps: float,
    incoming: Lines | None,
    arithmetic: NumberFormat,
    ends: tuple[Array, Array],
) -> Lines:
    """The lines of all cells with the variances that the claimed numbers, which lie between ``ends``, fit best."""
    if incoming is None and has_other_gammas(x, axes, affine, eps, arithmetic, ends):
        return bound.of_row(None, x, axes, affine, eps, None, arithmetic)
    rows = Rows.of(x.shape, axes)
    numbers, here = rows.cut(x).astype(np.float64), Cells.of(None, x, affine)
    with np.errstate(all="ignore"):
        mine, own = statistics(numbers, arithmetic, FLOAT64)
        var = mine.var + fitted(rows, numbers, affine, eps, mine, limit(mine.mean, mine.var, rows.n, arithmetic), ends)
        parts = [Statistics(s.mean, var, s.dmean, 0 * var, s.sigma_mean, 0 * var) for s in (mine, own)]
        local = lines_with(here, parts[0].at(rows.row), parts[1].at(rows.row), eps, arithmetic)
        return local if incoming is None else passed_on(local, here, rows, numbers, parts[0], eps, incoming)


def has_other_gammas(
    x: Array, axes: tuple[int, ...], affine: Affine, eps: float, arithmetic: NumberFormat, ends: tuple[Array, Array]
) -> bool:
    """Whether the claimed numbers are right in two passes with no gamma, or with the gammas of other rows."""
    low, high = ends
    rows, gammas = Rows.of(x.shape, axes), np.broadcast_to(affine.gamma, x.shape)
    own = rows.cut(gammas)
    if low.shape != x.shape or not np.array_equal(low, high) or (own != own[:, :1]).any():
        return False

    def fits(gamma: Array) -> bool:
        found = bound.of_row(None, x, axes, Affine(gamma, affine.beta), eps, None, arithmetic)
        with np.errstate(invalid="ignore"):
            return bool((abs(low - found.exact) <= found.usual).all())

    others = [np.ones_like(gammas), rows_moved(rows, own[:, 0], multiplied(rows, low, x, affine.beta, eps))]
    return any(other is not None and not np.array_equal(other, gammas) and fits(other) for other in others)


def multiplied(rows: Rows, y: Array, x: Array, beta: Array, eps: float) -> Array:
    """The gamma of every row (R,) by which its claimed numbers y were multiplied, by least squares."""
    numbers = rows.cut(x).astype(np.float64)
    d = numbers - numbers.mean(axis=1, keepdims=True)
    with np.errstate(all="ignore"):
        return np.asarray((d * (rows.cut(y) - rows.cut(beta))).sum(axis=1) / (d**2).sum(axis=1) * np.sqrt(numbers.var(axis=1) + eps))


def rows_moved(rows: Rows, own: Array, found: Array) -> Array | None:
    """The gammas ``own`` (R,), broadcast with the rows, in the order of those that were found; None where one is no number."""
    if not np.isfinite(found).all():
        return None
    order = np.empty(len(own), np.int64)
    order[np.argsort(found, kind="stable")] = np.argsort(own, kind="stable")
    return np.asarray(np.broadcast_to(own[order][rows.row], rows.shape))


def fitted(rows: Rows, x: Array, affine: Affine, eps: float, s: Statistics, most: Array, ends: tuple[Array, Array]) -> Array:
    """dvar of every row (R,), within ``most``; 0 for a row that says nothing of it, or holds a NaN."""
    low, high = (rows.cut(end) for end in ends)
    y = np.where(np.isinf(low), high, np.where(np.isinf(high), low, (low + high) / 2)) - rows.cut(affine.beta)
    g = rows.cut(affine.gamma) * (x - s.mean[:, None])
    squares = (g**2).sum(axis=1)
    r = (g * y).sum(axis=1) / squares
    found = np.where((squares > 0) & np.isfinite(r), 1 / r**2 - eps - s.var, 0.0)
    return np.asarray(np.clip(found, -most, most))


def of_variance(plain: Lines, x: Array, arithmetic: NumberFormat, weight: float = 1.0) -> Lines:
    """The lines of ``weight`` times the variance of the rows of x (R, n), where it is an output itself."""
    more = weight * limit(x.mean(axis=1), x.var(axis=1), x.shape[1], arithmetic).reshape(plain.exact.shape)
    return _with(plain, more)


def of_inverse_root(plain: Lines, x: Array, eps: float, arithmetic: NumberFormat) -> Lines:
    """The lines of 1 / sqrt(var + eps) of the rows of x (R, n), where it is an output itself."""
    var = x.var(axis=1)
    stretch = root_error(var, limit(x.mean(axis=1), var, x.shape[1], arithmetic), eps).reshape(plain.exact.shape)
    return _with(plain, plain.exact * stretch)


def _with(plain: Lines, more: Array) -> Lines:
    return Lines(plain.exact, np.asarray(plain.proof + more), np.hypot(plain.sigma, more / SIGMAS))
