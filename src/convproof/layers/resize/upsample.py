"""torch.nn's resizing layers: names, signatures and defaults."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from convproof.core.axes import is_whole
from convproof.core.calls import Calls, functional
from convproof.core.errors import SettingError, ShapeError
from convproof.core.operators import Written
from convproof.core.records import Convention
from convproof.core.sentence import either, listed
from convproof.core.shapes import Shape, Sizes
from convproof.layers.resize import conventions, writing
from convproof.layers.resize.base import Resizing, side_of
from convproof.layers.resize.coordinates import HALF, Place, place
from convproof.layers.resize.sides import Side
from convproof.layers.resize.writing import AXES

KINDS = {
    "nearest": "nearest",
    "nearest-exact": "nearest",
    "area": "area",
    "linear": "linear",
    "bilinear": "linear",
    "trilinear": "linear",
    "bicubic": "cubic",
}
BICUBIC, BICUBIC_ANTIALIASED = Fraction(-3, 4), Fraction(-1, 2)


class Upsample(Resizing):
    """Another size for the spatial axes of (N, C, W), (N, C, H, W) or (N, C, D, H, W); smaller ones too.

    Arguments and defaults are torch.nn.Upsample's; every mode of torch.nn.functional.interpolate is one here: "nearest", "nearest-exact",
    "area", "linear", "bilinear", "trilinear", "bicubic". Either ``size`` or ``scale_factor`` is given, one number or one for each spatial
    axis; the size is then size*scale_factor rounded down. Coordinates use the scale_factor as it is, with recompute_scale_factor=True the
    ratio of the sizes; a size that stays leaves its axis alone in linear modes, as in torch. ``antialias``, for bilinear and bicubic,
    weighs all cells that a smaller size lets disappear.

    "nearest" reads cell floor(i/scale), "nearest-exact" floor((i + 1/2)/scale), worked out exactly. torch rounds the scale, and reads the
    neighbour at some places that lie within 4*u*(size + 1) cells of a tie; and for small images it takes the ratio of the sizes where a
    height or a width stays or is doubled, whatever the scale_factor was.

    Raises SettingError for settings that cannot be, ShapeError for an input that does not fit.
    """

    def __init__(
        self,
        size: Any = None,
        scale_factor: Any = None,
        mode: str = "nearest",
        align_corners: bool | None = None,
        recompute_scale_factor: bool | None = None,
        *,
        antialias: bool = False,
    ) -> None:
        super().__init__()
        self.name = type(self).__name__
        self.size = tuple(size) if isinstance(size, Sequence) and not isinstance(size, str) else size
        factors = isinstance(scale_factor, Sequence) and not isinstance(scale_factor, str)
        self.scale_factor = tuple(map(_number, scale_factor)) if factors else None if scale_factor is None else _number(scale_factor)
        self.mode, self.align_corners, self.antialias = mode, align_corners, bool(antialias)
        self.recompute_scale_factor = recompute_scale_factor
        self._check()

    def _check(self) -> None:
        if self.mode not in KINDS:
            raise SettingError("mode={mode!r}: expected {modes}", mode=self.mode, modes=either(map(repr, KINDS)))
        if (self.size is None) == (self.scale_factor is None):
            raise SettingError(
                "size={size} and scale_factor={factor}: give one of them, and not both", size=self.size, factor=self.scale_factor
            )
        if self.align_corners is not None and self.mode not in AXES:
            raise SettingError(
                "align_corners={value} says nothing for mode={mode!r}: leave it out; it is for {modes}",
                value=self.align_corners,
                mode=self.mode,
                modes=listed(AXES),
            )
        if self.recompute_scale_factor and self.size is not None:
            raise SettingError("recompute_scale_factor=True needs a scale_factor; a size says the scale by itself")
        if self.antialias and self.mode not in ("bilinear", "bicubic"):
            raise SettingError("antialias=True is for mode='bilinear' or 'bicubic'; got mode={mode!r}", mode=self.mode)
        sizes = self.size if isinstance(self.size, tuple) else (self.size,)
        if self.size is not None and not all(is_whole(s) and s > 0 for s in sizes):
            raise SettingError("size={size}: expected a positive whole number, or one for each spatial axis", size=self.size)

    def settings(self) -> dict[str, Any]:
        """The settings that differ from the defaults."""
        found = {"size": self.size, "scale_factor": self.scale_factor, "mode": None if self.mode == "nearest" else self.mode}
        found |= {"align_corners": self.align_corners, "recompute_scale_factor": self.recompute_scale_factor}
        return {name: value for name, value in found.items() if value is not None} | ({"antialias": True} if self.antialias else {})

    def sides(self, shape: Shape) -> dict[int, Side]:
        """The spatial sides."""
        axes, needed = len(shape) - 2, AXES.get(self.mode)
        if not 1 <= axes <= 3 or needed not in (None, axes) or 0 in shape[1:]:
            raise ShapeError(
                "{layer} expects x of shape {expected}, of which only N may be 0; got {shape}",
                layer=self.describe(),
                expected=either(("(N, C, W)", "(N, C, H, W)", "(N, C, D, H, W)")[k - 1] for k in ((needed,) if needed else (1, 2, 3))),
                shape=shape,
            )
        sizes, factors = self._each(self.size, axes, shape), self._each(self.scale_factor, axes, shape)
        found = (self._side(*both, shape) for both in zip(shape[2:], sizes, factors, strict=True))
        return {axis: side for axis, side in enumerate(found, start=2) if not side.place.still}

    def _each(self, value: Any, axes: int, shape: Shape) -> tuple[Any, ...]:
        values = value if isinstance(value, tuple) else (value,) * axes
        if len(values) != axes:
            raise ShapeError("{layer} names {n} spatial axes; got x of shape {shape}", layer=self.describe(), n=len(values), shape=shape)
        return values

    def _side(self, n: int, size: int | None, factor: float | None, shape: Shape) -> Side:
        outputs = int(n * factor) if factor is not None else int(size or 0)
        if outputs < 1:
            raise ShapeError("{layer} leaves nothing of x of shape {shape}; use a larger scale_factor", layer=self.describe(), shape=shape)
        stays = outputs == n and (KINDS[self.mode] == "linear" or self.antialias)
        own = factor is not None and not self.recompute_scale_factor and self.mode != "area" and not stays
        scale = Fraction(factor or 1) if own else Fraction(outputs, n)
        kind, a, stretch = KINDS[self.mode], BICUBIC, None
        where = self._place(n, outputs, scale)
        if self.antialias:
            a, stretch = BICUBIC_ANTIALIASED, min(Fraction(1), 1 / where.step) if where.step else Fraction(1)
            where = Place(n, outputs, where.step, where.step / 2 - HALF)
        return side_of(where, kind, "floor", a, stretch, self.antialias)

    def _place(self, n: int, outputs: int, scale: Fraction) -> Place:
        if self.align_corners:
            return place("align_corners", n, outputs, Fraction(outputs, n))
        modes = {"nearest": "asymmetric", "nearest-exact": "tf_half_pixel_for_nn", "area": "asymmetric"}
        return place(modes.get(self.mode, "half_pixel"), n, outputs, scale)

    def conventions(self) -> tuple[Convention, ...]:
        """See ``conventions``."""
        return conventions.of(type(self).__name__)

    def in_torch(self, shapes: Sequence[Shape], training: bool) -> Calls | None:
        """torch.nn's; antialias is an argument of the function alone."""
        return functional("interpolate", **self.settings()) if self.antialias else None

    def written(self) -> tuple[Written, ...]:
        """See ``writing``."""
        return writing.written(self, None)

    def written_at(self, shapes: Sequence[Sizes]) -> tuple[Written, ...]:
        """The same for an input of which something is known."""
        return writing.written(self, shapes[0])


