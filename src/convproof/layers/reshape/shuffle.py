"""Channels and places exchanged: r*r channels of small images become blocks of r*r cells of a large one, and back.

    PixelShuffle      y[n, c, h*r + i, w*r + j] = x[n, (c*r + i)*r + j, h, w]        i, j = 0 .. r-1
    PixelUnshuffle    y[n, (c*r + i)*r + j, h, w] = x[n, c, h*r + i, w*r + j]
    DepthToSpace      the same as PixelShuffle in mode CRD; in mode DCR, C the channels of y,
                      y[n, c, h*r + i, w*r + j] = x[n, (i*r + j)*C + c, h, w]
    SpaceToDepth      the way back from either
    ChannelShuffle    y[n, i*g + k, ..] = x[n, k*(C/g) + i, ..]        group k = 0 .. g-1 of C/g channels each

Each of them is: split axes, reorder the parts, join them again. The trap is the order of the three parts of a channel: torch counts it
as (c, i, j), which ONNX calls CRD (column, row, depth, from the last to the first); ONNX and TensorFlow count it as (i, j, c), called DCR,
unless told otherwise. With a single channel c they are the same.

Source: torch.nn.PixelShuffle (Shi et al. 2016), torch.nn.ChannelShuffle (Zhang et al. 2018), ONNX DepthToSpace, SpaceToDepth.
"""

from collections.abc import Sequence
from typing import Any

from convproof.core.calls import Calls, functional
from convproof.core.errors import SettingError, ShapeError
from convproof.core.moving import Movement, Regroup, Reorder
from convproof.core.operators import Result, Written
from convproof.core.sentence import Sentence, Text, say
from convproof.core.shapes import Cell, Shape, Sizes
from convproof.layers.reshape.base import Reshaping, whole_numbers
from convproof.layers.reshape.in_torch import to_depth, to_space
from convproof.layers.reshape.written import joined_last, split_last

MODES = {"CRD": (0, 1, 2), "DCR": (1, 2, 0)}  # which of c, i, j are the parts of a channel, from the first to the last


def factor(value: Any, name: str) -> int:
    """A setting that is one whole number from 1 on. Raises SettingError."""
    found = whole_numbers(value, name, 1)
    if len(found) != 1:
        raise SettingError("{name}={value!r}: expected one whole number", name=name, value=value)
    return found[0]


def order_of(mode: Any) -> tuple[int, ...]:
    """See MODES. Raises SettingError."""
    if not isinstance(mode, str) or mode not in MODES:
        raise SettingError("mode={mode!r}: expected 'DCR' or 'CRD'", mode=mode)
    return MODES[mode]


