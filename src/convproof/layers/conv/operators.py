"""How graph formats write a convolution.

The weight is an argument there, and says how many spatial axes there are. ONNX has all begins of the padding before all ends, and an
``auto_pad`` that depends on the input's size. PyTorch's ``convolution`` is a transposed one too, by its argument: those are not read here.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from convproof.core.attributes import kernel_of, padding_of
from convproof.core.axes import per_axis
from convproof.core.calls import Called, Calls, Input, Own
from convproof.core.errors import NotCoveredError
from convproof.core.operators import Call, Operator, Read, Result, Written
from convproof.core.window import SAME, Window
from convproof.layers.conv.layer import Conv, Conv1d, Conv2d, Conv3d

CONVS: dict[int, type[Conv]] = {1: Conv1d, 2: Conv2d, 3: Conv3d}
TORCH_MODES = {"zeros": "constant"}
PAD_MODES = {"reflect": "reflect", "replicate": "edge", "circular": "wrap"}


def from_onnx(call: Call) -> Read:
    """Conv, of any version"""
    kernel = kernel_of(call, call.shape(1))
    padding = padding_of(call, len(kernel))
    return _read(call, kernel, call.setting("strides", 1), padding, call.setting("dilations", 1), call.setting("group", 1))


def from_function(call: Call) -> Read:
    """conv2d(input, weight, bias, stride, padding, dilation, groups) and its like"""
    return _read(call, call.shape(1)[2:], call.value(3, 1), call.value(4, 0), call.value(5, 1), call.value(6, 1))


def from_convolution(call: Call) -> Read | None:
    """convolution(input, weight, bias, stride, padding, dilation, transposed, output_padding, groups), where it is not transposed"""
    if call.value(6):
        return None
    return _read(call, call.shape(1)[2:], call.value(3), call.value(4), call.value(5), call.value(8))


def _read(call: Call, kernel: Any, stride: Any, padding: Any, dilation: Any, groups: Any) -> Read:
    shape = call.shape(1)
    if len(shape) - 2 not in CONVS:
        raise NotCoveredError("{name} along {axes} spatial axes is not covered: 1 to 3 are", name=call.name, axes=len(shape) - 2)
    (groups,) = per_axis(groups, 1, "groups", 1)
    make = CONVS[len(shape) - 2]
    layer = make(shape[1] * groups, shape[0], kernel, stride, padding, dilation, groups, bias=call.has(2), dtype=call.dtype(1))
    return Read(layer, (0,), {"weight": 1, "bias": 2} if call.has(2) else {"weight": 1})


def written(layer: Conv) -> tuple[Written, ...]:
    """Conv, after a Pad where the padding shows the image itself. Raises NotCoveredError where that depends on the input's size."""
    parameters = ["weight"] if layer.bias is None else ["weight", "bias"]
    settings: dict[str, Any] = {
        "kernel_shape": layer.kernel_size,
        "strides": layer.stride,
        "dilations": layer.dilation,
        "group": layer.groups,
    }
    if layer.padding in SAME:
        if layer.padding_mode != "zeros":
            raise NotCoveredError("{layer}: ONNX has an auto_pad with zeros only; give the padding in numbers", layer=layer.describe())
        return (Written("Conv", (0, *parameters), settings | {"auto_pad": str(layer.padding).upper()}),)
    pads = [*(w.before for w in layer.windows), *(w.after for w in layer.windows)]
    if layer.padding_mode == "zeros" or not any(pads):
        return (Written("Conv", (0, *parameters), settings | {"pads": pads}),)
    amounts, axes = np.array(pads, np.int64), np.arange(2, 2 + layer.axes)
    padded = Written("Pad", (0, amounts, None, axes), {"mode": PAD_MODES[layer.padding_mode]})
    return (padded, Written("Conv", (Result(0), *parameters), settings))


def padded_in_torch(layer: Conv, windows: Sequence[Window]) -> Calls:
    """torch's pad, the last axis first, and its convolution."""
    amounts = [amount for w in reversed(windows) for amount in (w.before, w.after)]
    pad = Called("nn.functional.pad", (Input(), amounts), {"mode": TORCH_MODES.get(layer.padding_mode, layer.padding_mode)})
    settings = {"stride": layer.stride, "dilation": layer.dilation, "groups": layer.groups}
    return Calls(pad, Called(f"nn.functional.conv{layer.axes}d", (Result(0), Own("weight"), Own("bias")), settings))


FUNCTION = ("input", "weight", "bias", "stride", "padding", "dilation", "groups")
ATEN = ("input", "weight", "bias", "stride", "padding", "dilation", "transposed", "output_padding", "groups")
CHOICES = ("benchmark", "deterministic", "cudnn_enabled", "allow_tf32")
OPERATORS = (
    Operator("onnx", ("Conv",), from_onnx),
    Operator("torch", ("conv1d", "conv2d", "conv3d"), from_function, FUNCTION),
    Operator("torch", ("convolution",), from_convolution, ATEN),
    Operator("torch", ("_convolution",), from_convolution, (*ATEN, *CHOICES)),
)
