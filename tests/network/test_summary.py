"""Summaries: parameters as torch counts them, products, receptive fields of chains worked out by hand, memory."""

import json

import numpy as np
import pytest
import torch

import convproof as cp

SHAPE = (2, 3, 33, 29)


def chain():
    return cp.Sequential(
        conv1=cp.Conv2d(3, 8, (3, 5), stride=(2, 1), padding=(1, 2)),
        bn1=cp.BatchNorm2d(8),
        relu1=cp.ReLU(),
        pool=cp.MaxPool2d(3, stride=2, padding=1),
        conv2=cp.Conv2d(8, 6, 3, dilation=2, groups=2, bias=False),
        mean=cp.AvgPool2d(2),
        flat=cp.Flatten(),
        fc=cp.Linear(6 * 2 * 5, 10),
        softmax=cp.Softmax(1),
    )


def torchs_chain():
    return torch.nn.Sequential(
        torch.nn.Conv2d(3, 8, (3, 5), stride=(2, 1), padding=(1, 2)),
        torch.nn.BatchNorm2d(8),
        torch.nn.ReLU(),
        torch.nn.MaxPool2d(3, stride=2, padding=1),
        torch.nn.Conv2d(8, 6, 3, dilation=2, groups=2, bias=False),
        torch.nn.AvgPool2d(2),
        torch.nn.Flatten(),
        torch.nn.Linear(6 * 2 * 5, 10),
        torch.nn.Softmax(1),
    )


def test_parameters_and_shapes_are_torchs():
    summary, theirs = chain().summary(SHAPE), torchs_chain()
    assert summary.parameters == sum(p.numel() for p in theirs.parameters())
    x = torch.zeros(SHAPE)
    for row, module in zip(summary.rows, theirs, strict=True):
        x = module(x)
        assert row.output_shapes == (tuple(x.shape),), row.name
        assert row.parameters == sum(p.numel() for p in module.parameters()), row.name
        assert row.bytes == x.numel() * 4, row.name
    assert summary.bytes == sum(row.bytes for row in summary.rows)


def test_products_by_hand():
    rows = {row.name: row.products for row in chain().summary(SHAPE).rows}
    conv1 = 2 * 8 * 17 * 29 * (3 * 3 * 5)  # outputs, times channels and taps of the kernel
    conv2 = 2 * 6 * 5 * 11 * (4 * 3 * 3)  # a group has 4 of the 8 channels
    fc = 2 * 10 * 60
    assert rows == {"conv1": conv1, "conv2": conv2, "fc": fc} | dict.fromkeys(("bn1", "relu1", "pool", "mean", "flat", "softmax"), 0)
    assert chain().summary(SHAPE).products == conv1 + conv2 + fc


def test_receptive_fields_by_hand():
    """r grows by (k - 1)*d*j, where j is the product of the strides before."""
    rows = {row.name: row.receptive_field for row in chain().summary(SHAPE).rows}
    assert rows["conv1"] == (3, 5)
    assert rows["bn1"] == rows["relu1"] == (3, 5)
    assert rows["pool"] == (3 + 2 * 2, 5 + 2 * 1)
    assert rows["conv2"] == (7 + 2 * 2 * 4, 7 + 2 * 2 * 2)
    assert rows["mean"] == (23 + 1 * 4, 15 + 1 * 2)


def test_receptive_fields_of_a_stack_of_three_by_three():
    net = cp.Sequential(*(cp.Conv2d(1, 1, 3, padding=1) for _ in range(7)))
    assert [row.receptive_field for row in net.summary((1, 1, 20, 21)).rows] == [(2 * k + 1,) * 2 for k in range(1, 8)]


def test_receptive_fields_of_vgg16_and_of_alexnet():
    """What the papers and every table say: 212 after pool5, 195 after pool5."""

    def conv():
        return cp.Conv2d(1, 1, 3, padding=1)

    blocks = [[conv() for _ in range(n)] + [cp.MaxPool2d(2)] for n in (2, 2, 3, 3, 3)]
    vgg = cp.Sequential(*(layer for block in blocks for layer in block))
    assert vgg.summary((1, 1, 224, 224)).rows[-1].receptive_field == (212, 212)
    alexnet = cp.Sequential(
        cp.Conv2d(1, 1, 11, stride=4, padding=2),
        cp.MaxPool2d(3, 2),
        cp.Conv2d(1, 1, 5, padding=2),
        cp.MaxPool2d(3, 2),
        *(cp.Conv2d(1, 1, 3, padding=1) for _ in range(3)),
        cp.MaxPool2d(3, 2),
    )
    assert alexnet.summary((1, 1, 224, 224)).rows[-1].receptive_field == (195, 195)


