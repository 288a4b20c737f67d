"""What frameworks call reductions. The traps: which axes are meant when none is named, and whether they are kept."""

from convproof.core.records import Convention, Setting

TORCH = (Setting("axes", "dim", None), Setting("keepdims", "keepdim", False))
ONNX = (Setting("axes", "axes", None), Setting("keepdims", "keepdims", 1), Setting("noop_with_empty_axes", "noop_with_empty_axes", 0))
KERAS = (Setting("axes", "axis", None), Setting("keepdims", "keepdims", False))
OLD = "axes are an attribute before opset 18, for ReduceSum before 13"


def _of(onnx: str, torch: str, keras: str, note: str = "") -> tuple[Convention, ...]:
    return (
        Convention("torch", torch, TORCH, note=note),
        Convention("onnx", onnx, ONNX, note=OLD),
        Convention("keras", keras, KERAS),
    )


CONVENTIONS = {
    "ReduceSum": _of("ReduceSum", "sum", "ops.sum", "integers become int64 there"),
    "ReduceMean": _of("ReduceMean", "mean", "ops.mean"),
    "ReduceMax": _of("ReduceMax", "amax", "ops.max", "max along an axis gives places too; amax shares a gradient among equal ones"),
    "ReduceMin": _of("ReduceMin", "amin", "ops.min", "min along an axis gives places too; amin shares a gradient among equal ones"),
    "ReduceProd": _of("ReduceProd", "prod", "ops.prod", "integers become int64 there"),
    "ReduceL1": _of("ReduceL1", "linalg.vector_norm", "ops.norm", "ord=1"),
    "ReduceL2": _of("ReduceL2", "linalg.vector_norm", "ops.norm"),
    "ReduceSumSquare": _of("ReduceSumSquare", "sum", "ops.sum", "of the squares"),
    "ReduceLogSum": _of("ReduceLogSum", "log", "ops.log", "of the sum"),
    "ReduceLogSumExp": _of("ReduceLogSumExp", "logsumexp", "ops.logsumexp"),
}
