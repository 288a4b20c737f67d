"""The linear layer that users meet: torch.nn's names, signature and defaults."""

import math
from collections.abc import Callable, Sequence
from typing import Any, cast

import numpy as np

from convproof.core.axes import is_whole
from convproof.core.derivation import Node
from convproof.core.errors import SettingError, ShapeError
from convproof.core.fusing import Addition, Fusible, Pointwise, ScaleShift, scaled
from convproof.core.guards import no_device
from convproof.core.initialise import default_weight_and_bias
from convproof.core.layer import Case, Gradients, Layer, Step
from convproof.core.lines import Lines
from convproof.core.operators import Operator, Result, Written
from convproof.core.parameters import Parameter
from convproof.core.records import Convention
from convproof.core.sentence import say
from convproof.core.shapes import Array, Cell, DType, Region, Shape, Sizes
from convproof.layers.linear import bound, conventions, derive, formula, gradient


class Linear(Layer):
    """y = x @ weight^T + bias over the last axis of x (*batch, in_features); the other axes are free, there may be none.

    Arguments and defaults are torch.nn.Linear's. ``seed`` makes the initial weights repeatable.

    Attributes: ``weight`` (out_features, in_features), ``bias`` (out_features) or None.

    Raises SettingError for sizes that cannot be, ShapeError for an input that does not fit.
    """

    only_floats = True
    weight = Parameter("out_features, in_features")
    bias = Parameter("out_features")

    def __init__(
        self,
        in_features: Any,
        out_features: Any,
        bias: bool = True,
        device: object = None,
        dtype: DType = None,
        *,
        seed: int | None = None,
    ) -> None:
        super().__init__(dtype=dtype)
        no_device(device)
        if not is_size(in_features) or not is_size(out_features):
            raise SettingError(
                "in_features={into!r} and out_features={out!r} must be positive whole numbers", into=in_features, out=out_features
            )
        self.in_features, self.out_features = int(in_features), int(out_features)
        self.declare("weight", (out_features, in_features))
        self.declare("bias", (out_features,) if bias else None)
        self.reset_parameters(seed)

    def reset_parameters(self, seed: int | None = None) -> None:
        """Weight and bias uniform in +-1/sqrt(in_features), as torch draws them."""
        default_weight_and_bias(self, seed)

    def settings(self) -> dict[str, Any]:
        """The sizes, and bias=False."""
        sizes = {"in_features": self.in_features, "out_features": self.out_features}
        return sizes if self.bias is not None else sizes | {"bias": False}

    def equation(self) -> str:
        """The formula."""
        return f"y[..., o] = {'' if self.bias is None else 'bias[o] + '}sum over i of weight[o, i] * x[..., i]"

    def shapes(self, *shapes: Shape) -> tuple[Shape, ...]:
        """(*batch, in_features) -> (*batch, out_features)"""
        self.names_of(len(shapes))
        (shape,) = shapes
        if not shape or shape[-1] != self.in_features:
            flat = len(shape) > 2 and math.prod(shape[1:]) == self.in_features
            raise ShapeError(
                "{layer} expects x of shape (*, {features}); got {shape}{hint}",
                layer=self.describe(),
                features=self.in_features,
                shape=shape,
                hint=say("; a Flatten before it would make it fit") if flat else "",
            )
        return ((*shape[:-1], self.out_features),)

    def compute(self, *inputs: Array) -> tuple[Array, ...]:
        """The weighted sums; training mode makes no difference."""
        with np.errstate(all="ignore"):  # what an infinity or a NaN does to its outputs is no reason to warn
            return (formula.linear(inputs[0], self.weight, self.bias),)

    def tree(self, cell: Cell, case: Case) -> Node:
        """Cell (*batch, o)."""
        return derive.derive(cell, case.x, self.weight, self.bias)

    def bounds(self, cells: Array | None, case: Case) -> Lines:
        """See ``bound``; cells as in ``derive``."""
        with np.errstate(all="ignore"):
            return bound.lines(cells, case.x, self.weight, self.bias, case.came(), case.arithmetic)

    def sums(self, cells: Array | None, case: Case, change: Callable[[Array], Array]) -> Array:
        """See ``formula.changed``; cells as in ``derive``."""
        x, w, b = case.x.astype(np.float64), self.weight.astype(np.float64), self.bias
        if cells is None:
            return formula.changed(x, w, b, change)
        rows, which = bound.rows_of(cells, x), cells[:, -1]
        return np.asarray(change(rows * w[which]).sum(1) + (0.0 if b is None else b[which]))

    def reads(self, region: Region, *shapes: Shape, output: int = 0) -> tuple[Region, ...]:
        """All features of the same rows."""
        return ((*region[:-1], range(self.in_features)),)

    def products(self, *shapes: Shape) -> int:
        """Output cells times in_features."""
        return math.prod(self.shapes(*shapes)[0]) * self.in_features

    def pull(self, step: Step, *dy: Array) -> Gradients:
        """See ``gradient``."""
        dx, dweight, dbias = gradient.pull(dy[0], cast("Array", step.inputs[0]), self.weight)
        return Gradients((dx,), {"weight": dweight} if self.bias is None else {"weight": dweight, "bias": dbias})

    def conventions(self) -> tuple[Convention, ...]:
        """See ``conventions``."""
        return conventions.LINEAR

    def absorbs(self) -> tuple[type[Fusible], ...]:
        """A BatchNorm in eval of two axes goes into weight and bias; an addition and a pointwise function into the last pass."""
        return (ScaleShift, Addition, Pointwise)

    def folded(self, kind: ScaleShift) -> dict[str, Array]:
        """scale * weight, and scale * bias + shift; a layer without a bias gets one."""
        return scaled(self.weight, self.bias, kind)

    @classmethod
    def operators(cls) -> tuple[Operator, ...]:
        """See ``operators``."""
        from convproof.layers.linear.operators import OPERATORS

        return OPERATORS["Linear"]

    def written(self) -> tuple[Written, ...]:
        """For any number of axes: a MatMul with the turned weight, and an Add."""
        product = (Written("Transpose", ("weight",), {"perm": (1, 0)}), Written("MatMul", (0, Result(0))))
        return product if self.bias is None else (*product, Written("Add", (Result(1), "bias")))

    def written_at(self, shapes: Sequence[Sizes]) -> tuple[Written, ...]:
        """A Gemm for an input with two axes."""
        if shapes[0] is None or len(shapes[0]) != 2:
            return self.written()
        return (Written("Gemm", (0, "weight") if self.bias is None else (0, "weight", "bias"), {"transB": 1}),)


def is_size(value: Any) -> bool:
    """Whether a setting is a whole number of at least 1."""
    return is_whole(value) and int(value) >= 1
