"""Winograd's convolution F(m, r): m outputs of a kernel of r taps at a time, from a tile of a = m + r - 1 inputs, with a products in place
of m*r. Along one axis

    y = A ((G w) * (B x))            w (r,), x (a,), y (m,);  * is a product cell by cell, summed over the channels

and along several axes the same for each. How A, G and B come about is told in ``cook_toom``.

How rounding enters: numbers that are much larger than the output cancel in A, so that errors follow the transforms on absolute values, and
not S. With u the unit of rounding and C channels

    transforms      4*u*SW     SW = abs(A) ((abs(G) abs(w)) * (abs(B) abs(x)))
    their products  C*u*QW     QW = abs(A) (abs(G w) * abs(B x)): sums of C products in any order, as in a direct convolution

The second is a bound, the first is evidence: with a direct convolution's line on top, errors of the transforms were measured up to
1.7*u*SW, for data chosen to be bad, in tiles of 4, 6 and 8.

Libraries multiply the rows of B by numbers of their own, mostly powers of two, and divide those of G or A by them. In SW and QW such
numbers cancel: what they change is a rounding or two a row, for which the 4 has room. The *points* do matter, so those in use are listed.

Source: A. Lavin and S. Gray, "Fast Algorithms for Convolutional Neural Networks", CVPR 2016. The points are those of that paper, of wincnn,
of B. Barabasz et al., "Error Analysis and Improving the Accuracy of Winograd Convolution for Deep Neural Networks", ACM TOMS 46 (2020), and
of libraries' sources.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, reduce
from itertools import product
from math import prod, sqrt

import numpy as np

from convproof.core.shapes import Array, Cell, Float
from convproof.core.window import Window

Points = tuple[Fraction, ...]
Table = list[list[Fraction]]
TRANSFORMS = 4.0  # times u*SW
BLOCK = 2**21  # numbers at a time


def on_both_sides(*sizes: int | float) -> Points:
    """0, and every number with both signs."""
    return tuple(Fraction(t) for t in (0.0, *(sign * size for size in sizes for sign in (1, -1))))


POINTS: dict[int, tuple[Points, ...]] = {
    4: (on_both_sides(1), on_both_sides(1 / 2)),  # nearly everybody; MNN on a GPU
    6: (
        on_both_sides(1, 2),  # Lavin and Gray
        (*on_both_sides(1), Fraction(1, 2), Fraction(-2)),  # TVM; Arm's Compute Library with other signs
        on_both_sides(sqrt(2), sqrt(1 / 2)),  # ncnn; to 53 bits, which is more than enough
        on_both_sides(5 / 8, 3 / 2),  # oneDNN
        on_both_sides(1 / 2, 1),  # MNN on a GPU
    ),
    8: (
        on_both_sides(1, 2, 1 / 2),  # wincnn, ncnn, NNPACK, TVM; Arm's Compute Library
        on_both_sides(1, 2, 3),  # MNN; Arm's Compute Library along one axis
        on_both_sides(1 / 2, 1, 3 / 2),  # MNN's older releases
    ),
}
WIDEST = {4: on_both_sides(1 / 2), 6: on_both_sides(1, 2)}  # whose errors are the largest, if a tile may begin anywhere


def cook_toom(points: Points, outputs: int, taps: int) -> tuple[Table, Table, Table]:
    """A (m, a), G (a, r) and B (a, a), exactly, from a - 1 points, to which infinity is added.

    Two polynomials with coefficients w (r of them) and d (m of them) have a product with a = m + r - 1 coefficients s. It is known from its
    values at a points, and these are products of numbers: s(t) = w(t) * d(t). At infinity the value is the last coefficient. Lagrange's
    formula leads back from the values to s:

        s = sum over i of  s(t_i) N_i / N_i(t_i)  +  s(infinity) N        N_i = product of (t - t_j) over all j but i,  N over all j

    So s = L ((G w) * (D d)), with powers of the points in G and D, and coefficients of N_i and N in the columns of L. A convolution is
    the transpose of that as a map from d to s: y = D^T ((G w) * (L^T x)), hence A = D^T and B = L^T. The divisors go into G.
    """
    divisors = [prod((t - other for other in points if other != t), start=Fraction(1)) for t in points]
    A = [[*(t**i for t in points), Fraction(i == outputs - 1)] for i in range(outputs)]
    G = [[t**j / divisor for j in range(taps)] for t, divisor in zip(points, divisors, strict=True)]
    B = [[*from_roots([other for other in points if other != t]), Fraction(0)] for t in points]
    return A, [*G, [Fraction(j == taps - 1) for j in range(taps)]], [*B, from_roots(points)]


def from_roots(roots: Iterable[Fraction]) -> list[Fraction]:
    """The coefficients of the product of (t - root), lowest first."""

    def times(coefficients: list[Fraction], root: Fraction) -> list[Fraction]:
        return [up - root * same for up, same in zip([Fraction(0), *coefficients], [*coefficients, Fraction(0)], strict=True)]

    return reduce(times, roots, [Fraction(1)])


@dataclass(frozen=True)
class Transform:
    """F(outputs, taps) along one axis, with its points; a kernel of one tap is left as it is by F(1, 1), which has none."""

    outputs: int
    taps: int
    points: Points = ()

    @property
    def tile(self) -> int:
        """How many inputs a tile has: a."""
        return self.outputs + self.taps - 1

    @cached_property
    def tables(self) -> tuple[Array, Array, Array]:
        """A, G and B as arrays."""
        A, G, B = (np.array(table, np.float64) for table in cook_toom(self.points, self.outputs, self.taps))
        return A, G, B


def transforms(windows: Sequence[Window], points: Points) -> tuple[Transform, ...] | None:
    """One transform an axis, with these points; None where a convolution has none."""
    tile = len(points) + 1
    if any(w.stride != 1 or w.dilation != 1 or w.kernel not in (1, 3, 5, 7) for w in windows):
        return None
    if all(w.kernel == 1 for w in windows) or any(w.kernel > tile - 1 for w in windows):
        return None
    return tuple(Transform(1, 1) if w.kernel == 1 else Transform(tile - w.kernel + 1, w.kernel, points) for w in windows)


def beginnings(along: Sequence[Transform]) -> list[tuple[int, ...]]:
    """Every place in its tile that the first output may have, one number an axis; the first is that of a tile that begins there."""
    return list(product(*(range(one.outputs) for one in along)))


def strays(
    padded: Float[Array, "N C *padded"],
    weight: Float[Array, "O C_per_group *kernel"],
    along: Sequence[Transform],
    groups: int,
    begins: Sequence[Sequence[int]],
) -> Float[Array, "N O *outputs"]:
    """4*SW + C*QW of every output cell, the largest over some beginnings. Some outputs after the others, to save memory."""
    x, w = padded.astype(np.float64), by_group(weight.astype(np.float64), groups)
    outputs = tuple(size - one.taps + 1 for size, one in zip(x.shape[2:], along, strict=True))
    found = np.zeros((len(x), *w.shape[:2], *outputs))
    for group, output in blocks(w.shape, prod(one.tile for one in along)):
        kernels = tuple(map(turned, both(w[group, output], along, 1, first=3)))
        for n, image in enumerate(by_group(x.swapaxes(0, 1), groups)[group].transpose(2, 0, 1, *range(3, x.ndim + 1))):
            part = found[n, group, output]
            for begin in begins:
                np.maximum(part, in_tiles(image, kernels, along, outputs, begin), out=part)
    return found.reshape(len(x), len(weight), *outputs)


def stray(padded: Array, weight: Array, along: Sequence[Transform], groups: int, cell: Cell, anywhere: bool) -> float:
    """The same for one output cell (n, o, *spot), from the part of the image that its tiles may reach; for tiles that begin anywhere, or
    with the first output.
    """
    n, o, *spot = cell
    first = o // (len(weight) // groups) * weight.shape[1]
    spare = [one.outputs - 1 for one in along]
    wide = np.pad(padded[n, first : first + weight.shape[1]], [(0, 0), *((k, k) for k in spare)])
    part = wide[(slice(None), *(slice(i, i + k + one.tile) for i, k, one in zip(spot, spare, along, strict=True)))]
    place = tuple((i - k) % one.outputs for i, k, one in zip(spot, spare, along, strict=True))
    begins = beginnings(along) if anywhere else [place]
    return float(strays(part[None], weight[o : o + 1], along, 1, begins)[(0, 0, *spare)])


def in_tiles(
    image: Float[Array, "g C *padded"],
    kernels: Sequence[Float[Array, "g spots O C"]],
    along: Sequence[Transform],
    outputs: Sequence[int],
    begin: Sequence[int],
) -> Float[Array, "g O *outputs"]:
    """4*SW + C*QW for tiles that begin ``begin`` cells before the first output; some rows of tiles after the others."""
    counts = [-(-(size + before) // one.outputs) for size, before, one in zip(outputs, begin, along, strict=True)]
    lengths = [count * one.outputs + one.taps - 1 for count, one in zip(counts, along, strict=True)]
    wide = np.pad(image, [(0, 0), (0, 0), *((p, n - p - size) for p, n, size in zip(begin, lengths, image.shape[2:], strict=True))])
    axes = tuple(range(2, wide.ndim))
    tiles = np.lib.stride_tricks.sliding_window_view(wide, tuple(one.tile for one in along), axis=axes)
    tiles = tiles[(slice(None), slice(None), *(slice(None, None, one.outputs) for one in along))]  # (g, C, *counts, *tile)
    rows = max(1, BLOCK * counts[0] // tiles.size)
    made = [summed(tiles[:, :, first : first + rows], kernels, along) for first in range(0, counts[0], rows)]
    whole = np.concatenate(made, axis=2) if len(made) > 1 else made[0]
    return np.asarray(whole[(slice(None), slice(None), *(slice(p, p + size) for p, size in zip(begin, outputs, strict=True)))])


def summed(
    tiles: Float[Array, "g C *counts_and_tile"], kernels: Sequence[Float[Array, "g spots O C"]], along: Sequence[Transform]
) -> Float[Array, "g O *cells"]:
    """abs(A) (4 * the sums of SW + C * those of QW) of some tiles, side by side."""
    groups, channels, *counts = tiles.shape[: -len(along)]
    sums: Array = np.zeros(())
    for kernel, inputs, times in zip(kernels, both(tiles, along, 2, first=tiles.ndim - len(along)), (TRANSFORMS, channels), strict=True):
        columns = np.ascontiguousarray(inputs.reshape(groups, channels, -1, kernel.shape[1]).transpose(0, 3, 1, 2))
        sums = sums + times * (kernel @ columns)  # (g, spots, O, tiles)
    sums = sums.transpose(0, 2, 3, 1).reshape(groups, -1, *counts, *(one.tile for one in along))
    for axis, one in enumerate(along, start=2 + len(along)):
        sums = applied(abs(one.tables[0]), sums, axis)
    sides = [k for axis in range(len(along)) for k in (2 + axis, 2 + len(along) + axis)]
    cells = [count * one.outputs for count, one in zip(counts, along, strict=True)]
    return np.asarray(sums.transpose(0, 1, *sides).reshape(groups, -1, *cells))


def both(array: Array, along: Sequence[Transform], table: int, first: int) -> tuple[Array, Array]:
    """An array under the transforms' tables, along its axes from ``first`` on: all on absolute values, and the absolute values after it."""
    absolute, plain = abs(array), array
    for axis, one in enumerate(along, start=first):
        absolute, plain = applied(abs(one.tables[table]), absolute, axis), applied(one.tables[table], plain, axis)
    return absolute, abs(plain)


def blocks(shape: Sequence[int], spots: int) -> Iterator[tuple[slice, slice]]:
    """Groups and outputs of a group whose kernels (g, O/g, C/g, *kernel) take about BLOCK numbers when they are transformed."""
    groups, outputs, channels = shape[:3]
    some = max(1, BLOCK // (outputs * channels * spots))
    few = max(1, BLOCK // (channels * spots))
    for group in range(0, groups, some):
        for output in range(0, outputs, few if some == 1 else outputs):
            yield slice(group, group + some), slice(output, output + (few if some == 1 else outputs))


def by_group(array: Array, groups: int) -> Array:
    """The first axis cut into groups."""
    return array.reshape(groups, len(array) // groups, *array.shape[1:])


def turned(kernel: Float[Array, "g O C *tile"]) -> Float[Array, "g spots O C"]:
    """One matrix for every spot of a tile."""
    return np.ascontiguousarray(kernel.reshape(*kernel.shape[:3], -1).transpose(0, 3, 1, 2))


def applied(matrix: Array, array: Array, axis: int) -> Array:
    """A matrix times an array along one axis."""
    return np.moveaxis(np.tensordot(matrix, array, (1, axis)), 0, axis)
