"""How ONNX writes resizings: all versions, ONNX Runtime beside us, and what our layers are written as."""

import numpy as np
import onnx
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import helper, numpy_helper

import convproof as cp
from convproof.core.formats import FLOAT32
from convproof.core.operators import Call
from convproof.formats.onnx.graph import network_of
from convproof.formats.onnx.write import model_of
from convproof.network.graph import Declared
from tests.layers.written import model_with, run_by_runtime, run_by_us
from tests.operators import answer

NEAREST = ("round_prefer_floor", "round_prefer_ceil", "floor", "ceil")
COORDINATES = ("half_pixel", "pytorch_half_pixel", "asymmetric", "align_corners", "half_pixel_symmetric")
RNG = np.random.default_rng(11)


def model(values, place, shape, version=19, **attributes):
    """A Resize whose input ``place`` holds ``values``."""
    inputs = [*(["x"] if place == 1 else ["x", ""]), *([""] if place == 3 else []), "values"]
    node = helper.make_node("Resize", inputs, ["y"], **attributes)
    given = [helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, shape)]
    out = helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, [None] * len(shape))
    graph = helper.make_graph([node], "g", given, [out], [numpy_helper.from_array(values, "values")])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", version)], ir_version=9)


@st.composite
def resizings(draw):
    """Sizes of an image, what to make of them, and attributes; only what ONNX Runtime reads as the text has it."""
    sizes = draw(st.lists(st.integers(1, 9), min_size=2, max_size=2))
    attributes = {"mode": draw(st.sampled_from(["nearest", "linear", "cubic"]))}
    # align_corners by scale: ONNX Runtime takes the rounded length, as the class says
    by_size = draw(st.booleans())
    attributes["coordinate_transformation_mode"] = draw(st.sampled_from([c for c in COORDINATES if by_size or c != "align_corners"]))
    if attributes["mode"] == "nearest":
        attributes["nearest_mode"] = draw(st.sampled_from(NEAREST))
    if attributes["mode"] == "cubic":
        attributes |= {"cubic_coeff_a": draw(st.sampled_from([-0.75, -0.5])), "exclude_outside": draw(st.integers(0, 1))}
    if attributes["mode"] != "nearest" and draw(st.booleans()):
        attributes["antialias"] = 1
    if by_size:
        wanted = np.array([1, 2, *(draw(st.integers(1, 13)) for _ in sizes)], np.int64)
        return sizes, wanted, 3, attributes
    # an axis that stays as long although it has a scale is copied by ONNX Runtime in some modes
    scales = [draw(st.sampled_from([s for s in (0.5, 0.6, 1.7, 2.0, 3.0) if int(n * s) not in (0, n)])) for n in sizes]
    return sizes, np.array([1, 1, *scales], np.float32), 2, attributes


@given(resizings(), st.integers(0, 99))
@settings(max_examples=100, deadline=None)
def test_onnx_runtime_lies_below_the_line(case, seed):
    sizes, values, place, attributes = case
    x = np.random.default_rng(seed).normal(size=(1, 2, *sizes)).astype(np.float32)
    found = model(values, place, x.shape, **attributes)
    net = network_of(found)
    (layer,) = net.layers.values()
    (theirs,), y, lines = run_by_runtime(found, [x]), net(x), layer.lines(None, (x,))
    assert y.shape == theirs.shape
    if attributes["mode"] == "nearest":
        assert ((y == theirs) | near_ties(layer, x)).all()
    else:
        assert (abs(y - lines.exact) <= lines.proof).all()
        assert (abs(theirs - lines.exact) <= lines.proof).all()


def near_ties(layer, x):
    """The outputs that lie within 4*u*(size + 1) cells of a tie along some axis."""
    near = np.zeros(layer.shapes(x.shape)[0], bool)
    for axis, side in layer.sides(x.shape).items():
        near |= side.near_a_tie(4 * FLOAT32.u * (side.place.size + 1)).reshape([-1 if k == axis else 1 for k in range(x.ndim)])
    return near


