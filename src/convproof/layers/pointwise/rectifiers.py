"""Layers that let x pass on one side and hold it back on the other, and those that are flat outside of two ends."""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from convproof.core.calls import Calls, functional
from convproof.core.errors import SettingError
from convproof.core.operators import Result, Written
from convproof.core.shapes import DType, Shape
from convproof.layers.pointwise import in_torch
from convproof.layers.pointwise.formula import clip, rectify
from convproof.layers.pointwise.function import Function
from convproof.layers.pointwise.layer import Pointwise


def in_format(number: float | int, dtype: DType) -> float:
    """A threshold as an input of this type is compared with it."""
    return float(np.float32(number)) if np.dtype(dtype) == np.float32 else float(number)


class LeakyReLU(Pointwise):
    """x where it is positive, negative_slope * x elsewhere."""

    onnx = "LeakyRelu"
    onnx_settings: ClassVar = {"negative_slope": "alpha"}

    def __init__(self, negative_slope: float | int = 0.01, inplace: bool = False) -> None:
        super().__init__()
        self.negative_slope, self.inplace = negative_slope, inplace

    @property
    def function(self) -> Function:
        """See ``rectify``."""
        return rectify.leaky_relu(self.negative_slope)


class ReLU6(Pointwise):
    """min(max(x, 0), 6), cell by cell."""

    min_val, max_val = 0.0, 6.0
    entry = clip.clip(0.0, 6.0, ("0", "6"), ends=False)

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def written(self) -> tuple[Written, ...]:
        """Clip with both ends."""
        return clipped(self, 0.0, 6.0)


class Hardtanh(Pointwise):
    """min(max(x, min_val), max_val), cell by cell.

    Arguments and defaults are torch.nn.Hardtanh's; ``min_value`` and ``max_value`` are old names of the first two. Raises SettingError
    unless max_val > min_val.
    """

    def __init__(
        self,
        min_val: float | int = -1.0,
        max_val: float | int = 1.0,
        inplace: bool = False,
        min_value: float | int | None = None,
        max_value: float | int | None = None,
    ) -> None:
        super().__init__()
        self.min_val = min_val if min_value is None else min_value
        self.max_val = max_val if max_value is None else max_value
        self.inplace, self.min_value, self.max_value = inplace, min_value, max_value
        if not self.max_val > self.min_val:
            raise SettingError(
                "Hardtanh(min_val={low}, max_val={high}): expected max_val above min_val; exchange the two",
                low=self.min_val,
                high=self.max_val,
            )

    @property
    def function(self) -> Function:
        """See ``clip``."""
        return clip.clip(self.min_val, self.max_val, ("min_val", "max_val"), ends=False)

    def written(self) -> tuple[Written, ...]:
        """Clip with both ends."""
        return clipped(self, self.min_val, self.max_val)


class Clip(Pointwise):
    """min(max(x, min), max), either of which may be None, of floats or integers; where min > max every cell becomes max."""

    def __init__(self, min: float | int | None = None, max: float | int | None = None) -> None:
        super().__init__()
        self.min, self.max = min, max

    @property
    def function(self) -> Function:
        """See ``clip``."""
        return clip.clip(self.min, self.max)

    def in_torch(self, shapes: Sequence[Shape], training: bool) -> Calls:
        """torch.clamp"""
        return Calls(in_torch.clamped(self.min, self.max))

    def written(self) -> tuple[Written, ...]:
        """Clip with the ends that there are."""
        return clipped(self, self.min, self.max)


def clipped(layer: Pointwise, *ends: Any) -> tuple[Written, ...]:
    """Clip's node, with its ends as numbers of the layer's type."""
    return (Written("Clip", (0, *(None if end is None else np.asarray(end, layer.dtype) for end in ends))),)


class Threshold(Pointwise):
    """x where it is above ``threshold``, else ``value``. Arguments and defaults are torch.nn.Threshold's."""

    def __init__(self, threshold: float | int, value: float | int, inplace: bool = False) -> None:
        super().__init__()
        self.threshold, self.value, self.inplace = threshold, value, inplace

    @property
    def function(self) -> Function:
        """See ``rectify``."""
        return self.function_of(np.float64)

    def function_of(self, dtype: DType) -> Function:
        """The threshold rounded to the input's format."""
        return rectify.threshold(in_format(self.threshold, dtype), self.value)

    def written(self) -> tuple[Written, ...]:
        """Greater and Where."""
        limit, value = (np.asarray(number, self.dtype) for number in (self.threshold, self.value))
        return (Written("LessOrEqual", (0, limit)), Written("Where", (Result(0), value, 0)))


