"""The kernels by which cells are weighed, with their slopes and with what rounding makes of them.

Each has ``weight``, K at some distances between cells and a coordinate, 0 from ``support`` on; ``slope``, the largest abs(K') within a
margin of those distances; and ``units``, the absolute error of K as it is computed, in units of u, by running error analysis of Horner's
rule as PyTorch and ONNX Runtime evaluate it. Arguments may be floats or exact fractions.
"""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from convproof.core.shapes import Array


@dataclass(frozen=True)
class Linear:
    """K(t) = 1 - abs(t)"""

    support: int = 1

    def weight(self, t: Array) -> Array:
        """K(t)"""
        return np.where(abs(t) < 1, 1 - abs(t), 0 * t)

    def slope(self, t: Array, margin: float) -> Array:
        """1 wherever K is not 0."""
        return np.where(abs(t) < 1 + margin, 1.0, 0.0)

    def units(self, t: Array) -> Array:
        """One rounding of the difference, which is relative: see ``bound``."""
        return np.zeros(t.shape)


@dataclass(frozen=True)
class Cubic:
    """Keys' kernel; ``a`` is its slope at 1, exactly."""

    a: Fraction
    support: int = 2

    def _a(self, t: Array) -> Fraction | float:
        return self.a if t.dtype == object else float(self.a)

    def weight(self, t: Array) -> Array:
        """K(t)"""
        a, t = self._a(t), abs(t)
        near, far = (t - 1) * ((a + 2) * t * t - t - 1), a * (t - 1) * (t - 2) * (t - 2)
        return np.where(t < 1, near, np.where(t < 2, far, 0 * t))

    def slope(self, t: Array, margin: float) -> Array:
        """abs(K') at t, and what its own steepest slope adds within ``margin``."""
        a, t = float(self.a), abs(t)
        inside = np.where(t < 1, 3 * (a + 2) * t * t - 2 * (a + 3) * t, a * (t - 2) * (3 * t - 4))
        bend = max(abs(2 * (a + 3)), abs(4 * a + 6), abs(4 * a), abs(2 * a))  # K'' at the ends of both pieces
        return np.where(t < 2, abs(inside) + bend * margin, np.where(t < 2 + margin, bend * margin, 0.0))

    def units(self, t: Array) -> Array:
        """((a + 2)*t - (a + 3))*t*t + 1, and ((a*t - 5*a)*t + 8*a)*t - 4*a, step by step."""
        a, t = float(self.a), np.minimum(abs(t), 2.0)
        near, far = horner((a + 2, -(a + 3), 0.0, 1.0), t), horner((a, -5 * a, 8 * a, -4 * a), t)
        return np.where(t < 1, near, far)


Kernel = Linear | Cubic


def horner(coefficients: tuple[float, ...], t: Array) -> Array:
    """The error of evaluating a polynomial from its highest coefficient on: each product and each sum is rounded once, in units of u.

    A coefficient that float32 cannot hold is rounded as well.
    """
    value, error = np.full(t.shape, coefficients[0]), np.full(t.shape, _own(coefficients[0]))
    for coefficient in coefficients[1:]:
        error = error * t + abs(value * t)
        value = value * t + coefficient
        error = error + (abs(value) if coefficient else 0.0) + _own(coefficient)
    return error


def _own(coefficient: float) -> float:
    return 0.0 if float(np.float32(coefficient)) == coefficient else abs(coefficient)
