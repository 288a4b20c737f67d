"""What poolings say: errors, equations, notes, conventions."""

import numpy as np
import pytest
import torch

import convproof as cp


def test_minus_infinity_is_no_candidate_of_a_derivation():
    x = np.array([[[-np.inf, 2], [1, -np.inf]]], np.float32)
    assert "= max(2, 1) = 2   (x[0, 0, 1] wins; 2 cells of the window are padding or -inf and cannot)" in (
        cp.MaxPool2d(2).why(x, at=(0, 0, 0)).text()
    )
    with pytest.raises(cp.NotFiniteError, match="every number of this window is -inf"):
        cp.MaxPool2d(2).derive((0, 0, 0), (np.full_like(x, -np.inf),))
    with pytest.raises(cp.NotFiniteError, match=r"^inf has no exact value"):
        cp.MaxPool2d(2).derive((0, 0, 0), (-x,))


BAD = [
    ("MaxPool2d", (2,), {"padding": 2}, "must be at most half of kernel_size=2"),
    ("MaxPool2d", (2,), {"padding": 2, "dilation": 4}, "must be at most half of kernel_size=2"),
    ("AvgPool2d", (3,), {"padding": (2, 1)}, "must be at most half of kernel_size=3"),
    ("AvgPool2d", (2,), {"padding": -1}, "padding=-1: expected an integer >= 0"),
    ("AvgPool2d", (2,), {"divisor_override": 0}, "nothing can be divided by 0"),
    ("AvgPool2d", (2,), {"divisor_override": 2.0}, "divisor_override=2.0: expected an integer other than 0"),
    ("AvgPool2d", (2,), {"divisor_override": True}, "divisor_override=True: expected an integer other than 0"),
    ("AvgPool2d", (2,), {"divisor_override": "2"}, "divisor_override='2': expected an integer other than 0"),
    ("MaxPool2d", (0,), {}, "kernel_size=0: expected an integer >= 1"),
    ("MaxPool2d", (2,), {"stride": 0}, "stride=0: expected an integer >= 1"),
    ("MaxPool2d", (2,), {"dilation": 0}, "dilation=0: expected an integer >= 1"),
    ("AvgPool2d", ((2, 3, 4),), {}, "or 2 of them"),
]


@pytest.mark.parametrize(("kind", "args", "keywords", "sentence"), BAD)
def test_settings_that_torch_refuses_too(kind, args, keywords, sentence):
    with pytest.raises((RuntimeError, ValueError, TypeError)):
        getattr(torch.nn, kind)(*args, **keywords)(torch.zeros(1, 1, 8, 8))
    with pytest.raises(cp.SettingError, match=sentence):
        getattr(cp, kind)(*args, **keywords)


def test_pairs_of_padding_may_be_wider_than_half_the_kernel():
    with pytest.raises(cp.SettingError, match="must be at most half of kernel_size=3, unless it is given as pairs"):
        cp.MaxPool2d(3, padding=2)
    x = -np.arange(1.0, 5).reshape(1, 2, 2)
    assert cp.MaxPool2d(3, 1, ((2, 0), (0, 2)))(x)[0].tolist() == [[-1, -2], [-1, -2]]
    alone = cp.AvgPool2d(2, 1, ((3, 0), (0, 0)), count_include_pad=False)(x)
    assert alone[0, :2].tolist() == [[pytest.approx(np.nan, nan_ok=True)]] * 2
    assert alone[0, 2:].tolist() == [[-1.5], [-2.5]]


@pytest.mark.parametrize("kind", ["MaxPool2d", "AvgPool2d"])
@pytest.mark.parametrize(
    "shape", [(8, 8), (1, 1, 1, 8, 8), (1, 1, 1, 8), (2, 0, 4, 4), (2, 3, 0, 4), (2, 3, 4, 0), (0, 4, 4), (3, 0, 4), (3, 2, 1)]
)
@pytest.mark.parametrize("kernel_and_padding", [(2, 0), (4, 1)])
def test_inputs_that_torch_refuses_too(kind, shape, kernel_and_padding):
    kernel, sides = kernel_and_padding
    with pytest.raises((RuntimeError, IndexError)):
        getattr(torch.nn, kind)(kernel, padding=sides)(torch.zeros(shape))
    layer = getattr(cp, kind)(kernel, padding=sides)
    with pytest.raises(cp.ShapeError):
        layer(np.zeros(shape))


