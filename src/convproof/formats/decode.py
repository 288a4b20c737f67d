"""Image files decoded by Pillow into uint8 pixels, H, W, C.

Pixels come as they are stored: an orientation that a camera noted (EXIF) is not applied, as in torchvision, and an alpha channel is left
out. Every such thing is a note. Only formats that are plain data are opened; PostScript, which would be run, is not.
"""

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from convproof.core.errors import FileError, SettingError
from convproof.core.sentence import Sentence, say
from convproof.core.shapes import Array
from convproof.formats.files import IMAGE, existing, reading

if TYPE_CHECKING:
    from PIL.Image import Image

FORMATS = ("PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP", "PPM")
MODES = ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr")
GREY = ("1", "L", "LA")
ORIENTATION = 0x0112


@dataclass(frozen=True, eq=False)
class Picture:
    """One image: its pixels (H, W, C), the file it came from ("" for none), and what happened on the way."""

    pixels: Array
    name: str = ""
    notes: tuple[Sentence, ...] = ()


def decode(path: str | Path, channels: int = 3) -> Picture:
    """The picture in a file, with 3 channels (RGB) or 1 (grey levels). Raises FileError, SettingError."""
    from PIL import Image

    found = existing(path)
    with reading(found, IMAGE), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow warns of damaged metadata, which is not used here
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            with Image.open(found, formats=FORMATS) as image:
                return take(image, str(path), channels)
        except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
            raise FileError(
                "{path} unpacks to more pixels than a photograph has; expected at most {most}: make it smaller",
                path=path,
                most=Image.MAX_IMAGE_PIXELS,
            ) from error


def take(image: "Image", name: str, channels: int = 3) -> Picture:
    """The picture in an opened image. Raises FileError for more than 8 bits a channel."""
    if channels not in (1, 3):
        raise SettingError("channels={channels!r}: expected 3 (RGB) or 1 (grey levels)", channels=channels)
    if image.mode not in MODES:
        raise FileError(
            "{name} stores its pixels as {mode!r}; expected 8 bits a channel: convert it, or give its numbers as an .npy file of float32",
            name=name or say("the image"),
            mode=image.mode,
        )
    notes = tuple(_notes(image, channels))
    if image.mode in ("P", "PA"):
        image = image.convert("RGBA")
    pixels = np.array(image.convert("RGB" if channels == 3 else "L"), np.uint8)
    return Picture(pixels if channels == 3 else pixels[:, :, None], name, notes)


def _notes(image: "Image", channels: int) -> list[Sentence]:
    notes = []
    if image.mode in ("LA", "PA", "RGBA") or "transparency" in image.info:
        notes.append(say("alpha was left out"))
    if image.mode in GREY and channels == 3:
        notes.append(say("the grey level stands in all three channels"))
    if image.mode not in GREY and channels == 1:
        notes.append(say("colours became grey levels, 0.299 R + 0.587 G + 0.114 B"))
    if image.mode in ("CMYK", "YCbCr"):
        notes.append(say("{mode} became RGB", mode=image.mode))
    if (frames := getattr(image, "n_frames", 1)) > 1:
        notes.append(say("the first of {n} frames", n=frames))
    if (turned := image.getexif().get(ORIENTATION, 1)) not in (0, 1):
        notes.append(say("taken as stored: EXIF orientation {n} was not applied", n=turned))
    return notes
