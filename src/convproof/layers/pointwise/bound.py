"""How rounding enters a pointwise function: an absolute error of its own, and the input's error as the function passes it on.

    proof = units*u + tinies            units: see each function; a choice such as ReLU has none

The units cover every implementation that was met: PyTorch, ONNX Runtime, NumPy; each function says where the difference lies.

In a segment the worst case is the widest difference between the function at x and anywhere between x - p and x + p, and not more than the
steepest slope times p. It is 0 where the whole range of the input is cut off, and infinite where it holds a pole. The function's own
rounding is taken as large as it can be there. An infinity at x itself, which is a pole, would forbid all the finite numbers around it: the
value at a finite end stands for it, with its infinite line. The spread passes with the steepest of the slopes found within 8 sigma of x,
and never above the worst case; where the function jumps within 8 sigma, the whole jump counts.
"""

from collections.abc import Iterable
from functools import reduce
from itertools import chain

import numpy as np

from convproof.core.axes import at_cells
from convproof.core.formats import FLOAT32, FLOAT64, NumberFormat
from convproof.core.lines import SIGMAS, Lines, carried_within, in_blocks
from convproof.core.shapes import Array
from convproof.layers.pointwise.function import Function

LARGEST = (float(np.finfo(np.float32).max), float(np.finfo(np.float64).max))
LOOKS = (-1.0, -0.5, 0.0, 0.5, 1.0)


def lines(cells: Array | None, x: Array, function: Function, incoming: Lines | None, arithmetic: NumberFormat) -> Lines:
    """Both lines of some cells, or of all for None."""
    came = None if incoming is None else incoming.map(lambda a: at_cells(a, cells))
    return in_blocks(lambda some, with_them: everywhere(some, function, with_them, arithmetic), at_cells(x, cells), came)


def everywhere(x: Array, function: Function, incoming: Lines | None, arithmetic: NumberFormat) -> Lines:
    """Both lines of all cells."""
    with np.errstate(all="ignore"):  # an infinity that an exponential gives on the way is no reason to warn
        x = x.astype(np.float64)
        y = np.asarray(function.value(x))
        local = own(x, y, function, arithmetic)
        if incoming is None:
            return local
        p, sigma = incoming.proof, incoming.sigma
        ends = [(end, np.asarray(function.value(end))) for end in map(np.asarray, (x + p, x - p))]
        proofs = (own(end, there, function, arithmetic).proof for end, there in ends)
        y = beside_a_pole(y, p, (there for _, there in ends))
        at_worst = Lines(y, np.asarray(reduce(np.fmax, proofs, local.proof)), local.sigma)
        worst = widest(x, y, p, function)
        return carried_within(at_worst, worst, np.asarray(spread(x, y, sigma, function) ** 2))


def beside_a_pole(y: Array, p: Array, ends: Iterable[Array]) -> Array:
    """y, but for infinities of inputs that are not exact: of those, a finite value that the function has at an end, if it has one."""
    for end in ends:
        y = np.where(np.isinf(y) & (p > 0) & np.isfinite(end), end, y)
    return np.asarray(y)


def own(x: Array, y: Array, function: Function, arithmetic: NumberFormat) -> Lines:
    """The lines of an exact input."""
    units = function.rounding(x, y)
    proof = (arithmetic.u + FLOAT64.u) * units + function.tinies * (arithmetic.tiny + FLOAT64.tiny)
    if function.swells > 1:
        proof = np.where(abs(x) > LARGEST[arithmetic.bits > FLOAT32.bits] / function.swells, np.inf, proof)
    return Lines(y, np.asarray(proof), np.asarray((arithmetic.u * units + function.tinies * arithmetic.tiny) / np.sqrt(3)))


def widest(x: Array, y: Array, p: Array, function: Function) -> Array:
    """How far the result can move when the input moves by at most p."""
    low, high = x - p, x + p
    turns = (np.clip(turn, low, high) for turn in function.turns)
    found = largest(abs(function.value(np.asarray(place)) - y) for place in chain((low, high), turns))
    steep = function.steepest * p if np.isfinite(function.steepest) else np.inf
    return np.asarray(np.where(p == 0, 0.0, np.minimum(steep, np.where(np.isnan(found), np.inf, found))))


def spread(x: Array, y: Array, sigma: Array, function: Function) -> Array:
    """The standard deviation of the result when the input has one of ``sigma``."""
    near = SIGMAS * sigma
    slope = largest(abs(function.slope(np.asarray(x + look * near))) for look in LOOKS)
    smooth = np.where(sigma == 0, 0.0, slope * sigma)
    return np.asarray(np.maximum(smooth, widest(x, y, near, function)) if function.jumps else smooth)


def largest(arrays: Iterable[Array]) -> Array:
    """The largest of several arrays, cell by cell; one after another, for there may be little memory for all of them."""
    return np.asarray(reduce(np.maximum, arrays))
