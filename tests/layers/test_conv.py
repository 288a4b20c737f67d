"""What is peculiar to convolution."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import convproof as cp
from convproof.core.derivation import evaluate
from convproof.core.formats import FLOAT32, FLOAT64
from tests.samples import Sample

TORCHS = {1: torch.nn.Conv1d, 2: torch.nn.Conv2d, 3: torch.nn.Conv3d}
OURS = {1: cp.Conv1d, 2: cp.Conv2d, 3: cp.Conv3d}


def _twins(name, shapes, *args, axes=2, **settings):
    ours, theirs = OURS[axes], TORCHS[axes]
    return Sample(f"{ours.__name__} {name}", lambda: ours(*args, **settings, seed=1), shapes, lambda: theirs(*args, **settings))


def _said_otherwise(name, shapes, pads, *args, axes=2, padding, **settings):
    """A padding that torch cannot say: its twin pads first (``pads`` in torch's order, the last axis first)."""
    ours, theirs = OURS[axes], TORCHS[axes]

    def twin():
        module = theirs(*args, **settings)
        module.padding = padding
        module.forward = lambda x: module._conv_forward(torch.nn.functional.pad(x, pads), module.weight, module.bias)
        module._conv_forward = lambda x, w, b: FUNCTIONS[axes](x, w, b, module.stride, 0, module.dilation, module.groups)
        return module

    return Sample(f"{ours.__name__} {name}", lambda: ours(*args, **settings, padding=padding, seed=1), shapes, twin)


FUNCTIONS = {1: torch.nn.functional.conv1d, 2: torch.nn.functional.conv2d, 3: torch.nn.functional.conv3d}
SAMPLES = [
    _twins("plain", ((2, 3, 5, 7),), 3, 4, (3, 2)),
    _twins("strided", ((2, 3, 6, 7),), 3, 4, (3, 2), stride=(2, 3), padding=(1, 2)),
    _twins("dilated", ((1, 2, 9, 8),), 2, 3, (3, 2), padding=(2, 1), dilation=(2, 3), bias=False),
    _twins("grouped", ((2, 6, 5, 4),), 6, 4, (2, 3), padding=1, groups=2),
    _twins("depthwise", ((2, 3, 4, 5),), 3, 6, 3, groups=3),
    _twins("same even kernel", ((1, 2, 5, 6),), 2, 3, (2, 4), padding="same"),
    _twins("reflect", ((1, 2, 5, 4),), 2, 3, 3, padding=(2, 1), padding_mode="reflect"),
    _twins("replicate", ((1, 2, 5, 4),), 2, 3, 3, padding=(2, 1), padding_mode="replicate"),
    _twins("circular", ((1, 2, 5, 4),), 2, 3, 3, stride=2, padding=(2, 1), padding_mode="circular"),
    _twins("unbatched", ((3, 5, 6),), 3, 2, 3, padding=1),
    _said_otherwise("pairs", ((1, 2, 5, 4),), (2, 1, 0, 1), 2, 3, 3, padding=((0, 1), (2, 1)), stride=2),
    _said_otherwise("same upper", ((1, 2, 6, 7),), (1, 1, 0, 1), 2, 3, 3, padding="same_upper", stride=2),
    _said_otherwise("same lower", ((1, 2, 6, 7),), (1, 1, 1, 0), 2, 3, 3, padding="same_lower", stride=2),
    _twins("plain", ((2, 3, 7),), 3, 4, 3, axes=1, stride=2, padding=1),
    _twins("grouped reflect", ((1, 4, 6),), 4, 2, 2, axes=1, dilation=3, padding=2, groups=2, padding_mode="reflect", bias=False),
    _said_otherwise("same lower", ((1, 2, 7),), (2, 1), 2, 3, 4, axes=1, padding="same_lower", stride=2),
    _twins("plain", ((1, 2, 3, 5, 4),), 2, 3, (2, 3, 1), axes=3, stride=(1, 2, 3), padding=(1, 0, 2)),
    _twins("same", ((1, 2, 3, 2, 4),), 2, 2, (3, 2, 2), axes=3, padding="same", groups=2),
]

pairs = st.tuples(st.integers(1, 3), st.integers(1, 3))


@st.composite
def convolutions(draw):
    axes = draw(st.sampled_from([1, 2, 2, 3]))

    def each(low, high):
        return draw(st.tuples(*[st.integers(low, high)] * axes))

    groups = draw(st.sampled_from([1, 1, 2, 3]))
    kernel, stride = each(1, 3), each(1, 3)
    keywords = {
        "stride": stride,
        "dilation": each(1, 3),
        "groups": groups,
        "bias": draw(st.booleans()),
        "padding_mode": draw(st.sampled_from(["zeros", "zeros", "reflect", "replicate", "circular"])),
        "padding": draw(st.sampled_from(["valid", "same", "numbers", "numbers"])),
    }
    if keywords["padding"] == "same":
        keywords["stride"] = 1
    if keywords["padding"] == "numbers":
        keywords["padding"] = each(0, 3)
    channels = groups * draw(st.integers(1, 3)), groups * draw(st.integers(1, 3))
    shape = (draw(st.integers(0, 3)), channels[0], *each(1, 9 if axes < 3 else 5))
    return axes, (*channels, kernel), keywords, shape, draw(st.booleans()), draw(st.sampled_from([np.float32, np.float64]))


@given(convolutions(), st.integers(0, 2**32))
@settings(max_examples=100)
def test_it_lies_below_the_line_beside_torchs(convolution, seed):
    axes, args, keywords, shape, unbatched, dtype = convolution
    theirs = TORCHS[axes](*args, **keywords, dtype=torch.float32 if dtype == np.float32 else torch.float64)
    ours = OURS[axes](*args, **keywords, dtype=dtype)
    ours.load_state_dict({key: value.detach() for key, value in theirs.state_dict().items()})
    x = np.random.default_rng(seed).normal(size=shape[1:] if unbatched else shape).astype(dtype)
    try:
        expected = theirs(torch.tensor(x)).detach().numpy()
    except RuntimeError:
        with pytest.raises(cp.ShapeError):
            ours(x)
        return
    lines = ours.lines(None, (x,), arithmetic=FLOAT32 if dtype == np.float32 else FLOAT64)
    for y in (ours(x), expected):
        assert (y.shape, y.dtype) == (lines.exact.shape, dtype)
        assert (abs(y - lines.exact) <= lines.proof).all()


@given(convolutions(), st.integers(0, 2**32))
@settings(max_examples=40)
def test_gradients_and_any_cell_by_hand_are_torchs(convolution, seed):
    axes, args, keywords, shape, unbatched, _ = convolution
    theirs = TORCHS[axes](*args, **keywords, dtype=torch.float64)
    ours, sizes = (OURS[axes](*args, **keywords, dtype=np.float64) for _ in range(2))
    ours.load_state_dict({key: value.detach() for key, value in theirs.state_dict().items()})
    rng = np.random.default_rng(seed)
    x = rng.normal(size=shape[1:] if unbatched else shape)
    tensor = torch.tensor(x, requires_grad=True)
    try:
        expected = theirs(tensor)
    except RuntimeError:
        return
    dy = rng.normal(size=tuple(expected.shape))
    expected.backward(torch.tensor(dy))
    found = ours.vjp(x)[1](dy)
    # the same sums on absolute values, and how many numbers each of them has at most
    sizes.load_state_dict({key: abs(value) for key, value in ours.state_dict().items()})
    S = sizes.vjp(abs(x))[1](abs(dy))
    line = 2 * max(dy.size, ours.weight.size) * FLOAT64.u
    assert (abs(found.inputs[0] - tensor.grad.numpy()) <= line * S.inputs[0]).all()
    for name, parameter in theirs.named_parameters():
        assert (abs(found.parameters[name] - parameter.grad.numpy()) <= line * S.parameters[name]).all(), name
    if dy.size:
        cell = tuple(int(rng.integers(size)) for size in dy.shape)
        d = ours.why(x, at=cell)
        assert d.exact == evaluate(d.tree)
        assert abs(expected[cell].item() - float(d.exact)) <= d.allowed


@given(st.tuples(*[st.integers(0, 3)] * 4), pairs, pairs, st.integers(0, 2**32))
@settings(max_examples=25)
def test_pairs_of_padding_are_torchs_pad_before_the_convolution(sides, kernel, stride, seed):
    top, bottom, left, right = sides
    x = np.random.default_rng(seed).normal(size=(2, 3, 5, 7)).astype(np.float32)
    ours = cp.Conv2d(3, 4, kernel, stride=stride, padding=((top, bottom), (left, right)), seed=0)
    padded = torch.nn.functional.pad(torch.tensor(x), (left, right, top, bottom))
    theirs = torch.nn.functional.conv2d(padded, torch.tensor(ours.weight), torch.tensor(ours.bias), stride=stride).numpy()
    lines = ours.lines(None, (x,))
    assert (abs(ours(x) - lines.exact) <= lines.proof).all()
    assert (abs(theirs - lines.exact) <= lines.proof).all()


@pytest.mark.parametrize("kind", ["normal", "after a ReLU", "one large outlier", "tiny", "constant"])
def test_the_usual_line_is_passed_only_by_constant_data(kind):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(1, 64, 12, 11)).astype(np.float32)
    x = {
        "normal": x,
        "after a ReLU": np.maximum(x, 0),
        "one large outlier": np.where(x == x.max(), 1e4, x),
        "tiny": x * 1e-38,
        "constant": np.full_like(x, 0.1),
    }[kind].astype(np.float32)
    conv = cp.Conv2d(64, 8, 3, padding=1, seed=0)
    if kind == "constant":
        conv.initialise("constant", weight=0.1, bias=0.1)
    lines = conv.lines(None, (x,))
    theirs = torch.nn.functional.conv2d(torch.tensor(x), torch.tensor(conv.weight), torch.tensor(conv.bias), padding=1).numpy()
    for y in (conv(x), theirs):
        assert (abs(y - lines.exact) <= lines.proof).all()
        if kind != "constant":
            assert (abs(y - lines.exact) <= lines.usual + 2.0**-149).all()


