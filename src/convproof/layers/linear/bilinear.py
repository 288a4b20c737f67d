"""The bilinear layer that users meet: torch.nn's names, signature and defaults."""

import math
from typing import Any, cast

import numpy as np

from convproof.core.derivation import Node
from convproof.core.errors import SettingError, ShapeError
from convproof.core.guards import no_device
from convproof.core.initialise import default_weight_and_bias
from convproof.core.layer import Case, Gradients, Layer, Step
from convproof.core.lines import Lines
from convproof.core.operators import Operator, Result, Written
from convproof.core.parameters import Parameter
from convproof.core.records import Convention
from convproof.core.shapes import Array, Cell, DType, Region, Shape
from convproof.layers.linear import bound_bilinear, conventions, derive, formula, gradient
from convproof.layers.linear.layer import is_size


class Bilinear(Layer):
    """y[o] = x1^T weight[o] x2 + bias[o] over the last axes of x1 (*batch, in1_features) and x2 (*batch, in2_features).

    All other axes must agree. Arguments and defaults are torch.nn.Bilinear's. ``seed`` makes the initial weights repeatable.

    Attributes: ``weight`` (out_features, in1_features, in2_features), ``bias`` (out_features) or None.

    Raises SettingError for sizes that cannot be, ShapeError for inputs that do not fit.
    """

    weight = Parameter("out_features, in1_features, in2_features")
    bias = Parameter("out_features")
    input_names: tuple[str, ...] = ("x1", "x2")

    def __init__(
        self,
        in1_features: Any,
        in2_features: Any,
        out_features: Any,
        bias: bool = True,
        device: object = None,
        dtype: DType = None,
        *,
        seed: int | None = None,
    ) -> None:
        super().__init__(dtype=dtype)
        no_device(device)
        sizes = {"in1_features": in1_features, "in2_features": in2_features, "out_features": out_features}
        for name, size in sizes.items():
            if not is_size(size):
                raise SettingError("{name}={size!r} must be a positive whole number", name=name, size=size)
        self.in1_features, self.in2_features, self.out_features = (int(size) for size in sizes.values())
        self.declare("weight", (self.out_features, self.in1_features, self.in2_features))
        self.declare("bias", (self.out_features,) if bias else None)
        self.reset_parameters(seed)

    def reset_parameters(self, seed: int | None = None) -> None:
        """Weight and bias uniform in +-1/sqrt(in1_features), as torch draws them."""
        default_weight_and_bias(self, seed, self.in1_features)

    def settings(self) -> dict[str, Any]:
        """The sizes, and bias=False."""
        sizes = {name: getattr(self, name) for name in ("in1_features", "in2_features", "out_features")}
        return sizes if self.bias is not None else sizes | {"bias": False}

    def equation(self) -> str:
        """The formula."""
        return f"y[..., o] = {'' if self.bias is None else 'bias[o] + '}sum over i and j of x1[..., i] * weight[o, i, j] * x2[..., j]"

    def shapes(self, *shapes: Shape) -> tuple[Shape, ...]:
        """(*batch, in1_features) and (*batch, in2_features) -> (*batch, out_features)"""
        self.names_of(len(shapes))
        first, second = shapes
        if first[-1:] != (self.in1_features,) or second[-1:] != (self.in2_features,) or first[:-1] != second[:-1]:
            raise ShapeError(
                "{layer} expects x1 of shape (*, {one}) and x2 of shape (*, {two}), alike in all other axes; got {first} and {second}",
                layer=self.describe(),
                one=self.in1_features,
                two=self.in2_features,
                first=first,
                second=second,
            )
        return ((*first[:-1], self.out_features),)

    def compute(self, *inputs: Array) -> tuple[Array, ...]:
        """The weighted sums; training mode makes no difference."""
        with np.errstate(all="ignore"):
            return (formula.bilinear(inputs[0], inputs[1], self.weight, self.bias),)

    def tree(self, cell: Cell, case: Case) -> Node:
        """Cell (*batch, o)."""
        x1, x2 = case.inputs
        return derive.derive_bilinear(cell, x1, x2, self.weight, self.bias)

    def bounds(self, cells: Array | None, case: Case) -> Lines:
        """See ``bound``; cells as in ``derive``."""
        x1, x2 = case.inputs
        with np.errstate(all="ignore"):
            return bound_bilinear.lines(cells, x1, x2, self.weight, self.bias, (case.came(0), case.came(1)), case.arithmetic)

    def reads(self, region: Region, *shapes: Shape, output: int = 0) -> tuple[Region, ...]:
        """All features of the same rows."""
        return (*region[:-1], range(self.in1_features)), (*region[:-1], range(self.in2_features))

    def products(self, *shapes: Shape) -> int:
        """Output cells times in1_features times in2_features; products of three numbers."""
        return math.prod(self.shapes(*shapes)[0]) * self.in1_features * self.in2_features

    def pull(self, step: Step, *dy: Array) -> Gradients:
        """See ``gradient``."""
        x1, x2 = (cast("Array", x) for x in step.inputs)
        dx1, dx2, dweight, dbias = gradient.pull_bilinear(dy[0], x1, x2, self.weight)
        return Gradients((dx1, dx2), {"weight": dweight} if self.bias is None else {"weight": dweight, "bias": dbias})

    def conventions(self) -> tuple[Convention, ...]:
        """See ``conventions``."""
        return conventions.BILINEAR

    @classmethod
    def operators(cls) -> tuple[Operator, ...]:
        """See ``operators``."""
        from convproof.layers.linear.operators import OPERATORS

        return OPERATORS["Bilinear"]

    def written(self) -> tuple[Written, ...]:
        """x1 as a row times the weight's matrices times x2 as a column, and an Add."""
        row, column, gone = (np.array(axes, np.int64) for axes in ((-3, -2), (-3, -1), (-2, -1)))
        nodes = (
            Written("Unsqueeze", (0, row)),
            Written("MatMul", (Result(0), "weight")),
            Written("Unsqueeze", (1, column)),
            Written("MatMul", (Result(1), Result(2))),
            Written("Squeeze", (Result(3), gone)),
        )
        return nodes if self.bias is None else (*nodes, Written("Add", (Result(4), "bias")))
