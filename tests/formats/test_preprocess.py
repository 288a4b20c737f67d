"""Preprocessing: every step against Pillow or against numbers worked out by hand, and every input number derived from its pixel."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import convproof as cp
from convproof.core.derivation import evaluate
from convproof.formats.preprocess import Preprocessing

PHOTO = np.random.default_rng(5).integers(0, 256, (21, 34, 3), np.uint8)


def by_pillow(image, height, width, how=Image.Resampling.BILINEAR):
    return np.asarray(Image.fromarray(image).resize((width, height), how))


def test_without_a_wish_it_is_pixels_over_255():
    x = cp.to_batch(PHOTO)
    assert [stage.name for stage in x.stages] == ["pixels", "layout"]
    assert np.array_equal(x[0], PHOTO.transpose(2, 0, 1).astype(np.float32) / np.float32(255))


@pytest.mark.parametrize(
    ("wish", "height", "width", "how"),
    [
        ("resize=10x13", 10, 13, Image.Resampling.BILINEAR),
        ("resize=7", 7, 11, Image.Resampling.BILINEAR),  # 7*34/21 = 11.33 is cut off, as torchvision does
        ("height=48", 48, 78, Image.Resampling.BILINEAR),  # 48*34/21 = 77.7 is rounded up, as PP-OCR does
        ("resize=10x13,filter=bicubic", 10, 13, Image.Resampling.BICUBIC),
        ("filter=nearest,resize=40x50", 40, 50, Image.Resampling.NEAREST),
    ],
)
def test_a_resize_is_pillows(wish, height, width, how):
    x = cp.to_batch(PHOTO, preprocess=wish)
    resized = {stage.name: stage.array for stage in x.stages}["resized"]
    assert np.array_equal(resized[0], by_pillow(PHOTO, height, width, how))
    assert x.shape == (1, 3, height, width)


def test_the_shorter_side_of_an_upright_image():
    assert cp.to_batch(PHOTO.transpose(1, 0, 2), preprocess="resize=7").shape == (1, 3, 11, 7)


def test_a_height_with_zeros_on_the_right():
    x = cp.to_batch(PHOTO[:, :20], preprocess="height=48,pad=right:64,mean=0.5,std=0.5")
    assert x.shape == (1, 3, 48, 64)  # 48*20/21 = 45.7: 46 columns of image
    assert (x[..., 46:] == 0).all()
    assert np.array_equal(
        x[0, :, :, :46], (by_pillow(PHOTO[:, :20], 48, 46).transpose(2, 0, 1).astype(np.float32) / np.float32(255) - 0.5) / 0.5
    )
    assert [stage.name for stage in x.stages] == ["pixels", "resized", "layout", "scaled", "normalised"]


def test_a_wide_line_is_squeezed_into_the_padded_width():
    assert cp.to_batch(PHOTO, preprocess="height=48,pad=right:64").shape == (1, 3, 48, 64)


def test_the_whole_chain_by_hand():
    image = np.arange(4 * 6 * 3, dtype=np.uint8).reshape(4, 6, 3)
    x = cp.to_batch(image, preprocess="crop=2x3,order=bgr,scale=1,mean=1:2:3,std=2:4:8")
    # the centre begins at row 1 and at column round(1.5) = 2; blue, the last channel of a pixel, is channel 0 now
    assert float(x[0, 0, 0, 0]) == (image[1, 2, 2] - 1) / 2 == (26 - 1) / 2
    assert float(x[0, 2, 1, 2]) == (image[2, 4, 0] - 3) / 8 == (48 - 3) / 8
    assert [stage.name for stage in x.stages] == ["pixels", "cropped", "reordered", "layout", "scaled"]


def test_channels_last():
    x = cp.to_batch(PHOTO, preprocess="layout=nhwc,mean=0.485:0.456:0.406,std=0.229:0.224:0.225")
    assert x.shape == (1, 21, 34, 3)
    assert abs(float(x[0, 3, 4, 1]) - (PHOTO[3, 4, 1] / 255 - 0.456) / 0.224) <= x.derive((0, 3, 4, 1)).allowed


WISHES = [
    "crop=11x8,mean=0.485:0.456:0.406,std=0.229:0.224:0.225",
    "resize=16,crop=14,order=bgr,mean=0.5",
    "height=9,pad=right:20,mean=0.5,std=0.25",
    "scale=1,std=2.5",
    "layout=nhwc,order=bgr,pad=bottom:40",
]


@pytest.mark.parametrize("wish", WISHES)
@given(data=st.data())
def test_every_number_is_derived_from_its_pixel(wish, data):
    x = cp.to_batch([PHOTO, PHOTO[::-1]], preprocess=wish)
    cell = tuple(data.draw(st.integers(0, size - 1)) for size in x.shape)
    d = x.derive(cell)
    assert d.computed == x[cell]
    assert evaluate(d.tree) == d.exact
    assert abs(Fraction(float(d.computed)) - d.exact) <= Fraction(d.allowed)
    assert d.allowed <= 8 * 2.0**-24 * (1 + abs(d.value))


def test_a_derivation_reads_like_a_hand_calculation():
    x = cp.to_batch(PHOTO, preprocess="mean=0.5,std=0.25")
    assert f"({PHOTO[4, 1, 0]} / 255 - 0.5) / 0.25" in x.derive((0, 0, 4, 1)).text()
    assert "zeros lengthen the image here" in cp.to_batch(PHOTO, preprocess="pad=right:40").derive((0, 1, 2, 39)).text()


def test_the_trace_shows_every_step_first():
    net = cp.Sequential(relu=cp.ReLU())
    trace = net.trace(cp.to_batch(PHOTO, preprocess="resize=8,crop=6,mean=0.5"))
    assert list(trace) == ["input.pixels", "input.resized", "input.cropped", "input.layout", "input.scaled", "input", "relu"]


def test_images_of_several_sizes_meet_in_one_size():
    x = cp.to_batch([PHOTO, PHOTO[:15]], preprocess="resize=8x8")
    assert [stage.name for stage in x.stages] == ["pixels0", "pixels1", "resized", "layout"]
    with pytest.raises(cp.ShapeError, match="a batch holds one size"):
        cp.to_batch([PHOTO, PHOTO[:15]], preprocess="mean=0.5")


@pytest.mark.parametrize(
    ("wish", "sentence"),
    [
        ("mean", "preprocessing 'mean': expected NAME=VALUE once for each NAME, of resize, height"),
        ("means=0.5", "preprocessing 'means=0.5': expected NAME=VALUE"),
        ("mean=0.5,mean=0.4", "preprocessing 'mean=0.4': expected NAME=VALUE once"),
        ("mean=a", "preprocessing mean='a': expected 0.5, or 0.485:0.456:0.406"),
        ("std=0", "preprocessing std='0': expected 0.5, or 0.229"),
        ("mean=nan", "preprocessing mean='nan'"),
        ("resize=0", "preprocessing resize='0': expected 256 (the shorter side) or 48x192"),
        ("resize=1x2x3", "preprocessing resize='1x2x3'"),
        ("pad=left:8", "preprocessing pad='left:8': expected right:192 | bottom:64"),
        ("filter=best", "preprocessing filter='best': expected nearest | bilinear"),
        ("mean=1:2", "mean has 2 numbers for 3 channels"),
        ("crop=22", "crop=22x22 is larger than the image, 21 x 34; resize first"),
        ("pad=right:8", "pad=right:8 is shorter than the image, 34"),
        ("resize=90000x90000", "90000 x 90000 are more pixels than a photograph has"),
    ],
)
def test_what_makes_no_sense_is_a_sentence(wish, sentence):
    with pytest.raises(cp.ConvproofError) as caught:
        cp.to_batch(PHOTO, preprocess=wish)
    assert str(caught.value).startswith(sentence)


def test_text_and_record_say_the_same():
    assert Preprocessing.parse(" height=48 , pad=right:192,mean=0.485,0.456,0.406") == Preprocessing(
        height=48, pad=("right", 192), mean=(0.485, 0.456, 0.406)
    )


def test_only_pixels_are_resized():
    with pytest.raises(cp.SettingError, match="only uint8 pixels can be resized, and these are float32"):
        cp.to_batch(PHOTO.astype(np.float32), preprocess="resize=8")