def test_errors_say_what_was_found():
    with pytest.raises(cp.ShapeError, match=r"expects x of shape \(N, C, H, W\) or \(C, H, W\), of which only N may be 0; got \(8, 8\)"):
        cp.MaxPool2d(2)(np.zeros((8, 8)))
    with pytest.raises(cp.ShapeError, match=r"spans \(3, 5\) cells, more than the padded input \(3, 3\) has \(input shape \(1, 2, 3\)\)"):
        cp.MaxPool2d((3, 3), padding=((1, 0), (0, 0)), dilation=(1, 2))(np.zeros((1, 2, 3)))
    with pytest.raises(cp.ShapeError, match=r"pullback expects gradients of the outputs"):
        cp.MaxPool2d(2).vjp(np.zeros((1, 4, 4)))[1](np.zeros((1, 4, 4)))


def test_equations_and_settings_have_the_layers_own_numbers():
    layer = cp.MaxPool2d(3, (2, 1), ((1, 0), (0, 0)), (1, 2), return_indices=True, ceil_mode=True)
    assert layer.equation() == "y[n, c, i, j] = max over u, v of x[n, c, 2*i + u - 1, j + 2*v]"
    assert repr(layer) == (
        "MaxPool2d(kernel_size=3, stride=(2, 1), padding=((1, 0), (0, 0)), dilation=(1, 2), ceil_mode=True, return_indices=True)"
    )
    layer = cp.AvgPool2d((3, 2), count_include_pad=False, divisor_override=np.int64(7))
    assert layer.equation() == "y[n, c, i, j] = 1/D * sum over u, v of x[n, c, 3*i + u, 2*j + v]"
    assert repr(layer) == "AvgPool2d(kernel_size=(3, 2), count_include_pad=False, divisor_override=7)"
    assert (cp.AvgPool2d(3).stride, cp.AvgPool2d(3, 2).stride) == (3, 2)


def test_texts_name_winner_padding_and_divisor():
    x = np.arange(1.0, 26.0).reshape(1, 1, 5, 5)
    best = cp.MaxPool2d(3, 2, 1).why(x, at=(0, 0, 0, 0)).text()
    assert "= max(1, 2, 6, 7) = 7   (x[0, 0, 1, 1] wins; 5 cells of the window are padding and cannot)" in best
    alone = cp.MaxPool2d(2).why(x[0], at=(0, 1, 0))
    assert "max(x[0, 2, 0], x[0, 2, 1], x[0, 3, 0], x[0, 3, 1]) = max(11, 12, 16, 17) = 17   (x[0, 3, 1] wins)" in alone.text()
    place = cp.MaxPool2d(2, return_indices=True).why(x, at=(0, 0, 1, 0), output=1).text()
    assert "index = 16   (the winner stands at [3, 1]; cells are counted row by row)" in place


@pytest.mark.parametrize(
    ("args", "keywords", "at", "zeros", "note"),
    [
        ((2,), {}, (0, 0), False, "divided by the 4 cells of the window)"),
        ((3, 2, 1), {}, (0, 0), True, "divided by the 9 cells of the window, 5 cells of padding counted)"),
        ((3, 2, 1), {"count_include_pad": False}, (0, 0), True, "divided by the 4 cells that are not padding)"),
        ((3, 2, 1), {"count_include_pad": False}, (1, 1), False, "divided by the 9 cells of the window)"),
        ((2, 2), {"ceil_mode": True}, (2, 2), False, "divided by 1: the window of 4 is clipped where the padded input ends)"),
        ((4, 3, 1), {"ceil_mode": True}, (1, 1), True, "divided by the 16 cells of the window, 7 cells of padding counted)"),
        (
            (4, 4, 1),
            {"ceil_mode": True},
            (1, 0),
            True,
            "divided by 12: the window of 16 is clipped where the padded input ends, 6 cells of padding counted)",
        ),
        ((2,), {"divisor_override": 7}, (0, 0), False, "divided by divisor_override = 7)"),
    ],
)
def test_notes_say_how_the_divisor_was_found(args, keywords, at, zeros, note):
    text = cp.AvgPool2d(*args, **keywords).why(np.arange(1.0, 26.0).reshape(1, 5, 5), at=(0, *at)).text()
    assert note in text
    assert ("(0) is a zero of the padding" in text) == zeros


def test_conventions_name_the_traps():
    (onnx,) = (c for c in cp.AvgPool2d(2).conventions() if c.framework == "onnx")
    assert {s.ours: s.default for s in onnx.settings} == {
        "kernel_size": None,
        "stride": 1,
        "padding": 0,
        "ceil_mode": 0,
        "count_include_pad": 0,
        "dilation": 1,
    }
    (onnx,) = (c for c in cp.MaxPool2d(2).conventions() if c.framework == "onnx")
    assert "storage_order" in onnx.note
    (caffe,) = (c for c in cp.MaxPool2d(2).conventions() if c.framework == "caffe")
    assert next(s for s in caffe.settings if s.ours == "ceil_mode").default == "CEIL"
