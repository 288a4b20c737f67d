"""Pixels become a batch, visibly."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

import convproof as cp
from convproof.formats.embedded import image_a, image_b
from convproof.formats.images import looks_like_image
from tests.formats.comparing import fails
from tests.walkthrough import BATCH, IMAGE_A, IMAGE_B, network

RNG = np.random.default_rng(5)
RGB = RNG.integers(0, 256, (5, 7, 3), np.uint8)


# the walkthrough


def test_the_walkthrough_by_hand():
    x = cp.to_batch([IMAGE_A, IMAGE_B])
    assert x.shape == (2, 3, 5, 5)
    assert x.dtype == np.float32
    assert [f"{x[0, 0, row, 1]:.4f}" for row in range(5)] == ["0.0392", "0.0784", "0.1176", "0.1569", "0.1961"]
    assert [f"{x[0, 2, row, 3]:.4f}" for row in (0, 4)] == ["0.0039", "0.0196"]
    assert f"{x[1].min():.4f}" == f"{x[1].max():.4f}" == "0.0039"


def test_the_whole_pipeline_in_four_decimals():
    trace = network().trace(cp.to_batch([IMAGE_A, IMAGE_B]))
    conv = [[1.4235, 1.4235, 1.2118], [1.6353, 1.6353, 1.3176], [1.8471, 1.8471, 1.4235]]
    norm = [[0.4082, 0.4082, -0.4082], [1.2247, 1.2247, None], [2.0411, 2.0411, 0.4082]]
    relu = [[0.4082, 0.4082, 0], [1.2247, 1.2247, None], [2.0411, 2.0411, 0.4082]]
    for name, first, second in (("conv1", conv, 1.1059), ("bn1", norm, -0.8164), ("relu", relu, 0)):
        for cell, by_hand in np.ndenumerate(np.array(first, object)):
            if by_hand is not None:
                assert f"{trace[name][0, 0][cell]:.4f}" == f"{by_hand:.4f}"
        assert {f"{value:.4f}" for value in trace[name][1].flat} == {f"{second:.4f}"}
    almost_zero = trace.why("bn1", (0, 0, 1, 2))
    assert abs(almost_zero.value - float(almost_zero.exact)) <= almost_zero.allowed


def test_a_batch_computes_like_the_plain_array():
    trace, plain = network().trace(cp.to_batch([IMAGE_A, IMAGE_B])), network().trace(BATCH)
    for name in plain:
        assert trace[name].tobytes() == plain[name].tobytes()
        assert type(trace[name]) is np.ndarray


def test_the_embedded_images_are_the_walkthroughs():
    assert (image_a() == IMAGE_A).all()
    assert (image_b() == IMAGE_B).all()
    assert image_a().dtype == image_b().dtype == np.uint8


# what counts as images


@given(hnp.arrays(np.uint8, st.tuples(st.integers(1, 3), st.integers(4, 6), st.integers(1, 5), st.sampled_from((1, 3)))))
def test_every_way_to_give_images_is_the_same(images):
    x = cp.to_batch(images)
    assert (x == images.transpose(0, 3, 1, 2).astype(np.float32) / np.float32(255)).all()
    assert (np.rint(x * np.float32(255)) == images.transpose(0, 3, 1, 2)).all()
    for again in (list(images), tuple(images), torch.tensor(images), [torch.tensor(image) for image in images]):
        assert (cp.to_batch(again) == x).all()
    if images.shape[-1] == 1:
        assert (cp.to_batch(list(images[..., 0])) == x).all()
    assert (cp.to_batch(images[0]) == x[:1]).all()


def test_division_is_by_torchs_numbers():
    every = np.arange(256, dtype=np.uint8).reshape(16, 16)
    assert (cp.to_batch(every)[0, 0] == (torch.tensor(every).float() / 255).numpy()).all()


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, ">f4"])
def test_floats_are_only_moved(dtype):
    image = RNG.normal(size=(5, 7, 3)).astype(dtype)
    x = cp.to_batch(image)
    assert (x == image.transpose(2, 0, 1)[None]).all()
    assert x.dtype == (np.float64 if dtype is np.float64 else np.float32)
    assert str(x.sentence) == "floats as they were given, not divided by 255"
    d = x.derive((0, 1, 2, 3))
    assert (d.exact, d.computed) == (float(image[2, 3, 1]), image[2, 3, 1])
    assert d.formula == "x[n, c, h, w] = pixels[n, h, w, c]"


def test_images_given_once_may_be_changed_afterwards():
    image = RGB.copy()
    x = cp.to_batch(image)
    image[:] = 0
    assert (x.stages[0].array == RGB).all()


def test_channels_first_is_recognised():
    tail = "expected {lead}H, W, C with 1 to 4 channels, got shape {shape}. It looks like {lead}C, H, W: try x.transpose{order}"
    for shape in ((3, 5, 7), (1, 5, 7), (3, 5, 4)):
        text = "the image: " + tail.format(lead="", shape=shape, order="(1, 2, 0)")
        fails(cp.ShapeError, text, cp.to_batch, np.zeros(shape, np.uint8))
    text = "the images: " + tail.format(lead="N, ", shape=(2, 3, 5, 7), order="(0, 2, 3, 1)")
    fails(cp.ShapeError, text, cp.to_batch, np.zeros((2, 3, 5, 7), np.float32))
    text = "image 1: " + tail.format(lead="", shape=(3, 5, 7), order="(1, 2, 0)")
    fails(cp.ShapeError, text, cp.to_batch, [np.zeros((5, 7, 3), np.uint8), np.zeros((3, 5, 7), np.uint8)])


def test_too_many_channels_and_no_pixels():
    text = (
        "the image: expected H, W, C with 1 to 4 channels, got shape (6, 5, 7). "
        "A stack of grey images needs an axis for its channel: x[..., None]"
    )
    fails(cp.ShapeError, text, cp.to_batch, np.zeros((6, 5, 7), np.uint8))
    text = "the image: expected H, W, C with 1 to 4 channels, got shape (0, 7, 3). There is no pixel in it"
    fails(cp.ShapeError, text, cp.to_batch, np.zeros((0, 7, 3), np.uint8))
    fails(cp.ShapeError, "the image has shape (5,); expected H, W, C or H, W", cp.to_batch, np.zeros(5, np.uint8))
    fails(cp.ShapeError, "image 0 has shape (2, 5, 7, 3); expected H, W, C or H, W", cp.to_batch, [np.zeros((2, 5, 7, 3), np.uint8)])
    fails(cp.ShapeError, "no image was given; expected one or more", cp.to_batch, [])
    text = "the images: expected N, H, W, C with 1 to 4 channels, got shape (0, 5, 7, 3). There is no pixel in it"
    fails(cp.ShapeError, text, cp.to_batch, np.zeros((0, 5, 7, 3), np.uint8))


def test_images_of_different_sizes(tmp_path):
    small = tmp_path / "small.png"
    Image.fromarray(RGB[:4]).save(small)
    text = (
        f"image 1 ({small}) has shape (4, 7, 3), but image 0 has (5, 7, 3) (H, W, C); "
        "a batch holds one size: resize or crop the images first"
    )
    fails(cp.ShapeError, text, cp.to_batch, [RGB, small])


def test_images_of_different_numbers():
    text = "image 1 holds float32, but image 0 holds uint8; give all images in one kind of number"
    fails(cp.DTypeError, text, cp.to_batch, [RGB, RGB / np.float32(255)])
    expected = "expected uint8 (0 to 255), or floats that are scaled already"
    for array, hint in (
        (RGB.astype(np.uint16) * 257, f"its largest value is {int(RGB.max()) * 257}: try image.astype(np.float32) / 65535"),
        (RGB.astype(np.int64), "its values fit: try image.astype(np.uint8)"),
        (RGB > 7, "try image.astype(np.float32)"),
        (RGB * 1j, "give its pixels as numbers"),
        (np.array(None), "give its pixels as numbers"),
    ):
        fails(cp.DTypeError, f"the image holds {array.dtype}; {expected}; {hint}", cp.to_batch, array)
    fails(cp.DTypeError, f"image 0 holds int64; {expected}; its values fit: try image.astype(np.uint8)", cp.to_batch, RGB.tolist())
    fails(cp.DTypeError, "image 0 is not a rectangular array of numbers: its rows differ in length", cp.to_batch, [[[1, 2], [3]]])


def test_what_looks_like_an_image():
    assert looks_like_image(RGB)
    assert looks_like_image(RGB[None, ..., :1])
    assert not looks_like_image(RGB.astype(np.float32))
    assert not looks_like_image(RGB[..., 0])
    assert not looks_like_image(RGB.transpose(2, 0, 1))
