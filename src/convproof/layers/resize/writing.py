"""Upsample as ONNX's Resize.

ONNX needs one number for each axis. A single scale_factor whose mode says nothing of how many axes there are is written for images,
(N, C, H, W), where that is not known of the input, in a form that fails for all others. Where torch works the sizes out from a scale and
the coordinates from the sizes, so is it written, with nodes that do so where the input's sizes are open.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from convproof.core.errors import NotCoveredError
from convproof.core.operators import Result, Written
from convproof.core.shapes import Sizes

if TYPE_CHECKING:
    from convproof.layers.resize.upsample import Upsample

AXES = {"linear": 1, "bilinear": 2, "trilinear": 3, "bicubic": 2}
FLOAT, INTEGER = 1, 7  # ONNX's numbers for float32 and int64


def written(layer: "Upsample", shape: Sizes) -> tuple[Written, ...]:
    """Resize, for an input of which so much is known. Raises NotCoveredError for what ONNX cannot say."""
    values = layer.size if layer.scale_factor is None else layer.scale_factor
    count = len(values) if isinstance(values, tuple) else AXES.get(layer.mode) or (len(shape) - 2 if shape else None)
    if count is None:
        return _of_images(layer, values)
    values = values if isinstance(values, tuple) else (values,) * count
    sizes = [n for n in shape[2:] if n is not None] if shape else []
    if len(sizes) == count:
        outputs = [int(v if layer.scale_factor is None else n * v) for n, v in zip(sizes, values, strict=True)]
        return _of_sizes(layer, values, sizes, outputs)
    found = attributes(layer) | {"axes": tuple(range(2, 2 + count))}
    if layer.scale_factor is None:
        return (Written("Resize", (0, None, None, np.array(values, np.int64)), found),)
    scales = np.array(values, np.float32)
    if not _by_sizes(layer, values):
        return (Written("Resize", (0, None, scales), found),)
    return (
        Written("Shape", (0,), {"start": 2}),
        Written("Cast", (Result(0),), {"to": FLOAT}),
        Written("Mul", (Result(1), scales)),
        Written("Floor", (Result(2),)),
        Written("Cast", (Result(3),), {"to": INTEGER}),
        Written("Resize", (0, None, None, Result(4)), found),
    )


def _by_sizes(layer: "Upsample", values: Any) -> bool:
    """Whether the coordinates depend on sizes that a scale_factor was worked out to, and differ from those by the scale_factor."""
    return bool(layer.recompute_scale_factor or layer.align_corners) and not all(float(v).is_integer() for v in np.ravel(values))


def _of_images(layer: "Upsample", value: Any) -> tuple[Written, ...]:
    """One number for both spatial axes of an image."""
    if layer.scale_factor is None or _by_sizes(layer, value) or layer.mode == "area":
        raise NotCoveredError(
            "{layer} cannot be written as ONNX, which needs one number for each axis: give size or scale_factor as a tuple",
            layer=layer.describe(),
        )
    return (Written("Resize", (0, None, np.array((1, 1, value, value), np.float32)), attributes(layer)),)


def _of_sizes(layer: "Upsample", values: Sequence[Any], sizes: Sequence[int], outputs: Sequence[int]) -> tuple[Written, ...]:
    """Where all sizes are known: the axes that change, by their new sizes or by their scales; means as an average pooling."""
    if layer.mode == "area":
        if any(n % m for n, m in zip(sizes, outputs, strict=True)):
            raise NotCoveredError(
                "{layer} cannot be written as ONNX for sizes {sizes}: its windows differ", layer=layer.describe(), sizes=sizes
            )
        kernel = [n // m for n, m in zip(sizes, outputs, strict=True)]
        return (Written("AveragePool", (0,), {"kernel_shape": kernel, "strides": kernel}),)
    exact = layer.scale_factor is None or bool(layer.recompute_scale_factor or layer.align_corners)
    stays = exact or layer.antialias or layer.mode.endswith("linear")  # a size that stays leaves its axis alone, whatever its scale
    changed = [k for k, (n, m) in enumerate(zip(sizes, outputs, strict=True)) if n != m or not stays]
    if not changed:
        return (Written("Identity"),)
    found = attributes(layer) | {"axes": tuple(2 + k for k in changed)}
    if exact:
        return (Written("Resize", (0, None, None, np.array([outputs[k] for k in changed], np.int64)), found),)
    return (Written("Resize", (0, None, np.array([values[k] for k in changed], np.float32)), found),)


def attributes(layer: "Upsample") -> dict[str, Any]:
    """What ONNX calls the mode. Raises NotCoveredError for one that it does not have."""
    if layer.mode == "area":
        raise NotCoveredError(
            "{layer} cannot be written as ONNX for an input whose sizes are open: it has no mode of means; use an AvgPool",
            layer=layer.describe(),
        )
    if layer.mode.startswith("nearest"):
        exact = layer.mode == "nearest-exact"
        where, nearest = ("half_pixel", "round_prefer_ceil") if exact else ("asymmetric", "floor")
        return {"mode": "nearest", "coordinate_transformation_mode": where, "nearest_mode": nearest}
    found: dict[str, Any] = {"mode": "cubic" if layer.mode == "bicubic" else "linear"}
    found["coordinate_transformation_mode"] = "align_corners" if layer.align_corners else "half_pixel"
    return found | ({"antialias": 1, "exclude_outside": 1, "cubic_coeff_a": -0.5} if layer.antialias else {})
