"""How rounding enters a normalisation.

With a = gamma / sqrt(var + eps), u the unit roundoff, n the numbers of a row, A = mean of abs(x) over the row, std = sqrt(var):

statistics given    8u * (abs(a*x) + abs(a*mean) + abs(beta))
            Covers the formula as written and the folded x*scale + shift: scale collects 3.5u, each product one more, shift 1 + 1.
statistics of x     the same for rounding after the statistics, and their own errors passed on, with absolute scales:
    dmean = n*u*A + 3u*std                                    any order of the sum; the running mean of Welford's update
    dvar  = 2.5*std*dmean + dmean^2 + (n + 4)*u*(the sum)      two passes need only dmean^2 of the first two terms; Welford's update
            multiplies two deviations from running means that are each off by dmean, whose sums over the row are within
            sqrt(2)*n*std and n*std
    1/sqrt(var + eps) is evaluated at both ends of var +- dvar, since first order is not enough near variance 0.

Covered: two passes with sums in any order, sequential Welford, wider accumulators, folded or not. Not covered: one-pass
E[x^2] - mean^2, statistics rounded to a shorter format, squares above the largest float.

The usual line takes for dmean and dvar the random walk of their sums (``core.lines``) instead of the worst case.

What comes in moves a cell through x itself, through the mean, and through the variance.
"""

from dataclasses import dataclass
from functools import partial

import numpy as np

from convproof.core.arithmetic.normalising.rows import Rows, at_cells_of
from convproof.core.arithmetic.normalising.statistics import Statistics, root_error, statistics
from convproof.core.formats import FLOAT64, NumberFormat
from convproof.core.lines import BLOCK, Lines, carried, no_error
from convproof.core.shapes import Array, Shape


@dataclass(frozen=True)
class Affine:
    """gamma and beta in float64, broadcast with x; 1 and 0 where the layer has none."""

    gamma: Array
    beta: Array

    @classmethod
    def of(cls, gamma: Array | None, beta: Array | None) -> "Affine":
        """From arrays that may be None."""
        return cls(
            np.ones(()) if gamma is None else gamma.astype(np.float64),
            np.zeros(()) if beta is None else beta.astype(np.float64),
        )


@dataclass(frozen=True)
class Cells:
    """x, gamma and beta of the cells in question, arrays that broadcast with each other."""

    x: Array
    gamma: Array
    beta: Array

    @classmethod
    def of(cls, cells: Array | None, x: Array, affine: Affine) -> "Cells":
        """Those of some cells, (k, ndim) integers, or of all for None."""
        at = at_cells_of(x.shape, cells)
        return cls(at(x).astype(np.float64), at(affine.gamma), at(affine.beta))


