"""What was random in training, read from the numbers that were claimed, however coarsely they were written down.

The numbers are the network's own, with dice of its own, written down by NumPy and by Python: what they were thrown is read from them.
"""

import numpy as np
import pytest

import convproof as cp
from tests.laws.writing import WRITTEN, text

f = np.float32
RIGHT = {"identical", "rounding"}
COARSE = {name: WRITTEN[name] for name in ("q7.8", "q7.8:floor", "bfloat16")} | {"decimals:2": text("%.2f")}
every_format = pytest.mark.parametrize("format", COARSE)


def written(trace, names, format):
    return {name: COARSE[format](trace[name].astype(float)) for name in names}


@every_format
@pytest.mark.parametrize("size", [0.003, 0.05, 1, 300])
@pytest.mark.parametrize("kind", [cp.Dropout, cp.AlphaDropout, cp.Dropout2d])
@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_a_dropout_of_coarse_numbers(p, kind, size, format):
    net = cp.Network({"act": (cp.ReLU(), "input"), "drop": (kind(p, seed=1), "act")}).train()
    x = (np.random.default_rng(2).normal(size=(4, 5, 6, 7)) * size).astype(f)
    claimed = written(net.trace(x), ["act", "drop"], format)
    assert {row.verdict for row in cp.check(net, x, claimed, format=format).rows} <= RIGHT
    del claimed["act"]
    assert {row.verdict for row in cp.check(net, x, claimed, format=format).rows} <= RIGHT


@every_format
@pytest.mark.parametrize("size", [0.003, 1, 300])
def test_slopes_that_were_drawn(size, format):
    for seed in range(6):
        net = cp.Network({"act": (cp.RReLU(seed=seed), "input"), "conv": (cp.Conv2d(1, 1, 3, seed=0), "act")}).train()
        x = (np.random.default_rng(seed).normal(size=(1, 1, 8, 8)) * size).astype(f)
        claimed = written(net.trace(x), ["act", "conv"], format)
        assert {row.verdict for row in cp.check(net, x, claimed, format=format).rows} <= RIGHT


def test_a_wrong_layer_behind_what_was_drawn_is_found():
    net = cp.Network({"act": (cp.RReLU(seed=3), "input"), "conv": (cp.Conv2d(1, 1, 3, seed=0), "act")}).train()
    x = np.random.default_rng(3).normal(size=(1, 1, 8, 8)).astype(f)
    claimed = written(net.trace(x), ["act", "conv"], "decimals:2")
    claimed["conv"] = claimed["conv"] - np.round(net["conv"].bias, 2).astype(float) * 2 - 0.2
    report = cp.check(net, x, claimed, format="decimals:2")
    assert [(row.name, row.born) for row in report.rows if row.verdict == "wrong"] == [("conv", True)]
    claimed = written(net.trace(x), ["act"], "decimals:2")
    claimed["act"][0, 0, 2, 2] -= 0.5
    assert cp.check(net, x, claimed, format="decimals:2")["act"].verdict == "wrong"


def dropped(p, x, m, factor=None):
    return (np.where(m, x / (1 - p) if factor is None else x * factor, 0)).astype(f)


def test_a_dropout_that_is_wrong():
    x, rng = np.random.default_rng(1).normal(size=(40, 50)).astype(f), np.random.default_rng(5)
    m, layer = rng.uniform(size=x.shape) >= 0.3, cp.Dropout(0.3, seed=1).train()
    assert cp.check(layer, x, dropped(0.3, x, m)).rows[0].verdict in RIGHT
    for wrong in (dropped(0.3, x, m, 1), dropped(0.3, x, m, 1 / 0.3), dropped(0.3, x, ~m), 0 * x, x, dropped(0.3, x, m | True)):
        assert cp.check(layer, x, wrong).rows[0].verdict == "wrong"


@pytest.mark.parametrize(("p", "n", "ok"), [(0.1, 190, True), (0.1, 200, False), (0.5, 29, True), (0.5, 31, False)])
def test_dice_that_drop_nothing(p, n, ok):
    """0.9^200 = 7e-10 and 0.5^31 = 5e-10 are less than 1e-9."""
    x = np.random.default_rng(1).normal(size=n).astype(f)
    layer = cp.Dropout(p, seed=1).train()
    y = layer.dropped(x, np.ones(n, bool))
    assert cp.check(layer, x, y).ok == ok


def test_infinities():
    x = np.array([np.inf, -np.inf, np.nan, 1, -2, np.inf, -np.inf, 3], f)
    for seed in range(8):
        layer = cp.Dropout(0.5, seed=seed).train()
        y = layer.checked_step((x,), True).outputs[0]
        assert cp.check(layer, x, y).rows[0].verdict == "identical"


def test_the_mask_as_an_output():
    layer = cp.Dropout(0.5, seed=2, return_mask=True).train()
    x = np.array([0, 0.0005, 1, -2, 3, 0, 0.001, 5], f)
    y, m = layer.checked_step((x,), True).outputs
    claimed = {"Dropout": COARSE["q7.8"](y.astype(float)), "Dropout.1": m}
    assert {row.verdict for row in cp.check(layer, x, claimed, format="q7.8").rows} <= RIGHT
    claimed["Dropout.1"] = m ^ (abs(x) >= 1)
    assert cp.check(layer, x, claimed, format="q7.8")["Dropout.1"].verdict == "wrong"