BAD_SETTINGS = [
    ((3, 4, 3), {"groups": 2}, "groups=2 must divide in_channels=3 and out_channels=4"),
    ((4, 3, 3), {"groups": 2}, "groups=2 must divide in_channels=4 and out_channels=3"),
    ((4, 4, 3), {"groups": 0}, "groups=0 must divide"),
    ((3, 4, 3), {"padding": "full"}, "padding='full': expected numbers, 'same', 'valid', or 'same_upper' or"),
    ((3, 4, 3), {"padding": "same", "stride": 2}, "padding='same' needs stride 1, got stride=2"),
    ((3, 4, 3), {"padding_mode": "mirror"}, "padding_mode='mirror': expected one of zeros, reflect, replicate, circular"),
]


@pytest.mark.parametrize(("args", "keywords", "sentence"), BAD_SETTINGS)
def test_settings_that_torch_refuses_too(args, keywords, sentence):
    with pytest.raises(ValueError):  # noqa: PT011 (torch words it its own way)
        torch.nn.Conv2d(*args, **keywords)
    with pytest.raises(cp.SettingError, match=sentence):
        cp.Conv2d(*args, **keywords)


@pytest.mark.parametrize(
    ("args", "keywords", "sentence"),
    [
        ((3, 4, 0), {}, "kernel_size=0: expected an integer >= 1"),
        ((3, 4, (1, 2, 3)), {}, "or 2 of them"),
        ((3, 4, 3), {"stride": 0}, "stride=0: expected an integer >= 1"),
        ((3, 4, 3), {"padding": -1}, "padding=-1: expected an integer >= 0"),
        ((3, 4, 3), {"padding": ((1, 2), (1, 2), (1, 2))}, "expected 2 pairs"),
        ((0, 4, 3), {}, "must be positive"),
        ((3, 4, 3), {"device": "cuda"}, "device='cuda': convproof computes on the CPU"),
    ],
)
def test_settings_that_cannot_be(args, keywords, sentence):
    with pytest.raises(cp.SettingError, match=sentence):
        cp.Conv2d(*args, **keywords)


