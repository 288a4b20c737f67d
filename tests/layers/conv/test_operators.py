"""Convolutions, transposed or not, as graph formats write them: ONNX's backend cases, torch's functions, and what we write ourselves."""

import contextlib

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

import convproof as cp
from convproof.core.errors import NotCoveredError
from convproof.core.formats import format_of
from convproof.core.operators import LATER, Call, Later, NotKnownYet
from convproof.formats.onnx.graph import network_of
from convproof.formats.onnx.write import model_of
from convproof.formats.operators import bound, operators, read
from tests.formats.onnx.runtime import every_tensor
from tests.layers.test_conv import SAMPLES as PLAIN
from tests.layers.test_convtranspose import SAMPLES as TRANSPOSED
from tests.operators import assert_case, node_cases

F = torch.nn.functional
W, B = (8, 3, 2, 3), (8,)  # weight and bias


@pytest.mark.parametrize("case", node_cases("Conv", "ConvTranspose"), ids=lambda case: case.name)
def test_onnx(case):
    assert_case(case)


def array(*shape):
    return np.random.default_rng(len(shape)).normal(size=shape).astype(np.float32)


X1, X2, X3 = array(2, 4, 9), array(2, 4, 9, 8), array(1, 4, 5, 4, 6)
CALLS = [
    ("conv1d", (X1, array(6, 4, 3)), {}),
    ("conv1d", (X1[0], array(6, 4, 3), array(6)), {"padding": 2}),
    ("conv2d", (X2, array(6, 2, 3, 2), array(6), (2, 1), (1, 2), 2, 2), {}),
    ("conv2d", (X2, array(6, 4, 2, 3), None, 1, "same"), {}),
    ("conv2d", (X2, array(6, 4, 2, 3)), {"padding": "valid", "stride": [3]}),
    ("conv3d", (X3, array(2, 4, 2, 1, 3), array(2)), {"stride": (1, 2, 3), "padding": (1, 0, 1)}),
    ("conv_transpose1d", (X1, array(4, 3, 3), array(3), 2, 1, 1), {}),
    ("conv_transpose2d", (X2, array(4, 3, 3, 2), array(6), 2, 1, (1, 0), 2, (1, 2)), {}),
    ("conv_transpose2d", (X2[0], array(4, 3, 3, 2)), {"stride": (2, 3)}),
    ("conv_transpose3d", (X3, array(4, 2, 2, 1, 3)), {"padding": (1, 0, 1)}),
    ("convolution", (X2, array(6, 2, 3, 2), array(6), [2, 1], [1, 2], [2, 1], False, [0, 0], 2), {}),
    ("convolution", (X2, array(4, 3, 3, 2), array(6), [2, 2], [1, 1], [1, 2], True, [1, 0], 2), {}),
    ("_convolution", (X1, array(6, 4, 3), None, [2], [1], [1], False, [0], 1, False, False, True, True), {}),
    ("_convolution", (X1, array(4, 3, 3), None, [2], [1], [1], True, [1], 1, False, False, True, True), {}),
]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("name", "arguments", "named"), CALLS)
def test_torch(name, arguments, named, dtype):
    arguments = [value.astype(dtype) if isinstance(value, np.ndarray) else value for value in arguments]
    operator = operators("torch")[name]
    layer = read(operator, Call(name, bound(operator, arguments, named))).layer
    tensors = [torch.tensor(value) if isinstance(value, np.ndarray) else value for value in arguments]
    theirs = getattr(F if hasattr(F, name) else torch, name)(*tensors, **named).numpy()
    lines = layer.lines(None, arguments[:1], arithmetic=format_of(dtype))
    (ours,) = layer.checked_step(arguments[:1], layer.training).outputs
    for y in (ours, theirs):
        assert (y.shape, y.dtype) == (lines.exact.shape, dtype)
        assert (abs(y - lines.exact) <= lines.proof).all()


class Both(torch.nn.Module):
    """One of each, called as a function whose weight is computed."""

    def __init__(self):
        super().__init__()
        self.down, self.up = torch.nn.Conv2d(3, 4, 3, stride=2, padding=1), torch.nn.ConvTranspose2d(4, 2, 3, stride=2, output_padding=1)

    def forward(self, x):
        x = F.conv2d(x, self.down.weight, self.down.bias, 2, 1)
        return F.conv_transpose2d(x, self.up.weight, self.up.bias, 2, 0, 1)


@pytest.mark.parametrize("exported", [False, True])
def test_a_module_with_both(exported):
    torch.manual_seed(0)
    module, x = Both().eval(), array(2, 3, 7, 6)
    network = cp.from_torch(module, example=torch.tensor(x)) if exported else cp.from_torch(module)
    assert [type(layer).__name__ for layer in network.layers.values()] == ["Conv2d", "ConvTranspose2d"]
    theirs = module(torch.tensor(x)).detach().numpy()
    first, second = network.layers.values()
    came = first.lines(None, (x,))
    lines = second.lines(None, (came.exact,), (came,))
    for y in (network(x), theirs):
        assert (abs(y - lines.exact) <= lines.proof).all()


WRITTEN = [sample for sample in (*PLAIN, *TRANSPOSED) if len(sample.shapes[0]) == sample.make().axes + 2]


