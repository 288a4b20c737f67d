"""A variance of one pass, E[x^2] - mean^2: two numbers near mean^2 are subtracted, and what is left of their rounding errors is dvar.

    y = gamma * (x - mean) / sqrt(var + dvar + eps) + beta            one dvar for a row, however many cells the row has

dvar depends on the order of the sums, so it is fitted to the claimed numbers, by least squares of what gamma * (x - mean) is multiplied by:

    r = sum of g*(y - beta) / sum of g^2,   g = gamma * (x - mean);      dvar = 1/r^2 - eps - var

It is accepted within 8*sqrt(n)*u*(var + mean^2), 8 standard deviations of a sequential sum of squares; then every cell must lie within the
lines of a normalisation with the variance var + dvar given. A variance below -eps has no root: NaN is no
rounding.
"""

import math

import numpy as np

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
    rows = Rows.of(x.shape, axes)
    numbers, here = rows.cut(x).astype(np.float64), Cells.of(None, x, affine)
    with np.errstate(all="ignore"):
        mine, own = statistics(numbers, arithmetic, FLOAT64)
        var = mine.var + fitted(rows, numbers, affine, eps, mine, limit(mine.mean, mine.var, rows.n, arithmetic), ends)
        parts = [Statistics(s.mean, var, s.dmean, 0 * var, s.sigma_mean, 0 * var) for s in (mine, own)]
        local = lines_with(here, parts[0].at(rows.row), parts[1].at(rows.row), eps, arithmetic)
        return local if incoming is None else passed_on(local, here, rows, numbers, parts[0], eps, incoming)


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
