"""What a target was given: claimed inputs, weights and statistics, folded weights, and masks that were drawn."""

import numpy as np
import pytest
import torch

import convproof as cp
from tests.checking.small import RNG, X, norm, small, torchs


def test_a_folded_convolution_lies_within_the_line():
    net = small()
    state = {name: array.astype(np.float32) for name, array in net.state_dict().items()}
    scale = state["bn1.weight"] / np.sqrt(state["bn1.running_var"] + np.float32(1e-5))
    weight = state["conv1.weight"] * scale.reshape(-1, 1, 1, 1)
    bias = (state["conv1.bias"] - state["bn1.running_mean"]) * scale + state["bn1.bias"]
    y = torch.nn.functional.conv2d(torch.tensor(X), torch.tensor(weight), torch.tensor(bias)).numpy()
    report = cp.check(net, X, {"bn1": y, "conv1.weight": weight, "conv1.bias": bias})
    assert report.ok
    assert report["conv1.weight"].verdict in ("identical", "rounding")
    assert "bn1 is folded into it" in str(report["conv1.bias"].notes[0])
    weight[2, 1, 0, 1] *= 1.001
    assert not cp.check(net, X, {"bn1": y, "conv1.weight": weight}).ok


def test_a_wrong_weight_is_the_finding_and_not_its_layer():
    net, target = small(), small()
    weight = target["conv2"].weight.copy()
    weight[1] *= 2
    target["conv2"].weight = weight
    report = cp.check(net, X, {**torchs(target), "conv2.weight": weight})
    assert report.first_wrong == "conv2.weight"
    assert not any(row.born for row in report.rows if row.kind == "output")
    assert report["conv2"].inherited
    assert report["relu1"].verdict == "identical"


def test_another_input_is_the_finding():
    net = small()
    other = X + np.float32(0.01)
    report = cp.check(net, X, {"input": other, **torchs(net, other)})
    assert report.first_wrong == "input"
    assert report["input"].kind == "input"
    assert not any(row.born for row in report.rows if row.kind == "output")
    assert report["pool"].inherited
    assert cp.check(net, X, {"input": X, **torchs(net)}).ok
    assert cp.check(net, None, {"input": X, **torchs(net)}).ok


def test_weights_in_half_precision_are_named():
    net = small()
    half = net["conv2"].weight.astype(np.float16)
    report = cp.check(net, X, {"conv2.weight": half.astype(np.float32)})
    assert (report["conv2.weight"].verdict, report["conv2.weight"].precision) == ("precision", "fp16-io")
    assert report.ok


def test_running_statistics_after_a_step_in_training():
    layer, x = norm(3, 5), X
    theirs = torch.nn.BatchNorm2d(3)
    theirs.load_state_dict({name: torch.tensor(array) for name, array in layer.state_dict().items()})
    y = theirs(torch.tensor(x)).detach().numpy()
    moved = {f"BatchNorm2d.{name}": getattr(theirs, name).numpy() for name in ("running_mean", "running_var", "num_batches_tracked")}
    report = cp.check(layer, x, {"BatchNorm2d": y, **moved})
    assert report.ok
    assert [row.kind for row in report.rows] == ["output", "statistic", "statistic", "statistic"]
    biased = 0.9 * layer.running_var + 0.1 * x.astype(np.float64).var(axis=(0, 2, 3))
    report = cp.check(layer, x, {"BatchNorm2d": y, **moved, "BatchNorm2d.running_var": biased.astype(np.float32)})
    assert report.first_wrong == "BatchNorm2d.running_var"
    assert report["BatchNorm2d.running_mean"].verdict in ("identical", "rounding")


def test_running_statistics_of_instances():
    layer = cp.InstanceNorm2d(3, track_running_stats=True)
    theirs = torch.nn.InstanceNorm2d(3, track_running_stats=True)
    y = theirs(torch.tensor(X)).detach().numpy()
    moved = {f"InstanceNorm2d.{name}": getattr(theirs, name).numpy() for name in ("running_mean", "running_var")}
    assert cp.check(layer, X, {"InstanceNorm2d": y, **moved}).ok
    wrong = {**moved, "InstanceNorm2d.running_mean": moved["InstanceNorm2d.running_mean"] * 10}
    assert cp.check(layer, X, {"InstanceNorm2d": y, **wrong}).first_wrong == "InstanceNorm2d.running_mean"


def test_a_mask_that_was_drawn_is_read_from_the_claimed_numbers():
    net = cp.Sequential(drop=cp.Dropout(0.3, seed=0), conv=cp.Conv2d(3, 2, 3, seed=1))
    torch.manual_seed(3)
    dropped = torch.nn.functional.dropout(torch.tensor(X), 0.3)
    y = torch.nn.functional.conv2d(dropped, torch.tensor(net["conv"].weight), torch.tensor(net["conv"].bias)).numpy()
    report = cp.check(net, X, {"drop": dropped.numpy(), "conv": y})
    assert report.ok
    assert cp.check(net, X, {"drop": dropped.numpy() * np.float32(0.7), "conv": y}).first_wrong == "drop"  # not scaled up
    assert not cp.check(net, X, {"drop": np.zeros_like(X)}).ok  # nobody throws 432 times the same
    row = cp.check(net, X, {"conv": y}).rows[0]
    assert row.verdict == "undecided"
    assert "what drop draws is random" in str(row.notes[0])


@pytest.mark.parametrize("name", ["weight", "input"])
def test_a_layer_is_right_on_what_it_was_given_in_half_precision(name, tmp_path):
    """Its numbers were printed, and lie farther off the network's own exact ones than the digits leave open."""
    conv = cp.Conv2d(3, 4, 3, seed=1)
    given = {"weight": conv.weight, "input": X}
    given[name] = given[name].astype(np.float16).astype(np.float32)
    y = torch.nn.functional.conv2d(torch.tensor(given["input"]), torch.tensor(given["weight"]), torch.tensor(conv.bias)).numpy()
    np.save(tmp_path / f"{name}.npy", given[name])
    (tmp_path / "Conv2d.txt").write_text(" ".join(f"{v:.5f}" for v in y.ravel()))
    report = cp.check(conv, X, tmp_path)
    assert report["Conv2d.weight" if name == "weight" else name].verdict == "precision"
    assert report["Conv2d"].verdict in ("identical", "rounding")
    (tmp_path / "Conv2d.txt").write_text(" ".join(f"{v:.5f}" for v in y.ravel() + np.float32(0.01)))
    assert cp.check(conv, X, tmp_path)["Conv2d"].born


def test_a_wrong_weight_is_wrong_wherever_its_layer_stands():
    conv = cp.Conv2d(3, 2, 3, seed=1)
    net = cp.Network({"a": (conv, "left"), "b": (conv, "right")}, inputs=("left", "right"), outputs=("a", "b")).eval()
    x = tuple(RNG(k).normal(size=(1, 3, 5, 6)).astype(np.float32) for k in (1, 2))
    weight, bias = torch.tensor(2 * conv.weight), torch.tensor(conv.bias)
    y = [torch.nn.functional.conv2d(torch.tensor(v), weight, bias).numpy() for v in x]
    report = cp.check(net, x, {"a.weight": 2 * conv.weight, "a": y[0], "b": y[1]})
    assert [(row.name, row.born, row.inherited) for row in report.rows] == [
        ("a.weight", True, False),
        ("a", False, True),
        ("b", False, True),
    ]
