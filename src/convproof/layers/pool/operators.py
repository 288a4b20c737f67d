"""How graph formats write poolings: ONNX's operators of every version, PyTorch's functions, and what torch.export leaves of them."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from convproof.core.layer import Layer
from convproof.core.operators import Call, Operator
from convproof.layers.pool.average import (
    AdaptiveAvgPool1d,
    AdaptiveAvgPool2d,
    AdaptiveAvgPool3d,
    AvgPool1d,
    AvgPool2d,
    AvgPool3d,
    GlobalAveragePool,
)
from convproof.layers.pool.maximum import (
    AdaptiveMaxPool1d,
    AdaptiveMaxPool2d,
    AdaptiveMaxPool3d,
    GlobalMaxPool,
    MaxPool,
    MaxPool1d,
    MaxPool2d,
    MaxPool3d,
)
from convproof.layers.pool.norm import GlobalLpPool, LPPool, LPPool1d, LPPool2d, LPPool3d
from convproof.layers.pool.writing import read_windows

MAX: dict[int, type[MaxPool]] = {1: MaxPool1d, 2: MaxPool2d, 3: MaxPool3d}
AVERAGE: dict[int, Callable[..., Layer]] = {1: AvgPool1d, 2: AvgPool2d, 3: AvgPool3d}
NORM: dict[int, type[LPPool]] = {1: LPPool1d, 2: LPPool2d, 3: LPPool3d}
ADAPTIVE_MAX = {1: AdaptiveMaxPool1d, 2: AdaptiveMaxPool2d, 3: AdaptiveMaxPool3d}
ADAPTIVE_AVERAGE = {1: AdaptiveAvgPool1d, 2: AdaptiveAvgPool2d, 3: AdaptiveAvgPool3d}


def onnx_max(call: Call) -> Layer:
    """MaxPool; its Indices, a second output since opset 8, count through the whole array."""
    windows = read_windows(call)
    indices = {"return_indices": True, "indices_in": "array", "storage_order": call.setting("storage_order", 0)} if call.outputs > 1 else {}
    return MAX[len(windows["kernel_size"])](**windows, **indices)


def onnx_average(call: Call) -> Layer:
    """AveragePool; padding does not count unless count_include_pad says so (since opset 7)."""
    windows = read_windows(call)
    return AVERAGE[len(windows["kernel_size"])](**windows, count_include_pad=bool(call.setting("count_include_pad", 0)))


def onnx_norm(call: Call) -> Layer:
    """LpPool: powers of abs(x); p was a float in opset 1."""
    windows = read_windows(call)
    return NORM[len(windows["kernel_size"])](call.setting("p", 2), **windows, absolute=True, scale_clipped=False)


def torch_max(axes: int, indices: bool) -> Any:
    """max_pool2d and the like; the function that is called ..._with_indices always gives them."""

    def read(call: Call) -> Layer:
        kernel, stride, padding, dilation = (sizes(call, k) for k in (1, 2, 3, 4))
        plain = {"padding": padding, "dilation": dilation}
        given = {name: value for name, value in plain.items() if value is not None}
        wanted = indices or bool(call.value(6, False))
        return MAX[axes](kernel, stride, **given, return_indices=wanted, ceil_mode=bool(call.value(5, False)))

    return read


def torch_average(axes: int) -> Any:
    """avg_pool2d and the like; one axis has no divisor_override."""

    def read(call: Call) -> Layer:
        padding = sizes(call, 3)
        divisor = {} if axes == 1 else {"divisor_override": call.number(6)}
        ceil, count = bool(call.value(4, False)), bool(call.value(5, True))
        return AVERAGE[axes](sizes(call, 1), sizes(call, 2), 0 if padding is None else padding, ceil, count, **divisor)

    return read


def torch_norm(axes: int) -> Any:
    """lp_pool2d and the like."""
    return lambda call: NORM[axes](call.number(1), sizes(call, 2), sizes(call, 3), bool(call.value(4, False)))


def torch_adaptive_max(axes: int, indices: bool) -> Any:
    """adaptive_max_pool2d and the like.

    torch.nn.functional's function always says whether it wants indices; torch's own and ATen's cannot say it, and always give them.
    """
    return lambda call: ADAPTIVE_MAX[axes](sizes(call, 1), indices or bool(call.value(2, True)))


def torch_adaptive_average(axes: int) -> Any:
    """adaptive_avg_pool2d and the like."""
    return lambda call: ADAPTIVE_AVERAGE[axes](sizes(call, 1))


def sizes(call: Call, k: int) -> Any:
    """Argument ``k``, one number or one for each axis (or None), in plain numbers; None where it is absent or empty. Raises NotKnownYet."""
    value = call.value(k)
    value = value.tolist() if isinstance(value, np.ndarray) else value  # sizes that the graph computed
    if value is None or (isinstance(value, Sequence) and not len(value)):
        return None
    return tuple(None if v is None else int(v) for v in value) if isinstance(value, Sequence) else int(value)


WINDOWS = ("input", "kernel_size", "stride", "padding")
OPERATORS = (
    Operator("onnx", ("MaxPool",), onnx_max),
    Operator("onnx", ("AveragePool",), onnx_average),
    Operator("onnx", ("LpPool",), onnx_norm),
    Operator("onnx", ("GlobalMaxPool",), lambda call: GlobalMaxPool()),
    Operator("onnx", ("GlobalAveragePool",), lambda call: GlobalAveragePool()),
    Operator("onnx", ("GlobalLpPool",), lambda call: GlobalLpPool(call.setting("p", 2))),
    *(
        operator
        for n in (1, 2, 3)
        for operator in (
            Operator("torch", (f"max_pool{n}d",), torch_max(n, False), (*WINDOWS, "dilation", "ceil_mode", "return_indices")),
            Operator("torch", (f"max_pool{n}d_with_indices",), torch_max(n, True), (*WINDOWS, "dilation", "ceil_mode", "return_indices")),
            Operator(
                "torch",
                (f"avg_pool{n}d",),
                torch_average(n),
                (*WINDOWS, "ceil_mode", "count_include_pad", "divisor_override")[: 7 if n > 1 else 6],
            ),
            Operator("torch", (f"lp_pool{n}d",), torch_norm(n), ("input", "norm_type", "kernel_size", "stride", "ceil_mode")),
            Operator("torch", (f"adaptive_max_pool{n}d",), torch_adaptive_max(n, False), ("input", "output_size", "return_indices")),
            Operator(
                "torch", (f"adaptive_max_pool{n}d_with_indices",), torch_adaptive_max(n, True), ("input", "output_size", "return_indices")
            ),
            Operator("torch", (f"adaptive_avg_pool{n}d", f"_adaptive_avg_pool{n}d"), torch_adaptive_average(n), ("input", "output_size")),
        )
    ),
)
