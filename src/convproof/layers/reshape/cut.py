"""Some cells of an array: a range along some axes, single places, or a list of places.

    Slice     y[.., i, ..] = x[.., start + i*step, ..]        along some axes
    Index     y = x[1:3, 0, None, ...], as Python writes it
    Gather    y[.., k, ..] = x[.., indices[k], ..]            along one axis; k has as many axes as the indices

A negative start, end or index counts from the end; a range that reaches beyond an axis ends with it. What is not taken has no part in
the output, so its gradient is 0; what Gather takes several times receives the sum.

Source: ONNX Slice, Gather; torch.Tensor.__getitem__, torch.narrow, torch.select, torch.index_select.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from convproof.core.axes import axis_number
from convproof.core.calls import Calls
from convproof.core.errors import NotCoveredError, SettingError, ShapeError
from convproof.core.moving import Movement, Regroup, taken
from convproof.core.operators import Written
from convproof.core.sentence import Sentence, Text, listed, say
from convproof.core.shapes import Array, Cell, Shape
from convproof.layers.reshape.base import Reshaping, counted_from_0, whole_numbers
from convproof.layers.reshape.in_torch import cut, gathered, one
from convproof.layers.reshape.written import indexed


class Slice(Reshaping):
    """From ``starts`` up to ``ends``, which are left out, in ``steps`` (default 1) along the axes ``dims`` (default: the first ones).

    Each is one whole number, or one for every axis that is cut.

    Raises SettingError for settings that cannot be, ShapeError for an input that lacks these axes.
    """

    def __init__(self, starts: Any, ends: Any, dims: Any = None, steps: Any = None) -> None:
        super().__init__()
        self.starts, self.ends = whole_numbers(starts, "starts"), whole_numbers(ends, "ends")
        self.dims = tuple(range(len(self.starts))) if dims is None else whole_numbers(dims, "dims")
        self.steps = (1,) * len(self.starts) if steps is None else whole_numbers(steps, "steps")
        if len({len(given) for given in (self.starts, self.ends, self.dims, self.steps)}) > 1 or 0 in self.steps:
            raise SettingError(
                "starts={starts}, ends={ends}, dims={dims}, steps={steps}: expected one of each for every axis that is cut, no step 0",
                starts=self.starts,
                ends=self.ends,
                dims=self.dims,
                steps=self.steps,
            )

    def settings(self) -> dict[str, Any]:
        """The ranges, and steps other than 1."""
        rest = {} if set(self.steps) <= {1} else {"steps": self.steps}
        return {"starts": self.starts, "ends": self.ends, "dims": self.dims} | rest

    def equation(self) -> Text:
        """Every axis with its range, as Python writes it."""
        cuts = zip(self.dims, self.starts, self.ends, self.steps, strict=True)
        ranges = [say("axis {dim} cut to {range}", dim=dim, range=written_range(slice(*cut))) for dim, *cut in cuts]
        return say("y = x with {ranges}", ranges=listed(ranges))

    def _ranges(self, shape: Shape) -> dict[int, range]:
        """The places that are taken, by axis. Raises ShapeError."""
        dims = counted_from_0(self.dims, len(shape), self.describe(), shape)
        cuts = map(slice, self.starts, self.ends, self.steps)
        return {dim: range(shape[dim])[cut] for dim, cut in zip(dims, cuts, strict=True)}

    def movements(self, shape: Shape) -> tuple[Movement, ...]:
        """The places of every axis that is cut."""
        return (taken(shape, {dim: np.array(places, np.int64) for dim, places in self._ranges(shape).items()}),)

    def told(self, cell: Cell, origin: Cell, shape: Shape, output: int) -> Sentence | None:
        """How the places are counted."""
        return counted_places({dim: (cell[dim], places) for dim, places in self._ranges(shape).items()})

    def in_torch(self, shapes: Sequence[Shape], training: bool) -> Calls:
        """Slices, as Python writes them."""
        return cut(self._ranges(shapes[0]))

    def written(self) -> tuple[Written, ...]:
        """Slice."""
        return (Written("Slice", (0, *(np.array(given, np.int64) for given in (self.starts, self.ends, self.dims, self.steps)))),)


class Index(Reshaping):
    """x[index], written as in Python: slices, whole numbers (that axis is gone), None (a new axis of length 1), Ellipsis, a list of places.

    There can be one list: several are taken together in torch and NumPy, which is another operation.

    Raises SettingError for an index that cannot be, ShapeError for an input that does not have these places.
    """

    def __init__(self, index: Any) -> None:
        super().__init__()
        items = index if isinstance(index, tuple) else (index,)
        self.index = tuple(_item(item) for item in items)
        lists = [item for item in self.index if isinstance(item, list)]
        if sum(item is Ellipsis for item in self.index) > 1 or len(lists) > 1:
            raise SettingError("index={index}: expected at most one Ellipsis and one list", index=self.index)

    def settings(self) -> dict[str, Any]:
        """The index."""
        return {"index": self.index}

    def equation(self) -> Text:
        """As Python writes it."""
        return f"y = x[{', '.join(map(_as_python, self.index))}]"

    def _full(self, rank: int) -> list[Any]:
        """The index without Ellipsis, one item for every axis of x and every new one."""
        named = sum(item is not None and item is not Ellipsis for item in self.index)
        rest = [slice(None)] * (rank - named)
        k = next((k for k, item in enumerate(self.index) if item is Ellipsis), len(self.index))
        return [*self.index[:k], *rest, *self.index[k + 1 :]]

    def _places(self, shape: Shape) -> tuple[list[Any], dict[int, Any]]:
        """The full index, and the places that are taken of every axis of x. Raises ShapeError."""
        full = self._full(len(shape))
        items = [item for item in full if item is not None]
        if len(items) > len(shape):
            raise ShapeError("{layer} names more axes than x of shape {shape} has", layer=self.describe(), shape=shape)
        places: dict[int, Any] = {}
        for axis, (item, size) in enumerate(zip(items, shape, strict=True)):
            if isinstance(item, slice):
                places[axis] = range(size)[item]
            else:
                wanted = item if isinstance(item, list) else [item]
                places[axis] = [int(i) for i in within(np.array(wanted, np.int64), size, self.describe(), shape)]
        return full, places

    def movements(self, shape: Shape) -> tuple[Movement, ...]:
        """The places of every axis, then the axes that are gone and the new ones."""
        full, places = self._places(shape)
        cut = {axis: np.array(p, np.int64) for axis, p in places.items() if p != range(shape[axis])}
        found = taken(shape, cut)
        sizes = iter(found.result)
        y = []
        for item in full:
            size = 1 if item is None else next(sizes)
            if not isinstance(item, int):
                y.append(size)
        return (Movement(shape, (*found.steps, Regroup(found.result, tuple(y)))),)

    def told(self, cell: Cell, origin: Cell, shape: Shape, output: int) -> Sentence | None:
        """How the places in ranges are counted."""
        full, places = self._places(shape)
        kept = [k for k, item in enumerate(full) if not isinstance(item, int)]
        axes = {k: sum(item is not None for item in full[:k]) for k in kept if isinstance(full[k], slice)}
        return counted_places({axis: (cell[kept.index(k)], places[axis]) for k, axis in axes.items() if places[axis] != range(shape[axis])})

    def in_torch(self, shapes: Sequence[Shape], training: bool) -> Calls:
        """As Python writes it."""
        return one("Tensor.__getitem__", self.index)

    def written(self) -> tuple[Written, ...]:
        """Slice and Gather, then Squeeze and Unsqueeze, as far as they are needed."""
        return indexed(self.index)


class Gather(Reshaping):
    """The cells ``indices`` (an array of whole numbers) of axis ``dim``, which becomes as many axes as the indices have.

    Raises SettingError for indices that are no whole numbers, ShapeError for an input that does not have these places.
    """

    formula = "y[.., k, ..] = x[.., indices[k], ..]"

    def __init__(self, indices: Any, dim: Any = 0) -> None:
        super().__init__()
        self.indices, self.dim = np.asarray(indices), axis_number(dim, "dim")
        if self.indices.size == 0:
            self.indices = self.indices.astype(np.int64)
        if self.indices.dtype.kind not in "iu":
            raise SettingError("indices of dtype {dtype}: expected whole numbers", dtype=self.indices.dtype.name)

    def settings(self) -> dict[str, Any]:
        """Indices and axis."""
        return {"indices": self.indices.tolist(), "dim": self.dim}

    def equation(self) -> Text:
        """In words, with the axis."""
        return say("y = the cells of x that the indices name along axis {dim}", dim=self.dim)

    def movements(self, shape: Shape) -> tuple[Movement, ...]:
        """The places, and the axes of the indices in their stead."""
        (dim,) = counted_from_0(self.dim, len(shape), self.describe(), shape)
        found = taken(shape, {dim: within(self.indices.reshape(-1), shape[dim], self.describe(), shape)})
        y = (*shape[:dim], *self.indices.shape, *shape[dim + 1 :])
        return (Movement(shape, (*found.steps, Regroup(found.result, y))),)

    def told(self, cell: Cell, origin: Cell, shape: Shape, output: int) -> Sentence | None:
        """The index that names the place."""
        dim = self.dim % len(shape)
        k = cell[dim : dim + self.indices.ndim]
        return say("index {k} names place {place} of axis {dim}", k=list(k), place=origin[dim], dim=dim)

    def in_torch(self, shapes: Sequence[Shape], training: bool) -> Calls:
        """torch.index_select"""
        return gathered(self.indices, self.dim % max(len(shapes[0]), 1), shapes[0])

    def written(self) -> tuple[Written, ...]:
        """Gather."""
        return (Written("Gather", (0, self.indices.astype(np.int64)), {"axis": self.dim}),)


def within(indices: Array, size: int, layer: str, shape: Shape) -> Array:
    """Indices of an axis counted from 0. Raises ShapeError for one that the axis does not have."""
    if ((indices < -size) | (indices >= size)).any():
        raise ShapeError(
            "{layer} asks for a place that an axis of {size} cells does not have; got x of shape {shape}",
            layer=layer,
            size=size,
            shape=shape,
        )
    return np.where(indices < 0, indices + size, indices).astype(np.int64)


def counted_places(cells: dict[int, tuple[int, Sequence[int]]]) -> Sentence | None:
    """For every axis an index in a run of places, and the run: "axis 2: 1 + 3*2 = 7"."""
    runs = {axis: (i, p) for axis, (i, p) in cells.items() if isinstance(p, range)}
    if not runs:
        return None
    said = [
        say("axis {axis}: {start} + {i}*{step} = {place}", axis=axis, start=p.start, i=i, step=p.step, place=p[i])
        for axis, (i, p) in runs.items()
    ]
    return listed(said)


def written_range(cut: slice) -> str:
    """A slice as Python writes it: 1:3, ::2, :-1; an end that no axis reaches is left out."""
    start = "" if cut.start in (None, 0) and (cut.step or 1) > 0 else str(cut.start if cut.start is not None else "")
    end = "" if cut.stop is None or abs(cut.stop) >= 2**31 - 1 else str(cut.stop)
    return f"{start}:{end}" + (f":{cut.step}" if cut.step not in (None, 1) else "")


def _as_python(item: Any) -> str:
    return "..." if item is Ellipsis else written_range(item) if isinstance(item, slice) else str(item)


def _item(item: Any) -> Any:
    """One item of an index in plain Python. Raises SettingError."""
    if item is None or item is Ellipsis:
        return item
    if isinstance(item, slice):
        parts = [None if part is None else whole_numbers(part, "index")[0] for part in (item.start, item.stop, item.step)]
        if parts[2] == 0:
            raise SettingError("index with a step of 0: expected another whole number")
        return slice(*parts)
    array = np.asarray(item)
    if array.dtype.kind == "b":
        raise NotCoveredError("an index of truth values depends on numbers, which is not covered")
    if array.dtype.kind not in "iu" or array.ndim > 1:
        raise SettingError("index with {item!r}: expected whole numbers, slices, None, Ellipsis or one list of whole numbers", item=item)
    return array.tolist()
