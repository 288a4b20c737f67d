"""How PyTorch says what moves numbers and is no module of torch.nn."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from convproof.core.calls import Called, Calls, Input
from convproof.core.operators import Result
from convproof.core.shapes import Array, Shape


def one(function: str, *arguments: Any, **settings: Any) -> Calls:
    """One function of x."""
    return Calls(Called(function, (Input(), *arguments), settings))


def chain(*calls: tuple[str, tuple[Any, ...]]) -> Calls:
    """Functions one after another, each of what the one before gave."""
    return Calls(*(Called(name, (Input() if k == 0 else Result(k - 1), *arguments)) for k, (name, arguments) in enumerate(calls)))


def unsqueezed(axes: Sequence[int]) -> Calls:
    """Axes, counted from 0 in the output, put in one after another."""
    return chain(*(("unsqueeze", (axis,)) for axis in sorted(axes)))


def cut(ranges: Mapping[int, range]) -> Calls:
    """torch has no steps backwards: such a range is taken forwards and turned round."""
    calls: list[tuple[str, tuple[Any, ...]]] = [("clone", ())]
    for axis, places in ranges.items():
        forwards = places if places.step > 0 else places[::-1]
        index = (*(slice(None),) * axis, slice(forwards.start, max(forwards.stop, forwards.start), forwards.step))
        calls.append(("Tensor.__getitem__", (index,)))
        if places.step < 0:
            calls.append(("flip", ((axis,),)))
    return chain(*calls)


def gathered(indices: Array, axis: int, shape: Shape) -> Calls:
    """torch.index_select of a list of places, which is put into the shape of the indices."""
    places = np.asarray(indices, np.int64) % max(shape[axis], 1)
    return chain(("index_select", (axis, places.reshape(-1))), ("reshape", ((*shape[:axis], *places.shape, *shape[axis + 1 :]),)))


def to_space(r: int, shape: Shape) -> Calls:
    """Channels counted as (i, j, c)."""
    *lead, channels, h, w = shape
    k, c = len(lead), channels // (r * r)
    order = (*range(k), k + 2, k + 3, k, k + 4, k + 1)
    return chain(("reshape", ((*lead, r, r, c, h, w),)), ("permute", (order,)), ("reshape", ((*lead, c, h * r, w * r),)))


def to_depth(r: int, shape: Shape) -> Calls:
    """The way back."""
    *lead, c, h, w = shape
    k = len(lead)
    order = (*range(k), k + 2, k + 4, k, k + 1, k + 3)
    parts = (*lead, c, h // r, r, w // r, r)
    return chain(("reshape", (parts,)), ("permute", (order,)), ("reshape", ((*lead, c * r * r, h // r, w // r),)))
