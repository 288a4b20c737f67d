"""Upsample as ONNX's Resize.

ONNX needs one number for each axis. A single scale_factor whose mode says nothing of how many axes there are is written for images,
(N, C, H, W), in a form that fails for all others. Where torch works the sizes out from a scale and the coordinates from the sizes, so do
the nodes that are written.
"""

from typing import TYPE_CHECKING, Any

import numpy as np

from convproof.core.errors import NotCoveredError
from convproof.core.operators import Result, Written

if TYPE_CHECKING:
    from convproof.layers.resize.upsample import Upsample

AXES = {"linear": 1, "bilinear": 2, "trilinear": 3, "bicubic": 2}
FLOAT, INTEGER = 1, 7  # ONNX's numbers for float32 and int64


def written(layer: "Upsample") -> tuple[Written, ...]:
    """Resize. Raises NotCoveredError for mode "area", and for numbers of which it is not known how many there are."""
    found = attributes(layer)
    values = layer.size if layer.scale_factor is None else layer.scale_factor
    by_sizes = layer.scale_factor is not None and bool(layer.recompute_scale_factor or layer.align_corners)
    worked_out = by_sizes and not all(float(v).is_integer() for v in np.ravel(values))
    if not isinstance(values, tuple):
        if layer.mode not in AXES:
            return _of_images(layer, values, found, worked_out)
        values = (values,) * AXES[layer.mode]
    found["axes"] = tuple(range(2, 2 + len(values)))
    if layer.scale_factor is None:
        return (Written("Resize", (0, None, None, np.array(values, np.int64)), found),)
    scales = np.array(values, np.float32)
    if not worked_out:
        return (Written("Resize", (0, None, scales), found),)
    return (
        Written("Shape", (0,), {"start": 2}),
        Written("Cast", (Result(0),), {"to": FLOAT}),
        Written("Mul", (Result(1), scales)),
        Written("Floor", (Result(2),)),
        Written("Cast", (Result(3),), {"to": INTEGER}),
        Written("Resize", (0, None, None, Result(4)), found),
    )


def _of_images(layer: "Upsample", scale: Any, found: dict[str, Any], worked_out: bool) -> tuple[Written, ...]:
    """One number for both spatial axes of an image."""
    if layer.scale_factor is None or worked_out:
        raise NotCoveredError(
            "{layer} cannot be written as ONNX, which needs one number for each axis: give size or scale_factor as a tuple",
            layer=layer.describe(),
        )
    return (Written("Resize", (0, None, np.array((1, 1, scale, scale), np.float32)), found),)


def attributes(layer: "Upsample") -> dict[str, Any]:
    """What ONNX calls the mode. Raises NotCoveredError for one that it does not have."""
    if layer.mode == "area":
        raise NotCoveredError("{layer} cannot be written as ONNX, which has no mode of means: use an AvgPool", layer=layer.describe())
    if layer.mode.startswith("nearest"):
        exact = layer.mode == "nearest-exact"
        where, nearest = ("half_pixel", "round_prefer_ceil") if exact else ("asymmetric", "floor")
        return {"mode": "nearest", "coordinate_transformation_mode": where, "nearest_mode": nearest}
    found: dict[str, Any] = {"mode": "cubic" if layer.mode == "bicubic" else "linear"}
    found["coordinate_transformation_mode"] = "align_corners" if layer.align_corners else "half_pixel"
    return found | ({"antialias": 1, "exclude_outside": 1, "cubic_coeff_a": -0.5} if layer.antialias else {})
