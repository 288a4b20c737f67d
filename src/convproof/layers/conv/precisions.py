"""Other arithmetics of a convolution: Winograd's transforms, for a stride and a dilation of 1 and kernels of 3, 5 or 7 taps.

Line: that of a direct convolution, and u*(4*SW + C*QW) (see ``winograd``). Tiles lie on a grid that begins with the first output, as
libraries cut an image. In such a grid the last cells of a tile err most, and the first ones little; so a mistake in all cells shows in
these. Targets that begin elsewhere, or anew in the middle of an image, are covered in tiles of 4 and 6: every cell then has the line of the
worst place in a tile.

The numbers that a convolution alone is to explain are tried with every set of points by itself. Where other layers follow, nobody knows
yet which set they need, and the widest line of all counts; several convolutions may also differ in their tiles.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np

from convproof.core.axes import Batched
from convproof.core.layer import Case, Layer
from convproof.core.lines import SIGMAS, Lines
from convproof.core.records import Precision
from convproof.core.sentence import say
from convproof.core.shapes import Array, Cell
from convproof.layers.conv import geometry, winograd
from convproof.layers.conv.winograd import Points, Transform

if TYPE_CHECKING:
    from convproof.layers.conv.layer import Conv


@dataclass(frozen=True)
class Scheme:
    """Winograd's transforms with some points, in tiles that begin with the first output or, ``anywhere``, in any way."""

    points: Points
    anywhere: bool = False

    def along(self, conv: "Conv", case: Case) -> tuple[Transform, ...]:
        """The transforms, one an axis; conv has them."""
        return winograd.transforms(conv.windows_on(case.x.shape), self.points) or ()


def schemes(conv: "Conv") -> list[Scheme]:
    """All that are in use for a convolution, the narrowest lines first; larger tiles along three axes are used by nobody."""
    fitting = [tile for tile, (points, *_) in winograd.POINTS.items() if winograd.transforms(conv.windows, points) is not None]
    tiles = [tile for tile in fitting if tile == 4 or conv.axes < 3]
    aligned = [Scheme(points) for tile in tiles for points in winograd.POINTS[tile]]
    return [*aligned, *(Scheme(winograd.WIDEST[tile], anywhere=True) for tile in tiles if tile in winograd.WIDEST)]


def lines(layer: Layer, case: Case, low: Array, high: Array) -> Lines:
    """The lines of a convolution that is computed by transforms: those that cover numbers between ``low`` and ``high``, or the widest."""
    conv = cast("Conv", layer)
    direct = conv.bounds(None, case)
    if direct.exact.size == 0:
        return direct
    with np.errstate(all="ignore"):
        if low.shape == direct.exact.shape:
            found = (one for one in explaining(conv, case, direct, low, high) if covers(one, low, high))
            return next(found, direct)
        covered = {len(scheme.points) for scheme in schemes(conv) if scheme.anywhere}
        wide = [scheme for scheme in schemes(conv) if scheme.anywhere or len(scheme.points) not in covered]
        return widened(direct, np.max([strays(scheme, conv, case) for scheme in wide], axis=0), case)


def explaining(conv: "Conv", case: Case, direct: Lines, low: Array, high: Array) -> Iterator[Lines]:
    """The lines of every scheme in which the cell that is farthest beyond the direct line might lie; one cell is soon computed."""
    cell, left = farthest(direct, low, high)
    for scheme in schemes(conv):
        if left <= case.arithmetic.u * stray(scheme, conv, case, cell):
            yield widened(direct, strays(scheme, conv, case), case)


def strays(scheme: Scheme, conv: "Conv", case: Case) -> Array:
    """4*SW + C*QW of all cells."""
    along, batch = scheme.along(conv, case), Batched.of(case.x, conv.axes + 2)
    begins = winograd.beginnings(along) if scheme.anywhere else winograd.beginnings(along)[:1]
    return batch.off(winograd.strays(padded(conv, case), conv.weight, along, conv.groups, begins))


def stray(scheme: Scheme, conv: "Conv", case: Case, cell: Cell) -> float:
    """The same of one cell."""
    at = (0, *cell) if Batched.of(case.x, conv.axes + 2).added else cell
    return winograd.stray(padded(conv, case), conv.weight, scheme.along(conv, case), conv.groups, at, scheme.anywhere)


def padded(conv: "Conv", case: Case) -> Array:
    """The input with N, padded."""
    return geometry.padded(Batched.of(case.x, conv.axes + 2).array, conv.windows_on(case.x.shape), conv.padding_mode)[0]


def widened(direct: Lines, strays: Array, case: Case) -> Lines:
    """Lines with the errors of transforms on top."""
    more = case.arithmetic.u * strays
    return Lines(direct.exact, np.asarray(direct.proof + more), np.hypot(direct.sigma, more / SIGMAS))


def covers(lines: Lines, low: Array, high: Array) -> bool:
    """Whether all claimed numbers, which lie between ``low`` and ``high``, are within the lines."""
    return not (np.maximum(low - lines.exact, lines.exact - high) > lines.proof).any()


def farthest(direct: Lines, low: Array, high: Array) -> tuple[Cell, float]:
    """The cell that is farthest beyond the direct line, and by how much; what fails there need not be looked at everywhere."""
    left = np.maximum(low - direct.exact, direct.exact - high) - direct.proof
    cell = np.unravel_index(int(np.argmax(np.where(np.isnan(left), -np.inf, left))), left.shape)
    return tuple(int(i) for i in cell), float(left[cell])


WINOGRAD = Precision("winograd-error", say("the convolution is computed by Winograd's transforms"), lines, scattered=True)


def precisions_of(conv: "Conv") -> tuple[Precision, ...]:
    """Winograd's transforms, for a convolution that has some."""
    return (WINOGRAD,) if schemes(conv) else ()
