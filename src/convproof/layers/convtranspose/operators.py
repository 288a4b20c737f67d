"""How graph formats write a transposed convolution.

The weight is an argument there, and says how many spatial axes there are. ONNX can say how large the output is; pads are then left unread,
and the odd cell is cut off before the image unless ``auto_pad`` says SAME_UPPER. PyTorch's ``convolution`` is transposed by its argument.
"""

from collections.abc import Sequence
from typing import Any

from convproof.core.attributes import kernel_of, padding_of
from convproof.core.axes import per_axis
from convproof.core.calls import Called, Calls, Input, Own
from convproof.core.errors import NotCoveredError
from convproof.core.operators import Call, Operator, Read, Result, Written
from convproof.core.window import SAME
from convproof.layers.convtranspose.geometry import Side
from convproof.layers.convtranspose.layer import ConvTranspose, ConvTranspose1d, ConvTranspose2d, ConvTranspose3d

CONVS: dict[int, type[ConvTranspose]] = {1: ConvTranspose1d, 2: ConvTranspose2d, 3: ConvTranspose3d}


def from_onnx(call: Call) -> Read:
    """ConvTranspose, of any version. ``output_shape`` may have N and O in front."""
    kernel = kernel_of(call, call.shape(1))
    padding, outputs = padding_of(call, len(kernel)), call.setting("output_shape")
    if isinstance(outputs, tuple):
        padding, outputs = padding if padding == "same_upper" else "same_lower", outputs[-len(kernel) :]
    more, groups = call.setting("output_padding", 0), call.setting("group", 1)
    return _read(call, kernel, call.setting("strides", 1), padding, more, groups, call.setting("dilations", 1), outputs)


def from_function(call: Call) -> Read:
    """conv_transpose2d(input, weight, bias, stride, padding, output_padding, groups, dilation) and its like"""
    return _read(call, call.shape(1)[2:], call.value(3, 1), call.value(4, 0), call.value(5, 0), call.value(6, 1), call.value(7, 1))


def from_convolution(call: Call) -> Read | None:
    """convolution(input, weight, bias, stride, padding, dilation, transposed, output_padding, groups), where it is transposed"""
    if not call.value(6):
        return None
    return _read(call, call.shape(1)[2:], call.value(3), call.value(4), call.value(7), call.value(8), call.value(5))


def _read(
    call: Call, kernel: Any, stride: Any, padding: Any, output_padding: Any, groups: Any, dilation: Any, output_shape: Any = None
) -> Read:
    shape = call.shape(1)
    if len(shape) - 2 not in CONVS:
        raise NotCoveredError("{name} along {axes} spatial axes is not covered: 1 to 3 are", name=call.name, axes=len(shape) - 2)
    (groups,) = per_axis(groups, 1, "groups", 1)
    layer = CONVS[len(shape) - 2](
        shape[0],
        shape[1] * groups,
        kernel,
        stride,
        padding,
        output_padding,
        groups,
        bias=call.has(2),
        dilation=dilation,
        dtype=call.dtype(1),
        output_shape=output_shape,
    )
    return Read(layer, (0,), {"weight": 1, "bias": 2} if call.has(2) else {"weight": 1})


def written(layer: ConvTranspose) -> Written:
    """ConvTranspose"""
    settings: dict[str, Any] = {
        "kernel_shape": layer.kernel_size,
        "strides": layer.stride,
        "output_padding": layer.output_padding,
        "dilations": layer.dilation,
        "group": layer.groups,
    }
    if layer.padding in SAME:
        settings |= {"auto_pad": str(layer.padding).upper(), "output_shape": layer.output_shape}
    else:
        settings["pads"] = [*(w.before for w in layer.windows), *(w.after for w in layer.windows)]
    return Written("ConvTranspose", (0, "weight") if layer.bias is None else (0, "weight", "bias"), settings)


def cut_in_torch(layer: ConvTranspose, sides: Sequence[Side]) -> Calls:
    """torch's transposed convolution without padding, and the part of it that is kept."""
    longer = [side.full - (side.inputs - 1) * side.window.stride - side.window.extent for side in sides]
    settings = {"stride": layer.stride, "output_padding": longer, "groups": layer.groups, "dilation": layer.dilation}
    whole = Called(f"nn.functional.conv_transpose{layer.axes}d", (Input(), Own("weight"), Own("bias")), settings)
    return Calls(whole, Called("Tensor.__getitem__", (Result(0), (Ellipsis, *(side.kept for side in sides)))))


FUNCTION = ("input", "weight", "bias", "stride", "padding", "output_padding", "groups", "dilation")
ATEN = ("input", "weight", "bias", "stride", "padding", "dilation", "transposed", "output_padding", "groups")
CHOICES = ("benchmark", "deterministic", "cudnn_enabled", "allow_tf32")
OPERATORS = (
    Operator("onnx", ("ConvTranspose",), from_onnx),
    Operator("torch", ("conv_transpose1d", "conv_transpose2d", "conv_transpose3d"), from_function, FUNCTION),
    Operator("torch", ("convolution",), from_convolution, ATEN),
    Operator("torch", ("_convolution",), from_convolution, (*ATEN, *CHOICES)),
)