@pytest.mark.parametrize(
    ("keywords", "shape", "sentence"),
    [
        ({}, (1, 5, 5, 3), r"got \(1, 5, 5, 3\). It looks like channels last: try x.transpose\(0, 3, 1, 2\)"),
        ({}, (5, 6, 3), r"It looks like channels last: try x.transpose\(2, 0, 1\)"),
        ({}, (1, 4, 5, 5), r"expects x of shape \(N, 3, H, W\), or without N; got \(1, 4, 5, 5\)"),
        ({}, (3, 5), "expects x of shape"),
        ({"padding": 2}, (1, 3, 0, 5), r"got x of shape \(1, 3, 0, 5\): only N may be 0"),
        ({}, (1, 3, 2, 5), r"spans \(3, 3\) cells, more than the padded input \(2, 5\) has"),
        ({"padding": 3, "padding_mode": "reflect"}, (1, 3, 3, 5), "pads by more than reflect padding can show"),
        ({"padding": 4, "padding_mode": "circular"}, (1, 3, 3, 5), "pads by more than circular padding can show"),
    ],
)
def test_inputs_that_torch_refuses_too(keywords, shape, sentence):
    with pytest.raises(RuntimeError):
        torch.nn.Conv2d(3, 4, 3, **keywords)(torch.zeros(shape))
    with pytest.raises(cp.ShapeError, match=sentence):
        cp.Conv2d(3, 4, 3, **keywords)(np.zeros(shape))


