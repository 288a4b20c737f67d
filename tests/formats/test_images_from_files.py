"""Images from files become pixels, visibly; and a sentence for whatever is no image."""

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
import skimage
from PIL import Image

import convproof as cp
from convproof.formats.images import read_image
from tests.formats.comparing import fails
from tests.walkthrough import network

PHOTOGRAPHS = Path(skimage.__file__).parent / "data"
RNG = np.random.default_rng(5)
RGB = RNG.integers(0, 256, (5, 7, 3), np.uint8)


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
