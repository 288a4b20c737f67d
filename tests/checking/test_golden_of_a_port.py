"""A port's own numbers in a folder with a copy of the manifest: what is taken, what is refused, and who is wrong."""

import json

import numpy as np
import pytest

import convproof as cp
from convproof.checking.golden import golden
from convproof.core.errors import FileError, SettingError, ShapeError, UnknownNameError
from convproof.formats.golden.manifest import dumps_of
from tests.checking.golden_network import image, network


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


def test_what_is_no_file_is_not_passed_over(port):
    """A link to nothing in the place of conv1 would else look like a port that fuses conv1 and bn1."""
    _, folder = port()
    np.save(folder / "bn1.npy", np.zeros(3))
    (folder / "conv1.npy").symlink_to("conv1.npy")
    with pytest.raises(FileError, match=r"conv1.npy is a link that leads to no file; give the file itself"):
        dumps_of(folder)
    (folder / "conv1.npy").unlink()
    (folder / "conv1.bin").symlink_to("/dev/zero")
    with pytest.raises(FileError, match=r"conv1.bin is not a regular file; copy what it holds into one"):
        dumps_of(folder)


def test_the_outputs_of_a_copied_source_are_no_dumps(tmp_path):
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
    with pytest.raises(FileError, match=r"conv1.weight.npy does not hold the weight 'conv1.weight' that manifest.json describes"):
        cp.check(net, claimed=tmp_path / "npy")
    from safetensors.numpy import load_file, save_file

    arrays = load_file(tmp_path / "safetensors" / "golden.safetensors")
    save_file(arrays | {"bn1": arrays["bn1"] + 1}, tmp_path / "safetensors" / "golden.safetensors")
    assert cp.check(net, claimed=tmp_path / "safetensors").first_wrong == "bn1"
    save_file(arrays | {"conv1.weight": weight}, tmp_path / "safetensors" / "golden.safetensors")
    with pytest.raises(FileError, match=r"golden.safetensors does not hold the weight 'conv1.weight'"):
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


def in_whole_numbers(folder, without_bias):
    """conv1, relu and conv2 from golden Q7.8 codes, in 64-bit sums, rounded to Q7.8 after each layer."""

    def codes(name):
        return np.load(folder / f"{name}.npy").astype(np.int64)

    def convolved(x, name):
        weight, bias = codes(f"{name}.weight"), codes(f"{name}.bias")
        windows = np.lib.stride_tricks.sliding_window_view(x, weight.shape[2:], axis=(2, 3))
        sums = np.einsum("nchwuv,ocuv->nohw", windows, weight) + (0 if name in without_bias else 256 * bias.reshape(1, -1, 1, 1))
        return np.clip((sums + 128) >> 8, -32768, 32767)

    conv1 = convolved(codes("input"), "conv1")
    relu = np.maximum(conv1, 0)
    return {"conv1": conv1, "relu": relu, "conv2": convolved(relu, "conv2")}


@pytest.mark.parametrize(
    ("without_bias", "verdicts", "born", "inherited"),
    [
        ((), ["precision", "identical", "precision"], [], []),
        (("conv1",), ["wrong", "wrong", "wrong"], ["conv1"], ["relu", "conv2"]),
        (("conv2",), ["precision", "identical", "wrong"], ["conv2"], []),
        (("conv1", "conv2"), ["wrong", "wrong", "wrong"], ["conv1", "conv2"], ["relu"]),
    ],
)
def test_a_port_in_fixed_point_is_right_until_it_forgets_a_bias(without_bias, verdicts, born, inherited, tmp_path):
    """What computes right in fixed point, from numbers that are wrong, is not at fault."""
    net = cp.Sequential(conv1=cp.Conv2d(3, 4, (3, 2), seed=7), relu=cp.ReLU(), conv2=cp.Conv2d(4, 5, (2, 3), seed=8)).eval()
    golden(net, image(), tmp_path / "golden", format="q7.8")
    (tmp_path / "dumps").mkdir()
    for name in ("manifest.json", "input.npy"):
        (tmp_path / "dumps" / name).write_bytes((tmp_path / "golden" / name).read_bytes())
    for name, codes in in_whole_numbers(tmp_path / "golden", without_bias).items():
        np.save(tmp_path / "dumps" / f"{name}.npy", codes.astype(np.int16))
    report = cp.check(net, claimed=tmp_path / "dumps")
    assert [report[name].verdict for name in ("conv1", "relu", "conv2")] == verdicts
    assert [name for name in ("conv1", "relu", "conv2") if report[name].born] == born
    assert [name for name in ("conv1", "relu", "conv2") if report[name].inherited] == inherited
    assert report.ok == (not born)


def test_a_port_declares_a_scale_of_its_own_for_each_layer(port):
    """In its copy of the manifest."""
    net, folder = port()
    record, trace = json.loads((folder / "manifest.json").read_text()), net.trace(image())
    for entry in record["arrays"]:
        if entry["role"] == "output":
            y = trace[entry["name"]].astype(np.float64)
            y = y.transpose(0, 2, 3, 1) if y.ndim == 4 else y
            scale = float(f"{abs(y).max() / 120:.3g}")
            entry |= {"format": f"int8:{scale}:4", "dtype": "int8"}
            np.rint(y / scale + 4).astype(np.int8).tofile(folder / f"{entry['dump']}.bin")
    (folder / "manifest.json").write_text(json.dumps(record))
    report = cp.check(net, claimed=folder)
    assert {row.verdict for row in report.rows} == {"identical"}
    codes = np.fromfile(folder / "relu.bin", np.int8)
    codes[7] += 1
    codes.tofile(folder / "relu.bin")
    assert cp.check(net, claimed=folder).first_wrong == "relu"
