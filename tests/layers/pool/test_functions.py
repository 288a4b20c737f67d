"""torch's pooling functions, each read as a layer, beside the function itself; and padding that depends on the input's size."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import convproof as cp
from tests.operators import answer_torch

F = torch.nn.functional
X = {axes: np.random.default_rng(axes).normal(size=(2, 3, 6, 5, 7)[: 2 + axes]).astype(np.float32) for axes in (1, 2, 3)}

CALLS = [
    ("max_pool{n}d", (2,), {}),
    ("max_pool{n}d", (3, 2, 1), {"ceil_mode": True, "dilation": 1}),
    ("max_pool{n}d", (3, 2, 1, 1, True, True), {}),
    ("max_pool{n}d_with_indices", (3,), {"stride": 2}),
    ("avg_pool{n}d", (2,), {}),
    ("avg_pool{n}d", (3, 2, 1, True), {"count_include_pad": False}),
    ("lp_pool{n}d", (2.0, 2), {}),
    ("lp_pool{n}d", (2, 3, 2, True), {}),
    ("adaptive_avg_pool{n}d", (3,), {}),
    ("adaptive_max_pool{n}d", (2, True), {}),
    ("adaptive_max_pool{n}d", (2,), {"return_indices": False}),
    ("adaptive_max_pool{n}d_with_indices", (2,), {}),
]


@pytest.mark.parametrize("axes", [1, 2, 3])
@pytest.mark.parametrize(("name", "arguments", "named"), CALLS)
def test_functions(name, arguments, named, axes):
    name = name.format(n=axes)
    theirs = getattr(F, name)(torch.tensor(X[axes]), *arguments, **named)
    theirs = theirs if isinstance(theirs, tuple) else (theirs,)
    ours = answer_torch(name, X[axes], *arguments, **named)
    assert len(ours) == len(theirs)
    for mine, other in zip(ours, theirs, strict=True):
        # a handful of float32 roundings of numbers below 4, on either side
        assert (abs(mine - other.numpy()) <= 64 * 2.0**-24 * 4).all()


ATEN = [
    ("max_pool2d_with_indices", 2, ([3, 2], [2, 1], [1, 1], [1, 2], True)),
    ("max_pool2d_with_indices", 2, ([3, 2], [])),
    ("max_pool3d_with_indices", 3, ([2, 2, 3], [], [1, 0, 1])),
    ("max_pool2d", 2, ([2, 3],)),
    ("avg_pool1d", 1, ([3], [], [1])),
    ("avg_pool2d", 2, ([3, 2], [2, 1], [1, 0], False, True, 5)),
    ("avg_pool3d", 3, ([2, 1, 3], [])),
    ("_adaptive_avg_pool2d", 2, ([4, 3],)),
    ("_adaptive_avg_pool3d", 3, ([2, 3, 4],)),
    ("adaptive_max_pool1d", 1, ([4],)),
    ("adaptive_max_pool2d", 2, ([4, 3],)),
    ("adaptive_max_pool3d", 3, ([2, 3, 1],)),
]


@pytest.mark.parametrize(("name", "axes", "arguments"), ATEN)
def test_what_torch_export_leaves_of_them(name, axes, arguments):
    theirs = getattr(torch.ops.aten, name).default(torch.tensor(X[axes]), *arguments)
    theirs = theirs if isinstance(theirs, tuple) else (theirs,)
    ours = answer_torch(name, X[axes], *arguments)
    assert len(ours) == len(theirs)
    for mine, other in zip(ours, theirs, strict=True):
        assert (abs(mine - other.numpy()) <= 64 * 2.0**-24 * 4).all()


def test_sizes_that_a_graph_computed():
    x = X[2]
    (mean,) = answer_torch("avg_pool2d", x, np.array([6, 5]))
    assert (abs(mean - x.mean((2, 3), keepdims=True)) <= 64 * 2.0**-24 * 4).all()
    assert answer_torch("adaptive_avg_pool2d", x, (np.int64(2), None))[0].shape == (2, 3, 2, 5)


small = st.integers(1, 4)


@given(st.integers(1, 9), small, small, small, st.sampled_from(["same_upper", "same_lower"]), st.booleans())
@settings(max_examples=100)
def test_same_padding_by_its_definition(size, kernel, stride, dilation, padding, ceil):
    """ceil(size / stride) outputs; the windows are in the middle of what they span, the odd cell of padding at the end or the beginning."""
    x = np.random.default_rng(size).normal(size=(1, size))
    outputs = (size + stride - 1) // stride
    whole = max(0, (outputs - 1) * stride + dilation * (kernel - 1) + 1 - size)
    first = -(whole // 2) if padding == "same_upper" else -(whole - whole // 2)
    windows = [[first + i * stride + dilation * u for u in range(kernel)] for i in range(outputs)]
    seen = [[x[0, w] for w in window if 0 <= w < size] for window in windows]
    largest = cp.MaxPool1d(kernel, stride, padding, dilation, ceil_mode=ceil)
    assert largest(x).tolist() == [[max(numbers, default=-np.inf) for numbers in seen]]
    mean = cp.AvgPool1d(kernel, stride, padding, ceil, dilation=dilation)
    expected = np.array([sum(numbers) / kernel for numbers in seen])
    assert (abs(mean(x)[0] - expected) <= 2 * mean.lines(None, (x,)).proof[0]).all()


def test_a_padding_by_size_speaks_of_p_until_the_size_is_known():
    layer = cp.MaxPool2d(3, 2, "same_upper")
    assert repr(layer) == "MaxPool2d(kernel_size=3, stride=2, padding='same_upper')"
    assert layer.equation() == "y[n, c, i, j] = max over u, v of x[n, c, 2*i + u - p, 2*j + v - p]"
    assert layer.why(np.zeros((1, 5, 6)), at=(0, 0, 0)).formula == "y[n, c, i, j] = max over u, v of x[n, c, 2*i + u - 1, 2*j + v]"
    with pytest.raises(cp.SettingError, match="padding='same': expected numbers, or 'same_upper', 'same_lower'"):
        cp.AvgPool2d(3, padding="same")


def test_indices_in_other_ways():
    x = np.zeros((2, 2, 3, 4))
    x[1, 1, 2, 1] = 5
    at = (1, 1, 0, 0)
    for ways, place, words in (
        ({}, 9, "the winner stands at [2, 1]; cells are counted row by row"),
        ({"indices_in": "array"}, 45, "the winner stands at [2, 1]; cells are counted row by row, after the 36 cells of the planes before"),
        ({"storage_order": 1}, 5, "the winner stands at [2, 1]; cells are counted column by column"),
    ):
        layer = cp.MaxPool2d((3, 4), return_indices=True, **ways)
        assert layer(x)[1][at] == place
        assert words in layer.why(x, at=at, output=1).text()
    for ways in ({"indices_in": "image"}, {"storage_order": 2}):
        with pytest.raises(cp.SettingError, match="expected"):
            cp.MaxPool2d(2, **ways)
