"""Names as targets write them, each with right numbers and with damaged ones: a wrong array is found where its name says, or refused.

Oracle: PyTorch's own names for layers, and arrays that are none of any other's (zeros, noise), so that values cannot help.
"""

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

import convproof as cp
from convproof.checking.matching.affixes import Affixes
from convproof.checking.matching.match import match
from convproof.checking.matching.own import Own
from convproof.checking.matching.spellings import parts_of, words_of
from convproof.checking.subject import Subject
from convproof.core.errors import UnknownNameError

Arrays = dict[str, np.ndarray[Any, Any]]
X = np.random.default_rng(0).normal(size=(1, 3, 8, 6)).astype(np.float32)
DAMAGE: dict[str, Callable[[Any], Any]] = {
    "zeros": np.zeros_like,
    "noise": lambda a: np.random.default_rng(1).normal(size=a.shape).astype(np.float32),
}


class Block(torch.nn.Module):
    """As in a ResNet: one ReLU that is used twice, a path beside it."""

    def __init__(self, i: int, o: int) -> None:
        super().__init__()
        self.conv1, self.bn1, self.relu = torch.nn.Conv2d(i, o, 3, padding=1), torch.nn.BatchNorm2d(o), torch.nn.ReLU()
        self.conv2, self.bn2 = torch.nn.Conv2d(o, o, 3, padding=1), torch.nn.BatchNorm2d(o)
        self.downsample = torch.nn.Sequential(torch.nn.Conv2d(i, o, 1), torch.nn.BatchNorm2d(o))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x)))))
        return self.relu(y + self.downsample(x))


