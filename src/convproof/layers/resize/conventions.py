"""What frameworks call resizing. The traps: where the first cell lies, what is nearest, and the cubic kernel's constant."""

from convproof.core.records import Convention, Setting

SIZES = (Setting("size", "size"), Setting("scale_factor", "scale_factor"))
ONNX = (
    "mode linear or cubic, coordinate_transformation_mode half_pixel or align_corners; nearest is asymmetric with nearest_mode floor, "
    "nearest-exact is half_pixel with round_prefer_ceil"
)
KERAS = "interpolation nearest or bilinear; half-pixel coordinates, for nearest too, since TensorFlow 2"
OPENCV = "INTER_LINEAR and INTER_CUBIC have half-pixel coordinates and a = -0.75; INTER_NEAREST is floor(i/scale); nothing is antialiased"
PILLOW = "antialiased, and a = -0.5 for BICUBIC: as antialias=True"

TORCH = {
    "Upsample": (
        *SIZES,
        Setting("mode", "mode", "nearest"),
        Setting("align_corners", "align_corners"),
        Setting("recompute_scale_factor", "recompute_scale_factor"),
    ),
    "UpsamplingNearest2d": SIZES,
    "UpsamplingBilinear2d": SIZES,
}
RESIZE = (
    Convention(
        "onnx",
        "Resize",
        tuple(
            Setting(name, name, usual)
            for name, usual in {
                "scales": None,
                "sizes": None,
                "mode": "nearest",
                "coordinate_transformation_mode": "half_pixel",
                "nearest_mode": "round_prefer_floor",
                "cubic_coeff_a": -0.75,
                "exclude_outside": 0,
                "extrapolation_value": 0.0,
                "antialias": 0,
                "axes": None,
                "keep_aspect_ratio_policy": "stretch",
                "roi": None,
            }.items()
        ),
        note="in version 10 coordinates are i/scale and nearest is the cell below; ONNX Runtime takes the one above where an axis shrinks",
    ),
    Convention("onnx", "Upsample", (Setting("scales", "scales"), Setting("mode", "mode", "nearest")), note="until version 9; as Resize 10"),
    Convention("torch", "interpolate", (Setting("sizes", "size"), Setting("scales", "scale_factor"), Setting("mode", "mode", "nearest"))),
    Convention("keras", "Resizing", (Setting("mode", "interpolation", "bilinear"),), note=KERAS),
    Convention("opencv", "resize", note=OPENCV),
    Convention("pillow", "Image.resize", note=PILLOW),
)


def of(name: str) -> tuple[Convention, ...]:
    """The conventions of the layer of this name."""
    if name == "Resize":
        return RESIZE
    keras = (Setting("scale_factor", "size", (2, 2)), *((Setting("mode", "interpolation", "nearest"),) if name == "Upsample" else ()))
    return (
        Convention("torch", name, TORCH[name]),
        Convention("onnx", "Resize", note=ONNX),
        Convention("keras", "UpSampling2D", keras, note=KERAS),
        Convention("opencv", "resize", note=OPENCV),
        Convention("pillow", "Image.resize", note=PILLOW),
        Convention("darknet", "upsample", (Setting("scale_factor", "stride", 2),), note="nearest; a multiplication by scale comes with it"),
    )
