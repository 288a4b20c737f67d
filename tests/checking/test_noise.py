"""What is noise and what is a mistake below a wide line, on arrays made by hand; Winograd itself is in the room of convolutions."""

import numpy as np
import pytest

from convproof.checking.judging import Judged
from convproof.checking.noise import beside_others, is_scattered
from convproof.core.formats import FLOAT32
from convproof.core.lines import Lines
from convproof.core.resolution import Resolution

RNG = np.random.default_rng
SHAPE = (2, 3, 12, 13)
Y = RNG(0).normal(size=SHAPE)
NOISE = 1e-6 * RNG(1).normal(size=SHAPE)


def told(errors, y=Y, wide=1e-3, plain=1e-5, terms=64.0):
    """Whether errors are noise: below a line of 1e-3, and 1e-5 for a direct sum of 64 terms."""

    def judged(line):
        return Judged(Lines(y, np.full(y.shape, line), np.full(y.shape, line)), y + errors, Resolution(FLOAT32))

    return is_scattered(judged(wide), judged(plain), terms)


def test_noise_is_noise():
    assert told(NOISE)
    assert told(30 * NOISE)
    assert told(30 * abs(NOISE))  # all to one side, and still no shift of all


MISTAKES = {
    "an offset": np.full(SHAPE, 1e-4),
    "a scale": 1e-4 * Y,
    "an offset a channel": np.broadcast_to(1e-4 * np.array([1, -2, 3])[:, None, None], SHAPE),
    "a scale and an offset of one channel": 1e-4 * (1 + Y) * (np.arange(3) == 1)[:, None, None],
    "an offset of an image": np.broadcast_to(1e-4 * np.array([0, 1])[:, None, None, None], SHAPE),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_scale_and_a_shift_are_none(name):
    errors = MISTAKES[name]
    assert not told(errors + NOISE)
    assert told(errors + 30 * NOISE)  # a rest of a third of it: not told apart
    small = (errors + NOISE / 10) * (1.5e-5 / abs(errors).max())
    assert told(small)  # 64 more terms make the line of 64 twice as wide,
    assert not told(small, terms=640.0)  # and that of 640 a tenth wider
    assert told(errors, y=np.round(Y))  # few distinct values


def test_one_cell_is_none():
    for cell, wrong in (((0, 1, 5, 6), True), ((1, 2, 1, 11), True), ((0, 1, 0, 6), False), ((0, 1, 5, 12), False)):
        errors = NOISE.copy()
        errors[cell] = 2e-4
        assert told(errors) != wrong, cell  # at the edges it may be what is left of a tile
    errors[0, 1, 4:8, 4:8] = 2e-4 * RNG(2).normal(size=(4, 4))
    assert told(errors)  # a tile


def test_how_far_off_beside_the_others():
    errors = np.zeros((1, 1, 7, 7))
    errors[0, 0, 2:5, 2:5] = 2.0
    errors[0, 0, 3, 3] = -6.0
    assert beside_others(errors, (0, 0, 3, 3)) == pytest.approx(3.0)  # beside eight others of 2
    errors[0, 0, 2, 2] = 0.0
    assert beside_others(errors, (0, 0, 3, 3)) == 0.0  # seven are too few