class UpsamplingNearest2d(Upsample):
    """Upsample with mode="nearest"; see there. Arguments and defaults are torch.nn.UpsamplingNearest2d's."""

    def __init__(self, size: Any = None, scale_factor: Any = None) -> None:
        super().__init__(size, scale_factor, "nearest")

    def settings(self) -> dict[str, Any]:
        """The size or the scale."""
        return {name: value for name, value in super().settings().items() if name in ("size", "scale_factor")}


class UpsamplingBilinear2d(Upsample):
    """Upsample with mode="bilinear" and align_corners=True; see there. Arguments and defaults are torch.nn.UpsamplingBilinear2d's."""

    def __init__(self, size: Any = None, scale_factor: Any = None) -> None:
        super().__init__(size, scale_factor, "bilinear", True)

    def settings(self) -> dict[str, Any]:
        """The size or the scale."""
        return {name: value for name, value in super().settings().items() if name in ("size", "scale_factor")}


def _number(factor: Any) -> float:
    """A scale. Raises SettingError for what is no positive number."""
    if not isinstance(factor, int | float | np.number) or isinstance(factor, bool) or not 0 < factor < float("inf"):
        raise SettingError("scale_factor={factor!r}: expected a positive number, or one for each spatial axis", factor=factor)
    return float(factor)
