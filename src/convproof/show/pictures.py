"""Feature maps as small pictures: every channel a tile of its own, black at its smallest number and white at its largest."""

import base64
import io
from html import escape

import numpy as np

from convproof.core.sentence import say
from convproof.core.shapes import Array
from convproof.show.numbers import cell

TILES, FEWER = 16, 8
SIDE = 72  # pixels on the screen, at least, along the longer side
LARGE, SMALLER = 192, 64
MANY = 40  # stages; with more of them the page would take many megabytes


def feature_maps(array: Array, channels_last: bool = False, stages: int = 1) -> str:
    """The first channels of the first image of an array (N, C, H, W) as HTML; nothing for an array without rows and columns.

    ``stages`` is how many arrays the page shows: with many of them there are fewer pictures, and smaller ones.
    """
    most, largest = (TILES, LARGE) if stages <= MANY else (FEWER, SMALLER)
    if array.ndim not in (3, 4) or not array.size or array.dtype.kind not in "fiub" or min(array.shape[-2:]) < 2:
        return ""
    image = array[0] if array.ndim == 4 else array
    if channels_last:
        return tile(_pixels(image), say("the image").text(), largest) if image.shape[-1] in (1, 3) and image.dtype == np.uint8 else ""
    titles = [say("channel {c}: {least} to {most}", c=c, **_ends(plane)).text() for c, plane in enumerate(image[:most])]
    tiles = [tile(grey(plane), title, largest) for plane, title in zip(image, titles, strict=False)]
    more = say("and {n} more", n=len(image) - most).text() if len(image) > most else ""
    return f'<div style="display:flex;flex-wrap:wrap;gap:4px;align-items:end">{"".join(tiles)}{escape(more)}</div>'


def grey(plane: Array) -> Array:
    """A channel as grey levels 0 to 255; middle grey where all numbers are equal, black where one is not finite."""
    values = plane.astype(np.float64)
    finite = np.isfinite(values)
    if not finite.any():
        return np.zeros(plane.shape, np.uint8)
    least, most = values[finite].min(), values[finite].max()
    if most == least:
        return np.asarray(np.where(finite, 128, 0), np.uint8)
    share = np.where(finite, (values - least) / (most - least), 0)
    return np.asarray(np.rint(255 * share), np.uint8)


def _ends(plane: Array) -> dict[str, str]:
    return {"least": cell(plane.min()), "most": cell(plane.max())}


def _pixels(image: Array) -> Array:
    return image[:, :, 0] if image.shape[-1] == 1 else image


def tile(pixels: Array, title: str, largest: int, side: int = SIDE, thin: int = 0, style: str = "") -> str:
    """One picture, drawn with its pixels as squares, at most ``largest`` of them wide and high, at least ``side`` on the screen.

    A picture that would be less than ``thin`` high or wide is stretched to that.
    """
    from PIL import Image

    stream = io.BytesIO()
    picture = Image.fromarray(np.ascontiguousarray(pixels))
    picture.thumbnail((largest, largest))
    picture.save(stream, "PNG")
    data = base64.b64encode(stream.getvalue()).decode("ascii")
    height, width = pixels.shape[:2]
    zoom = max(side, min(max(height, width), largest)) / max(height, width)
    look = f"width:{max(thin, width * zoom):.0f}px;height:{max(thin, height * zoom):.0f}px;image-rendering:pixelated{style}"
    return f'<img alt="{escape(title)}" title="{escape(title)}" style="{look}" src="data:image/png;base64,{data}">'
