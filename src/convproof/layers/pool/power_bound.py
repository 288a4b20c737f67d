"""How rounding enters a power pooling: powers, their sum, and its root.

    term     x^P costs max(8, abs(P)) units (a library's power within 4 ULP, or abs(P) - 1 products), and abs(P*log(x)) more if P itself is
             rounded to the format
    sum      n + 3 units of S, the sum of absolute powers: additions, a division, a multiplication by K/D; and 2*n*tiny for underflow
    root     8 units of the result, and abs(log(y)) more, since 1/P is rounded

A root has no slope at 0, so nothing is linear here: the sum moves from its lowest to its highest value, and the proof line is the wider
distance between the root at either end and y. What comes in moves every power from its lowest to its highest value in the same way.

The usual line passes errors on with the slope y/(P*s), and never above the proof line. Covered: powers and roots by a library or by
products, sums in any order, an average times the window's size. Not covered: exp(P*log(x)) in the format itself; powers beyond its range.
"""

import math
from collections.abc import Sequence

import numpy as np

from convproof.core.formats import FLOAT32, FLOAT64, NumberFormat
from convproof.core.lines import Lines, carried, no_error, walk
from convproof.core.shapes import Array, Float
from convproof.layers.pool.bound import Look
from convproof.layers.pool.geometry import Side
from convproof.layers.pool.power import Norm, scales

LIBRARY = 8.0


def lines_power(
    cells: Array | None,
    x: Float[Array, "N C *sizes"],
    sides: Sequence[Side],
    norm: Norm,
    scale_clipped: bool,
    incoming: Lines | None,
    arithmetic: NumberFormat,
) -> Lines:
    """Both lines of some cells (n, c, *spot), or of all for None."""
    look = Look(cells, sides)
    if math.isinf(norm.P):
        return _lines_of_extreme(look, x, norm, incoming)
    scale = scales(x.shape[2:], sides, scale_clipped)
    K = 1.0 if scale is None else scale if cells is None else scale[tuple(cells[:, 2:].T)]
    with np.errstate(all="ignore"):
        s = look.sums(norm.powers, x) * K
        y = norm.roots(s)
        proof = _worst(look, x, np.zeros(x.shape), norm, K, y, arithmetic)
        Q = look.sums(lambda a: norm.powers(a) ** 2, x) * K**2
        n = math.prod(side.kernel for side in sides)
        spread = np.hypot(walk(s, Q, n + 3, arithmetic), arithmetic.u * max(LIBRARY, abs(norm.P)) * np.sqrt(Q / 3))
        slope = abs(y / (norm.P * s))
        root = arithmetic.u * (LIBRARY + abs(np.log(abs(y)))) * abs(y) / np.sqrt(3)
        local = Lines(y, proof, _within(np.hypot(slope * spread, root), proof))
        if incoming is None:
            return local
        worst = np.maximum(_worst(look, x, incoming.proof, norm, K, y, arithmetic) - proof, 0)
        passed = look.sums(lambda a, e: (norm.P * abs(norm.powers(a) / a) * e) ** 2, x, incoming.sigma)
        return carried(local, worst, _within(slope * K * np.sqrt(passed), worst) ** 2)


def _within(sigma: Array, proof: Array) -> Array:
    """A spread that no slope may carry above the worst case."""
    return np.asarray(np.fmin(sigma, proof))


def _worst(look: Look, x: Array, e: Array, norm: Norm, K: Array | float, y: Array, arithmetic: NumberFormat) -> Array:
    """How far the root can lie from y when inputs move by at most e and everything is rounded."""
    u, tiny = arithmetic.u + FLOAT64.u, arithmetic.tiny + FLOAT64.tiny
    rounded = arithmetic.bits <= FLOAT32.bits and float(np.float32(norm.P)) != norm.P
    n = math.prod(side.kernel for side in look.sides)

    def error(a: Array, e: Array) -> Array:
        low, high = ends(a, e, norm)
        size = np.maximum(abs(low), abs(high))
        units = max(LIBRARY, abs(norm.P)) + n + 3 + (abs(np.log(size)) if rounded else 0)
        return np.asarray(np.where(size == 0, 0, size * units * u) + 2 * tiny)

    low, high = look.sums(lambda a, e: ends(a, e, norm)[0], x, e) * K, look.sums(lambda a, e: ends(a, e, norm)[1], x, e) * K
    wide = look.sums(error, x, e) * K
    wide = np.where(np.isinf(low) & np.isinf(high), 0, wide)  # abs(0)^P for a negative P: infinite, and rightly so
    edges = [norm.roots(edge if norm.P == 1 else np.maximum(edge, 0)) for edge in (low - wide, high + wide)]
    off = np.maximum(*(abs(edge - y) for edge in edges))
    top = np.maximum(abs(y), np.maximum(*map(abs, edges)))
    units = LIBRARY + (0 if norm.P in (1, 2) else abs(np.log(top)))
    found = off + np.where(top == 0, 0, units * u * top)
    return np.asarray(np.where(np.isnan(y), y, np.where(np.isnan(found), np.inf, found)))


def ends(x: Array, e: Array, norm: Norm) -> tuple[Array, Array]:
    """The lowest and the highest power of a number that lies within e of x."""
    if norm.signed:
        a, b = norm.powers(x - e), norm.powers(x + e)
    else:
        a, b = norm.powers(np.maximum(abs(x) - e, 0)), norm.powers(abs(x) + e)
    return np.minimum(a, b), np.maximum(a, b)


def _lines_of_extreme(look: Look, x: Array, norm: Norm, incoming: Lines | None) -> Lines:
    sign = math.copysign(1, norm.P)
    local = no_error(sign * look.largest(lambda a: sign * abs(a), x))
    if incoming is None:
        return local
    return Lines(local.exact, look.largest(np.asarray, incoming.proof), look.largest(np.asarray, incoming.sigma))
