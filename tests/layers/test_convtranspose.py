"""What is peculiar to transposed convolution."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import convproof as cp
from convproof.core.derivation import evaluate
from convproof.core.formats import FLOAT32, FLOAT64
from tests.samples import Sample

TORCHS = {1: torch.nn.ConvTranspose1d, 2: torch.nn.ConvTranspose2d, 3: torch.nn.ConvTranspose3d}
FUNCTIONS = {
    1: torch.nn.functional.conv_transpose1d,
    2: torch.nn.functional.conv_transpose2d,
    3: torch.nn.functional.conv_transpose3d,
}
OURS = {1: cp.ConvTranspose1d, 2: cp.ConvTranspose2d, 3: cp.ConvTranspose3d}


def _twins(name, shapes, *args, axes=2, **settings):
    ours, theirs = OURS[axes], TORCHS[axes]
    return Sample(f"{ours.__name__} {name}", lambda: ours(*args, **settings, seed=1), shapes, lambda: theirs(*args, **settings))


def _said_otherwise(name, shapes, kept, *args, axes=2, padding, output_shape=None, **settings):
    """A padding that torch cannot say: its twin cuts nothing off, and keeps these slices of the output."""
    ours, theirs = OURS[axes], TORCHS[axes]

    def twin():
        module = theirs(*args, **settings)
        module.padding = padding
        chosen = (module.stride, 0, module.output_padding, module.groups, module.dilation)
        module.forward = lambda x: FUNCTIONS[axes](x, module.weight, module.bias, *chosen)[(..., *kept)]
        return module

    more = {} if output_shape is None else {"output_shape": output_shape}
    return Sample(f"{ours.__name__} {name}", lambda: ours(*args, **settings, padding=padding, **more, seed=1), shapes, twin)


SAMPLES = [
    _twins("plain", ((2, 3, 4, 5),), 3, 4, (3, 2)),
    _twins("strided", ((2, 3, 4, 5),), 3, 4, (3, 4), stride=2, padding=(1, 2)),
    _twins("output padding", ((1, 2, 3, 4),), 2, 3, (3, 4), stride=(2, 3), padding=(1, 1), output_padding=(1, 1), bias=False),
    _twins("dilated", ((1, 2, 4, 3),), 2, 3, (3, 2), padding=(2, 1), dilation=(2, 3)),
    _twins("grouped", ((2, 6, 3, 4),), 6, 4, (2, 3), stride=(1, 2), padding=1, groups=2),
    _twins("depthwise", ((1, 3, 4, 5),), 3, 6, 3, groups=3),
    _twins("unbatched", ((3, 5, 6),), 3, 2, 2, stride=2),
    _said_otherwise("pairs", ((1, 2, 5, 4),), (slice(0, -1), slice(2, -1)), 2, 3, 3, padding=((0, 1), (2, 1)), stride=2),
    _said_otherwise("same upper", ((1, 2, 4, 3),), (slice(0, -1), slice(1, -1)), 2, 3, (3, 4), padding="same_upper", stride=2),
    _said_otherwise("same lower", ((1, 2, 4, 3),), (slice(1, None), slice(1, -1)), 2, 3, (3, 4), padding="same_lower", stride=2),
    _said_otherwise(
        "output shape", ((1, 2, 3, 4),), (slice(2, 6), slice(0, 9)), 2, 2, 3, padding="same_lower", stride=2, output_shape=(4, 9)
    ),
    _twins("plain", ((2, 3, 5),), 3, 4, 3, axes=1, stride=2, padding=1, output_padding=1),
    _twins("grouped", ((1, 4, 6),), 4, 2, 4, axes=1, dilation=3, padding=2, groups=2),
    _twins("plain", ((1, 2, 3, 2, 4),), 2, 3, (2, 3, 1), axes=3, stride=(1, 2, 1), padding=(1, 0, 0)),
    _twins("grouped", ((1, 2, 1, 3, 2),), 2, 4, (2, 1, 3), axes=3, groups=2, bias=False),
]


@st.composite
def transposed_convolutions(draw):
    axes = draw(st.sampled_from([1, 2, 2, 3]))

    def each(low, high):
        return draw(st.tuples(*[st.integers(low, high)] * axes))

    groups, stride, dilation = draw(st.sampled_from([1, 1, 2, 3])), each(1, 3), each(1, 3)
    keywords = {
        "stride": stride,
        "padding": each(0, 2),
        "output_padding": tuple(min(extra, max(s, d) - 1) for extra, s, d in zip(each(0, 2), stride, dilation, strict=True)),
        "groups": groups,
        "bias": draw(st.booleans()),
        "dilation": dilation,
    }
    channels = groups * draw(st.integers(1, 3)), groups * draw(st.integers(1, 3))
    shape = (draw(st.integers(0, 3)), channels[0], *each(1, 5 if axes < 3 else 3))
    return axes, (*channels, each(1, 4)), keywords, shape, draw(st.booleans()), draw(st.sampled_from([np.float32, np.float64]))


@given(transposed_convolutions(), st.integers(0, 2**32))
@settings(max_examples=80)
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
    if 0 in expected.shape[-axes:]:  # torch lets an empty batch have no places at all
        with pytest.raises(cp.ShapeError):
            ours(x)
        return
    lines = ours.lines(None, (x,), arithmetic=FLOAT32 if dtype == np.float32 else FLOAT64)
    for y in (ours(x), expected):
        assert (y.shape, y.dtype) == (lines.exact.shape, dtype)
        assert (abs(y - lines.exact) <= lines.proof).all()


@given(transposed_convolutions(), st.integers(0, 2**32))
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
    if 0 in expected.shape[-axes:]:
        return
    dy = rng.normal(size=tuple(expected.shape))
    expected.backward(torch.tensor(dy))
    found = ours.vjp(x)[1](dy)
    # the same sums on absolute values, and how many numbers each of them has at most
    sizes.load_state_dict({key: abs(value) for key, value in ours.state_dict().items()})
    S = sizes.vjp(abs(x))[1](abs(dy))
    line = 2 * max(dy.size, x.size, ours.weight.size) * FLOAT64.u
    assert (abs(found.inputs[0] - tensor.grad.numpy()) <= line * S.inputs[0]).all()
    for name, parameter in theirs.named_parameters():
        assert (abs(found.parameters[name] - parameter.grad.numpy()) <= line * S.parameters[name]).all(), name
    if dy.size:
        cell = tuple(int(rng.integers(size)) for size in dy.shape)
        d = ours.why(x, at=cell)
        assert d.exact == evaluate(d.tree)
        assert abs(expected[cell].item() - float(d.exact)) <= d.allowed


def test_numbers_by_hand():
    """Two input cells lay down the kernel 1, 10, 100 two places apart; they meet in one cell."""
    layer = cp.ConvTranspose1d(1, 1, 3, stride=2).initialise(weight=[[[1, 10, 100]]], bias=[0.5])
    assert layer([[[3, 4]]]).tolist() == [[[3.5, 30.5, 304.5, 40.5, 400.5]]]
    d = layer.why([[[3, 4]]], at=(0, 0, 2))
    assert d.text().startswith("ConvTranspose1d[0, 0, 2] = 304.5 ")
    assert [str(n.source) for n in d.nodes() if hasattr(n, "source")] == [
        "x[0, 0, 0]",
        "weight[0, 0, 2]",
        "x[0, 0, 1]",
        "weight[0, 0, 0]",
        "bias[0]",
    ]
    cut = cp.ConvTranspose1d(1, 1, 3, stride=2, padding=1, output_padding=1, bias=False).initialise(weight=[[[1, 10, 100]]])
    assert cut([[[3, 4]]]).tolist() == [[[30, 304, 40, 400]]]


@pytest.mark.parametrize("bias", [True, False])
def test_a_cell_that_no_input_reaches(bias):
    layer = cp.ConvTranspose2d(1, 1, 1, stride=2, bias=bias)
    if bias:
        layer.bias = [0.25]
    d = layer.why(np.ones((1, 1, 2, 3)), at=(0, 0, 1, 0))
    assert (d.value, d.exact, d.allowed) == (0.25 * bias, 0.25 * bias, d.allowed)
    assert "no input cell lands here" in d.text()
    assert layer.reads(tuple(range(i, i + 1) for i in (0, 0, 1, 0)), (1, 1, 2, 3))[0][2:] == (range(0), range(1))
    assert d.latex()
    assert d.to_dict()["exact"] == ("1/4" if bias else "0")


def test_the_equation_has_the_layers_own_numbers():
    layer = cp.ConvTranspose2d(4, 6, 3, stride=(2, 1), padding=((1, 0), (0, 0)), output_padding=(1, 0), groups=2, dilation=(1, 2))
    assert layer.equation() == (
        "y[n, o, 2*i + u - 1, j + 2*v] = bias[o] + sum over c and all i, j, u, v that land there of "
        "weight[c + 2*(o // 3), o % 3, u, v] * x[n, c + 2*(o // 3), i, j]"
    )
    assert repr(layer) == (
        "ConvTranspose2d(in_channels=4, out_channels=6, kernel_size=(3, 3), stride=(2, 1), padding=((1, 0), (0, 0)), "
        "output_padding=(1, 0), groups=2, dilation=(1, 2))"
    )


def test_a_padding_that_depends_on_the_input_is_a_letter_until_there_is_one():
    layer = cp.ConvTranspose1d(1, 1, 4, stride=3, padding="same_lower", bias=False)
    assert layer.equation() == "y[n, o, 3*i + u - p] = sum over c and all i, u that land there of weight[c, o, u] * x[n, c, i]"
    assert layer.why(np.ones((1, 1, 5)), at=(0, 0, 0)).formula.startswith("y[n, o, 3*i + u - 1] =")


@given(st.integers(1, 6), st.integers(1, 5), st.integers(1, 4), st.integers(1, 3), st.integers(1, 30), st.sampled_from(["upper", "lower"]))
@settings(max_examples=40)
def test_an_output_shape_keeps_the_middle(size, kernel, stride, dilation, wanted, side):
    """Lay everything down, and cut off one cell after the other: at the side that is named first, until the shape is there."""
    layer = cp.ConvTranspose1d(1, 1, kernel, stride, f"same_{side}", dilation=dilation, output_shape=wanted, bias=False, seed=0)
    x = np.arange(1, size + 1, dtype=np.float64)[None, None]
    whole = cp.ConvTranspose1d(1, 1, kernel, stride, dilation=dilation, bias=False).initialise(weight=layer.weight)(x)[0, 0].tolist()
    end = side == "upper"
    while len(whole) > wanted:
        whole.pop(-1 if end else 0)
        end = not end
    assert layer(x)[0, 0].tolist() == whole + [0] * (wanted - len(whole))


@pytest.mark.parametrize("size", [5, 6, (5, 6), (1, 4, 5, 6), (6, 5)])
def test_an_output_size_is_torchs(size):
    theirs = torch.nn.ConvTranspose2d(3, 4, 3, stride=2)
    ours = cp.ConvTranspose2d(3, 4, 3, stride=2)
    ours.load_state_dict({key: value.detach() for key, value in theirs.state_dict().items()})
    x = np.random.default_rng(0).normal(size=(1, 3, 2, 2)).astype(np.float32)
    given = (size, size) if isinstance(size, int) else size
    y, expected = ours(x, output_size=size), theirs(torch.tensor(x), output_size=given).detach().numpy()
    assert y.shape == expected.shape
    twin = cp.ConvTranspose2d(3, 4, 3, stride=2, output_padding=tuple(n - 5 for n in given[-2:]))
    twin.load_state_dict(ours.state_dict())
    lines = twin.lines(None, (x,))
    assert (abs(y - lines.exact) <= lines.proof).all()
    assert (abs(expected - lines.exact) <= lines.proof).all()
    assert ours.output_padding == (0, 0)


def test_an_output_size_that_no_output_padding_gives():
    layer, x = cp.ConvTranspose2d(3, 4, 3, stride=2), np.zeros((1, 3, 2, 4))
    with pytest.raises(ValueError, match="valid sizes range from"):
        torch.nn.ConvTranspose2d(3, 4, 3, stride=2)(torch.tensor(x).float(), output_size=(8, 9))
    with pytest.raises(cp.ShapeError, match=r"can make outputs from \(5, 9\) to \(6, 10\) of this input, not output_size=\(8, 9\)"):
        layer(x, output_size=(8, 9))


@pytest.mark.parametrize(
    ("args", "keywords", "sentence"),
    [
        ((3, 4, 3), {"groups": 2}, "groups=2 must divide in_channels=3 and out_channels=4"),
        ((0, 4, 3), {}, "must be positive"),
        ((3, 4, 0), {}, "kernel_size=0: expected an integer >= 1"),
        ((3, 4, 3), {"padding": "same"}, "padding='same': expected numbers, 'same_upper' or 'same_lower'"),
        ((3, 4, 3), {"padding_mode": "reflect"}, "padding_mode='reflect': a transposed convolution has 'zeros' only"),
        ((3, 4, 3), {"output_padding": 1}, r"output_padding=\(1, 1\) must be less than stride=\(1, 1\) or dilation=\(1, 1\)"),
        ((3, 4, 3), {"output_padding": -1, "stride": 2}, "output_padding=-1: expected an integer >= 0"),
        ((3, 4, 3), {"output_shape": (7, 8)}, r"output_shape=\(7, 8\) leaves open where cells are cut off, and padding=0 does not say it"),
        ((3, 4, 3), {"output_shape": 0, "padding": "same_upper"}, "output_shape=0: expected an integer >= 1"),
        ((3, 4, 3), {"device": "cuda"}, "device='cuda'"),
    ],
)
def test_settings_that_cannot_be(args, keywords, sentence):
    with pytest.raises(cp.SettingError, match=sentence):
        cp.ConvTranspose2d(*args, **keywords)


@pytest.mark.parametrize(
    ("keywords", "shape", "sentence"),
    [
        ({}, (1, 5, 5, 3), r"got \(1, 5, 5, 3\). It looks like channels last: try x.transpose\(0, 3, 1, 2\)"),
        ({}, (1, 4, 5, 5), r"expects x of shape \(N, 3, H, W\), or without N; got \(1, 4, 5, 5\)"),
        ({}, (1, 3, 0, 5), r"got x of shape \(1, 3, 0, 5\): only N may be 0"),
        ({"padding": 2}, (1, 3, 2, 1), r"cuts off so much that an output of \(0, -1\) is left \(input shape \(1, 3, 2, 1\)\)"),
    ],
)
def test_inputs_that_torch_refuses_too(keywords, shape, sentence):
    with pytest.raises(RuntimeError):
        torch.nn.ConvTranspose2d(3, 4, 3, **keywords)(torch.zeros(shape))
    with pytest.raises(cp.ShapeError, match=sentence):
        cp.ConvTranspose2d(3, 4, 3, **keywords)(np.zeros(shape))


def test_infinities_and_nan_are_torchs():
    theirs = torch.nn.ConvTranspose2d(2, 3, 3, stride=2)
    ours = cp.ConvTranspose2d(2, 3, 3, stride=2)
    ours.load_state_dict({key: value.detach() for key, value in theirs.state_dict().items()})
    x = np.random.default_rng(0).normal(size=(1, 2, 4, 5)).astype(np.float32)
    x[0, 0, 1, 1], x[0, 1, 3, 2], x[0, 0, 0, 4] = np.inf, np.nan, 3e38
    y, expected = ours(x), theirs(torch.tensor(x)).detach().numpy()
    assert np.array_equal(np.isnan(y), np.isnan(expected))
    assert np.array_equal(np.isinf(y), np.isinf(expected))
