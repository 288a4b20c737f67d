"""Networks under check: born here and inherited, few claims, segments, fused layers, delegated ones.

The claimed numbers come from PyTorch or from NumPy written down here, never from the network that judges them.
"""

import numpy as np
import pytest
import torch

import convproof as cp
from tests.checking.small import RNG, X, after, norm, small, torchs


def test_pytorch_is_right():
    net = small()
    report = cp.check(net, X, torchs(net))
    assert report.ok
    assert {row.verdict for row in report.rows} <= {"identical", "rounding"}
    assert all(row.usual and row.proved for row in report.rows)
    assert report["relu1"].verdict == report["pool"].verdict == "identical"
    assert report.first_wrong is None
    assert report.covered == ("conv1", "bn1", "relu1", "conv2", "pool")


def test_an_error_is_born_once_and_inherited_afterwards():
    net = small()
    right = torchs(net)
    wrong = right["bn1"].copy()
    wrong[1, 2, 3, 4] = abs(wrong[1, 2, 3, 4]) + 7
    report = cp.check(net, X, after(net, right, ("bn1", wrong)))
    assert not report.ok
    assert report.first_wrong == "bn1"
    assert [(row.name, row.verdict, row.born, row.inherited) for row in report.rows if row.verdict == "wrong"] == [
        ("bn1", "wrong", True, False),
        ("relu1", "wrong", False, True),
        ("conv2", "wrong", False, True),
        ("pool", "wrong", False, True),
    ]
    assert report["bn1"].worst.cell == (1, 2, 3, 4)
    assert report["bn1"].beyond == 1
    assert report["conv1"].verdict == "rounding"


def test_what_is_masked_is_right_again():
    net = small()
    right = torchs(net)
    cell = tuple(int(i) for i in np.argwhere(right["bn1"] < -0.5)[0])
    wrong = right["bn1"].copy()
    wrong[cell] -= 1
    report = cp.check(net, X, after(net, right, ("bn1", wrong)))
    assert [row.name for row in report.rows if row.verdict == "wrong"] == ["bn1"]


def test_two_faults_are_both_born():
    net = small()
    right = torchs(net)
    wrong = right["bn1"].copy()
    wrong[:, 1] += 0.1
    claimed = after(net, right, ("bn1", wrong))
    claimed["conv2"] = claimed["conv2"] * 1.01
    claimed["pool"] = torch.nn.functional.max_pool2d(torch.tensor(claimed["conv2"]), 2).numpy()
    report = cp.check(net, X, claimed)
    assert [row.name for row in report.rows if row.born] == ["bn1", "conv2"]
    assert [row.name for row in report.rows if row.inherited] == ["relu1", "pool"]


def test_few_claims_make_segments():
    net = small()
    right = torchs(net)
    report = cp.check(net, X, {"relu1": right["relu1"], "pool": right["pool"]})
    assert report.ok
    assert report["relu1"].segment == ("conv1", "bn1", "relu1")  # one unit: its line is a proof
    assert report["relu1"].proved
    assert report["pool"].segment == ("conv2", "pool")
    assert set(report.unclaimed) == {"conv1", "bn1", "conv2"}
    with pytest.raises(cp.UnknownNameError, match="nothing was claimed of conv2; claim them too"):
        cp.check(net, X, {"relu1": right["relu1"], "pool": right["pool"]}, partial=False)


def test_only_the_output_is_typical_and_not_proved():
    net = small()
    report = cp.check(net, X, torchs(net)["pool"])
    (row,) = report.rows
    assert (row.verdict, row.usual, row.proved) == ("rounding", True, False)
    assert row.segment == ("conv1", "bn1", "relu1", "conv2", "pool")
    assert cp.check(net, X, torchs(net)["pool"] * np.float32(1.001)).rows[0].verdict == "undecided"


