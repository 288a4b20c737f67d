"""Upsample beside PyTorch, over all its settings."""

from contextlib import nullcontext

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import convproof as cp
from convproof.core.formats import format_of
from convproof.core.operators import Call
from convproof.formats.operators import bound, operators, read
from tests.operators import answer_torch

INTERPOLATE = torch.nn.functional.interpolate
AXES = {"linear": 1, "bilinear": 2, "trilinear": 3, "bicubic": 2}
factors = st.floats(0.3, 3) | st.sampled_from([0.5, 2.0, 1.5, 0.7, 3.0])


@st.composite
def cases(draw, modes):
    """Settings of interpolate, and the sizes of an image."""
    mode = draw(st.sampled_from(modes))
    axes = AXES.get(mode) or draw(st.integers(1, 3))
    sizes = draw(st.lists(st.integers(1, 9), min_size=axes, max_size=axes))
    found = {"mode": mode}
    if draw(st.booleans()):
        found["size"] = tuple(draw(st.lists(st.integers(1, 13), min_size=axes, max_size=axes)))
    else:
        found["scale_factor"] = tuple(draw(st.lists(factors, min_size=axes, max_size=axes)))
        assume(all(int(n * s) for n, s in zip(sizes, found["scale_factor"], strict=True)))
        found["recompute_scale_factor"] = draw(st.sampled_from([None, False, True]))
    if mode in AXES:
        found["align_corners"] = draw(st.sampled_from([None, False, True]))
    return found, sizes


def image(sizes, dtype, seed):
    return np.random.default_rng(seed).normal(size=(2, 3, *sizes)).astype(dtype)


def far_from_ties(layer, x):
    """The outputs of nearest modes that lie further than 4*u*(size + 1) cells from a tie, along every axis."""
    u, (shape,) = format_of(x.dtype).u, layer.shapes(x.shape)
    far = np.ones(shape, bool)
    for axis, side in layer.sides(x.shape).items():
        near = side.near_a_tie(4 * u * (side.place.size + 1))
        far &= ~near.reshape([-1 if k == axis else 1 for k in range(far.ndim)])
    return far


@given(cases([*AXES, "area"]), st.sampled_from([np.float32, np.float64]), st.integers(0, 99))
@settings(max_examples=100, deadline=None)
def test_weighed_outputs_lie_below_the_line(case, dtype, seed):
    keywords, sizes = case
    x = image(sizes, dtype, seed)
    layer = cp.Upsample(**keywords)
    lines = layer.lines(None, (x,), arithmetic=format_of(dtype))
    for y in (layer(x), INTERPOLATE(torch.tensor(x), **keywords).numpy()):
        assert y.shape == lines.exact.shape
        assert (abs(y - lines.exact) <= lines.proof).all()


@given(cases(["bilinear", "bicubic"]), st.sampled_from([np.float32, np.float64]), st.integers(0, 99))
@settings(max_examples=60, deadline=None)
def test_antialiased_outputs_lie_below_the_line(case, dtype, seed):
    keywords, sizes = case
    x = image(sizes, dtype, seed)
    layer = cp.Upsample(**keywords, antialias=True)
    lines = layer.lines(None, (x,), arithmetic=format_of(dtype))
    assert (abs(layer(x) - lines.exact) <= lines.proof).all()
    if lines.exact.shape[-1] > 1:  # torch 2.13 gives the first row over and over where the output is one cell wide
        theirs = INTERPOLATE(torch.tensor(x), **keywords, antialias=True).numpy()
        assert (abs(theirs - lines.exact) <= lines.proof).all()


@given(cases(["nearest", "nearest-exact"]), st.sampled_from([np.float32, np.float64]), st.integers(0, 99))
@settings(max_examples=80, deadline=None)
def test_the_nearest_cells_are_torchs_away_from_ties(case, dtype, seed):
    keywords, sizes = case
    x = image(sizes, dtype, seed)
    layer = cp.Upsample(**keywords)
    y = layer(x)
    if "scale_factor" in keywords and len(sizes) == 2 and any(m in (n, 2 * n) for n, m in zip(sizes, y.shape[2:], strict=True)):
        return  # torch takes the ratio of the sizes here for small images, the scale_factor for large ones
    theirs = INTERPOLATE(torch.tensor(x), **keywords).numpy()
    assert ((y == theirs) | ~far_from_ties(layer, x)).all()


