"""Running statistics: every way of updating them stays within their lines, and a wrong one does not."""

import numpy as np
import pytest
import torch

import convproof as cp
from convproof.core.evaluation import Case

f = np.float32
UPDATES = {
    "weighed": lambda r, b, m: (f(1) - f(m)) * r + f(m) * b,
    "the difference": lambda r, b, m: r + f(m) * (b - r),
    "what is kept": lambda r, b, m: r - (r - b) * (f(1) - f(1 - m)),  # Keras
    "weighed by what is kept": lambda r, b, m: f(1 - m) * r + (f(1) - f(1 - m)) * b,
    "torch.lerp": lambda r, b, m: torch.lerp(torch.tensor(r), torch.tensor(b), m).numpy(),
}
SIZES = [(1e4, 1), (1, 1e4), (-3e3, 3e3), (0, 5), (0, 0)]  # what is remembered, what the batch has


def norm_of(momentum, running_mean=0.0, running_var=1.0):
    norm = cp.BatchNorm1d(8, momentum=momentum)
    norm.running_mean, norm.running_var = np.full(8, running_mean), np.full(8, running_var)
    return norm


def row(norm, x, name, claimed):
    return cp.check(norm, x, {name: claimed}).rows[0]


@pytest.mark.parametrize("momentum", [0.1, 0.9, 0.001, 1 / 3, 1.0])
@pytest.mark.parametrize("update", UPDATES)
@pytest.mark.parametrize(("before", "batch"), SIZES)
def test_however_they_are_updated(before, batch, update, momentum):
    x = np.full((64, 8), batch, f) + np.random.default_rng(1).normal(size=(64, 8)).astype(f)
    norm, mean = norm_of(momentum, before), x.astype(float).mean(axis=0).astype(f)
    assert row(norm, x, "running_mean", UPDATES[update](norm.running_mean, mean, momentum)).verdict in ("identical", "rounding")
    norm, var = norm_of(momentum, 0, abs(before)), x.astype(float).var(axis=0).astype(f)
    claimed = UPDATES[update](norm.running_var, var * (f(64) / f(63)), momentum)
    assert row(norm, x, "running_var", claimed).verdict in ("identical", "rounding")


@pytest.mark.parametrize("momentum", [0.1, 0.9])
def test_a_wrong_update_is_wrong_and_not_usual(momentum):
    x = (np.random.default_rng(1).normal(size=(64, 8)) + 2).astype(f)
    norm, mean, var = norm_of(momentum, 3.0, 0.5), x.mean(axis=0), x.var(axis=0)
    swapped = (1 - momentum) * mean + momentum * norm.running_mean
    biased = (1 - momentum) * norm.running_var + momentum * var
    for name, claimed in (("running_mean", swapped), ("running_var", biased), ("running_mean", norm.running_mean * f(1 + 1e-5))):
        found = row(norm, x, name, claimed)
        assert (found.verdict, found.usual) == ("wrong", False), name
    lines = norm.state_bounds("running_mean", Case((x,), training=True))
    barely = (lines.exact + 1.2 * lines.proof).astype(f)  # between the proof line and 8 sigma, were those not cut
    found = row(norm, x, "running_mean", barely)
    assert (found.verdict, found.usual) == ("wrong", False)
