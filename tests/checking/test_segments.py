"""A segment by itself: what is tried for it, and what need not be."""

import numpy as np
import pytest

import convproof as cp
from convproof.checking.claims import Boundary, Claim
from convproof.checking.reckoning import Reckoner
from convproof.checking.segments import Segments
from convproof.checking.subject import Subject
from convproof.network.graph import Place
from tests.checking.small import X, norm, small, torchs


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
    assert any(boundary.reads is Claim.as_longer for _, boundary, *_ in calls)


@pytest.mark.parametrize("read_elsewhere", [False, True])
def test_a_layer_whose_array_is_read_elsewhere_absorbs_nothing(read_elsewhere):
    """Sums that a ReLU reads too are rounded when they are written down, and once more by the normalisation: that is no proof line."""
    nodes = {"conv": (cp.Conv2d(3, 4, 3, seed=1), "input"), "bn": (norm(4, 2), "conv")}
    if read_elsewhere:
        nodes |= {"relu": (cp.ReLU(), "conv"), "add": (cp.Add(), "bn", "relu")}
    net = cp.Network(nodes).eval()
    subject = Subject.of(net, X)
    own = Boundary(subject.given())
    again = Segments(net.graph, subject.run, lambda node, sources: (None, None)).reckon(Place("bn"), own)
    whole = {node.name: outputs[0] for node, outputs in Reckoner(net.graph, own, subject.run)}["bn"]
    assert again.units == whole.units == (2 if read_elsewhere else 1)
    assert np.array_equal(again.own_lines.proof, whole.own_lines.proof)
