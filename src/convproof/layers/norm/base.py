"""What instance, group and layer normalisation share: every row of x is normalised by its own mean and variance.

    y = gamma * (x - mean) / sqrt(var + eps) + beta

They differ in what a row is, and in which cells share a gamma and a beta. A ``View`` says both.

How rounding enters: see ``normalising.bound``. Covered: two passes with sums in any order, sequential Welford, wider accumulators, folded
x*scale + shift or not. Not covered: one-pass E[x^2] - mean^2, statistics rounded to a shorter format.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np

from convproof.core.arithmetic.moments import moments
from convproof.core.arithmetic.normalising import bound, derive, formula, gradient
from convproof.core.arithmetic.normalising.rows import Rows
from convproof.core.arithmetic.normalising.statistics import lines_of_statistics
from convproof.core.derivation import Node, copy, number
from convproof.core.layer import Case, Gradients, Layer, Step
from convproof.core.lines import Lines, no_error
from convproof.core.records import Convention, Precision
from convproof.core.sentence import Sentence
from convproof.core.shapes import Array, Cell, Region, Shape
from convproof.layers.norm.conventions import conventions_of

FURTHER = ("mean", "inv_std")


@dataclass(frozen=True)
class View:
    """How the rows of an array lie in it.

    ``shape`` is what x is reshaped to, ``axes`` those of it that a row runs over, ``statistics`` the shape of mean and var as outputs, and
    ``affine`` the shape that gamma and beta are brought to, so that they broadcast with x; None where they do already.
    """

    shape: Shape
    axes: tuple[int, ...]
    statistics: Shape
    affine: Shape | None = None

    def cells(self, cells: Array | None, shape: Shape) -> Array | None:
        """Cells of x, of its own shape, as cells of the view."""
        if cells is None or self.shape == shape:
            return cells
        return np.stack(np.unravel_index(np.ravel_multi_index(tuple(cells.T), shape), self.shape), axis=1)

    def wide(self, values: Array | None) -> Array | None:
        """Gamma or beta as they broadcast with the view."""
        return values if values is None or self.affine is None else values.reshape(self.affine)


@dataclass(frozen=True)
class Given:
    """Statistics that are not those of x, as they broadcast with the view, and their names."""

    mean: Array
    var: Array
    arrays: Mapping[str, Array] = field(default_factory=dict)

    def as_precise_as(self, x: Array) -> tuple[Array, Array]:
        """Mean and var in the precision of x, if that is higher than their own: var + eps is rounded in it."""
        return self.mean.astype(np.result_type(self.mean, x)), self.var.astype(np.result_type(self.var, x))


class Normalisation(Layer):
    """A layer that normalises every row of x by its own mean and variance; the room's classes say what a row is."""

    only_floats = True
    eps: float
    statistics = False

    # what a class says

    def view(self, shape: Shape) -> View:
        """How the rows lie in an array of this shape."""
        raise NotImplementedError

    def rows_of(self, region: Region, shape: Shape) -> Region:
        """The rows that a region of x belongs to; of one cell: its row."""
        raise NotImplementedError

    def place(self, cell: Cell, array: Array) -> Cell:
        """The cell of gamma, beta or a running statistic that belongs to a cell of x."""
        raise NotImplementedError

    def over(self, cell: Cell, shape: Shape, n: int) -> Sentence:
        """A note: what the mean of a cell's row runs over."""
        raise NotImplementedError

    # what follows from it

    def reset_parameters(self, seed: int | None = None) -> None:
        """Gamma 1, beta 0, running statistics 0 and 1, of those that there are."""
        start = {"weight": 1, "bias": 0, "running_mean": 0, "running_var": 1, "num_batches_tracked": 0}
        for name, value in start.items():
            if self.arrays.get(name) is not None:
                self.arrays[name] = np.full_like(self.arrays[name], value)

    def equation(self) -> str:
        """The formula, without gamma and beta where the layer has none."""
        gamma, beta = "" if self.arrays["weight"] is None else "gamma * ", "" if self.arrays["bias"] is None else " + beta"
        return f"y = {gamma}(x - mean) / sqrt(var + eps){beta}"

    def equation_of(self, case: Case) -> str:
        """The formula of the output that is meant."""
        return (self.equation(), "y = 1/n * sum of x", "y = 1 / sqrt(var + eps)")[case.output]

    def given(self, training: bool, view: View) -> Given | None:
        """Statistics that x is normalised by in place of its own."""
        return None

    def shapes(self, *shapes: Shape) -> tuple[Shape, ...]:
        """The input's own shape; one number a row of mean and inv_std."""
        self.names_of(len(shapes))
        self.check(shapes[0])
        further = self.view(shapes[0]).statistics if self.statistics else ()
        return (shapes[0], further, further) if self.statistics else shapes

    def check(self, shape: Shape) -> None:
        """Raise ShapeError for an input that does not fit."""

    def step(self, *inputs: Array, training: bool, draw: Any = None, state: Mapping[str, Array] | None = None) -> Step:
        """Normalise every row."""
        (x,) = inputs
        view = self.view(x.shape)
        with np.errstate(all="ignore"):  # what a NaN or an infinity does to its row is no reason to warn
            wide = x.reshape(view.shape)
            given = self.given(training, view)
            mean, var = moments(wide, view.axes) if given is None else given.as_precise_as(x)
            x_hat = formula.normalise(wide, mean, var, self.eps)
            y = formula.scale_and_shift(x_hat, view.wide(self.arrays["weight"]), view.wide(self.arrays["bias"]))
            y = y.reshape(x.shape).astype(np.result_type(x, self.dtype), copy=False)
            inv_std = np.asarray(1 / np.sqrt(var + self.eps))
        inner = {"mean": mean, "var": var, "x_hat": x_hat}
        further = (np.array(mean.reshape(view.statistics)), inv_std.reshape(view.statistics)) if self.statistics else ()
        return Step((y, *further), (x,), training, inner)

    def tree(self, cell: Cell, case: Case) -> Node:
        """A cell of y, or of mean and inv_std."""
        x = case.x
        view = self.view(x.shape)
        given = self.given(case.training, view)
        if case.output:
            return self._tree_of_further(cell, case.output, x, view)
        if given is None:
            mean, var = self._moments_at(cell, x)
        else:
            mean, var = (number(array, self.place(cell, array), name, "statistic") for name, array in given.arrays.items())
        gamma, beta = (
            None if array is None else number(array, self.place(cell, array), name)
            for name, array in (("gamma", self.arrays["weight"]), ("beta", self.arrays["bias"]))
        )
        return derive.normalised(number(x, cell, "x", "input"), mean, derive.root_of(var, self.eps), gamma, beta)

    def _moments_at(self, cell: Cell, x: Array) -> tuple[Node, Node]:
        box = self.rows_of(tuple(range(i, i + 1) for i in cell), x.shape)
        mean = derive.mean_of(x, box, self.over(cell, x.shape, math.prod(map(len, box))))
        return mean, derive.variance_of(x, box, mean)

    def _tree_of_further(self, cell: Cell, output: int, x: Array, view: View) -> Node:
        mean, var = self._moments_at(self.first_of_row(cell, x.shape, view), x)
        return copy(mean, "y") if output == 1 else derive.inverse_root_of(var, self.eps)

    def first_of_row(self, cell: Cell, shape: Shape, view: View) -> Cell:
        """The first cell of x in the row that a cell of mean or inv_std belongs to."""
        row = np.ravel_multi_index(cell, view.statistics)
        first = np.unravel_index(row, [1 if axis in view.axes else size for axis, size in enumerate(view.shape)])
        return tuple(int(i) for i in np.unravel_index(np.ravel_multi_index(first, view.shape), shape))

    def bounds(self, cells: Array | None, case: Case) -> Lines:
        """See ``normalising.bound``; cells as in ``tree``."""
        x, view = case.x, self.view(case.x.shape)
        came = case.came()
        incoming = None if came is None else came.map(lambda a: a.reshape(view.shape))
        wide = x.reshape(view.shape)
        if case.output:
            return self._bounds_of_further(cells, wide, view, incoming, case)
        affine = bound.Affine.of(view.wide(self.arrays["weight"]), view.wide(self.arrays["bias"]))
        at, given = view.cells(cells, x.shape), self.given(case.training, view)
        if given is None:
            found = bound.of_row(at, wide, view.axes, affine, self.eps, incoming, case.arithmetic)
        else:
            found = bound.of_given(at, wide, given.mean, given.var, affine, self.eps, incoming, case.arithmetic)
        return found if cells is not None else found.map(lambda a: a.reshape(x.shape))

    def _bounds_of_further(self, cells: Array | None, wide: Array, view: View, incoming: Lines | None, case: Case) -> Lines:
        if wide.size == 0:
            lines = no_error(self.step(case.x, training=case.training).outputs[case.output].astype(np.float64))
        else:
            cut = Rows.of(view.shape, view.axes).cut
            found = lines_of_statistics(cut(wide), self.eps, None if incoming is None else incoming.map(cut), case.arithmetic)
            lines = found[FURTHER[case.output - 1]].map(lambda a: a.reshape(view.statistics))
        return lines if cells is None else lines.map(lambda a: a[tuple(cells.T)])

    def reads(self, region: Region, *shapes: Shape, output: int = 0) -> tuple[Region, ...]:
        """The whole rows; a cell alone where the statistics are given."""
        (shape,) = shapes
        view = self.view(shape)
        if self.given(False, view) is not None:
            return (region,)
        if output:
            ends = [self.first_of_row(tuple(r[k] for r in region), shape, view) for k in (0, -1)]
            region = tuple(range(first, last + 1) for first, last in zip(*ends, strict=True))
        return (self.rows_of(region, shape),)

    def pull(self, step: Step, *dy: Array) -> Gradients:
        """See ``normalising.gradient``."""
        x = cast("Array", step.inputs[0])
        view = self.view(x.shape)
        weight, x_hat, mean, var = view.wide(self.arrays["weight"]), step.inner["x_hat"], step.inner["mean"], step.inner["var"]
        above = dy[0].reshape(view.shape)
        own = self.given(step.training, view) is None
        with np.errstate(all="ignore"):
            dx = gradient.pull(above if weight is None else above * weight, x_hat, var, self.eps, view.axes if own else None)
        if self.statistics:
            dmean, dinv = (d.reshape(mean.shape) for d in dy[1:])
            dvar = gradient.of_inverse_root(dinv, var, self.eps)
            dx = dx + gradient.through_statistics(x.reshape(view.shape), mean, view.axes, dmean, dvar)
        parameters = {
            name: gradient.summed(g, view.affine or self.arrays[name].shape).reshape(self.arrays[name].shape)
            for name, g in (("weight", above * x_hat), ("bias", above))
            if self.arrays[name] is not None
        }
        return Gradients((dx.reshape(x.shape),), parameters)

    def precisions(self) -> tuple[Precision, ...]:
        """See ``precisions``."""
        from convproof.layers.norm.precisions import ONE_PASS

        return (ONE_PASS,)

    def conventions(self) -> tuple[Convention, ...]:
        """See ``conventions``."""
        return conventions_of(type(self).__name__)
