"""Flattening.

    y[n, (c*H + h)*W + w] = x[n, c, h, w]

Axes start_dim to end_dim become one, in row-major order: the last axis runs fastest. Nothing is computed.
Source: torch.nn.Flatten. The trap: a framework that keeps channels last flattens in the order h, w, c.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, cast

import numpy as np

from convproof.core.axes import at_cells
from convproof.core.derivation import Derivation, copy, number
from convproof.core.errors import ShapeError
from convproof.core.formats import FLOAT32, NumberFormat
from convproof.core.layer import Gradients, Layer, Step
from convproof.core.lines import Lines, no_error
from convproof.core.records import Convention, Setting
from convproof.core.sentence import say
from convproof.core.shapes import Array, Cell, Region, Shape

CONVENTIONS = (
    Convention("torch", "Flatten", (Setting("start_dim", "start_dim", 1), Setting("end_dim", "end_dim", -1))),
    Convention("onnx", "Flatten", (Setting("start_dim", "axis", 1),), note="always two axes: everything before axis, everything after"),
    Convention("keras", "Flatten", note="N, H, W, C flattens in the order h, w, c: permute the weight of the Linear that follows"),
    Convention("caffe", "Flatten", (Setting("start_dim", "axis", 1), Setting("end_dim", "end_axis", -1))),
)


class Flatten(Layer):
    """Axes ``start_dim`` to ``end_dim`` made one, in row-major order. Arguments and defaults are torch.nn.Flatten's.

    Raises ShapeError for an input that lacks these axes.
    """

    formula = "y[n, (c*H + h)*W + w] = x[n, c, h, w]"

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        super().__init__()
        self.start_dim, self.end_dim = start_dim, end_dim

    def settings(self) -> dict[str, Any]:
        """The settings that differ from the defaults."""
        usual = {"start_dim": 1, "end_dim": -1}
        return {name: getattr(self, name) for name, value in usual.items() if getattr(self, name) != value}

    def shapes(self, *shapes: Shape) -> tuple[Shape, ...]:
        """The flattened axes become one as long as their product; a single number becomes a vector."""
        self.names_of(len(shapes))
        (shape,) = shapes
        start, end = self._span(shape)
        if not shape:
            return ((1,),)
        return ((*shape[:start], math.prod(shape[start : end + 1]), *shape[end + 1 :]),)

    def _span(self, shape: Shape) -> tuple[int, int]:
        """First and last flattened axis. Raises ShapeError."""
        axes = max(len(shape), 1)
        if not (-axes <= self.start_dim < axes and -axes <= self.end_dim < axes) or self.start_dim % axes > self.end_dim % axes:
            raise ShapeError(
                "Flatten(start_dim={start}, end_dim={end}) needs axes from {start} to {end}, in this order; got x of shape {shape}",
                start=self.start_dim,
                end=self.end_dim,
                shape=shape,
            )
        return self.start_dim % axes, self.end_dim % axes

    def step(self, *inputs: Array, training: bool, draw: Any = None, state: Mapping[str, Array] | None = None) -> Step:
        """The same numbers under other indices."""
        return Step((inputs[0].reshape(self.shapes(inputs[0].shape)[0]),), inputs, training)

    def derive(self, cell: Cell, inputs: Sequence[Array], output: int = 0, *, training: bool | None = None, draw: Any = None) -> Derivation:
        """Where the cell stood before."""
        shape = inputs[0].shape
        start, end = self._span(shape)
        inside = tuple(map(int, np.unravel_index(cell[start], shape[start : end + 1]))) if shape else ()
        origin = (*cell[:start], *inside, *cell[start + 1 :]) if shape else ()
        note = say("place {place} of the flattened axes was {inside}", place=cell[start], inside=list(inside))
        tree = copy(number(inputs[0], origin, "x", "input"), "y", note)
        return Derivation(self.describe(), cell, self.equation(), tree)

    def lines(
        self,
        cells: Array | None,
        inputs: Sequence[Array],
        incoming: Sequence[Lines | None] | None = None,
        output: int = 0,
        *,
        training: bool | None = None,
        draw: Any = None,
        arithmetic: NumberFormat = FLOAT32,
    ) -> Lines:
        """No rounding; what comes in moves along."""
        (flat,) = self.shapes(inputs[0].shape)

        def moved(a: Array) -> Array:
            return at_cells(a.reshape(flat), cells)

        local = no_error(moved(inputs[0]).astype(np.float64))
        came = incoming[0] if incoming else None
        return local if came is None else Lines(local.exact, moved(came.proof), moved(came.sigma))

    def reads(self, region: Region, *shapes: Shape, output: int = 0) -> tuple[Region, ...]:
        """The smallest box around the cells that a run of places stood in."""
        (shape,) = shapes
        start, end = self._span(shape)
        sizes, places = shape[start : end + 1], region[start]
        first, last = np.unravel_index(places[0], sizes), np.unravel_index(places[-1], sizes)
        box, whole = [], False
        for low, high, size in zip(map(int, first), map(int, last), sizes, strict=True):
            box.append(range(size) if whole else range(low, high + 1))
            whole = whole or low != high
        return ((*region[:start], *box, *region[start + 1 :]),)

    def pull(self, step: Step, *dy: Array) -> Gradients:
        """dy in the input's shape."""
        return Gradients((dy[0].reshape(cast("Array", step.inputs[0]).shape),))

    def conventions(self) -> tuple[Convention, ...]:
        """torch, ONNX, Keras, Caffe."""
        return CONVENTIONS
