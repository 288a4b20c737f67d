"""What resizing layers of any kind share; a class says which sides an input has, and everything else follows from them."""

import math
from fractions import Fraction
from typing import Any, cast

import numpy as np

from convproof.core.derivation import Node
from convproof.core.errors import ShapeError
from convproof.core.layer import Case, Gradients, Layer, Step
from convproof.core.lines import Lines
from convproof.core.operators import Operator
from convproof.core.records import Precision
from convproof.core.sentence import Text
from convproof.core.shapes import Array, Cell, Region, Shape
from convproof.layers.resize import bound, derive, formula
from convproof.layers.resize.coordinates import Place
from convproof.layers.resize.kernels import Cubic, Linear
from convproof.layers.resize.one import One
from convproof.layers.resize.sides import Chosen, Shared, Side, Weighed, kept

MOST = 1 << 31  # cells; no array of a network is larger


class Resizing(Layer):
    """One input of any number of axes, some of which get another length."""

    mode: str
    fill = 0.0

    def sides(self, shape: Shape) -> dict[int, Side]:
        """The sides of an input of this shape that are resized. Raises ShapeError."""
        raise NotImplementedError

    def shapes(self, *shapes: Shape) -> tuple[Shape, ...]:
        """The input's shape with other sizes. Raises ShapeError where no machine has room for it."""
        self.names_of(len(shapes))
        sides = self.sides(shapes[0])
        found = tuple(sides[axis].place.outputs if axis in sides else size for axis, size in enumerate(shapes[0]))
        if math.prod(found) > MOST:
            raise ShapeError("{layer} asks for {shape}, more cells than any network has", layer=self.describe(), shape=found)
        return (found,)

    def compute(self, *inputs: Array) -> tuple[Array, ...]:
        """Axis by axis; what is no float is rounded to what it was."""
        (x,) = inputs
        sides = self.sides(x.shape)
        with np.errstate(all="ignore"):  # what an infinity or a NaN does to its outputs is no reason to warn
            if x.dtype.kind in "iub":
                return (formula.resize_whole_numbers(x, sides, self.fill),)
            return (formula.resize(x, sides, self.fill),)

    def tree(self, cell: Cell, case: Case) -> Node:
        """The cells around the place, weighed."""
        return derive.derive(cell, case.x, self.sides(case.x.shape), self.fill)

    def bounds(self, cells: Array | None, case: Case) -> Lines:
        """See ``bound``; some cells one by one."""
        sides, came = self.sides(case.x.shape), case.came()
        with np.errstate(all="ignore"):
            if cells is None:
                return bound.lines(case.x, sides, self.fill, came, case.arithmetic)
            found = [self._line_of(tuple(cell), sides, case, came) for cell in cells.tolist()]
        parts = (np.array([getattr(line, name) for line in found], np.float64).reshape(-1) for name in ("exact", "proof", "sigma"))
        return Lines(*parts)

    def _line_of(self, cell: Cell, sides: dict[int, Side], case: Case, came: Lines | None) -> Lines:
        """The lines of one cell, from the part of x around its place."""
        alone = {axis: One(side, cell[axis]) for axis, side in sides.items()}
        part = tuple(alone[axis].part if axis in sides else slice(i, i + 1) for axis, i in enumerate(cell))
        cut = None if came is None else came.map(lambda a: a[part])
        return bound.lines(case.x[part], alone, self.fill, cut, case.arithmetic)

    def reads(self, region: Region, *shapes: Shape, output: int = 0) -> tuple[Region, ...]:
        """From the first to the last cell that has a weight, along every axis that is resized."""
        sides = self.sides(shapes[0])
        found = list(region)
        for axis, side in sides.items():
            seen = [j for i in region[axis] if not side.outside[i] for j in side.exactly(i)]
            found[axis] = range(min(seen), max(seen) + 1) if seen else range(0)
        return (tuple(found) if all(map(len, found)) else tuple(range(0) for _ in found),)

    def products(self, *shapes: Shape) -> int:
        """For every output cell as many as cells have a weight; none where cells are only chosen."""
        sides = self.sides(shapes[0])
        if all(side.chooses for side in sides.values()):
            return 0
        inside = {axis: [i for i in range(s.place.outputs) if not s.outside[i]] for axis, s in sides.items()}
        taps = (sum(len(side.exactly(i)) for i in inside[axis]) for axis, side in sides.items())
        return math.prod(taps) * math.prod(size for axis, size in enumerate(shapes[0]) if axis not in sides)

    def pull(self, step: Step, *dy: Array) -> Gradients:
        """See ``formula``."""
        shape = cast("Array", step.inputs[0]).shape
        return Gradients((formula.pull(dy[0], self.sides(shape), dict(enumerate(shape))),))

    def precisions(self) -> tuple[Precision, ...]:
        """See ``precisions``."""
        from convproof.layers.resize.precisions import COORDINATES

        return (COORDINATES,) if self.mode.startswith("nearest") else ()

    @classmethod
    def operators(cls) -> tuple[Operator, ...]:
        """See ``operators``."""
        from convproof.layers.resize.operators import OPERATORS

        return OPERATORS

    def equation(self) -> Text:
        """One axis after the other; where cells are chosen, without weights."""
        chosen = self.mode.startswith("nearest")
        return "y[.., i, ..] = x[.., j, ..]" if chosen else "y[.., i, ..] = sum over j of w[i, j] * x[.., j, ..]"


def side_of(place: Place, kind: str, rounding: str, a: Any, stretch: Fraction | None, inside: bool) -> Side:
    """The side for a mode: nearest, area, linear or cubic. ``stretch``: by how much a kernel is stretched against aliasing, None: not."""
    if kind == "nearest":
        return kept(Chosen(place, rounding))
    if kind == "area":
        return kept(Shared(place))
    kernel = Linear() if kind == "linear" else Cubic(Fraction(a))
    return kept(Weighed(place, kernel, stretch or Fraction(1), inside, stretch is not None))
