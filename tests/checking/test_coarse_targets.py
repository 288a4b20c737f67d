"""Targets that compute in a short format: what wraps or saturates forgives no mistake, and what they fuse is found."""

import numpy as np
import pytest
import torch

import convproof as cp

FORMATS = {  # step, lowest and highest code, zero point, dtype of the codes, rounding
    "ap_fixed:16:6": (2.0**-10, -32768, 32767, 0, np.int16, np.floor),
    "uint8:0.01:0": (0.01, 0, 255, 0, np.uint8, np.rint),
    "int8:0.01:-128": (0.01, -128, 127, -128, np.int8, np.rint),
    "q7.8": (2.0**-8, -32768, 32767, 0, np.int16, np.rint),
}


def to_grid(a, form):
    step, lowest, highest, zero, _, rounding = FORMATS[form]
    return (np.clip(rounding(np.float64(a) / step) + zero, lowest, highest) - zero) * step


def codes(a, form):
    step, _, _, zero, dtype, _ = FORMATS[form]
    return (np.rint(a / step) + zero).astype(dtype)


def conv(x, weight, bias, padding=0):
    """In float64, by PyTorch."""
    tensors = [torch.from_numpy(np.asarray(a, np.float64)) for a in (x, weight, bias)]
    return torch.nn.functional.conv2d(*tensors, padding=padding).numpy()


@pytest.fixture
def chain():
    layers = {"conv1": cp.Conv2d(1, 8, 3, padding=1, seed=0), "relu": cp.ReLU(), "conv2": cp.Conv2d(8, 6, 3, padding=1, seed=1)}
    return cp.Sequential(**layers, relu2=cp.ReLU()).eval()


@pytest.mark.parametrize("role", ["", ":arithmetic"])
@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("offset", [0.0, 0.5])
def test_numbers_at_the_end_of_a_format_forgive_no_mistake(chain, form, role, offset):
    x = np.random.default_rng(7).uniform(0, 1, (1, 1, 6, 7)).astype(np.float32)
    first, second = chain["conv1"], chain["conv2"]
    y1 = to_grid(np.maximum(conv(to_grid(x, form), first.weight, first.bias, 1), 0), form)
    y2 = to_grid(np.maximum(conv(y1, second.weight, second.bias, 1), 0) + offset, form)
    report = cp.check(chain, x, {"relu": codes(y1, form), "relu2": codes(y2, form)}, format=form + role)
    assert report["relu"].verdict in ("rounding", "precision")
    assert report.ok == (offset == 0)
    assert (report["relu2"].verdict == "wrong") == (offset > 0)


def folded():
    layers = {
        "conv1": cp.Conv2d(2, 4, 3, padding=1, seed=0),
        "bn1": cp.BatchNorm2d(4),
        "relu": cp.ReLU(),
        "conv2": cp.Conv2d(4, 3, 3, seed=1),
    }
    net = cp.Sequential(**layers, pool=cp.MaxPool2d(2)).eval()
    net["bn1"].running_var, net["bn1"].running_mean = np.array([0.7, 1.3, 2.0, 0.4]), np.array([0.1, -0.2, 0.3, 0.0])
    net["bn1"].weight = np.array([1.1, 0.9, -0.7, 0.5])
    return net


@pytest.mark.parametrize("form", ["q7.8", "float16"])
@pytest.mark.parametrize("right", [True, False])
def test_a_convolution_that_absorbed_two_layers_in_a_short_format_is_found(form, right):
    net, x = folded(), np.random.default_rng(1).uniform(0, 1, (1, 2, 8, 8)).astype(np.float32)
    q = (lambda a: to_grid(a, "q7.8")) if form == "q7.8" else (lambda a: np.float64(np.asarray(a).astype(np.float16)))
    bn, first, second = net["bn1"], net["conv1"], net["conv2"]
    scale = np.float64(bn.weight) / np.sqrt(np.float64(bn.running_var) + 1e-5)
    weight, bias = q(first.weight * scale[:, None, None, None]), q((first.bias - bn.running_mean) * scale + bn.bias)
    y1 = q(np.maximum(conv(q(x), weight, bias, 1), 0))
    if not right:
        y1[:, 2] += 0.25
    y2 = q(conv(y1, q(second.weight), q(second.bias)))
    arrays = {"conv1": y1, "conv2": y2, "pool": y2.reshape(1, 3, 3, 2, 3, 2).max((3, 5))}
    claimed = {name: codes(y, form) if form == "q7.8" else y.astype(np.float16) for name, y in arrays.items()}
    report = cp.check(net, x, claimed, format="q7.8" if form == "q7.8" else None, partial=not right)
    assert report.ok == right
    if right:
        first_row = report.rows[0]
        assert (first_row.name, first_row.verdict) == ("relu", "precision")
    else:
        assert report.first_wrong == "conv1"
        assert report["conv1"].born


def test_one_cell_that_is_off_is_no_other_arithmetic():
    linear, x = cp.Linear(1000, 10, seed=0), np.random.default_rng(0).normal(size=(1, 1000)).astype(np.float32)
    y = np.array(linear(x))
    assert cp.check(linear, x, y).ok
    y[0, 3] += 1e-3
    assert cp.check(linear, x, y)["Linear"].verdict == "wrong"
