"""How far a correct computation may stray from the exact value, cell by cell.

The *proof line* cannot be exceeded by any algorithm that a room lists. The *usual line* is 8 standard deviations of a random walk of
rounding errors: evidence, not proof. Both are absolute distances in float64.

For a sum of n terms (of products, or of plain numbers) in any order, with or without fused multiply-add:

    proof  = n*u*S + n*tiny             S = sum of absolute values; every product may lose up to ``tiny`` to underflow
    sigma^2 = u^2 * (n*(y^2/9 + Q/18) + (y^2 + Q)/3)        Q = sum of squared terms

The constant n without a factor 1/(1 - n*u) is due to Jeannerod and Rump, "Improved error bounds for inner products in floating-point
arithmetic", SIAM J. Matrix Anal. Appl. 34 (2013). The walk: every partial sum, growing linearly to y with a spread of sqrt(Q), is
rounded by an error that is uniform within u of its size.
"""

from collections.abc import Callable
from dataclasses import dataclass
from operator import itemgetter

import numpy as np

from convproof.core.formats import FLOAT64, NumberFormat
from convproof.core.shapes import Array

SIGMAS = 8.0
BLOCK = 2**16


@dataclass(frozen=True)
class Lines:
    """Exact value, proof line and sigma of some cells (float64, one entry a cell, or in the output's shape for all cells).

    ``exact`` is the formula in float64; its own rounding is part of the proof line.
    Handed to the next layer as ``incoming`` they describe its input, and what comes out describes a segment: ``proof`` is then the
    worst case carried by absolute weights, and ``sigma`` the spread carried by squared weights.
    """

    exact: Array
    proof: Array
    sigma: Array

    @property
    def usual(self) -> Array:
        """8 sigma, and never above the proof line."""
        return np.asarray(np.minimum(SIGMAS * self.sigma, self.proof))

    def stored(self, storage: NumberFormat) -> "Lines":
        """The same cells rounded once more, to the format that they are stored in."""
        proof = self.proof + storage.u * (abs(self.exact) + self.proof) + storage.tiny
        usual = storage.u * (abs(self.exact) + self.sigma) + storage.tiny
        return Lines(self.exact, np.asarray(proof), np.asarray(np.hypot(self.sigma, usual / np.sqrt(3))))

    def map(self, change: Callable[[Array], Array]) -> "Lines":
        """The same lines with every array reshaped or cut by ``change``."""
        return Lines(change(self.exact), change(self.proof), change(self.sigma))


def walk(y: Array, Q: Array, n: int, arithmetic: NumberFormat) -> Array:
    """Sigma of the rounding errors of a sum of ``n`` terms with sum ``y`` and sum of squares ``Q``."""
    return np.asarray(arithmetic.u * np.sqrt(n * (y**2 / 9 + Q / 18) + (y**2 + Q) / 3))


def lines_of_sum(y: Array, S: Array, Q: Array, n: int, arithmetic: NumberFormat) -> Lines:
    """Both lines of a sum of ``n`` terms with sum ``y``, absolute sum ``S`` and sum of squares ``Q``."""
    u, tiny = arithmetic.u, arithmetic.tiny
    return Lines(y, np.asarray(n * (u + FLOAT64.u) * S + n * tiny), walk(y, Q, n, arithmetic))


def no_error(y: Array) -> Lines:
    """The lines of cells that are only moved or chosen, never rounded."""
    return Lines(y, np.zeros_like(y), np.zeros_like(y))


def carried(local: Lines, proof: Array, variance: Array) -> Lines:
    """Local lines plus what came in: a worst case ``proof`` and a ``variance``, both as they arrive in these cells."""
    return Lines(local.exact, np.asarray(local.proof + proof), np.asarray(np.sqrt(local.sigma**2 + variance)))


def carried_within(local: Lines, worst: Array, variance: Array) -> Lines:
    """The same where nothing moves farther than ``worst``: the spread of what came in is not above it either."""
    return carried(local, worst, np.asarray(np.minimum(variance, worst**2)))


def in_blocks(evaluate: Callable[[Array, Lines | None], Lines], x: Array, incoming: Lines | None) -> Lines:
    """The lines of a layer that treats every number for itself, one block of numbers after another: what is needed on the way takes the
    memory of a block.
    """
    if x.size <= BLOCK:
        return evaluate(x, incoming)
    flat, came = x.reshape(-1), None if incoming is None else incoming.map(np.ravel)
    whole = Lines(np.empty(x.shape), np.empty(x.shape), np.empty(x.shape))
    filled = whole.map(np.ravel)
    for first in range(0, x.size, BLOCK):
        block = slice(first, first + BLOCK)
        found = evaluate(flat[block], None if came is None else came.map(itemgetter(block)))
        filled.exact[block], filled.proof[block], filled.sigma[block] = found.exact, found.proof, found.sigma
    return whole
