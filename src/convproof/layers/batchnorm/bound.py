"""How rounding enters a batch normalisation.

With a = gamma / sqrt(var + eps), u the unit roundoff, n the numbers of a channel, A = mean of abs(x), std = sqrt(var):

eval        8u * (abs(a*x) + abs(a*mean) + abs(beta))
            Covers the formula as written and the folded x*scale + shift: scale collects 3.5u, each product one more, shift 1 + 1.
training    the same for rounding after the statistics, and their own errors passed on, with absolute scales:
    dmean = n*u*A + 3u*std                                    any order of the sum; the running mean of Welford's update
    dvar  = 2.5*std*dmean + dmean^2 + (n + 4)*u*(the sum)      two passes need only dmean^2 of the first two terms; Welford's update
            multiplies two deviations from running means that are each off by dmean, whose sums over the batch are within
            sqrt(2)*n*std and n*std
    1/sqrt(var + eps) is evaluated at both ends of var +- dvar, since first order is not enough near variance 0.

Covered: two passes with sums in any order, sequential Welford, wider accumulators, folded or not. Not covered: one-pass
E[x^2] - mean^2, statistics rounded to a shorter format.

The usual line takes for dmean and dvar the random walk of their sums (``core.lines``) instead of the worst case.
"""

from dataclasses import dataclass

import numpy as np

from convproof.core.axes import at_cells
from convproof.core.formats import FLOAT64, NumberFormat
from convproof.core.lines import Lines, carried, no_error, walk
from convproof.core.shapes import Array, Float
from convproof.layers.batchnorm.formula import batch_axes, batch_count


@dataclass(frozen=True)
class Affine:
    """gamma and beta in float64; 1 and 0 where the layer has none."""

    gamma: Array
    beta: Array

    @classmethod
    def of(cls, gamma: Array | None, beta: Array | None, channels: int) -> "Affine":
        """From a layer's weight and bias, which may be None."""
        return cls(
            np.ones(channels) if gamma is None else gamma.astype(np.float64),
            np.zeros(channels) if beta is None else beta.astype(np.float64),
        )


@dataclass(frozen=True)
class Statistics:
    """mean and var of every channel, how far each may be off in the worst case, and the sigma of each."""

    mean: Array
    var: Array
    dmean: Array
    dvar: Array
    sigma_mean: Array
    sigma_var: Array


def of_running(
    cells: Array | None,
    x: Float[Array, "N C *sizes"],
    mean: Float[Array, "C"],
    var: Float[Array, "C"],
    affine: Affine,
    eps: float,
    incoming: Lines | None,
    arithmetic: NumberFormat,
) -> Lines:
    """Both lines in eval, where the statistics are given numbers."""
    zero = np.zeros(len(mean))
    given = Statistics(mean.astype(np.float64), var.astype(np.float64), zero, zero, zero, zero)
    channel = _channels(cells, x)
    local = _lines(at_cells(x, cells).astype(np.float64), channel, given, given, affine, eps, arithmetic)
    if incoming is None:
        return local
    a = (affine.gamma / np.sqrt(given.var + eps))[channel]
    return carried(local, abs(a) * at_cells(incoming.proof, cells), (a * at_cells(incoming.sigma, cells)) ** 2)


def of_batch(
    cells: Array | None,
    x: Float[Array, "N C *sizes"],
    affine: Affine,
    eps: float,
    incoming: Lines | None,
    arithmetic: NumberFormat,
) -> Lines:
    """Both lines in training, where the statistics are computed from x too. Only the channels of the cells are looked at."""
    if x.size == 0:
        return no_error(x.astype(np.float64))
    if cells is not None:
        wanted = np.unique(cells[:, 1])
        cells = np.concatenate([cells[:, :1], np.searchsorted(wanted, cells[:, 1:2]), cells[:, 2:]], axis=1)
        x, affine = x[:, wanted], Affine(affine.gamma[wanted], affine.beta[wanted])
        incoming = None if incoming is None else incoming.map(lambda a: a[:, wanted])
    x = x.astype(np.float64)
    mine, own = _statistics(x, arithmetic), _statistics(x, FLOAT64)
    channel = _channels(cells, x)
    local = _lines(at_cells(x, cells), channel, mine, own, affine, eps, arithmetic)
    return local if incoming is None else _passed_on(local, channel, cells, x, mine, affine, eps, incoming)


def _channels(cells: Array | None, x: Float[Array, "N C *sizes"]) -> Array:
    """The channel of every cell."""
    if cells is not None:
        return cells[:, 1]
    return np.broadcast_to(np.arange(x.shape[1]).reshape(1, -1, *(1,) * (x.ndim - 2)), x.shape)


def _statistics(x: Float[Array, "N C *sizes"], arithmetic: NumberFormat) -> Statistics:
    n, u, axes = batch_count(x), arithmetic.u, batch_axes(x)
    mean = x.mean(axes, keepdims=True)
    squares = np.square(x - mean)
    var = squares.mean(axes)
    std = np.sqrt(var)
    dmean = (1 + n * u) * n * u * abs(x).mean(axes) + 3 * u * std + arithmetic.tiny
    passed = 2.5 * std * dmean + dmean**2
    dvar = passed + (1 + n * u) * (n + 4) * u * (var + passed) + 2 * arithmetic.tiny
    sigma_mean = walk(x.sum(axes), np.square(x).sum(axes), n, arithmetic) / n
    sigma_var = walk(n * var, np.square(squares).sum(axes), n, arithmetic) / n
    return Statistics(mean.reshape(-1), var, dmean, dvar, sigma_mean, sigma_var)


def _lines(x: Array, c: Array, mine: Statistics, own: Statistics, affine: Affine, eps: float, arithmetic: NumberFormat) -> Lines:
    """Lines of cells with values x in channels c; ``own`` are the statistics in float64, whose evaluation stands for the exact value."""
    gamma, beta = affine.gamma[c], affine.beta[c]
    mean, std2 = mine.mean[c], mine.var[c] + eps
    a = gamma / np.sqrt(std2)
    d = x - mean
    y = a * d + beta
    proof = sum(_worst(x, d, a, gamma, beta, s, c, eps, f) for s, f in ((mine, arithmetic), (own, FLOAT64)))
    after = (5 * (a * x) ** 2 + 5 * (a * mean) ** 2 + 2 * beta**2 + y**2) * arithmetic.u**2 / 3
    before = a**2 * (mine.sigma_mean[c] ** 2 + (d * mine.sigma_var[c] / (2 * std2)) ** 2)
    return Lines(y, np.asarray(proof), np.sqrt(after + before))


def _worst(x: Array, d: Array, a: Array, gamma: Array, beta: Array, s: Statistics, c: Array, eps: float, arithmetic: NumberFormat) -> Array:
    u, dmean = arithmetic.u, s.dmean[c]
    stretch = _root_error(s.var[c], s.dvar[c], eps)
    passed_on = abs(a) * (dmean * (1 + stretch) + abs(d) * stretch)
    rounded = 8 * u * (1 + stretch) * (abs(a) * (abs(x) + abs(s.mean[c]) + dmean) + abs(beta))
    underflow = arithmetic.tiny * (4 + abs(gamma) + abs(a) + abs(x) + abs(s.mean[c]))
    return np.asarray(passed_on + rounded + underflow)


def _root_error(var: Array, dvar: Array, eps: float) -> Array:
    """The largest relative change of 1/sqrt(var + eps) while var moves by at most dvar and stays at least 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        smaller = np.sqrt((var + eps) / (np.maximum(var - dvar, 0) + eps)) - 1
        larger = 1 - np.sqrt((var + eps) / (var + dvar + eps))
    return np.asarray(np.maximum(smaller, larger))


def _passed_on(
    local: Lines,
    c: Array,
    cells: Array | None,
    x: Float[Array, "N C *sizes"],
    s: Statistics,
    affine: Affine,
    eps: float,
    incoming: Lines,
) -> Lines:
    """Errors of the input: through x itself, through the mean, and through the variance."""
    n, axes = batch_count(x), batch_axes(x)
    wide = (1, -1, *(1,) * (x.ndim - 2))
    std2 = s.var + eps
    d, a = x - s.mean.reshape(wide), affine.gamma / np.sqrt(std2)
    moved = incoming.proof.mean(axes)
    each = incoming.proof + moved.reshape(wide)
    stretch = _root_error(s.var, (2 * abs(d) * each + each**2).mean(axes), eps)
    reach = at_cells(each, cells)
    proof = abs(a)[c] * (reach * (1 + stretch[c]) + abs(at_cells(d, cells)) * stretch[c])

    x_hat, E2 = d / np.sqrt(std2).reshape(wide), incoming.sigma**2
    sums = [(E2 * x_hat**k).sum(axes)[c] / n**2 for k in range(3)]
    at = at_cells(x_hat, cells)
    return carried(local, proof, a[c] ** 2 * (at_cells(E2, cells) + sums[0] + 2 * at * sums[1] + at**2 * sums[2]))
