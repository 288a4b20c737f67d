"""What the normalisations share, against plain loops over every cell, PyTorch's autograd, and rational arithmetic."""

from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest
import torch

from convproof.core.arithmetic.moments import bessel, moments, remember
from convproof.core.arithmetic.normalising import bound, derive, formula, gradient
from convproof.core.arithmetic.normalising.remembering import lines_of_remembered
from convproof.core.arithmetic.normalising.rows import Rows, at_cells_of
from convproof.core.arithmetic.normalising.statistics import lines_of_statistics, root_error
from convproof.core.formats import FLOAT32, FLOAT64
from convproof.core.lines import Lines, no_error
from convproof.core.sentence import say

SHAPE = (2, 3, 4, 5)
X = np.random.default_rng(0).normal(size=SHAPE)
EVERY_AXES = [axes for k in range(1, 5) for axes in combinations(range(4), k)]


def row_by_hand(x, cell, axes):
    """The numbers that share a mean with a cell, by looking at every cell."""
    return [
        x[other]
        for other in np.ndindex(*x.shape)
        if all(axis in axes or i == j for axis, (i, j) in enumerate(zip(cell, other, strict=True)))
    ]


@pytest.mark.parametrize("axes", EVERY_AXES)
def test_rows_are_what_a_plain_search_finds(axes):
    cells = np.array([[1, 2, 3, 4], [0, 2, 1, 0], [1, 2, 0, 0], [1, 2, 3, 4]])
    for rows in (Rows.of(SHAPE, axes, cells), Rows.of(SHAPE, axes)):
        numbers = rows.cut(X)
        row = np.broadcast_to(rows.row, SHAPE)[tuple(cells.T)] if rows.cells is None else rows.row
        for cell, k in zip(cells.tolist(), row, strict=True):
            assert numbers[k].tolist() == row_by_hand(X, cell, axes)
            assert rows.n == len(numbers[k])
    assert len(Rows.of(SHAPE, axes, cells).wanted) == len({tuple(row_by_hand(X, c, axes)) for c in cells.tolist()})


def test_what_broadcasts_is_found_at_cells():
    cells = np.array([[1, 2, 3, 4], [0, 1, 0, 2]])
    assert at_cells_of(SHAPE, cells)(np.arange(3.0).reshape(3, 1, 1)).tolist() == [2, 1]
    assert at_cells_of(SHAPE, None)(X) is X


@pytest.mark.parametrize("axes", [(0, 2, 3), (2, 3), (1, 2, 3), (3,)])
@pytest.mark.parametrize("affine", [(1, 3, 1, 1), (3, 1, 5), (5,), (), (2, 3, 4, 5)])
def test_gradients_are_torchs(axes, affine):
    rng = np.random.default_rng(1)
    gamma, dy, dmean, dinv = rng.normal(size=affine), rng.normal(size=SHAPE), rng.normal(size=1), rng.normal(size=1)
    x, g = torch.tensor(X, requires_grad=True), torch.tensor(gamma, requires_grad=True)
    mean, var = x.mean(axes, keepdim=True), x.var(axes, unbiased=False, keepdim=True)
    inv_std = 1 / torch.sqrt(var + 0.1)
    total = ((x - mean) * inv_std * g * torch.tensor(dy)).sum() + (mean * dmean.item()).sum() + (inv_std * dinv.item()).sum()
    total.backward()
    m, v = moments(X, axes)
    x_hat = formula.normalise(X, m, v, 0.1)
    dx = gradient.pull(gamma * dy, x_hat, v, 0.1, axes)
    dx = dx + gradient.through_statistics(X, m, axes, np.full_like(m, dmean), gradient.of_inverse_root(np.full_like(v, dinv), v, 0.1))
    # a handful of sums of at most 120 products of numbers below 100, in float64
    assert abs(dx - x.grad.numpy()).max() <= 120 * 16 * FLOAT64.u * 100
    dgamma = gradient.summed(dy * x_hat, affine)
    assert dgamma.shape == affine
    assert abs(dgamma - g.grad.numpy()).max() <= 120 * 16 * FLOAT64.u * 100


def test_moments_by_hand_are_rational():
    x = np.array([[[1.0, 2.5]], [[-3.0, 0.5]]])
    box = (range(2), range(1), range(2))
    mean = derive.mean_of(x, box, say("over everything"))
    var = derive.variance_of(x, box, mean)
    values = [Fraction(1), Fraction(5, 2), Fraction(-3), Fraction(1, 2)]
    assert mean.value == Fraction(1, 4)
    assert var.value == sum((v - mean.value) ** 2 for v in values) / 4
    assert [derive.number_in(x, box, k).source.cell for k in range(4)] == [(0, 0, 0), (0, 0, 1), (1, 0, 0), (1, 0, 1)]
    assert float(derive.inverse_root_of(var, 0.5).value) == pytest.approx((float(var.value) + 0.5) ** -0.5, rel=1e-15)


