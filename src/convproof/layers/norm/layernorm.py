"""Layer normalisation: the last axes of x share a mean and a variance.

    y = gamma * (x - mean) / sqrt(var + eps) + beta            mean and var over the last axes, of sizes normalized_shape

Every cell of a row has a gamma and a beta of its own.

Source: J. L. Ba, J. R. Kiros and G. E. Hinton, "Layer Normalization", 2016; torch.nn.LayerNorm.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from convproof.core.calls import Calls
from convproof.core.guards import no_device
from convproof.core.operators import Written
from convproof.core.parameters import Parameter
from convproof.core.sentence import Sentence, plural
from convproof.core.shapes import Array, Cell, DType, Region, Shape
from convproof.layers.norm import last_axes
from convproof.layers.norm.base import Normalisation, View


class LayerNorm(Normalisation):
    """Layer normalisation over (*, normalized_shape).

    Arguments and defaults are torch.nn.LayerNorm's: ``normalized_shape`` is the sizes of the last axes, ``elementwise_affine=False`` leaves
    out gamma and beta, ``bias=False`` beta alone. ``statistics`` gives the mean and 1 / sqrt(var + eps) of every row too, with the axes
    of the row at length 1.

    Attributes: ``weight`` (gamma) and ``bias`` (beta), of shape normalized_shape, or None.

    Raises SettingError for sizes that cannot be, ShapeError for an input that does not fit.
    """

    weight = Parameter("*normalized_shape")
    bias = Parameter("*normalized_shape")

    def __init__(
        self,
        normalized_shape: Any,
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
        device: object = None,
        dtype: DType = None,
        *,
        statistics: bool = False,
    ) -> None:
        super().__init__(dtype=dtype)
        no_device(device)
        self.normalized_shape = last_axes.normalized_shape_of(normalized_shape)
        self.eps, self.elementwise_affine, self.statistics = eps, elementwise_affine, statistics
        self.declare("weight", self.normalized_shape if elementwise_affine else None)
        self.declare("bias", self.normalized_shape if elementwise_affine and bias else None)
        self.reset_parameters()

    def settings(self) -> dict[str, Any]:
        """The settings that differ from the defaults."""
        usual = {"eps": 1e-5, "elementwise_affine": True, "statistics": False}
        rest = {name: getattr(self, name) for name, value in usual.items() if getattr(self, name) != value}
        without = {"bias": False} if self.elementwise_affine and self.bias is None else {}
        return {"normalized_shape": self.normalized_shape} | rest | without

    def check(self, shape: Shape) -> None:
        """Raise ShapeError for an input that does not fit."""
        last_axes.check_ends(self.describe(), shape, self.normalized_shape)

    def view(self, shape: Shape) -> View:
        """x as it is, rows over the last axes."""
        lead = len(shape) - len(self.normalized_shape)
        return View(shape, tuple(range(lead, len(shape))), (*shape[:lead], *(1,) * len(self.normalized_shape)))

    def rows_of(self, region: Region, shape: Shape) -> Region:
        """The last axes."""
        return last_axes.rows_of(region, shape, self.normalized_shape)

    def place(self, cell: Cell, array: Array) -> Cell:
        """The place in a row."""
        return last_axes.place(cell, array, self.normalized_shape)

    def over(self, cell: Cell, shape: Shape, n: int) -> Sentence:
        """Over the last axes."""
        return plural("over the last axis: n = {count}", "over the last {n} axes: n = {count}", n=len(self.normalized_shape), count=n)

    def in_torch(self, shapes: Sequence[Shape], training: bool) -> Calls | None:
        """See ``in_torch``."""
        from convproof.layers.norm import in_torch

        return in_torch.last_axes(self)

    def written(self) -> tuple[Written, ...]:
        """LayerNormalization."""
        scale = "weight" if self.elementwise_affine else np.ones(self.normalized_shape, self.dtype)
        arguments = (0, scale) if self.arrays["bias"] is None else (0, scale, "bias")
        settings = {"axis": -len(self.normalized_shape), "epsilon": float(self.eps)}
        return (Written("LayerNormalization", arguments, settings, 3 if self.statistics else 1),)
