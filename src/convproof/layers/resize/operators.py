"""How graph formats write resizings: ONNX's Resize and Upsample of every version, PyTorch's functions and ATen operators."""

from collections.abc import Callable
from typing import Any

import numpy as np

from convproof.core.layer import Layer
from convproof.core.operators import Call, Operator
from convproof.layers.resize.resize import USUAL, Resize
from convproof.layers.resize.upsample import Upsample


def onnx_resize(call: Call) -> Layer:
    """Inputs X, roi, scales, sizes, of which an empty one is none; in version 10 X and scales, with coordinates as Upsample's."""
    if call.version < 11:
        return _old(call, tuple(call.array(1).tolist()))
    given = {name: call.setting(name, usual) for name, usual in USUAL.items() if name not in ("roi", "mode")}
    roi = _numbers(call, 1) if given["coordinate_transformation_mode"] == "tf_crop_and_resize" else None
    scales = _numbers(call, 2)
    return Resize(scales, None if scales else _numbers(call, 3), call.setting("mode", "nearest"), roi=roi, **given)


def onnx_upsample(call: Call) -> Layer:
    """Scales are an input since version 9, before an attribute, in version 1 one for the height and one for the width."""
    if call.has(1):
        return _old(call, tuple(call.array(1).tolist()))
    if call.setting("scales") is not None:
        return _old(call, tuple(call.setting("scales")))
    return _old(call, (1.0, 1.0, call.setting("height_scale", 1.0), call.setting("width_scale", 1.0)))


def _old(call: Call, scales: tuple[float, ...]) -> Layer:
    """Coordinates are i/scale, and the nearest cell is the one below."""
    mode = {"bilinear": "linear"}.get(call.setting("mode", "nearest"), call.setting("mode", "nearest"))
    return Resize(scales, None, mode, coordinate_transformation_mode="asymmetric", nearest_mode="floor")


def _numbers(call: Call, k: int) -> tuple[Any, ...] | None:
    return tuple(np.asarray(call.array(k)).tolist()) or None if call.has(k) else None


def interpolate(call: Call) -> Layer:
    """torch.nn.functional.interpolate, and upsample, its old name."""
    recompute, antialias = call.value(5), bool(call.value(6, False))
    return Upsample(plain(call.value(1)), plain(call.value(2)), call.value(3, "nearest"), call.value(4), recompute, antialias=antialias)


def aten(mode: str, antialias: bool = False) -> Callable[[Call], Layer]:
    """upsample_bilinear2d and the like: sizes, or sizes and the scales that they come from, or scales alone."""

    def read(call: Call) -> Layer:
        single = [call.value(k) for k in SCALES if call.has(k)]
        factors = plain(call.value(FACTORS)) or (tuple(map(float, single)) or None)
        corners = None if mode.startswith("nearest") else bool(call.value(CORNERS, False))
        return Upsample(None if factors else plain(call.value(1)), factors, mode, corners, antialias=antialias)

    return read


def plain(value: Any) -> Any:
    """One number, or a tuple of them, in plain numbers; None where there is none."""
    if value is None:
        return None
    found = np.asarray(value).tolist()
    return tuple(found) or None if isinstance(found, list) else found


ATEN = ("input", "output_size", "align_corners", "scale_factors", "scales", "scales_d", "scales_h", "scales_w")
CORNERS, FACTORS, SCALES = 2, 3, (4, 5, 6, 7)
MODES = {
    **{f"upsample_nearest{n}d": ("nearest", False) for n in (1, 2, 3)},
    **{f"_upsample_nearest_exact{n}d": ("nearest-exact", False) for n in (1, 2, 3)},
    "upsample_linear1d": ("linear", False),
    "upsample_bilinear2d": ("bilinear", False),
    "upsample_trilinear3d": ("trilinear", False),
    "upsample_bicubic2d": ("bicubic", False),
    "_upsample_bilinear2d_aa": ("bilinear", True),
    "_upsample_bicubic2d_aa": ("bicubic", True),
}
OPERATORS = (
    Operator("onnx", ("Resize",), onnx_resize),
    Operator("onnx", ("Upsample",), onnx_upsample),
    Operator(
        "torch",
        ("interpolate", "upsample"),
        interpolate,
        ("input", "size", "scale_factor", "mode", "align_corners", "recompute_scale_factor", "antialias"),
    ),
    Operator(
        "torch",
        ("upsample_nearest",),
        lambda call: Upsample(plain(call.value(1)), plain(call.value(2))),
        ("input", "size", "scale_factor"),
    ),
    Operator(
        "torch",
        ("upsample_bilinear",),
        lambda call: Upsample(plain(call.value(1)), plain(call.value(2)), "bilinear", True),
        ("input", "size", "scale_factor"),
    ),
    *(Operator("torch", (name,), aten(*how), ATEN) for name, how in MODES.items()),
)