def test_a_root_moves_by_what_its_ends_say():
    assert root_error(np.array([1.0]), np.array([0.0]), 1e-5).tolist() == [0]
    assert root_error(np.array([3.0]), np.array([2.0]), 1.0).tolist() == [np.sqrt(2) - 1]  # 1/sqrt(2) for 1/2
    assert root_error(np.array([3.0]), np.array([9.0]), 1.0).tolist() == [1]  # a variance is not below 0: 1 for 1/2
    assert np.isinf(root_error(np.array([1.0]), np.array([2.0]), 0.0)).all()


@pytest.mark.parametrize("ratio", [0, 1, 1000])
@pytest.mark.parametrize("n", [1, 7, 300])
def test_statistics_lie_below_their_lines(ratio, n):
    x = (np.random.default_rng(n).normal(size=(5, n)) + ratio).astype(np.float32)
    lines = lines_of_statistics(x, 1e-5, None, FLOAT32)
    mean = np.add.accumulate(x, axis=1)[:, -1] / np.float32(n)
    var = np.add.accumulate(np.square(x - mean[:, None]), axis=1)[:, -1] / np.float32(n)
    assert mean.dtype == var.dtype == np.float32
    for name, y in (("mean", mean), ("var", var), ("inv_std", 1 / np.sqrt(var + np.float32(1e-5)))):
        assert (abs(y - lines[name].exact) <= lines[name].proof).all(), name
        wide = np.longdouble(x)
        exact = {"mean": wide.mean(1), "var": wide.var(1), "inv_std": 1 / np.sqrt(wide.var(1) + 1e-5)}[name]
        assert (abs(lines[name].exact - exact) <= lines_of_statistics(x, 1e-5, None, FLOAT64)[name].proof).all(), name


def test_errors_that_come_in_move_the_statistics_as_far_as_they_say():
    rng = np.random.default_rng(3)
    x, worst = rng.normal(size=(2, 6)), 1e-3 * rng.uniform(size=(2, 6))
    lines = lines_of_statistics(x, 1e-2, Lines(x, worst, worst / 8), FLOAT64)
    for _ in range(50):
        moved = x + np.sign(rng.normal(size=x.shape)) * worst
        found = {"mean": moved.mean(1), "var": moved.var(1), "inv_std": 1 / np.sqrt(moved.var(1) + 1e-2)}
        assert all((abs(found[name] - lines[name].exact) <= lines[name].proof).all() for name in found)


def test_where_nothing_is_left_of_the_variance_the_line_is_infinite():
    x = np.array([[1.0, 1.0, 1.0 + 2.0**-23]], np.float32)
    lines = bound.of_row(None, x, (1,), bound.Affine.of(None, None), 0.0, None, FLOAT32)
    assert np.isinf(lines.proof).all()
    assert np.isfinite(lines.exact).all()


def test_remembering_and_the_unbiased_factor():
    assert remember(np.array([1.0]), np.array([5.0]), 0.25).tolist() == [2.0]
    assert bessel(1) == np.inf
    assert [part.tolist() for part in moments(np.zeros((2, 0, 3)), (1,))] == [[[[0, 0, 0]], [[0, 0, 0]]]] * 2


@pytest.mark.parametrize("momentum", [0.1, 1 / 3, 0.999, -0.5, 3.0])
@pytest.mark.parametrize("images", [1, 2, 50])
def test_what_is_remembered_lies_below_its_lines(images, momentum):
    f = np.float32
    rng = np.random.default_rng(images)
    running, b, factor, m = f(rng.normal(size=99) * 1000), f(rng.normal(size=(images, 99))), 20 / 19, f(momentum)
    lines = lines_of_remembered(running, no_error(b.astype(float)), momentum, factor, FLOAT32)
    wide, new = np.longdouble(running), b * (f(20) / f(19))
    exact = (1 - np.longdouble(momentum)) * wide + np.longdouble(momentum) * np.longdouble(b).mean(axis=0) * 20 / 19
    assert (abs(lines.exact - exact) <= lines_of_remembered(running, no_error(b.astype(float)), momentum, factor, FLOAT64).proof).all()
    for each in ((1 - m) * running + m * new, running + m * (new - running), running - (f(1) - (1 - m)) * (running - new)):
        left = np.add.accumulate(each, axis=0)[-1] / f(images)
        assert left.dtype == f
        assert (abs(left - lines.exact) <= lines.proof).all()