def test_a_deep_segment_that_strays_says_what_to_dump():
    net = cp.Sequential(*(cp.Conv2d(3, 3, 3, padding=1, seed=k) for k in range(12)))
    y = X
    for layer in net.layers.values():
        y = torch.nn.functional.conv2d(torch.tensor(y), torch.tensor(layer.weight), torch.tensor(layer.bias), padding=1).numpy()
    assert cp.check(net, X, y).rows[0].verdict == "rounding"
    report = cp.check(net, X, y * np.float32(1 + 2e-5))
    assert report.rows[0].verdict == "undecided"
    assert not report.ok
    assert report.settles == ("2", "5", "8")


def test_what_to_dump_lies_on_no_branch():
    net, y = {"stem": (cp.Conv2d(3, 3, 3, padding=1, seed=0), "input")}, X
    last = "stem"

    def convolved(name):
        layer = net[name][0]
        return torch.nn.functional.conv2d(torch.tensor(y), torch.tensor(layer.weight), torch.tensor(layer.bias), padding=1).numpy()

    y = convolved("stem")
    for k in range(4):
        net |= {
            f"a{k}": (cp.Conv2d(3, 3, 3, padding=1, seed=2 * k), last),
            f"b{k}": (cp.Conv2d(3, 3, 3, padding=1, seed=2 * k + 1), f"a{k}"),
        }
        net[f"sum{k}"] = (cp.Add(), f"b{k}", last)
        last, skip = f"sum{k}", y
        y = convolved(f"a{k}")
        y = convolved(f"b{k}") + skip
    network = cp.Network(net)
    report = cp.check(network, X, y * np.float32(1 + 1e-4))
    assert report.rows[0].verdict == "undecided"
    assert set(report.settles) <= {"stem", "sum0", "sum1", "sum2"}
    assert len(report.settles) == 3


def test_two_layers_in_bfloat16_are_not_wrong_but_undecided():
    net = cp.Sequential(a=cp.Conv2d(3, 4, 3, seed=1), b=cp.Conv2d(4, 5, 2, seed=3))
    half = [torch.tensor(array).bfloat16().float() for array in (X, net["a"].weight, net["b"].weight)]
    a = torch.nn.functional.conv2d(half[0], half[1], torch.tensor(net["a"].bias))
    b = torch.nn.functional.conv2d(a.bfloat16().float(), half[2], torch.tensor(net["b"].bias)).numpy()
    assert [row.verdict for row in cp.check(net, X, {"a": a.numpy(), "b": b}).rows] == ["precision", "precision"]
    row = cp.check(net, X, b).rows[0]
    assert row.verdict == "undecided"
    assert "bfloat16" in str(row.notes[0])
    assert cp.check(net, X, b + np.float32(3)).rows[0].verdict == "wrong"


def test_mistakes_in_a_deep_segment_are_no_other_arithmetic():
    net = cp.Sequential(*(layer for k in range(5) for layer in (cp.Conv2d(3, 3, 3, padding=1, seed=k), norm(3, k), cp.ReLU()))).eval()
    y = torch.tensor(X)
    for layer in net.layers.values():
        if isinstance(layer, cp.Conv2d):
            y = torch.nn.functional.conv2d(y, torch.tensor(layer.weight), torch.tensor(layer.bias), padding=1)
        elif isinstance(layer, cp.BatchNorm2d):
            state = [torch.tensor(getattr(layer, name)) for name in ("running_mean", "running_var", "weight", "bias")]
            y = torch.nn.functional.batch_norm(y, *state, eps=1e-3)  # 1e-5 is right
        else:
            y = torch.relu(y)
    assert cp.check(net, X, y.numpy()).rows[0].verdict == "undecided"


def test_a_sum_of_what_was_not_rounded_yet_is_right():
    a, b = (RNG(k).normal(size=(2, 3, 40)) for k in (1, 2))
    net = cp.Network(
        {"left": (cp.Mul(), "a", "c"), "right": (cp.Mul(), "b", "c"), "sum": (cp.Add(), "left", "right")}, inputs=("a", "b", "c")
    )
    x = (a.astype(np.float32), b.astype(np.float32), np.full(1, 3, np.float32))
    exact = {"left": 3.0 * x[0], "right": 3.0 * x[1]}
    wide = x[0].astype(np.float64) * 3 + x[1].astype(np.float64) * 3
    claimed = {**exact, "sum": wide.astype(np.float32)}
    assert (abs(wide - (claimed["left"].astype(np.float64) + claimed["right"])) > 1.01 * 2.0**-24 * abs(wide)).any()
    report = cp.check(net, x, claimed)
    assert report.ok
    assert report["sum"].verdict == "rounding"
    claimed["sum"] = claimed["sum"] * np.float32(1 + 1e-5)
    assert cp.check(net, x, claimed).first_wrong == "sum"


