"""The axes of an array in another order, put in, or left out.

    Permute      axis k of y is axis dims[k] of x:  y[n, h, w, c] = x[n, c, h, w]  for dims (0, 2, 3, 1)
    Transpose    two axes exchanged
    Squeeze      axes of length 1 left out
    Unsqueeze    axes of length 1 put in
    Identity     y = x

Source: torch.permute, torch.transpose, torch.squeeze, torch.unsqueeze, torch.nn.Identity; ONNX Transpose, Squeeze, Unsqueeze, Identity.
"""

from collections.abc import Sequence
from string import ascii_lowercase
from typing import Any

import numpy as np

from convproof.core.axes import axis_number
from convproof.core.calls import Calls
from convproof.core.errors import SettingError, ShapeError
from convproof.core.moving import Movement, Regroup, Reorder
from convproof.core.operators import Written
from convproof.core.sentence import Sentence, Text, say
from convproof.core.shapes import Cell, Shape, Sizes
from convproof.layers.reshape.base import Reshaping, axis_numbers, counted_from_0, whole_numbers
from convproof.layers.reshape.in_torch import one, unsqueezed
from convproof.layers.reshape.told import letters


class Permute(Reshaping):
    """The axes in the order ``dims``; in reverse order for None, the default.

    Raises SettingError for dims that name an axis twice, ShapeError for an input with another number of axes.
    """

    def __init__(self, dims: Any = None) -> None:
        super().__init__()
        self.dims = None if dims is None else whole_numbers(dims, "dims")
        if self.dims is not None and len({dim % len(self.dims) for dim in self.dims}) < len(self.dims):
            raise SettingError("dims={dims}: expected every axis once", dims=self.dims)

    def settings(self) -> dict[str, Any]:
        """The order, where one was given."""
        return {} if self.dims is None else {"dims": self.dims}

    def equation(self) -> Text:
        """The formula in letters, or in words for the reverse order."""
        if self.dims is None:
            return say("y = x with its axes in reverse order")
        names = letters(len(self.dims))
        return f"y[{', '.join(names[dim] for dim in self.dims)}] = x[{', '.join(names)}]"

    def movements(self, shape: Shape) -> tuple[Movement, ...]:
        """The sizes in the new order."""
        rank = len(shape)
        dims = tuple(range(rank))[::-1] if self.dims is None else self.dims
        if len(dims) != rank:
            raise ShapeError(
                "{layer} needs an input of {rank} axes; got x of shape {shape}", layer=self.describe(), rank=len(dims), shape=shape
            )
        return (Movement(shape, (Reorder(counted_from_0(dims, rank, self.describe(), shape)),)),)

    def told(self, cell: Cell, origin: Cell, shape: Shape, output: int) -> Sentence | None:
        """The cell that shows in another order."""
        return say("the indices of x in another order")

    def in_torch(self, shapes: Sequence[Shape], training: bool) -> Calls:
        """torch.permute"""
        return one("permute", tuple(range(len(shapes[0])))[::-1] if self.dims is None else self.dims)

    def written(self) -> tuple[Written, ...]:
        """Transpose."""
        if self.dims is None:
            return (Written("Transpose"),)
        return (Written("Transpose", (0,), {"perm": tuple(dim % len(self.dims) for dim in self.dims)}),)


class Transpose(Reshaping):
    """Axes ``dim0`` and ``dim1`` exchanged, as in torch.transpose; ONNX's Transpose is Permute here.

    Raises SettingError for an axis that is no whole number, ShapeError for an input that lacks these axes.
    """

    def __init__(self, dim0: Any, dim1: Any) -> None:
        super().__init__()
        self.dim0, self.dim1 = axis_number(dim0, "dim0"), axis_number(dim1, "dim1")

    def settings(self) -> dict[str, Any]:
        """Both axes."""
        return {"dim0": self.dim0, "dim1": self.dim1}

    def equation(self) -> Text:
        """In words, with the axes."""
        return say("y = x with axes {dim0} and {dim1} exchanged", dim0=self.dim0, dim1=self.dim1)

    def movements(self, shape: Shape) -> tuple[Movement, ...]:
        """The two sizes exchanged."""
        order = list(range(len(shape)))
        (a,), (b,) = (counted_from_0(dim, max(len(shape), 1), self.describe(), shape) for dim in (self.dim0, self.dim1))
        if shape:
            order[a], order[b] = order[b], order[a]
        return (Movement(shape, (Reorder(tuple(order)),)),)

    def told(self, cell: Cell, origin: Cell, shape: Shape, output: int) -> Sentence | None:
        """Which indices were exchanged."""
        return say("indices {dim0} and {dim1} exchanged", dim0=self.dim0 % len(shape), dim1=self.dim1 % len(shape)) if shape else None

    def in_torch(self, shapes: Sequence[Shape], training: bool) -> Calls:
        """torch.transpose"""
        return one("transpose", self.dim0, self.dim1)

    def written(self) -> tuple[Written, ...]:
        """Einsum, which can leave open how many axes there are: "ab..c->ac..b" for axes 1 and -1."""
        first, last = (max(0, *(sign * dim + extra for dim in (self.dim0, self.dim1))) for sign, extra in ((1, 1), (-1, 0)))
        front, back = ascii_lowercase[:first], ascii_lowercase[first : first + last]
        old, new = (list(f"{front}.{back}") for _ in range(2))
        a, b = (dim if dim >= 0 else len(old) + dim for dim in (self.dim0, self.dim1))
        new[a], new[b] = new[b], new[a]
        equation = f"{''.join(old)}->{''.join(new)}".replace(".", "...")
        return (Written("Einsum", (0,), {"equation": equation}),)


