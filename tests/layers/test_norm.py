"""What is peculiar to normalisations of single images: what a row is, which numbers share a gamma, and how far rounding goes."""

import re

import numpy as np
import pytest
import torch

import convproof as cp
from convproof.core.formats import FLOAT64
from tests.samples import Sample


def _twins(kind, name, shape, *arguments, like=lambda x: x, eval=False, **keywords):
    return Sample(
        f"{kind} {name}",
        lambda: getattr(cp, kind)(*arguments, **keywords),
        (shape,),
        lambda: getattr(torch.nn, kind)(*arguments, **keywords),
        eval,
        like,
    )


def _written_out(kind, name, shape, theirs, *arguments, eval=False, **keywords):
    """A layer, or a setting, that torch.nn has not: ``theirs(x, layer, **arrays)`` computes the same in torch's arithmetic."""

    def twin(x):
        layer = next(s for s in SAMPLES if s.name == f"{kind} {name}").layer(np.float64 if x.dtype == torch.float64 else np.float32)
        return theirs(x, layer, **{key: torch.tensor(array).to(x.dtype) for key, array in layer.parameters().items()})

    return Sample(f"{kind} {name}", lambda: getattr(cp, kind)(*arguments, **keywords), (shape,), lambda: twin, eval)


def _rows_apart(x):
    """Standard deviations from 1e-2 to 30 along the first two axes, means about as large."""
    spread = np.geomspace(1e-2, 30, x.shape[0] * x.shape[1]).reshape(*x.shape[:2], *(1,) * (x.ndim - 2))
    return (x + 0.7) * spread


def _of_last(x, layer, weight=None, bias=None):
    axes = tuple(range(-len(layer.normalized_shape), 0))
    mean, var = x.mean(axes, keepdim=True), x.var(axes, unbiased=False, keepdim=True)
    y = (x - mean) / torch.sqrt(var + layer.eps)
    y = y if weight is None else y * weight
    return y if bias is None else y + bias, mean, 1 / torch.sqrt(var + layer.eps)


def _of_groups(x, layer, weight=None, bias=None):
    wide = x.reshape(len(x), layer.num_groups, -1)
    mean, var = wide.mean(2), wide.var(2, unbiased=False)
    y = (wide - mean[:, :, None]) / torch.sqrt(var + layer.eps)[:, :, None]
    if layer.per_group:
        y = y * weight[:, None] + bias[:, None]
    outputs = y.reshape(x.shape), mean, 1 / torch.sqrt(var + layer.eps)
    return outputs if layer.statistics else outputs[0]


def _of_squares(x, layer, weight):
    root = torch.sqrt(torch.square(x).mean((-2, -1), keepdim=True) + layer.eps)
    return x / root * weight, 1 / root


def _across(x, layer):
    """A window whose longer half lies after the cell."""
    squares = torch.nn.functional.pad(x * x, (0, 0, 1, 2))
    return x / (layer.k + layer.alpha / 4 * sum(squares[:, k : k + x.shape[1]] for k in range(4))) ** layer.beta


def _of_instance(x, layer, weight, bias):
    axes = tuple(range(2, x.ndim))
    mean, var = x.mean(axes, keepdim=True), x.var(axes, unbiased=False, keepdim=True)
    wide = (1, -1, *(1,) * (x.ndim - 2))
    return (x - mean) / torch.sqrt(var + layer.eps) * weight.reshape(wide) + bias.reshape(wide)


