"""Golden vectors of a network: exact numbers, rounded once; folded weights; written, read back and checked."""

import numpy as np
import pytest
import torch
from torch.nn.utils.fusion import fuse_conv_bn_eval, fuse_linear_bn_eval

import convproof as cp
from convproof.checking.golden import golden
from convproof.core.errors import FileError, SettingError, ShapeError, UnknownNameError
from convproof.formats.golden.manifest import dumps_of, read_manifest

U = 2.0**-24


def network(seed=0, mode=False):
    """A convolution, BatchNorm, ReLU, max pooling, flatten and linear layer with BatchNorm, all parameters different."""
    net = cp.Sequential(
        conv1=cp.Conv2d(3, 4, (3, 2), padding=1),
        bn1=cp.BatchNorm2d(4),
        relu=cp.ReLU(),
        pool=cp.MaxPool2d((2, 3)),
        flat=cp.Flatten(),
        fc=cp.Linear(32, 5, bias=False),
        bn2=cp.BatchNorm1d(5),
    )
    rng = np.random.default_rng(seed)
    for name, array in net.state_dict().items():
        if array.dtype.kind == "f":
            net.load_state_dict({name: rng.uniform(0.5, 2, array.shape) if "var" in name else rng.normal(size=array.shape)}, strict=False)
    return net.train(mode)


def image(n=2, seed=1):
    return np.random.default_rng(seed).normal(size=(n, 3, 8, 5)).astype(np.float32)


def in_torch(net):
    """The same network in PyTorch, float64."""
    module = torch.nn.Sequential(
        torch.nn.Conv2d(3, 4, (3, 2), padding=1),
        torch.nn.BatchNorm2d(4),
        torch.nn.ReLU(),
        torch.nn.MaxPool2d((2, 3)),
        torch.nn.Flatten(),
        torch.nn.Linear(32, 5, bias=False),
        torch.nn.BatchNorm1d(5),
    )
    state = net.state_dict()
    numbers = {name: str(k) for k, name in enumerate(net)}
    named = {f"{numbers[name.partition('.')[0]]}.{name.partition('.')[2]}": torch.tensor(array) for name, array in state.items()}
    module.load_state_dict(named)
    return module.double().train(net.training)


NAMES = ["conv1", "bn1", "relu", "pool", "flat", "fc", "bn2"]


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


# folding


def test_folded_weights_are_those_of_pytorch(tmp_path):
    net, x = network(), image()
    manifest = golden(net, x, tmp_path / "golden", fold=True)
    module = in_torch(net)
    assert manifest.folded == {"conv1": "bn1", "fc": "bn2"}
    conv, linear = fuse_conv_bn_eval(module[0], module[1]), fuse_linear_bn_eval(module[5], module[6])
    for name, exact in [("conv1.weight", conv.weight), ("conv1.bias", conv.bias), ("fc.weight", linear.weight), ("fc.bias", linear.bias)]:
        found, exact = np.load(tmp_path / "golden" / f"{name}.npy"), exact.detach().numpy()
        assert (abs(found - exact) <= U * abs(exact) + 2.0**-48).all(), name
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


def chain(**layers):
    return cp.Sequential(**layers)


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
        lambda: chain(conv=cp.Conv2d(3, 4, 1, seed=0), relu=cp.ReLU(), bn=cp.BatchNorm2d(4)),
        lambda: chain(relu=cp.ReLU(), bn=cp.BatchNorm2d(3)),
        lambda: chain(conv=cp.Conv2d(3, 4, 1, seed=0), bn=cp.BatchNorm2d(4, track_running_stats=False)),
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


# a port's folder


@pytest.fixture
def port(tmp_path):
    """A folder with a copy of the manifest and the golden input, in Q7.8 and N, H, W, C, and the network."""
    net, x = network(), image()

    def made(files="npy", format="float32", layout="nhwc"):
        golden(net, x, tmp_path / "golden", files=files, layout=layout, format=format)
        folder = tmp_path / "dumps"
        folder.mkdir()
        for name in ("manifest.json", f"input.{files}"):
            (folder / name).write_bytes((tmp_path / "golden" / name).read_bytes())
        return net, folder

    return made


