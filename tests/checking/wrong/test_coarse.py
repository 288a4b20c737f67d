"""Damage shows in numbers that were written down coarsely too, and neither a wide worst case nor another arithmetic hides it."""

import numpy as np
import pytest

import convproof as cp
from tests.checking.wrong.target import NAMES, corner, dumped, inputs, network
from tests.laws.writing import WRITTEN, text

WAYS = {
    "float16": (lambda y: y.astype(np.float16), None),
    "decimals": (text("%.3f"), "decimals:3"),
    "fixed": (WRITTEN["q7.8"], "q7.8"),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", ["conv1", "relu1", "conv2", "fc"])
def test_only_the_damaged_layer_is_born_wrong(name, way):
    write, format = WAYS[way]
    sound, damaged = dumped("eval"), dumped("eval", {name: corner})
    assert cp.check(network("eval"), inputs("eval"), {key: write(y) for key, y in sound.items()}, format=format).ok
    report = cp.check(network("eval"), inputs("eval"), {key: write(y) for key, y in damaged.items()}, format=format)
    assert [row.name for row in report.rows if row.born] == [name], report.text()
    assert report[name].worst.cell == tuple(size - 1 for size in sound[name].shape)
    assert report[name].beyond == 1
    for other in NAMES:
        moved = (write(sound[other]) != write(damaged[other])).any()
        assert moved or report[other].verdict in ("identical", "rounding")


@pytest.mark.parametrize("off", [1e-5, 1e-4])
def test_the_worst_case_of_many_layers_excuses_nothing(off):
    """8 layers in one: what the worst case allows, in float32, in Winograd's tiles or in TF32, is far more than what is usual."""
    claimed = dumped("eval")["fc"]
    assert cp.check(network("eval"), inputs("eval"), {"fc": claimed}).ok
    report = cp.check(network("eval"), inputs("eval"), {"fc": claimed * np.float32(1 + off)})
    assert report["fc"].verdict == "undecided"
    assert not report.ok


def test_two_arrays_under_each_other_s_names_are_both_wrong():
    claimed = dumped("eval")
    claimed["conv2"], claimed["sum"] = claimed["sum"], claimed["conv2"]
    report = cp.check(network("eval"), inputs("eval"), claimed)
    assert report["conv2"].born
    assert report["sum"].born


def test_single_numbers_that_are_off_in_a_float64_network_are_not_called_float32():
    claimed = dumped("double")
    claimed["fc"][-1, -1] += 1e-9
    report = cp.check(network("double"), inputs("double"), claimed)
    assert [row.name for row in report.rows if row.verdict == "wrong"] == ["fc"]