SAMPLES = [
    _twins("InstanceNorm1d", "plain", (2, 3, 7), 3),
    _twins("InstanceNorm1d", "affine", (3, 2, 5), 2, 1e-3, affine=True, like=_rows_apart),
    _twins("InstanceNorm2d", "affine", (2, 3, 5, 4), 3, affine=True, like=_rows_apart),
    _twins("InstanceNorm2d", "without beta", (2, 3, 4, 3), 3, affine=True, bias=False),
    _twins("InstanceNorm2d", "tracking", (2, 3, 5, 4), 3, momentum=0.3, affine=True, track_running_stats=True),
    _twins("InstanceNorm2d", "tracking, momentum None", (2, 3, 2, 4), 3, momentum=None, track_running_stats=True),
    _twins("InstanceNorm2d", "tracked, in eval", (2, 3, 5, 4), 3, affine=True, track_running_stats=True, eval=True),
    _twins("InstanceNorm3d", "plain", (2, 3, 2, 3, 4), 3, 0.1),
    _twins("InstanceNorm3d", "tracked, in eval", (2, 3, 2, 3, 4), 3, track_running_stats=True, eval=True),
    _written_out("InstanceNorm", "of any rank", (2, 3, 2, 1, 3, 2), _of_instance, 3, 1e-3, affine=True),
    _twins("GroupNorm", "two groups", (2, 6, 3, 4), 2, 6, like=_rows_apart),
    _twins("GroupNorm", "one group", (3, 4, 5), 1, 4, 1e-3),
    _twins("GroupNorm", "a group a channel", (2, 3, 5, 2), 3, 3, affine=False),
    _twins("GroupNorm", "without beta", (2, 6, 2, 3), 3, 6, bias=False),
    _twins("GroupNorm", "of a vector", (3, 8), 2, 8),
    _written_out("GroupNorm", "a scale for each group", (2, 6, 3), _of_groups, 3, 6, per_group=True),
    _written_out("GroupNorm", "with its statistics", (2, 6, 3, 2), _of_groups, 2, 6, affine=False, statistics=True),
    _twins("LayerNorm", "last axis", (2, 3, 7), 7, like=_rows_apart),
    _twins("LayerNorm", "whole image", (2, 3, 4, 5), (3, 4, 5), 1e-3),
    _twins("LayerNorm", "not affine", (5, 3), [3], elementwise_affine=False),
    _twins("LayerNorm", "without beta", (4, 2, 3), (2, 3), bias=False),
    _twins("LayerNorm", "of a vector", (6,), 6),
    _written_out("LayerNorm", "with its statistics", (2, 4, 3, 2), _of_last, (3, 2), 1e-2, statistics=True),
    _twins("RMSNorm", "last axis", (2, 3, 7), 7, like=_rows_apart),
    _twins("RMSNorm", "two axes", (2, 3, 4), [3, 4], 1e-3),
    _twins("RMSNorm", "not affine", (5, 3), 3, elementwise_affine=False),
    _written_out("RMSNorm", "with its statistics", (3, 2, 4), _of_squares, (2, 4), 1e-2, statistics=True),
    _twins("LocalResponseNorm", "five channels", (2, 7, 3, 2), 5, alpha=0.3, beta=0.6, k=2.0, like=lambda x: 3 * x),
    _twins("LocalResponseNorm", "an even size", (2, 5, 4), 4, alpha=0.5),
    _twins("LocalResponseNorm", "more than there are", (2, 3, 2, 2), 9, alpha=2.0, beta=1.25),
    _twins("LocalResponseNorm", "one channel alone", (2, 3, 2, 3, 2), 1, 0.2, 0.5, 1.5),
    _written_out("LocalResponseNorm", "longer after", (2, 5, 3), _across, 4, 0.5, 0.75, 1.0, longer="after"),
]


@pytest.mark.parametrize("momentum", [0.25, None])
def test_an_instance_norm_remembers_the_mean_over_the_images(momentum):
    x = np.array([[[1.0, 3.0]], [[5.0, 11.0]]])  # means 2 and 8, variances (divided by n - 1) 2 and 18
    norm = cp.InstanceNorm1d(1, momentum=momentum, track_running_stats=True, dtype=np.float64)
    theirs = torch.nn.InstanceNorm1d(1, momentum=momentum, track_running_stats=True, dtype=torch.float64)
    norm(x)
    theirs(torch.tensor(x))
    expected = ([1.25], [3.25]) if momentum else ([0], [1])  # 0.25 * 5, 0.75 * 1 + 0.25 * 10
    assert (norm.running_mean.tolist(), norm.running_var.tolist()) == expected
    assert (theirs.running_mean.tolist(), theirs.running_var.tolist()) == expected
    assert norm.num_batches_tracked == theirs.num_batches_tracked.item() == 0


def test_by_hand():
    x = np.array([[[1.0, 3.0], [5.0, 7.0], [0.0, 0.0], [2.0, 2.0]]])
    assert np.array_equal(cp.InstanceNorm1d(4, eps=0.0)(x[:, :2]), [[[-1, 1], [-1, 1]]])
    group, fifth = cp.GroupNorm(2, 4, eps=0.0), 1 / np.sqrt(5)
    by_hand = np.array([[-3 * fifth, -fifth], [fifth, 3 * fifth], [-1, -1], [1, 1]])
    assert (abs(group(x)[0] - by_hand) <= group.lines(None, (x,), arithmetic=FLOAT64).proof[0]).all()
    assert np.array_equal(cp.LayerNorm(2, eps=1.0)(x)[0, :2], cp.LayerNorm(2, eps=1.0)(x)[0, 1::-1])
    assert np.array_equal(cp.RMSNorm(2, eps=0.0)(np.array([[3.0, 3.0], [-1.0, 7.0]])), [[1, 1], [-0.2, 1.4]])
    # squares 1, 25 and 49 summed over the channels around, a half of a quarter of it: 1 + 26 * 0.5 / 2 = 7.5
    y = cp.LocalResponseNorm(2, alpha=0.5, beta=1.0, k=1.0)(x)
    assert y[0, 1].tolist() == [5 / 7.5, 7 / (1 + 58 / 4)]


