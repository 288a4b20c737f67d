"""Whose array is this: names as targets write them, values, sizes; networks whose arrays are alike in shape, and unlike."""

import numpy as np
import pytest
import torch

import convproof as cp
from convproof.checking.matching.match import match
from convproof.checking.subject import Subject
from convproof.core.errors import SettingError, ShapeError, UnknownNameError
from convproof.core.sentence import say
from convproof.formats.dumps.dump import Dump, Written
from convproof.network.graph import Place
from tests.checking.blocks import BLOCKS, X, notes, only


def two() -> cp.Network:
    """One layer with two outputs, two outputs of the network."""
    return cp.Network(
        {"split": (cp.Split((1, 2), 1), "image"), "a": (cp.ReLU(), ("split", 1)), "b": (cp.Conv2d(1, 2, 3, seed=6), "split")},
        inputs=("image",),
        outputs=("a", "b"),
    ).eval()


TWO = Subject.of(two(), X)


def whose(name: str, subject: Subject = BLOCKS) -> str:
    """The one target that an array of a name is matched to, by the name alone."""
    found = match(subject, {name: np.ones((97, 3))})
    return str([*found.outputs, *found.state, *found.inputs][0])


NAMES = {
    "layer1.0.conv1": "layer1.0.conv1",
    "/layer1/block/0/first/Conv_output_0": "layer1.0.conv1",
    "logits": "fc",
    "0.conv1": "layer1.0.conv1",
    "conv2": "layer1.0.conv2",
    "layer1_0_conv1": "layer1.0.conv1",
    "layer1_0_conv1.npy": "layer1.0.conv1",
    "layer1.0.conv1:0": "layer1.0.conv1",
    "layer1_0_conv1_output": "layer1.0.conv1",
    "layer1/0/conv2/Conv_output_0": "layer1.0.conv2",
    "/layer1/0/conv2/Conv2D:0": "layer1.0.conv2",
    "Layer10Conv2": "layer1.0.conv2",
    "layer1_block_0_first_Conv_output_0": "layer1.0.conv1",
    "03_layer1_0_conv2": "layer1.0.conv2",
    "07_fc.txt": "fc",
    "fc_out": "fc",
    "layer1_0_relu_2": "layer1.0.relu@2",
    "output": "fc",
    "y": "fc",
    "input": "input",
    "x.bin": "input",
    "fc.weight": "fc.weight",
    "fc_weight": "fc.weight",
    "FC.kernel": "fc.weight",
    "conv2_bias": "layer1.0.conv2.bias",
    "layer1_1_conv1_w": "layer1.1.conv1.weight",
}


@pytest.mark.parametrize(("name", "target"), NAMES.items())
def test_a_name_is_found_as_targets_write_it(name: str, target: str) -> None:
    assert whose(name) == target


def test_parameters_by_the_names_of_other_frameworks() -> None:
    subject = Subject.of(cp.Sequential(bn1=cp.BatchNorm2d(3)).eval(), X)
    for name, target in {
        "bn1/gamma:0": "weight",
        "bn1_beta": "bias",
        "bn1.moving_variance": "running_var",
        "running_mean": "running_mean",
    }.items():
        assert whose(name, subject) == f"bn1.{target}"


def test_the_second_output_of_a_layer() -> None:
    for name in ("split.1", "split:1", "split_output_1", "split_1"):
        assert whose(name, TWO) == "split.1"
    for name in ("split", "split:0", "split_output", "split_output_0"):
        assert whose(name, TWO) == "split"
    with pytest.raises(UnknownNameError):
        whose("output", TWO)  # there are two


def test_an_exact_name_wins_over_every_other_rule() -> None:
    chain = cp.Sequential(conv1=cp.Conv2d(3, 3, 1, seed=1), conv1_out=cp.ReLU()).eval()
    assert whose("conv1_out", Subject.of(chain, X)) == "conv1_out"
    tensors = cp.Network({"a": (cp.ReLU(), "input"), "b": (cp.ReLU(), "a")}, aliases={"a": "b"}).eval()
    assert whose("a", Subject.of(tensors, X)) == "a"


