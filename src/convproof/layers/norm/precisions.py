"""Other arithmetics of the normalisations: a variance of one pass (``normalising.one_pass``), and a running sum.

A local response normalisation may carry d from channel to channel: the next square is added, the one that falls out of the window is
subtracted. What was rounded off while large squares were in it stays:

    abs(dd[c]) <= 6*u * sum over j <= c of (abs(k) + abs(alpha) / size * the squares in the window of j and one more on either side)

(two products, an addition and a subtraction a channel), and 1/d^beta is evaluated at both ends. Where d may be 0 or less there, any
number may come out; NaN is no rounding.
"""

from typing import TYPE_CHECKING, cast

import numpy as np

from convproof.core.arithmetic.normalising import one_pass
from convproof.core.arithmetic.normalising.bound import Affine
from convproof.core.arithmetic.normalising.rows import Rows
from convproof.core.layer import Case, Layer
from convproof.core.lines import Lines
from convproof.core.records import Precision
from convproof.core.sentence import say
from convproof.core.shapes import Array

if TYPE_CHECKING:
    from convproof.layers.norm.base import Normalisation
    from convproof.layers.norm.local import LocalResponseNorm


def lines(layer: Layer, case: Case, low: Array, high: Array) -> Lines:
    """The lines of y, or of 1 / sqrt(var + eps), with a variance of one pass."""
    norm, x = cast("Normalisation", layer), case.x
    view, plain = norm.view(x.shape), norm.bounds(None, case)
    if norm.given(case.training, view) is not None or x.size == 0 or case.output == 1:
        return plain
    wide = x.reshape(view.shape)
    if case.output == 2:
        numbers = Rows.of(view.shape, view.axes).cut(wide).astype(np.float64)
        return one_pass.of_inverse_root(plain, numbers, norm.eps, case.arithmetic)
    affine = Affine.of(view.wide(norm.arrays["weight"]), view.wide(norm.arrays["bias"]))
    came, ends = case.came(), (low.reshape(view.shape), high.reshape(view.shape))
    incoming = None if came is None else came.map(lambda a: a.reshape(view.shape))
    found = one_pass.of_row(wide, view.axes, affine, norm.eps, incoming, case.arithmetic, ends)
    return found.map(lambda a: a.reshape(x.shape))


def lines_of_running_sum(layer: Layer, case: Case, _low: Array, _high: Array) -> Lines:
    """The lines of a local response normalisation whose window's sum is carried along the channels."""
    return cast("LocalResponseNorm", layer).bounds_of_running_sum(case)


ONE_PASS = Precision(one_pass.ID, one_pass.TITLE, lines, fitted=True)
RUNNING_SUM = Precision(
    "lrn-running-sum",
    say("the sum of squares is carried from channel to channel, one added and one subtracted"),
    lines_of_running_sum,
)
