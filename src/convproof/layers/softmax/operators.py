"""How graph formats write softmax layers."""

from collections.abc import Callable

from convproof.core.errors import NotCoveredError
from convproof.core.operators import Call, Operator, Result, Written
from convproof.layers.softmax.layer import LogSoftmax, Shares, Softmax, Softmin

SIGNATURE = ("input", "dim", "_stacklevel", "dtype")


def _from_onnx(make: Callable[..., Shares]) -> Callable[[Call], Shares]:
    """Before version 13 the axis is 1 by default, and all from there on count as one."""

    def read(call: Call) -> Shares:
        if call.version >= 13:
            return make(call.setting("axis", -1))
        return make(call.setting("axis", 1), flatten=True)

    return read


def _from_torch(make: Callable[..., Shares]) -> Callable[[Call], Shares | None]:
    """None for a call that asks for another type than float32, which a network computes in."""
    return lambda call: make(call.value(1)) if str(call.value(3)) in ("None", "torch.float32") else None


def _from_aten(make: Callable[..., Shares]) -> Callable[[Call], Shares | None]:
    """None for a call that turns half precision into float32."""
    return lambda call: None if call.value(2, False) else make(call.number(1))


def written(layer: Shares) -> tuple[Written, ...]:
    """One node, with the sign changed before it where that is needed.

    All axes from one on become a single one, and are laid out again as the input's shape says. Raises NotCoveredError for dim=None, an axis
    that depends on the input.
    """
    if layer.dim is None:
        raise NotCoveredError("{layer} cannot be written as ONNX: name its axis, dim", layer=layer.describe())
    if layer.flatten:
        rows = (Written("Flatten", (0,), {"axis": layer.dim}), Written(layer.onnx, (Result(0),), {"axis": -1}))
        return (*rows, Written("Shape"), Written("Reshape", (Result(1), Result(2)), {"allowzero": 1}))
    if layer.sign < 0:
        return (Written("Neg"), Written(layer.onnx, (Result(0),), {"axis": layer.dim}))
    return (Written(layer.onnx, (0,), {"axis": layer.dim}),)


OPERATORS: dict[str, tuple[Operator, ...]] = {
    "Softmax": (
        Operator("onnx", ("Softmax",), _from_onnx(Softmax)),
        Operator("torch", ("softmax",), _from_torch(Softmax), SIGNATURE),
        Operator("torch", ("_softmax",), _from_aten(Softmax), ("input", "dim", "half_to_float")),
    ),
    "LogSoftmax": (
        Operator("onnx", ("LogSoftmax",), _from_onnx(LogSoftmax)),
        Operator("torch", ("log_softmax",), _from_torch(LogSoftmax), SIGNATURE),
        Operator("torch", ("_log_softmax",), _from_aten(LogSoftmax), ("input", "dim", "half_to_float")),
    ),
    "Softmin": (Operator("torch", ("softmin",), _from_torch(Softmin), SIGNATURE),),
}