@pytest.mark.parametrize("sample", WRITTEN, ids=lambda sample: sample.name)
def test_what_is_written_is_understood_by_others_and_by_us(sample):
    layer, (x,) = sample.layer().eval(), sample.inputs()
    model = model_of(cp.Sequential(layer=layer))
    (y,) = (every_tensor(model, {"input": x})[output.name] for output in model.graph.output)
    lines = layer.lines(None, (x,))
    for found in (y, network_of(model)(x)):
        assert (found.shape, found.dtype) == (lines.exact.shape, np.float32)
        assert (abs(found - lines.exact) <= lines.proof).all()


def test_what_onnx_cannot_say():
    layer = cp.Conv2d(1, 1, 3, padding="same_upper", padding_mode="reflect")
    with pytest.raises(NotCoveredError, match="ONNX has an auto_pad with zeros only; give the padding in numbers"):
        layer.written()


def onnx_conv(name, weight=None, bias=None, **settings):
    return read(operators("onnx")[name], Call(name, (LATER, array(*W) if weight is None else weight, bias), settings, 11))


def test_settings_of_onnx():
    plain = onnx_conv("Conv", pads=(1, 2, 3, 4), strides=(2, 1), group=2, kernel_shape=(2, 3))
    assert repr(plain.layer) == (
        "Conv2d(in_channels=6, out_channels=8, kernel_size=(2, 3), stride=(2, 1), padding=((1, 3), (2, 4)), groups=2, bias=False)"
    )
    assert (plain.inputs, dict(plain.parameters)) == ((0,), {"weight": 1})
    assert onnx_conv("Conv", auto_pad="VALID").layer.padding == (0, 0)
    assert onnx_conv("Conv", auto_pad="SAME_LOWER", pads=(0, 0, 0, 0)).layer.padding == "same_lower"
    transposed = onnx_conv("ConvTranspose", bias=array(6), group=2, output_shape=(1, 6, 9, 10), strides=(3, 3), output_padding=(1, 2))
    assert repr(transposed.layer) == (
        "ConvTranspose2d(in_channels=8, out_channels=6, kernel_size=(2, 3), stride=(3, 3), padding='same_lower', output_padding=(1, 2), "
        "groups=2, output_shape=(9, 10))"
    )
    assert dict(transposed.parameters) == {"weight": 1, "bias": 2}
    assert onnx_conv("ConvTranspose", auto_pad="VALID").layer.padding == (0, 0)
    assert onnx_conv("ConvTranspose", auto_pad="SAME_UPPER", output_shape=(9, 10)).layer.padding == "same_upper"


@pytest.mark.parametrize("name", ["Conv", "ConvTranspose"])
def test_a_weight_that_only_a_run_knows(name):
    known = Call(name, (LATER, Later(W, np.dtype(np.float64)), Later(B)), {}, 11)
    assert read(operators("onnx")[name], known).layer.weight.shape == W
    assert read(operators("onnx")[name], known).layer.weight.dtype == np.float64
    with pytest.raises(NotKnownYet):
        read(operators("onnx")[name], Call(name, (LATER, LATER), {}, 11))


@pytest.mark.parametrize("name", ["Conv", "ConvTranspose"])
def test_more_spatial_axes_than_there_are(name):
    with pytest.raises(NotCoveredError, match=f"{name} along 4 spatial axes is not covered: 1 to 3 are"):
        onnx_conv(name, weight=array(2, 2, 1, 1, 1, 1))


ANYTHING = st.one_of(
    st.integers(-2, 4),
    st.floats(-2, 4),
    st.sampled_from(["", "SAME_UPPER", "same", "VALID"]),
    st.lists(st.integers(-1, 4), max_size=5).map(tuple),
    st.lists(st.floats(0, 3), max_size=4).map(tuple),
    st.just(np.ones((2, 2), np.float32)),
)
ATTRIBUTES = ("kernel_shape", "strides", "pads", "dilations", "group", "auto_pad", "output_padding", "output_shape")


@pytest.mark.parametrize("name", ["Conv", "ConvTranspose"])
@given(settings=st.dictionaries(st.sampled_from(ATTRIBUTES), ANYTHING, min_size=1), rank=st.integers(0, 5))
@hypothesis_settings(max_examples=150)
def test_whatever_a_damaged_file_says_is_a_layer_or_a_sentence(name, settings, rank):
    with contextlib.suppress(cp.ConvproofError):
        layer = onnx_conv(name, weight=np.ones((4, 2, 3, 2, 1)[:rank], np.float32), **settings).layer
        layer(np.ones((1, layer.in_channels, *(5,) * (rank - 2)), np.float32))


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"kernel_shape": (3, 2)}, r"Conv: kernel_shape=\(3, 2\) does not fit a weight of shape \(8, 3, 2, 3\)"),
        ({"auto_pad": "SAME"}, "Conv: auto_pad='SAME' should be one of NOTSET, VALID, SAME_UPPER, SAME_LOWER"),
        ({"pads": (1, 2, 3)}, r"Conv: pads=\(1, 2, 3\) should be 4 numbers that are not negative"),
        ({"group": 0}, "groups=0: expected an integer >= 1"),
    ],
)
def test_settings_that_onnx_does_not_have(settings, sentence):
    with pytest.raises(cp.ConvproofError, match=sentence):
        onnx_conv("Conv", **settings)
