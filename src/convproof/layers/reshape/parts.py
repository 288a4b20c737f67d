"""An array in parts along one axis, each an output of its own.

    Split     parts of given sizes, or of one size as long as there is something left
    Chunk     so many parts of one size, ceil(size / chunks); the last is shorter, and there may be fewer
    Unbind    every cell of the axis, which is gone

    y_k[.., i, ..] = x[.., begin_k + i, ..]        begin_k = the sizes of parts 0 ... k-1, added up

Source: torch.split, torch.chunk, torch.unbind, ONNX Split.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from convproof.core.axes import axis_number
from convproof.core.calls import Calls
from convproof.core.errors import NotCoveredError, SettingError, ShapeError
from convproof.core.moving import Movement, Regroup, taken
from convproof.core.operators import Written
from convproof.core.sentence import Sentence, Text, say
from convproof.core.shapes import Cell, Shape, Sizes
from convproof.layers.reshape.base import Reshaping, counted_from_0, whole_numbers
from convproof.layers.reshape.in_torch import one


class Parts(Reshaping):
    """What the layers of this file share: ``sizes`` says how long the parts of an axis are."""

    dim: int

    def sizes(self, size: int, shape: Shape) -> tuple[int, ...]:
        """The lengths of the parts of an axis of ``size`` cells. Raises ShapeError."""
        raise NotImplementedError

    def _begins(self, shape: Shape) -> tuple[int, list[int]]:
        """The axis, and where parts begin; the axis's own size at the end."""
        (dim,) = counted_from_0(self.dim, len(shape), self.describe(), shape)
        return dim, [0, *np.cumsum(self.sizes(shape[dim], shape), dtype=np.int64).tolist()]

    def movements(self, shape: Shape) -> tuple[Movement, ...]:
        """A run of places for every output."""
        dim, begins = self._begins(shape)
        return tuple(taken(shape, {dim: np.arange(begin, end)}) for begin, end in pairwise(begins))

    def told(self, cell: Cell, origin: Cell, shape: Shape, output: int) -> Sentence | None:
        """Where the output begins."""
        dim, begins = self._begins(shape)
        return say(
            "output {output} begins at {begin} of axis {dim}: {begin} + {i} = {place}",
            output=output,
            begin=begins[output],
            dim=dim,
            i=origin[dim] - begins[output],
            place=origin[dim],
        )


class Split(Parts):
    """Parts along axis ``dim``, ``split_size`` cells each (the last may be shorter), or of the sizes that ``split_size`` lists.

    Raises SettingError for sizes that cannot be, ShapeError for an input that does not fall into them.
    """

    def __init__(self, split_size: Any, dim: Any = 0) -> None:
        super().__init__()
        given = whole_numbers(split_size, "split_size", 0)
        self.split_size: Any = given if isinstance(split_size, list | tuple | np.ndarray) else given[0]
        self.dim = axis_number(dim, "dim")
        if given == ():
            raise SettingError("split_size={sizes}: expected one size or more", sizes=given)

    def settings(self) -> dict[str, Any]:
        """Sizes and axis."""
        return {"split_size": self.split_size, "dim": self.dim}

    def equation(self) -> Text:
        """In words."""
        return say("y0, y1, .. = x in parts of {sizes} along axis {dim}", sizes=self.split_size, dim=self.dim)

    def sizes(self, size: int, shape: Shape) -> tuple[int, ...]:
        """As listed, or equal ones and what is left."""
        if isinstance(self.split_size, int):
            if self.split_size == 0 and size > 0:
                raise ShapeError("{layer} makes parts without cells; got x of shape {shape}", layer=self.describe(), shape=shape)
            return equal_parts(size, self.split_size)
        if sum(self.split_size) != size:
            raise ShapeError(
                "{layer} needs an axis of {sum} cells, which its parts have together; got x of shape {shape}",
                layer=self.describe(),
                sum=sum(self.split_size),
                shape=shape,
            )
        return tuple(self.split_size)

    def in_torch(self, shapes: Sequence[Shape], training: bool) -> Calls:
        """torch.split"""
        return one("split", self.split_size if isinstance(self.split_size, int) else list(self.split_size), self.dim)

    def written(self) -> tuple[Written, ...]:
        """Split, for listed sizes."""
        if isinstance(self.split_size, int):
            raise NotCoveredError(
                "{layer} makes as many parts as the input has room for, which ONNX cannot say where its size is open; list the sizes",
                layer=self.describe(),
            )
        return (Written("Split", (0, np.array(self.split_size, np.int64)), {"axis": self.dim}, len(self.split_size)),)

    def written_at(self, shapes: Sequence[Sizes]) -> tuple[Written, ...]:
        """The same, with the sizes listed where that of the axis is known."""
        size = None if shapes[0] is None else shapes[0][self.dim]
        if size is None or not isinstance(self.split_size, int):
            return self.written()
        return Split(equal_parts(size, self.split_size), self.dim).written()