class Squeeze(Reshaping):
    """Axes ``dim`` of length 1 left out: one axis, several, or all of them for None, the default.

    A named axis that is longer stays, as in torch; with ``strict`` it is an error, as in ONNX.

    Raises SettingError for an axis that is no whole number, ShapeError for an input that lacks these axes.
    """

    def __init__(self, dim: Any = None, *, strict: bool = False) -> None:
        super().__init__()
        self.dim, self.strict = None if dim is None else axis_numbers(dim, "dim"), strict

    def settings(self) -> dict[str, Any]:
        """The axes, where some were named."""
        return ({} if self.dim is None else {"dim": self.dim}) | ({"strict": True} if self.strict else {})

    def equation(self) -> Text:
        """In words, with the axes."""
        if self.dim is None:
            return say("y = x without its axes of length 1")
        return say("y = x without axis {dim}, of length 1", dim=self.dim)

    def movements(self, shape: Shape) -> tuple[Movement, ...]:
        """The sizes without those that are left out."""
        sizes = shape or (1,)
        named = range(len(sizes)) if self.dim is None else counted_from_0(self.dim, len(sizes), self.describe(), shape)
        if self.strict and self.dim is not None and any(sizes[axis] != 1 for axis in named):
            raise ShapeError("{layer} leaves out axes of length 1; got x of shape {shape}", layer=self.describe(), shape=shape)
        left = tuple(size for axis, size in enumerate(shape) if size != 1 or axis not in named)
        return (Movement(shape, (Regroup(shape, left),)),)

    def in_torch(self, shapes: Sequence[Shape], training: bool) -> Calls:
        """torch.squeeze"""
        return one("squeeze") if self.dim is None else one("squeeze", self.dim)

    def written(self) -> tuple[Written, ...]:
        """Squeeze."""
        return (Written("Squeeze", (0,) if self.dim is None else (0, np.atleast_1d(np.array(self.dim, np.int64)))),)

    def written_at(self, shapes: Sequence[Sizes]) -> tuple[Written, ...]:
        """The same without axes that are known to be longer, which ONNX does not let stay."""
        (shape,) = shapes
        if self.dim is None or self.strict or shape is None:
            return self.written()
        dims = (self.dim,) if isinstance(self.dim, int) else tuple(self.dim)
        short = [dim for dim in dims if shape[dim] in (1, None)]
        return (Written("Squeeze", (0, np.array(short, np.int64))),) if short else (Written("Identity"),)


class Unsqueeze(Reshaping):
    """Axes of length 1 put in so that they are axes ``dim`` of the output: one axis, or several.

    Raises SettingError for an axis that is no whole number, ShapeError for an axis that the output cannot have.
    """

    def __init__(self, dim: Any) -> None:
        super().__init__()
        self.dim = axis_numbers(dim, "dim")

    def settings(self) -> dict[str, Any]:
        """The axes."""
        return {"dim": self.dim}

    def equation(self) -> Text:
        """In words, with the axes."""
        return say("y = x with an axis of length 1 put in at {dim}", dim=self.dim)

    def movements(self, shape: Shape) -> tuple[Movement, ...]:
        """The sizes with ones among them."""
        rank = len(shape) + (len(self.dim) if isinstance(self.dim, tuple) else 1)
        put_in = counted_from_0(self.dim, rank, self.describe(), shape)
        sizes = iter(shape)
        return (Movement(shape, (Regroup(shape, tuple(1 if axis in put_in else next(sizes) for axis in range(rank))),)),)

    def in_torch(self, shapes: Sequence[Shape], training: bool) -> Calls:
        """torch.unsqueeze, of one axis after another"""
        dims = self.dim if isinstance(self.dim, tuple) else (self.dim,)
        rank = len(shapes[0]) + len(dims)
        return unsqueezed([dim % rank for dim in dims])

    def written(self) -> tuple[Written, ...]:
        """Unsqueeze."""
        return (Written("Unsqueeze", (0, np.atleast_1d(np.array(self.dim, np.int64)))),)


class Identity(Reshaping):
    """The input itself. Any arguments are accepted and mean nothing, as in torch.nn.Identity."""

    formula = "y = x"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()

    def movements(self, shape: Shape) -> tuple[Movement, ...]:
        """No step."""
        return (Movement(shape),)

    def written(self) -> tuple[Written, ...]:
        """Identity."""
        return (Written("Identity"),)
