"""The power poolings that users meet: torch.nn's LPPool, ONNX's LpPool by the same classes, and ONNX's GlobalLpPool."""

import math
from collections.abc import Sequence
from typing import Any, cast

import numpy as np

from convproof.core.calls import Calls
from convproof.core.derivation import Node
from convproof.core.errors import NotCoveredError, SettingError
from convproof.core.layer import Case, Gradients, Step
from convproof.core.lines import Lines
from convproof.core.operators import Result, Written
from convproof.core.records import Convention
from convproof.core.shapes import Array, Cell, Shape
from convproof.layers.pool import conventions, formula, gradient, power, power_bound, power_derive
from convproof.layers.pool.base import Global, Pool, Sliding
from convproof.layers.pool.power import Norm
from convproof.layers.pool.writing import written_windows


class Power(Pool):
    """What power poolings share."""

    norm: Norm
    scale_clipped = False

    def formula_over(self, spots: str, taps: str, x: str) -> str:
        """The norm, with its own number."""
        P, inner = f"{self.norm.P:g}", f"abs({x})" if self.norm.absolute else x
        if math.isinf(self.norm.P):
            return f"y[n, c, {spots}] = {'max' if self.norm.P > 0 else 'min'} over {taps} of abs({x})"
        scale = "K/D * " if self.scale_clipped and getattr(self, "ceil_mode", False) else ""
        return f"y[n, c, {spots}] = ({scale}sum over {taps} of {inner}^{P})^(1/{P})"

    def compute(self, *inputs: Array) -> tuple[Array, ...]:
        """The norms."""
        batch = self.batched(inputs[0])
        return (batch.off(power.power_pool(batch.array, self.sides(batch.array.shape[2:]), self.norm, self.scale_clipped)),)

    def tree(self, cell: Cell, case: Case) -> Node:
        """The powers, their sum and its root."""
        lead, plane, spot = self.plane(cell, case.x)
        return power_derive.derive_power(lead, plane, spot, self.sides(plane.shape), self.norm, self.scale_clipped)

    def bounds(self, cells: Array | None, case: Case) -> Lines:
        """See ``power_bound``."""
        batch = self.batched(case.x)
        sides, came = self.sides(batch.array.shape[2:]), batch.lines(case.came())
        found = power_bound.lines_power(batch.cells(cells), batch.array, sides, self.norm, self.scale_clipped, came, case.arithmetic)
        return found if cells is not None else found.map(batch.off)

    def pull(self, step: Step, *dy: Array) -> Gradients:
        """See ``gradient``."""
        batch = self.batched(cast("Array", step.inputs[0]))
        x, sizes = batch.array, batch.array.shape[2:]
        sides = self.sides(sizes)
        if math.isinf(self.norm.P):
            sign = int(math.copysign(1, self.norm.P))
            places = formula.winners(sign * abs(x), sides)
            dx = gradient.pull_max(batch.on(dy[0]), places, sizes) * np.sign(x)
        else:
            factor = power.root_slopes(x, sides, self.norm, self.scale_clipped)
            with np.errstate(all="ignore"):
                dx = gradient.pull_sums(np.asarray(batch.on(dy[0]) * factor), sizes, sides) * power.slopes(x, self.norm)
        return Gradients((batch.off(np.asarray(dx)),))

    def conventions(self) -> tuple[Convention, ...]:
        """See ``conventions``."""
        return conventions.CONVENTIONS[type(self).__name__]


class LPPool(Sliding, Power):
    """The norm of every window, along any number of spatial axes."""

    def __init__(
        self,
        norm_type: Any,
        kernel_size: Any,
        stride: Any = None,
        ceil_mode: bool = False,
        *,
        padding: Any = 0,
        dilation: Any = 1,
        absolute: bool = False,
        scale_clipped: bool = True,
    ) -> None:
        super().__init__()
        self.slide(kernel_size, stride, padding, dilation, ceil_mode)
        self.norm_type, self.absolute, self.scale_clipped = norm_type, bool(absolute), bool(scale_clipped)
        self.norm = Norm(_exponent(norm_type), self.absolute)

    def settings(self) -> dict[str, Any]:
        """The settings that differ from the defaults."""
        return {"norm_type": _shown(self.norm_type)} | self.window_settings() | self.own_settings(absolute=False, scale_clipped=True)

    def in_torch(self, shapes: Sequence[Shape], training: bool) -> Calls | None:
        """See ``in_torch``."""
        from convproof.layers.pool import in_torch

        return in_torch.power(self, shapes[0])

    def written(self) -> tuple[Written, ...]:
        """LpPool where that computes the same, else powers, AveragePool, and a root."""
        P, windows = self.norm.P, written_windows(self)
        scaled = self.scale_clipped and self.ceil_mode
        if P > 0 and float(P).is_integer() and not self.norm.signed and not scaled:
            return (Written("LpPool", (0,), windows | {"p": int(P)}),)
        if math.isinf(P):
            return _extreme(P, windows)
        if self.ceil_mode and not scaled:
            raise NotCoveredError(
                "{layer} cannot be written as ONNX: of a norm_type that LpPool has not, windows that ceil_mode clips cannot be summed",
                layer=self.describe(),
            )

        def constant(number: float) -> Array:
            return np.array(number, self.dtype)

        K = math.prod(w.kernel for w in self.windows)
        absolute = (Written("Abs"),) if self.absolute else ()
        first = Written("Pow", (Result(0) if absolute else 0, constant(P)))
        k = len(absolute)
        return (
            *absolute,
            first,
            Written("AveragePool", (Result(k),), windows | {"count_include_pad": 1}),
            Written("Mul", (Result(k + 1), constant(float(K)))),
            Written("Pow", (Result(k + 2), constant(1 / P))),
        )


