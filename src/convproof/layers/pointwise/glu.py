"""The gated linear unit: one half of an axis, multiplied by the sigmoid of the other half.

    y = a * sigmoid(b)        x along dim = a, then b, equally long

How rounding enters: the sigmoid is off by 6u at most (see ``formula.squash``), the product is rounded once: u*(6*abs(a) + abs(y)). In a
segment a and b both move. Source: torch.nn.GLU; Dauphin and others, "Language modeling with gated convolutional networks" (2017).
"""

from typing import Any, cast

import numpy as np

from convproof.core.axes import at_cells, axis_number
from convproof.core.derivation import Node, number, product
from convproof.core.errors import ShapeError
from convproof.core.formats import FLOAT64
from convproof.core.fusing import Pointwise as PointwiseKind
from convproof.core.layer import Case, Gradients, Step
from convproof.core.lines import Lines, carried
from convproof.core.operators import Result, Written
from convproof.core.shapes import Array, Cell, Region, Shape
from convproof.layers.pointwise.bound import spread, widest
from convproof.layers.pointwise.formula.squash import SIGMOID, derive_sigmoid, sigmoid
from convproof.layers.pointwise.layer import Pointwise


class GLU(Pointwise):
    """a * sigmoid(b), a and b the two halves of x along ``dim``. Raises ShapeError where that axis is missing or its length is odd."""

    formula = "y = a / (1 + exp(-b))"

    def __init__(self, dim: int = -1) -> None:
        super().__init__()
        self.dim = axis_number(dim, "dim")

    def equation(self) -> str:
        """The formula."""
        return self.formula

    def settings(self) -> dict[str, Any]:
        """The axis, where it is not the last."""
        return {} if self.dim == -1 else {"dim": self.dim}

    def shapes(self, *shapes: Shape) -> tuple[Shape, ...]:
        """Half as long along ``dim``."""
        self.names_of(len(shapes))
        (shape,) = shapes
        if not -len(shape) <= self.dim < len(shape) or shape[self.dim] % 2:
            raise ShapeError(
                "GLU(dim={dim}) halves axis {dim} of x, which must be there and have an even length; got shape {shape}",
                dim=self.dim,
                shape=shape,
            )
        axis = self.dim % len(shape)
        return ((*shape[:axis], shape[axis] // 2, *shape[axis + 1 :]),)

    def halves(self, x: Array) -> tuple[Array, Array]:
        """a and b."""
        a, b = np.split(x, 2, axis=self.dim)
        return a, b

    def compute(self, *inputs: Array) -> tuple[Array, ...]:
        """a * sigmoid(b)"""
        a, b = self.halves(inputs[0])
        with np.errstate(all="ignore"):
            return (np.asarray(a * sigmoid(b)),)

    def tree(self, cell: Cell, case: Case) -> Node:
        """Two numbers of x, half an axis apart."""
        (x,) = case.inputs
        axis = self.dim % x.ndim
        far = tuple(i + (x.shape[axis] // 2 if k == axis else 0) for k, i in enumerate(cell))
        gate = derive_sigmoid(number(x, far, "x", "input"), name="gate")
        return product(number(x, cell, "x", "input"), gate, name="y")

    def bounds(self, cells: Array | None, case: Case) -> Lines:
        """See the module."""
        a, b = (at_cells(half, cells).astype(np.float64) for half in self.halves(case.x))
        u = case.arithmetic.u
        with np.errstate(all="ignore"):
            gate = sigmoid(b)
            y, units = a * gate, 6 * abs(a) + abs(a * gate)
            tiny = 2 * (case.arithmetic.tiny + FLOAT64.tiny)
            local = Lines(y, (u + FLOAT64.u) * units + tiny, (u * units + case.arithmetic.tiny) / np.sqrt(3))
            came = case.came()
            if came is None:
                return local
            (pa, pb), (sa, sb) = ([at_cells(h, cells) for h in self.halves(part)] for part in (came.proof, came.sigma))
            open_ = widest(b, gate, pb, SIGMOID)
            worst = pa * (gate + open_) + abs(a) * open_
            at_worst = Lines(y, local.proof + (u + FLOAT64.u) * (7 * pa + worst), local.sigma)
            return carried(at_worst, worst, (gate * sa) ** 2 + (abs(a) * spread(b, gate, sb, SIGMOID)) ** 2)

    def reads(self, region: Region, *shapes: Shape, output: int = 0) -> tuple[Region, ...]:
        """The same place in both halves, and what lies between."""
        (shape,) = shapes
        axis = self.dim % len(shape)
        r, half = region[axis], shape[axis] // 2
        both = range(r.start, r.stop + half) if len(r) else r
        return ((*region[:axis], both, *region[axis + 1 :]),)

    def pull(self, step: Step, *dy: Array) -> Gradients:
        """da = dy * s, db = dy * a * s * (1 - s), with s = sigmoid(b)"""
        a, b = self.halves(cast("Array", step.inputs[0]))
        with np.errstate(all="ignore"):
            da, db = dy[0] * sigmoid(b), dy[0] * a * SIGMOID.slope(b)
        return Gradients((np.concatenate([da, db], axis=self.dim),))

    def is_a(self) -> PointwiseKind | None:
        """Nothing that a neighbour could absorb."""
        return None

    def written(self) -> tuple[Written, ...]:
        """Split into two, then Sigmoid and Mul."""
        settings = {"axis": self.dim, "num_outputs": 2}
        return (Written("Split", (0,), settings, 2), Written("Sigmoid", (Result(0, 1),)), Written("Mul", (Result(0), Result(1))))
