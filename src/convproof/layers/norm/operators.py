"""How graph formats write these normalisations.

ONNX's attributes are float32. PyTorch's native functions give the mean and 1 / sqrt(var + eps) back too.
"""

from typing import Any

import numpy as np

from convproof.core.errors import GraphError
from convproof.core.layer import Layer
from convproof.core.operators import FOLLOWS_MODULE, Call, Operator, Read
from convproof.core.shapes import Shape
from convproof.layers.norm.group import GroupNorm
from convproof.layers.norm.layer import InstanceNorm
from convproof.layers.norm.layernorm import LayerNorm
from convproof.layers.norm.local import LocalResponseNorm
from convproof.layers.norm.rms import RMSNorm

EPS, ALPHA = float(np.float32(1e-5)), float(np.float32(1e-4))


def with_parameters(layer: Layer, call: Call, places: dict[str, int]) -> Read:
    """The layer with the arrays of the call, each in its own precision, and in its own shape where it broadcasts to a row."""
    present = {name: k for name, k in places.items() if call.has(k)}
    row = getattr(layer, "normalized_shape", None)
    for name, k in present.items():
        shape = call.shape(k) if row is not None and broadcasts(call.shape(k), row) else layer.arrays[name].shape
        layer.declare(name, shape, np.float64 if call.dtype(k) == np.float64 else None)
        layer.arrays[name] += 1 if name in ("weight", "running_var") else 0
    return Read(layer, (0,), present)


def size_of(call: Call, k: int, axis: int) -> int:
    """The length of an axis of an argument. Raises NotKnownYet, and GraphError where it has no such axis."""
    shape = call.shape(k)
    if axis >= len(shape):
        raise GraphError("{name}: input {k} has shape {shape}, and should have an axis {axis}", name=call.name, k=k, shape=shape, axis=axis)
    return shape[axis]


def broadcasts(shape: Shape, row: Shape) -> bool:
    """Whether an array of this shape fills a row; one that does not is refused where it is set."""
    return len(shape) <= len(row) and all(n in (1, size) for n, size in zip(reversed(shape), reversed(row), strict=False))


# instance


def instance_onnx(call: Call) -> Read:
    """InstanceNormalization(input, scale, B)"""
    layer = InstanceNorm(size_of(call, 1, 0), call.setting("epsilon", EPS), affine=True)
    return with_parameters(layer, call, {"weight": 1, "bias": 2})


def instance_torch(call: Call) -> Read:
    """instance_norm(input, running_mean, running_var, weight, bias, use_input_stats, momentum, eps); torch.instance_norm: weight first"""
    order = ("weight", "bias", "running_mean", "running_var") if call.has(8) else ("running_mean", "running_var", "weight", "bias")
    places = {name: k for k, name in enumerate(order, start=1) if call.has(k)}
    of_input, tracked = call.value(5, True), "running_mean" in places
    fixed = None if of_input is FOLLOWS_MODULE or not tracked else "instance" if of_input else "running"
    channels = next((size_of(call, k, 0) for k in places.values()), None)
    affine, bias = "weight" in places or "bias" in places, "bias" in places
    momentum, eps = call.value(6, 0.1), call.value(7, 1e-5)
    layer = InstanceNorm(channels, eps, momentum, affine, tracked, bias=bias, statistics_of=fixed)
    return with_parameters(layer, call, places)


# group


def group_onnx(call: Call) -> Read:
    """GroupNormalization(X, scale, bias): one scale for each channel; before version 21 for each group."""
    groups = int(call.setting("num_groups", 0))
    per_group = call.version < 21
    channels = size_of(call, 0, 1) if per_group else size_of(call, 1, 0)
    layer = GroupNorm(groups, channels, call.setting("epsilon", EPS), per_group=per_group)
    return with_parameters(layer, call, {"weight": 1, "bias": 2})


def group_torch(call: Call) -> Read:
    """group_norm(input, num_groups, weight, bias, eps)"""
    return _group(call, int(call.value(1)), {"weight": 2, "bias": 3}, call.value(4, 1e-5), None, False)


def group_native(call: Call) -> Read:
    """native_group_norm(input, weight, bias, N, C, HxW, group, eps)"""
    return _group(call, int(call.value(6)), {"weight": 1, "bias": 2}, call.value(7, 1e-5), call.value(4), True)


