"""ONNX's Resize as a layer."""

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from convproof.core.calls import Calls
from convproof.core.errors import NotCoveredError, SettingError, ShapeError
from convproof.core.operators import Written
from convproof.core.records import Convention
from convproof.core.sentence import either
from convproof.core.shapes import Shape
from convproof.layers.resize import conventions
from convproof.layers.resize.base import MOST, Resizing, side_of
from convproof.layers.resize.coordinates import HALF, MODES, place
from convproof.layers.resize.sides import ROUNDINGS, Side

CHOICES = {
    "mode": ("nearest", "linear", "cubic"),
    "coordinate_transformation_mode": MODES,
    "nearest_mode": ROUNDINGS,
    "keep_aspect_ratio_policy": ("stretch", "not_larger", "not_smaller"),
}
USUAL = {
    "mode": "nearest",
    "coordinate_transformation_mode": "half_pixel",
    "nearest_mode": "round_prefer_floor",
    "cubic_coeff_a": -0.75,
    "exclude_outside": False,
    "extrapolation_value": 0.0,
    "antialias": False,
    "axes": None,
    "keep_aspect_ratio_policy": "stretch",
    "roi": None,
}


class Resize(Resizing):
    """Other sizes for any axes of an array of any number of axes: ONNX's Resize, and its Upsample.

    Either ``scales`` or ``sizes`` is given, one number for each of ``axes`` (None: for every axis). A scale is a float32; its axis gets
    size*scale cells, rounded down, the product being a float32 as well, as ONNX's shape inference has it. The other arguments are
    ONNX's attributes; ``roi`` holds the beginnings of a region of interest, as fractions of every axis, and then its ends, for
    coordinate_transformation_mode="tf_crop_and_resize". Integers are weighed in float64 and rounded to the nearest.

    Where ``coordinate_transformation_mode`` is "align_corners" or "tf_crop_and_resize", the output's length is size*scale before it is
    rounded, as in ONNX's reference; ONNX Runtime takes the rounded one.

    Raises SettingError for settings that cannot be, ShapeError for an input that does not fit.
    """

    def __init__(
        self,
        scales: Sequence[Any] | None = None,
        sizes: Sequence[Any] | None = None,
        mode: str = "nearest",
        *,
        coordinate_transformation_mode: str = "half_pixel",
        nearest_mode: str = "round_prefer_floor",
        cubic_coeff_a: Any = -0.75,
        exclude_outside: Any = False,
        extrapolation_value: Any = 0.0,
        antialias: Any = False,
        axes: Sequence[int] | None = None,
        keep_aspect_ratio_policy: str = "stretch",
        roi: Sequence[Any] | None = None,
    ) -> None:
        super().__init__()
        self.mode, self.coordinate_transformation_mode = mode, coordinate_transformation_mode
        self.nearest_mode, self.keep_aspect_ratio_policy = nearest_mode, keep_aspect_ratio_policy
        (self.cubic_coeff_a,) = _numbers("cubic_coeff_a", (cubic_coeff_a,))
        (self.extrapolation_value,) = _numbers("extrapolation_value", (extrapolation_value,))
        self.exclude_outside, self.antialias = bool(exclude_outside), bool(antialias)
        self.scales = None if scales is None else tuple(float(np.float32(s)) for s in _numbers("scales", scales))
        self.sizes = None if sizes is None else tuple(map(int, _numbers("sizes", sizes)))
        self.axes = None if axes is None else tuple(map(int, _numbers("axes", axes)))
        self.roi = None if roi is None else _numbers("roi", roi)
        self.fill = self.extrapolation_value
        self._check()

    def _check(self) -> None:
        for name, choices in CHOICES.items():
            if getattr(self, name) not in choices:
                raise SettingError(
                    "{name}={value!r}: expected {choices}", name=name, value=getattr(self, name), choices=either(map(repr, choices))
                )
        if (self.scales is None) == (self.sizes is None):
            raise SettingError("scales={scales} and sizes={sizes}: give one of them, and not both", scales=self.scales, sizes=self.sizes)
        wanted = self.scales or self.sizes or ()
        if not all(0 < value <= MOST for value in wanted):
            raise SettingError("scales and sizes must be positive, and at most {most}; got {wanted}", most=MOST, wanted=wanted)
        if self.axes is not None and len(self.axes) != len(wanted):
            raise SettingError("{n} axes and {m} scales or sizes: expected as many", n=len(self.axes), m=len(wanted))
        if self.antialias and self.mode == "nearest":
            raise SettingError("antialias=True is for mode='linear' or 'cubic': nothing is weighed in mode='nearest'")
        if self._cropped and (self.roi is None or len(self.roi) != 2 * len(wanted)):
            raise SettingError("tf_crop_and_resize needs roi, {n} beginnings and then as many ends; got {roi}", n=len(wanted), roi=self.roi)

    @property
    def _cropped(self) -> bool:
        return self.coordinate_transformation_mode == "tf_crop_and_resize"

    def settings(self) -> dict[str, Any]:
        """The settings that differ from the defaults."""
        found = {name: getattr(self, name) for name in ("scales", "sizes") if getattr(self, name) is not None}
        return found | {name: getattr(self, name) for name, usual in USUAL.items() if getattr(self, name) != usual}

    def sides(self, shape: Shape) -> dict[int, Side]:
        """The sides that change."""
        wanted = self.scales or self.sizes or ()
        axes = tuple(range(len(shape))) if self.axes is None else self.axes
        if len(axes) != len(wanted) or not all(-len(shape) <= axis < len(shape) for axis in axes):
            raise ShapeError("{layer} names {n} axes; got x of shape {shape}", layer=self.describe(), n=len(wanted), shape=shape)
        places = [axis % len(shape) for axis in axes]
        found: dict[int, Side] = {}
        for k, (axis, (outputs, scale)) in enumerate(zip(places, self._lengths([shape[axis] for axis in places]), strict=True)):
            if shape[axis] == outputs == 0:
                continue
            if not shape[axis] or not outputs:
                raise ShapeError("{layer} leaves nothing of axis {axis} of {shape}", layer=self.describe(), axis=axis, shape=shape)
            side = self._side(k, len(axes), shape[axis], outputs, scale)
            found |= {} if side.place.still else {axis: side}
        return dict(sorted(found.items()))

    def _lengths(self, sizes: Sequence[int]) -> list[tuple[int, Fraction]]:
        """The number of outputs of every axis, and its scale."""
        if self.scales is not None:
            products = [int(np.float32(n) * np.float32(scale)) for n, scale in zip(sizes, self.scales, strict=True)]
            return [(outputs, Fraction(scale)) for outputs, scale in zip(products, self.scales, strict=True)]
        assert self.sizes is not None
        scales = [Fraction(m, n) if n else Fraction(1) for n, m in zip(sizes, self.sizes, strict=True)]
        if self.keep_aspect_ratio_policy == "stretch":
            return list(zip(self.sizes, scales, strict=True))
        scale = min(scales) if self.keep_aspect_ratio_policy == "not_larger" else max(scales)
        return [(math.floor(scale * n + HALF), scale) for n in sizes]

    def _side(self, k: int, count: int, size: int, outputs: int, scale: Fraction) -> Side:
        roi = (Fraction(self.roi[k]), Fraction(self.roi[count + k])) if self._cropped and self.roi else (Fraction(0), Fraction(1))
        where = place(self.coordinate_transformation_mode, size, outputs, scale, roi)
        stretch = min(scale, Fraction(1)) if self.antialias else None
        return side_of(where, self.mode, self.nearest_mode, self.cubic_coeff_a, stretch, self.exclude_outside)

    def conventions(self) -> tuple[Convention, ...]:
        """See ``conventions``."""
        return conventions.of("Resize")

    def in_torch(self, shapes: Sequence[Shape], training: bool) -> Calls:
        """See ``in_torch``."""
        from convproof.layers.resize import in_torch

        return in_torch.interpolated(self, shapes[0], self.shapes(*shapes)[0])

    def written(self) -> tuple[Written, ...]:
        """Resize. Raises NotCoveredError for what only old versions can say."""
        settings = {name: getattr(self, name) for name, usual in USUAL.items() if getattr(self, name) != usual and name != "roi"}
        settings |= {name: int(value) for name, value in settings.items() if isinstance(value, bool)}
        if self.coordinate_transformation_mode == "tf_half_pixel_for_nn":
            now = {"floor": "round_prefer_ceil", "round_prefer_floor": "ceil"}.get(self.nearest_mode)
            if now is None or self.mode != "nearest":
                raise NotCoveredError("{layer} can only be written as ONNX of a version before 13", layer=self.describe())
            settings |= {"coordinate_transformation_mode": "half_pixel", "nearest_mode": now}
        arrays = (self.roi, np.float32), (self.scales, np.float32), (self.sizes, np.int64)
        settings["mode"] = self.mode
        return (Written("Resize", (0, *(None if value is None else np.array(value, kind) for value, kind in arrays)), settings),)


def _numbers(name: str, values: Sequence[Any]) -> tuple[float, ...]:
    """A setting as finite numbers. Raises SettingError."""
    if not all(isinstance(v, int | float | np.number) and math.isfinite(v) for v in values):
        raise SettingError("{name}={values!r}: expected finite numbers", name=name, values=values)
    return tuple(map(float, values))
