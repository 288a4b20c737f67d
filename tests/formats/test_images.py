"""Pixels become a batch, visibly; and a sentence for whatever is no image."""

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
import skimage
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

import convproof as cp
from convproof.formats.embedded import image_a, image_b
from convproof.formats.images import looks_like_image, read_image
from tests.walkthrough import BATCH, IMAGE_A, IMAGE_B, network

PHOTOGRAPHS = Path(skimage.__file__).parent / "data"
RNG = np.random.default_rng(5)
RGB = RNG.integers(0, 256, (5, 7, 3), np.uint8)


def fails(kind, text, call, *arguments, **settings):
    with pytest.raises(kind) as caught:
        call(*arguments, **settings)
    assert str(caught.value) == text


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


# files


def test_a_photograph_lines_up_stage_by_stage():
    path = PHOTOGRAPHS / "astronaut.png"
    x = cp.to_batch(path)
    pixels, layout = x.stages
    assert (pixels.array[0] == skimage.data.astronaut()).all()
    assert (pixels.name, pixels.layout, pixels.array.shape) == ("pixels", "N, H, W, C", (1, 512, 512, 3))
    assert (layout.name, layout.layout, layout.array.shape) == ("layout", "N, C, H, W", (1, 3, 512, 512))
    assert pixels.array.dtype == layout.array.dtype == np.uint8
    assert str(pixels.sentence) == f"pixels of {path}, N, H, W, C"
    assert str(layout.sentence) == "axes moved from N, H, W, C to N, C, H, W; no number changed"
    assert str(x.sentence) == "divided by 255, in float32"
    for n, h, w, c in ((0, 0, 0, 0), (0, 511, 300, 2), (0, 7, 400, 1)):
        pixel = skimage.data.astronaut()[h, w, c]
        assert pixels.array[n, h, w, c] == layout.array[n, c, h, w] == pixel
        assert x[n, c, h, w] == np.float32(pixel) / np.float32(255)
    trace = network().eval().trace(x)
    assert trace.keys() == ["input.pixels", "input.layout", "input", "conv1", "bn1", "relu"]
    assert (trace["input.pixels"] == pixels.array).all()
    assert (trace["input"] == x).all()


@pytest.mark.parametrize("name", ["coffee.png", "chelsea.png", "camera.png", "horse.png", "logo.png", "color.png", "retina.jpg"])
def test_every_photograph_is_rgb(name):
    pixels = read_image(PHOTOGRAPHS / name)
    assert pixels.dtype == np.uint8
    assert pixels.shape[2] == 3


def test_a_path_may_be_text_and_images_may_be_mixed(tmp_path):
    Image.fromarray(RGB).save(tmp_path / "a.png")
    x = cp.to_batch([str(tmp_path / "a.png"), RGB, tmp_path / "a.png", Image.fromarray(RGB)])
    assert (x.stages[0].array == RGB).all()
    assert len(x) == 4
    many = cp.to_batch([tmp_path / "a.png"] * 6)
    assert str(many.stages[0].sentence) == "pixels of " + ", ".join([str(tmp_path / "a.png")] * 4) + " and 2 more, N, H, W, C"


@pytest.mark.parametrize("ending", ["png", "bmp", "tiff", "ppm", "webp"])
def test_formats_without_loss(tmp_path, ending):
    Image.fromarray(RGB).save(tmp_path / f"a.{ending}", lossless=True)
    assert (read_image(tmp_path / f"a.{ending}") == RGB).all()


def said(path, **settings):
    return str(cp.to_batch(path, **settings).stages[0].sentence).removeprefix(f"pixels of {path}, N, H, W, C")


def test_alpha_is_left_out_and_said(tmp_path):
    rgba = np.dstack([RGB, RNG.integers(0, 256, (5, 7), np.uint8)])
    Image.fromarray(rgba).save(tmp_path / "a.png")
    assert (read_image(tmp_path / "a.png") == RGB).all()
    assert said(tmp_path / "a.png") == "; alpha was left out"


def test_grey_stays_grey_only_if_asked(tmp_path):
    grey = RGB[:, :, 0]
    Image.fromarray(grey).save(tmp_path / "a.png")
    assert (read_image(tmp_path / "a.png") == grey[:, :, None]).all()
    assert read_image(tmp_path / "a.png").shape == (5, 7, 3)
    assert said(tmp_path / "a.png") == "; the grey level stands in all three channels"
    assert (read_image(tmp_path / "a.png", channels=1) == grey[:, :, None]).all()
    assert cp.to_batch(tmp_path / "a.png", channels=1).shape == (1, 1, 5, 7)
    assert said(tmp_path / "a.png", channels=1) == ""
    Image.fromarray(RGB).save(tmp_path / "b.png")
    by_hand = RGB @ np.array([0.299, 0.587, 0.114])
    assert (abs(read_image(tmp_path / "b.png", 1)[..., 0] - by_hand) <= 1).all()
    assert said(tmp_path / "b.png", channels=1) == "; colours became grey levels, 0.299 R + 0.587 G + 0.114 B"
    fails(cp.SettingError, "channels=2: expected 3 (RGB) or 1 (grey levels)", read_image, tmp_path / "b.png", 2)