class ThresholdedReLU(Pointwise):
    """x where it is above ``alpha``, else 0 (ONNX)."""

    onnx = "ThresholdedRelu"
    onnx_settings: ClassVar = {"alpha": "alpha"}

    def __init__(self, alpha: float | int = 1.0) -> None:
        super().__init__()
        self.alpha = alpha

    @property
    def function(self) -> Function:
        """See ``rectify``."""
        return self.function_of(np.float64)

    def function_of(self, dtype: DType) -> Function:
        """The threshold rounded to the input's format."""
        return rectify.threshold(in_format(self.alpha, dtype), 0.0, "alpha")

    def in_torch(self, shapes: Sequence[Shape], training: bool) -> Calls:
        """threshold, with value 0"""
        return functional("threshold", self.alpha, 0.0)


class Hardshrink(Pointwise):
    """x where it lies outside of -lambd to lambd, else 0."""

    onnx = "Shrink"
    onnx_settings: ClassVar = {"lambd": "lambd"}

    def __init__(self, lambd: float | int = 0.5) -> None:
        super().__init__()
        self.lambd = lambd

    @property
    def function(self) -> Function:
        """See ``rectify``."""
        return self.function_of(np.float64)

    def function_of(self, dtype: DType) -> Function:
        """The threshold rounded to the input's format."""
        return rectify.hardshrink(in_format(self.lambd, dtype))


class Softshrink(Pointwise):
    """x moved towards 0 by lambd, which is 0 or more, and 0 where that would cross it. Raises SettingError for a negative lambd."""

    onnx = "Shrink"

    def __init__(self, lambd: float | int = 0.5) -> None:
        super().__init__()
        self.lambd = lambd
        if lambd < 0:
            raise SettingError("Softshrink(lambd={lambd}): expected 0 or more", lambd=lambd)

    @property
    def function(self) -> Function:
        """See ``rectify``."""
        return rectify.softshrink(self.lambd)

    def written(self) -> tuple[Written, ...]:
        """Shrink with lambd for both of its settings."""
        return (Written("Shrink", (0,), {"lambd": self.lambd, "bias": self.lambd}),)


class Shrink(Pointwise):
    """x moved towards 0 by ``bias`` where it lies outside of -lambd to lambd, else 0 (ONNX)."""

    onnx = "Shrink"
    onnx_settings: ClassVar = {"lambd": "lambd", "bias": "bias"}

    def __init__(self, lambd: float | int = 0.5, bias: float | int = 0.0) -> None:
        super().__init__()
        self.lambd, self.bias = lambd, bias

    @property
    def function(self) -> Function:
        """See ``rectify``."""
        return self.function_of(np.float64)

    def function_of(self, dtype: DType) -> Function:
        """The threshold rounded to the input's format."""
        return rectify.shrink(in_format(self.lambd, dtype), self.bias)

    def in_torch(self, shapes: Sequence[Shape], training: bool) -> Calls:
        """See ``in_torch``."""
        return in_torch.shrunk(self.lambd, self.bias)


class Hardsigmoid(Pointwise):
    """min(max(alpha*x + beta, 0), 1): ``alpha`` is 1/6 in torch, 0.2 in ONNX and Keras 2; ``beta`` is 1/2 everywhere."""

    onnx = "HardSigmoid"
    onnx_settings: ClassVar = {"alpha": "alpha", "beta": "beta"}

    def __init__(self, inplace: bool = False, *, alpha: float | int = 1 / 6, beta: float | int = 0.5) -> None:
        super().__init__()
        self.inplace, self.alpha, self.beta = inplace, alpha, beta

    @property
    def function(self) -> Function:
        """See ``clip``."""
        return clip.hardsigmoid(self.alpha, self.beta)

    def in_torch(self, shapes: Sequence[Shape], training: bool) -> Calls | None:
        """torch.nn's, unless the settings are others."""
        return None if (self.alpha, self.beta) == (1 / 6, 0.5) else in_torch.hardsigmoid(self.alpha, self.beta)


class Hardswish(Pointwise):
    """x * min(max(x/6 + 1/2, 0), 1), cell by cell."""

    entry = clip.HARDSWISH
    onnx = "HardSwish"

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace
