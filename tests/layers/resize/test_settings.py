"""Settings of resizing layers, their errors, numbers worked out by hand, and the words of a derivation."""

from fractions import Fraction

import numpy as np
import pytest
import torch

import convproof as cp
from convproof.core.lines import Lines
from convproof.layers.resize.kernels import Cubic, Linear, horner

ROW = np.array([[[1.0, 2.0, 4.0, 8.0]]])


def row(layer, values=ROW):
    return layer(values)[0, 0].tolist()


def test_numbers_worked_out_by_hand():
    assert row(cp.Upsample(scale_factor=2)) == [1, 1, 2, 2, 4, 4, 8, 8]
    assert row(cp.Upsample(3)) == [1, 2, 4]  # cells floor(0), floor(4/3), floor(8/3)
    assert row(cp.Upsample(3, mode="nearest-exact")) == [1, 4, 8]  # cells floor(2/3), floor(2), floor(10/3)
    assert row(cp.Upsample(2, mode="area")) == [1.5, 6]
    assert row(cp.Upsample(3, mode="area")) == [1.5, 3, 6]  # 0..1, 1..2, 2..3
    # coordinates -1/4, 1/4, 3/4, 5/4 ...
    assert row(cp.Upsample(8, mode="linear")) == [1, 1.25, 1.75, 2.5, 3.5, 5, 7, 8]
    # coordinates 0, 1/2, 1 ...
    assert row(cp.Upsample(7, mode="linear", align_corners=True)) == [1, 1.5, 2, 3, 4, 6, 8]
    # at 3/2, half-way between 2 and 4, Keys' kernel weighs -3/32, 19/32, 19/32, -3/32
    (middle,) = cp.Upsample((1, 1), mode="bicubic")(ROW[None]).reshape(-1).tolist()
    assert middle == (19 * (2 + 4) - 3 * (1 + 8)) / 32
    # a triangle of half-width 2 around 1/2 weighs cells 0, 1, 2 with 3/4, 3/4, 1/4
    assert row(cp.Resize((1, 1, 0.5), mode="linear", antialias=True, exclude_outside=True))[0] == pytest.approx(
        (1 * 3 + 2 * 3 + 4) / 7, rel=2**-22
    )


def test_coordinates_of_every_mode():
    ramp = np.arange(4.0).reshape(1, 1, 4)

    def at(mode, outputs=None, scale=None, **more):
        keywords = {"sizes": (1, 1, outputs)} if scale is None else {"scales": (1, 1, scale)}
        return row(cp.Resize(mode="linear", coordinate_transformation_mode=mode, **keywords, **more), ramp)

    assert at("half_pixel", 2) == [0.5, 2.5]
    assert at("pytorch_half_pixel", 2) == [0.5, 2.5]
    assert at("pytorch_half_pixel", 1) == [0]
    assert at("half_pixel", 1) == [1.5]
    assert at("asymmetric", 2) == [0, 2]
    assert at("align_corners", 2) == [0, 3]
    assert at("align_corners", 1) == [0]
    assert at("tf_half_pixel_for_nn", 2) == [1, 3]
    assert at("half_pixel", scale=0.625) == pytest.approx([0.3, 1.9], rel=2**-22)  # (i + 1/2)/0.625 - 1/2
    assert at("half_pixel_symmetric", scale=0.625) == pytest.approx([0.7, 2.3], rel=2**-22)  # and half of 4 - 2/0.625 further on
    roi = (0, 0, 0.5, 1, 1, 1.25)
    crop = at("tf_crop_and_resize", 3, roi=roi, extrapolation_value=-7)
    assert crop == [1.5, 2.625, -7]  # from 0.5*3 to 1.25*3, which lies outside
    assert at("tf_crop_and_resize", 1, roi=roi) == [2.625]


def test_the_nearest_cell_in_four_ways():
    ramp = np.arange(4.0).reshape(1, 1, 4)

    def at(nearest_mode, outputs):
        modes = {"coordinate_transformation_mode": "align_corners", "nearest_mode": nearest_mode}
        return row(cp.Resize(sizes=(1, 1, outputs), **modes), ramp)

    # coordinates 0, 1/2, 1, 3/2, 2, 5/2, 3
    assert at("round_prefer_floor", 7) == [0, 0, 1, 1, 2, 2, 3]
    assert at("round_prefer_ceil", 7) == [0, 1, 1, 2, 2, 3, 3]
    assert at("floor", 7) == [0, 0, 1, 1, 2, 2, 3]
    assert at("ceil", 7) == [0, 1, 1, 2, 2, 3, 3]
    # coordinates 0, 3/4, 3/2, 9/4, 3
    assert at("round_prefer_floor", 5) == [0, 1, 1, 2, 3]
    assert at("floor", 5) == [0, 0, 1, 2, 3]
    assert at("ceil", 5) == [0, 1, 2, 3, 3]


def test_sizes():
    assert cp.Resize((1, 1, 0.7)).shapes((2, 3, 10)) == ((2, 3, 7),)  # as a float32, 0.7 is a little less, and 10*0.7 is 7
    assert cp.Upsample(scale_factor=0.7).shapes((2, 3, 10)) == ((2, 3, 7),)
    policies = {"not_larger": (6, 9), "not_smaller": (8, 12), "stretch": (6, 12)}
    for policy, sizes in policies.items():
        layer = cp.Resize(sizes=(6, 12), axes=(2, 3), keep_aspect_ratio_policy=policy)
        assert layer.shapes((1, 1, 4, 6)) == ((1, 1, *sizes),)
    assert cp.Resize((2, 3), axes=(-1, 0)).shapes((2, 5, 7)) == ((6, 5, 14),)
    assert cp.Resize((1, 2.5)).shapes((0, 4)) == ((0, 10),)


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.int32, np.int64, bool])
def test_integers(dtype):
    x = np.array([[[0, 3, 1, 120]]]).astype(dtype)
    layer = cp.Upsample(8, mode="linear")
    (y,) = layer.checked_step((x,), False).outputs
    assert y.dtype == dtype
    expected = np.rint(layer(x.astype(np.float64)))
    assert np.array_equal(y, expected)
    assert layer.derive((0, 0, 5), (x,)).exact == y[0, 0, 5]
    lines = layer.lines(None, (x,))
    assert np.array_equal(lines.exact, expected)
    assert not lines.proof.any()
    (y,) = cp.Upsample(8).checked_step((x,), False).outputs
    assert np.array_equal(y[0, 0, ::2], x[0, 0])
    if dtype == np.uint8:
        image = np.array([[[[0, 0], [255, 255], [255, 255], [0, 0]]]], np.uint8)
        (y,) = cp.Upsample((9, 2), mode="bicubic").checked_step((image,), False).outputs
        assert (y.min(), y.max()) == (0, 255)  # a cubic kernel overshoots, and the type ends


def test_strings_and_truth_values_are_chosen():
    x = np.array([[["a", "b"]]])
    assert cp.Upsample(4).checked_step((x,), False).outputs[0].tolist() == [[["a", "a", "b", "b"]]]


def test_the_words_of_a_derivation():
    d = cp.Upsample(8, mode="linear").why(ROW, at=(0, 0, 3))
    text = d.text()
    assert "its place in x is 5/4 on axis 2, counted from 0" in text
    assert "w2[1]*x[0, 0, 1] + w2[2]*x[0, 0, 2]" in text
    assert [str(node.value) for node in d.nodes() if hasattr(node, "source")] == ["3/4", "2", "1/4", "4"]
    assert d.exact == Fraction(5, 2)
    d = cp.Upsample(3, mode="nearest-exact").why(ROW, at=(0, 0, 2))
    assert "its place in x is 10/3 on axis 2" in d.text()
    assert d.tree.parts[0].source.cell == (0, 0, 3)
    crop = cp.Resize(sizes=(3,), axes=(2,), mode="linear", coordinate_transformation_mode="tf_crop_and_resize", roi=(0.5, 1.25))
    d = crop.why(ROW, at=(0, 0, 2))
    assert "its place lies outside the input, where extrapolation_value stands" in d.text()
    assert d.exact == 0


def test_a_cell_at_the_edge_reads_the_edge_alone():
    d = cp.Upsample((8, 8), mode="bilinear").why(np.ones((1, 1, 4, 4)), at=(0, 0, 0, 7))
    assert [str(node.source) for node in d.nodes() if hasattr(node, "source")] == ["w2[0]", "w3[3]", "x[0, 0, 0, 3]"]


def test_a_third_is_a_third():
    d = cp.Upsample(4, mode="linear", align_corners=True).why(np.array([[[0.0, 1.0, 5.0]]]), at=(0, 0, 1))
    assert d.exact == Fraction(2, 3)


def test_cells_outside_show_a_constant_and_pass_nothing_on():
    crop = cp.Resize(
        sizes=(5,), axes=(2,), mode="linear", coordinate_transformation_mode="tf_crop_and_resize", roi=(-0.5, 0.5), extrapolation_value=3
    )
    y, pullback = crop.vjp(ROW)
    assert y[0, 0].tolist() == [3, 3, 1, 1.75, 3]
    assert pullback(np.ones_like(y)).inputs[0].tolist() == [[[1.25, 1.25, 0.5, 0]]]
    lines = crop.lines(None, (ROW,), (Lines(ROW, ROW, ROW),))
    assert lines.proof[0, 0, :2].tolist() == lines.sigma[0, 0, :2].tolist() == [0, 0]
    assert crop.reads((range(1), range(1), range(2)), (1, 1, 4)) == ((range(0), range(0), range(0)),)


def test_kernels_are_one_at_their_middle_and_add_up_to_one():
    t = np.linspace(0, 1, 9)
    for kernel in (Linear(), Cubic(Fraction(-3, 4)), Cubic(Fraction(-1, 2))):
        taps = np.arange(1 - kernel.support, kernel.support + 1)
        assert (abs(sum(kernel.weight(k - t) for k in taps) - 1) <= 2.0**-50).all()
        assert kernel.weight(np.arange(-3.0, 4)).tolist() == [0, 0, 0, 1, 0, 0, 0]
        steps = np.linspace(-2.5, 2.5, 10001)
        seen = abs(np.diff(kernel.weight(steps))) / (steps[1] - steps[0])
        assert (seen <= kernel.slope((steps[1:] + steps[:-1]) / 2, 0.0005) + 1e-9).all()


def test_the_error_of_a_polynomial_is_counted_step_by_step():
    # 2*t rounded, + 1 rounded: 6 + 7 units at 3; then *t + 0: 13*3 + 21
    assert horner((2.0, 1.0, 0.0), np.array([3.0])).tolist() == [13 * 3 + 21]
    rng = np.random.default_rng(0)
    t = rng.uniform(0, 2, 20000).astype(np.float32)
    for a in (np.float32(-0.75), np.float32(-0.6)):
        kernel = Cubic(Fraction(float(a)))
        near = ((a + 2) * t - (a + 3)) * t * t + np.float32(1)
        far = ((a * t - 5 * a) * t + 8 * a) * t - 4 * a
        wide = t.astype(np.float64)
        off = abs(np.where(t < 1, near, far) - kernel.weight(wide)) / 2.0**-24
        assert (off <= kernel.units(wide) + 2.0**-20).all()
        assert off.max() > 5


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({}, "size=None and scale_factor=None: give one of them, and not both"),
        ({"size": 2, "scale_factor": 2}, "size=2 and scale_factor=2.0: give one of them"),
        ({"size": 2, "mode": "cubic"}, "mode='cubic': expected 'nearest', 'nearest-exact', "),
        ({"size": 2, "align_corners": True}, "align_corners=True says nothing for mode='nearest'"),
        ({"size": 2, "recompute_scale_factor": True}, "recompute_scale_factor=True needs a scale_factor"),
    ],
)
def test_settings_that_torch_refuses(keywords, message):
    with pytest.raises((ValueError, NotImplementedError)):
        torch.nn.Upsample(**keywords)(torch.zeros(1, 1, 3, 4))
    with pytest.raises(cp.SettingError, match=message):
        cp.Upsample(**keywords)


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"size": 0}, "size=0: expected a positive whole number"),
        ({"size": (2, 1.5)}, r"size=\(2, 1.5\): expected"),
        ({"scale_factor": -1}, "scale_factor=-1: expected a positive number"),
        ({"scale_factor": "2"}, "scale_factor='2': expected a positive number"),
        ({"size": 3, "mode": "linear", "antialias": True}, "antialias=True is for mode='bilinear' or 'bicubic'; got mode='linear'"),
    ],
)
def test_settings_that_cannot_be(keywords, message):
    with pytest.raises(cp.SettingError, match=message):
        cp.Upsample(**keywords)


@pytest.mark.parametrize(
    ("keywords", "shape", "message"),
    [
        ({"size": 2, "mode": "linear"}, (1, 1, 3, 4), r"expects x of shape \(N, C, W\), of which only N may be 0; got \(1, 1, 3, 4\)"),
        ({"size": 2, "mode": "bilinear"}, (1, 1, 3), r"expects x of shape \(N, C, H, W\), of"),
        ({"size": 2, "mode": "bicubic"}, (1, 1, 3, 4, 5), "expects x of shape"),
        ({"size": 2}, (3, 4), r"\(N, C, W\), \(N, C, H, W\) or \(N, C, D, H, W\)"),
        ({"size": 2}, (1, 1, 2, 3, 4, 5), "expects x of shape"),
        ({"size": 2}, (1, 0, 2), "of which only N may be 0"),
        ({"size": (2, 3)}, (1, 1, 3), r"names 2 spatial axes; got x of shape \(1, 1, 3\)"),
        ({"scale_factor": (2.0, 3.0)}, (1, 1, 3), "names 2 spatial axes"),
        ({"scale_factor": 0.2}, (1, 1, 4), r"leaves nothing of x of shape \(1, 1, 4\); use a larger scale_factor"),
    ],
)
def test_inputs_that_do_not_fit(keywords, shape, message):
    with pytest.raises((ValueError, NotImplementedError, RuntimeError)):
        torch.nn.Upsample(**keywords)(torch.zeros(shape))
    with pytest.raises(cp.ShapeError, match=message):
        cp.Upsample(**keywords)(np.zeros(shape))


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({}, "scales=None and sizes=None: give one of them"),
        ({"scales": (1, 2), "sizes": (1, 2)}, "give one of them, and not both"),
        ({"scales": (1, -2)}, r"scales and sizes must be positive, and at most 2147483648; got \(1.0, -2.0\)"),
        ({"scales": ((1, 2), (3, 4))}, r"scales=\(\(1, 2\), \(3, 4\)\): expected finite numbers"),
        ({"sizes": (2, float("nan"))}, r"sizes=\(2, nan\): expected finite numbers"),
        ({"sizes": (2, 3), "cubic_coeff_a": float("inf")}, r"cubic_coeff_a=\(inf,\): expected finite"),
        ({"sizes": (2, 3), "axes": (1,)}, "1 axes and 2 scales or sizes: expected as many"),
        ({"sizes": (2,), "mode": "area"}, "mode='area': expected 'nearest', 'linear' or 'cubic'"),
        ({"sizes": (2,), "nearest_mode": "up"}, "nearest_mode='up': expected 'round_prefer_floor'"),
        ({"sizes": (2,), "coordinate_transformation_mode": "middle"}, "coordinate_transformation_mode='middle': expected 'half_pixel'"),
        ({"sizes": (2,), "keep_aspect_ratio_policy": "both"}, "keep_aspect_ratio_policy='both': expected 'stretch'"),
        ({"sizes": (2,), "antialias": 1}, "antialias=True is for mode='linear' or 'cubic'"),
        ({"sizes": (2,), "coordinate_transformation_mode": "tf_crop_and_resize", "roi": (0,)}, "needs roi, 1 beginnings and then as many"),
    ],
)
def test_settings_of_resize_that_cannot_be(keywords, message):
    with pytest.raises(cp.SettingError, match=message):
        cp.Resize(**keywords)


@pytest.mark.parametrize(
    ("layer", "shape", "message"),
    [
        (lambda: cp.Resize((1, 2)), (3,), r"names 2 axes; got x of shape \(3,\)"),
        (lambda: cp.Resize((2,), axes=(3,)), (3, 4), "names 1 axes"),
        (lambda: cp.Resize(sizes=(2,)), (0,), r"leaves nothing of axis 0 of \(0,\)"),
        (lambda: cp.Resize(sizes=(2**20, 2**20)), (2, 2), r"asks for \(1048576, 1048576\), more cells than any network has"),
        (lambda: cp.Resize((0.2,)), (4,), "leaves nothing of axis 0"),
    ],
)
def test_inputs_of_resize_that_do_not_fit(layer, shape, message):
    with pytest.raises(cp.ShapeError, match=message):
        layer()(np.zeros(shape))


def test_means_of_shared_cells_in_every_way():
    """What the laws see of the other modes; "area" is none of ONNX's."""
    x = np.random.default_rng(0).normal(size=(2, 2, 7, 5))
    layer = cp.Upsample((3, 4), mode="area")
    y, pullback = layer.vjp(x)
    lines, dy = layer.lines(None, (x,)), np.random.default_rng(1).normal(size=y.shape)
    tensor = torch.tensor(x, requires_grad=True)
    torch.nn.functional.adaptive_avg_pool2d(tensor, (3, 4)).backward(torch.tensor(dy))
    assert (abs(pullback(dy).inputs[0] - tensor.grad.numpy()) <= 16 * 2.0**-53 * abs(dy).max()).all()
    for cell in np.ndindex(y.shape):
        d = layer.derive(cell, (x,))
        assert abs(float(d.exact) - lines.exact[cell]) <= lines.proof[cell]
        assert layer.lines(np.array([cell]), (x,)).proof == pytest.approx(lines.proof[cell], rel=1e-12)
        cells = {node.source.cell for node in d.nodes() if hasattr(node, "source") and node.source.what == "input"}
        (region,) = layer.reads(tuple(range(i, i + 1) for i in cell), x.shape)
        assert len(cells) == np.prod([len(r) for r in region])
        assert all(i in r for read in cells for i, r in zip(read, region, strict=True))
    assert layer.products(x.shape) == 2 * 2 * (3 + 3 + 3) * (2 + 2 + 2 + 2)
