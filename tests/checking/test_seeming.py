"""What a wrong array seems to be, and channels in blocks: the oracle is NumPy's own transpose, and numbers of another layer."""

from typing import Any

import numpy as np
import pytest

import convproof as cp
from convproof.checking.matching.declared_order import Layout
from convproof.checking.matching.layouts import Habit, fit
from convproof.checking.matching.likeness import Standard, most_common
from convproof.core.errors import ShapeError
from tests.checking.blocks import as_expected

RNG = np.random.default_rng(11)
X = RNG.normal(size=(1, 3, 6, 6)).astype(np.float32)
NET = cp.Sequential(
    conv1=cp.Conv2d(3, 6, 3, padding=1, seed=0),
    relu=cp.ReLU(),
    conv2=cp.Conv2d(6, 6, 3, padding=1, seed=1),
    pool=cp.MaxPool2d(2),
    flatten=cp.Flatten(),
    fc=cp.Linear(54, 5, seed=0),
).eval()
T = dict(NET.trace(X).arrays)


def last(array: Any) -> Any:
    """Channels last, of a batch of images; anything else as it is."""
    return array.transpose(0, 2, 3, 1) if array.ndim == 4 else array


def in_blocks(array: Any, block: int, fill: float = 0.0) -> Any:
    """(N, C / block, H, W, block), written cell by cell."""
    n, c, h, w = array.shape
    there = np.full((n, -(-c // block), h, w, block), fill, array.dtype)
    for k in range(c):
        there[:, k // block, :, :, k % block] = array[:, k]
    return there


def notes(claimed: Any, name: str, **how: Any) -> tuple[str, list[str]]:
    row = cp.check(NET, X, claimed, **how)[name]
    return row.verdict, [str(note) for note in row.notes]


def test_an_array_of_the_expected_shape_in_another_order_is_wrong_and_the_layout_to_try_is_said() -> None:
    for change in (last, lambda a: last(a)[0]):
        verdict, said = notes({"conv1": change(T["conv1"]), "relu": change(T["relu"])}, "conv1")
        assert verdict == "wrong"
        assert said[-1] == "read as N, H, W, C they would come close to the network's own: if they stand so, say it with --layout nhwc"
    assert cp.check(NET, X, {"conv1": last(T["conv1"]), "relu": last(T["relu"])}, layout="nhwc").ok


def test_a_layout_that_was_declared_in_error_is_doubted() -> None:
    verdict, said = notes({"conv1": T["conv1"]}, "conv1", layout="nhwc")
    assert verdict == "wrong"
    assert said[-1].startswith("read as N, C, H, W they would come close to the network's own: is the declared layout")


def test_a_weight_of_the_expected_shape_in_another_order() -> None:
    weight = NET.state_dict()["conv2.weight"]  # 6 x 6 x 3 x 3: O and I may be taken for each other
    verdict, said = notes({"conv2.weight": weight.transpose(1, 0, 2, 3)}, "conv2.weight")
    assert verdict == "wrong"
    assert said[-1].endswith("say it with --layout iohw")


def test_two_arrays_that_were_interchanged() -> None:
    claimed = {"conv1": T["conv2"], "conv2": T["conv1"], "relu": T["relu"]}
    question = "was one array written down under the name of another?"
    assert notes(claimed, "conv1") == ("wrong", [f"these are the numbers of conv2: {question}"])
    assert notes(claimed, "conv2") == ("wrong", [f"these are the numbers of conv1: {question}"])
    assert notes({"conv1": T["relu"], "relu": T["conv2"] * 2}, "relu")[1] == []


@pytest.mark.parametrize(
    "array", [T["conv1"] * 1.5, T["conv1"] + 1, np.zeros_like(T["conv1"]), np.full_like(T["conv1"], np.nan), -T["conv1"]]
)
def test_numbers_that_are_wrong_in_any_other_way_seem_nothing(array: Any) -> None:
    assert notes({"conv1": array}, "conv1") == ("wrong", [])


@pytest.mark.parametrize("block", [4, 8])
@pytest.mark.parametrize("flat", [False, True])
@pytest.mark.parametrize("written", ["nc{n}hw{n}", "NCHW{n}c"])
def test_channels_in_blocks_are_read_as_declared(written: str, flat: bool, block: int) -> None:
    there = {name: in_blocks(T[name], block) if T[name].ndim == 4 else T[name] for name in T}
    claimed = {name: array.ravel() if flat else array for name, array in there.items()}
    report = cp.check(NET, X, claimed, layout=written.format(n=block))
    assert report.ok
    assert list(report) == list(T)
    assert str(report["conv1"].notes[0]) == f"read as N, C / {block}, H, W, {block}, as declared"
    wrong = cp.check(NET, X, {**claimed, "relu": claimed["relu"] * 0}, layout=written.format(n=block))
    assert wrong.first_wrong == "relu"


def test_in_blocks_cell_by_cell() -> None:
    own = RNG.normal(size=(2, 7, 3, 5))
    fitted = fit(in_blocks(own, 4, 9.0), as_expected(own, "nchw"), "y", Layout.parse("nc4hw4"), Habit())
    assert np.array_equal(fitted.change(in_blocks(own, 4, 9.0)), own)
    assert [str(note) for note in fitted.notes][1:] == ["what fills the last block of channels up is not 0 everywhere: not looked at"]
    vector = RNG.normal(size=(2, 6))
    expected, there = as_expected(vector, "nc"), in_blocks(vector[:, :, None, None], 4)
    for array in (there, there.ravel(), vector, vector.ravel()):  # a vector of classes is in blocks, or it is not
        assert np.array_equal(fit(array, expected, "y", Layout.parse("nc4hw4"), Habit()).change(array), vector)


def test_other_arrays_where_blocks_are_declared() -> None:
    with pytest.raises(
        ShapeError, match=r"conv1: expected \(1, 2, 6, 6, 4\), which is \(1, 6, 6, 6\) in blocks of 4 channels, as declared; got"
    ):
        cp.check(NET, X, {"conv1": T["conv1"]}, layout="nc4hw4")
    weights = dict(NET.state_dict())
    assert [row.verdict for row in cp.check(NET, X, weights, layout="nc4hw4").rows] == ["identical"] * len(weights)
    kernel = weights["conv1.weight"].transpose(2, 3, 1, 0)
    assert cp.check(NET, X, {"conv1": in_blocks(T["conv1"], 4), "conv1.weight": kernel}, layout="nc4hw4,hwio").ok


def test_an_array_in_blocks_without_a_name_is_found_by_its_values() -> None:
    for name in ("conv1", "pool"):
        assert list(cp.check(NET, X, {"data": in_blocks(T[name], 4)}, layout="nc4hw4")) == [name]


def test_blocks_that_were_not_declared_are_suggested() -> None:
    with pytest.raises(
        ShapeError, match=r"axis C padded from 6 to 8: leave the padding out, if channels stand in blocks, .* --layout nc4hw4"
    ):
        cp.check(NET, X, {"conv1": in_blocks(T["conv1"], 4).ravel()})
    net = cp.Sequential(conv=cp.Conv2d(3, 8, 3, seed=0)).eval()
    flat = in_blocks(net.trace(X)["conv"], 4).ravel()
    row = cp.check(net, X, {"conv": flat})["conv"]
    assert row.verdict == "wrong"
    assert str(row.notes[-1]).endswith("say it with --layout nc4hw4")
    assert cp.check(net, X, {"conv": flat}, layout="nc4hw4").ok


def test_a_raw_file_in_blocks_that_is_as_long_as_one_of_float64(tmp_path: Any) -> None:
    net = cp.Sequential(conv=cp.Conv2d(3, 2, 3, seed=0), pool=cp.AdaptiveAvgPool2d(1), flatten=cp.Flatten()).eval()
    trace = net.trace(X)
    in_blocks(trace["conv"], 4).tofile(tmp_path / "conv.bin")
    trace["flatten"].tofile(tmp_path / "flatten.bin")
    assert list(cp.check(net, X, tmp_path, layout="nc4hw4")) == ["conv", "flatten"]
    assert cp.check(net, X, tmp_path, layout="nc4hw4").ok


def test_the_common_number_of_an_array_does_not_make_it_like_another() -> None:
    assert most_common(np.array([0, 0, 1, 2, 3.0])) == 0
    assert np.isnan(most_common(np.arange(9.0)))
    own = np.array([0, 0, 0, 3.0])  # mean 0.75, standard deviation 1.299
    known = Standard.of(own)
    assert known.of_same == pytest.approx((3 * 0.75 / 1.2990381 + 1) / 4)  # the mean's; that of zeros is 1, of one cell
    assert (known.likeness(np.zeros(4)).distance, known.likeness(np.zeros(4)).cells) == (1.0, 1)
    assert known.likeness(own).close
    assert not known.likeness(np.zeros(4)).close
    relu = np.maximum(RNG.normal(size=400), 0)
    for other in (np.zeros(400), relu[::-1], np.where(RNG.random(400) < 0.05, relu, 0)):
        assert not Standard.of(relu).likeness(other).close
    assert Standard.of(relu).likeness(1.3 * relu + 0.01).close