def test_torch_contradicts_itself_where_nearest_keeps_a_size():
    """The size of the other axis decides which cells torch reads."""
    small, large = (INTERPOLATE(torch.arange(9.0).expand(1, 1, h, 9), scale_factor=(1.5, 1.1)).numpy() for h in (5, 200))
    assert small[0, 0, 0].tolist() == [0, 1, 2, 3, 4, 5, 6, 7, 8]
    assert large[0, 0, 0].tolist() == [0, 0, 1, 2, 3, 4, 5, 6, 7]
    ours = cp.Upsample(scale_factor=(1.5, 1.1))(np.arange(9.0).reshape(1, 1, 1, 9))
    assert ours[0, 0, 0].tolist() == [int(i / 1.1) for i in range(9)]


def test_the_nearest_cell_is_worked_out_exactly():
    """Of 16 384 pairs of sizes torch picks another cell in some, each time within the stated distance of a tie."""
    picked = 0
    for size in range(1, 129, 3):
        x = np.arange(size, dtype=np.float32).reshape(1, 1, size)
        for outputs in range(1, 129, 5):
            layer = cp.Upsample(outputs)
            y, theirs = layer(x)[0, 0], INTERPOLATE(torch.tensor(x), outputs).numpy()[0, 0]
            assert y.tolist() == [i * size // outputs for i in range(outputs)]
            other = y != theirs
            picked += other.any()
            assert not (other & far_from_ties(layer, x)[0, 0]).any()
    assert picked > 0


@pytest.mark.parametrize("sizes", [(2048, 3001), (511, 1300)])
@pytest.mark.parametrize("mode", ["linear", "cubic"])
def test_long_axes(sizes, mode):
    before, after = sizes
    x = np.random.default_rng(0).normal(size=(1, 1, 1, before)).astype(np.float32)
    keywords = {"mode": "bilinear" if mode == "linear" else "bicubic", "size": (1, after)}
    lines = cp.Upsample(**keywords).lines(None, (x,))
    theirs = INTERPOLATE(torch.tensor(x), **keywords).numpy()
    ratio = abs(theirs - lines.exact) / lines.proof
    assert 0.005 < ratio.max() <= 1  # a line a hundred times too wide would hide a shift of the coordinates
    shifted = cp.Upsample(**keywords)(np.roll(x, 1, axis=-1))
    assert (abs(shifted - lines.exact) > lines.proof).mean() > 0.9


def test_not_a_number_spreads_as_in_torch():
    x = np.random.default_rng(0).normal(size=(1, 1, 5, 6)).astype(np.float32)
    x[0, 0, 2, 1], x[0, 0, 4, 4] = np.nan, np.inf
    for keywords in (
        {"size": (9, 11), "mode": "bilinear", "align_corners": True},
        {"size": (10, 9), "mode": "bilinear"},
        {"size": (7, 8), "mode": "bicubic"},
        {"size": (7, 9)},
        {"size": (3, 4), "mode": "area"},
    ):
        ours, theirs = cp.Upsample(**keywords)(x), INTERPOLATE(torch.tensor(x), **keywords).numpy()
        assert np.array_equal(np.isfinite(ours), np.isfinite(theirs)), keywords
    with np.errstate(all="raise"):
        cp.Upsample((9, 11), mode="bilinear")(x)


def test_an_empty_batch():
    for mode in ("nearest", "bilinear", "bicubic", "area"):
        assert cp.Upsample((4, 3), mode=mode)(np.zeros((0, 2, 3, 5))).shape == (0, 2, 4, 3)


X = np.random.default_rng(5).normal(size=(2, 3, 4, 5)).astype(np.float32)


@pytest.mark.parametrize(
    ("name", "arguments", "named"),
    [
        ("interpolate", (None, 2.0), {"mode": "bilinear"}),
        ("interpolate", ((7, 6),), {"mode": "bicubic", "align_corners": True}),
        ("interpolate", (), {"scale_factor": [1.5, 2.5], "recompute_scale_factor": True}),
        ("interpolate", ((2, 3),), {"mode": "bilinear", "antialias": True}),
        ("upsample", ((7, 6),), {}),
        ("upsample_nearest", (None, 2), {}),
        ("upsample_bilinear", ((7, 6),), {}),
    ],
)
def test_functions(name, arguments, named):
    with pytest.warns() if name != "interpolate" else nullcontext():
        theirs = getattr(torch.nn.functional, name)(torch.tensor(X), *arguments, **named).numpy()
    assert_below(name, X, theirs, *arguments, **named)


def assert_below(name, x, theirs, *arguments, **named):
    """Our answer to a call and torch's lie below the line of the layer that we read."""
    operator = operators("torch")[name]
    layer = read(operator, Call(name, bound(operator, (x, *arguments), named))).layer
    lines = layer.lines(None, (x,), arithmetic=format_of(x.dtype))
    for y in (*answer_torch(name, x, *arguments, **named), theirs):
        assert y.shape == lines.exact.shape
        assert (abs(y - lines.exact) <= lines.proof).all()


ATEN = {
    "upsample_nearest1d": (1, {"output_size": [7]}, {"output_size": None, "scale_factors": [2.0]}),
    "upsample_nearest2d": (2, {"output_size": [8, 7]}, {"output_size": [12, 10], "scales_h": 3.0, "scales_w": 2.0}),
    "upsample_nearest3d": (3, {"output_size": [2, 8, 7]}, {"output_size": None, "scale_factors": [2.0, 0.5, 1.5]}),
    "_upsample_nearest_exact1d": (1, {"output_size": [7]}, {"output_size": [10], "scales": 2.0}),
    "_upsample_nearest_exact2d": (2, {"output_size": [3, 7]}, {"output_size": None, "scale_factors": [0.5, 2.0]}),
    "upsample_linear1d": (1, {"output_size": [7], "align_corners": True}, {"output_size": [8], "align_corners": False, "scales": 1.7}),
    "upsample_bilinear2d": (
        2,
        {"output_size": [7, 3], "align_corners": True},
        {"output_size": None, "align_corners": False, "scale_factors": [1.7, 0.9]},
    ),
    "upsample_trilinear3d": (
        3,
        {"output_size": [2, 7, 3], "align_corners": False},
        {"output_size": [6, 8, 5], "align_corners": False, "scales_d": 2.0, "scales_h": 2.0, "scales_w": 1.1},
    ),
    "upsample_bicubic2d": (
        2,
        {"output_size": [7, 3], "align_corners": True},
        {"output_size": None, "align_corners": False, "scale_factors": [1.7, 0.9]},
    ),
    "_upsample_bilinear2d_aa": (
        2,
        {"output_size": [3, 2], "align_corners": False},
        {"output_size": None, "align_corners": False, "scale_factors": [0.6, 0.5]},
    ),
    "_upsample_bicubic2d_aa": (
        2,
        {"output_size": [3, 2], "align_corners": False},
        {"output_size": [2, 3], "align_corners": False, "scales_h": 0.5, "scales_w": 0.6},
    ),
}


@pytest.mark.parametrize(("name", "which"), [(name, which) for name in ATEN for which in (1, 2)])
def test_operators_of_exported_graphs(name, which):
    axes, named = ATEN[name][0], ATEN[name][which]
    x = X.astype(np.float64).reshape(2, 3, *{1: (20,), 2: (4, 5), 3: (1, 4, 5)}[axes])[..., :5]
    if axes == 3:
        x = np.concatenate([x, -x, x + 1], axis=2)
    packet = getattr(torch.ops.aten, name)
    call = packet.vec if "scale_factors" in named else packet.default
    theirs = call(torch.tensor(x.copy()), **named).numpy()
    assert_below(name, x, theirs, **named)