def of_given(
    cells: Array | None, x: Array, mean: Array, var: Array, affine: Affine, eps: float, incoming: Lines | None, arithmetic: NumberFormat
) -> Lines:
    """Both lines where mean and var are given numbers; everything broadcasts with x, along the channels (axis 1) alone.

    All cells are taken some channels at a time, for the memory of these.
    """
    if cells is not None or x.size <= BLOCK or x.ndim < 2 or x.shape[1] == 1:
        return of_given_at_once(cells, x, mean, var, affine, eps, incoming, arithmetic)
    whole, most = Lines(np.empty(x.shape), np.empty(x.shape), np.empty(x.shape)), max(1, BLOCK * x.shape[1] // x.size)
    for first in range(0, x.shape[1], most):
        cut = partial(some_channels, slice(first, first + most), x.shape)
        came = None if incoming is None else incoming.map(cut)
        found = of_given_at_once(None, cut(x), cut(mean), cut(var), Affine(cut(affine.gamma), cut(affine.beta)), eps, came, arithmetic)
        here = whole.map(cut)
        here.exact[...], here.proof[...], here.sigma[...] = found.exact, found.proof, found.sigma
    return whole


def some_channels(which: slice, shape: Shape, array: Array) -> Array:
    """Some channels of an array that broadcasts with ``shape``: a view."""
    array = array.reshape((1,) * (len(shape) - array.ndim) + array.shape)
    return array[:, which] if array.shape[1] == shape[1] else array


def of_given_at_once(
    cells: Array | None, x: Array, mean: Array, var: Array, affine: Affine, eps: float, incoming: Lines | None, arithmetic: NumberFormat
) -> Lines:
    """The same, all of it at once."""
    at, here = at_cells_of(x.shape, cells), Cells.of(cells, x, affine)
    given = Statistics.exactly(at(mean).astype(np.float64), at(var).astype(np.float64))
    with np.errstate(all="ignore"):
        local = lines_with(here, given, given, eps, arithmetic)
        if incoming is None:
            return local
        a = here.gamma / np.sqrt(given.var + eps)
        return carried(local, abs(a) * at(incoming.proof), (a * at(incoming.sigma)) ** 2)


def of_row(
    cells: Array | None, x: Array, axes: tuple[int, ...], affine: Affine, eps: float, incoming: Lines | None, arithmetic: NumberFormat
) -> Lines:
    """Both lines where mean and var are those of the row, which runs over ``axes``. Only the rows of the cells are looked at."""
    if x.size == 0:
        return no_error(x.astype(np.float64))
    rows = Rows.of(x.shape, axes, cells)
    numbers = rows.cut(x).astype(np.float64)
    here = Cells.of(cells, x, affine)
    with np.errstate(all="ignore"):
        mine, own = statistics(numbers, arithmetic, FLOAT64)
        local = lines_with(here, mine.at(rows.row), own.at(rows.row), eps, arithmetic)
        return local if incoming is None else passed_on(local, here, rows, numbers, mine, eps, incoming)


def lines_with(here: Cells, mine: Statistics, own: Statistics, eps: float, arithmetic: NumberFormat) -> Lines:
    """Lines of some cells; ``own`` are the statistics in float64, whose evaluation stands for the exact value.

    The worst case is linear in abs(x) and abs(x - mean), with factors that are the same for a whole row.
    """
    std2, u2 = mine.var + eps, arithmetic.u**2 / 3
    a = here.gamma / np.sqrt(std2)
    d = here.x - mine.mean
    y = np.asarray(a * d + here.beta)
    of_x, of_d, rest = (
        sum(both) for both in zip(*(_worst(here, a, s, eps, f) for s, f in ((mine, arithmetic), (own, FLOAT64))), strict=True)
    )
    proof = np.asarray(abs(here.x) * of_x + abs(d) * of_d + rest)
    variance = here.x**2 * (5 * u2 * a**2) + y**2 * u2 + d**2 * (a * mine.sigma_var / (2 * std2)) ** 2
    variance = variance + (u2 * (5 * (a * mine.mean) ** 2 + 2 * here.beta**2) + (a * mine.sigma_mean) ** 2)
    return Lines(y, np.where(np.isnan(proof) & ~np.isnan(y), np.inf, proof), np.asarray(np.sqrt(variance)))


def _worst(here: Cells, a: Array, s: Statistics, eps: float, arithmetic: NumberFormat) -> tuple[Array, Array, Array]:
    """By what the worst case grows with abs(x), by what with abs(x - mean), and what is the same everywhere."""
    mean, stretch = abs(s.mean), root_error(s.var, s.dvar, eps)
    rounded = 8 * arithmetic.u * (1 + stretch)
    moved = abs(a) * s.dmean * (1 + stretch) + rounded * (abs(a) * (mean + s.dmean) + abs(here.beta))
    underflow = arithmetic.tiny * (4 + abs(here.gamma) + abs(a) + mean)
    return np.asarray(rounded * abs(a) + arithmetic.tiny), np.asarray(abs(a) * stretch), np.asarray(moved + underflow)


def passed_on(local: Lines, here: Cells, rows: Rows, x: Array, s: Statistics, eps: float, incoming: Lines) -> Lines:
    """Errors of the input: through x itself, through the mean, and through the variance."""
    c, n = rows.row, rows.n
    worst, E2 = rows.cut(incoming.proof), rows.cut(incoming.sigma) ** 2
    moved = worst.mean(axis=1)
    reached = worst + moved[:, None]
    std2 = s.var + eps
    d = x - s.mean[:, None]
    stretch = root_error(s.var, (2 * abs(d) * reached + reached**2).mean(axis=1), eps)[c]
    a = here.gamma / np.sqrt(std2)[c]
    away = here.x - s.mean[c]
    proof = abs(a) * ((rows.at(incoming.proof) + moved[c]) * (1 + stretch) + abs(away) * stretch)

    x_hat = d / np.sqrt(std2)[:, None]
    sums = [(E2 * x_hat**k).sum(axis=1)[c] / n**2 for k in range(3)]
    at = away / np.sqrt(std2)[c]
    return carried(local, proof, a**2 * (rows.at(incoming.sigma) ** 2 + sums[0] + 2 * at * sums[1] + at**2 * sums[2]))
