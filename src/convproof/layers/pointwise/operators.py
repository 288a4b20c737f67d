"""How graph formats write the pointwise layers, by the class that reads them."""

import math
from typing import Any

import numpy as np

from convproof.core.operators import FOLLOWS_MODULE, Call, Operator, Read
from convproof.layers.pointwise import elementary, rectifiers, smooth
from convproof.layers.pointwise.formula.exponential import SELU_ALPHA, SELU_GAMMA
from convproof.layers.pointwise.glu import GLU
from convproof.layers.pointwise.layer import Pointwise, ReLU
from convproof.layers.pointwise.prelu import PReLU, RReLU

NEVER = 1000.0  # a softplus beyond which float64 sees no difference from x


def _clip(call: Call) -> Pointwise:
    """Ends as inputs; before version 11 as attributes."""
    if call.version < 11:
        return rectifiers.Clip(
            _end(call.setting("min"), np.float32(-3.4028234663852886e38)), _end(call.setting("max"), np.float32(3.4028234663852886e38))
        )
    return rectifiers.Clip(call.number(1), call.number(2))


def _end(value: Any, absent: Any) -> float | None:
    """An end that is the largest float32 there is stands for none."""
    return None if value is None or value == absent else float(value)


def _elu(call: Call) -> Pointwise:
    """torch's elu has a scale for both sides and one for x: SELU in ATen's words."""
    alpha, scale, input_scale = call.number(1, 1.0), call.number(2, 1.0), call.number(3, 1.0)
    if (scale, input_scale) == (1, 1):
        return smooth.ELU(alpha)
    if scale == 1 and input_scale == 1 / alpha:
        return smooth.CELU(alpha)
    return smooth.SELU(alpha=alpha, gamma=scale)


def _onnx_gelu(call: Call) -> Pointwise:
    return smooth.GELU(call.setting("approximate", "none"))


def _onnx_shrink(call: Call) -> Pointwise:
    lambd, bias = call.setting("lambd", 0.5), call.setting("bias", 0.0)
    if bias == 0:
        return rectifiers.Hardshrink(lambd)
    return rectifiers.Softshrink(lambd) if bias == lambd and lambd >= 0 else rectifiers.Shrink(lambd, bias)


def _prelu(call: Call) -> Read:
    """torch's weight is one number or a vector, one a channel; its ATen form and ONNX's slope broadcast from the right."""
    shape = call.shape(1)
    by_channel = len(shape) == 1 and (shape == (1,) or call.version < 7)
    return Read(PReLU(math.prod(shape), shape=None if by_channel else shape, dtype=call.dtype(1)), parameters={"weight": 1})


def _rrelu(call: Call) -> RReLU:
    """A call says itself whether it draws, unless it follows the mode of its module."""
    training = call.value(3, False)
    return RReLU(call.number(1, 1 / 8), call.number(2, 1 / 3), active=None if training is FOLLOWS_MODULE else bool(training))


def _plain(kind: type[Pointwise], onnx: str | None, *names: str) -> tuple[Operator, ...]:
    """A layer without settings that matter, by ONNX's name and torch's."""
    found = [] if onnx is None else [Operator("onnx", (onnx,), lambda call: kind())]
    return (*found, *([Operator("torch", names, lambda call: kind(), ("input", "inplace"))] if names else []))


