"""How rounding enters a softmax of n numbers, and its logarithm.

    y_i = e_i / s        e_j = exp(x_j - m)        s = sum over j of e_j

Every step multiplies by a factor close to 1. With u the unit roundoff and a_j = m - x_j, how far x_j lies below the maximum m:

    the difference     is off by a factor 1 + u; exp turns that into a factor exp(u*a_j)
    the exponential    is off by 4u, which is 2 units in the last place (of every float32 between -104 and 0, NumPy's is within 3.57u,
                       PyTorch's within 1.07u); exp(0) is 1
    the sum            gathers what its terms bring, by their shares y_j: u*D + 4u with D = sum over j of y_j*a_j, which is at most ln n
                       (it is the entropy of y less ln s); and n - 1 additions of positive numbers in any order: (n - 1)*u
    the division       u; two roundings, 2u, for a multiplication by the reciprocal

Added up that is t = u*(a_i + D + n + 9); the products of these factors, one of them divided by, stay below exp(t + t^2) for t < 0.6:

    proof = y_i * (exp(t + t^2) - 1) + (2n + 1)*tiny

The last term is underflow: an exponential below the smallest normal number is right to 2*tiny, a quotient to half of tiny, and s >= 1.

Covered: the maximum subtracted first; sums in any order; division, or the reciprocal. Not covered: no maximum subtracted; powers of 2 and
exp of a log-softmax, whose rounding grows with abs(x) (see ``precisions``); sums that are rescaled when a new maximum turns up; tables,
and exponentials coarser than 4u.

The logarithm is y_i = (x_i - m) - log(s). The difference is off by u*a_i, the logarithm of the sum as core.arithmetic.log_sum tells. The
last subtraction rounds once:

    proof = E + u*(abs(y_i) + E)        E = u*a_i + (v + v^2)*(1 + 8u) + 8u*ln n,  v = u*(ln n + n + 3) + 2n*tiny

Covered: the maximum subtracted before the logarithm. Not covered: x_i - (m + log(s)), whose rounding grows with abs(m) (see
``precisions``); the logarithm of a softmax, which is infinite where that is 0.

The usual line takes every one of these errors as uniform within its size, the sum as a random walk, and both exponentials as off by u.

In a segment everything depends on one number: y_i is the logistic function of d = x_i - L_i, where L_i = log of the sum of exp(x_j) over
j other than i. Inputs that move by at most w_j move y_i to at most logistic(x_i + w_i - L_i(x - w)) and at least
logistic(x_i - w_i - L_i(x + w)): between 0 and 1, and nothing lies beyond, since y_i grows with x_i and falls with every other. There the
layer's own rounding is taken as large as it can be. The spread of d is s^2 = sigma_i^2 + sum of (p_j*sigma_j)^2, p_j the shares among
the others; it passes with the steepest slope of the logistic function within 8s of d, and is at most 1/2. The logarithm of a share is the
logarithm of the logistic function, which also rises with d; its slope is logistic(-d).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from convproof.core.arithmetic.log_sum import errors_of_log_sum
from convproof.core.formats import FLOAT64, NumberFormat
from convproof.core.lines import SIGMAS, Lines, carried, walk
from convproof.core.shapes import Array
from convproof.layers.softmax.formula import below_the_maximum, log_softmax, softmax

FAR = 745.0  # exp(-745) is below half of float64's smallest number


Own = Callable[[Array, Array, int, NumberFormat], Array]  # of shares y, how far their logits lie below the maximum, the axis, the format


@dataclass(frozen=True)
class Algorithm:
    """How far the layer's own rounding may move a share, or its logarithm: in the worst case, and usually."""

    proof: Own
    sigma: Own


def lines(
    x: Array, axis: int, incoming: Lines | None, arithmetic: NumberFormat, log: bool = False, algorithm: Algorithm | None = None
) -> Lines:
    """Both lines of all cells of x, which has at least one axis: of the shares, or of their logarithms. ``algorithm`` None: as above."""
    x = x.astype(np.float64)
    away = -below_the_maximum(x, axis)
    y = log_softmax(x, axis) if log else softmax(x, axis)
    by = algorithm or (Algorithm(log_proof, log_sigma) if log else Algorithm(proof, sigma))
    local = Lines(y, by.proof(y, away, axis, arithmetic), by.sigma(y, away, axis, arithmetic))
    if incoming is None or x.size == 0:
        return local
    w = incoming.proof
    worst = farthest(x, w, axis, log_logistic if log else logistic)
    moved = away + w + w.max(axis=axis, keepdims=True)
    at_worst = Lines(y, by.proof(y - worst if log else np.minimum(y + worst, 1), moved, axis, arithmetic), local.sigma)
    return carried(at_worst, worst, spread(x, incoming.sigma, axis, log))