def test_a_block_is_no_layer() -> None:
    network = cp.Network({"layer1/Conv": (cp.Conv2d(3, 3, 1), "input"), "layer1/act/Relu": (cp.ReLU(), "layer1/Conv")}).eval()
    assert whose("layer1_act", Subject.of(network, X)) == "layer1/act/Relu"
    with pytest.raises(UnknownNameError):
        whose("layer1", Subject.of(network, X))


def test_a_second_use_counted_from_0_is_not_mistaken_for_one_counted_from_1() -> None:
    relu, conv = cp.ReLU(), {k: cp.Conv2d(3, 3, 1, seed=k) for k in (1, 2)}
    network = cp.Sequential(**{"relu": relu, "conv1": conv[1], "relu@2": relu, "conv2": conv[2], "relu@3": relu}).eval()
    subject = Subject.of(network, X)
    t = subject.trace
    found = match(subject, {"relu_2": t["relu@2"], "relu_3": t["relu@3"]})
    assert set(found.outputs) == {Place("relu@2"), Place("relu@3")}
    assert notes(found.outputs[Place("relu@2")]()) == []
    found = match(subject, {"relu_1": t["relu@2"], "relu_2": t["relu@3"]})
    assert np.array_equal(found.outputs[Place("relu@3")]().array, t["relu@3"])


def test_what_all_names_begin_and_end_with_says_nothing() -> None:
    ones = np.ones(2)
    found = match(BLOCKS, {"dump_fc_f32": ones, "dump_conv2_f32": ones, "dump_flatten_f32": ones})
    assert set(found.outputs) == {Place("fc"), Place("layer1.0.conv2"), Place("flatten")}
    with pytest.raises(UnknownNameError):  # relu is a word of this network: the ReLU behind conv2 is not conv2
        match(BLOCKS, {"conv2_relu": ones, "fc_relu": ones})


def test_an_ambiguous_name_lists_what_it_may_be() -> None:
    with pytest.raises(UnknownNameError, match=r"'conv1' matches several arrays: layer1.0.conv1, layer1.1.conv1; write the name in full"):
        match(BLOCKS, {"conv1": X})
    with pytest.raises(UnknownNameError, match=r"'conv1_output' matches several arrays"):
        match(BLOCKS, {"conv1_output": X})


def test_two_arrays_for_one() -> None:
    with pytest.raises(UnknownNameError, match=r"layer1.0.conv2 and layer1_0_conv2 are both layer1.0.conv2; leave one of them out"):
        match(BLOCKS, {"layer1.0.conv2": X, "layer1_0_conv2": X})
    with pytest.raises(UnknownNameError, match=r"layer1.0.conv2 and foo are both layer1.0.conv2"):
        match(BLOCKS, {"layer1.0.conv2": X, "foo": BLOCKS.trace["layer1.0.conv2"]})


@pytest.mark.parametrize(
    "name", ["layer1.0.conv1", "layer1.0.relu", "layer1.0.conv2", "layer1.0.add", "layer1.0.relu@2", "fc", "input", "fc.bias"]
)
@pytest.mark.parametrize("error", [0.0, 1e-6, 0.05])
def test_an_array_without_a_name_is_taken_for_the_one_that_it_is_clearly_closest_to(name: str, error: float) -> None:
    own = BLOCKS.network.state_dict()[name] if "." in name and name not in BLOCKS.trace.arrays else BLOCKS.trace[name]
    own = own * np.float32(1 + error)
    found = match(BLOCKS, {"foo": own})
    assert notes(only(found)) == [f"foo is taken for {name}, by its values"]
    assert [*map(str, found.outputs), *found.state, *found.inputs] == [name]
    assert np.array_equal(only(found).array, own)