class Residual(torch.nn.Module):
    """A stem whose layers have the names of those in its two blocks, all of one shape."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.bn1, self.relu = torch.nn.Conv2d(3, 4, 3, padding=1), torch.nn.BatchNorm2d(4), torch.nn.ReLU()
        self.layer1, self.layer2 = torch.nn.Sequential(Block(4, 4)), torch.nn.Sequential(Block(4, 4))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layer2(self.layer1(self.relu(self.bn1(self.conv1(x)))))


def residual() -> torch.nn.Module:
    torch.manual_seed(3)
    module = Residual().eval()
    for name, buffer in module.named_buffers():
        if name.endswith(("mean", "var")):
            buffer.copy_(torch.rand(buffer.shape) + 0.3)
    return module


MODULE = residual()
TORCH = cp.from_torch(MODULE)
T: Arrays = dict(TORCH.trace(X).arrays)


def as_exported() -> cp.Network:
    """The same with the names that torch.onnx gives to nodes and tensors, which write every scope twice."""
    kinds = {"Conv2d": "Conv", "BatchNorm2d": "BatchNormalization", "ReLU": "Relu", "Add": "Add"}
    names = {node.name: exported(node.name, kinds[type(node.layer).__name__]) for node in TORCH.graph}
    description = {names[n.name]: (n.layer, *(names.get(s.name, "input") for s in n.sources)) for n in TORCH.graph}
    return cp.Network(description, aliases={f"{name}_output_0": name for name in names.values()}).eval()


def exported(name: str, operator: str) -> str:
    """layer1.0.relu@2 -> /layer1/layer1.0/relu_1/Relu."""
    parts = re.sub(r"@(\d)", lambda use: f"_{int(use[1]) - 1}", name).split(".")
    if parts[-1] == "add":
        parts.pop()
    scopes, k = [], 0
    while k < len(parts):
        digit = k + 1 < len(parts) and parts[k + 1].isdigit()
        scopes += [parts[k], f"{parts[k]}.{parts[k + 1]}"] if digit else [parts[k]]
        k += 1 + digit
    return "/" + "/".join([*scopes, operator])


ONNX = as_exported()


def test_the_exported_names_are_those_of_torch_onnx() -> None:
    assert exported("layer2.0.downsample.0", "Conv") == "/layer2/layer2.0/downsample/downsample.0/Conv"
    assert exported("layer1.0.relu@2", "Relu") == "/layer1/layer1.0/relu_1/Relu"
    assert exported("layer1.0.add", "Add") == "/layer1/layer1.0/Add"


SUBJECTS = {net: Subject.of(net, X) for net in (TORCH, ONNX)}


def whose(net: cp.Network, claimed: Arrays) -> list[str]:
    """The arrays that some are taken for."""
    found = match(SUBJECTS[net] if net in SUBJECTS else Subject.of(net, X), claimed)
    return [*map(str, found.outputs), *found.state, *found.inputs]


ALONE = {
    "conv_1": "conv1",
    "conv1_f32": "conv1",
    "model/conv1:0": "conv1",
    "model_conv1": "conv1",
    "output_conv1": "conv1",
    "conv1.output": "conv1",
    "00_conv1": "conv1",
    "01_conv1.npy": "conv1",
    "conv1_1x4x8x6": "conv1",
    "dump_03_conv1_float32": "conv1",
    "layer1_0_relu_1": "layer1.0.relu@2",
    "layer1.0.relu_1": "layer1.0.relu@2",
    "layer1_0_relu_2": "layer1.0.relu@2",
    "layer2_0_downsample_1": "layer2.0.downsample.1",
    "07_layer2_0_bn2": "layer2.0.bn2",
}


@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize(("name", "target"), ALONE.items())
def test_a_name_that_says_which_layer_it_is_wins_over_values(name: str, target: str, damage: str) -> None:
    assert whose(TORCH, {name: DAMAGE[damage](T[target])}) == whose(TORCH, {name: T[target]}) == [target]


@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize("name", [name for name in T if name != "x"])
def test_a_layer_of_an_exported_model_is_found_by_its_name_in_pytorch(name: str, damage: str) -> None:
    node = [node.name for node in ONNX.graph][[node.name for node in TORCH.graph].index(name)]
    for written in (name, name.replace("@2", "_1"), re.sub(r"[.@]", "_", name).replace("relu_2", "relu_1"), f"{node}_output_0"):
        assert whose(ONNX, {written: DAMAGE[damage](T[name])}) == whose(ONNX, {written: T[name]}) == [node]


def test_a_use_is_counted_as_the_other_names_say() -> None:
    relu = cp.ReLU()
    net = cp.Sequential(
        **{k: relu if "relu" in k else cp.Conv2d(3, 3, 1, seed=len(k)) for k in ("relu", "a", "relu@2", "bb", "relu@3")}
    ).eval()
    damaged = {name: np.zeros_like(X) for name in ("relu_1", "relu_2")}
    assert whose(net, damaged) == ["relu@2", "relu@3"]
    assert whose(net, {**damaged, "relu_3": damaged["relu_1"]}) == ["relu", "relu@2", "relu@3"]
    assert whose(net, {"relu": damaged["relu_1"], **damaged}) == ["relu", "relu@2", "relu@3"]
    with pytest.raises(UnknownNameError, match=r"'relu_2' matches several arrays: relu@2, relu@3; write the name in full"):
        whose(net, {"relu_2": np.zeros_like(X)})
    trace = net.trace(X)
    for name in ("relu@2", "relu@3"):  # what the name leaves open, values decide
        assert whose(net, {"relu_2": trace[name]}) == [name]


SETS = {
    "a prefix": "c_{}",
    "a suffix": "{}_board3",
    "both": "run_{}_ab",
    "a scope": "resnet/{}:0",
    "a counter": "{n:02d}_{}",
    "a counter of letters and digits": "L{n:03d}.{}",
    "a counter behind": "{}.n{n}",
    "a date": "2024_01_0{n}_{}",
    "filler": "output_{}.csv",
    "dotted": "a.{}",
}


@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize("written", SETS.values(), ids=SETS)
def test_what_all_names_share_is_left_out_of_all(written: str, damage: str) -> None:
    stem = ["conv1", "bn1", "relu"]
    names = {name: written.format(name, n=k + 1) for k, name in enumerate(stem)}
    report = cp.check(TORCH, X, {names[name]: T[name] for name in stem} | {names["bn1"]: DAMAGE[damage](T["bn1"])})
    assert list(report) == stem
    assert report.first_wrong == "bn1"
    assert report["conv1"].verdict != "wrong"


def test_a_stray_name_hides_nothing() -> None:
    claimed = {"c_conv1": np.zeros_like(T["conv1"]), "c_bn1": T["bn1"], "latency": np.ones(1)}
    report = cp.check(TORCH, X, claimed)
    assert (report.first_wrong, list(report)) == ("conv1", ["conv1", "bn1"])
    assert len(report.missing) == 1


NEAR = {
    "con1": "conv1",
    "c_conv1": "conv1",
    "a.conv1": "conv1",
    "conv1_grad": "conv1",
    "in_conv1": "conv1",
    "bn3": None,
    "layer3_conv1": "conv1",
    "conv1_relu": "conv1",
}


@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize(("name", "meant"), NEAR.items())
def test_a_near_miss_is_refused_with_what_may_be_meant(name: str, meant: str | None, damage: str) -> None:
    with pytest.raises(UnknownNameError) as error:
        whose(TORCH, {name: DAMAGE[damage](T["conv1"])})
    assert f"{name}: no array of the network is called so" in str(error.value)
    assert meant is None or re.search(rf"did you mean {meant}\b", str(error.value))


@pytest.mark.parametrize("name", NEAR)
def test_a_near_miss_with_the_very_numbers_of_an_array_is_taken_for_it_and_said(name: str) -> None:
    report = cp.check(TORCH, X, {name: T["conv1"]})
    assert report.ok
    assert [str(note) for note in report["conv1"].notes] == [f"{name} is taken for conv1, by its values"]


def test_a_near_miss_never_takes_what_is_claimed_by_name() -> None:
    with pytest.raises(UnknownNameError, match=r"bn3: no array of the network is called so; .* did you mean .*bn"):
        cp.check(TORCH, X, {"relu": T["relu"], "bn3": T["relu"]})


SPARSE = np.where(np.random.default_rng(2).random(T["relu"].shape) < 0.1, np.float32(0.3), np.float32(0))
ALIKE = (np.zeros_like(SPARSE), np.full_like(SPARSE, T["relu"].mean()), SPARSE)


@pytest.mark.parametrize("name", ["data", "arr_0", "buffer", "tensor_001", "foo"])
def test_numbers_that_are_all_the_same_or_sparse_are_nobodys(name: str) -> None:
    for array in ALIKE:
        with pytest.raises(UnknownNameError, match="no array of the network is called so"):
            whose(TORCH, {name: array})


def test_the_only_output_may_be_called_so() -> None:
    for array in ALIKE:
        assert whose(TORCH, {"out": array}) == ["layer2.0.relu@2"]


def numbered(first: int, written: str) -> tuple[cp.Network, Arrays]:
    """Eight layers called 0 .. 7, and their arrays as a target numbers them."""
    layers = [layer for k in range(4) for layer in (cp.Conv2d(3, 3, 3, padding=1, seed=k), cp.ReLU())]
    net = cp.Sequential(*layers).eval()
    trace = net.trace(X)
    return net, {written.format(k + first): trace[str(k)] for k in range(8)}


@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize("written", ["layer_{}", "{:03d}", "arr_{}", "out{}", "L{:02d}_f32"])
def test_numbers_for_names_count_from_0_or_from_1_as_the_values_of_all_say(first: int, written: str) -> None:
    net, arrays = numbered(first, written)
    report = cp.check(net, X, arrays)
    assert report.ok
    assert list(report) == [str(k) for k in range(8)]
    assert str(report["3"].notes[0]) == f"found by the number in the name, counted from {first}"
    for wrong in (2, 5):
        assert whose(net, {**arrays, written.format(wrong + first): np.zeros_like(X)}) == list(report)


def test_a_number_for_a_name_needs_values_that_agree() -> None:
    net, arrays = numbered(1, "layer_{}")
    with pytest.raises(UnknownNameError, match="layer_1: no array of the network is called so"):
        cp.check(net, X, {name: np.zeros_like(X) for name in arrays})
    convs = {f"conv{k}": arrays[f"layer_{2 * k + 1}"] for k in range(4)}  # a target that counts its convolutions alone
    assert whose(net, convs) == ["0", "2", "4", "6"]
    convs = {f"out{k}": arrays[f"layer_{2 * k + 1}"] for k in range(4)}
    assert whose(net, convs) == ["0", "2", "4", "6"]


def test_exact_names_that_are_counted_from_1_are_wrong_and_it_is_said() -> None:
    net, arrays = numbered(1, "{}")
    with pytest.raises(UnknownNameError, match=r"8 is no layer, and its numbers are those of 7, .* were they counted from 1\?"):
        whose(net, arrays)
    rows = cp.check(net, X, {name: arrays[name] for name in list(arrays)[:7]}).rows
    assert "these are the numbers of 2: was one array written down under the name of another?" in map(str, rows[2].notes)


def test_places_count_where_no_layer_has_a_number_for_its_name() -> None:
    names = [node.name for node in TORCH.graph]
    arrays = {f"arr_{k}": T[name] for k, name in enumerate(names)}
    assert cp.check(TORCH, X, {**arrays, "arr_4": np.zeros_like(T["conv1"])}).first_wrong == names[4]


def test_an_ending_of_digits_is_no_name() -> None:
    net = cp.Network({"conv": (cp.Conv2d(3, 3, 1, seed=0), "input.1"), "relu": (cp.ReLU(), "conv")}, inputs=("input.1",)).eval()
    assert list(cp.check(net, X, {"tensor_001": net.trace(X)["relu"]})) == ["relu"]


def test_words_and_parts_by_hand() -> None:
    assert words_of("Layer1.0/conv_03:0") == ("layer1", "0", "conv", "3", "0")
    assert parts_of("/layer2/layer2.0/downsample/downsample.0/Conv") == (("layer2",), ("0",), ("downsample",), ("0",), ("conv",))
    assert parts_of("layer1/layer10/Conv") == (("layer1",), ("layer10",), ("conv",))


def test_cores_by_hand() -> None:
    claimed = ["c_conv1", "c_bn1", "conv1_grad", "bn1_grad"]
    names = Own(Subject.of(TORCH, X)).names(claimed)
    affixes = Affixes(names.spellings)
    assert affixes.shared == (frozenset({("c",)}), frozenset())
    assert list(affixes.cores(("c", "conv1"))) == [("conv1",)]
    assert list(affixes.cores(("conv1", "grad"))) == []


def test_a_tensor_of_a_node_without_a_name_is_said() -> None:
    net = cp.Network({"Conv_4": (cp.Conv2d(3, 3, 1, seed=0), "input")}, aliases={"c2": "Conv_4"}).eval()
    row = cp.check(net, X, {"c2": np.zeros_like(X)})["Conv_4"]
    assert "c2 in the model's file" in map(str, row.notes)
    assert cp.check(net, X, {"Conv_4": net.trace(X)["Conv_4"]})["Conv_4"].notes == ()


def test_an_image_without_n_that_a_convolution_takes_and_a_normalisation_does_not() -> None:
    with pytest.raises(cp.ShapeError, match=r"bn1: .*; the input has shape \(3, 8, 6\), without N: give it as \(1, 3, 8, 6\), .*x\[None"):
        cp.check(TORCH, X[0], {"conv1": T["conv1"]})
    conv = cp.Sequential(conv=cp.Conv2d(3, 4, 3, seed=0)).eval()
    assert cp.check(conv, X[0], {"conv": conv.trace(X[0])["conv"]}).ok
    with pytest.raises(cp.ShapeError) as error:
        cp.check(TORCH, X[0, :2], {"conv1": T["conv1"]})
    assert "a batch of one" not in str(error.value)
