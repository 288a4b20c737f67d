"""A segment by itself: what is tried for it, and what need not be."""

import numpy as np

import convproof as cp
from convproof.checking.segments import Segments
from tests.checking.small import X, small, torchs


def counted(monkeypatch):
    """How often a segment was reckoned again."""
    calls = []
    reckon = Segments.reckon

    def counting(self, *args):
        calls.append(args)
        return reckon(self, *args)

    monkeypatch.setattr(Segments, "reckon", counting)
    return calls


def test_a_nan_is_replayed_in_no_arithmetic(monkeypatch):
    net = small()
    claimed = torchs(net)["pool"]
    claimed[0, 1, 0, 1] = np.nan
    calls = counted(monkeypatch)
    row = cp.check(net, X, {"pool": claimed})["pool"]
    assert (row.verdict, row.worst.cell) == ("wrong", (0, 1, 0, 1))
    assert len(calls) == 0


def test_longer_numbers_are_only_asked_for_where_something_claimed_is_read(monkeypatch):
    net = small()
    right = torchs(net)
    calls = counted(monkeypatch)
    assert cp.check(net, X, {"relu1": right["relu1"], "pool": right["pool"]}).ok
    assert len(calls) == 0
    wrong = cp.check(net, X, {"relu1": right["relu1"], "pool": right["pool"] + np.float32(1)})
    assert wrong.first_wrong == "pool"
    assert any(boundary.longer for _, boundary, *_ in calls)
