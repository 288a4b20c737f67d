"""Several inputs and outputs, layers with two outputs, integers among the outputs: the damaged array is named, and no other."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

import convproof as cp
from tests.checking.wrong.table import noise, told
from tests.checking.wrong.target import corner

LEFT, RIGHT = noise(161, 2, 6, 4, 5), noise(162, 2, 3, 4, 5)
W, B = noise(163, 3, 2, 2, 2), noise(164, 3)
KINDS = (np.float32, np.float64)


def network(kind):
    """left is split into channels 0 1, 2 3, 4 5; the first is convolved and joined by right, the second is pooled, with indices."""
    conv = cp.Conv2d(2, 3, 2, padding=((0, 1), (0, 1)), dtype=kind)
    return cp.Network(
        {
            "split": (cp.Split(2, dim=1), "left"),
            "conv": (told(conv, weight=W, bias=B), ("split", 0)),
            "sum": (cp.Add(), "conv", "right"),
            "pool": (cp.MaxPool2d(2, return_indices=True), ("split", 1)),
            "join": (cp.Concat(), "sum", ("split", 2)),
        },
        inputs=("left", "right"),
        outputs=("join", "pool", ("pool", 1)),
    ).eval()


def dumped(kind, damage=None):
    """The same with PyTorch, every array by its name."""
    found = {}

    def keep(name, y):
        array = y.numpy().copy()
        found[name] = torch.tensor(corner(array) if name == damage else array)
        return found[name]

    parts = [keep(f"split.{k}" if k else "split", part) for k, part in enumerate(torch.tensor(LEFT.astype(kind)).split(2, dim=1))]
    y = keep("conv", F.conv2d(F.pad(parts[0], (0, 1, 0, 1)), torch.tensor(W.astype(kind)), torch.tensor(B.astype(kind))))
    y = keep("sum", y + torch.tensor(RIGHT.astype(kind)))
    largest, where = F.max_pool2d(parts[1], 2, return_indices=True)
    keep("pool", largest)
    keep("pool.1", where)
    keep("join", torch.cat((y, parts[2]), dim=1))
    return {name: array.numpy() for name, array in found.items()}


NAMES = ("split", "split.1", "split.2", "conv", "sum", "pool", "pool.1", "join")
BEHIND = {  # arrays that the last cell of an array goes into
    "split": {"conv", "sum", "join"},
    "split.1": {"pool", "pool.1"},
    "split.2": {"join"},
    "conv": {"sum", "join"},
    "sum": {"join"},
}


def checked(kind, claimed):
    return cp.check(network(kind), (LEFT.astype(kind), RIGHT.astype(kind)), claimed)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", NAMES)
def test_only_the_damaged_array_is_born_wrong(name, kind):
    report = checked(kind, dumped(kind, name))
    assert set(report) == set(NAMES)
    assert [row.name for row in report.rows if row.born] == [name], report.text()
    assert report[name].beyond == 1
    assert report[name].worst.cell == tuple(size - 1 for size in dumped(kind)[name].shape)
    inherited = {row.name for row in report.rows if row.inherited}
    assert inherited <= BEHIND.get(name, set()), report.text()
    sound, damaged = dumped(kind), dumped(kind, name)
    assert inherited == {key for key in NAMES if key != name and (sound[key] != damaged[key]).any()}


@pytest.mark.parametrize("kind", KINDS)
def test_of_the_outputs_alone_the_one_that_holds_the_fault_is_named(kind):
    outputs = ("join", "pool", "pool.1")
    for name in ("split", "split.1", "conv", "pool.1"):
        sound, damaged = dumped(kind), dumped(kind, name)
        report = checked(kind, {key: damaged[key] for key in outputs})
        differ = {key for key in outputs if (sound[key] != damaged[key]).any()}
        assert report.ok is not bool(differ)  # the last column of a map of five is in no window of two
        assert {row.name for row in report.rows if row.verdict == "wrong" and row.born} == differ, (name, report.text())
        assert all(name.partition(".")[0] in report[key].segment for key in differ)


def test_indices_are_judged_as_integers():
    claimed = dumped(np.float32)
    claimed["pool.1"] = claimed["pool.1"].astype(np.float32)  # a target that knows no integers
    assert checked(np.float32, claimed).ok
    claimed["pool.1"] = claimed["pool.1"] + np.float32(1e-3)
    assert checked(np.float32, claimed).first_wrong == "pool.1"


def test_two_inputs_exchanged_are_wrong():
    a, b = noise(165, 2, 3, 4, 5), noise(166, 2, 3, 4, 5)
    assert cp.check(cp.Sub(), (a, b), a - b).ok
    assert cp.check(cp.Sub(), (a, b), b - a).first_wrong == "Sub"


@pytest.mark.parametrize("off", [1e-12, 1e-8])
def test_a_double_network_forgives_less(off):
    claimed = dumped(np.float64)
    claimed["conv"][-1, -1, -1, -1] += off
    claimed["sum"][-1, -1, -1, -1] = claimed["conv"][-1, -1, -1, -1] + np.float64(RIGHT[-1, -1, -1, -1])
    claimed["join"][:, :3] = claimed["sum"]
    assert [row.name for row in checked(np.float64, claimed).rows if row.born] == ["conv"]
    single = dumped(np.float32)
    single["conv"] = single["conv"].astype(np.float64)
    assert checked(np.float64, {"conv": single["conv"]})["conv"].verdict == "precision"