def test_a_cell_reads_its_own_group():
    conv = cp.Conv2d(4, 4, 1, groups=2, seed=0)
    sources = [
        n.source.cell
        for n in conv.why(np.ones((1, 4, 2, 2)), at=(0, 3, 1, 0)).nodes()
        if getattr(n, "source", None) and n.source.what == "input"
    ]
    assert sources == [(0, 2, 1, 0), (0, 3, 1, 0)]


def test_the_equation_has_the_layers_own_numbers():
    conv = cp.Conv2d(4, 6, 3, stride=(2, 1), padding=((1, 0), (0, 0)), dilation=(1, 2), groups=2, bias=False)
    assert conv.equation() == "y[n, o, i, j] = sum over c, u, v of weight[o, c, u, v] * x[n, c + 2*(o // 3), 2*i + u - 1, j + 2*v]"
    assert repr(conv) == (
        "Conv2d(in_channels=4, out_channels=6, kernel_size=(3, 3), stride=(2, 1), padding=((1, 0), (0, 0)), dilation=(1, 2), groups=2, "
        "bias=False)"
    )


def test_a_padding_that_depends_on_the_input_is_a_letter_until_there_is_one():
    conv = cp.Conv2d(1, 1, 3, stride=2, padding="same_lower", bias=False)
    assert conv.equation() == "y[n, o, i, j] = sum over c, u, v of weight[o, c, u, v] * x[n, c, 2*i + u - p, 2*j + v - q]"
    assert conv.why(np.ones((1, 1, 6, 5)), at=(0, 0, 0, 0)).formula.endswith("x[n, c, 2*i + u - 1, 2*j + v - 1]")
    assert repr(conv) == "Conv2d(in_channels=1, out_channels=1, kernel_size=(3, 3), stride=(2, 2), padding='same_lower', bias=False)"


@pytest.mark.parametrize(("axes", "shape"), [(1, (1, 1, 9)), (2, (1, 1, 6, 7)), (3, (1, 1, 4, 5, 6))])
def test_the_mistakes_of_every_rank(axes, shape):
    """Flipped: the sum over all taps of kernel[u] * x[i - u], tap by tap. Without its bias: the output less the bias; twice: more."""
    conv = OURS[axes](1, 1, (2, 3, 2)[:axes], dtype=np.float64, seed=0)
    x = np.random.default_rng(0).normal(size=shape)
    y, wrong = conv(x), {m.id: m.replay(conv, x, training=False).outputs[0] for m in conv.mistakes()}
    assert set(wrong) == {"conv-kernel-flip", "conv-bias-missing", "conv-bias-twice"}
    line = 2 * conv.lines(None, (x,), arithmetic=FLOAT64).proof
    assert (abs(wrong["conv-bias-missing"] - (y - conv.bias)) <= line).all()
    assert (abs(wrong["conv-bias-twice"] - (y + conv.bias)) <= line).all()
    convolved = np.zeros(y.shape[2:])
    for tap in np.ndindex(*conv.kernel_size):
        first = [k - 1 - u for k, u in zip(conv.kernel_size, tap, strict=True)]
        read = tuple(slice(f, f + n) for f, n in zip(first, y.shape[2:], strict=True))
        convolved += conv.weight[(0, 0, *tap)] * x[(0, 0, *read)]
    S = (
        OURS[axes](1, 1, conv.kernel_size, dtype=np.float64)
        .initialise(weight=abs(conv.weight), bias=abs(conv.bias))
        .step(abs(x), training=False)
    )
    assert (abs(wrong["conv-kernel-flip"] - conv.bias - convolved) <= 4 * conv.weight.size * FLOAT64.u * S.outputs[0]).all()
