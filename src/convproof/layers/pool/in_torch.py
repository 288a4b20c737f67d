"""How PyTorch says poolings that torch.nn has not, or not with these settings.

A padding of different sides is put round the input first, as far as the last window reaches. Sums that torch's poolings cannot make (with
dilation, of powers) are convolutions with ones, a channel at a time.
"""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from convproof.core.calls import Called, Calls, Input
from convproof.core.errors import NotCoveredError
from convproof.core.operators import Result
from convproof.core.shapes import Shape
from convproof.core.window import Window

if TYPE_CHECKING:
    from convproof.layers.pool.average import AvgPool
    from convproof.layers.pool.base import Sliding
    from convproof.layers.pool.maximum import MaxPool
    from convproof.layers.pool.norm import LPPool


def is_torchs(layer: "Sliding") -> bool:
    """Whether torch has such a padding: one number for both sides of an axis."""
    return not isinstance(layer.padding, str) and not (isinstance(layer.padding, Sequence) and isinstance(layer.padding[0], Sequence))


def padded(windows: Sequence[Window], sizes: Shape, x: Any, value: float) -> Called:
    """``x`` with as much round it as its windows read."""
    amounts = []
    for window, size in zip(reversed(windows), reversed(sizes), strict=True):
        read = (window.outputs(size) - 1) * window.stride + window.extent
        amounts += [window.before, read - size - window.before]
    return Called("nn.functional.pad", (x, amounts), {"value": value})


def summed(windows: Sequence[Window], channels: int, x: Any) -> Called:
    """The sums of windows of every channel by itself."""
    ones = np.ones((channels, 1, *(w.kernel for w in windows)))
    settings = {"stride": [w.stride for w in windows], "dilation": [w.dilation for w in windows], "groups": channels}
    return Called(f"nn.functional.conv{len(windows)}d", (x, ones), settings)


def maximum(layer: "MaxPool", shape: Shape) -> Calls | None:
    """With a padding of minus infinity, or with indices that count through all planes."""
    by_columns = bool(layer.storage_order) and layer.return_indices
    if layer.return_indices and (not is_torchs(layer) or (by_columns and layer.axes != 2)):
        raise NotCoveredError("{layer}: PyTorch counts indices row by row, with the same padding on both sides", layer=layer.describe())
    sizes, name = shape[-layer.axes :], f"nn.functional.max_pool{layer.axes}d"
    settings: dict[str, Any] = {"kernel_size": layer.kernel_size, "stride": layer.stride, "dilation": layer.dilation}
    if not is_torchs(layer):
        return Calls(padded(layer.sides(sizes), sizes, Input(), -math.inf), Called(name, (Result(0),), settings))
    if layer.indices_in == "plane" and not layer.storage_order:
        return None
    settings |= {"padding": layer.padding, "ceil_mode": layer.ceil_mode, "return_indices": True}
    planes = np.arange(math.prod(shape[: -layer.axes])).reshape(*shape[: -layer.axes], *(1,) * layer.axes)
    calls = [Called(name, (Input(),), settings), Called("clone", (Result(0, 1),))]
    if by_columns:
        row, column = Called("div", (Result(1), sizes[-1]), {"rounding_mode": "floor"}), Called("remainder", (Result(1), sizes[-1]))
        calls += [row, column, Called("mul", (Result(3), sizes[-2])), Called("add", (Result(2), Result(4)))]
    before = planes * math.prod(sizes) * (layer.indices_in == "array")
    outputs = (Result(0), Result(len(calls))) if layer.return_indices else (Result(0),)
    return Calls(*calls, Called("add", (Result(len(calls) - 1), before)), outputs=outputs)


def average(layer: "AvgPool", shape: Shape) -> Calls | None:
    """With a padding of zeros, as sums divided by the window's size, by the cells in it that are no padding, or by one's own divisor."""
    if is_torchs(layer) and all(w.dilation == 1 for w in layer.windows):
        return None
    if layer.ceil_mode and layer.count_include_pad and layer.divisor_override is None:
        raise NotCoveredError("{layer}: PyTorch has no windows of such a padding that ceil_mode clips", layer=layer.describe())
    sizes, channels = shape[-layer.axes :], shape[-layer.axes - 1]
    windows = layer.sides(sizes)
    calls = [padded(windows, sizes, Input(), 0.0), summed(windows, channels, Result(0))]
    if layer.count_include_pad or layer.divisor_override is not None:
        divisor: Any = layer.divisor_override or math.prod(w.kernel for w in windows)
    else:
        calls += [Called("ones_like"), padded(windows, sizes, Result(2), 0.0), summed(windows, channels, Result(3))]
        divisor = Result(4)
    return Calls(*calls, Called("div", (Result(1), divisor)))


def power(layer: "LPPool", shape: Shape) -> Calls | None:
    """Powers, their sums, and a root."""
    scaled = layer.scale_clipped or not layer.ceil_mode
    if is_torchs(layer) and not any(w.before or w.dilation > 1 for w in layer.windows) and not layer.absolute and scaled:
        return None
    P, sizes = layer.norm.P, shape[-layer.axes :]
    if math.isinf(P) or (layer.ceil_mode and layer.scale_clipped):
        raise NotCoveredError(
            "{layer}: PyTorch has no such norm of padded windows, or of windows that ceil_mode clips", layer=layer.describe()
        )
    windows = layer.sides(sizes)
    return Calls(
        Called("abs" if layer.absolute else "clone"),
        Called("pow", (Result(0), P)),
        padded(windows, sizes, Result(1), 0.0),
        summed(windows, shape[-layer.axes - 1], Result(2)),
        Called("pow", (Result(3), 1 / P)),
    )


def whole(name: str, shape: Shape, **settings: Any) -> Calls:
    """A function along all spatial axes, which are kept at length 1."""
    return Calls(Called(name, (Input(),), {"dim": tuple(range(2, len(shape))), "keepdim": True} | settings))
