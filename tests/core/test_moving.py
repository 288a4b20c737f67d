"""Movements beside NumPy: moved labels say where every cell stood, and brute force which box a region reads."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convproof.core.arithmetic.padding import NOWHERE
from convproof.core.moving import Movement, Regroup, Reorder, Take, box_around, groups, strides, taken
from tests.samples import cells_of

sizes = st.lists(st.integers(1, 4), min_size=1, max_size=4).map(tuple)


seeds = st.integers(0, 2**32)


def drawn(shape, seed):
    """Up to four random steps; the last may leave cells without an origin."""
    rng = np.random.default_rng(seed)
    steps, now = [], shape
    for _ in range(rng.integers(0, 4)):
        axis, size = 0, now[0]
        regrouped = [(int(np.prod(now)),), (*now, 1), (1, *now), (size * int(np.prod(now[1:2])), *now[2:])]
        kinds = [
            Regroup(now, regrouped[rng.integers(4)]),
            Reorder(tuple(rng.permutation(len(now)).tolist())),
            Take(axis, size, rng.integers(0, size, rng.integers(1, 6))),
        ]
        steps.append(kinds[rng.integers(3)])
        now = steps[-1].shape(now)
    if rng.integers(2):
        axis = int(rng.integers(len(now)))
        steps.append(Take(axis, now[axis], rng.integers(NOWHERE, now[axis], rng.integers(1, 6))))
    return Movement(shape, tuple(steps))


def labels(shape):
    """An array whose numbers are all different, and none is 0."""
    return np.arange(1, np.prod(shape) + 1).reshape(shape)


@given(sizes, seeds)
@settings(max_examples=120)
def test_origins_are_where_the_numbers_stood(shape, seed):
    movement = drawn(shape, seed)
    x = labels(movement.shape)
    y = movement.move(x, 0)
    assert y.shape == movement.result
    cells = cells_of(y.shape, 40)
    origins = movement.origins(cells)
    for cell, origin in zip(cells, origins, strict=True):
        lost = NOWHERE in origin
        assert y[tuple(cell)] == (0 if lost else x[tuple(origin)])
    assert np.array_equal(movement.at(x, cells, 0), y[tuple(cells.T)])
    assert movement.at(x, None, 0).tolist() == y.tolist()


@given(sizes, seeds, st.data())
@settings(max_examples=120)
def test_a_box_holds_all_that_a_region_shows_and_one_cell_nothing_else(shape, seed, data):
    movement = drawn(shape, seed)
    x = labels(movement.shape)
    y = movement.move(x, 0)
    first = [data.draw(st.integers(0, size - 1)) for size in y.shape]
    last = [data.draw(st.integers(low, size - 1)) for low, size in zip(first, y.shape, strict=True)]
    region = tuple(range(low, high + 1) for low, high in zip(first, last, strict=True))
    shown = y[tuple(slice(r.start, r.stop) for r in region)]
    box = movement.reads(region)
    assert len(box) == len(movement.shape)
    inside = x[tuple(slice(r.start, r.stop) for r in box)]
    assert set(shown[shown > 0].tolist()) <= set(inside.ravel().tolist())
    alone = movement.reads(tuple(range(i, i + 1) for i in first))
    number = y[tuple(first)]
    assert x[tuple(slice(r.start, r.stop) for r in alone)].ravel().tolist() == ([number] if number else [])


@given(sizes, seeds)
@settings(max_examples=80)
def test_the_way_back_is_the_adjoint(shape, seed):
    movement = drawn(shape, seed)
    rng = np.random.default_rng(0)
    x = rng.integers(-9, 10, movement.shape)
    y = movement.move(x, 0)
    dy = rng.integers(-9, 10, y.shape)
    dx = movement.back(dy)
    assert dx.shape == x.shape
    assert (dx * x).sum() == (dy * y).sum()
    assert not np.shares_memory(dx, dy)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ((2, 6, 5), (2, 3, 2, 5), [(1, 1), (1, 2), (1, 1)]),
        ((2, 3, 4), (6, 2, 2), [(2, 1), (1, 2)]),
        ((2, 3, 4), (4, 3, 2), [(3, 3)]),
        ((2, 1), (1, 2), [(1, 2), (1, 0)]),
        ((3,), (1, 3, 1), [(1, 2), (0, 1)]),
        ((), (1,), [(0, 1)]),
        ((), (), []),
    ],
)
def test_axes_fall_into_groups_that_are_regrouped_by_themselves(old, new, expected):
    found = groups(old, new)
    assert [(len(old[a]), len(new[b])) for a, b in found] == expected
    assert all(np.prod(old[a]) == np.prod(new[b]) for a, b in found)


def test_places_by_hand():
    assert strides((2, 3, 4)) == [12, 4, 1]
    assert strides(()) == []
    assert box_around(range(5, 6), (2, 3, 4)) == [range(1), range(1, 2), range(1, 2)]
    assert box_around(range(5, 9), (2, 3, 4)) == [range(1), range(1, 3), range(4)]
    assert box_around(range(11, 13), (2, 3, 4)) == [range(2), range(3), range(4)]


def test_what_stands_where_nothing_is_shown():
    movement = taken((2,), {0: np.array([NOWHERE, 1, NOWHERE])})
    assert movement.move(np.array([5, 6]), 7).tolist() == [7, 6, 7]
    assert movement.move(np.array([5.0, 6])).tolist() == [0, 6, 0]
    assert movement.move(np.array(["a", "b"])).tolist() == ["", "b", ""]
    assert movement.move(np.array([True, True])).tolist() == [False, True, False]
    assert taken((0,), {0: np.array([NOWHERE])}).move(np.zeros(0)).tolist() == [0]


def test_a_region_without_cells_reads_none():
    movement = Movement((2, 3), (Regroup((2, 3), (6,)),))
    assert not any(movement.reads((range(0),)))
