"""Weights by hand: read, replace, change a cell, initialise."""

import warnings

import numpy as np
import pytest
import torch

import convproof as cp


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64])
def test_arrays_are_copied_in_and_read_back(dtype):
    conv = cp.Conv2d(3, 1, 3)
    given = np.ones((1, 3, 3, 3), dtype)
    conv.weight = given
    given[...] = 7
    assert conv.weight.dtype == np.float32
    assert (conv.weight == 1).all()
    conv.weight[0, 0, 1, 1] = 5
    conv.bias = [0]
    assert conv(np.ones((1, 3, 3, 3))).item() == 31


def test_a_wrong_shape_is_a_sentence():
    conv = cp.Conv2d(3, 2, (3, 4))
    with pytest.raises(
        cp.ShapeError, match=r"weight of Conv2d\(.*\) has shape \(2, 3, 3, 4\) \(out_channels, in_channels / groups, \*kernel_size\)"
    ):
        conv.weight = np.ones((2, 3, 3, 3))
    with pytest.raises(cp.ShapeError, match="its axes are in another order: transpose it"):
        cp.Conv2d(3, 2, (4, 5)).weight = np.ones((4, 5, 3, 2))
    with pytest.raises(cp.ShapeError, match="it has as many numbers"):
        conv.bias = [[1], [2]]


def test_what_a_layer_goes_without_cannot_be_set():
    with pytest.raises(cp.SettingError, match="has no bias: it was made without one"):
        cp.Conv2d(3, 2, 3, bias=False).bias = [1, 2]
    with pytest.raises(cp.SettingError, match="cannot be None"):
        cp.Conv2d(3, 2, 3).bias = None
    assert cp.Conv2d(3, 2, 3, bias=False).bias is None


def test_a_nan_warns_when_it_is_assigned():
    conv = cp.Conv2d(1, 1, 2)
    with pytest.warns(cp.NotFiniteWarning, match=r"weight\[0, 0, 1, 0\] of Conv2d\(.*\) is nan"):
        conv.weight = [[[[0, 1], [np.nan, 2]]]]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        conv(np.ones((1, 1, 2, 2)))  # it has been told


def test_a_nan_in_one_cell_warns_once_when_first_used():
    conv = cp.Conv2d(1, 1, 2)
    conv.weight[0, 0, 0, 1] = np.inf
    with pytest.warns(cp.NotFiniteWarning, match=r"weight\[0, 0, 0, 1\] .* is inf"):
        conv(np.ones((1, 1, 2, 2)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        conv(np.ones((1, 1, 2, 2)))


def test_state_dicts_are_copies_and_fit_torchs():
    ours, theirs = cp.BatchNorm2d(3), torch.nn.BatchNorm2d(3)
    state = ours.state_dict()
    state["weight"][0] = 99
    assert ours.weight[0] == 1
    ours.load_state_dict({key: value.numpy() for key, value in theirs.state_dict().items()})
    theirs.load_state_dict({key: torch.tensor(value) for key, value in ours.state_dict().items()})
    assert list(ours.state_dict()) == list(theirs.state_dict())


def test_a_state_that_does_not_fit_changes_nothing():
    conv = cp.Conv2d(2, 2, 1, seed=0)
    before = conv.state_dict()
    with pytest.raises(cp.UnknownNameError, match=r"missing \['bias'\], unknown \['beta'\]"):
        conv.load_state_dict({"weight": np.ones((2, 2, 1, 1)), "beta": [1, 2]})
    with pytest.raises(cp.ShapeError):
        conv.load_state_dict({"weight": np.ones((2, 2, 1, 1)), "bias": [1, 2, 3]})
    assert all(np.array_equal(before[key], value) for key, value in conv.state_dict().items())
    conv.load_state_dict({"bias": [5, 6]}, strict=False)
    assert conv.bias.tolist() == [5, 6]


@pytest.mark.parametrize("seed", [0, 1])
def test_a_seed_repeats_and_no_seed_does_not(seed):
    for make in (lambda s: cp.Conv2d(3, 4, 3, seed=s), lambda s: cp.Linear(5, 6, seed=s)):
        assert np.array_equal(make(seed).weight, make(seed).weight)
        assert not np.array_equal(make(None).weight, make(None).weight)
        assert not np.array_equal(make(seed).weight, make(seed + 1).weight)


WAYS = {
    "default": lambda w: torch.nn.init.kaiming_uniform_(w, a=5**0.5),
    "kaiming": lambda w: torch.nn.init.kaiming_uniform_(w, nonlinearity="relu"),
    "kaiming_normal": lambda w: torch.nn.init.kaiming_normal_(w, nonlinearity="relu"),
    "xavier": torch.nn.init.xavier_uniform_,
    "xavier_normal": torch.nn.init.xavier_normal_,
}


@pytest.mark.parametrize("how", WAYS)
def test_initialisers_draw_from_torchs_distributions(how):
    ours = cp.Conv2d(32, 48, (5, 3)).initialise(how, seed=0).weight
    theirs = WAYS[how](torch.empty(48, 32, 5, 3)).numpy()
    # 23 040 draws: the standard deviation of a sample is within 5 of its own standard errors, 5 / sqrt(2 n) = 2.3 %
    assert abs(ours.std() / theirs.std() - 1) < 2 * 0.023
    if "normal" not in how:
        assert abs(abs(ours).max() / abs(theirs).max() - 1) < 1e-3
    assert abs(ours.mean()) < 5 * ours.std() / np.sqrt(ours.size)


def test_default_biases_lie_in_torchs_range():
    bias = cp.Conv2d(7, 500, 3, seed=0).bias
    assert 0.9 / np.sqrt(63) < abs(bias).max() <= 1 / np.sqrt(63)


def test_initialise_with_values_files_and_names(tmp_path):
    np.save(tmp_path / "w.npy", np.full((1, 2, 1, 1), 3.0))
    conv = cp.Conv2d(2, 1, 1).initialise("constant", weight=tmp_path / "w.npy", bias=2)
    assert (conv.weight.tolist(), conv.bias.tolist()) == ([[[[3.0]], [[3.0]]]], [2.0])
    assert conv.initialise(bias=[4]).bias.tolist() == [4]
    assert conv.weight[0, 0, 0, 0] == 3
    assert (cp.BatchNorm2d(3).initialise("kaiming").weight == 1).all()
    with pytest.raises(cp.SettingError, match=r"initialise\('zeros'\): expected default, constant, kaiming"):
        conv.initialise("zeros")
    with pytest.raises(cp.UnknownNameError, match="has no parameter 'gamma'; it has weight, bias"):
        conv.initialise(gamma=1)
