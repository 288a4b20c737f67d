"""Golden vectors of a network: exact numbers, rounded once, with their bounds; written, read back and checked."""

import numpy as np
import pytest
import torch

import convproof as cp
from convproof.checking.golden import golden, in_full
from convproof.core.errors import SettingError
from convproof.formats.golden.manifest import read_manifest
from tests.checking.golden_network import NAMES, image, in_torch, network
from tests.samples import all_samples

U = 2.0**-24


def test_every_output_is_what_float64_makes_of_the_golden_array_before_rounded_once(tmp_path):
    net, x = network(), image()
    golden(net, x, tmp_path / "golden")
    before, module = x, in_torch(net)
    for name, layer in zip(NAMES, module, strict=True):
        found = np.load(tmp_path / "golden" / f"{name}.npy")
        exact = layer(torch.tensor(before, dtype=torch.float64)).detach().numpy()
        assert found.dtype == np.float32
        assert (abs(found - exact) <= U * abs(exact) + 100 * 2.0**-52).all(), name  # one rounding; float64 sums of up to 100
        before = found


def test_in_a_coarser_format_every_output_is_the_exact_one_rounded_once(tmp_path):
    net, x = network(), image()
    golden(net, x, tmp_path / "golden", format="q7.8", files="bin")
    before = np.round(x.astype(np.float64) * 256) / 256
    for name, layer in zip(NAMES, in_torch(net), strict=True):
        before = layer(torch.tensor(before)).detach().numpy()
        found = np.fromfile(tmp_path / "golden" / f"{name}.bin", "<i2").reshape(before.shape) / 256
        assert abs(found - before).max() <= 0.5 / 256 + 1e-12, name
    assert np.fromfile(tmp_path / "golden" / "input.bin", "<i2").tolist() == np.round(x.reshape(-1).astype(np.float64) * 256).tolist()


@pytest.mark.parametrize("files", ["npy", "txt", "bin", "c", "safetensors"])
@pytest.mark.parametrize(("format", "layout"), [("float32", "nchw"), ("float32", "nhwc"), ("q7.8", "nhwc"), ("int8:0.05:-3", "nchw")])
def test_written_read_back_and_checked_is_identical(files, format, layout, tmp_path):
    net, x = network(), image()
    fold = layout == "nhwc"
    golden(net, x, tmp_path / "golden", files=files, layout=layout, format=format, fold=fold)
    report = cp.check(net, claimed=tmp_path / "golden")
    assert {row.verdict for row in report.rows} == {"identical"}
    assert [row.name for row in report.rows] == (["bn1", "relu", "pool", "flat", "bn2"] if fold else NAMES)


@pytest.mark.parametrize(
    "format", ["float16", "bfloat16", "float64", "ap_fixed:16:6", "ap_fixed:16:6:RND:SAT", "uint8:0.1:100:floor", "q3.4:truncate"]
)
def test_in_every_other_format_too(format, tmp_path):
    net, x = network(), image()
    golden(net, x, tmp_path / "golden", files="txt", layout="nhwc", format=format)
    report = cp.check(net, claimed=tmp_path / "golden")
    assert report.ok
    assert {row.verdict for row in report.rows} <= {"identical", "rounding"}
    assert not any("not codes" in str(note) for row in report.rows for note in row.notes)


def test_a_float64_network_written_as_float32_is_right(tmp_path):
    net = cp.Sequential(conv=cp.Conv2d(3, 2, 3, seed=0, dtype=np.float64), relu=cp.ReLU()).eval()
    x = np.random.default_rng(0).normal(size=(1, 3, 6, 5))
    golden(net, x, tmp_path / "golden", format="float32")
    assert read_manifest(tmp_path / "golden").arrays[0].computed_in == "float64"
    assert cp.check(net, claimed=tmp_path / "golden").ok


def test_one_layer_alone(tmp_path):
    layer = cp.Conv2d(3, 2, 3, seed=0).eval()
    x = np.random.default_rng(0).normal(size=(1, 3, 6, 5)).astype(np.float32)
    manifest = golden(layer, x, tmp_path / "golden")
    assert [entry.name for entry in manifest.arrays] == ["input", "Conv2d.weight", "Conv2d.bias", "Conv2d"]
    assert cp.check(layer, claimed=tmp_path / "golden").ok


def test_several_inputs_and_outputs(tmp_path):
    layers = {"left": (cp.Conv2d(3, 2, 1, seed=0), "a"), "sum": (cp.Add(), "left", "b"), "cut": (cp.Split(1, dim=1), "sum")}
    net = cp.Network(layers, inputs=("a", "b"), outputs=("sum", ("cut", 1))).eval()
    rng = np.random.default_rng(0)
    x = tuple(rng.normal(size=(1, c, 4, 5)).astype(np.float32) for c in (3, 2))
    manifest = golden(net, x, tmp_path / "golden", layout="nhwc")
    assert [entry.name for entry in manifest.of("input", "output")] == ["a", "b", "left", "sum", "cut", "cut.1"]
    report = cp.check(net, claimed=tmp_path / "golden")
    assert [row.verdict for row in report.rows] == ["identical"] * 4


