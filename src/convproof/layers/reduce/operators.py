"""How graph formats write reductions."""

from collections.abc import Callable
from typing import Any

from convproof.core.operators import Call, Operator, Read
from convproof.layers.reduce import kinds
from convproof.layers.reduce.layer import Reduction

Make = Callable[..., Reduction]
DIM = ("input", "dim", "keepdim", "dtype")
ALONG = ("input", "dim", "keepdim", "other")  # one name for the largest along an axis, and for the larger of two


def _from_onnx(make: Make) -> Operator:
    """Axes as an attribute, or as an input since version 18, 13 for a sum."""

    def read(call: Call) -> Reduction:
        axes = call.integers(1) if call.has(1) else call.setting("axes")
        return make(axes, bool(call.setting("keepdims", 1)), bool(call.setting("noop_with_empty_axes", 0)))

    return Operator("onnx", (make.__name__,), read)


def _axes(value: Any) -> Any:
    """No axis at all are all axes."""
    return value if value is None or isinstance(value, int) else tuple(value) or None


def _from_torch(make: Make, *names: str) -> Operator:
    """None for a call that asks for another type than float32, which a network computes in."""

    def read(call: Call) -> Reduction | None:
        plain = str(call.value(3)) in ("None", "torch.float32")
        return make(_axes(call.value(1)), bool(call.value(2, False))) if plain else None

    return Operator("torch", names, read, DIM)


def _extreme(make: Make, name: str) -> Operator:
    """torch.max of one tensor: of all numbers, or along an axis with the places; that of two tensors is another room's."""

    def read(call: Call) -> Read | Reduction | None:
        _, dim, keepdim, other = call.arguments
        if other is not None or not (dim is None or isinstance(dim, int)):
            return None
        return make(keepdims=False) if dim is None else make(dim, bool(keepdim), return_indices=True)

    return Operator("torch", (name,), read, ALONG)


def _norm(order: int) -> Callable[[Call], Reduction | None]:
    """A norm that is a layer here: the root of the sum of squares, or the sum of absolute values."""
    make = {1: kinds.ReduceL1, 2: kinds.ReduceL2}[order]

    def read(call: Call) -> Reduction | None:
        p = call.value(1, 2)
        if p in ((2, "fro", None) if order == 2 else (1,)):
            return make(_axes(call.value(2)), bool(call.value(3, False)))
        return None

    return read


OPERATORS: dict[str, tuple[Operator, ...]] = {
    "ReduceSum": (_from_onnx(kinds.ReduceSum), _from_torch(kinds.ReduceSum, "sum")),
    "ReduceMean": (_from_onnx(kinds.ReduceMean), _from_torch(kinds.ReduceMean, "mean")),
    "ReduceMax": (_from_onnx(kinds.ReduceMax), _from_torch(kinds.ReduceMax, "amax"), _extreme(kinds.ReduceMax, "max")),
    "ReduceMin": (_from_onnx(kinds.ReduceMin), _from_torch(kinds.ReduceMin, "amin"), _extreme(kinds.ReduceMin, "min")),
    "ReduceProd": (_from_onnx(kinds.ReduceProd), _from_torch(kinds.ReduceProd, "prod")),
    "ReduceL1": (_from_onnx(kinds.ReduceL1), Operator("torch", ("norm", "linalg_vector_norm"), _norm(1), ("input", "p", *DIM[1:]))),
    "ReduceL2": (_from_onnx(kinds.ReduceL2), Operator("torch", ("norm", "linalg_vector_norm"), _norm(2), ("input", "p", *DIM[1:]))),
    "ReduceSumSquare": (_from_onnx(kinds.ReduceSumSquare),),
    "ReduceLogSum": (_from_onnx(kinds.ReduceLogSum),),
    "ReduceLogSumExp": (_from_onnx(kinds.ReduceLogSumExp), _from_torch(kinds.ReduceLogSumExp, "logsumexp")),
}
