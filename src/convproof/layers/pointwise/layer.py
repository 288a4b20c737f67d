"""The pointwise layers that users meet: torch.nn's names, signatures and defaults."""

from typing import Any, ClassVar, cast

import numpy as np

from convproof.core.derivation import Node, number
from convproof.core.fusing import Pointwise as PointwiseKind
from convproof.core.layer import Case, Gradients, Layer, Step
from convproof.core.lines import Lines
from convproof.core.operators import Operator, Written
from convproof.core.records import Convention, Mistake
from convproof.core.shapes import Array, Cell, Region, Shape
from convproof.layers.pointwise import bound, conventions
from convproof.layers.pointwise.functions import RELU, Function


class Pointwise(Layer):
    """What all pointwise layers share; ``function`` says which one it is."""

    function: ClassVar[Function]

    def equation(self) -> str:
        """The function's formula."""
        return self.function.formula

    def shapes(self, *shapes: Shape) -> tuple[Shape, ...]:
        """The input's own shape, any shape."""
        self.names_of(len(shapes))
        return shapes

    def compute(self, *inputs: Array) -> tuple[Array, ...]:
        """The function at every cell."""
        return (self.function.value(inputs[0]),)

    def tree(self, cell: Cell, case: Case) -> Node:
        """The function at one cell."""
        return self.function.derive(number(case.x, cell, "x", "input"))

    def bounds(self, cells: Array | None, case: Case) -> Lines:
        """See ``bound``."""
        return bound.lines(cells, case.x, self.function, case.came(), case.arithmetic)

    def reads(self, region: Region, *shapes: Shape, output: int = 0) -> tuple[Region, ...]:
        """Every cell reads itself alone."""
        return (region,)

    def pull(self, step: Step, *dy: Array) -> Gradients:
        """dx = dy * slope(x)"""
        return Gradients((np.asarray(dy[0] * self.function.slope(cast("Array", step.inputs[0]))),))

    def conventions(self) -> tuple[Convention, ...]:
        """See ``conventions``."""
        return conventions.CONVENTIONS[self.function.code]

    @classmethod
    def operators(cls) -> tuple[Operator, ...]:
        """See ``operators``."""
        from convproof.layers.pointwise.operators import OPERATORS

        return OPERATORS

    def is_a(self) -> PointwiseKind:
        """A pointwise function, by its code."""
        return PointwiseKind(self.function.code, self.function.value)


class ReLU(Pointwise):
    """max(0, x), cell by cell, of an array of any shape.

    ``inplace`` is accepted so that torch code reads the same; the input is never overwritten.
    """

    function = RELU

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def settings(self) -> dict[str, Any]:
        """``inplace`` where it was asked for."""
        return {"inplace": True} if self.inplace else {}

    def written(self) -> tuple[Written, ...]:
        """Relu."""
        return (Written("Relu"),)

    def mistakes(self) -> tuple[Mistake, ...]:
        """See ``mistakes``."""
        from convproof.layers.pointwise.mistakes import RELU_MISTAKES

        return RELU_MISTAKES
