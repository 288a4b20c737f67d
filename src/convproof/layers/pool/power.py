"""Power pooling, the definition: the norm of every window.

    y[n, c, i, j] = (K/D * sum over u, v of  x[n, c, i*s + u*d - p, j*s + v*d - p]^P)^(1/P)          P = norm_type

Padding adds nothing. With ``absolute`` (ONNX) it is abs(x)^P that is summed; without (torch) an odd P leaves x its sign, and a negative
sum has no root: NaN. K/D stands only before a window that ``ceil_mode`` clips to D of its K cells, and only with ``scale_clipped`` (torch
averages, then multiplies by the whole window); else it is 1. P = inf is the largest abs(x), P = -inf the smallest.

Source: torch.nn.functional.lp_pool2d, ONNX LpPool.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from convproof.core.shapes import Array, Float
from convproof.layers.pool.formula import divisors, max_pool, window_sums
from convproof.layers.pool.geometry import Side


@dataclass(frozen=True)
class Norm:
    """P, and whether powers are taken of x or of abs(x)."""

    P: float
    absolute: bool

    @property
    def signed(self) -> bool:
        """Whether the sign of x makes a difference."""
        return not self.absolute and self.P % 2 != 0

    def powers(self, x: Array) -> Array:
        """x^P or abs(x)^P, cell by cell, in the dtype of x."""
        x = abs(x) if self.absolute else x
        if self.P in (1, 2):
            return x if self.P == 1 else x * x
        with np.errstate(all="ignore"):
            return np.asarray(np.power(x, x.dtype.type(self.P)))

    def roots(self, s: Array) -> Array:
        """s^(1/P), NaN where s is negative (but for P = 1)."""
        with np.errstate(all="ignore"):
            if self.P in (1, 2):
                return s if self.P == 1 else np.asarray(np.sqrt(s))
            return np.asarray(np.power(s, s.dtype.type(1 / self.P)))


def power_pool(x: Float[Array, "N C *sizes"], sides: Sequence[Side], norm: Norm, scale_clipped: bool) -> Float[Array, "N C *outputs"]:
    """The norm of every window."""
    if math.isinf(norm.P):
        sign = int(math.copysign(1, norm.P))
        return sign * max_pool(sign * abs(x), sides)
    s = window_sums(norm.powers(x), sides)
    scale = scales(x.shape[2:], sides, scale_clipped)
    return norm.roots(s if scale is None else np.asarray(s * scale.astype(x.dtype)))


def scales(sizes: Sequence[int], sides: Sequence[Side], scale_clipped: bool) -> Float[Array, "*outputs"] | None:
    """K/D for every output spot; None where it is 1 everywhere."""
    if not scale_clipped:
        return None
    K = math.prod(side.kernel for side in sides)
    D = divisors(sizes, sides, True, None)
    return None if (D == K).all() else K / D


def slopes(x: Float[Array, "N C *sizes"], norm: Norm) -> Float[Array, "N C *sizes"]:
    """What one cell's power does to the root but for the window's own factor y/s * K/D: x^(P - 1), with the sign of x for abs(x)."""
    with np.errstate(all="ignore"):
        if norm.P == 1:
            return np.sign(x) if norm.absolute else np.ones_like(x)
        size = np.power(abs(x) if norm.absolute else x, x.dtype.type(norm.P - 1))
        return np.asarray(size * np.sign(x) if norm.absolute else size)


def root_slopes(x: Float[Array, "N C *sizes"], sides: Sequence[Side], norm: Norm, scale_clipped: bool) -> Float[Array, "N C *outputs"]:
    """How the root moves with its window's sum, but for the powers: y/s * K/D; 0 where s is 0."""
    s = window_sums(norm.powers(x), sides)
    scale = scales(x.shape[2:], sides, scale_clipped)
    K = np.ones((), x.dtype) if scale is None else scale.astype(x.dtype)
    with np.errstate(all="ignore"):
        return np.asarray(np.where(s == 0, 0, norm.roots(np.asarray(s * K)) / (s * K) * K), x.dtype)
