"""How graph formats write layers of several inputs."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from convproof.core.operators import Call, Operator, Read
from convproof.core.shapes import Array
from convproof.layers.binary.base import Combination
from convproof.layers.binary.further import Max, Mean, Min, Pow
from convproof.layers.binary.layer import Add, Div, Mul, Sub

Make = Callable[..., Combination]


def from_onnx(make: Make, call: Call) -> Read:
    """All arguments are inputs; one that the file knows, beside others that it does not, belongs to the layer."""
    count = len(call.arguments)
    known = [k for k in range(count) if call.known(k)]
    settings: dict[str, Any] = {}
    if call.version < 7 and call.setting("broadcast", 0) and call.setting("axis") is not None:
        settings["axis"] = call.setting("axis")
    if len(known) == 1 and count > 1:
        settings |= _held(make, call.array(known[0])) | {"side": known[0]}
    else:
        known = []
    return Read(make(**settings), tuple(k for k in range(count) if k not in known))


def _held(make: Make, value: Array) -> dict[str, Any]:
    """A single float as a plain number, which is seen at once; as an exponent only a whole one, since integers to a power stay integers."""
    if value.ndim or value.dtype.name not in ("float32", "float64") or (make is Pow and not value.item().is_integer()):
        return {"operand": value}
    return {"constant": int(value) if make is Pow else value.item()}


def from_torch(make: Make, call: Call, **settings: Any) -> Read | None:
    """Of two operands one may be a plain number, or an array that the module holds. None for a call that is none of two."""
    fixed = [k for k in (0, 1) if call.known(k)]
    if not (call.has(0) and call.has(1)):
        return None
    if len(fixed) != 1:
        return Read(make(**settings), (0, 1))
    (k,) = fixed
    value = call.value(k)
    held = {"operand": value} if isinstance(value, np.ndarray) else {"constant": value}
    return Read(make(**held, side=k, **settings), (1 - k,))


def _linear(make: Make, call: Call) -> Read | None:
    return from_torch(make, call, alpha=call.number(2, 1))


def _reversed(call: Call) -> Read | None:
    """other - alpha * input"""
    found = from_torch(Sub, Call(call.name, (call.arguments[1], call.arguments[0])), alpha=call.number(2, 1))
    return None if found is None else Read(found.layer, tuple({0: 1, 1: 0}[k] for k in found.inputs if isinstance(k, int)))


def _division(call: Call) -> Read | None:
    return from_torch(Div, call, rounding_mode=call.value(2))


def _of_two(make: Make, call: Call) -> Read | None:
    """torch.max and torch.min of two arrays; those along an axis are another room's."""
    k = 1 if call.arguments[3] is None else 3
    second = call.arguments[k]
    if isinstance(second, int | float):
        return None
    found = from_torch(make, Call(call.name, (call.arguments[0], second)))
    return None if found is None else Read(found.layer, tuple(k if place else 0 for place in found.inputs))


def _onnx(make: Make, *names: str) -> Operator:
    return Operator("onnx", names, partial(from_onnx, make))


def _torch(make: Make, *names: str, signature: tuple[str, ...] = ("input", "other"), **settings: Any) -> Operator:
    return Operator("torch", names, lambda call: from_torch(make, call, **settings), signature)


ALPHA = ("input", "other", "alpha")
ALONG = ("input", "dim", "keepdim", "other")  # one name for the largest along an axis, and for the larger of two

OPERATORS: dict[str, tuple[Operator, ...]] = {
    "Add": (_onnx(Add, "Add", "Sum"), Operator("torch", ("add", "iadd"), partial(_linear, Add), ALPHA)),
    "Sub": (
        _onnx(Sub, "Sub"),
        Operator("torch", ("sub", "subtract", "isub"), partial(_linear, Sub), ALPHA),
        Operator("torch", ("rsub",), _reversed, ALPHA),
    ),
    "Mul": (_onnx(Mul, "Mul"), _torch(Mul, "mul", "multiply", "imul")),
    "Div": (
        _onnx(Div, "Div"),
        Operator("torch", ("div", "divide"), _division, ("input", "other", "rounding_mode")),
        _torch(Div, "true_divide", "truediv", "itruediv"),
        _torch(Div, "floor_divide", "floordiv", "ifloordiv", rounding_mode="floor"),
    ),
    "Max": (_onnx(Max, "Max"), _torch(Max, "maximum"), Operator("torch", ("max",), partial(_of_two, Max), ALONG)),
    "Min": (_onnx(Min, "Min"), _torch(Min, "minimum"), Operator("torch", ("min",), partial(_of_two, Min), ALONG)),
    "Pow": (_onnx(Pow, "Pow"), _torch(Pow, "pow", "ipow", signature=("input", "exponent"))),
    "Mean": (_onnx(Mean, "Mean"),),
}
