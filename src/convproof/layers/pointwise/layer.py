"""The pointwise layers that users meet: torch.nn's names, signatures and defaults."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, cast

import numpy as np

from convproof.core.derivation import Derivation, number
from convproof.core.formats import FLOAT32, NumberFormat
from convproof.core.fusing import Pointwise as PointwiseKind
from convproof.core.layer import Gradients, Layer, Step
from convproof.core.lines import Lines
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

    def step(self, *inputs: Array, training: bool, draw: Any = None, state: Mapping[str, Array] | None = None) -> Step:
        """The function at every cell."""
        return Step((self.function.value(inputs[0]),), inputs, training)

    def derive(self, cell: Cell, inputs: Sequence[Array], output: int = 0, *, training: bool | None = None, draw: Any = None) -> Derivation:
        """The function at one cell."""
        tree = self.function.derive(number(inputs[0], cell, "x", "input"))
        return Derivation(self.describe(), cell, self.equation(), tree)

    def lines(
        self,
        cells: Array | None,
        inputs: Sequence[Array],
        incoming: Sequence[Lines | None] | None = None,
        output: int = 0,
        *,
        training: bool | None = None,
        draw: Any = None,
        arithmetic: NumberFormat = FLOAT32,
    ) -> Lines:
        """See ``bound``."""
        return bound.lines(cells, inputs[0], self.function, incoming[0] if incoming else None, arithmetic)

    def reads(self, region: Region, *shapes: Shape, output: int = 0) -> tuple[Region, ...]:
        """Every cell reads itself alone."""
        return (region,)

    def pull(self, step: Step, *dy: Array) -> Gradients:
        """dx = dy * slope(x)"""
        return Gradients((np.asarray(dy[0] * self.function.slope(cast("Array", step.inputs[0]))),))

    def conventions(self) -> tuple[Convention, ...]:
        """See ``conventions``."""
        return conventions.CONVENTIONS[self.function.code]

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

    def mistakes(self) -> tuple[Mistake, ...]:
        """See ``mistakes``."""
        from convproof.layers.pointwise.mistakes import RELU_MISTAKES

        return RELU_MISTAKES
