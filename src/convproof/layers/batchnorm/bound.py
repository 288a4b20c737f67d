"""How rounding enters a batch normalisation: as in ``normalising.bound``, with a channel over the whole batch as the row.

Covered, in eval: the formula as written, and folded, x*scale + shift. In training: two passes with sums in any order, sequential Welford,
wider accumulators, folded or not. Not covered: one-pass E[x^2] - mean^2, statistics rounded to a shorter format.
"""

from convproof.core.arithmetic.normalising import bound as shared
from convproof.core.formats import NumberFormat
from convproof.core.lines import Lines
from convproof.core.shapes import Array, Float
from convproof.layers.batchnorm.formula import batch_axes, wide, wide_or_none


def of_running(
    cells: Array | None,
    x: Float[Array, "N *sizes"],
    mean: Float[Array, "*C"],
    var: Float[Array, "*C"],
    gamma: Float[Array, "*C"] | None,
    beta: Float[Array, "*C"] | None,
    eps: float,
    incoming: Lines | None,
    arithmetic: NumberFormat,
) -> Lines:
    """Both lines in eval, where the statistics are given numbers."""
    affine = shared.Affine.of(wide_or_none(gamma, x), wide_or_none(beta, x))
    return shared.of_given(cells, x, wide(mean, x), wide(var, x), affine, eps, incoming, arithmetic)


def of_batch(
    cells: Array | None,
    x: Float[Array, "N *sizes"],
    features: int,
    gamma: Float[Array, "*C"] | None,
    beta: Float[Array, "*C"] | None,
    eps: float,
    incoming: Lines | None,
    arithmetic: NumberFormat,
) -> Lines:
    """Both lines in training, where the statistics are computed from x too. Only the channels of the cells are looked at."""
    affine = shared.Affine.of(wide_or_none(gamma, x), wide_or_none(beta, x))
    return shared.of_row(cells, x, batch_axes(x, features), affine, eps, incoming, arithmetic)
