"""Windows as ONNX's attributes, and back."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from convproof.core.errors import GraphError
from convproof.core.operators import Call, Result, Written
from convproof.core.shapes import Sizes

if TYPE_CHECKING:
    from convproof.layers.pool.base import Sliding


def written_windows(layer: "Sliding") -> dict[str, Any]:
    """kernel_shape, strides, pads or auto_pad, dilations, ceil_mode; the last two where they are not the default."""
    found: dict[str, Any] = {"kernel_shape": [w.kernel for w in layer.windows], "strides": [w.stride for w in layer.windows]}
    if isinstance(layer.padding, str):
        found["auto_pad"] = layer.padding.upper()
    else:
        found["pads"] = [w.before for w in layer.windows] + [w.after for w in layer.windows]
    if any(w.dilation != 1 for w in layer.windows):
        found["dilations"] = [w.dilation for w in layer.windows]
    return found | ({"ceil_mode": 1} if layer.ceil_mode else {})


def even_windows(counts: Sequence[int | None], shape: Sizes) -> dict[str, Any] | None:
    """The same attributes for windows that share an input out into ``counts``; None where it is not known to be shared out evenly."""
    sizes = (None,) * len(counts) if shape is None else shape[-len(counts) :]
    kernels = [
        1 if count is None else size and count and (size // count if size % count == 0 else 0)
        for size, count in zip(sizes, counts, strict=True)
    ]
    return {"kernel_shape": kernels, "strides": kernels} if all(kernels) else None


def with_indices_of_a_plane(windows: dict[str, Any], axes: int) -> tuple[Written, ...]:
    """MaxPool with its second output, which counts through the whole array, taken modulo the cells of one plane."""
    return (
        Written("MaxPool", (0,), windows, 2, gives=(0, None)),
        Written("Shape", (0,), {"start": -axes}),
        Written("ReduceProd", (Result(1),), {"keepdims": 0}),
        Written("Mod", (Result(0, 1), Result(2)), gives=(1,)),
    )


def read_windows(call: Call) -> dict[str, Any]:
    """The same attributes as arguments of a layer: kernel_size, stride, padding, dilation, ceil_mode. Raises GraphError.

    The rule for sizes is torch's, also in ``ceil_mode``: a last window that starts in the padding after the input is left out. ONNX says so
    since opset 22; before, its text keeps the window, but exporters and ONNX Runtime leave it out in every version. With auto_pad VALID,
    ceil_mode rounds up as well, as ONNX's shape inference and ONNX Runtime do, though the text's formula rounds down.
    """
    kernel = call.setting("kernel_shape")
    if kernel is None or len(kernel) not in (1, 2, 3):
        raise GraphError(
            "{name}: kernel_shape={kernel} should list 1, 2 or 3 sizes, one for each spatial axis", name=call.name, kernel=kernel
        )
    ones = (1,) * len(kernel)
    return {
        "kernel_size": tuple(kernel),
        "stride": tuple(call.setting("strides") or ones),
        "padding": _padding(call, kernel),
        "dilation": tuple(call.setting("dilations") or ones),
        "ceil_mode": bool(call.setting("ceil_mode", 0)),
    }


def _padding(call: Call, kernel: Sequence[int]) -> Any:
    auto = str(call.setting("auto_pad", "NOTSET")).lower()
    if auto in ("same_upper", "same_lower"):
        return auto
    axes = len(kernel)
    pads = call.setting("pads") if auto != "valid" else None
    pads = pads or (0,) * (2 * axes)
    if len(pads) != 2 * axes or min(pads) < 0:
        raise GraphError(
            "{name}: pads={pads} should be {count} numbers that are not negative: all begins, then all ends",
            name=call.name,
            pads=pads,
            count=2 * axes,
        )
    before, after = tuple(pads[:axes]), tuple(pads[axes:])
    if before == after and all(2 * p <= k for p, k in zip(before, kernel, strict=True)):
        return before
    return tuple(zip(before, after, strict=True))