def test_a_palette_becomes_its_colours(tmp_path):
    image = Image.new("P", (7, 5))
    image.putpalette([9, 8, 7, 200, 100, 50, 1, 2, 3])
    image.putpixel((3, 2), 1)
    image.putpixel((4, 2), 2)
    image.save(tmp_path / "a.png", transparency=bytes([255, 0, 128]))
    pixels = read_image(tmp_path / "a.png")
    assert pixels[0, 0].tolist() == [9, 8, 7]
    assert pixels[2, 3].tolist() == [200, 100, 50]
    assert pixels[2, 4].tolist() == [1, 2, 3]
    assert said(tmp_path / "a.png") == "; alpha was left out"


def test_orientation_is_left_as_stored_and_said(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(RGB).save(tmp_path / "a.png", exif=exif)
    assert (read_image(tmp_path / "a.png") == RGB).all()
    assert said(tmp_path / "a.png") == "; taken as stored: EXIF orientation 6 was not applied"


def test_the_first_of_several_frames(tmp_path):
    frames = [Image.new("L", (7, 5), level) for level in (10, 200)]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    assert (read_image(tmp_path / "a.gif") == 10).all()
    assert said(tmp_path / "a.gif").endswith("; the first of 2 frames")


def test_cmyk_becomes_rgb(tmp_path):
    Image.new("CMYK", (7, 5), (0, 255, 255, 0)).save(tmp_path / "a.tiff")
    assert read_image(tmp_path / "a.tiff")[0, 0].tolist() == [255, 0, 0]
    assert said(tmp_path / "a.tiff") == "; CMYK became RGB"


def test_sixteen_bits_are_not_cut_down(tmp_path):
    Image.fromarray(RGB[:, :, 0].astype(np.uint16) * 257).save(tmp_path / "a.png")
    with pytest.raises(cp.FileError) as caught:
        read_image(tmp_path / "a.png")
    assert str(caught.value) == (
        f"{tmp_path / 'a.png'} stores its pixels as 'I;16'; expected 8 bits a channel: convert it, "
        "or give its numbers as an .npy file of float32"
    )


# files that are no images


def test_what_is_no_image(tmp_path):
    (tmp_path / "a.png").write_text("no image")
    with pytest.raises(cp.FileError, match=r"a.png cannot be read as an image \(cannot identify .*\); it is damaged or incomplete"):
        read_image(tmp_path / "a.png")
    np.save(tmp_path / "b.npy", RGB)
    with pytest.raises(cp.FileError, match=r"b.npy cannot be read as an image .*; by its first bytes it is an .npy file: give it as that"):
        read_image(tmp_path / "b.npy")
    with pytest.raises(cp.FileError, match=r"c.png does not exist; did you mean a.png\?"):
        cp.to_batch([RGB, tmp_path / "c.png"])


def test_a_truncated_image(tmp_path):
    Image.fromarray(RNG.integers(0, 256, (50, 70, 3), np.uint8)).save(tmp_path / "a.png")
    raw = (tmp_path / "a.png").read_bytes()
    (tmp_path / "a.png").write_bytes(raw[: len(raw) // 2])
    with pytest.raises(cp.FileError, match=r"a.png cannot be read as an image \(.*truncated.*\); it is damaged or incomplete"):
        read_image(tmp_path / "a.png")


@pytest.mark.parametrize("side", [10_000, 60_000])
def test_a_decompression_bomb(tmp_path, side):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    raw = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    (tmp_path / "a.png").write_bytes(raw)
    with pytest.raises(cp.FileError) as caught:
        read_image(tmp_path / "a.png")
    assert str(caught.value) == (
        f"{tmp_path / 'a.png'} unpacks to more pixels than a photograph has; expected at most {Image.MAX_IMAGE_PIXELS}: make it smaller"
    )


def test_postscript_is_never_run(tmp_path):
    (tmp_path / "a.eps").write_text("%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 7 5\n%%EndComments\nshowpage\n")
    with pytest.raises(cp.FileError, match=r"a.eps cannot be read as an image \(cannot identify image file"):
        read_image(tmp_path / "a.eps")
