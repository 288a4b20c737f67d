"""Window geometry by brute force: slide the window along the axis and see where it fits."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from convproof.core.arithmetic.padding import MODES, NOWHERE, pad, source, unpad
from convproof.core.window import Window, as_given, windows_of

small = st.integers(1, 4)


@given(st.integers(1, 14), small, small, small, st.integers(0, 3), st.integers(0, 3))
@settings(max_examples=400)
def test_outputs_and_taps_by_sliding(size, kernel, stride, dilation, before, after):
    window = Window(kernel, stride, dilation, before, after)
    places = []
    start = -before
    while start + dilation * (kernel - 1) < size + after:
        places.append([start + dilation * u for u in range(kernel)])
        start += stride
    assert max(window.outputs(size), 0) == len(places)
    assert [list(window.taps(i)) for i in range(len(places))] == places
    if places:
        assert window.reach(range(len(places))) == range(places[0][0], places[-1][-1] + 1)


@given(st.integers(1, 14), small, small, small, st.integers(0, 2), st.booleans())
@settings(max_examples=300)
def test_output_sizes_are_torchs(size, kernel, stride, dilation, padding, ceil):
    if 2 * padding > kernel:
        return
    window = Window(kernel, stride, dilation, padding, padding, ceil)
    try:
        theirs = torch.nn.functional.max_pool1d(torch.zeros(1, 1, size), kernel, stride, padding, dilation, ceil).shape[-1]
    except RuntimeError:
        theirs = 0
    assert max(window.outputs(size), 0) == theirs
    if theirs:
        last = window.taps(theirs - 1)
        assert window.overhang(size) == max(0, last[-1] + 1 - (size + padding))


def test_the_views_hold_what_the_taps_read():
    x = np.arange(2 * 3 * 7 * 9).reshape(2, 3, 7, 9)
    windows = (Window(3, 2, 1), Window(2, 1, 3))
    views = windows_of(x, windows)
    for i, j in np.ndindex(3, 6):
        assert np.array_equal(views[:, :, i, j], x[:, :, list(windows[0].taps(i))][..., list(windows[1].taps(j))])


NUMPYS = {"zeros": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}


@given(st.integers(1, 6), st.integers(1, 6), st.tuples(*[st.integers(0, 6)] * 4), st.sampled_from(MODES))
@settings(max_examples=200)
def test_padding_is_numpys(height, width, sides, mode):
    amounts = [sides[:2], sides[2:]]
    x = np.random.default_rng(0).normal(size=(2, height, width))
    assert np.array_equal(pad(x, amounts, mode), np.pad(x, [(0, 0), *amounts], mode=NUMPYS[mode]))


@pytest.mark.parametrize("mode", MODES)
def test_padding_is_torchs(mode):
    x = np.random.default_rng(0).normal(size=(1, 2, 5, 6))
    theirs = torch.nn.functional.pad(torch.tensor(x), (3, 2, 1, 4), mode="constant" if mode == "zeros" else mode).numpy()
    assert np.array_equal(pad(x, [(1, 4), (3, 2)], mode), theirs)


@pytest.mark.parametrize("mode", MODES)
def test_unpadding_is_the_adjoint_of_padding(mode):
    rng = np.random.default_rng(0)
    x = rng.integers(-9, 9, (2, 4, 5)).astype(float)
    amounts = [(2, 3), (1, 4)]
    u = rng.integers(-9, 9, pad(x, amounts, mode).shape).astype(float)
    assert (u * pad(x, amounts, mode)).sum() == (unpad(u, x.shape[1:], amounts, mode) * x).sum()


def test_a_coordinate_outside_shows_nothing_with_zeros():
    assert source(np.array([-1, 0, 2, 3]), 3, "zeros").tolist() == [NOWHERE, 0, 2, NOWHERE]


@given(st.integers(1, 14), small, small, small)
@settings(max_examples=200)
def test_padding_that_keeps_the_size_by_trying_all(size, kernel, stride, dilation):
    """The least padding that gives ceil(size / stride) outputs, as even as can be."""
    window = Window(kernel, stride, dilation)
    wanted = -(-size // stride)
    least = next(total for total in range(40) if Window(kernel, stride, dilation, total, 0).outputs(size) >= wanted)
    upper, lower = window.same(size, "same_upper"), window.same(size, "same_lower")
    for found in (upper, lower):
        assert found.before + found.after == least
        assert found.outputs(size) == wanted
    assert upper.after - upper.before == lower.before - lower.after == least % 2


def test_padding_as_torchs_attribute_has_it():
    assert as_given([Window(3, before=1, after=1), Window(2)]) == (1, 0)
    assert as_given([Window(3, before=1, after=1), Window(2, before=0, after=1)]) == ((1, 1), (0, 1))
