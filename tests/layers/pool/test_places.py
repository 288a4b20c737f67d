"""The place of a winner where what comes in is not exact: every cell that may be the largest, and no other."""

from itertools import product

import numpy as np
import pytest
import torch

import convproof as cp
from convproof.core.lines import Lines

f = np.float32


def farthest_by_hand(x, w, window, number):
    """Over one window, (i, j) by (i, j): who wins in some corner of the box x +- w."""
    cells = list(product(*window))
    won = max(cells, key=lambda cell: x[cell])  # the first of equal ones
    rivals = [a for a in cells if all(x[a] + w[a] >= x[b] - w[b] for b in cells)]
    return max(abs(number(a) - number(won)) for a in rivals) if any(w[a] > 0 for a in rivals) else 0


@pytest.mark.parametrize("order", [0, 1])
@pytest.mark.parametrize("size", [0.0, 0.1, 0.5, 3.0])
def test_by_hand(size, order):
    rng = np.random.default_rng(1)
    x, w = np.round(rng.normal(size=(2, 3, 6, 7)), 1), size * rng.uniform(size=(2, 3, 6, 7)) * (rng.uniform(size=(2, 3, 6, 7)) < 0.7)
    layer = cp.MaxPool2d((2, 3), stride=(2, 2), return_indices=True, storage_order=order, indices_in="array")
    incoming = (Lines(x, w, w / 4),)
    lines = layer.lines(None, (x,), incoming, 1)
    for n, c, i, j in np.ndindex(2, 3, 3, 3):
        window = range(2 * i, 2 * i + 2), range(2 * j, 2 * j + 3)
        expected = farthest_by_hand(x[n, c], w[n, c], window, lambda at: at[0] + 6 * at[1] if order else 7 * at[0] + at[1])
        assert lines.proof[n, c, i, j] == expected
        wider = farthest_by_hand(x[n, c], 2 * w[n, c], window, lambda at: at[0] + 6 * at[1] if order else 7 * at[0] + at[1])
        assert 8 * lines.sigma[n, c, i, j] == wider
    assert np.array_equal(lines.exact, layer(x)[1])


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (cp.MaxPool2d(3, 1, padding=1, return_indices=True), (2, 2, 5, 6)),
        (cp.MaxPool2d(2, dilation=2, ceil_mode=True, return_indices=True), (2, 5, 6)),
        (cp.AdaptiveMaxPool2d((3, 4), return_indices=True), (1, 2, 7, 5)),
        (cp.MaxPool1d(2, padding=((2, 0),), return_indices=True), (1, 2, 5)),
        (cp.ReduceMax(1, return_indices=True), (3, 4, 2)),
        (cp.ReduceMin(-1, return_indices=True, keepdims=False), (3, 4, 2)),
    ],
    ids=repr,
)
def test_some_cells_are_as_all_and_no_moved_input_lies_beyond(layer, shape):
    rng = np.random.default_rng(2)
    x = np.round(rng.normal(size=shape), 1)
    w = 0.4 * rng.uniform(size=shape)
    incoming = (Lines(x, w, w / 8),)
    lines = layer.lines(None, (x,), incoming, 1)
    cells = np.argwhere(np.ones(lines.exact.shape, bool))
    some = layer.lines(cells, (x,), incoming, 1)
    for whole, few in zip(vars(lines).values(), vars(some).values(), strict=True):
        assert np.array_equal(whole[tuple(cells.T)], few)
    reached = np.zeros_like(lines.proof)
    for _ in range(300):
        moved = layer.step(x + w * np.sign(rng.normal(size=shape)), training=False).outputs[1]
        reached = np.maximum(reached, abs(moved - lines.exact))
    assert (reached <= lines.proof).all()
    assert (reached == lines.proof).mean() > 0.5
    assert not layer.lines(None, (x,), None, 1).proof.any()


def behind_a_norm(seed):
    norm = cp.BatchNorm2d(1).eval()
    norm.bias, norm.weight, norm.running_mean, norm.running_var = [0.7], [1.3], [0.3], [0.5]
    net = cp.Network({"bn": (norm, "input"), "pool": (cp.MaxPool2d(2, return_indices=True), "bn")}).eval()
    return net, (np.random.default_rng(seed).normal(size=(1, 1, 4, 4)) * 1e-7).astype(f)


def test_numbers_that_round_alike_may_win_in_any_order():
    for seed in range(40):
        net, x = behind_a_norm(seed)
        own = net.trace(x)
        y = torch.nn.functional.batch_norm(torch.tensor(x), *map(torch.tensor, (f([0.3]), f([0.5]), f([1.3]), f([0.7]))))
        theirs = torch.nn.functional.max_pool2d(y, 2, return_indices=True)[1].numpy()
        for places in (own["pool.1"], theirs):
            assert cp.check(net, x, {"pool.1": places}).rows[0].verdict in ("identical", "rounding")


def test_a_place_outside_of_the_window_is_wrong():
    net, x = behind_a_norm(3)
    places = net.trace(x)["pool.1"].copy()
    places[0, 0, 0, 0] = 15
    assert cp.check(net, x, {"pool.1": places}).rows[0].verdict == "wrong"
    x = x * f(1e7)  # far apart
    places = net.trace(x)["pool.1"]
    assert cp.check(net, x, {"pool.1": places}).rows[0].verdict == "identical"
    assert cp.check(net, x, {"pool.1": places[..., ::-1]}).rows[0].verdict == "wrong"


def test_places_behind_coarse_numbers():
    net = cp.Network({"relu": (cp.ReLU(), "input"), "pool": (cp.MaxPool2d(2, return_indices=True), "relu")})
    x = np.array([[[[1.001, 1.002], [1.0005, 0.5]]]], f)
    for place, verdict in ((1, "rounding"), (0, "identical"), (3, "wrong")):
        claimed = {"relu": np.round(x.astype(float), 2), "pool": np.full((1, 1, 1, 1), 1.0), "pool.1": np.full((1, 1, 1, 1), place)}
        assert cp.check(net, x, claimed, format="decimals:2")["pool.1"].verdict == verdict