def size_of_maximum(x: Array, axis: int, incoming: Lines | None) -> Array:
    """How large abs(m) may be, in the shape of x with ``axis`` at length 1."""
    size = abs(x.max(axis=axis, keepdims=True, initial=-np.inf))
    return np.asarray(size if incoming is None else size + incoming.proof.max(axis=axis, keepdims=True, initial=0.0))


def proof(y: Array, away: Array, axis: int, arithmetic: NumberFormat) -> Array:
    """The proof line of shares y whose logits lie ``away`` below the maximum; the float64 evaluation has one of its own."""
    n, units = y.shape[axis], units_of(y, away, axis)
    return np.asarray(sum(y * np.expm1(f.u * units * (1 + f.u * units)) + (2 * n + 1) * f.tiny for f in (arithmetic, FLOAT64)))


def units_of(y: Array, away: Array, axis: int) -> Array:
    """t in units of u: a_i + D + n + 9."""
    n, away = y.shape[axis], np.minimum(away, FAR)
    D = np.minimum((y * away).sum(axis=axis, keepdims=True), np.log(max(n, 1)))
    return np.asarray(away + D + n + 9)


def log_proof(y: Array, away: Array, axis: int, arithmetic: NumberFormat) -> Array:
    """The same of the logarithms y of shares."""
    n, found = y.shape[axis], np.zeros_like(y)
    for f in (arithmetic, FLOAT64):
        of_sum, of_log = errors_of_log_sum(n, f)
        E = f.u * away + of_sum + of_log
        found = found + E + f.u * (abs(y) + E)
    return np.asarray(found)


def log_sigma(y: Array, away: Array, axis: int, arithmetic: NumberFormat) -> Array:
    """The standard deviation of the rounding errors of the logarithms."""
    with np.errstate(under="ignore"):
        shares = np.exp(y)
    q = (shares**2).sum(axis=axis, keepdims=True)
    walked = walk(np.ones_like(q), q, y.shape[axis], arithmetic)
    sums = q + ((shares * np.minimum(away, FAR)) ** 2).sum(axis=axis, keepdims=True) / 3
    return np.asarray(np.sqrt(arithmetic.u**2 * ((away**2 + y**2) / 3 + sums + np.log(max(y.shape[axis], 1)) ** 2) + walked**2))


def sigma(y: Array, away: Array, axis: int, arithmetic: NumberFormat) -> Array:
    """The standard deviation of the rounding errors."""
    away = np.minimum(away, FAR)
    q = (y**2).sum(axis=axis, keepdims=True)
    walked = walk(np.ones_like(q), q, y.shape[axis], arithmetic)
    differences = (away**2 + ((y * away) ** 2).sum(axis=axis, keepdims=True)) / 3
    return np.asarray(y * np.sqrt(arithmetic.u**2 * (differences + 1 + q + 1 / 3) + walked**2) + arithmetic.tiny)


def farthest(x: Array, w: Array, axis: int, function: Callable[[Array], Array]) -> Array:
    """How far y can move when every x_j moves by at most w_j."""
    y = function(x - others(x, axis))
    up = function(x + w - others(x - w, axis))
    down = function(x - w - others(x + w, axis))
    return np.asarray(np.maximum(up - y, y - down))


def spread(x: Array, sigma: Array, axis: int, log: bool) -> Array:
    """The variance of y when every x_j has a standard deviation of its own; that of a share is at most 1/4."""
    L = others(x, axis)
    with np.errstate(divide="ignore", invalid="ignore"):  # the logarithm of 0; nobody else with n = 1
        shared = np.exp(others(2 * (x + np.log(sigma)), axis) - 2 * L)
    s = np.sqrt(sigma**2 + np.where(np.isneginf(L), 0.0, shared))
    d = x - L
    if log:
        return np.asarray((logistic(SIGMAS * s - d) * s) ** 2)
    steepest = np.sign(d) * np.maximum(abs(d) - SIGMAS * s, 0)
    slope = logistic(steepest) * logistic(-steepest)
    return np.asarray(np.minimum(slope * s, 0.5) ** 2)


def logistic(d: Array) -> Array:
    """1 / (1 + exp(-d)), without overflow."""
    return np.asarray(np.exp(log_logistic(d)))


def log_logistic(d: Array) -> Array:
    """Its logarithm."""
    return np.asarray(-np.logaddexp(0.0, -d))


def others(x: Array, axis: int) -> Array:
    """L_i for every i: the log-sum-exp of all numbers along the axis but one; -inf if there is no other."""
    x = np.moveaxis(x, axis, -1)
    nobody = np.full((*x.shape[:-1], 1), -np.inf)
    before = np.concatenate([nobody, np.logaddexp.accumulate(x[..., :-1], axis=-1)], axis=-1)
    after = np.concatenate([np.logaddexp.accumulate(x[..., :0:-1], axis=-1)[..., ::-1], nobody], axis=-1)
    return np.asarray(np.moveaxis(np.logaddexp(before, after), -1, axis))