def written(folder, name, array):
    """Numbers in the way that the end of a name says."""
    path = folder / name
    if path.suffix == ".npy":
        np.save(path, array)
    elif path.suffix == ".bin":
        array.tofile(path)
    else:
        np.savetxt(path, array.reshape(-1), fmt="%.9g")


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("conv1.npy", lambda y: y.transpose(0, 2, 3, 1)),
        ("conv1.npy", lambda y: y.transpose(0, 2, 3, 1).reshape(-1)),
        ("conv1.npy", lambda y: y),
        ("conv1.npy", lambda y: y.transpose(0, 2, 3, 1).astype(np.float64)),
        ("conv1.txt", lambda y: y.transpose(0, 2, 3, 1)),
        ("conv1.csv", lambda y: y.transpose(0, 2, 3, 1)),
        ("conv1.bin", lambda y: y.transpose(0, 2, 3, 1)),
        ("conv1.bin", lambda y: y.transpose(0, 2, 3, 1).astype(np.float64)),
    ],
)
def test_a_port_may_write_as_it_likes(name, change, port):
    net, folder = port()
    y = net.trace(image())["conv1"]
    written(folder, name, np.ascontiguousarray(change(y)))
    report = cp.check(net, claimed=folder)
    assert report.ok
    assert report.covered == ("conv1",)
    y = y.copy()
    y[1, 2, 3, 4] += 0.01
    written(folder, name, np.ascontiguousarray(change(y)))
    report = cp.check(net, claimed=folder)
    assert report["conv1"].verdict == "wrong"
    assert report["conv1"].worst.cell == (1, 2, 3, 4)


def test_codes_of_the_declared_format_in_text(port):
    net, folder = port(format="q7.8")
    y = cp.check(net, claimed=folder.parent / "golden")  # the exact values, on the rounded input
    assert y.ok
    codes = np.load(folder.parent / "golden" / "conv1.npy")
    np.savetxt(folder / "conv1.txt", codes.reshape(-1), fmt="%d")
    assert cp.check(net, claimed=folder)["conv1"].verdict == "identical"
    np.savetxt(folder / "conv1.txt", codes.reshape(-1) / 256, fmt="%.8f")
    assert cp.check(net, claimed=folder)["conv1"].verdict == "identical"
    codes[0, 3, 2, 1] += 2
    np.savetxt(folder / "conv1.txt", codes.reshape(-1), fmt="%d")
    report = cp.check(net, claimed=folder)
    assert report["conv1"].verdict == "wrong"
    assert report["conv1"].worst.cell == (0, 1, 3, 2)


def test_another_number_of_numbers(port):
    net, folder = port()
    np.save(folder / "conv1.npy", np.zeros(600, np.float32))
    with pytest.raises(
        ShapeError, match=r"conv1.npy holds 600 numbers; conv1 has 384, as \(2, 8, 6, 4\) in the order that the manifest declares"
    ):
        cp.check(net, claimed=folder)


def test_names_that_are_nearly_right(port):
    _, folder = port()
    np.save(folder / "conv_1.npy", np.zeros(3))
    with pytest.raises(FileError, match=r"dumps holds conv_1.npy, and the manifest names no such array; did you mean conv1.npy\?"):
        dumps_of(folder)
    (folder / "conv_1.npy").unlink()
    with pytest.raises(
        FileError, match=r"holds no array that its manifest.json names; expected files such as conv1.npy, bn1.npy, relu.npy"
    ):
        dumps_of(folder)
    np.save(folder / "conv1.npy", np.zeros(3))
    np.savetxt(folder / "conv1.txt", np.zeros(3))
    with pytest.raises(FileError, match=r"dumps holds conv1 twice, in conv1.npy, conv1.txt; move one out"):
        dumps_of(folder)


def test_the_outputs_of_a_copied_header_are_no_dumps(tmp_path):
    net, x = network(), image()
    for files in ("c", "safetensors"):
        golden(net, x, tmp_path / files, files=files)
        np.savetxt(tmp_path / files / "conv1.txt", net.trace(x)["conv1"].reshape(-1), fmt="%.9g")
        assert [dump.name for dump in dumps_of(tmp_path / files)] == ["conv1"]


def test_golden_weights_that_were_changed(tmp_path):
    net, x = network(), image()
    for files in ("npy", "safetensors"):
        golden(net, x, tmp_path / files, files=files)
    weight = net["conv1"].weight.copy()
    weight[0, 0, 0, 0] += 1
    np.save(tmp_path / "npy" / "conv1.weight.npy", weight)
    with pytest.raises(FileError, match=r"conv1.weight.npy does not hold the weight conv1.weight that manifest.json describes"):
        cp.check(net, claimed=tmp_path / "npy")
    from safetensors.numpy import load_file, save_file

    arrays = load_file(tmp_path / "safetensors" / "golden.safetensors")
    save_file(arrays | {"bn1": arrays["bn1"] + 1}, tmp_path / "safetensors" / "golden.safetensors")
    assert cp.check(net, claimed=tmp_path / "safetensors").first_wrong == "bn1"
    save_file(arrays | {"conv1.weight": weight}, tmp_path / "safetensors" / "golden.safetensors")
    with pytest.raises(FileError, match=r"golden.safetensors does not hold the weight conv1.weight"):
        cp.check(net, claimed=tmp_path / "safetensors")


