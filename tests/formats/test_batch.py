"""A batch is an array that knows its pixels; what is made from it is an array that does not."""

import copy
import pickle

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import convproof as cp
from convproof.core.axes import as_array
from convproof.core.derivation import evaluate
from convproof.explaining.back import back
from convproof.formats.images import Batch
from tests.walkthrough import IMAGE_A, IMAGE_B, network

IMAGES = np.random.default_rng(3).integers(0, 256, (2, 5, 7, 3), np.uint8)


@given(st.tuples(st.integers(-2, 1), st.integers(-3, 2), st.integers(-5, 4), st.integers(-7, 6)))
def test_every_number_is_derived_from_its_pixel(cell):
    x = cp.to_batch(IMAGES)
    d = x.derive(cell)
    n, c, h, w = d.cell
    pixel, divisor = d.tree.parts
    assert (pixel.source.what, pixel.source.name, pixel.source.cell) == ("pixel", "pixels", (n, h, w, c))
    assert (pixel.value, divisor.value) == (IMAGES[n, h, w, c], 255)
    assert evaluate(d.tree) == d.exact == pixel.value / 255
    assert d.computed == x[cell] == np.asarray(x)[cell]
    assert abs(d.value - float(d.exact)) <= d.allowed


def test_a_derivation_reads_like_a_hand_calculation():
    d = cp.to_batch([IMAGE_A, IMAGE_B]).derive((0, 0, 4, 1))
    assert (d.layer, d.formula, str(d.described)) == ("input", "x[n, c, h, w] = pixels[n, h, w, c] / 255", "divided by 255, in float32")
    assert "x = pixels[0, 4, 1, 0] / 255 = 50 / 255 ≈ 0.196078" in d.text()
    assert str(d.tree.note) == "row 4, column 1, channel 0 of image 0: H, W, C became C, H, W"


def test_a_cell_outside_is_a_sentence():
    with pytest.raises(cp.CellError, match=r"input has shape \(2, 3, 5, 7\): index 3 of a cell goes from 0 to 6, got 7"):
        cp.to_batch(IMAGES).derive((0, 0, 0, 7))


def test_a_pixel_that_is_not_finite_is_told():
    image = np.ones((5, 7, 3), np.float32)
    image[1, 2, 0] = np.nan
    with pytest.raises(cp.NotFiniteError) as caught:
        cp.to_batch(image).derive((0, 0, 1, 2))
    assert str(caught.value) == "input[0, 0, 1, 2] is nan: it was given so"


def test_trace_and_layer_go_back_to_the_pixel():
    x = cp.to_batch([IMAGE_A, IMAGE_B])
    chain = list(back(network().trace(x).why("relu", (0, 0, 2, 1))))
    assert [d.layer for d in chain] == ["relu", "bn1", "conv1", "input"]
    assert [float(part.value) for part in chain[-1].tree.parts] == [50, 255]
    with pytest.raises(cp.NotCoveredError, match="reads no input cell"):
        chain[-1].expand(0)
    pixel = network()["conv1"].why(x, at=(0, 0, 2, 1)).expand(3)
    assert pixel.formula.endswith("/ 255")


def test_what_layers_compute_with_is_a_plain_array():
    x = cp.to_batch(IMAGES)
    assert type(as_array(x)) is np.ndarray
    conv = cp.Conv2d(3, 2, 3, seed=0)
    assert type(conv(x)) is np.ndarray
    assert (conv(x) == conv(np.array(x))).all()
    assert type(network().vjp(x)[0]) is np.ndarray
    assert torch.tensor(x).shape == x.shape


@pytest.mark.parametrize(
    "change",
    [
        lambda x: x[0],
        lambda x: x[:1],
        lambda x: x[..., ::2],
        lambda x: x * 2,
        lambda x: x + x,
        lambda x: -x,
        lambda x: x.copy(),
        lambda x: x.astype(np.float64),
        lambda x: x.transpose(1, 0, 2, 3),
        lambda x: x.reshape(2, -1),
        lambda x: np.concatenate([x, x]),
        lambda x: np.flip(x, axis=3),
        lambda x: x.view(),
        lambda x: x.mean(axis=0),
    ],
)
def test_what_is_cut_out_or_computed_knows_no_pixels(change):
    x = cp.to_batch(IMAGES)
    made = change(x)
    assert getattr(made, "stages", ()) == ()
    assert getattr(made, "sentence", None) is None
    assert len(x.stages) == 2
    cell = (0,) * made.ndim
    if isinstance(made, Batch):
        d = made.derive(cell)
        assert (str(d.formula), float(d.exact)) == ("a number that was given", float(made[cell]))


def test_a_slice_can_be_traced_and_explained():
    x = cp.to_batch([IMAGE_A, IMAGE_B])[:1]
    trace = network().trace(x)
    assert trace.keys() == ["input", "conv1", "bn1", "relu"]
    assert str(trace.why("input", (0, 0, 0, 1)).formula) == "a number that was given"


def test_a_batch_cannot_be_changed_and_its_copy_can():
    x = cp.to_batch(IMAGES)
    with pytest.raises(cp.SettingError) as caught:
        x[0, 0, 0, 0] = 1
    assert str(caught.value) == "a batch stays as its images gave it; change an x.copy(), or the image before it becomes a batch"
    with pytest.raises(ValueError, match="read-only"):
        x *= 2
    for stage in x.stages:
        with pytest.raises(ValueError, match="read-only"):
            stage.array[0, 0, 0, 0] = 1
    changed = x.copy()
    changed[0, 0, 0, 0] = 0.25
    assert changed.derive((0, 0, 0, 0)).value == 0.25


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_pickling_keeps_the_stages(protocol):
    x = cp.to_batch(IMAGES)
    again = pickle.loads(pickle.dumps(x, protocol))
    assert type(again) is Batch
    assert (again == x).all()
    assert [(s.name, s.layout, str(s.sentence)) for s in again.stages] == [(s.name, s.layout, str(s.sentence)) for s in x.stages]
    assert (again.stages[0].array == IMAGES).all()
    assert str(again.sentence) == str(x.sentence)
    assert again.derive((1, 2, 3, 4)).exact == x.derive((1, 2, 3, 4)).exact
    assert not again.flags.writeable
    plain = pickle.loads(pickle.dumps(x[0], protocol))
    assert (plain.stages, plain.flags.writeable) == ((), True)


def test_copies_of_the_object_keep_the_stages():
    x = cp.to_batch(IMAGES)
    for again in (copy.copy(x), copy.deepcopy(x), copy.deepcopy({"x": x})["x"]):
        assert len(again.stages) == 2
        assert (again == x).all()
    part = copy.deepcopy(x[0])
    assert part.stages == ()
    part[0, 0, 0] = 1
    assert x[0, 0, 0, 0] == np.float32(IMAGES[0, 0, 0, 0]) / np.float32(255)