class ToSpace(Reshaping):
    """What PixelShuffle and DepthToSpace share: (*, C*r*r, H, W) becomes (*, C, H*r, W*r)."""

    r: int
    order: tuple[int, ...]

    def equation(self) -> Text:
        """The formula with the factor filled in."""
        r, channel = self.r, "(c*{r} + i)*{r} + j" if self.order == MODES["CRD"] else "(i*{r} + j)*C + c"
        return f"y[n, c, h*{r} + i, w*{r} + j] = x[n, {channel.format(r=r)}, h, w]"

    def movements(self, shape: Shape) -> tuple[Movement, ...]:
        """Split the channels into three, put two of them beside the rows and columns, join."""
        r = self.r
        if len(shape) < 3 or shape[-3] % (r * r):
            raise ShapeError(
                "{layer} needs (.., channels, H, W) with channels that {square} divides; got x of shape {shape}",
                layer=self.describe(),
                square=r * r,
                shape=shape,
            )
        *lead, channels, h, w = shape
        sizes, k = (channels // (r * r), r, r), len(lead)
        parts = (*lead, *(sizes[part] for part in self.order), h, w)
        c, i, j = (k + self.order.index(part) for part in range(3))
        y = (*lead, sizes[0], h * r, w * r)
        moved = Reorder((*range(k), c, k + 3, i, k + 4, j))
        return (Movement(shape, (Regroup(shape, parts), moved, Regroup(moved.shape(parts), y))),)

    def told(self, cell: Cell, origin: Cell, shape: Shape, output: int) -> Sentence | None:
        """How row and column are counted, and the channel that shows there."""
        return told_in_space(cell, origin, self.r)

    def written(self) -> tuple[Written, ...]:
        """DepthToSpace, of N, C, H, W."""
        mode = next(mode for mode, order in MODES.items() if order == self.order)
        return (Written("DepthToSpace", (0,), {"blocksize": self.r, "mode": mode}),)


class ToDepth(Reshaping):
    """What PixelUnshuffle and SpaceToDepth share: (*, C, H*r, W*r) becomes (*, C*r*r, H, W)."""

    r: int
    order: tuple[int, ...]

    def equation(self) -> Text:
        """The formula with the factor filled in."""
        r, channel = self.r, "(c*{r} + i)*{r} + j" if self.order == MODES["CRD"] else "(i*{r} + j)*C + c"
        return f"y[n, {channel.format(r=r)}, h, w] = x[n, c, h*{r} + i, w*{r} + j]"

    def movements(self, shape: Shape) -> tuple[Movement, ...]:
        """Split rows and columns into two each, put the parts i and j beside the channels, join."""
        r = self.r
        if len(shape) < 3 or shape[-2] % r or shape[-1] % r:
            raise ShapeError(
                "{layer} needs (.., channels, H, W) with H and W that {r} divides; got x of shape {shape}",
                layer=self.describe(),
                r=r,
                shape=shape,
            )
        *lead, channels, rows, columns = shape
        k, h, w = len(lead), rows // r, columns // r
        parts = (*lead, channels, h, r, w, r)
        places = (k, k + 2, k + 4)  # c, i, j
        moved = Reorder((*range(k), *(places[part] for part in self.order), k + 1, k + 3))
        return (Movement(shape, (Regroup(shape, parts), moved, Regroup(moved.shape(parts), (*lead, channels * r * r, h, w)))),)

    def told(self, cell: Cell, origin: Cell, shape: Shape, output: int) -> Sentence | None:
        """How row and column of x are counted, and the channel that shows them."""
        return told_in_space(origin, cell, self.r)

    def written(self) -> tuple[Written, ...]:
        """SpaceToDepth, of N, C, H, W; it has only the order DCR, so another is made of its channels."""
        plain = Written("SpaceToDepth", (0,), {"blocksize": self.r})
        if self.order == MODES["DCR"]:
            return (plain,)
        parts = split_last(1, (self.r * self.r, -1))
        swapped = Written("Transpose", (Result(2),), {"perm": (0, 1, 2, 4, 3)})
        return plain, *parts, swapped, *joined_last(3)


def told_in_space(large: Cell, small: Cell, r: int) -> Sentence:
    """Row and column of the large image, counted in blocks of r, and the channel of the small ones."""
    (row, column), (channel, h, w) = large[-2:], small[-3:]
    return say(
        "row {row} = {h}*{r} + {i}, column {column} = {w}*{r} + {j} of channel {c} is row {h}, column {w} of channel {channel}",
        row=row,
        column=column,
        c=large[-3],
        r=r,
        h=h,
        w=w,
        i=row - h * r,
        j=column - w * r,
        channel=channel,
    )


class PixelShuffle(ToSpace):
    """(*, C*r*r, H, W) becomes (*, C, H*r, W*r), r the ``upscale_factor``. Arguments are torch.nn.PixelShuffle's.

    Raises SettingError for a factor that cannot be, ShapeError for an input that does not fit.
    """

    def __init__(self, upscale_factor: Any) -> None:
        super().__init__()
        self.upscale_factor = self.r = factor(upscale_factor, "upscale_factor")
        self.order = order_of("CRD")

    def settings(self) -> dict[str, Any]:
        """The factor."""
        return {"upscale_factor": self.upscale_factor}


class PixelUnshuffle(ToDepth):
    """(*, C, H*r, W*r) becomes (*, C*r*r, H, W), r the ``downscale_factor``. Arguments are torch.nn.PixelUnshuffle's.

    Raises SettingError for a factor that cannot be, ShapeError for an input that does not fit.
    """

    def __init__(self, downscale_factor: Any) -> None:
        super().__init__()
        self.downscale_factor = self.r = factor(downscale_factor, "downscale_factor")
        self.order = order_of("CRD")

    def settings(self) -> dict[str, Any]:
        """The factor."""
        return {"downscale_factor": self.downscale_factor}


class InBlocks(Reshaping):
    """What DepthToSpace and SpaceToDepth share: ONNX's names of the settings."""

    def __init__(self, blocksize: Any, mode: Any = "DCR") -> None:
        super().__init__()
        self.blocksize, self.mode = factor(blocksize, "blocksize"), mode
        self.r, self.order = self.blocksize, order_of(mode)

    def settings(self) -> dict[str, Any]:
        """The block size, and a mode other than the default."""
        return {"blocksize": self.blocksize} | ({} if self.mode == "DCR" else {"mode": self.mode})


class DepthToSpace(InBlocks, ToSpace):
    """(N, C*r*r, H, W) becomes (N, C, H*r, W*r), r the ``blocksize``; ``mode`` is the order of a channel's parts, "DCR" (default) or "CRD".

    Raises SettingError for settings that cannot be, ShapeError for an input that does not fit.
    """

    def in_torch(self, shapes: Sequence[Shape], training: bool) -> Calls:
        """pixel_shuffle, or the channels counted in the other order"""
        return functional("pixel_shuffle", self.r) if self.mode == "CRD" else to_space(self.r, shapes[0])


class SpaceToDepth(InBlocks, ToDepth):
    """(N, C, H*r, W*r) becomes (N, C*r*r, H, W), r the ``blocksize``; ``mode`` is the order of a channel's parts, "DCR" (default) or "CRD".

    Raises SettingError for settings that cannot be, ShapeError for an input that does not fit.
    """

    def in_torch(self, shapes: Sequence[Shape], training: bool) -> Calls:
        """pixel_unshuffle, or the channels counted in the other order"""
        return functional("pixel_unshuffle", self.r) if self.mode == "CRD" else to_depth(self.r, shapes[0])


class ChannelShuffle(Reshaping):
    """The channels of ``groups`` groups taken in turn, one of each: (N, C, *) in, (N, C, *) out. Arguments are torch.nn.ChannelShuffle's.

    Raises SettingError for a number of groups that cannot be, ShapeError for an input that does not fit.
    """

    formula = "y[n, i*g + k] = x[n, k*(C/g) + i]"

    def __init__(self, groups: Any) -> None:
        super().__init__()
        self.groups = factor(groups, "groups")

    def settings(self) -> dict[str, Any]:
        """The groups."""
        return {"groups": self.groups}

    def equation(self) -> Text:
        """The formula with the number of groups filled in."""
        return f"y[n, i*{self.groups} + k] = x[n, k*(C/{self.groups}) + i]"

    def movements(self, shape: Shape) -> tuple[Movement, ...]:
        """Split the channels into (g, C/g), exchange the two, join."""
        g = self.groups
        if len(shape) < 3 or shape[1] % g:
            raise ShapeError(
                "{layer} needs (N, C, ..) with at least one axis more and channels that {groups} divides; got x of shape {shape}",
                layer=self.describe(),
                groups=g,
                shape=shape,
            )
        n, channels, *rest = shape
        parts = (n, g, channels // g, *rest)
        swapped = Reorder((0, 2, 1, *range(3, len(parts))))
        return (Movement(shape, (Regroup(shape, parts), swapped, Regroup(swapped.shape(parts), shape))),)

    def told(self, cell: Cell, origin: Cell, shape: Shape, output: int) -> Sentence | None:
        """How the channel is counted, in y and in x."""
        i, k = divmod(cell[1], self.groups)
        return say(
            "channel {channel} = {i}*{groups} + {k} is channel {i} of group {k}, which is {k}*{each} + {i} = {origin}",
            channel=cell[1],
            i=i,
            k=k,
            groups=self.groups,
            each=shape[1] // self.groups,
            origin=origin[1],
        )

    def written(self) -> tuple[Written, ...]:
        """Of N, C, H, W; see ``written_at``."""
        return self.written_at((None,))

    def written_at(self, shapes: Sequence[Sizes]) -> tuple[Written, ...]:
        """The channels as last axis split, exchanged and joined; of N, C, H, W where it is not known how many axes there are."""
        rank = 4 if shapes[0] is None else len(shapes[0])
        swapped = Written("Transpose", (Result(1),), {"perm": (*range(rank - 1), rank, rank - 1)})
        return *split_last(0, (self.groups, -1), rank), swapped, *joined_last(2, rank)