def _group(call: Call, groups: int, places: dict[str, int], eps: float, channels: Any, statistics: bool) -> Read:
    if channels is None:
        channels = next((size_of(call, k, 0) for k in places.values() if call.has(k)), None)
    if channels is None:
        channels = size_of(call, 0, 1)
    bias = call.has(places["bias"])
    affine = bias or call.has(places["weight"])
    return with_parameters(GroupNorm(groups, int(channels), eps, affine, bias=bias, statistics=statistics), call, places)


# layer and root mean square


def row_onnx(call: Call) -> Shape:
    """The sizes of the last axes from ``axis`` on: those of scale, unless it may be one that broadcasts; then those of x."""
    axis, scale = int(call.setting("axis", -1)), call.shape(1)
    if axis < 0 and len(scale) == -axis and 1 not in scale:
        return scale
    return call.shape(0)[axis:]


def layer_onnx(call: Call) -> Read:
    """LayerNormalization(X, Scale, B)"""
    layer = LayerNorm(row_onnx(call), call.setting("epsilon", EPS), bias=call.has(2), statistics=call.outputs > 1)
    return with_parameters(layer, call, {"weight": 1, "bias": 2})


def rms_onnx(call: Call) -> Read:
    """RMSNormalization(X, scale)"""
    return with_parameters(RMSNorm(row_onnx(call), call.setting("epsilon", EPS)), call, {"weight": 1})


def layer_torch(call: Call) -> Read:
    """layer_norm(input, normalized_shape, weight, bias, eps), native or not"""
    affine, bias = call.has(2) or call.has(3), call.has(3)
    native = call.name == "native_layer_norm"
    layer = LayerNorm(tuple(call.value(1)), call.value(4, 1e-5), affine, bias, statistics=native)
    return with_parameters(layer, call, {"weight": 2, "bias": 3})


def rms_torch(call: Call) -> Read:
    """rms_norm(input, normalized_shape, weight, eps), fused or not"""
    fused, dtype = call.name == "_fused_rms_norm", call.dtype(0)  # the format that eps=None is taken from
    layer = RMSNorm(tuple(call.value(1)), call.value(3), call.has(2), dtype=dtype, statistics=fused)
    return with_parameters(layer, call, {"weight": 2})


# across channels


def local_onnx(call: Call) -> Layer:
    """LRN: of an even size the longer half lies after the cell."""
    named = {"alpha": call.setting("alpha", ALPHA), "beta": call.setting("beta", 0.75), "k": call.setting("bias", 1.0)}
    size = int(call.setting("size", 0))
    return LocalResponseNorm(size, **named, longer="before" if size % 2 else "after")


def local_torch(call: Call) -> Layer:
    """local_response_norm(input, size, alpha, beta, k)"""
    return LocalResponseNorm(int(call.value(1)), call.value(2, 1e-4), call.value(3, 0.75), call.value(4, 1.0))


LAST = ("input", "normalized_shape", "weight", "bias", "eps")
OPERATORS = (
    Operator("onnx", ("InstanceNormalization",), instance_onnx),
    Operator("onnx", ("GroupNormalization",), group_onnx),
    Operator("onnx", ("LayerNormalization",), layer_onnx),
    Operator("onnx", ("RMSNormalization",), rms_onnx),
    Operator("onnx", ("LRN",), local_onnx),
    Operator(
        "torch",
        ("instance_norm",),
        instance_torch,
        ("input", "running_mean", "running_var", "weight", "bias", "use_input_stats", "momentum", "eps", "ninth", "cudnn_enabled"),
    ),
    Operator("torch", ("group_norm",), group_torch, ("input", "num_groups", "weight", "bias", "eps", "cudnn_enabled")),
    Operator("torch", ("native_group_norm",), group_native, ("input", "weight", "bias", "N", "C", "HxW", "group", "eps")),
    Operator("torch", ("layer_norm", "native_layer_norm"), layer_torch, (*LAST, "cudnn_enable")),
    Operator("torch", ("rms_norm", "_fused_rms_norm"), rms_torch, ("input", "normalized_shape", "weight", "eps")),
    Operator("torch", ("local_response_norm",), local_torch, ("input", "size", "alpha", "beta", "k")),
)