def test_all_arrays_without_names_in_any_order_and_in_any_layout() -> None:
    t = BLOCKS.trace
    made = [str(place) for place in BLOCKS.places]
    claimed = {f"out{k}": t[name].transpose(0, 2, 3, 1).ravel() if t[name].ndim == 4 else t[name] for k, name in enumerate(reversed(made))}
    claimed |= {"flatten": claimed.pop("out1"), "out7": claimed.pop("out7")}
    found = match(BLOCKS, claimed)
    assert {str(place) for place in found.outputs} == set(made)
    for place, read in found.outputs.items():
        assert np.array_equal(read().array, t[str(place)])


def test_arrays_of_the_same_numbers_go_by_shape_and_then_in_order() -> None:
    t = BLOCKS.trace
    for order in (("a", "b"), ("b", "a")):
        arrays = {"a": t["layer1.1.conv1"], "b": t["flatten"]}
        found = match(BLOCKS, {name: arrays[name] for name in order})
        assert notes(found.outputs[Place("layer1.1.conv1")]())[0].startswith("a is")
        assert notes(found.outputs[Place("flatten")]())[0].startswith("b is")
    found = match(BLOCKS, {"a": t["flatten"].ravel(), "b": t["flatten"].ravel()})
    assert notes(found.outputs[Place("layer1.1.conv1")]())[0].startswith("a is")
    assert notes(found.outputs[Place("flatten")]())[0].startswith("b is")


def test_a_wrong_cell_or_a_nan_does_not_hide_whose_array_it_is() -> None:
    own = BLOCKS.trace["layer1.0.conv2"].copy()
    own[0, 1, 2, 3], own[0, 2, 0, 0] = 1e30, np.nan
    assert [*match(BLOCKS, {"foo": own}).outputs] == [Place("layer1.0.conv2")]


def test_the_only_array_of_a_size_is_taken_whatever_its_values() -> None:
    wrong = np.linspace(9, 10, 6).reshape(1, 6)
    found = match(BLOCKS, {"foo": wrong})
    assert notes(found.outputs[Place("fc")]()) == ["foo is taken for fc, the only array of 6 numbers left"]
    wrong = np.random.default_rng(1).normal(size=(1, 4, 3, 5))
    found = match(BLOCKS, {"flatten": BLOCKS.trace["flatten"], "foo": wrong})
    assert notes(found.outputs[Place("layer1.1.conv1")]()) == ["foo is taken for layer1.1.conv1, the only array of 60 numbers left"]


def test_an_array_that_belongs_nowhere() -> None:
    with pytest.raises(
        UnknownNameError, match=r"foo: no array of the network is called so; of shape \(1, 3, 5, 7\) it may be layer1.0.conv1, "
    ):
        match(BLOCKS, {"foo": np.zeros((1, 3, 5, 7))})
    with pytest.raises(UnknownNameError, match=r"none has 7 numbers \(its shape is \(7,\)\); there are fc \(1, 6\), .*; give it the name"):
        match(BLOCKS, {"foo": np.zeros(7)})
    with pytest.raises(UnknownNameError, match=r"did you mean flatten\?"):
        match(BLOCKS, {"flaten": np.zeros(7)})
    with pytest.raises(UnknownNameError, match="none has 0 numbers"):
        match(BLOCKS, {"foo": []})


def test_between_two_arrays_that_are_too_alike_none_is_chosen() -> None:
    network = cp.Sequential(conv=cp.Conv2d(3, 3, 1, seed=1), drop=cp.LeakyReLU(0.9)).eval()
    subject = Subject.of(network, X)
    near = subject.trace["conv"] + 0.5 * np.random.default_rng(2).normal(size=X.shape).astype(np.float32)
    with pytest.raises(UnknownNameError, match="it may be conv, drop"):
        match(subject, {"foo": near})
    assert [*match(subject, {"foo": subject.trace["drop"]}).outputs] == [Place("drop")]


