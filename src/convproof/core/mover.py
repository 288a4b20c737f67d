"""The base of all layers that only move numbers; a class says its movements, and everything else follows from them (``core.moving``)."""

from typing import Any, cast

import numpy as np

from convproof.core.arithmetic.padding import NOWHERE
from convproof.core.derivation import Node, copy, number
from convproof.core.layer import Case, Gradients, Layer, Step
from convproof.core.lines import Lines, no_error
from convproof.core.moving import Movement
from convproof.core.sentence import Sentence
from convproof.core.shapes import Array, Cell, Region, Shape


class Mover(Layer):
    """One input, one output or several, of any dtype: no number is changed, so nothing is rounded."""

    def movements(self, shape: Shape) -> tuple[Movement, ...]:
        """How an input of this shape becomes each output. Raises ShapeError."""
        raise NotImplementedError

    def told(self, cell: Cell, origin: Cell, shape: Shape, output: int) -> Sentence | None:
        """Where the number in ``cell`` of an output stood in the input of this shape, in words."""
        return None

    def fill(self) -> Any:
        """The constant that stands where no cell is shown."""
        return None

    def outside(self, cell: Cell, shape: Shape) -> Node:
        """The constant that stands in ``cell`` of the output, in a derivation."""
        raise NotImplementedError

    def shapes(self, *shapes: Shape) -> tuple[Shape, ...]:
        """The shape of each output."""
        self.names_of(len(shapes))
        return tuple(movement.result for movement in self.movements(shapes[0]))

    def compute(self, *inputs: Array) -> tuple[Array, ...]:
        """The same numbers at other places."""
        return tuple(movement.move(inputs[0], self.fill()) for movement in self.movements(inputs[0].shape))

    def tree(self, cell: Cell, case: Case) -> Node:
        """A copy of one cell, with a sentence that says where it stood."""
        (row,) = self.movements(case.x.shape)[case.output].origins(np.array([cell], np.int64))
        origin = tuple(row.tolist())
        leaf = self.outside(cell, case.x.shape) if NOWHERE in origin else number(case.x, origin, "x", "input")
        return copy(leaf, "y", self.told(cell, origin, case.x.shape, case.output))

    def bounds(self, cells: Array | None, case: Case) -> Lines:
        """No rounding; what comes in moves along."""
        movement, came = self.movements(case.x.shape)[case.output], case.came()
        local = no_error(movement.at(case.x, cells, self.fill()).astype(np.float64))
        return local if came is None else Lines(local.exact, movement.at(came.proof, cells), movement.at(came.sigma, cells))

    def reads(self, region: Region, *shapes: Shape, output: int = 0) -> tuple[Region, ...]:
        """The smallest box around the cells that are shown."""
        return (self.movements(shapes[0])[output].reads(region),)

    def pull(self, step: Step, *dy: Array) -> Gradients:
        """Every cell receives what arrives at the cells that show it."""
        movements = self.movements(cast("Array", step.inputs[0]).shape)
        parts = [movement.back(g) for movement, g in zip(movements, dy, strict=True)]
        return Gradients((np.asarray(sum(parts[1:], parts[0])),))
