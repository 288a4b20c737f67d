"""Rows: the numbers of an array that share a mean and a variance."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from convproof.core.shapes import Array, Shape


@dataclass(frozen=True)
class Rows:
    """The rows of an array of shape ``shape`` that some cells belong to: R rows of n numbers each.

    A row runs over ``axes``. ``cells`` are (k, ndim) integers, None for all; ``wanted`` the numbers of their rows, each once;
    ``row`` the row of every cell, an index into ``wanted``, (k,), or with ``axes`` at length 1 where all cells are meant.
    """

    shape: Shape
    axes: tuple[int, ...]
    cells: Array | None
    wanted: Array
    row: Array

    @classmethod
    def of(cls, shape: Shape, axes: tuple[int, ...], cells: Array | None = None) -> "Rows":
        """The rows that ``cells`` belong to."""
        across = tuple(size for axis, size in enumerate(shape) if axis not in axes)
        if cells is None:
            every = np.arange(math.prod(across))
            return cls(shape, axes, None, every, every.reshape([1 if axis in axes else size for axis, size in enumerate(shape)]))
        own = [cells[:, axis] for axis in range(len(shape)) if axis not in axes]
        numbers = np.ravel_multi_index(own, across) if own else np.zeros(len(cells), int)
        wanted, row = np.unique(numbers, return_inverse=True)
        return cls(shape, axes, cells, wanted, row)

    @property
    def n(self) -> int:
        """How many numbers a row has."""
        return math.prod(self.shape[axis] for axis in self.axes)

    def cut(self, array: Array) -> Array:
        """The numbers of the wanted rows of an array that broadcasts to the shape, (R, n)."""
        kept = [axis for axis in range(len(self.shape)) if axis not in self.axes]
        moved = np.moveaxis(np.broadcast_to(array, self.shape), kept, range(len(kept)))
        if self.cells is not None:
            moved = moved[np.unravel_index(self.wanted, moved.shape[: len(kept)])] if kept else moved
        return moved.reshape(len(self.wanted), self.n)

    def at(self, array: Array) -> Array:
        """What an array that broadcasts to the shape holds at the cells, (k,); the array itself where all cells are meant."""
        return at_cells_of(self.shape, self.cells)(array)


def at_cells_of(shape: Shape, cells: Array | None) -> Callable[[Array], Array]:
    """The function that picks the numbers at some cells from an array that broadcasts to ``shape``; None leaves the array as it is."""
    return lambda array: array if cells is None else np.broadcast_to(array, shape)[tuple(cells.T)]