def test_an_exact_name_is_never_doubted_and_its_claim_is_read_when_it_is_asked_for_every_time() -> None:
    counted: list[int] = []

    def read() -> Written:
        counted.append(1)
        return Written(BLOCKS.trace["layer1.0.relu"])

    found = match(BLOCKS, {"layer1.0.conv2": Dump("layer1.0.conv2", "conv2.npy", read)})
    assert not counted
    claims = [only(found), only(found)]
    assert len(counted) == 2
    assert notes(claims[0]) == []
    assert np.array_equal(claims[0].array, BLOCKS.trace["layer1.0.relu"])


def test_a_dump_is_named_with_the_place_where_it_stands() -> None:
    found = match(BLOCKS, {"fc": Dump("fc", say("line {n} of run.log", n=12), lambda: Written(np.ones(7)))})
    with pytest.raises(
        ShapeError, match=r"fc \(line 12 of run.log\): expected 6 numbers, of shape \(1, 6\); got 7, of shape \(7,\): 1 too many"
    ):
        only(found)
    with pytest.raises(ShapeError, match=r"as many as layer1.1.conv1 or flatten would hold"):
        only(match(BLOCKS, {"fc": np.ones(60)}))


def test_the_layout_of_a_dump_counts_more_than_the_declared_one() -> None:
    own = BLOCKS.trace["layer1.0.conv2"]
    written = Written(own.transpose(0, 2, 3, 1), layout="nhwc")
    claim = only(match(BLOCKS, {"conv2": Dump("conv2", "f", lambda: written)}, layout="nwhc"))
    assert np.array_equal(claim.array, own)
    assert notes(claim) == ["read as N, H, W, C, as declared"]
    with pytest.raises(SettingError):
        match(BLOCKS, {"conv2": own}, layout="nhhc")


def test_weights_of_another_framework() -> None:
    own = BLOCKS.network.state_dict()["layer1.1.conv1.weight"]
    claim = only(match(BLOCKS, {"layer1_1_conv1_kernel": own.transpose(2, 3, 1, 0)}))
    assert np.array_equal(claim.array, own)
    assert notes(claim) == ["read as H, W, I, O"]
    dense = BLOCKS.network.state_dict()["fc.weight"]
    assert np.array_equal(only(match(BLOCKS, {"fc.weight": dense.T})).array, dense)


def test_inputs_are_matched_too() -> None:
    found = match(TWO, {"image": X, "a": TWO.trace["a"]})
    assert np.array_equal(found.inputs["image"]().array, X)
    assert set(found.outputs) == {Place("a")}


def test_a_check_of_a_shuffled_dump_without_names_is_right() -> None:
    torch.manual_seed(1)
    module = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.ReLU(), torch.nn.Conv2d(4, 2, 2), torch.nn.Sigmoid()).eval()
    arrays, y = {}, torch.tensor(X)
    for k, layer in enumerate(module):
        y = layer(y)
        arrays[f"buffer_{'badc'[k]}"] = y.detach().numpy().transpose(0, 2, 3, 1).ravel()
    report = cp.check(cp.from_torch(module), X, claimed=arrays)
    assert report.ok
    assert list(report) == ["0", "1", "2", "3"]
    assert all(any("by its values" in str(note) for note in row.notes) for row in report.rows)


def test_a_slip_of_the_pen_is_no_weight(tmp_path):
    net = cp.Sequential(fc=cp.Linear(4, 5, seed=0), relu=cp.ReLU())
    x = np.random.default_rng(0).normal(size=(1, 4)).astype(np.float32)
    report = cp.check(net, x, {"fcc": net["fc"](x)})
    assert list(report) == ["fc"]
    assert "by its values" in str(report["fc"].notes[0])
    assert cp.check(net, x, {"fc.b": net["fc"].bias, "fcw": net["fc"].weight}).covered == ()
