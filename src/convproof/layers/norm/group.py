"""Group normalisation: some neighbouring channels of one image share a mean and a variance.

    y = gamma * (x - mean) / sqrt(var + eps) + beta            mean and var over the C / G channels of a group and all their cells

Group g has the channels g * C/G to (g + 1) * C/G - 1. Gamma and beta belong to a channel. One group is a layer normalisation of the image,
C groups are an instance normalisation.

Source: Y. Wu and K. He, "Group Normalization", 2018; torch.nn.GroupNorm.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from convproof.core.calls import Calls
from convproof.core.errors import SettingError, ShapeError
from convproof.core.guards import no_device
from convproof.core.operators import Result, Written
from convproof.core.parameters import Parameter
from convproof.core.sentence import Sentence, say
from convproof.core.shapes import Array, Cell, DType, Region, Shape
from convproof.layers.norm.base import Normalisation, View


class GroupNorm(Normalisation):
    """Group normalisation over (N, C, *).

    Arguments and defaults are torch.nn.GroupNorm's; ``bias=False`` leaves out beta alone. ``per_group`` has one gamma and one beta for each
    group, as ONNX's operator set 18. ``statistics`` gives the mean and 1 / sqrt(var + eps) of every group too, (N, G).

    Attributes: ``weight`` (gamma) and ``bias`` (beta), (C,) or None.

    Raises SettingError for groups that do not divide the channels, ShapeError for an input that does not fit.
    """

    weight = Parameter("num_channels")
    bias = Parameter("num_channels")

    def __init__(
        self,
        num_groups: int,
        num_channels: int,
        eps: float = 1e-5,
        affine: bool = True,
        device: object = None,
        dtype: DType = None,
        *,
        bias: bool = True,
        per_group: bool = False,
        statistics: bool = False,
    ) -> None:
        super().__init__(dtype=dtype)
        no_device(device)
        if num_groups < 1 or num_channels < 1 or num_channels % num_groups:
            raise SettingError(
                "num_groups={groups} must divide num_channels={channels}, both 1 or more", groups=num_groups, channels=num_channels
            )
        self.num_groups, self.num_channels, self.eps, self.affine = num_groups, num_channels, eps, affine
        self.per_group, self.statistics = per_group, statistics
        own = (num_groups if per_group else num_channels,)
        self.declare("weight", own if affine else None)
        self.declare("bias", own if affine and bias else None)
        self.reset_parameters()

    def settings(self) -> dict[str, Any]:
        """The settings that differ from the defaults."""
        always = {"num_groups": self.num_groups, "num_channels": self.num_channels}
        usual = {"eps": 1e-5, "affine": True, "per_group": False, "statistics": False}
        rest = {name: getattr(self, name) for name, value in usual.items() if getattr(self, name) != value}
        return always | rest | ({"bias": False} if self.affine and self.bias is None else {})

    @property
    def each(self) -> int:
        """How many channels a group has."""
        return self.num_channels // self.num_groups

    def check(self, shape: Shape) -> None:
        """Raise ShapeError for an input that does not fit."""
        if len(shape) < 2 or shape[1] != self.num_channels:
            raise ShapeError(
                "{layer} expects x of shape (N, C, *) with C = {channels}; got {shape}",
                layer=self.describe(),
                channels=self.num_channels,
                shape=shape,
            )
        if shape[0] * self.each * math.prod(shape[2:]) == 1:
            raise ShapeError(
                "{layer} needs more than one value in a group, got x of shape {shape}; a group of one is always beta",
                layer=self.describe(),
                shape=shape,
            )

    def view(self, shape: Shape) -> View:
        """(N, G, C/G, *sizes), rows over all but N and G."""
        ones = (1,) * (len(shape) - 2)
        wide = (shape[0], self.num_groups, self.each, *shape[2:])
        affine = (1, self.num_groups, 1 if self.per_group else self.each, *ones)
        return View(wide, tuple(range(2, len(wide))), wide[:2], affine)

    def rows_of(self, region: Region, shape: Shape) -> Region:
        """All channels of the groups."""
        n, c, *_ = region
        first, last = c[0] // self.each, c[-1] // self.each
        return (n, range(first * self.each, (last + 1) * self.each), *map(range, shape[2:]))

    def place(self, cell: Cell, array: Array) -> Cell:
        """The channel, or its group."""
        return (cell[1] // self.each if self.per_group else cell[1],)

    def over(self, cell: Cell, shape: Shape, n: int) -> Sentence:
        """Over the group."""
        g = cell[1] // self.each
        return say(
            "over channels {first} to {last} of this image, group {g}: n = {n}",
            first=g * self.each,
            last=(g + 1) * self.each - 1,
            g=g,
            n=n,
        )

    def in_torch(self, shapes: Sequence[Shape], training: bool) -> Calls | None:
        """See ``in_torch``."""
        from convproof.layers.norm import in_torch

        return in_torch.group(self, shapes[0])

    def written(self) -> tuple[Written, ...]:
        """GroupNormalization with one scale for each channel."""
        zero = {"weight": np.ones(self.num_channels, self.dtype), "bias": np.zeros(self.num_channels, self.dtype)}

        def own(name: str) -> Any:
            array = self.arrays[name]
            return zero[name] if array is None else np.repeat(array, self.each) if self.per_group else name

        settings = {"num_groups": self.num_groups, "epsilon": float(self.eps)}
        statistics = self._written_statistics() if self.statistics else ()
        return (*statistics, Written("GroupNormalization", (0, own("weight"), own("bias")), settings))

    def _written_statistics(self) -> tuple[Written, ...]:
        """The mean and 1 / sqrt(var + eps) of every group, which GroupNormalization does not give."""
        last = np.array([2], np.int64)
        return (
            Written("Reshape", (0, np.array((0, self.num_groups, -1), np.int64))),
            Written("ReduceMean", (Result(0), last), {"keepdims": 0}, gives=(1,)),
            Written("Unsqueeze", (Result(1), last)),
            Written("Sub", (Result(0), Result(2))),
            Written("Mul", (Result(3), Result(3))),
            Written("ReduceMean", (Result(4), last), {"keepdims": 0}),
            Written("Add", (Result(5), np.asarray(self.eps, self.dtype))),
            Written("Sqrt", (Result(6),)),
            Written("Reciprocal", (Result(7),), gives=(2,)),
        )