def test_a_window_of_an_even_size_is_longer_before_in_torch_and_after_in_onnx():
    x = np.zeros((1, 6, 1))
    x[0, 2], x[0, 3] = 1, 1
    assert [list(cp.LocalResponseNorm(4, longer=side).window(2, 6)) for side in ("before", "after")] == [[0, 1, 2, 3], [1, 2, 3, 4]]
    assert list(cp.LocalResponseNorm(3).window(0, 6)) == [0, 1]
    reads = cp.LocalResponseNorm(4).reads((range(1), range(2, 4), range(1)), (1, 6, 1))
    assert reads == ((range(1), range(5), range(1)),)


def test_groups_are_neighbours():
    x = np.random.default_rng(0).normal(size=(2, 6, 5))
    norm = cp.GroupNorm(2, 6)
    alone = cp.LayerNorm((3, 5), elementwise_affine=False)
    both = [layer.lines(None, (given,), arithmetic=FLOAT64).proof for layer, given in ((norm, x), (alone, x[:, :3]))]
    assert (abs(norm(x)[:, :3] - alone(x[:, :3])) <= both[0][:, :3] + both[1]).all()
    assert norm.reads((range(1), range(1, 2), range(2, 3)), x.shape) == ((range(1), range(3), range(5)),)
    assert norm.reads((range(1), range(2, 4), range(2, 3)), x.shape) == ((range(1), range(6), range(5)),)


@pytest.mark.parametrize(
    ("make", "shape", "sentence"),
    [
        (
            lambda m: m.InstanceNorm2d(3, affine=True),
            (2, 4, 5, 5),
            "expects x of shape (N, C, H, W) or (C, H, W) with C = 3; got (2, 4, 5, 5)",
        ),
        (lambda m: m.InstanceNorm1d(3), (3,), "InstanceNorm1d(num_features=3) expects x of shape (N, C, L) or (C, L); got (3,)"),
        (lambda m: m.InstanceNorm3d(3), (3, 1, 1, 1), "needs more than one cell in it, got x of shape (3, 1, 1, 1)"),
        (lambda m: m.GroupNorm(2, 4), (4,), "expects x of shape (N, C, *) with C = 4; got (4,)"),
        (lambda m: m.GroupNorm(2, 4), (2, 6, 3), "expects x of shape (N, C, *) with C = 4; got (2, 6, 3)"),
        (lambda m: m.GroupNorm(4, 4), (1, 4, 1), "needs more than one value in a group, got x of shape (1, 4, 1)"),
        (lambda m: m.LayerNorm(3), (2, 4), "LayerNorm(normalized_shape=(3,)) expects x of shape (*, 3); got (2, 4)"),
        (lambda m: m.LayerNorm((2, 3)), (3,), "expects x of shape (*, 2, 3); got (3,)"),
        (lambda m: m.LayerNorm(3), (2, 3, 4), "; axis 1 has that size: move it to the end with x.transpose(0, 2, 1)"),
        (lambda m: m.RMSNorm(3), (2, 4), "RMSNorm(normalized_shape=(3,)) expects x of shape (*, 3); got (2, 4)"),
        (lambda m: m.LocalResponseNorm(3), (2, 3), "expects x of shape (N, C, *) with 3 axes or more; got (2, 3)"),
    ],
)
def test_inputs_that_torch_refuses_too(make, shape, sentence):
    with pytest.raises((ValueError, RuntimeError)):
        make(torch.nn)(torch.zeros(shape))
    with pytest.raises(cp.ShapeError, match=re.escape(sentence)):
        make(cp)(np.zeros(shape))


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: cp.GroupNorm(3, 4), "num_groups=3 must divide num_channels=4, both 1 or more"),
        (lambda: cp.GroupNorm(0, 4), "num_groups=0 must divide"),
        (lambda: cp.InstanceNorm2d(0), "num_features=0: expected the number of channels, 1 or more"),
        (lambda: cp.InstanceNorm2d(True), "num_features=True: expected the number of channels, 1 or more"),
        (lambda: cp.InstanceNorm(None, affine=True), "num_features=None: a layer with parameters"),
        (lambda: cp.InstanceNorm(3, statistics_of="running"), "statistics_of='running': expected instance, running (with"),
        (lambda: cp.LayerNorm(()), "normalized_shape=(): expected the sizes of the last axes, one number or several"),
        (lambda: cp.RMSNorm("C"), "normalized_shape='C': expected the sizes"),
        (lambda: cp.LocalResponseNorm(True), "size=True, longer='before': expected a size of 1 or more, and before or after"),
        (lambda: cp.LocalResponseNorm(0), "size=0, longer='before': expected a size of 1 or more, and before or after"),
        (lambda: cp.LocalResponseNorm(2, longer="left"), "longer='left': expected a size of 1 or more, and before or after"),
    ],
)
def test_settings_that_cannot_be(make, sentence):
    with pytest.raises(cp.SettingError, match=re.escape(sentence)):
        make()


