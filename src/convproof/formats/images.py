"""Images: files and uint8 arrays in H, W, C become a float32 batch in N, C, H, W, divided by 255, and every step of it stays visible."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from convproof.core.axes import cell_in
from convproof.core.derivation import Derivation, copy, number, quotient, setting
from convproof.core.errors import DTypeError, FileError, SettingError, ShapeError
from convproof.core.formats import FLOAT32
from convproof.core.sentence import Sentence, say
from convproof.core.shapes import Array
from convproof.formats.arrays import existing

FULL_SCALE = 255
CHANNELS = (1, 3)


@dataclass(frozen=True)
class Stage:
    """One step of the preparation: the array after it, and what was done, in a sentence."""

    name: str
    array: Array
    sentence: Sentence


class Batch(np.ndarray):
    """A float32 array N, C, H, W that remembers how it was made from images.

    ``stages`` are the steps before it: "pixels" as they were read, "layout" after the move to channels first; ``sentence`` says what the
    last step did. A slice or a result computed from a
    batch is an array like any other and has no stages.
    """

    stages: tuple[Stage, ...]
    sentence: Sentence

    def __array_finalize__(self, made_from: Any) -> None:
        self.stages = ()
        self.sentence = say("computed from a batch")

    def derive(self, cell: Sequence[int]) -> Derivation:
        """How the number in a cell (n, c, h, w) came from its pixel."""
        if not self.stages:
            raise SettingError("this array no longer knows its pixels: ask the batch that to_batch returned, not a slice of it")
        n, c, h, w = place = cell_in(cell, self.shape, "the batch")
        pixels = self.stages[0]
        pixel = number(pixels.array, (n, h, w, c), "pixels", "pixel")
        note = say("row {h}, column {w}, channel {c} of image {n}: H, W, C became C, H, W", h=h, w=w, c=c, n=n)
        scaled = pixels.array.dtype == np.uint8
        tree = quotient(pixel, setting(FULL_SCALE, "255", "count"), "x", note) if scaled else copy(pixel, "x", note)
        allowed = FLOAT32.u * float(tree.value) if scaled else 0.0
        formula = "x[n, c, h, w] = pixels[n, h, w, c]" + (f" / {FULL_SCALE}" if scaled else "")
        return Derivation("input", place, formula, tree, np.asarray(self)[place], str(self.sentence), allowed)


def to_batch(images: Any) -> Batch:
    """A batch from one image or several: H, W, C arrays (or H, W grey ones), paths of image files, or one N, H, W, C array.

    uint8 values become float32 and are divided by 255; float values are only moved to N, C, H, W. Raises ShapeError for images of
    different sizes or arrays that are not images, FileError for files that cannot be read.
    """
    pictures = _as_pictures(images)
    shapes = [picture.shape for picture in pictures]
    if len(set(shapes)) != 1:
        other = next(k for k, shape in enumerate(shapes) if shape != shapes[0])
        raise ShapeError(
            "a batch needs images of one size: image 0 is {first} (H, W, C), image {k} is {other}; resize or crop them first",
            first=shapes[0],
            k=other,
            other=shapes[other],
        )
    pixels = np.stack(pictures)
    moved = pixels.transpose(0, 3, 1, 2)
    scaled = pixels.dtype == np.uint8
    numbers = np.ascontiguousarray(moved, np.float32)
    batch = (numbers / np.float32(FULL_SCALE) if scaled else numbers).view(Batch)
    batch.stages = (
        Stage("pixels", _frozen(pixels), say("pixels as they were read, {dtype}, layout N, H, W, C", dtype=pixels.dtype)),
        Stage("layout", _frozen(moved), say("moved to layout N, C, H, W")),
    )
    batch.sentence = say("divided by 255") if scaled else say("taken as they are, not scaled")
    return batch


def read_image(path: str | Path) -> Array:
    """The pixels of an image file as uint8 H, W, 3. Grey and palette images become RGB, alpha is dropped, orientation marks are ignored.

    Raises FileError for a file that is missing, damaged, no image, or too large to be decoded safely.
    """
    import warnings

    from PIL import Image, UnidentifiedImageError

    file = existing(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(file) as image:
                return np.asarray(image.convert("RGB"))
    except UnidentifiedImageError:
        raise FileError("{path} is not an image that can be read (or an .npy or .npz file without that ending)", path=file) from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise FileError("{path} is too large to be decoded safely: {reason}", path=file, reason=error) from None
    except (
        OSError,
        SyntaxError,
        ValueError,
        EOFError,
        KeyError,
        IndexError,
        TypeError,
        MemoryError,
        OverflowError,
        AssertionError,
    ) as error:
        raise FileError("{path} is damaged: {reason}", path=file, reason=error) from None


def looks_like_image(array: Array) -> bool:
    """Whether an array is taken for images: uint8 with one or three channels last."""
    return array.dtype == np.uint8 and array.ndim in (3, 4) and array.shape[-1] in CHANNELS


def _as_pictures(images: Any) -> list[Array]:
    if isinstance(images, str | Path):
        images = [images]
    if isinstance(images, np.ndarray):
        images = list(images) if images.ndim == 4 else [images]
    pictures = [read_image(image) if isinstance(image, str | Path) else _as_picture(image, k) for k, image in enumerate(images)]
    if not pictures:
        raise ShapeError("a batch needs at least one image")
    return pictures


def _as_picture(image: Any, k: int) -> Array:
    array = np.asarray(image)
    if array.ndim == 2:
        array = array[:, :, None]
    if array.dtype.kind == "f":
        array = array.astype(np.float32)
    if array.dtype != np.uint8 and array.dtype.kind != "f":
        raise DTypeError("image {k} holds {dtype}; expected uint8 (0 to 255) or floats", k=k, dtype=array.dtype)
    if array.ndim != 3 or 0 in array.shape:
        raise ShapeError("image {k} has shape {shape}; expected H, W, C", k=k, shape=array.shape)
    if array.shape[2] not in CHANNELS and array.shape[0] in CHANNELS:
        raise ShapeError(
            "image {k} has shape {shape}; expected H, W, C. It looks like C, H, W: try image.transpose(1, 2, 0)", k=k, shape=array.shape
        )
    return array


def _frozen(array: Array) -> Array:
    array.flags.writeable = False
    return array
