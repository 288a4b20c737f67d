"""Functions of several inputs, cell by cell.

    add:  y = a + b + ...      with broadcasting: a cell of a shorter or narrower input serves many output cells

How rounding enters: k inputs take k - 1 additions, so in any order the sum is within (k - 1)*u*S, S the sum of absolute values (no second
order: Jeannerod and Rump, see core.lines). There is no underflow term: a sum of floats that lies below the smallest normal number is a
multiple of the smallest step there is, and so is exact. Covered: sums in any order. Not covered: inputs rounded to a shorter format first.

The gradient of every input is dy, summed over the axes along which that input was broadcast:

    dy (2, 3, 4) for a of shape (3, 1): summed over axis 0, which a lacks, and over axis 2, where a has one cell for four

Source: torch.add, ONNX Add.
"""

from functools import reduce
from string import ascii_lowercase

import numpy as np

from convproof.core.axes import at_cells
from convproof.core.derivation import Node, add, number
from convproof.core.errors import ShapeError
from convproof.core.formats import FLOAT64
from convproof.core.fusing import Addition
from convproof.core.layer import Case, Gradients, Layer, Step
from convproof.core.lines import Lines, carried
from convproof.core.records import Convention
from convproof.core.shapes import Array, Cell, Region, Shape


class Add(Layer):
    """The sum of two or more arrays, cell by cell, with broadcasting as in NumPy and torch.

    Raises ShapeError for shapes that cannot be broadcast.
    """

    formula = "y = a + b"

    def equation_of(self, case: Case) -> str:
        """The sum of all inputs."""
        return "y = " + " + ".join(self.names_of(len(case.inputs)))

    def names_of(self, count: int) -> tuple[str, ...]:
        """a, b, c, ..., or x0, x1, ... beyond 26; two inputs at least."""
        if count < 2:
            raise ShapeError("Add takes two inputs or more, got {count}", count=count)
        return tuple(ascii_lowercase[:count]) if count <= len(ascii_lowercase) else tuple(f"x{k}" for k in range(count))

    def shapes(self, *shapes: Shape) -> tuple[Shape, ...]:
        """The broadcast shape."""
        self.names_of(len(shapes))
        try:
            return (tuple(np.broadcast_shapes(*shapes)),)
        except ValueError:
            raise ShapeError(
                "Add needs inputs of one shape, or such as broadcast; got {shapes}", shapes=" and ".join(map(str, shapes))
            ) from None

    def compute(self, *inputs: Array) -> tuple[Array, ...]:
        """The sum, from the left."""
        return (np.asarray(reduce(np.add, inputs)),)

    def tree(self, cell: Cell, case: Case) -> Node:
        """One number from each input."""
        names = self.names_of(len(case.inputs))
        return add(*(number(x, _inside(cell, x.shape), names[k], "input", index=k) for k, x in enumerate(case.inputs)), name="y")

    def bounds(self, cells: Array | None, case: Case) -> Lines:
        """(k - 1)*u*S, see the module; what comes in adds up."""
        (shape,) = self.shapes(*(x.shape for x in case.inputs))

        def spread(a: Array) -> Array:
            return at_cells(np.broadcast_to(a, shape), cells)

        parts = [spread(x).astype(np.float64) for x in case.inputs]
        y, S = np.asarray(sum(parts)), np.asarray(sum(abs(p) for p in parts))
        additions = len(case.inputs) - 1
        proof, sigma = additions * (case.arithmetic.u + FLOAT64.u) * S, case.arithmetic.u * np.sqrt(additions / 3) * S
        local = Lines(y, np.asarray(proof), np.asarray(sigma))
        came = [line.map(spread) for line in case.incoming or () if line is not None]
        if not came:
            return local
        return carried(local, np.asarray(sum(c.proof for c in came)), np.asarray(sum(c.sigma**2 for c in came)))

    def reads(self, region: Region, *shapes: Shape, output: int = 0) -> tuple[Region, ...]:
        """The same place in every input; the only cell of an axis that is broadcast."""
        return tuple(
            tuple(r if size > 1 else range(size) for r, size in zip(region[len(region) - len(shape) :], shape, strict=True))
            for shape in shapes
        )

    def pull(self, step: Step, *dy: Array) -> Gradients:
        """Every input gets dy, summed over the axes along which it was broadcast."""
        return Gradients(tuple(None if x is None else _gathered(dy[0], x.shape) for x in step.inputs))

    def conventions(self) -> tuple[Convention, ...]:
        """torch, ONNX, Keras, Caffe."""
        return CONVENTIONS

    def is_a(self) -> Addition:
        """An addition."""
        return Addition()


CONVENTIONS = (
    Convention("torch", "add", note="alpha scales the second input"),
    Convention("onnx", "Add", note="before opset 7 it broadcasts only with broadcast=1, along an axis that the node names"),
    Convention("keras", "Add"),
    Convention("caffe", "Eltwise", note="operation SUM; coeff scales each input"),
)


def _inside(cell: Cell, shape: Shape) -> Cell:
    """The cell of an input that a broadcast output cell shows."""
    return tuple(i if size > 1 else 0 for i, size in zip(cell[len(cell) - len(shape) :], shape, strict=True))


def _gathered(dy: Array, shape: Shape) -> Array:
    """dy summed over the axes along which an input of this shape was broadcast."""
    summed = dy.sum(axis=tuple(range(dy.ndim - len(shape))))
    narrow = tuple(axis for axis, size in enumerate(shape) if size == 1 and summed.shape[axis] != 1)
    return np.asarray(summed.sum(axis=narrow, keepdims=True))