def test_a_layer_that_the_target_fused_is_recognised():
    net = small()
    right = torchs(net)
    claimed = {"conv1": right["relu1"], "conv2": right["conv2"], "pool": right["pool"]}
    report = cp.check(net, X, claimed)
    assert report.ok
    assert "relu1" in report
    assert report["relu1"].segment == ("conv1", "bn1", "relu1")
    assert "conv1 holds what relu1 gives" in str(report["relu1"].notes[0])


def test_a_layer_is_not_fused_with_one_whose_own_numbers_are_there():
    net = small()
    right = torchs(net)["relu1"]
    report = cp.check(net, X, {"conv1": right, "relu1": right})
    assert list(report) == ["conv1", "relu1"]
    assert report.first_wrong == "conv1"


@pytest.mark.parametrize("error", [1e-5, 1e-4])
def test_one_cell_that_sticks_out_is_no_winograd(error):
    conv = cp.Conv2d(3, 8, 3, padding=1, seed=1)
    x = RNG(5).normal(size=(1, 3, 16, 15)).astype(np.float32)
    y = torch.nn.functional.conv2d(torch.tensor(x), torch.tensor(conv.weight), torch.tensor(conv.bias), padding=1).numpy().copy()
    assert cp.check(conv, x, y).ok
    y[0, 5, 7, 9] += np.float32(error)
    row = cp.check(conv, x, y).rows[0]
    assert (row.verdict, row.worst.cell) == ("wrong", (0, 5, 7, 9))


def test_fixed_point_rounds_its_weights_to_nearest_whatever_it_does_with_sums():
    conv = cp.Conv2d(3, 4, 3, seed=1)
    x = np.round(RNG(5).normal(size=(1, 3, 9, 8)) * 256).astype(np.int64)
    w, b = (np.round(array.astype(np.float64) * 256).astype(np.int64) for array in (conv.weight, conv.bias))
    windows = np.lib.stride_tricks.sliding_window_view(x, (3, 3), (2, 3))
    sums = np.einsum("nchwuv,ocuv->nohw", windows, w) + (b * 256).reshape(1, -1, 1, 1)
    report = cp.check(conv, (x / 256).astype(np.float32), (sums >> 8) / 256, format="q7.8:floor")
    assert report.rows[0].verdict in ("precision", "identical", "rounding")
    assert not cp.check(conv, (x / 256).astype(np.float32), ((sums >> 8) + 3) / 256, format="q7.8:floor").ok


def test_what_hands_on_its_input_need_not_be_claimed():
    net = cp.Sequential(conv=cp.Conv2d(3, 4, 3, seed=1), drop=cp.Dropout(0.3), relu=cp.ReLU()).eval()
    y = torch.nn.functional.conv2d(torch.tensor(X), torch.tensor(net["conv"].weight), torch.tensor(net["conv"].bias))
    assert cp.check(net, X, {"conv": y.numpy(), "relu": torch.relu(y).numpy()}, partial=False).ok


def test_what_is_no_verdict_is_an_error():
    report = cp.check(small(), X, torchs(small()))
    with pytest.raises(cp.SettingError, match="expected one of precision, undecided or wrong"):
        report.require("foo")


def test_functions_are_asked():
    net = small()
    assert cp.check(net, X, lambda x: torchs(net, x)).ok
    assert cp.check(net, X, lambda x: torchs(net, x)["pool"]).covered == ("conv1", "bn1", "relu1", "conv2", "pool")


def test_nothing_to_judge_is_an_error():
    for claimed in (None, {}):
        with pytest.raises(cp.SettingError, match="nothing to judge"):
            cp.check(small(), X, claimed)


