"""The window under one output cell."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from convproof.core.shapes import Array, Cell, Int
from convproof.core.window import Window


@dataclass(frozen=True)
class Patch:
    """The cells under one window, in reading order, one row a cell and one column a spatial axis.

    ``inside`` is True where a cell lies in the input and False where it is padding. ``whole`` is how many taps the window has: cells
    beyond the padding, where ``ceil_mode`` lets a window stand out, are left out of ``cells``. ``row`` is how many cells a row has.
    """

    cells: Int[Array, "cells axes"]
    inside: Array
    whole: int
    row: int

    @property
    def real(self) -> Int[Array, "real axes"]:
        """The cells that lie in the input."""
        return np.asarray(self.cells[self.inside])

    @property
    def padding(self) -> int:
        """How many of the cells are padding."""
        return len(self.cells) - int(self.inside.sum())

    def numbers(self, plane: Array) -> Array:
        """What the input has under the window, padding left out."""
        return np.asarray(plane[tuple(self.real.T)])


def patch_of(spot: Cell, windows: Sequence[Window], sizes: Sequence[int]) -> Patch:
    """The patch under one output spot of a plane of these sizes."""
    axes = []
    for window, output, size in zip(windows, spot, sizes, strict=True):
        taps = np.array(window.taps(output))
        axes.append(taps[taps < size + window.after])
    cells = np.stack([grid.reshape(-1) for grid in np.meshgrid(*axes, indexing="ij")], axis=1)
    inside = np.asarray(((cells >= 0) & (cells < np.array(sizes))).all(axis=1))
    return Patch(cells, inside, int(np.prod([w.kernel for w in windows])), len(axes[-1]))
