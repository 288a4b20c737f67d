"""A damaged array is found, with the right cells; only it is born wrong, the ones behind it are wrong by inheritance or right."""

from itertools import combinations

import numpy as np
import pytest

import convproof as cp
from tests.checking.wrong.target import (
    NAMES,
    corner,
    differing,
    dumped,
    inputs,
    network,
    one_infinity,
    row_of_nan,
    stale_tile,
    swapped_channels,
)

MODES = ("eval", "training", "double")
RIGHT = {"identical", "rounding"}


def checked(mode, claimed):
    return cp.check(network(mode), inputs(mode), claimed)


@pytest.mark.parametrize("mode", MODES)
def test_a_sound_target_is_right(mode):
    report = checked(mode, dumped(mode))
    assert {row.verdict for row in report.rows} <= RIGHT, report.text()
    assert not any(row.born or row.inherited for row in report.rows)


EVERY = [
    *[("eval", damage) for damage in (corner, stale_tile, swapped_channels, row_of_nan)],
    *[("training", damage) for damage in (corner, one_infinity)],
    ("double", row_of_nan),
]


@pytest.mark.parametrize(("mode", "damage"), EVERY, ids=lambda value: getattr(value, "__name__", value))
@pytest.mark.parametrize("name", NAMES)
def test_only_the_damaged_layer_is_born_wrong(mode, name, damage):
    sound, damaged = dumped(mode), dumped(mode, {name: damage})
    report = checked(mode, damaged)
    own, moved = report[name], differing(sound[name], damaged[name])
    assert moved.any()
    assert (own.verdict, own.born, own.inherited) == ("wrong", True, False), report.text()
    assert report.first_wrong == name
    assert moved[own.worst.cell]
    assert own.beyond == moved.sum()
    for other in report.rows:
        moved = differing(sound[other.name], damaged[other.name])
        if other.name != name and not moved.any():
            assert other.verdict in RIGHT, report.text()
            assert (other.born, other.inherited) == (False, False), report.text()
        elif other.name != name:
            assert (other.verdict, other.born, other.inherited) == ("wrong", False, True), report.text()
            assert moved[other.worst.cell]


@pytest.mark.parametrize(("first", "second"), [*combinations(NAMES[::2], 2), ("conv1", "bn1"), ("conv2", "fc")])
def test_of_two_independent_faults_both_are_born(first, second):
    report = checked("eval", dumped("eval", {first: corner, second: stale_tile}))
    assert [row.name for row in report.rows if row.born] == [first, second], report.text()
    assert all(row.verdict in RIGHT or row.inherited for row in report.rows if row.name not in (first, second))


def lowered_where_negative(y):
    """A cell that ReLU makes 0 either way."""
    y[tuple(np.argwhere(y < 0)[0])] -= 2
    return y


@pytest.mark.parametrize("mode", ["eval", "double"])
def test_what_relu_masks_is_right_behind_it(mode):
    report = checked(mode, dumped(mode, {"bn1": lowered_where_negative}))
    assert [row.name for row in report.rows if row.verdict == "wrong"] == ["bn1"]
    report = checked(mode, dumped(mode, {"conv1": lowered_where_masked(mode)}))
    assert [(row.name, row.born, row.inherited) for row in report.rows if row.verdict == "wrong"] == [
        ("conv1", True, False),
        ("bn1", False, True),
    ]


def lowered_where_masked(mode):
    """A cell whose normalised value stays negative: where gamma is positive it is lowered, where it is negative it is raised."""
    behind, gamma = dumped(mode)["bn1"], network(mode)["bn1"].weight

    def change(y):
        at = tuple(np.argwhere(behind < 0)[0])
        y[at] -= 2 * np.sign(gamma[at[1]])
        return y

    return change


@pytest.mark.parametrize("mode", MODES)
def test_what_max_pooling_masks_is_right_behind_it(mode):
    def lowered(y):
        n, c, i, j = next(
            at for at in np.argwhere(y > 0) if y[at[0], at[1]][at[2] // 2 * 2 :, at[3] // 3 * 3 :][:2, :3].max() > y[tuple(at)]
        )
        y[n, c, i, j] /= 2
        return y

    report = checked(mode, dumped(mode, {"relu1": lowered}))
    assert [(row.name, row.beyond) for row in report.rows if row.verdict == "wrong"] == [("relu1", 1)]


CHOICES = {
    "every second": (NAMES[1::2], NAMES),
    "first and last": (("conv1", "fc"), ("pool", "fc")),
    "only the last": (("fc",), ("bn1",)),
    "only the first three, as one": (("relu1",), NAMES[:3]),
}


@pytest.mark.parametrize(("choice", "name"), [(choice, name) for choice, (_, names) in CHOICES.items() for name in names])
def test_of_few_claims_the_segment_that_holds_the_fault_is_named(name, choice):
    damaged, claims = dumped("eval", {name: swapped_channels}), CHOICES[choice][0]
    report = checked("eval", {key: damaged[key] for key in claims})
    born = [row for row in report.rows if row.born]
    assert born, report.text()
    assert all(name in row.segment for row in born), [row.segment for row in born]
    assert report.first_wrong == born[0].name
    assert all(report[key].verdict in RIGHT for key in claims[: claims.index(born[0].name)])


def test_a_fault_behind_the_only_claim_is_not_seen_and_not_covered():
    report = checked("eval", {"pool": dumped("eval", {"conv2": corner})["pool"]})
    assert report.ok
    assert report.covered == ("conv1", "bn1", "relu1", "pool")
    assert set(report.unclaimed) >= {"conv2", "sum", "flatten", "fc"}
