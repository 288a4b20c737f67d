"""The reductions by name. Arguments and settings: see ``Reduction``."""

from convproof.layers.reduce import bound, derive, formula, gradient
from convproof.layers.reduce.layer import Extreme, Kind, Reduction


class ReduceSum(Reduction):
    """The sum along some axes. ``axes``, ``keepdims``, ``noop_with_empty_axes``: see Reduction."""

    kind = Kind("y = sum of x", formula.total, lambda told: told.total(), bound.total, gradient.total)


class ReduceMean(Reduction):
    """The mean along some axes. ``axes``, ``keepdims``, ``noop_with_empty_axes``: see Reduction."""

    kind = Kind("y = sum of x / n", formula.mean, derive.mean, bound.mean, gradient.mean)


class ReduceMax(Extreme):
    """The largest along some axes; NaN if any is NaN.

    ``axes``, ``keepdims``, ``noop_with_empty_axes``: see Reduction. ``return_indices``: see Extreme.
    """

    kind = Kind(
        "y = max of x", formula.largest, lambda told: derive.extreme(told, 1), lambda numbers, _: bound.largest(numbers), gradient.extreme
    )
    sign = 1


class ReduceMin(Extreme):
    """The smallest along some axes; NaN if any is NaN.

    ``axes``, ``keepdims``, ``noop_with_empty_axes``: see Reduction. ``return_indices``: see Extreme.
    """

    kind = Kind(
        "y = min of x",
        formula.smallest,
        lambda told: derive.extreme(told, -1),
        lambda numbers, _: bound.smallest(numbers),
        gradient.extreme,
    )
    sign = -1


class ReduceProd(Reduction):
    """The product along some axes. ``axes``, ``keepdims``, ``noop_with_empty_axes``: see Reduction."""

    kind = Kind("y = product of x", formula.product, derive.product, bound.product, gradient.product)


class ReduceL1(Reduction):
    """The sum of absolute values along some axes. ``axes``, ``keepdims``, ``noop_with_empty_axes``: see Reduction."""

    kind = Kind("y = sum of abs(x)", formula.absolute_sum, derive.absolute_sum, bound.absolute_sum, gradient.absolute_sum)


class ReduceL2(Reduction):
    """The root of the sum of squares along some axes. ``axes``, ``keepdims``, ``noop_with_empty_axes``: see Reduction."""

    kind = Kind("y = sqrt(sum of x²)", formula.norm, derive.norm, bound.norm, gradient.norm)


class ReduceSumSquare(Reduction):
    """The sum of squares along some axes. ``axes``, ``keepdims``, ``noop_with_empty_axes``: see Reduction."""

    kind = Kind("y = sum of x²", formula.square_sum, derive.square_sum, bound.square_sum, gradient.square_sum)


class ReduceLogSum(Reduction):
    """The logarithm of the sum along some axes. ``axes``, ``keepdims``, ``noop_with_empty_axes``: see Reduction."""

    kind = Kind("y = log(sum of x)", formula.log_sum, derive.log_sum, bound.log_sum, gradient.log_sum)


class ReduceLogSumExp(Reduction):
    """The logarithm of the sum of exponentials along some axes. ``axes``, ``keepdims``, ``noop_with_empty_axes``: see Reduction."""

    kind = Kind("y = max + log(sum of exp(x - max))", formula.log_sum_exp, derive.log_sum_exp, bound.log_sum_exp, gradient.log_sum_exp)
