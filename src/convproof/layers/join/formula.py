"""Concatenation, the definition, and its gradient.

    y[.., s_k + i, ..] = x_k[.., i, ..]        s_k = the lengths of x_0 ... x_(k-1) along the axis, added up

Stacking is the same after every input was given an axis of length 1: y[.., k, ..] = x_k[.., ..].

Nothing is computed: every output cell is a cell of one of the inputs. So the gradient of an input is its own part of dy:

    dx_k (.., length_k, ..) = dy (.., sum of all lengths, ..) from s_k to s_k + length_k

Source: torch.cat, torch.stack, ONNX Concat.
"""

from collections.abc import Sequence

import numpy as np

from convproof.core.shapes import Array, Cell, Shape


def starts(lengths: Sequence[int]) -> list[int]:
    """s_k of every input, and the length of the whole at the end: (3, 1, 2) -> [0, 3, 4, 6]"""
    return [sum(lengths[:k]) for k in range(len(lengths) + 1)]


def join(arrays: Sequence[Array], axis: int) -> Array:
    """The arrays one after another."""
    return np.concatenate(arrays, axis)


def origin(cell: Cell, shapes: Sequence[Shape], axis: int) -> tuple[int, Cell]:
    """Which input an output cell came from, and where it stood there."""
    begin = starts([shape[axis] for shape in shapes])
    k = next(k for k, end in enumerate(begin[1:]) if cell[axis] < end)
    return k, (*cell[:axis], cell[axis] - begin[k], *cell[axis + 1 :])


def pull(dy: Array, lengths: Sequence[int], axis: int) -> tuple[Array, ...]:
    """Every input's own part of dy, as arrays of their own."""
    return tuple(part.copy() for part in np.split(dy, starts(lengths)[1:-1], axis))
