"""Where the cells of a resized axis lie on the input's axis: c[i] for an axis of ``size`` cells that gets ``outputs`` of them.

    half_pixel             (i + 1/2)/scale - 1/2          the axes' ends lie on each other
    pytorch_half_pixel     the same, and 0 for a single output
    half_pixel_symmetric   the same, and the middles lie on each other where size*scale is no whole number
    asymmetric             i/scale                        the first cells' beginnings lie on each other
    align_corners          i*(size - 1)/(width - 1)       the middles of the first and of the last cells lie on each other
    tf_half_pixel_for_nn   (i + 1/2)/scale
    tf_crop_and_resize     from begin*(size - 1) to end*(size - 1), of a region of interest; outside the axis nothing is read

``scale`` is what was asked for, or outputs/size; width = scale*size need be no whole number, while outputs is. Scales are taken as the
exact numbers that their floats are. A coordinate is a rational number, start + i*step. In integers on their common denominator d that is
(p*i + q) / d, whose floor and remainder no rounding touches.
"""

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np

from convproof.core.shapes import Array

MODES = (
    "half_pixel",
    "pytorch_half_pixel",
    "half_pixel_symmetric",
    "asymmetric",
    "align_corners",
    "tf_half_pixel_for_nn",
    "tf_crop_and_resize",
)
HALF = Fraction(1, 2)


@dataclass(frozen=True)
class Place:
    """Where the outputs of an axis of ``size`` cells lie: ``start`` + i*``step``. ``bounded``: outside 0 .. size-1 nothing is read."""

    size: int
    outputs: int
    step: Fraction
    start: Fraction = Fraction(0)
    bounded: bool = False

    @cached_property
    def denominator(self) -> int:
        """d"""
        return math.lcm(self.step.denominator, self.start.denominator)

    @cached_property
    def numerators(self) -> list[int]:
        """p*i + q for every output."""
        p, q = int(self.step * self.denominator), int(self.start * self.denominator)
        return [p * i + q for i in range(self.outputs)]

    @property
    def still(self) -> bool:
        """Whether the axis stays as it is."""
        return self.outputs == self.size and self.start == 0 and self.step == 1

    def at(self, i: int) -> Fraction:
        """The coordinate of output i."""
        return self.start + i * self.step

    @cached_property
    def floors(self) -> Array:
        """The whole cells below every coordinate."""
        return np.array([n // self.denominator for n in self.numerators], np.int64)

    @cached_property
    def rests(self) -> Array:
        """How far every coordinate lies above that, 0 up to 1; every division is rounded once."""
        return np.array([n % self.denominator / self.denominator for n in self.numerators], np.float64)

    @cached_property
    def outside(self) -> Array:
        """Where nothing is read."""
        last = (self.size - 1) * self.denominator
        return np.array([self.bounded and not 0 <= n <= last for n in self.numerators], bool)


def place(mode: str, size: int, outputs: int, scale: Fraction, roi: tuple[Fraction, Fraction] = (Fraction(0), Fraction(1))) -> Place:
    """The place of every output."""
    width, step = scale * size, 1 / scale
    if mode == "asymmetric":
        return Place(size, outputs, step)
    if mode == "tf_half_pixel_for_nn":
        return Place(size, outputs, step, step / 2)
    if mode == "align_corners":
        return Place(size, outputs, (size - 1) / (width - 1) if width != 1 else Fraction(0))
    if mode == "tf_crop_and_resize":
        begin, end = roi
        if width == 1:
            return Place(size, outputs, Fraction(0), (begin + end) * (size - 1) / 2, bounded=True)
        return Place(size, outputs, (end - begin) * (size - 1) / (width - 1), begin * (size - 1), bounded=True)
    if mode == "pytorch_half_pixel" and outputs == 1:
        return Place(size, outputs, step)
    off = Fraction(size, 2) * (1 - outputs / width) if mode == "half_pixel_symmetric" else Fraction(0)
    return Place(size, outputs, step, off + step / 2 - HALF)