OPERATORS: dict[str, tuple[Operator, ...]] = {
    "ReLU": _plain(ReLU, "Relu", "relu"),
    "ReLU6": _plain(rectifiers.ReLU6, None, "relu6"),
    "LeakyReLU": (
        Operator("onnx", ("LeakyRelu",), lambda call: rectifiers.LeakyReLU(call.setting("alpha", 0.01))),
        Operator("torch", ("leaky_relu",), lambda call: rectifiers.LeakyReLU(call.number(1, 0.01)), ("input", "negative_slope", "inplace")),
    ),
    "PReLU": (
        Operator("onnx", ("PRelu",), _prelu),
        Operator("torch", ("prelu", "_prelu_kernel"), _prelu, ("input", "weight")),
    ),
    "RReLU": (Operator("torch", ("rrelu",), _rrelu, ("input", "lower", "upper", "training", "inplace")),),
    "GLU": (Operator("torch", ("glu",), lambda call: GLU(int(call.number(1, -1))), ("input", "dim")),),
    "Hardtanh": (
        Operator(
            "torch",
            ("hardtanh",),
            lambda call: rectifiers.Hardtanh(call.number(1, -1.0), call.number(2, 1.0)),
            ("input", "min_val", "max_val", "inplace"),
        ),
    ),
    "Clip": (
        Operator("onnx", ("Clip",), _clip),
        Operator("torch", ("clamp", "clip"), lambda call: rectifiers.Clip(call.number(1), call.number(2)), ("input", "min", "max")),
        Operator("torch", ("clamp_min",), lambda call: rectifiers.Clip(call.number(1)), ("input", "min")),
        Operator("torch", ("clamp_max",), lambda call: rectifiers.Clip(None, call.number(1)), ("input", "max")),
    ),
    "Threshold": (
        Operator(
            "torch",
            ("threshold",),
            lambda call: rectifiers.Threshold(call.number(1), call.number(2)),
            ("input", "threshold", "value", "inplace"),
        ),
    ),
    "ThresholdedReLU": (Operator("onnx", ("ThresholdedRelu",), lambda call: rectifiers.ThresholdedReLU(call.setting("alpha", 1.0))),),
    "Hardshrink": (Operator("torch", ("hardshrink",), lambda call: rectifiers.Hardshrink(call.number(1, 0.5)), ("input", "lambd")),),
    "Softshrink": (Operator("torch", ("softshrink",), lambda call: rectifiers.Softshrink(call.number(1, 0.5)), ("input", "lambd")),),
    "Shrink": (Operator("onnx", ("Shrink",), _onnx_shrink),),
    "Hardsigmoid": (
        Operator(
            "onnx",
            ("HardSigmoid",),
            lambda call: rectifiers.Hardsigmoid(alpha=call.setting("alpha", 0.2), beta=call.setting("beta", 0.5)),
        ),
        *_plain(rectifiers.Hardsigmoid, None, "hardsigmoid"),
    ),
    "Hardswish": _plain(rectifiers.Hardswish, "HardSwish", "hardswish"),
    "Sigmoid": _plain(smooth.Sigmoid, "Sigmoid", "sigmoid"),
    "LogSigmoid": (Operator("torch", ("logsigmoid", "log_sigmoid", "log_sigmoid_forward"), lambda call: smooth.LogSigmoid(), ("input",)),),
    "Tanh": _plain(smooth.Tanh, "Tanh", "tanh"),
    "Tanhshrink": _plain(smooth.Tanhshrink, None, "tanhshrink"),
    "Erf": _plain(smooth.Erf, "Erf", "erf"),
    "Softsign": _plain(smooth.Softsign, "Softsign", "softsign"),
    "Softplus": (
        Operator("onnx", ("Softplus",), lambda call: smooth.Softplus(threshold=NEVER)),
        Operator(
            "torch",
            ("softplus",),
            lambda call: smooth.Softplus(call.number(1, 1.0), call.number(2, 20.0)),
            ("input", "beta", "threshold"),
        ),
    ),
    "ELU": (
        Operator("onnx", ("Elu",), lambda call: smooth.ELU(call.setting("alpha", 1.0))),
        Operator("torch", ("elu",), _elu, ("input", "alpha", "scale", "input_scale", "inplace")),
    ),
    "CELU": (
        Operator("onnx", ("Celu",), lambda call: smooth.CELU(call.setting("alpha", 1.0))),
        Operator("torch", ("celu",), lambda call: smooth.CELU(call.number(1, 1.0)), ("input", "alpha", "inplace")),
    ),
    "SELU": (
        Operator(
            "onnx",
            ("Selu",),
            lambda call: smooth.SELU(
                alpha=call.setting("alpha", float(np.float32(SELU_ALPHA))), gamma=call.setting("gamma", float(np.float32(SELU_GAMMA)))
            ),
        ),
        *_plain(smooth.SELU, None, "selu"),
    ),
    "SiLU": (
        Operator("onnx", ("Swish",), lambda call: smooth.SiLU(alpha=call.setting("alpha", 1.0))),
        *_plain(smooth.SiLU, None, "silu"),
    ),
    "GELU": (
        Operator("onnx", ("Gelu",), _onnx_gelu),
        Operator("torch", ("gelu",), lambda call: smooth.GELU(call.value(1, "none")), ("input", "approximate")),
    ),
    "Mish": _plain(smooth.Mish, "Mish", "mish"),
    "Sqrt": _plain(elementary.Sqrt, "Sqrt", "sqrt"),
    "Rsqrt": _plain(elementary.Rsqrt, None, "rsqrt"),
    "Exp": _plain(elementary.Exp, "Exp", "exp"),
    "Log": _plain(elementary.Log, "Log", "log"),
    "Abs": _plain(elementary.Abs, "Abs", "abs", "absolute"),
    "Neg": _plain(elementary.Neg, "Neg", "neg", "negative"),
    "Reciprocal": _plain(elementary.Reciprocal, "Reciprocal", "reciprocal"),
    "Square": _plain(elementary.Square, None, "square"),
    "Floor": _plain(elementary.Floor, "Floor", "floor"),
    "Ceil": _plain(elementary.Ceil, "Ceil", "ceil"),
    "Round": (
        Operator("onnx", ("Round",), lambda call: elementary.Round()),
        Operator("torch", ("round",), lambda call: elementary.Round(), ("input",)),
    ),
    "Sign": _plain(elementary.Sign, "Sign", "sign"),
    "Sin": _plain(elementary.Sin, "Sin", "sin"),
    "Cos": _plain(elementary.Cos, "Cos", "cos"),
}
