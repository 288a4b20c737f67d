"""The gradients of reductions: dx, of x's shape, from dy and y with the reduced axes at length 1.

sum       dy for every number               mean      dy / n
L1        dy * sign(x)                      squares   dy * 2x              L2   dy * x / y, 0 where y is 0
product   dy * the product of the others    log-sum   dy / sum of x        log-sum-exp   dy * exp(x - y)
largest   dy for the largest, equal shares where several are
"""

from dataclasses import dataclass

import numpy as np

from convproof.core.shapes import Array
from convproof.layers.reduce.formula import Axes


@dataclass(frozen=True)
class Back:
    """What a gradient is made from: dy and y with the reduced axes at length 1, x, and the axes."""

    dy: Array
    x: Array
    y: Array
    axes: Axes

    @property
    def n(self) -> int:
        """How many numbers became one."""
        return self.x.size // max(self.y.size, 1)


def total(b: Back) -> Array:
    """dy for every number."""
    return np.asarray(np.broadcast_to(b.dy, b.x.shape))


def mean(b: Back) -> Array:
    """dy / n"""
    return np.asarray(np.broadcast_to(b.dy / b.dy.dtype.type(b.n), b.x.shape))


def product(b: Back) -> Array:
    """dy times the product of the others, which needs no division."""
    kept = [axis for axis in range(b.x.ndim) if axis not in b.axes]
    moved = np.moveaxis(b.x, kept, range(len(kept)))
    rows = moved.reshape(b.y.size, b.n)
    ones = np.ones((len(rows), 1), b.x.dtype)
    before = np.concatenate([ones, np.cumprod(rows[:, :-1], axis=1)], axis=1)[:, : b.n]
    after = np.concatenate([np.cumprod(rows[:, :0:-1], axis=1)[:, ::-1], ones], axis=1)[:, : b.n]
    return np.asarray(b.dy * np.moveaxis((before * after).reshape(moved.shape), range(len(kept)), kept))


def square_sum(b: Back) -> Array:
    """dy * 2x"""
    return np.asarray(b.dy * 2 * b.x)


def absolute_sum(b: Back) -> Array:
    """dy * sign(x)"""
    return np.asarray(b.dy * np.sign(b.x))


def norm(b: Back) -> Array:
    """dy * x / y"""
    return np.asarray(np.where(b.y == 0, 0, b.dy * b.x / np.where(b.y == 0, 1, b.y)).astype(b.dy.dtype))


def log_sum(b: Back) -> Array:
    """dy / sum of x"""
    return np.asarray(np.broadcast_to(b.dy / b.x.sum(axis=b.axes, keepdims=True), b.x.shape))


def log_sum_exp(b: Back) -> Array:
    """dy * exp(x - y)"""
    return np.asarray(b.dy * np.exp(b.x - b.y))


def extreme(b: Back) -> Array:
    """Equal shares for all that are as large."""
    same = b.x == b.y
    return np.asarray(np.where(same, b.dy / np.maximum(same.sum(axis=b.axes, keepdims=True), 1), 0).astype(b.dy.dtype))


def first(b: Back, sign: int) -> Array:
    """All of dy for the first that is as large, or as small, along a single axis."""
    (axis,) = b.axes
    place = np.expand_dims(b.x.argmax(axis) if sign > 0 else b.x.argmin(axis), axis)
    dx = np.zeros(b.x.shape, b.dy.dtype)
    np.put_along_axis(dx, place, b.dy, axis)
    return dx