def test_a_region_of_interest_beside_onnx_runtime():
    x = RNG.normal(size=(1, 1, 6, 7)).astype(np.float32)
    layer = cp.Resize(
        sizes=(1, 1, 5, 4),
        mode="linear",
        coordinate_transformation_mode="tf_crop_and_resize",
        roi=(0, 0, 0.25, -0.3, 1, 1, 1.2, 0.8),
        extrapolation_value=2.5,
    )
    lines = layer.lines(None, (x,))
    found = model_with(layer, [x])
    for y in (layer(x), *run_by_runtime(found, [x]), *run_by_us(found, [x])):
        assert (abs(y - lines.exact) <= lines.proof).all()
    assert (lines.exact == 2.5).any()


def test_an_old_resize():
    """Version 10: coordinates i/scale, the cell below."""
    x = np.arange(5, dtype=np.float32).reshape(1, 1, 5)
    net = network_of(model(np.array([1, 1, 1.5], np.float32), 1, x.shape, 10))
    (layer,) = net.layers.values()
    assert repr(layer) == "Resize(scales=(1.0, 1.0, 1.5), coordinate_transformation_mode='asymmetric', nearest_mode='floor')"
    assert net(x)[0, 0].tolist() == [0, 0, 1, 2, 2, 3, 4]
    net = network_of(model(np.array([1, 1, 2], np.float32), 1, x.shape, 10, mode="linear"))
    assert net(x)[0, 0].tolist() == [0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4, 4]


@pytest.mark.parametrize(
    ("version", "arguments", "attributes"),
    [
        (1, (), {"height_scale": 2.0, "width_scale": 3.0, "mode": "nearest"}),
        (7, (), {"scales": (1.0, 1.0, 2.0, 3.0)}),
        (9, (np.array([1, 1, 2, 3], np.float32),), {"mode": "nearest"}),
    ],
)
def test_upsample_of_every_version(version, arguments, attributes):
    x = RNG.normal(size=(2, 3, 2, 4)).astype(np.float32)
    (y,) = answer("Upsample", Call("Upsample", (x, *arguments), attributes, version))
    assert np.array_equal(y, x.repeat(2, 2).repeat(3, 3))
    if version == 1:
        (y,) = answer("Upsample", Call("Upsample", (x,), attributes | {"mode": "bilinear"}, version))
        lines = cp.Resize((1, 1, 2, 3), mode="linear", coordinate_transformation_mode="asymmetric").lines(None, (x,))
        assert (abs(y - lines.exact) <= lines.proof).all()


def test_an_empty_scales_stands_for_none():
    x = RNG.normal(size=(1, 1, 3, 4)).astype(np.float32)
    sizes = np.array([1, 1, 6, 2], np.int64)
    call = Call("Resize", (x, np.zeros(0, np.float32), np.zeros(0, np.float32), sizes), {"mode": "linear"}, 11)
    (y,) = answer("Resize", call)
    assert np.array_equal(y, cp.Resize(sizes=(1, 1, 6, 2), mode="linear")(x))


X = RNG.normal(size=(2, 3, 5, 6)).astype(np.float32)
WRITTEN = {
    "nearest": cp.Upsample(scale_factor=(2.0, 3.0)),
    "nearest by one number": cp.Upsample(scale_factor=2),
    "nearest of a size": cp.Upsample((10, 3)),
    "nearest-exact": cp.Upsample((7, 4), mode="nearest-exact"),
    "nearest to one size": cp.Upsample(7),
    "one size stays": cp.Upsample(scale_factor=(1.1, 1.5), mode="bilinear"),
    "one size stays, by a cubic": cp.Upsample(scale_factor=(1.125, 1.5), mode="bicubic"),
    "both stay": cp.Upsample(scale_factor=(1.1, 1.0), mode="bilinear"),
    "means": cp.Upsample((5, 3), mode="area"),
    "bilinear": cp.Upsample(scale_factor=2, mode="bilinear"),
    "bilinear by a fraction": cp.Upsample(scale_factor=(1.5, 0.75), mode="bilinear"),
    "bilinear with corners": cp.Upsample((9, 4), mode="bilinear", align_corners=True),
    "corners of a scale": cp.Upsample(scale_factor=1.5, mode="bilinear", align_corners=True),
    "corners of a whole scale": cp.Upsample(scale_factor=2, mode="bilinear", align_corners=True),
    "scale anew": cp.Upsample(scale_factor=(1.3, 0.7), mode="bilinear", recompute_scale_factor=True),
    "bicubic": cp.Upsample((9, 4), mode="bicubic"),
    "antialiased": cp.Upsample((3, 4), mode="bilinear", antialias=True),
    "bicubic antialiased": cp.Upsample((3, 4), mode="bicubic", antialias=True),
    "UpsamplingNearest2d": cp.UpsamplingNearest2d(scale_factor=(2, 2)),
    "UpsamplingBilinear2d": cp.UpsamplingBilinear2d((4, 9)),
    "Resize": cp.Resize((1, 1, 2, 0.5), mode="cubic", exclude_outside=True, cubic_coeff_a=-0.5),
    "Resize of some axes": cp.Resize(sizes=(7, 4), axes=(2, 3), mode="linear", coordinate_transformation_mode="asymmetric"),
    "Resize keeping the ratio": cp.Resize(sizes=(7, 8), axes=(2, 3), keep_aspect_ratio_policy="not_larger", mode="linear"),
    "Resize antialiased": cp.Resize(sizes=(3, 4), axes=(2, 3), mode="cubic", antialias=True),
    "for nearest of old": cp.Resize((1, 1, 2, 1.5), coordinate_transformation_mode="tf_half_pixel_for_nn", nearest_mode="floor"),
    "for nearest by default": cp.Resize((1, 1, 2, 0.5), coordinate_transformation_mode="tf_half_pixel_for_nn"),
}


