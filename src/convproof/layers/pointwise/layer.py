"""What all pointwise layers share, and the rectified linear unit. Names, signatures and defaults are torch.nn's."""

from collections.abc import Mapping
from inspect import Parameter, signature
from typing import Any, ClassVar, cast

import numpy as np

from convproof.core.derivation import Node, number
from convproof.core.formats import FLOAT32
from convproof.core.fusing import Pointwise as PointwiseKind
from convproof.core.layer import Case, Gradients, Layer, Step
from convproof.core.lines import Lines
from convproof.core.operators import Operator, Written
from convproof.core.records import Convention, Mistake
from convproof.core.shapes import Array, Cell, DType, Region, Shape
from convproof.layers.pointwise import bound
from convproof.layers.pointwise.formula.rectify import RELU
from convproof.layers.pointwise.function import Function


class Pointwise(Layer):
    """What all pointwise layers share.

    ``entry`` is the function of a class without settings; a class with settings makes its ``function`` from them. ``onnx`` is the operator
    that writes it, ``onnx_settings`` its attributes, by the names of the layer's own.
    """

    entry: ClassVar[Function]
    onnx: ClassVar[str]
    onnx_settings: ClassVar[Mapping[str, str]] = {}

    def __init__(self) -> None:
        super().__init__()

    @property
    def function(self) -> Function:
        """Which function it is."""
        return self.entry

    def function_of(self, dtype: DType) -> Function:
        """The function of an input of this type, where its format makes a difference."""
        return self.function

    def equation(self) -> str:
        """The function's formula."""
        return self.function.formula

    def settings(self) -> dict[str, Any]:
        """The settings that have no default or differ from it."""
        arguments = list(signature(type(self).__init__).parameters.values())[1:]
        values = {argument.name: getattr(self, argument.name) for argument in arguments}
        return {a.name: values[a.name] for a in arguments if a.default is Parameter.empty or values[a.name] != a.default}

    def shapes(self, *shapes: Shape) -> tuple[Shape, ...]:
        """The input's own shape, any shape."""
        self.names_of(len(shapes))
        return shapes

    def compute(self, *inputs: Array) -> tuple[Array, ...]:
        """The function at every cell."""
        (x,) = inputs
        with np.errstate(all="ignore"):  # what has no value is NaN or an infinity, as in torch
            return (self.function_of(x.dtype).value(x),)

    def tree(self, cell: Cell, case: Case) -> Node:
        """The function at one cell."""
        return self.function_of(case.x.dtype).derive(number(case.x, cell, "x", "input"))

    def bounds(self, cells: Array | None, case: Case) -> Lines:
        """See ``bound``; settings are rounded to the format that is computed in, however exact the inputs are."""
        computed_in = np.dtype(np.float32) if case.arithmetic.bits <= FLOAT32.bits else case.x.dtype
        return bound.lines(cells, case.x, self.function_of(computed_in), case.came(), case.arithmetic)

    def reads(self, region: Region, *shapes: Shape, output: int = 0) -> tuple[Region, ...]:
        """Every cell reads itself alone."""
        return (region,)

    def pull(self, step: Step, *dy: Array) -> Gradients:
        """dx = dy * slope(x)"""
        x = cast("Array", step.inputs[0])
        with np.errstate(all="ignore"):
            return Gradients((np.asarray(dy[0] * self.function_of(x.dtype).slope(x)),))

    def conventions(self) -> tuple[Convention, ...]:
        """See ``conventions``."""
        from convproof.layers.pointwise.conventions import CONVENTIONS

        return CONVENTIONS[type(self).__name__]

    @classmethod
    def operators(cls) -> tuple[Operator, ...]:
        """See ``operators``."""
        from convproof.layers.pointwise.operators import OPERATORS

        return OPERATORS.get(cls.__name__, ())

    def written(self) -> tuple[Written, ...]:
        """One node of ONNX's operator."""
        return (Written(self.onnx, (0,), {theirs: getattr(self, ours) for ours, theirs in self.onnx_settings.items()}),)

    def is_a(self) -> PointwiseKind | None:
        """A pointwise function, by its code."""
        return PointwiseKind(self.function.code, self.function.value)


class ReLU(Pointwise):
    """max(0, x), cell by cell, of an array of any shape.

    ``inplace`` is accepted so that torch code reads the same; the input is never overwritten.
    """

    entry = RELU
    onnx = "Relu"

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def mistakes(self) -> tuple[Mistake, ...]:
        """See ``mistakes``."""
        from convproof.layers.pointwise.mistakes import RELU_MISTAKES

        return RELU_MISTAKES