class Chunk(Parts):
    """``chunks`` parts along axis ``dim``, of ceil(size / chunks) cells each; the last is shorter, and there may be fewer.

    Raises SettingError for a number of parts that cannot be, ShapeError for an input that lacks the axis.
    """

    def __init__(self, chunks: Any, dim: Any = 0) -> None:
        super().__init__()
        (self.chunks,) = whole_numbers(chunks, "chunks", 1)[:1]
        self.dim = axis_number(dim, "dim")

    def settings(self) -> dict[str, Any]:
        """How many, and the axis."""
        return {"chunks": self.chunks, "dim": self.dim}

    def equation(self) -> Text:
        """In words."""
        return say("y0, y1, .. = x in {chunks} parts along axis {dim}", chunks=self.chunks, dim=self.dim)

    def sizes(self, size: int, shape: Shape) -> tuple[int, ...]:
        """Equal ones and what is left; so many of length 0 where there is nothing."""
        return equal_parts(size, -(-size // self.chunks)) if size else (0,) * self.chunks

    def in_torch(self, shapes: Sequence[Shape], training: bool) -> Calls:
        """torch.chunk"""
        return one("chunk", self.chunks, self.dim)

    def written(self) -> tuple[Written, ...]:
        """Split, where there are as many parts as asked for."""
        return (Written("Split", (0,), {"axis": self.dim, "num_outputs": self.chunks}, self.chunks),)


class Unbind(Parts):
    """Every cell of axis ``dim`` as an output of its own, without that axis.

    Raises SettingError for an axis that is no whole number, ShapeError for an input that lacks it.
    """

    def __init__(self, dim: Any = 0) -> None:
        super().__init__()
        self.dim = axis_number(dim, "dim")

    def settings(self) -> dict[str, Any]:
        """The axis."""
        return {"dim": self.dim}

    def equation(self) -> Text:
        """In words."""
        return say("y0, y1, .. = the cells of axis {dim} of x, one by one", dim=self.dim)

    def sizes(self, size: int, shape: Shape) -> tuple[int, ...]:
        """One cell each."""
        return (1,) * size

    def movements(self, shape: Shape) -> tuple[Movement, ...]:
        """One cell each, and the axis is gone."""
        dim, _ = self._begins(shape)
        rest = (*shape[:dim], *shape[dim + 1 :])
        return tuple(Movement(shape, (*part.steps, Regroup(part.result, rest))) for part in super().movements(shape))

    def in_torch(self, shapes: Sequence[Shape], training: bool) -> Calls:
        """torch.unbind"""
        return one("unbind", self.dim)

    def written(self) -> tuple[Written, ...]:
        """Raises NotCoveredError: how many outputs there are, the input's size says."""
        raise NotCoveredError(
            "{layer} has as many outputs as the axis has cells, which ONNX cannot say of an input whose size is open; give it a fixed size",
            layer=self.describe(),
        )

    def written_at(self, shapes: Sequence[Sizes]) -> tuple[Written, ...]:
        """A Gather for every cell, where the size of the axis is known."""
        size = None if shapes[0] is None else shapes[0][self.dim]
        if not size:
            return self.written()
        return tuple(Written("Gather", (0, np.array(k, np.int64)), {"axis": self.dim}, gives=(k,)) for k in reversed(range(size)))


def equal_parts(size: int, each: int) -> tuple[int, ...]:
    """Lengths of ``each`` cells and what is left: 7 in parts of 3 are (3, 3, 1); one empty part of nothing."""
    return tuple(min(each, size - begin) for begin in range(0, size, each)) if size else (0,)