def test_training_writes_the_statistics_before_and_after(tmp_path):
    net, x = network(mode=True), image(6)
    before = net.state_dict()
    golden(net, x, tmp_path / "golden")
    assert all(np.array_equal(before[name], array) for name, array in net.state_dict().items())
    module = in_torch(net)
    module(torch.tensor(x, dtype=torch.float64))
    for key in ("running_mean", "running_var"):
        assert np.array_equal(np.load(tmp_path / "golden" / f"bn1.{key}.before.npy"), before[f"bn1.{key}"])
        found, exact = np.load(tmp_path / "golden" / f"bn1.{key}.npy"), getattr(module[1], key).numpy()
        # the conv's golden output was rounded, which moves its mean and variance: 4 U of sizes of up to 20
        assert (abs(found - exact) <= 80 * U).all()
    assert np.load(tmp_path / "golden" / "bn1.num_batches_tracked.npy") == 1
    report = cp.check(net, claimed=tmp_path / "golden")
    assert report.ok
    assert report["bn1.running_var"].verdict == "identical"
    with pytest.raises(SettingError, match="was written in training mode, and the network is in eval mode"):
        cp.check(net.eval(), claimed=tmp_path / "golden")


# bounds


def test_the_bound_is_the_widest_line_of_the_layer_on_its_golden_input(tmp_path):
    net, x = network(), image()
    manifest = golden(net, x, tmp_path / "golden")
    conv1 = next(entry for entry in manifest.arrays if entry.name == "conv1")
    lines = net["conv1"].lines(None, [x])
    assert conv1.bound.proof == lines.proof.max() == lines.proof[conv1.bound.proof_at]
    assert conv1.bound.usual == lines.usual.max() == lines.usual[conv1.bound.usual_at]
    bn1 = next(entry for entry in manifest.arrays if entry.name == "bn1")
    assert bn1.bound.proof == net["bn1"].lines(None, [np.load(tmp_path / "golden" / "conv1.npy")]).proof.max()
    # n*u*S by hand, S the sum of absolute values of 18 products and a bias
    S = torch.nn.functional.conv2d(torch.tensor(abs(x)).double(), torch.tensor(abs(net["conv1"].weight)).double(), padding=1).numpy()
    S += abs(net["conv1"].bias).reshape(1, 4, 1, 1)
    assert conv1.bound.proof == pytest.approx((19 * U * S).max(), rel=1e-6)


def test_a_folded_pair_has_a_bound_of_its_own(tmp_path):
    net, x = network(), image()
    plain = {e.name: e.bound for e in golden(net, x, tmp_path / "plain").arrays}
    folded = {e.name: e.bound for e in golden(net, x, tmp_path / "folded", fold=True).arrays}
    assert folded["bn1"].proof > plain["bn1"].proof


def test_every_output_says_what_made_it_with_the_settings_that_pytorch_takes_for_granted(tmp_path):
    layers = {"conv": (cp.Conv2d(3, 2, 3, bias=False, seed=0), "a"), "bn": (cp.BatchNorm2d(2), "conv"), "sum": (cp.Add(), "bn", "conv")}
    net = cp.Network(layers | {"pool": (cp.MaxPool2d(2), "sum")}, inputs=("a",)).eval()
    outputs = {entry.name: entry for entry in golden(net, image(), tmp_path / "golden").of("output")}
    assert outputs["conv"].described == (
        "Conv2d(in_channels=3, out_channels=2, kernel_size=(3, 3), stride=1, padding=0, dilation=1, groups=1, bias=False, "
        "padding_mode='zeros')"
    )
    assert "eps=1e-05" in outputs["bn"].described
    assert "kernel_size=2, stride=2, padding=0" in outputs["pool"].described
    assert {name: entry.reads for name, entry in outputs.items()} == {
        "conv": ("a",),
        "bn": ("conv",),
        "sum": ("bn", "conv"),
        "pool": ("sum",),
    }


def test_no_setting_of_a_layer_is_left_out():
    for sample in all_samples():
        layer = sample.make()
        found = in_full(layer)
        assert [name for name, value in layer.settings().items() if f"{name}={value!r}" not in found] == [], found


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ({"files": "zip"}, "files='zip': expected c, bin, npy, txt or safetensors"),
        ({"layout": "chwn"}, "layout='chwn': expected nchw or nhwc"),
        ({"format": "q"}, "'q' names no number format"),
        ({"format": "decimals:4"}, "format decimals:4: decimals are how a target prints its numbers; write float32, as txt"),
    ],
)
def test_words_that_mean_nothing(words, expected, tmp_path):
    with pytest.raises(SettingError, match=expected):
        golden(network(), image(), tmp_path / "golden", **words)
    assert list(tmp_path.iterdir()) == []


def test_looking_changes_nothing(tmp_path):
    net, x = network(mode=True), image()
    state, kept = net.state_dict(), x.copy()
    golden(net, x, tmp_path / "golden", format="q7.8")
    assert all(np.array_equal(state[name], array) for name, array in net.state_dict().items())
    assert np.array_equal(x, kept)
