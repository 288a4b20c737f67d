"""Gaps, verdicts and what another arithmetic explains, on arrays made by hand."""

import numpy as np

from convproof.checking.judging import Judged
from convproof.checking.precisions import Replay
from convproof.checking.reckoning import as_it_is
from convproof.checking.verdicts import Opinion, with_precision
from convproof.core.formats import FLOAT32
from convproof.core.lines import Lines
from convproof.core.resolution import Resolution
from convproof.core.sentence import say

ZERO, PROOF, SIGMA = np.zeros(3), np.ones(3), np.full(3, 1 / 16)  # 8 sigma: 0.5
TF32 = Replay("tf32-on", say("TF32"), as_it_is)


def off(*gaps):
    """Three claimed numbers that lie so far off, where 1 is the proof line and 0.5 the usual one."""
    return Judged(Lines(ZERO, PROOF, SIGMA), np.array(gaps), Resolution(FLOAT32))


def replayed(*gaps):
    """One other arithmetic, off which they lie so far."""
    return [(TF32, lambda cells: off(*gaps))]


def test_a_number_too_large_is_an_infinity_where_rounding_may_go_beyond_the_largest():
    exact, line = np.array([3.4e38, -3.4e38, 3.4e38, 3.3e38]), np.full(4, 1e36)  # the largest float32 is 3.403e38
    judged = Judged(Lines(exact, line, line), np.array([np.inf, -np.inf, -np.inf, np.inf]), Resolution(FLOAT32))
    assert judged.gap.tolist() == [0, 0, np.inf, np.inf]


def test_another_arithmetic_above_its_usual_line_explains_what_is_nearer_to_it_and_no_mistake():
    found = Opinion("wrong", off(2.0, 2.0, 2.0), usual=False)
    nearer = replayed(0.75, 0.75, 0.75)
    assert with_precision(found, nearer, 1, lambda: False).precision == "tf32-on"
    assert with_precision(found, nearer, 1, lambda: True) is found
    one = Opinion("wrong", off(5.0, 0.0, 0.0), usual=False)
    assert with_precision(one, nearer, 1, lambda: False) is one  # most numbers are the exact ones


def test_another_arithmetic_below_its_usual_line_explains_what_no_mistake_does():
    found = Opinion("wrong", off(2.0, 2.0, 2.0), usual=False)
    usual = replayed(0.25, 0.25, 0.25)
    assert with_precision(found, usual, 1, lambda: False).precision == "tf32-on"
    assert with_precision(found, usual, 1, lambda: True) is found
    assert with_precision(found, replayed(0.25, 0.25, 1.5), 1, lambda: False) is found
    assert with_precision(found, usual, 2, lambda: False).verdict == "undecided"