def _extreme(P: float, windows: dict[str, Any]) -> tuple[Written, ...]:
    """The largest abs(x), or the smallest: minus the largest of minus abs(x)."""
    if P > 0:
        return Written("Abs"), Written("MaxPool", (Result(0),), windows)
    return Written("Abs"), Written("Neg", (Result(0),)), Written("MaxPool", (Result(1),), windows), Written("Neg", (Result(2),))


class LPPool1d(LPPool):
    """The norm of every window, over (N, C, W) or (C, W).

    Arguments and defaults are torch.nn.LPPool1d's; see LPPool2d for ``padding``, ``dilation``, ``absolute`` and ``scale_clipped``.
    """

    axes = 1


class LPPool2d(LPPool):
    """The norm of every window, (sum of x^norm_type)^(1/norm_type), over (N, C, H, W) or (C, H, W).

    Arguments and defaults are torch.nn.LPPool2d's; ``stride=None`` means the kernel size; a ``norm_type`` of "inf" is the largest abs(x).
    torch sums powers of x itself, so that an odd ``norm_type`` gives NaN for a negative sum; ``absolute`` sums powers of abs(x), as ONNX
    does. A window that ``ceil_mode`` clips stands for a whole one in torch, its sum is scaled up; without ``scale_clipped`` the sum is
    left as it is, as in ONNX. ``padding``, which adds nothing, is as in AvgPool2d; ``dilation`` puts the taps of a window that far apart.

    Raises SettingError for settings that cannot be, ShapeError for an input that does not fit.
    """

    axes = 2


class LPPool3d(LPPool):
    """The norm of every window, over (N, C, D, H, W) or (C, D, H, W).

    Arguments and defaults are torch.nn.LPPool3d's; see LPPool2d for ``padding``, ``dilation``, ``absolute`` and ``scale_clipped``.
    """

    axes = 3


class GlobalLpPool(Global, Power):
    """The norm of every channel, (sum of abs(x)^norm_type)^(1/norm_type), over (N, C, ...) with any number of spatial axes.

    ONNX's GlobalLpPool, whose p is ``norm_type``; every spatial axis is left with one cell. Raises SettingError for a norm_type of 0.
    """

    def __init__(self, norm_type: Any = 2) -> None:
        super().__init__()
        self.norm_type = norm_type
        self.norm = Norm(_exponent(norm_type), True)

    def settings(self) -> dict[str, Any]:
        """The norm."""
        return {"norm_type": _shown(self.norm_type)}

    def in_torch(self, shapes: Sequence[Shape], training: bool) -> Calls:
        """torch.linalg.vector_norm"""
        from convproof.layers.pool import in_torch

        return in_torch.whole("linalg.vector_norm", shapes[0], ord=self.norm.P)

    def written(self) -> tuple[Written, ...]:
        """GlobalLpPool. Raises NotCoveredError for a norm that is no positive whole number, which ONNX's has to be."""
        if not (self.norm.P > 0 and float(self.norm.P).is_integer()):
            raise NotCoveredError(
                "{layer} cannot be written as ONNX, whose p is a positive whole number: use one for norm_type", layer=self.describe()
            )
        return (Written("GlobalLpPool", (0,), {"p": int(self.norm.P)}),)


def _exponent(norm_type: Any) -> float:
    """The norm as a number. Raises SettingError for 0, NaN and what is no number."""
    if norm_type in ("inf", "-inf"):
        return float(norm_type)
    if not isinstance(norm_type, int | float | np.number) or isinstance(norm_type, bool) or norm_type == 0 or math.isnan(norm_type):
        raise SettingError("norm_type={found!r}: expected a number other than 0, since the root is the power 1/norm_type", found=norm_type)
    return float(norm_type)


def _shown(norm_type: Any) -> Any:
    """A norm as one can write it: infinity has no name in Python, but may be given as "inf"."""
    return str(float(norm_type)) if math.isinf(float(norm_type)) else norm_type
