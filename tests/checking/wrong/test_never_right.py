"""Law: never right when wrong. The same style of computation is right without the mistake, and wrong with it."""

from collections import Counter

import pytest

import convproof as cp
from tests.checking.wrong import (
    activations,
    batchnorm,
    conv,
    convtranspose,
    folded,
    groups,
    layout,
    linear,
    norms,
    pooling,
    resize,
    softmax,
    training,
)

ROOMS = {
    room.__name__.rpartition(".")[2]: room.WRONGS
    for room in (
        layout,
        conv,
        folded,
        convtranspose,
        groups,
        batchnorm,
        training,
        norms,
        activations,
        pooling,
        linear,
        softmax,
        resize,
    )
}
every_mistake = pytest.mark.parametrize("wrong", [wrong for room in ROOMS.values() for wrong in room], ids=lambda wrong: wrong.id)


@every_mistake
def test_the_same_style_without_the_mistake_is_right(wrong):
    report = cp.check(wrong.model, wrong.inputs, wrong.right())
    assert {row.verdict for row in report.rows} <= {"identical", "rounding"}, report.text()


@every_mistake
def test_with_the_mistake_it_is_wrong(wrong):
    report = cp.check(wrong.model, wrong.inputs, wrong.claimed())
    assert not report.ok
    assert report.first_wrong is not None, report.text()
    assert report[report.first_wrong].born, report.text()
    assert report[report.first_wrong].beyond > 0


def test_every_room_has_two_and_every_id_stands_once():
    ids = Counter(wrong.id for room in ROOMS.values() for wrong in room)
    assert max(ids.values()) == 1
    assert len(ids) >= 155  # it can only grow
    assert {name for name, room in ROOMS.items() if len(room) < 2} == set()