@pytest.mark.parametrize(
    ("make", "shapes"),
    [
        (lambda m: m.InstanceNorm2d(3, track_running_stats=True), [(2, 3, 0, 5)]),
        (lambda m: m.InstanceNorm2d(3), [(0, 3, 4, 5), (2, 3, 0, 5)]),
        (lambda m: m.GroupNorm(2, 4), [(0, 4, 3), (2, 4, 0)]),
        (lambda m: m.LayerNorm(3), [(0, 3), (2, 0, 3)]),
        (lambda m: m.LayerNorm((0, 3)), [(2, 0, 3)]),
        (lambda m: m.RMSNorm(3), [(0, 3)]),
        (lambda m: m.LocalResponseNorm(3), [(0, 3, 4), (2, 3, 0)]),
    ],
)
def test_nothing_is_normalised_to_nothing(make, shapes):
    for shape in shapes:
        ours, theirs, x = make(cp), make(torch.nn), np.zeros(shape, np.float32)
        y, expected = ours(x), theirs(torch.tensor(x)).detach().numpy()
        assert (y.shape, y.dtype) == (expected.shape, np.float32)
        for key, tensor in theirs.state_dict().items():
            assert np.array_equal(ours.state_dict()[key], tensor.numpy()), key
        assert ours.lines(None, (x,)).proof.shape == shape
        assert ours.vjp(x)[1](x).inputs[0].shape == shape


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize(
    "make",
    [
        lambda m: m.InstanceNorm2d(2, affine=True),
        lambda m: m.GroupNorm(2, 4),
        lambda m: m.LayerNorm((2, 3)),
        lambda m: m.RMSNorm(3),
        lambda m: m.LocalResponseNorm(2),
    ],
)
def test_a_number_that_is_none_spoils_its_row_as_in_torch(make, value):
    shape = (2, 4 if isinstance(make(cp), cp.GroupNorm) else 2, 2, 3)
    x = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    x[0, 1, 0, 1] = value
    ours, theirs = make(cp)(x), make(torch.nn)(torch.tensor(x)).detach().numpy()
    assert np.array_equal(np.isnan(ours), np.isnan(theirs))
    make(cp).lines(None, (x,))  # without a warning


def test_no_eps_means_the_step_of_the_format_that_is_computed_in():
    x = np.array([[1e-3, 2e-3, -3e-3]])
    for dtype, eps in ((np.float32, 2.0**-23), (np.float64, 2.0**-52), (np.float16, 2.0**-23)):
        assert np.array_equal(cp.RMSNorm(3, dtype=dtype)(x.astype(dtype)), cp.RMSNorm(3, eps, dtype=dtype)(x.astype(dtype)))
    half = torch.nn.RMSNorm(3).half()(torch.tensor(x).half()).detach().numpy()
    assert abs(cp.RMSNorm(3, dtype=np.float16)(x.astype(np.float16)) - half).max() <= 2.0**-10  # one step of a number below 2


def test_the_texts():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2, 4, 3)).astype(np.float32)
    assert "over L of this image's channel 1: n = 3" in cp.InstanceNorm1d(4).why(x, at=(1, 1, 0)).text()
    assert "over L of this image's channel 1: n = 3" in cp.InstanceNorm1d(4).why(x[0], at=(1, 0)).text()
    assert "over channels 2 to 3 of this image, group 1: n = 6" in cp.GroupNorm(2, 4).why(x, at=(1, 2, 0)).text()
    assert "over the last 2 axes: n = 12" in cp.LayerNorm((4, 3)).why(x, at=(1, 2, 0)).text()
    text = cp.RMSNorm(3).why(x, at=(1, 2, 0)).text()
    assert "over the last axis: n = 3" in text
    assert "mean" not in text.partition("\n\n")[2]
    text = cp.LocalResponseNorm(3).why(x, at=(1, 0, 2)).text()
    assert "y[c] = x[c] / (k + alpha / size * sum of x[j]^2 over j = c - 1 .. c + 1)^beta" in text
    assert "channels 0 to 1; those outside x count as 0" in text