def test_a_receptive_field_is_what_changes_a_middle_cell():
    """By brute force: every input cell moved, one by one, under positive weights."""
    net = cp.Network(
        {
            "a": (cp.Conv2d(1, 2, (3, 2), stride=2), "input"),
            "b": (cp.Conv2d(2, 2, 3, padding=1), "a"),
            "c": (cp.Conv2d(2, 2, 1, groups=2), "a"),
            "sum": (cp.Add(), "b", "c"),
            "join": (cp.Concat(1), "c", "sum"),
            "pool": (cp.AvgPool2d(2, 1), "join"),
        }
    )
    for key, array in net.parameters().items():
        array[...] = 0.5 + np.random.default_rng(len(key)).uniform(size=array.shape)
    shape = (1, 1, 17, 15)
    x = np.random.default_rng(0).uniform(size=shape).astype(np.float32)
    trace = net.trace(x)
    middles = {name: tuple(size // 2 for size in trace[name].shape) for name in net.layers}
    moved = {name: np.zeros(shape[2:], bool) for name in net.layers}
    for at in np.ndindex(*shape[2:]):
        changed = x.copy()
        changed[0, 0, *at] += 100
        other = net.trace(changed)
        for name, middle in middles.items():
            moved[name][at] = other[name][middle] != trace[name][middle]
    for row in net.summary(shape).rows:
        rows, columns = np.nonzero(moved[row.name])
        assert row.receptive_field == (np.ptp(rows) + 1, np.ptp(columns) + 1), row.name


def test_of_a_concat_only_what_is_read_counts():
    net = cp.Network(
        {
            "far": (cp.Conv2d(1, 1, 7, padding=3), "input"),
            "near": (cp.Conv2d(1, 1, 3, padding=1), "input"),
            "join": (cp.Concat(1), "far", "near"),
            "each": (cp.Conv2d(2, 2, 3, padding=1, groups=2), "join"),
        }
    )
    fields = {row.name: row.receptive_field for row in net.summary((1, 1, 19, 17)).rows}
    # the middle cell lies in the last channel, which "near" gave
    assert fields == {"far": (7, 7), "near": (3, 3), "join": (3, 3), "each": (5, 5)}


def test_flattening_and_linear_layers_see_everything():
    rows = {row.name: row.receptive_field for row in chain().summary(SHAPE).rows}
    # all 2 x 5 windows of 27 x 17, 8 and 4 apart
    assert rows["fc"] == rows["softmax"] == (27 + 1 * 8, 17 + 4 * 4)


def test_an_input_without_spatial_axes_has_no_field():
    assert cp.Sequential(cp.Linear(3, 2)).summary((4, 3)).rows[0].receptive_field is None


def test_without_a_shape_only_what_does_not_depend_on_it():
    summary = chain().summary()
    assert summary.parameters == chain().summary(SHAPE).parameters
    assert (summary.products, summary.bytes, summary.rows[0].output_shapes, summary.rows[0].receptive_field) == (None,) * 4
    assert "conv1" in str(summary)


def test_arrays_may_stand_for_shapes():
    assert chain().summary(np.zeros(SHAPE)).rows == chain().summary(SHAPE).rows
    assert chain().summary(torch.zeros(SHAPE)).rows == chain().summary(SHAPE).rows
    with pytest.raises(cp.ShapeError, match=r"the network has 1 input \(input\); give a shape for each"):
        chain().summary(SHAPE, SHAPE)


def test_shared_layers_count_once():
    conv = cp.Conv2d(3, 3, 3, padding=1)
    summary = cp.Network({"a": (conv, "input"), "b": (conv, "a")}).summary(SHAPE)
    assert [(row.parameters, row.shared_with) for row in summary.rows] == [(84, None), (0, "a")]
    assert summary.parameters == 84
    assert summary.products == 2 * 2 * 3 * 33 * 29 * 27


def test_it_becomes_json():
    record = json.loads(json.dumps(chain().summary(SHAPE).to_dict()))
    assert record["input_shapes"] == [list(SHAPE)]
    assert record["layers"][0]["name"] == "conv1"
    assert record["totals"]["parameters"] == chain().summary().parameters


def test_several_outputs():
    row = cp.Sequential(cp.MaxPool2d(2, return_indices=True)).summary((1, 2, 4, 6)).rows[0]
    assert row.output_shapes == ((1, 2, 2, 3),) * 2
    assert row.receptive_field == (2, 2)


def test_receptive_fields_of_a_network_that_takes_channels_last():
    turned = cp.Sequential(turn=cp.Permute((0, 3, 1, 2)), conv=cp.Conv2d(3, 4, (3, 2), stride=2), pool=cp.MaxPool2d(2))
    plain = cp.Sequential(conv=cp.Conv2d(3, 4, (3, 2), stride=2), pool=cp.MaxPool2d(2))
    fields = [row.receptive_field for row in turned.summary((1, 13, 11, 3)).rows]
    assert fields == [(1, 1), *(row.receptive_field for row in plain.summary((1, 3, 13, 11)).rows)]
    assert fields[-1] == (5, 4)
