"""How PyTorch says ONNX's Resize: as torch.nn.functional.interpolate, where it has the same coordinates."""

from typing import TYPE_CHECKING, Any

from convproof.core.calls import Calls, functional
from convproof.core.errors import NotCoveredError
from convproof.core.shapes import Shape

if TYPE_CHECKING:
    from convproof.layers.resize.resize import Resize

LINEAR = {3: "linear", 4: "bilinear", 5: "trilinear"}
NEAREST = {("asymmetric", "floor"): "nearest", ("half_pixel", "round_prefer_ceil"): "nearest-exact"}


def mode_of(layer: "Resize", shape: Shape) -> str | None:
    """interpolate's mode for the same weights and coordinates, None if it has none."""
    where = layer.coordinate_transformation_mode
    if layer.mode == "nearest":
        return NEAREST.get((where, layer.nearest_mode)) if len(shape) in LINEAR else None
    if where not in ("half_pixel", "align_corners") or layer.exclude_outside or layer.antialias:
        return None
    if layer.mode == "linear":
        return LINEAR.get(len(shape))
    return "bicubic" if len(shape) == 4 and layer.cubic_coeff_a == -0.75 else None


def interpolated(layer: "Resize", shape: Shape, outputs: Shape) -> Calls:
    """interpolate of the spatial axes. Raises NotCoveredError for what it has not."""
    mode = mode_of(layer, shape)
    if mode is None or outputs[:2] != shape[:2] or layer.keep_aspect_ratio_policy != "stretch" or layer.roi is not None:
        raise NotCoveredError("{layer}: PyTorch's interpolate has no such coordinates", layer=layer.describe())
    settings: dict[str, Any] = {"mode": mode}
    if layer.mode != "nearest":
        settings["align_corners"] = layer.coordinate_transformation_mode == "align_corners"
    if layer.scales is None or settings.get("align_corners"):
        return functional("interpolate", size=outputs[2:], **settings)
    axes = range(len(shape)) if layer.axes is None else [axis % len(shape) for axis in layer.axes]
    scales = dict(zip(axes, layer.scales, strict=True))
    return functional("interpolate", scale_factor=[scales.get(axis, 1.0) for axis in range(2, len(shape))], **settings)
