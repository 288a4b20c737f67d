"""Golden vectors with each BatchNorm folded into the weights before it."""

import numpy as np
import pytest
import torch
from torch.nn.utils.fusion import fuse_conv_bn_eval, fuse_linear_bn_eval

import convproof as cp
from convproof.checking.golden import golden
from convproof.formats.golden.manifest import read_manifest
from tests.checking.golden_network import image, in_torch, network

U = 2.0**-24


def test_folded_weights_are_those_of_pytorch(tmp_path):
    net, x = network(), image()
    manifest = golden(net, x, tmp_path / "golden", fold=True)
    module = in_torch(net)
    assert manifest.folded == {"conv1": "bn1", "fc": "bn2"}
    conv, linear = fuse_conv_bn_eval(module[0], module[1]), fuse_linear_bn_eval(module[5], module[6])
    for name, exact in [("conv1.weight", conv.weight), ("conv1.bias", conv.bias), ("fc.weight", linear.weight), ("fc.bias", linear.bias)]:
        found, exact = np.load(tmp_path / "golden" / f"{name}.npy"), exact.detach().numpy()
        assert (abs(found - exact) <= U * abs(exact) + 2.0**-48).all(), name
    made = {entry.name: (entry.described, entry.reads) for entry in manifest.arrays}
    assert made["conv1.weight"][0] == "Conv2d(in_channels=3, out_channels=4, kernel_size=(3, 2), padding=(1, 1)) with bn1 folded in"
    assert made["bn1"][0].endswith(" with bn1 folded in")
    assert (made["bn1"][1], made["bn2"][1]) == (("input",), ("flat",))
    assert [e.name for e in manifest.arrays] == [
        "input",
        *("conv1.weight", "conv1.bias", "fc.weight", "fc.bias"),
        *("bn1", "relu", "pool", "flat", "bn2"),
    ]


@pytest.mark.parametrize("groups", [1, 2])
def test_a_transposed_convolution_takes_a_batchnorm_in(groups, tmp_path):
    rng = np.random.default_rng(3)
    norm = cp.BatchNorm2d(6)
    norm.weight, norm.bias = rng.normal(size=6), rng.normal(size=6)
    norm.running_mean, norm.running_var = rng.normal(size=6), rng.uniform(0.5, 2, 6)
    net = cp.Sequential(up=cp.ConvTranspose2d(4, 6, (3, 2), stride=2, groups=groups, bias=False, seed=1), norm=norm).eval()
    x = rng.normal(size=(1, 4, 3, 5)).astype(np.float32)
    golden(net, x, tmp_path / "golden", fold=True)
    weight, bias, y = (torch.tensor(np.load(tmp_path / "golden" / f"{n}.npy")).double() for n in ("up.weight", "up.bias", "norm"))
    found = torch.nn.functional.conv_transpose2d(torch.tensor(x).double(), weight, bias, stride=2, groups=groups)
    line = read_manifest(tmp_path / "golden").arrays[-1].bound.proof
    assert abs(found - y).max() <= line
    assert abs(y).max() > 1000 * line


def seen_twice():
    layers = {"conv": (cp.Conv2d(3, 4, 1, seed=0), "input"), "bn": (cp.BatchNorm2d(4), "conv"), "sum": (cp.Add(), "bn", "conv")}
    return cp.Network(layers)


def an_output():
    layers = {"conv": (cp.Conv2d(3, 4, 1, seed=0), "input"), "bn": (cp.BatchNorm2d(4), "conv")}
    return cp.Network(layers, outputs=("conv", "bn"))


def shared():
    conv = cp.Conv2d(3, 3, 1, seed=0)
    return cp.Sequential(first=conv, bn=cp.BatchNorm2d(3), second=conv)


@pytest.mark.parametrize(
    "make",
    [
        lambda: cp.Sequential(conv=cp.Conv2d(3, 4, 1, seed=0), relu=cp.ReLU(), bn=cp.BatchNorm2d(4)),
        lambda: cp.Sequential(relu=cp.ReLU(), bn=cp.BatchNorm2d(3)),
        lambda: cp.Sequential(conv=cp.Conv2d(3, 4, 1, seed=0), bn=cp.BatchNorm2d(4, track_running_stats=False)),
        seen_twice,
        an_output,
        shared,
    ],
    ids=["relu between", "no weights before", "statistics of the batch", "seen twice", "an output", "shared"],
)
def test_what_cannot_be_folded_is_left_as_it_is(make, tmp_path):
    assert golden(make().eval(), image(), tmp_path / "golden", fold=True).folded == {}


def test_nothing_is_folded_in_training(tmp_path):
    assert golden(network(mode=True), image(), tmp_path / "golden", fold=True).folded == {}


def test_rows_of_a_matrix_are_no_channels(tmp_path):
    """A BatchNorm over axis 1 of (N, L, features) cannot go into the weights of a linear layer, even where L = features."""
    norm = cp.BatchNorm1d(4)
    norm.running_var = np.array([1, 2, 3, 4])
    x = np.random.default_rng(0).normal(size=(2, 4, 3)).astype(np.float32)
    for out in (4, 5):
        net = cp.Sequential(fc=cp.Linear(3, out, seed=0), bn=norm).eval()
        assert golden(net, x, tmp_path / f"{out}", fold=True).folded == {}
