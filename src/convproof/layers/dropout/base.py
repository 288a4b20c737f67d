"""What all dropouts share: a mask is drawn in training, kept for whoever looks again, and x goes through it.

How rounding enters: 1/(1 - p) is rounded to the format and so is the product; alpha dropout adds a constant that was put together from
three, and the sum is rounded:

    dropout            proof = 2*u*abs(y)
    alpha dropout      proof = u*(2*abs(a*x*m) + 3*(abs(a*alpha') + abs(b)) + abs(y))

Covered: PyTorch, which divides the mask or scales the result, and ONNX Runtime. In eval nothing is rounded.

A mask that is read from claimed numbers leaves cells open that are the same, as they were written down, kept or dropped. The exact value is
then that of a kept cell, and the line reaches to what stands in the place of a dropped one.
"""

from collections.abc import Mapping, Sequence
from inspect import signature
from typing import Any, ClassVar

import numpy as np

from convproof.core.axes import at_cells
from convproof.core.calls import Called, Calls
from convproof.core.derivation import Node, add, copy, number, product, quotient, setting
from convproof.core.errors import SettingError, ShapeError
from convproof.core.formats import FLOAT64
from convproof.core.layer import Case, Gradients, Layer, Step
from convproof.core.lines import SIGMAS, Lines, carried, no_error
from convproof.core.operators import Operator, Written
from convproof.core.records import Convention
from convproof.core.sentence import say
from convproof.core.shapes import Array, Cell, Region, Shape
from convproof.layers.dropout import formula, in_torch


