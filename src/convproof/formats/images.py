"""Images become what a network reads: what is an image, and what its numbers must be. ``preprocess`` does the rest.

Arrays of floats count as prepared already: their axes are moved and no number is changed.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from convproof.core.errors import DTypeError, ShapeError
from convproof.core.sentence import Sentence, Text, say
from convproof.core.shapes import Array, Shape, Shaped
from convproof.formats.batch import Batch as Batch
from convproof.formats.batch import Stage as Stage
from convproof.formats.decode import Picture, decode, take
from convproof.formats.npy import native
from convproof.formats.preprocess import Preprocessing, prepare

FLOATS = (np.float16, np.float32, np.float64)
CHANNELS = (1, 3)
FULL = 255
FEW = 4


def read_image(path: str | Path, channels: int = 3) -> Shaped[Array, "H W C"]:
    """The pixels of an image file, uint8, H, W, C; grey images become RGB too, unless ``channels`` is 1.

    See ``decode`` for what is left out. Raises FileError for a file that is missing, broken or no image.
    """
    return decode(path, channels).pixels


def to_batch(images: Any, *, channels: int = 3, preprocess: str | Preprocessing | None = None) -> Batch:
    """Images as a network's input (N, C, H, W), with the stages of their preparation.

    ``images``: one image, or a list of images of one size, or an array (N, H, W, C). An image is an array (H, W, C) or (H, W), a Pillow
    image, or the path of a file, which is read with 3 ``channels`` (RGB) or 1 (grey levels).

    ``preprocess`` says what to do, as text ("resize=256,crop=224,mean=0.485:0.456:0.406,std=0.229:0.224:0.225") or as a Preprocessing;
    see ``formats/preprocess.py``. Without it uint8 becomes float32, divided by 255: 1 -> 0.0039, 50 -> 0.1961. Floats keep their values
    (float16 is widened).

    Raises ShapeError for sizes that differ and for channels first, DTypeError for other numbers, FileError for files, SettingError for
    wishes that make no sense.
    """
    pictures = list(_pictures(images, channels))
    if not pictures:
        raise ShapeError("no image was given; expected one or more")
    how = Preprocessing.parse(preprocess) if isinstance(preprocess, str) else preprocess or Preprocessing()
    return prepare(pictures, how, _stacked)


def looks_like_image(array: Array) -> bool:
    """Whether an array of unknown meaning is one image or several: uint8, channels last."""
    return array.dtype == np.uint8 and array.ndim in (3, 4) and array.shape[-1] in CHANNELS


def _pictures(images: Any, channels: int) -> Iterator[Picture]:
    """Every image, checked one by one."""
    if isinstance(images, list | tuple):
        for k, image in enumerate(images):
            yield _picture(image, channels, say("image {k}", k=k))
    elif _is_array(images) and len(images.shape) == 4:
        array = _numbers(images, say("the images"))
        _check_axes(array.shape[1:], say("the images"), "N, ", array.shape, "(0, 2, 3, 1)")
        yield from (Picture(image) for image in array)
    else:
        yield _picture(images, channels, say("the image"))


def _picture(image: Any, channels: int, who: Text) -> Picture:
    if isinstance(image, str | Path):
        return decode(image, channels)
    if hasattr(image, "getbands"):
        return take(image, "", channels)
    array = _numbers(image, who)
    if array.ndim == 2:
        array = array[:, :, None]
    if array.ndim != 3:
        raise ShapeError("{who} has shape {shape}; expected H, W, C or H, W", who=who, shape=array.shape)
    _check_axes(array.shape, who, "", array.shape, "(1, 2, 0)")
    return Picture(array)


def _is_array(image: Any) -> bool:
    return isinstance(image, np.ndarray) or hasattr(image, "detach")


def _numbers(image: Any, who: Text) -> Array:
    """An array-like as uint8 or floats of this machine's byte order. Raises DTypeError."""
    try:
        array = np.asarray(image.detach() if hasattr(image, "detach") else image)
    except ValueError:
        raise DTypeError("{who} is not a rectangular array of numbers: its rows differ in length", who=who) from None
    if array.dtype != np.uint8 and array.dtype.newbyteorder("=") not in FLOATS:
        raise DTypeError(
            "{who} holds {dtype}; expected uint8 (0 to 255), or floats that are scaled already; {hint}",
            who=who,
            dtype=array.dtype,
            hint=_conversion(array),
        )
    return native(array)


def _conversion(array: Array) -> Sentence:
    """What makes an image of other numbers one of uint8 or floats."""
    if array.dtype.kind not in "iu" or not array.size:
        return say("try image.astype(np.float32)") if array.dtype.kind == "b" else say("give its pixels as numbers")
    if array.min() >= 0 and array.max() <= FULL:
        return say("its values fit: try image.astype(np.uint8)")
    return say(
        "its largest value is {found}: try image.astype(np.float32) / {largest}", found=array.max(), largest=np.iinfo(array.dtype).max
    )


def _check_axes(shape: Shape, who: Text, lead: str, found: Shape, order: str) -> None:
    """Raise ShapeError for channels first, for too many channels and for nothing at all."""
    first, last = shape[0], shape[-1]
    if first in CHANNELS and last not in CHANNELS:
        hint = say("It looks like {lead}C, H, W: try x.transpose{order}", lead=lead, order=order)
    elif not 1 <= last <= FEW:
        hint = say("A stack of grey images needs an axis for its channel: x[..., None]")
    elif 0 in found:
        hint = say("There is no pixel in it")
    else:
        return
    raise ShapeError(
        "{who}: expected {lead}H, W, C with 1 to {few} channels, got shape {found}. {hint}",
        who=who,
        lead=lead,
        few=FEW,
        found=found,
        hint=hint,
    )


def _stacked(pictures: Sequence[Picture]) -> Array:
    """All pixels in one new array (N, H, W, C). Raises ShapeError and DTypeError that name the image which differs."""
    first = pictures[0]
    for k, picture in enumerate(pictures):
        if picture.pixels.shape != first.pixels.shape:
            raise ShapeError(
                "image {k}{name} has shape {shape}, but image 0{name_0} has {shape_0} (H, W, C); "
                "a batch holds one size: resize or crop the images first",
                k=k,
                name=_bracketed(picture),
                shape=picture.pixels.shape,
                name_0=_bracketed(first),
                shape_0=first.pixels.shape,
            )
        if picture.pixels.dtype != first.pixels.dtype:
            raise DTypeError(
                "image {k}{name} holds {dtype}, but image 0{name_0} holds {dtype_0}; give all images in one kind of number",
                k=k,
                name=_bracketed(picture),
                dtype=picture.pixels.dtype,
                name_0=_bracketed(first),
                dtype_0=first.pixels.dtype,
            )
    return np.stack([picture.pixels for picture in pictures])


def _bracketed(picture: Picture) -> str:
    return f" ({picture.name})" if picture.name else ""