@pytest.mark.parametrize("name", WRITTEN)
def test_what_is_written_computes_the_same(name):
    layer = WRITTEN[name]
    lines, found = layer.lines(None, (X,)), model_with(layer, [X])
    for y in (layer(X), *run_by_runtime(found, [X]), *run_by_us(found, [X])):
        assert y.shape == lines.exact.shape
        assert (abs(y - lines.exact) <= lines.proof).all()


@pytest.mark.parametrize("name", [name for name in WRITTEN if name not in ("nearest to one size", "both stay", "one size stays", "means")])
def test_what_is_written_for_open_sizes_computes_the_same(name):
    layer = WRITTEN[name]
    lines = layer.lines(None, (X,))
    net = cp.Network({"layer": (layer, "x")}, inputs=("x",), declared={"x": Declared(np.float32, (None, None, None, None))})
    found = model_of(net)
    for y in (*run_by_runtime(found, [X]), network_of(found)(X)):
        assert (abs(y - lines.exact) <= lines.proof).all()
    direct = layer.written()
    assert direct[-1].operator == "Resize"


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (cp.Upsample((3, 4), mode="area"), "whose sizes are open: it has no mode of means; use an AvgPool"),
        (cp.Upsample(scale_factor=1.5, recompute_scale_factor=True), "needs one number for each axis"),
        (cp.Upsample(3), "needs one number for each axis: give size or scale_factor as a tuple"),
        (
            cp.Resize((2.0,), coordinate_transformation_mode="tf_half_pixel_for_nn", nearest_mode="ceil"),
            "only be written as ONNX of a version",
        ),
    ],
)
def test_what_cannot_be_written(layer, message):
    with pytest.raises(cp.NotCoveredError, match=message):
        layer.written()


def test_means_of_unlike_windows_cannot_be_written():
    with pytest.raises(cp.NotCoveredError, match=r"for sizes \[5, 6\]: its windows differ"):
        cp.Upsample((3, 4), mode="area").written_at([(2, 3, 5, 6)])


class Decoder(torch.nn.Module):
    """Resized to the size of another array, and by a scale."""

    def __init__(self):
        super().__init__()
        self.up = torch.nn.UpsamplingBilinear2d(scale_factor=2)

    def forward(self, x):
        small = torch.nn.functional.interpolate(x, scale_factor=0.5, mode="nearest")
        return torch.nn.functional.interpolate(self.up(small), size=x.shape[2:], mode="bilinear", align_corners=False) + x


@pytest.mark.parametrize("example", [False, True])
def test_a_module_that_resizes(example):
    net = cp.from_torch(Decoder(), X) if example else cp.from_torch(Decoder())
    kinds = [type(layer).__name__ for layer in net.layers.values()]
    assert kinds.count("UpsamplingBilinear2d") + kinds.count("Upsample") + kinds.count("Late") == 3
    expected = Decoder()(torch.tensor(X)).numpy()
    # ours and theirs: two linear resizings of two axes, each within 8*u*(S + 6*difference), S <= max, differences <= 2*max; and a sum
    assert abs(net(X) - expected).max() <= 2 * (2 * 8 * 13 + 2) * FLOAT32.u * abs(X).max()