class Dropping(Layer):
    """What all dropouts share. A call in training draws a mask and counts itself, so that the next draws another; looking draws the same.

    ``least`` is the smallest number of axes of x, ``most`` the largest.
    """

    least: ClassVar[int] = 0
    most: ClassVar[int | None] = None
    onnx: ClassVar[str] = "Identity"
    return_mask = False

    def __init__(self, p: float | int = 0.5, inplace: bool = False, *, seed: int | None = None, active: bool | None = None) -> None:
        super().__init__()
        if not 0 <= p <= 1:
            raise SettingError("p={p}: expected the probability that a number is dropped, between 0 and 1", p=p)
        self.p, self.inplace, self.seed, self.active = p, inplace, seed, active
        entropy = int(np.random.default_rng().integers(2**32)) if seed is None else seed
        self.arrays |= {"entropy": entropy, "calls": np.asarray(0)}

    def settings(self) -> dict[str, Any]:
        """The settings that differ from the defaults, and p."""
        arguments = list(signature(type(self).__init__).parameters.values())[1:]
        return {a.name: getattr(self, a.name) for a in arguments if a.name == "p" or getattr(self, a.name) != a.default}

    def shapes(self, *shapes: Shape) -> tuple[Shape, ...]:
        """The input's own shape."""
        self.names_of(len(shapes))
        (shape,) = shapes
        if len(shape) < self.least or len(shape) > (len(shape) if self.most is None else self.most):
            raise ShapeError(
                "{layer} expects x with {axes} axes; got shape {shape}",
                layer=self.describe(),
                axes=say("{least} or more", least=self.least)
                if self.most is None
                else say("{least} or {most}", least=self.least, most=self.most),
                shape=shape,
            )
        return shapes

    def drops(self, training: bool) -> bool:
        """Whether anything is dropped: in training, unless ``active`` says else."""
        return training if self.active is None else self.active

    def mask_shape(self, shape: Shape) -> Shape:
        """The shape in which a mask is drawn: a cell of its own for every cell of x."""
        return shape

    def mask(self, shape: Shape, draw: Any = None, calls: Any = None) -> Array:
        """The mask of x's shape: ``draw`` where it is given, else drawn by the number of calls so far."""
        if isinstance(draw, formula.Seen):
            draw = draw.kept
        if draw is None:
            seen = self.arrays["calls"] if calls is None else calls
            draw = formula.mask(self.mask_shape(shape), self.p, self.arrays["entropy"], int(seen))
        return np.broadcast_to(np.asarray(draw), shape)

    def dropped(self, x: Array, m: Array) -> Array:
        """y for a mask."""
        return formula.drop(x, m, self.p)

    def step(self, *inputs: Array, training: bool, draw: Any = None, state: Mapping[str, Array] | None = None) -> Step:
        """x in eval; in training x through a mask, which is kept as ``draw``."""
        (x,) = inputs
        if not self.drops(training):
            return Step(self.outputs(x, np.ones(x.shape, bool)), inputs, training)
        calls = (self.arrays | dict(state or {}))["calls"]
        m = self.mask(x.shape, draw, calls)
        return Step(self.outputs(self.dropped(x, m), m), inputs, training, {"mask": m}, {"calls": np.asarray(calls + 1)}, m)

    def draw_behind(self, ends: tuple[Array, Array], case: Case) -> formula.Seen | None:
        """The mask that the output of a training step shows; see ``formula``."""
        if not self.drops(case.training):
            return None
        x, came = case.x.astype(np.float64), case.came()
        kept, dropped = (self.dropped(x, np.full(x.shape, m)) for m in (True, False))
        with np.errstate(invalid="ignore"):  # an infinite line, of which nothing is kept
            off = np.zeros(()) if came is None else np.asarray(self.factors()[0] * came.proof)
        return formula.mask_behind(ends, kept, off, dropped, self.mask_shape(x.shape), self.p)

    def outputs(self, y: Array, m: Array) -> tuple[Array, ...]:
        """y alone."""
        return (y,)

    def factors(self) -> tuple[float, float, float]:
        """y = x * kept where x is kept, else instead; both plus shift."""
        return formula.scale(self.p), 0.0, 0.0

    def tree(self, cell: Cell, case: Case) -> Node:
        """x, x scaled, or what stands in its place."""
        x = number(case.x, cell, "x", "input")
        if not self.drops(case.training):
            return copy(x, name="y", note=say("nothing is dropped in eval mode"))
        return self.dropped_tree(x, bool(self.mask(case.x.shape, case.draw)[cell]))

    def dropped_tree(self, x: Node, kept: bool) -> Node:
        """One cell of a training step."""
        m = setting(int(kept), "m")
        if self.p == 1:
            return product(m, x, name="y", note=say("everything is dropped"))
        left = add(setting(1, "1", "count"), product(setting(-1, "-1", "count"), setting(self.p, "p")))
        return quotient(product(m, x), left, name="y", note=say("x was kept") if kept else say("x was dropped"))

    def bounds(self, cells: Array | None, case: Case) -> Lines:
        """See the module."""
        came = case.came()
        with np.errstate(invalid="ignore"):  # an infinity that is dropped is NaN, as in torch
            local, slope = self._own(at_cells(case.x, cells).astype(np.float64), cells, case)
            if came is None:
                return local
            p, sigma = at_cells(came.proof, cells), at_cells(came.sigma, cells)
            return carried(local, np.asarray(slope * p * (1 + 3 * case.arithmetic.u)), np.asarray((slope * sigma) ** 2))

    def _own(self, x: Array, cells: Array | None, case: Case) -> tuple[Lines, Array]:
        """The lines of exact numbers x, and how much of an error each of them passes on."""
        if not self.drops(case.training):
            return no_error(x), np.ones_like(x)
        m = at_cells(self.mask(case.x.shape, case.draw), cells)
        kept, instead, shift = self.factors()
        parts = np.asarray(m * kept * x), np.where(m, 0.0, instead) + shift
        size = 2.01 * abs(parts[0]) + (3 * (abs(instead) + abs(shift)) + abs(parts[0] + parts[1])) * (shift != 0)
        u, tiny = case.arithmetic.u, case.arithmetic.tiny
        open_ = self.left_open(parts[0], instead, cells, case)
        proof, sigma = (u + FLOAT64.u) * size + tiny + FLOAT64.tiny + open_, np.hypot((u * size + tiny) / np.sqrt(3), open_ / SIGMAS)
        return Lines(np.asarray(parts[0] + parts[1]), np.asarray(proof), np.asarray(sigma)), np.asarray(m * kept)

    def left_open(self, kept: Array, instead: float, cells: Array | None, case: Case) -> Array:
        """How far a dropped cell lies from a kept one, where a mask that was read from outputs does not tell; else 0."""
        if not isinstance(case.draw, formula.Seen):
            return np.zeros(())
        unsure = at_cells(np.broadcast_to(case.draw.unsure, case.x.shape), cells)
        return np.asarray(np.where(unsure, abs(kept - instead), 0.0))

    def reads(self, region: Region, *shapes: Shape, output: int = 0) -> tuple[Region, ...]:
        """Every cell reads itself alone."""
        return (region,)

    def pull(self, step: Step, *dy: Array) -> Gradients:
        """dx = dy * m / (1 - p)"""
        if not self.drops(step.training):
            return Gradients((dy[0],))
        return Gradients((np.asarray(dy[0] * (step.draw * self.factors()[0]).astype(dy[0].dtype)),))

    def conventions(self) -> tuple[Convention, ...]:
        """See ``conventions``."""
        from convproof.layers.dropout.conventions import CONVENTIONS

        return CONVENTIONS[type(self).__name__]

    @classmethod
    def operators(cls) -> tuple[Operator, ...]:
        """See ``operators``."""
        from convproof.layers.dropout.operators import OPERATORS

        return OPERATORS.get(cls.__name__, ())

    def in_torch(self, shapes: Sequence[Shape], training: bool) -> Calls:
        """See ``in_torch``."""
        drops = self.drops(training)
        calls = self.dropped_in_torch() if drops else in_torch.untouched(self.p)
        return in_torch.with_mask(calls, drops) if self.return_mask else Calls(*calls)

    def dropped_in_torch(self) -> tuple[Called, ...]:
        """A training step."""
        return in_torch.dropped(self.p)

    def written(self) -> tuple[Written, ...]:
        """x itself, which is what there is of it in eval mode."""
        return (Written("Identity"),)
