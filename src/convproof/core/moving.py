"""Moving numbers: an output cell shows one input cell, and nothing is computed.

    y[cell] = x[origin(cell)]        or a constant, where the origin is NOWHERE (padding)

Every such movement is made of three kinds of steps:

    Regroup(old, new)          the same numbers under other indices; counted row by row, a number keeps its place
    Reorder(order)             axis k of y is axis order[k] of x
    Take(axis, size, index)    y[.., i, ..] = x[.., index[i], ..]        along one axis; a cell may be taken often, or never

A step says the array that it makes (``move``), where cells stood before (``origins``), the smallest box that holds what a box of outputs
shows (``reads``), and the way back (``back``): a cell receives what arrives at all the cells that show it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from convproof.core.arithmetic.padding import NOWHERE
from convproof.core.axes import at_cells
from convproof.core.shapes import Array, Int, Region, Shape


@dataclass(frozen=True)
class Regroup:
    """The same numbers in the same order, in an array of another shape."""

    old: Shape
    new: Shape

    def shape(self, shape: Shape) -> Shape:
        """The new shape."""
        return self.new

    def move(self, x: Array, fill: Any) -> Array:
        """The same numbers under other indices."""
        return x.reshape(self.new)

    def origins(self, cells: Int[Array, "k new"]) -> Int[Array, "k old"]:
        """The cell at the same place, counted row by row."""
        places, sizes = cells @ np.array(strides(self.new), np.int64), np.array(self.old, np.int64)
        return places[:, None] // np.array(strides(self.old), np.int64) % sizes

    def reads(self, region: Region) -> Region:
        """The box around a run of places, for every group of axes that is regrouped by itself."""
        if not all(region):
            return (range(0),) * len(self.old)
        box: list[range] = []
        for before, after in groups(self.old, self.new):
            sizes, steps = self.old[before], strides(self.new[after])
            first, last = (sum(r[end] * step for r, step in zip(region[after], steps, strict=True)) for end in (0, -1))
            box += box_around(range(first, last + 1), sizes)
        return tuple(box)

    def back(self, dy: Array) -> Array:
        """dy in the old shape."""
        return dy.reshape(self.old)


@dataclass(frozen=True)
class Reorder:
    """The axes in another order: axis k of y is axis ``order[k]`` of x."""

    order: tuple[int, ...]

    @property
    def inverse(self) -> tuple[int, ...]:
        """Axis k of x is axis ``inverse[k]`` of y."""
        return tuple(self.order.index(axis) for axis in range(len(self.order)))

    def shape(self, shape: Shape) -> Shape:
        """The sizes in the new order."""
        return tuple(shape[axis] for axis in self.order)

    def move(self, x: Array, fill: Any) -> Array:
        """The axes in the new order."""
        return x.transpose(self.order)

    def origins(self, cells: Int[Array, "k axes"]) -> Int[Array, "k axes"]:
        """The indices in the old order."""
        return cells[:, list(self.inverse)]

    def reads(self, region: Region) -> Region:
        """The ranges in the old order."""
        return tuple(region[axis] for axis in self.inverse)

    def back(self, dy: Array) -> Array:
        """The axes in the old order."""
        return dy.transpose(self.inverse)


@dataclass(frozen=True, eq=False)
class Take:
    """Cells of one axis that has ``size`` cells, named by ``index``: y[.., i, ..] = x[.., index[i], ..].

    Where ``index`` is NOWHERE a constant stands.
    """

    axis: int
    size: int
    index: Int[Array, "new"]

    def shape(self, shape: Shape) -> Shape:
        """The axis as long as the index."""
        return (*shape[: self.axis], len(self.index), *shape[self.axis + 1 :])

    def move(self, x: Array, fill: Any) -> Array:
        """The cells that are named, and ``fill`` where none is; the zero of the array's kind for None."""
        seen = self.index != NOWHERE
        if seen.all():
            return np.take(x, self.index, self.axis)
        shape = self.shape(x.shape)
        y = np.zeros(shape, x.dtype) if fill is None else np.full(shape, fill, x.dtype)
        y[(slice(None),) * self.axis + (seen,)] = np.take(x, self.index[seen], self.axis)
        return y

    def origins(self, cells: Int[Array, "k axes"]) -> Int[Array, "k axes"]:
        """The cell that the index names, along the axis."""
        found = cells.copy()
        found[:, self.axis] = self.index[cells[:, self.axis]]
        return found

    def reads(self, region: Region) -> Region:
        """From the first to the last cell that is named."""
        wanted = region[self.axis]
        named = self.index[wanted.start : wanted.stop]
        named = named[named != NOWHERE]
        span = range(int(named.min()), int(named.max()) + 1) if len(named) else range(0)
        return (*region[: self.axis], span, *region[self.axis + 1 :])

    def back(self, dy: Array) -> Array:
        """Every cell receives the sum of what arrives where it is shown."""
        seen = self.index != NOWHERE
        arriving, places = np.moveaxis(dy, self.axis, 0)[seen], self.index[seen]
        total = np.zeros((self.size, *arriving.shape[1:]), dy.dtype)
        if len(np.unique(places)) == len(places):
            total[places] = arriving
        else:
            np.add.at(total, places, arriving)
        return np.moveaxis(total, 0, self.axis)


