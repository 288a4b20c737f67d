"""Layers with a smooth function: sigmoids, exponential linear units, gates."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from convproof.core.calls import Called, Calls
from convproof.core.errors import SettingError
from convproof.core.operators import Result, Written
from convproof.core.shapes import Shape
from convproof.layers.pointwise import in_torch
from convproof.layers.pointwise.formula import exponential, gate, squash
from convproof.layers.pointwise.function import Function
from convproof.layers.pointwise.layer import Pointwise


class Sigmoid(Pointwise):
    """1 / (1 + exp(-x)), cell by cell."""

    entry = squash.SIGMOID
    onnx = "Sigmoid"


class LogSigmoid(Pointwise):
    """log(sigmoid(x)) = -log(1 + exp(-x)), cell by cell."""

    entry = squash.LOGSIGMOID

    def written(self) -> tuple[Written, ...]:
        """-softplus(-x), which stays exact where log(sigmoid(x)) would not."""
        return (Written("Neg"), Written("Softplus", (Result(0),)), Written("Neg", (Result(1),)))


class Tanh(Pointwise):
    """tanh(x), cell by cell."""

    entry = squash.TANH
    onnx = "Tanh"


class Tanhshrink(Pointwise):
    """x - tanh(x), cell by cell."""

    entry = squash.TANHSHRINK

    def written(self) -> tuple[Written, ...]:
        """Tanh and Sub."""
        return (Written("Tanh"), Written("Sub", (0, Result(0))))


class Erf(Pointwise):
    """The error function erf(x) = 2/sqrt(pi) * integral of exp(-t^2) from 0 to x, cell by cell."""

    entry = squash.ERF
    onnx = "Erf"

    def in_torch(self, shapes: Sequence[Shape], training: bool) -> Calls:
        """torch.erf"""
        return Calls(Called("erf"))


class Softsign(Pointwise):
    """x / (1 + abs(x)), cell by cell."""

    entry = squash.SOFTSIGN
    onnx = "Softsign"


class Softplus(Pointwise):
    """log(1 + exp(beta*x)) / beta, and x itself where beta*x is above ``threshold``, as in torch.

    ONNX knows neither: its operator is read with a threshold of 1000, where even float64 sees no difference.
    """

    def __init__(self, beta: float | int = 1.0, threshold: float | int = 20.0) -> None:
        super().__init__()
        self.beta, self.threshold = beta, threshold

    @property
    def function(self) -> Function:
        """See ``squash``."""
        return squash.scaled_softplus(self.beta, self.threshold)

    def written(self) -> tuple[Written, ...]:
        """Softplus, which is x to within rounding beyond the usual threshold; with beta or a lower threshold the whole formula."""
        if self.beta == 1 and self.threshold >= 20:
            return (Written("Softplus"),)
        beta, threshold = (np.asarray(number, self.dtype) for number in (self.beta, self.threshold))
        scaled = (Written("Mul", (0, beta)), Written("Softplus", (Result(0),)), Written("Div", (Result(1), beta)))
        return (*scaled, Written("Greater", (Result(0), threshold)), Written("Where", (Result(3), 0, Result(2))))


class ELU(Pointwise):
    """x where it is positive, alpha * (exp(x) - 1) elsewhere."""

    onnx = "Elu"
    onnx_settings: ClassVar = {"alpha": "alpha"}

    def __init__(self, alpha: float | int = 1.0, inplace: bool = False) -> None:
        super().__init__()
        self.alpha, self.inplace = alpha, inplace

    @property
    def function(self) -> Function:
        """See ``exponential``."""
        return exponential.elu(self.alpha)


class CELU(Pointwise):
    """x where it is positive, alpha * (exp(x/alpha) - 1) elsewhere. Raises SettingError for alpha = 0."""

    onnx = "Celu"
    onnx_settings: ClassVar = {"alpha": "alpha"}

    def __init__(self, alpha: float | int = 1.0, inplace: bool = False) -> None:
        super().__init__()
        self.alpha, self.inplace = alpha, inplace
        if alpha == 0:
            raise SettingError("CELU(alpha=0) would divide by 0: expected another alpha, such as 1")

    @property
    def function(self) -> Function:
        """See ``exponential``."""
        return exponential.celu(self.alpha)


class SELU(Pointwise):
    """gamma * x where x is positive, gamma * alpha * (exp(x) - 1) elsewhere.

    ``alpha`` = 1.6732632423543772 and ``gamma`` = 1.0507009873554805 are fixed in torch; ONNX writes them down.
    """

    onnx = "Selu"
    onnx_settings: ClassVar = {"alpha": "alpha", "gamma": "gamma"}

    def __init__(
        self, inplace: bool = False, *, alpha: float | int = exponential.SELU_ALPHA, gamma: float | int = exponential.SELU_GAMMA
    ) -> None:
        super().__init__()
        self.inplace, self.alpha, self.gamma = inplace, alpha, gamma

    @property
    def function(self) -> Function:
        """See ``exponential``."""
        return exponential.selu(self.alpha, self.gamma)

    def in_torch(self, shapes: Sequence[Shape], training: bool) -> Calls | None:
        """torch.nn's, unless the constants are others."""
        usual = (exponential.SELU_ALPHA, exponential.SELU_GAMMA)
        return None if (self.alpha, self.gamma) == usual else in_torch.selu(self.alpha, self.gamma)


class SiLU(Pointwise):
    """x * sigmoid(alpha*x); ``alpha`` is 1 in torch, and a setting of ONNX's Swish."""

    def __init__(self, inplace: bool = False, *, alpha: float | int = 1.0) -> None:
        super().__init__()
        self.inplace, self.alpha = inplace, alpha

    @property
    def function(self) -> Function:
        """See ``gate``."""
        return gate.swish(self.alpha)

    def in_torch(self, shapes: Sequence[Shape], training: bool) -> Calls | None:
        """torch.nn's, unless alpha is another."""
        return None if self.alpha == 1 else in_torch.swish(self.alpha)

    def written(self) -> tuple[Written, ...]:
        """Sigmoid and Mul: Swish came with version 24 only."""
        if self.alpha == 1:
            return (Written("Sigmoid"), Written("Mul", (0, Result(0))))
        alpha = np.asarray(self.alpha, self.dtype)
        return (Written("Mul", (0, alpha)), Written("Sigmoid", (Result(0),)), Written("Mul", (0, Result(1))))


class GELU(Pointwise):
    """x * (1 + erf(x / sqrt(2))) / 2, or with tanh in place of erf where approximate="tanh".

    Raises SettingError for an approximate other than "none" and "tanh".
    """

    onnx = "Gelu"
    onnx_settings: ClassVar = {"approximate": "approximate"}

    def __init__(self, approximate: str = "none") -> None:
        super().__init__()
        self.approximate = approximate
        if approximate not in ("none", "tanh"):
            raise SettingError('GELU(approximate={approximate!r}): expected "none" or "tanh"', approximate=approximate)

    @property
    def function(self) -> Function:
        """See ``gate``."""
        return gate.GELU_TANH if self.approximate == "tanh" else gate.GELU


class Mish(Pointwise):
    """x * tanh(log(1 + exp(x))), cell by cell."""

    entry = gate.MISH
    onnx = "Mish"

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace
