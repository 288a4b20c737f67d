"""How rounding enters a pooling.

max        Nothing is rounded: an input is chosen (for its place see ``place_bound``). In a segment, moving every input by at most w
           moves the maximum by at most the largest w of the window. For the spread the largest sigma of the window stands in, since any
           of its cells may win; where several are nearly equal, the largest error tends to win, and the spread is a little wider (1.6
           sigma for nine equal cells), for which 8 sigma have room.
average    For a window of n taps and S, the sum of its absolute values: n - 1 additions and one division, or one multiplication by the
           rounded reciprocal, which is two roundings, or one division for every axis of two: (n + 1)*u*S/D. Errors of the inputs arrive
           divided by D, variances by D^2.

The n - 1 additions cost (n - 1)*u*S without higher terms (see ``core.lines``), but (1 + (n - 1)*u)*(1 + u)^2 has some: they are below
2*u of the whole. A product may also lose ``tiny`` to underflow, once for every tap if each number is divided before it is added.

Covered: sums in any order, running sums over one window, a division at the end, a multiplication by 1/D at the end or of every number
(an average pooling written as a convolution), float32 and float64, rounding to nearest. Not covered: sums that slide from window to
window, reciprocals of a shorter format. Powers and roots: see ``power_bound``.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from convproof.core.arithmetic.extremes import lowest
from convproof.core.formats import NumberFormat
from convproof.core.lines import Lines, carried, lines_of_sum, no_error
from convproof.core.shapes import Array, Float, Shaped
from convproof.layers.pool.formula import divisor_at, divisors, max_pool, window_sums
from convproof.layers.pool.geometry import Side, patch_of


@dataclass(frozen=True)
class Look:
    """The windows of some cells (n, c, *spot), looked at one by one in the memory of one window; all windows at once for None."""

    cells: Array | None
    sides: Sequence[Side]

    def sums(self, f: Callable[..., Array], *arrays: Array) -> Array:
        """The sums of f of some arrays of one shape over the windows, in float64; padding adds nothing."""
        if self.cells is None:
            return window_sums(f(*(a.astype(np.float64) for a in arrays)), self.sides)
        return self.each(lambda *numbers: float(f(*(a.astype(np.float64) for a in numbers)).sum()), arrays)

    def largest(self, f: Callable[..., Array], *arrays: Array) -> Array:
        """The largest f over the windows."""
        if self.cells is None:
            return max_pool(f(*arrays), self.sides).astype(np.float64)
        return self.each(lambda *numbers: _largest(f(*numbers)), arrays)

    def each(self, f: Callable[..., float], arrays: Sequence[Array]) -> Array:
        """f of what some arrays (N, C, *sizes) have under the window of each of some cells, in float64; padding is left out."""

        def at(n: int, c: int, *spot: int) -> float:
            patch = patch_of(spot, self.sides, arrays[0].shape[2:])
            return f(*(patch.numbers(a[n, c]) for a in arrays))

        assert self.cells is not None
        with np.errstate(invalid="ignore", over="ignore"):
            return np.array([at(*cell) for cell in self.cells.tolist()], np.float64)


def _largest(numbers: Array) -> float:
    return float(numbers.max(initial=lowest(numbers.dtype)))


def lines_max(cells: Array | None, x: Shaped[Array, "N C *sizes"], sides: Sequence[Side], incoming: Lines | None) -> Lines:
    """Both lines of some cells (n, c, *spot), or of all for None."""
    look = Look(cells, sides)
    local = no_error(look.largest(np.asarray, x))
    if incoming is None:
        return local
    # a window that reads padding alone has the maximum -inf, and no error
    proof, sigma = (np.maximum(look.largest(np.asarray, came), 0.0) for came in (incoming.proof, incoming.sigma))
    return Lines(local.exact, proof, sigma)


def lines_average(
    cells: Array | None,
    x: Float[Array, "N C *sizes"],
    sides: Sequence[Side],
    count_padding: bool,
    divisor: int | None,
    incoming: Lines | None,
    arithmetic: NumberFormat,
) -> Lines:
    """Both lines of some cells (n, c, *spot), or of all for None."""
    sizes, look = x.shape[2:], Look(cells, sides)
    if cells is None:
        D = divisors(sizes, sides, count_padding, divisor)
    else:
        D = np.array([divisor_at(spot, sizes, sides, count_padding, divisor) for _, _, *spot in cells.tolist()])
    n = int(np.prod([side.kernel for side in sides]))
    whole = lines_of_sum(look.sums(np.positive, x), look.sums(np.abs, x), look.sums(np.square, x), n + 1, arithmetic)
    with np.errstate(invalid="ignore", divide="ignore"):
        proof = whole.proof * (1 + 2 * arithmetic.u) / abs(D) + n * arithmetic.tiny
        local = Lines(whole.exact / D, np.asarray(proof), np.asarray(whole.sigma / abs(D)))
        if incoming is None:
            return local
        return carried(local, look.sums(np.positive, incoming.proof) / abs(D), look.sums(np.square, incoming.sigma) / D**2)
