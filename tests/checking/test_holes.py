"""What once slipped through: each of these numbers is wrong, or right, and is said to be."""

import numpy as np
import pytest
import torch

import convproof as cp

F32 = np.float32


def random(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(F32)


def test_a_wrong_first_output_of_a_layer_with_several_is_wrong():
    layer, x = cp.GroupNorm(2, 6, statistics=True), random(2, 6, 3, 2)
    y = layer.checked_step((x,), True).outputs[0]
    assert cp.check(layer, x, {"GroupNorm": y}).ok
    assert cp.check(layer, x, {"GroupNorm": y * F32(1.5)})["GroupNorm"].verdict == "wrong"


def test_whole_numbers_behind_a_layer_without_a_bound_are_judged():
    layers = {"drop": (cp.Dropout(0.3, seed=1), "input"), "pool": (cp.MaxPool2d(2, return_indices=True), "drop")}
    net, x = cp.Network(layers).train(), random(1, 1, 4, 4)
    places = net.trace(x)["pool.1"]
    assert cp.check(net, x, {"pool.1": places})["pool.1"].verdict == "identical"
    assert cp.check(net, x, {"pool.1": places + 1})["pool.1"].verdict == "undecided"  # what drop draws is not known


@pytest.mark.parametrize(("exact", "claimed"), [(2047.0, np.float16(2048)), (-2047.0, np.float16(-2048))])
def test_below_a_power_of_two_a_step_of_float16_is_half_as_wide(exact, claimed):
    identity = cp.Hardtanh(-1e4, 1e4)
    assert cp.check(identity, np.array([exact], F32), np.array([claimed])).rows[0].verdict == "precision"  # bfloat16 has no number nearer
    assert cp.check(identity, np.array([2048.9], F32), np.array([2048], np.float16)).rows[0].verdict == "identical"
    assert cp.check(identity, np.array([2047.6], F32), np.array([2048], np.float16)).rows[0].verdict == "identical"


def test_below_a_power_of_ten_a_digit_is_a_tenth_as_wide():
    identity = cp.Hardtanh(-1e4, 1e4)
    wrong = cp.check(identity, np.array([999.2, 517.0], F32), np.array([1000.0, 517.0]), format="digits:3")  # 517 is none of bfloat16
    assert wrong.rows[0].verdict == "wrong"
    assert cp.check(identity, np.array([999.6], F32), np.array([1000.0]), format="digits:3").rows[0].verdict == "identical"
    assert cp.check(identity, np.array([1004.0], F32), np.array([1000.0]), format="digits:3").rows[0].verdict == "identical"


def test_an_output_of_the_network_is_never_fused_away():
    layers = {"conv": (cp.Conv2d(2, 3, 3, seed=1), "input"), "relu": (cp.ReLU(), "conv")}
    net, x = cp.Network(layers, outputs=("conv", "relu")).eval(), random(1, 2, 5, 6)
    trace = net.trace(x)
    assert cp.check(net, x, {"conv": trace["conv"]}).ok
    assert cp.check(net, x, {"conv": trace["relu"]})["conv"].verdict == "wrong"


def test_where_nothing_limits_rounding_a_finite_number_is_not_right():
    hardswish, x = cp.Hardswish(), np.array([1e38], F32)
    assert cp.check(hardswish, x, np.array([1e38], F32)).ok
    assert cp.check(hardswish, x, np.array([-5.0], F32)).rows[0].verdict == "undecided"


def folding(mean=None):
    conv, bn = cp.Conv2d(2, 3, 3, seed=1), cp.BatchNorm2d(3).eval()
    bn.weight, bn.bias = [1, 2, -1], [1, 2, 3]
    if mean is not None:
        bn.running_mean = mean
    return cp.Sequential(conv=conv, bn=bn).eval(), conv, bn


def test_weights_that_are_folded_need_a_folded_bias():
    net, conv, bn = folding()
    both = {f"conv.{name}": array.astype(F32) for name, array in conv.folded(bn.is_a()).items()}
    x = random(1, 2, 6, 6)
    assert cp.check(net, x, both).ok
    report = cp.check(net, x, both | {"conv.bias": conv.bias})
    assert report["conv.bias"].verdict == "wrong"
    assert report["conv.weight"].verdict in ("identical", "rounding")


def test_a_folded_bias_whose_terms_cancel_is_right():
    net, conv, bn = folding(mean=[1000.0, 500.0, -1000.0])
    bn.bias = [1000.0, 1000.0, 1000.0]
    scale = (bn.weight / np.sqrt(bn.running_var + F32(1e-5))).astype(F32)
    bias = ((conv.bias - bn.running_mean) * scale + bn.bias).astype(F32)  # as torch's fuse_conv_bn_eval does
    weight = conv.weight * scale[:, None, None, None]
    assert cp.check(net, random(1, 2, 6, 6), {"conv.weight": weight, "conv.bias": bias}).ok


def test_a_sum_that_begins_with_the_folded_bias_is_right():
    conv, bn = cp.Conv2d(512, 1, 1, bias=False), cp.BatchNorm2d(1).eval()
    conv.weight, bn.bias = np.full((1, 512, 1, 1), 1e-3), [1.0]
    net, x = cp.Sequential(conv=conv, bn=bn).eval(), np.full((1, 512, 1, 2), 1e-3, F32)
    scale, total = F32(1 / np.sqrt(F32(1) + F32(1e-5))), np.full((1, 1, 1, 2), F32(1))
    for channel in range(512):
        total += x[:, channel : channel + 1] * F32(conv.weight[0, channel, 0, 0] * scale)
    assert cp.check(net, x, {"bn": total}).ok
    assert not cp.check(net, x, {"bn": total + F32(2e-4)}).ok


def test_a_witness_that_gives_nothing_is_no_proof():
    layer, x = cp.Conv2d(3, 4, 3, seed=0).eval(), random(2, 3, 6, 6)

    def crashes(x):
        raise ZeroDivisionError

    assert cp.check(layer, x, against=["torch"]).ok
    report = cp.check(layer, x, against=[crashes, "torch"])
    assert not report.ok
    with pytest.raises(AssertionError, match="gave nothing that could be judged"):
        report.require()


@pytest.mark.parametrize("damage", [1e6, np.nan])
def test_a_reshape_by_the_batch_size_leaves_nothing_open(damage):
    class Viewed(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.fc = torch.nn.Conv2d(3, 4, 3), torch.nn.Linear(64, 5)

        def forward(self, x):
            x = self.conv(x)
            return self.fc(x.view(x.size(0), -1))

    torch.manual_seed(0)
    module, x = Viewed().eval(), random(2, 3, 6, 6)
    right = module(torch.from_numpy(x)).detach().numpy()
    net = cp.from_torch(module)
    assert cp.check(net, x, right).ok
    assert cp.check(net, x, right + F32(damage)).worst.verdict == "wrong"


def test_the_statistics_of_a_layer_that_stands_in_several_nodes():
    class Shared(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.c, self.bn = torch.nn.Conv2d(3, 3, 1), torch.nn.BatchNorm2d(3)

        def forward(self, x):
            return self.bn(self.c(self.bn(self.c(self.bn(x)))))

    torch.manual_seed(0)
    module, x = Shared().train(), random(4, 3, 6, 6)
    net = cp.from_torch(module)
    module(torch.from_numpy(x))
    after = {name: array.numpy().copy() for name, array in module.bn.named_buffers()}
    claimed = {f"bn.{name}": array for name, array in after.items()}
    assert cp.check(net, x, claimed).ok
    assert cp.check(net, x, claimed | {"bn.running_var": after["running_var"] * F32(1.001)})["bn.running_var"].verdict == "wrong"


@pytest.mark.parametrize("bias", [0.0, 2.0])
def test_a_bias_that_is_missing_or_doubled_is_no_rounding_of_whole_numbers(bias):
    conv, x = cp.Conv2d(1, 1, 1), np.arange(129, 249, dtype=F32).reshape(1, 1, 10, 12)
    conv.weight, conv.bias = [[[[2.0]]]], [1.0]
    assert cp.check(conv, x, 2 * x + 1).ok
    assert cp.check(conv, x, 2 * x + F32(bias)).rows[0].verdict == "wrong"
    in_bfloat16 = torch.from_numpy(2 * x + 1).bfloat16().float().numpy()
    assert cp.check(conv, x, in_bfloat16).rows[0].verdict == "precision"


def test_numbers_that_were_all_written_down_as_0_tell_nothing(tmp_path):
    softmax, x = cp.Softmax(0), np.linspace(0, 1, 9, dtype=F32)
    (tmp_path / "a.txt").write_text("Softmax\n" + "0 " * 9)
    row = cp.check(softmax, x, tmp_path / "a.txt").rows[0]
    assert row.verdict == "undecided"
    assert "tells nothing" in str(row.notes[0])
    (tmp_path / "b.txt").write_text("ReLU\n" + "0 " * 9)
    assert cp.check(cp.ReLU(), -x, tmp_path / "b.txt").ok
