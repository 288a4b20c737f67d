"""Running statistics of instance normalisations: PyTorch's stay within their lines, whatever the momentum."""

import numpy as np
import pytest
import torch

import convproof as cp
from convproof.core.evaluation import Case

f = np.float32
CHANNELS = 16


def both(momentum, mean, var):
    """Our layer and torch's, which remember the same."""
    ours = cp.InstanceNorm2d(CHANNELS, momentum=momentum, track_running_stats=True)
    theirs = torch.nn.InstanceNorm2d(CHANNELS, momentum=momentum, track_running_stats=True)
    for name, size in (("running_mean", mean), ("running_var", var)):
        array = (size * np.random.default_rng(1).uniform(0.3, 1, CHANNELS)).astype(f)
        setattr(ours, name, array)
        getattr(theirs, name).copy_(torch.tensor(array))
    return ours, theirs


@pytest.mark.parametrize("momentum", [0.1, 0.9, 0.999, 1.0, -0.1, -3.0])
@pytest.mark.parametrize("images", [1, 3, 17])
@pytest.mark.parametrize(("before", "batch"), [(1e3, 1e-3), (1e-3, 1e3), (1, 1), (0, 5)])
def test_torchs_lie_below_their_lines(before, batch, images, momentum):
    ours, theirs = both(momentum, before, before)
    x = (batch * (np.random.default_rng(2).normal(size=(images, CHANNELS, 4, 5)) + 1)).astype(f)
    theirs(torch.tensor(x))
    for name in ("running_mean", "running_var"):
        lines = ours.state_bounds(name, Case((x,), training=True))
        assert (abs(getattr(theirs, name).numpy() - lines.exact) <= lines.proof).all(), name
        assert (lines.sigma <= lines.proof).all(), name


def test_with_a_momentum_near_1_what_was_remembered_is_no_error():
    ours, theirs = both(0.99, 1000, 1000)
    x = (1e-3 * np.random.default_rng(0).normal(size=(1, CHANNELS, 4, 5))).astype(f)
    y = theirs(torch.tensor(x)).numpy()
    claimed = {"0": y, "0.running_mean": theirs.running_mean.numpy(), "0.running_var": theirs.running_var.numpy()}
    found = cp.check(cp.Sequential(ours), x, claimed)
    assert {row.verdict for row in found.rows} <= {"identical", "rounding"}


@pytest.mark.parametrize("momentum", [0.1, 0.9])
def test_a_wrong_update_is_wrong(momentum):
    ours, _ = both(momentum, 3, 3)
    x = (np.random.default_rng(2).normal(size=(3, CHANNELS, 4, 5)) + 1).astype(f)
    mean, old = x.mean(axis=(0, 2, 3)), ours.running_mean
    lines = ours.state_bounds("running_mean", Case((x,), training=True))
    for claimed in ((1 - momentum) * mean + momentum * old, lines.exact * (1 + 1e-5)):
        assert (abs(claimed - lines.exact) > lines.proof).all()


@pytest.mark.parametrize("shape", [(0, CHANNELS, 4, 5), (2, CHANNELS, 0, 5)])
@pytest.mark.parametrize("momentum", [0.1, None])
def test_an_empty_batch_leaves_what_was_remembered(shape, momentum):
    ours, theirs = both(momentum, 10, 10)
    if shape[0]:
        theirs(torch.zeros(shape))
    x = np.zeros(shape, f)
    for name in ("running_mean", "running_var"):
        lines = ours.state_bounds(name, Case((x,), training=True))
        for left in (ours.checked_step([x], True).state[name], getattr(theirs, name).numpy()):
            assert left.tolist() == lines.exact.tolist()
        assert (lines.proof >= 0).all()


def test_an_infinite_statistic_that_counts_nothing_does_not_warn():
    ours, _ = both(0.0, 1, 1)
    x = np.full((2, CHANNELS, 4, 5), np.inf, f)
    assert np.isnan(ours.state_bounds("running_mean", Case((x,), training=True)).exact).all()
    assert np.isnan(ours.checked_step([x], True).state["running_mean"]).all()