def test_a_nan_makes_its_layer_wrong_and_the_rest_is_judged():
    net = small()
    right = torchs(net)
    wrong = right["bn1"].copy()
    wrong[0, 1, 2, 3] = np.nan
    report = cp.check(net, X, after(net, right, ("bn1", wrong)))
    assert report.first_wrong == "bn1"
    assert report["bn1"].worst.cell == (0, 1, 2, 3)
    assert report["bn1"].beyond == 1
    assert report["conv1"].verdict == "rounding"
    assert report["conv2"].inherited


def test_checking_changes_nothing():
    net = small().train()
    before = {name: array.copy() for name, array in net.state_dict().items()}
    claimed = torchs(net)
    kept = {name: array.copy() for name, array in claimed.items()}
    assert cp.check(net, X, claimed).ok
    assert all(np.array_equal(before[name], array) for name, array in net.state_dict().items())
    assert all(np.array_equal(kept[name], array) for name, array in claimed.items())


def test_a_delegated_operator_is_a_border(tmp_path):
    from onnx import TensorProto, helper, save

    nodes = [
        helper.make_node("Relu", ["x"], ["r"], name="relu"),
        helper.make_node("TopK", ["r", "k"], ["values", "places"], name="top"),
        helper.make_node("Add", ["values", "values"], ["y"], name="twice"),
    ]
    k = helper.make_tensor("k", TensorProto.INT64, [1], [2])
    described = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in (("x", [3, 5]), ("y", [3, 2]))]
    save(helper.make_model(helper.make_graph(nodes, "g", described[:1], described[1:], [k])), tmp_path / "top.onnx")
    net = cp.load(tmp_path / "top.onnx")
    x = RNG(1).normal(size=(3, 5)).astype(np.float32)
    r = np.maximum(x, 0)
    top = -np.sort(-r, axis=1)[:, :2]
    report = cp.check(net, x, {"relu": r, "top": top, "twice": 2 * top})
    assert [row.verdict for row in report.rows] == ["identical"] * 3
    report = cp.check(net, x, {"relu": r, "top": top * np.float32(1.5), "twice": 3 * top})
    assert report["top"].verdict == "undecided"
    assert "no bound for TopK" in str(report["top"].notes[0])
    assert report["twice"].verdict == "identical"


def test_a_nan_behind_a_delegated_operator_is_wrong(tmp_path):
    from onnx import TensorProto, helper, save

    node, axis = helper.make_node("CumSum", ["x", "axis"], ["y"], name="sum"), helper.make_tensor("axis", TensorProto.INT64, [], [1])
    described = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [3, 5]) for name in ("x", "y")]
    save(helper.make_model(helper.make_graph([node], "g", described[:1], described[1:], [axis])), tmp_path / "sum.onnx")
    net, x = cp.load(tmp_path / "sum.onnx"), RNG(1).normal(size=(3, 5)).astype(np.float32)
    y = np.cumsum(x, 1)
    assert cp.check(net, x, {"sum": y * np.float32(2)})["sum"].verdict == "undecided"
    y[2, 1] = np.nan
    row = cp.check(net, x, {"sum": y})["sum"]
    assert (row.verdict, row.worst.cell) == ("wrong", (2, 1))


def test_what_inherits_an_error_above_the_usual_line_is_not_right_again():
    """The error is 1.02 of the proof line, and the BatchNorm behind it adds a line of its own, below which it would lie."""
    conv, bn = cp.Conv2d(32, 4, 3, seed=1), norm(4, 2)
    net, x = cp.Sequential(conv=conv, bn=bn).eval(), RNG(3).normal(size=(1, 32, 6, 5)).astype(np.float32)
    lines = conv.lines(None, (x,))
    y, cell = lines.exact.astype(np.float32), (0, 2, 1, 1)
    y[cell] += np.float32(1.02 * lines.proof[cell])
    state = (torch.tensor(getattr(bn, name)) for name in ("running_mean", "running_var", "weight", "bias"))
    report = cp.check(net, x, {"conv": y, "bn": torch.nn.functional.batch_norm(torch.tensor(y), *state).numpy()})
    assert report.first_wrong == "conv"
    assert report["bn"].inherited
