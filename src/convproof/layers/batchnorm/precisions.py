"""Other arithmetics of a batch normalisation in training: a variance of one pass (``normalising.one_pass``)."""

from typing import TYPE_CHECKING, cast

import numpy as np

from convproof.core.arithmetic.normalising import one_pass
from convproof.core.arithmetic.normalising.bound import Affine
from convproof.core.arithmetic.normalising.rows import Rows
from convproof.core.layer import Case, Layer
from convproof.core.lines import Lines
from convproof.core.records import Precision
from convproof.core.shapes import Array
from convproof.layers.batchnorm.formula import batch_axes, wide_or_none

if TYPE_CHECKING:
    from convproof.layers.batchnorm.base import BatchNormalisation


def lines(layer: Layer, case: Case, low: Array, high: Array) -> Lines:
    """The lines of y, of the variance, or of what is computed from it."""
    norm, x = cast("BatchNormalisation", layer), case.x
    if not norm.uses_batch(case.training) or x.size == 0:
        return norm.bounds(None, case)
    axes = batch_axes(x, len(norm.features))
    if case.output == 0:
        affine = Affine.of(wide_or_none(norm.weight, x), wide_or_none(norm.bias, x))
        return one_pass.of_row(x, axes, affine, norm.eps, case.came(), case.arithmetic, (low, high))
    return _of_further(norm.outputs[case.output - 1], norm, norm.bounds(None, case), axes, case)


def _of_further(name: str, norm: "BatchNormalisation", plain: Lines, axes: tuple[int, ...], case: Case) -> Lines:
    numbers = Rows.of(case.x.shape, axes).cut(case.x).astype(np.float64)
    if name == "inv_std":
        return one_pass.of_inverse_root(plain, numbers, norm.eps, case.arithmetic)
    if name in ("var", "running_var"):
        weight = norm.memory(case.x).weight(name) if name == "running_var" else 1.0
        return one_pass.of_variance(plain, numbers, case.arithmetic, weight)
    return plain


PRECISIONS = (Precision(one_pass.ID, one_pass.TITLE, lines, fitted=True),)