Step = Regroup | Reorder | Take


@dataclass(frozen=True)
class Movement:
    """Steps one after another, on an array of one shape."""

    shape: Shape
    steps: tuple[Step, ...] = ()

    @property
    def result(self) -> Shape:
        """The output's shape."""
        shape = self.shape
        for step in self.steps:
            shape = step.shape(shape)
        return shape

    def move(self, x: Array, fill: Any = None) -> Array:
        """The moved array; ``fill`` stands where no cell is shown."""
        for step in self.steps:
            x = step.move(x, fill)
        return x

    def origins(self, cells: Int[Array, "k result"]) -> Int[Array, "k axes"]:
        """Where cells of the output stood; NOWHERE along every axis for a cell that shows the constant."""
        lost = np.zeros(len(cells), np.bool_)
        for step in reversed(self.steps):
            cells = step.origins(cells)
            lost |= (cells == NOWHERE).any(axis=1)
            cells = np.where(lost[:, None], 0, cells)
        return np.where(lost[:, None], NOWHERE, cells)

    def at(self, x: Array, cells: Array | None, fill: Any = None) -> Array:
        """The numbers of some output cells, without moving the others; the whole output for None."""
        if cells is None:
            return self.move(x, fill)
        origins = self.origins(cells)
        inside = ~(origins == NOWHERE).any(axis=1)
        found = np.zeros(len(cells), x.dtype) if fill is None else np.full(len(cells), fill, x.dtype)
        found[inside] = at_cells(x, origins[inside])
        return found

    def reads(self, region: Region) -> Region:
        """The box that holds what a box of outputs shows."""
        for step in reversed(self.steps):
            region = step.reads(region)
        return region

    def back(self, dy: Array) -> Array:
        """The gradient of x from that of y, an array of its own."""
        for step in reversed(self.steps):
            dy = step.back(dy)
        return dy.copy()


def taken(shape: Shape, indices: dict[int, Array]) -> Movement:
    """Cells named along several axes, each for itself: {1: [0, 2], 2: [1]}."""
    return Movement(shape, tuple(Take(axis, shape[axis], np.asarray(index, np.int64)) for axis, index in indices.items()))


def strides(sizes: Sequence[int]) -> list[int]:
    """How many places the next cell of each axis is away, counted row by row: (2, 3, 4) -> [12, 4, 1]"""
    return [math.prod(sizes[k + 1 :]) for k in range(len(sizes))]


def groups(old: Shape, new: Shape) -> list[tuple[slice, slice]]:
    """Runs of axes that are regrouped by themselves: (2, 6, 5), (2, 3, 2, 5) -> axis 0 alone, axis 1 to axes 1 and 2, axis 2 to axis 3."""
    found, i, j = [], 0, 0
    while i < len(old) or j < len(new):
        before, after, left, right = i, j, math.prod(old[i : i + 1]), math.prod(new[j : j + 1])
        i, j = min(i + 1, len(old)), min(j + 1, len(new))
        while left != right:
            if left < right:
                left, i = left * old[i], i + 1
            else:
                right, j = right * new[j], j + 1
        found.append((slice(before, i), slice(after, j)))
    return found


def box_around(places: range, sizes: Shape) -> list[range]:
    """The smallest box that holds a run of places, of an array of these sizes counted row by row."""
    box, whole = [], False
    for size, step in zip(sizes, strides(sizes), strict=True):
        low, high = places[0] // step % size, places[-1] // step % size
        box.append(range(size) if whole else range(low, high + 1))
        whole = whole or low != high
    return box
