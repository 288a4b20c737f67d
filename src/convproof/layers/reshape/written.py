"""ONNX nodes for what no single operator of ONNX says."""

from typing import Any

import numpy as np

from convproof.core.operators import Result, Written

END = 2**63 - 1  # beyond the last cell of any axis


def with_axes_between(end: int, sizes: tuple[int, ...], start: int) -> tuple[Written, ...]:
    """A Reshape that keeps the axes before ``end`` and those from ``start`` on, with axes of other sizes between them.

    ``start`` 0 stands for the end: no axis is kept there.
    """
    before, after = Written("Shape", (0,), {"end": end}), Written("Shape", (0,), {"start": start})
    new = np.array(sizes, np.int64)
    if start == 0 and end == 0:
        return (Written("Reshape", (0, new)),)
    if start == 0:
        return before, Written("Concat", (Result(0), new), {"axis": 0}), Written("Reshape", (0, Result(1)))
    if end == 0:
        return after, Written("Concat", (new, Result(0)), {"axis": 0}), Written("Reshape", (0, Result(1)))
    return before, after, Written("Concat", (Result(0), new, Result(1)), {"axis": 0}), Written("Reshape", (0, Result(2)))


def split_last(k: int, sizes: tuple[int, int], rank: int = 4) -> tuple[Written, ...]:
    """Nodes k and k + 1 of a layer: the channels of N, C, H, W as the last axis, made two axes: N, H, W and ``sizes``."""
    turned = Written("Transpose", (Result(k - 1) if k else 0,), {"perm": (0, *range(2, rank), 1)})
    return turned, Written("Reshape", (Result(k), np.array((*(0,) * (rank - 1), *sizes), np.int64)))


def joined_last(k: int, rank: int = 4) -> tuple[Written, ...]:
    """What follows node k, which gives N, H, W and two axes of channels: N, C, H, W again."""
    joined = Written("Reshape", (Result(k), np.array((*(0,) * (rank - 1), -1), np.int64)))
    return joined, Written("Transpose", (Result(k + 1),), {"perm": (0, rank - 1, *range(1, rank - 1))})


def indexed(index: tuple[Any, ...]) -> tuple[Written, ...]:
    """x[index], of slices, whole numbers, None, Ellipsis and lists."""
    middle = next((k for k, item in enumerate(index) if item is Ellipsis), len(index))
    cuts, gone, put_in, lists = [], [], [], []
    for k, item in enumerate(index):
        beside = index[:k] if k < middle else index[k:]
        axis = sum(i is not None for i in beside) * (1 if k < middle else -1)
        in_y = sum(not isinstance(i, int) for i in beside) * (1 if k < middle else -1)
        if item is None:
            put_in.append(in_y)
        elif isinstance(item, int):
            gone.append(axis)
            cuts.append((item, item + 1 or END, axis, 1))
        elif isinstance(item, list):
            lists.append((axis, item))
        elif item is not Ellipsis and item != slice(None):
            step = item.step or 1
            start = (0 if step > 0 else END) if item.start is None else item.start
            stop = (END if step > 0 else -END) if item.stop is None else item.stop
            cuts.append((start, stop, axis, step))
    nodes: list[Written] = []

    def add(operator: str, *rest: Any, **settings: Any) -> None:
        nodes.append(Written(operator, (Result(len(nodes) - 1) if nodes else 0, *(np.array(r, np.int64) for r in rest)), settings))

    if cuts:
        add("Slice", *zip(*cuts, strict=True))
    for axis, item in lists:
        add("Gather", item, axis=axis)
    if gone:
        add("Squeeze", gone)
    if put_in:
        add("Unsqueeze", put_in)
    return tuple(nodes) or (Written("Identity"),)


def rolled(shifts: tuple[int, ...], dims: tuple[int, ...], before: int = 0) -> tuple[Written, ...]:
    """For every axis the last cells, as many as the shift is modulo the size, joined to the others; after some nodes ``before``."""
    nodes: list[Written] = []
    for shift, dim in zip(shifts, dims, strict=True):
        k = before + len(nodes)
        x = Result(k - 1) if k else 0
        end = {} if dim == -1 else {"end": dim + 1}
        one = [np.array([v], np.int64) for v in (shift, 0, END, dim)]
        nodes += [
            Written("Shape", (x,), {"start": dim, **end}),
            Written("Mod", (one[0], Result(k))),
            Written("Sub", (Result(k), Result(k + 1))),
            Written("Slice", (x, Result(k + 2), one[2], one[3])),
            Written("Slice", (x, one[1], Result(k + 2), one[3])),
            Written("Concat", (Result(k + 3), Result(k + 4)), {"axis": dim}),
        ]
    return tuple(nodes)