def test_a_ports_own_weights_are_claims(port):
    net, folder = port()
    weight = net["conv1"].weight.copy()
    weight[3, 2, 1, 0] *= 1.01
    np.savetxt(folder / "conv1.weight.txt", weight.transpose(0, 2, 3, 1).reshape(-1), fmt="%.9g")
    report = cp.check(net, claimed=folder)
    assert report["conv1.weight"].verdict == "wrong"
    assert report["conv1.weight"].worst.cell == (3, 2, 1, 0)


def test_another_model(tmp_path):
    net, x = network(), image()
    golden(net, x, tmp_path / "golden")
    other = cp.Sequential(conv1=cp.Conv2d(3, 4, (3, 2), padding=1), relu=cp.ReLU()).eval()
    with pytest.raises(UnknownNameError, match=r"golden is of another model: it holds bn1.weight, which the network does not have"):
        cp.check(other, claimed=tmp_path / "golden")
    with pytest.raises(ShapeError, match=r"input has shape \(2, 3, 8, 5\) there and \(1, 3, 8, 5\) in the network"):
        cp.check(net, image(1), claimed=tmp_path / "golden")
    with pytest.raises(SettingError, match=r"was written with other weights than the network has now: conv1.weight is not the same"):
        cp.check(network(seed=5), claimed=tmp_path / "golden")


def test_a_wrong_output_is_found(tmp_path):
    net, x = network(), image()
    golden(net, x, tmp_path / "golden")
    y = np.load(tmp_path / "golden" / "bn1.npy")
    y[1, 3, 7, 5] += 0.001
    np.save(tmp_path / "golden" / "bn1.npy", y)
    report = cp.check(net, claimed=tmp_path / "golden")
    assert (report.first_wrong, report["bn1"].worst.cell, report["bn1"].born) == ("bn1", (1, 3, 7, 5), True)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ({"files": "zip"}, "files='zip': expected c or bin or npy or txt or safetensors"),
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


def in_whole_numbers(folder, *, without_bias):
    """conv1, relu and conv2 from golden Q7.8 codes, in 64-bit sums, rounded to Q7.8 after each layer."""

    def codes(name):
        return np.load(folder / f"{name}.npy").astype(np.int64)

    def convolved(x, name):
        weight, bias = codes(f"{name}.weight"), codes(f"{name}.bias")
        windows = np.lib.stride_tricks.sliding_window_view(x, weight.shape[2:], axis=(2, 3))
        sums = np.einsum("nchwuv,ocuv->nohw", windows, weight) + (0 if without_bias else 256 * bias.reshape(1, -1, 1, 1))
        return np.clip((sums + 128) >> 8, -32768, 32767)

    conv1 = convolved(codes("input"), "conv1")
    relu = np.maximum(conv1, 0)
    return {"conv1": conv1, "relu": relu, "conv2": convolved(relu, "conv2")}


@pytest.mark.parametrize("without_bias", [False, True])
def test_a_port_in_fixed_point_is_right_until_it_forgets_the_bias(without_bias, tmp_path):
    net = cp.Sequential(conv1=cp.Conv2d(3, 4, (3, 2), seed=7), relu=cp.ReLU(), conv2=cp.Conv2d(4, 5, (2, 3), seed=8)).eval()
    golden(net, image(), tmp_path / "golden", format="q7.8")
    (tmp_path / "dumps").mkdir()
    for name in ("manifest.json", "input.npy"):
        (tmp_path / "dumps" / name).write_bytes((tmp_path / "golden" / name).read_bytes())
    for name, codes in in_whole_numbers(tmp_path / "golden", without_bias=without_bias).items():
        np.save(tmp_path / "dumps" / f"{name}.npy", codes.astype(np.int16))
    report = cp.check(net, claimed=tmp_path / "dumps")
    assert report.ok != without_bias
    assert {name: report[name].verdict for name in report} == (
        {"conv1": "wrong", "relu": "wrong", "conv2": "wrong"}
        if without_bias
        else {"conv1": "precision", "relu": "identical", "conv2": "precision"}
    )
    assert report.first_wrong == ("conv1" if without_bias else None)
