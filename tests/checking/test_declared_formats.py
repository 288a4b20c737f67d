"""Targets with a format for every array, as quantised networks have them: int8 with a scale and a zero point of its own."""

import numpy as np
import pytest
import torch

import convproof as cp
from convproof.checking.matching.declared_formats import Formats
from convproof.core.errors import SettingError, UnknownNameError

GRIDS = {"relu1": (0.02, -128), "conv2": (0.05, 3), "fc": (0.125, -7)}
FORMATS = {name: f"int8:{scale}:{zero}" for name, (scale, zero) in GRIDS.items()}
X = np.random.default_rng(7).uniform(-1, 1, (2, 2, 6, 5)).astype(np.float32)


def network():
    layers = {"conv1": cp.Conv2d(2, 4, 3, seed=0), "relu1": cp.ReLU(), "conv2": cp.Conv2d(4, 3, (2, 1), seed=1)}
    return cp.Sequential(**layers, flat=cp.Flatten(), fc=cp.Linear(27, 5, seed=2)).eval()


def quantised(net, zeros=GRIDS):
    """Every layer by PyTorch in float64 on the numbers that the codes before stand for, as codes of its own; ``zeros`` as it takes them."""
    weights = {name: torch.tensor(array, dtype=torch.float64) for name, array in net.state_dict().items()}
    functional, found = torch.nn.functional, {}

    def coded(name, y):
        (scale, zero), (_, taken) = GRIDS[name], zeros[name]
        found[name] = np.clip(np.rint(y.numpy() / scale) + zero, -128, 127).astype(np.int8)
        return torch.tensor((found[name].astype(np.float64) - taken) * scale)

    y = functional.conv2d(torch.tensor(X, dtype=torch.float64), weights["conv1.weight"], weights["conv1.bias"])
    y = coded("relu1", functional.relu(y))
    y = coded("conv2", functional.conv2d(y, weights["conv2.weight"], weights["conv2.bias"]))
    coded("fc", functional.linear(y.flatten(1), weights["fc.weight"], weights["fc.bias"]))
    return found


@pytest.mark.parametrize("role", ["", ":arithmetic"])
def test_every_array_in_its_own_format(role):
    net = network()
    report = cp.check(net, X, quantised(net), format={name: said + role for name, said in FORMATS.items()})
    assert report.ok
    assert [len(row.notes) for row in report.rows if row.kind == "output"] == [1, 1, 1]
    assert all(FORMATS[row.name] in str(row.notes[0]) for row in report.rows if row.kind == "output")


@pytest.mark.parametrize("name", GRIDS)
def test_one_wrong_format_is_that_layers_alone(name):
    net, others = network(), FORMATS | {name: FORMATS[name].replace("int8:0.", "int8:0.1")}
    report = cp.check(net, X, quantised(net), format={other: said + ":arithmetic" for other, said in others.items()})
    assert report.first_wrong == name


def test_a_layer_that_forgets_the_zero_point_of_its_input_is_found():
    net = network()
    forgot = quantised(net, GRIDS | {"conv2": (0.05, 0)})  # the layer after conv2 takes its codes for multiples of the scale
    report = cp.check(net, X, forgot, format=FORMATS)
    assert (report.first_wrong, report["fc"].born) == ("fc", True)
    assert report["conv2"].verdict != "wrong"


def test_patterns_and_what_is_left():
    net, y = network(), quantised(network())
    floats = {"conv1": net.trace(X)["conv1"]}
    assert cp.check(net, X, floats | y, format={"*": FORMATS["relu1"], "c*2": FORMATS["conv2"], "fc": FORMATS["fc"]}).ok
    assert cp.check(net, X, floats | {"relu1": y["relu1"]}, format={"relu*": FORMATS["relu1"]}).ok
    assert cp.check(net, X, y, format={"*": FORMATS["relu1"], "fc": FORMATS["fc"]}).first_wrong == "conv2"


@pytest.mark.parametrize("name", ["{}.bin", "{}_out.bin", "03_{}.bin", "dump/{}.bin"])
@pytest.mark.parametrize("by", ["the network's name", "the file's name"])
def test_raw_codes_in_a_folder(tmp_path, name, by):
    net, y = network(), quantised(network())
    for layer, codes in y.items():
        file = tmp_path / name.format(layer)
        file.parent.mkdir(exist_ok=True)
        codes.tofile(file)
    formats = FORMATS if by == "the network's name" else {f"*{layer}*": said for layer, said in FORMATS.items()}
    assert cp.check(net, X, tmp_path, format=formats).ok


def test_names_that_say_nothing_are_matched_by_values_in_each_format():
    net, y = network(), quantised(network())
    found = cp.check(net, X, {"a": y["relu1"], "b": y["conv2"]}, format=FORMATS)
    assert found.ok
    assert {row.name for row in found.rows if row.kind == "output"} == {"relu1", "conv2"}


def test_what_counts_more():
    seven, eight, nine = (Formats.of(f"q{bits}.8").at("x") for bits in (7, 8, 9))
    formats = Formats({"*": seven, "a*": eight, "a[1]": nine, "*b*": seven})
    assert formats.at("x") is seven
    assert formats.at("ab") is seven  # the longer pattern
    assert formats.at("a1") is nine  # a wildcard
    assert formats.at("a[1]") is nine  # the name itself
    assert formats.at("other", "a3") is eight  # by any of its names
    assert Formats({"fc": seven}).at("fc.weight") is None


def test_refused():
    net, y = network(), quantised(network())
    with pytest.raises(UnknownNameError, match=r"^a format is declared for 'conv3', and no array .* so; did you mean conv2 or conv1\?$"):
        cp.check(net, X, y, format={"conv3": "q7.8"})
    with pytest.raises(UnknownNameError, match=r"^a format is declared for 'zzz\*', and no array .* so; there are relu1, conv2, fc, "):
        cp.check(net, X, y, format={"zzz*": "q7.8"})
    with pytest.raises(SettingError, match=r"^'quart' names no number format"):
        cp.check(net, X, y, format={"fc": "quart"})
