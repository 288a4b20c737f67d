"""From pixels to a network's input, step by step, each step an array that stays visible.

    pixels       (N, H, W, C)  as they were read
    resized      by Pillow, to a size, to a shorter side, or to a height with the width that keeps the proportions
    cropped      the centre
    reordered    RGB turned into BGR
    layout       (N, C, H, W)  axes moved, unless the network takes channels last
    scaled       pixels / 255, in float32
    normalised   (scaled - mean) / std, a mean and a standard deviation for each channel
    padded       lengthened with zeros

Only what was asked for happens, in this order; the last step is the input. Without a wish: layout, and scaled by 1/255.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from convproof.core.errors import SettingError, ShapeError
from convproof.core.sentence import listed, say
from convproof.core.shapes import Array
from convproof.formats.batch import Batch, Stage, Story
from convproof.formats.decode import Picture

FILTERS = ("nearest", "bilinear", "bicubic", "lanczos", "box", "hamming")
SIDES = ("right", "bottom")
LAST, FIRST = "N, H, W, C", "N, C, H, W"


@dataclass(frozen=True)
class Preprocessing:
    """What to do to an image. ``Preprocessing.parse("height=48,pad=right:192,mean=0.5,std=0.5")`` reads the same from text.

    ``resize``: 256 is the length of the shorter side, (48, 192) height and width. ``height``: the width follows, at most ``pad``'s.
    ``filter``: Pillow's, "bilinear" by default. ``crop``: the centre, 224 or (height, width). ``order``: "rgb" or "bgr".
    ``scale``: pixels are divided by it, 255 by default. ``mean``, ``std``: after the division, one number or one for each channel.
    ``pad``: ("right", 192) or ("bottom", 64). ``layout``: "nchw" or "nhwc".
    """

    resize: int | tuple[int, int] | None = None
    height: int | None = None
    filter: str = "bilinear"
    crop: int | tuple[int, int] | None = None
    order: str = "rgb"
    scale: float = 255.0
    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None
    pad: tuple[str, int] | None = None
    layout: str = "nchw"

    @classmethod
    def parse(cls, text: str) -> "Preprocessing":
        """The wishes of a line of text: NAME=VALUE, with commas between them. Raises SettingError."""
        given: dict[str, Any] = {}
        for part in re.split(r",(?=\s*[a-z]+\s*=)", text.strip()):
            name, equals, value = (piece.strip() for piece in part.partition("="))
            if not equals or name not in READERS or name in given:
                raise SettingError(
                    "preprocessing {part!r}: expected NAME=VALUE once for each NAME, of {names}, such as height=48,pad=right:192,mean=0.5",
                    part=part,
                    names=listed(field.name for field in fields(cls)),
                )
            try:
                given[name] = READERS[name](value)
            except ValueError:
                raise SettingError(
                    "preprocessing {name}={value!r}: expected {example}", name=name, value=value, example=EXAMPLES[name]
                ) from None
        return cls(**given)


def _size(text: str) -> int | tuple[int, int]:
    sizes = tuple(_positive(part) for part in text.split("x"))
    if len(sizes) > 2:
        raise ValueError(text)
    return sizes[0] if len(sizes) == 1 else (sizes[0], sizes[1])


def _positive(text: str) -> int:
    if int(text) < 1:
        raise ValueError(text)
    return int(text)


def _numbers(text: str) -> tuple[float, ...]:
    found = tuple(float(part) for part in re.split(r"[,:]", text))
    if not np.isfinite(found).all():
        raise ValueError(text)
    return found


def _divisors(text: str) -> tuple[float, ...]:
    found = _numbers(text)
    if 0 in found:
        raise ValueError(text)
    return found


def _one_of(*words: str) -> Any:
    def read(text: str) -> str:
        if text not in words:
            raise ValueError(text)
        return text

    return read


def _side(text: str) -> tuple[str, int]:
    side, _, size = text.partition(":")
    return _one_of(*SIDES)(side), _positive(size)


READERS = {
    "resize": _size,
    "height": _positive,
    "filter": _one_of(*FILTERS),
    "crop": _size,
    "order": _one_of("rgb", "bgr"),
    "scale": lambda text: _divisors(text)[0],
    "mean": _numbers,
    "std": _divisors,
    "pad": _side,
    "layout": _one_of("nchw", "nhwc"),
}
EXAMPLES = {
    "resize": "256 (the shorter side) or 48x192 (height x width)",
    "height": "48",
    "filter": " | ".join(FILTERS),
    "crop": "224 or 224x192 (height x width)",
    "order": "rgb | bgr",
    "scale": "255, or 1 for none",
    "mean": "0.5, or 0.485:0.456:0.406",
    "std": "0.5, or 0.229:0.224:0.225",
    "pad": "right:192 | bottom:64",
    "layout": "nchw | nhwc",
}


def prepare(pictures: Sequence[Picture], how: Preprocessing, stacked: Any) -> Batch:
    """The pictures as a batch with its stages. ``stacked`` puts arrays of one size into one, or raises ShapeError."""
    stages, story = [], Story()
    if how.resize is not None or how.height is not None:
        stages += _as_read(pictures)
        pictures = [replace(picture, pixels=resized(picture.pixels, how)) for picture in pictures]
        source = stacked(pictures)
        told = say("resized by Pillow ({filter}) to {size}", filter=how.filter, size=f"{source.shape[1]} x {source.shape[2]}")
        stages.append(Stage("resized", source, LAST, told))
        story = replace(story, source=source, name="resized")
    else:
        source = stacked(pictures)
        stages.append(Stage("pixels", source, LAST, origin(pictures)))
        story = replace(story, source=source)
    if how.crop is not None:
        source, offset = cropped(source, how.crop)
        told = say("the centre, from row {top} and column {left} on", top=offset[0], left=offset[1])
        stages.append(Stage("cropped", source, LAST, told))
        story = replace(story, offset=offset)
    if how.order == "bgr":
        source = np.ascontiguousarray(source[..., ::-1])
        stages.append(Stage("reordered", source, LAST, say("channels from last to first: RGB became BGR")))
        story = replace(story, reversed=True)
    if how.layout == "nchw":
        source = source.transpose(0, 3, 1, 2)
        stages.append(Stage("layout", source, FIRST, say("axes moved from N, H, W, C to N, C, H, W; no number changed")))
    return _as_numbers(source, stages, replace(story, last=how.layout == "nhwc"), how)


def _as_numbers(pixels: Array, stages: list[Stage], story: Story, how: Preprocessing) -> Batch:
    """The arithmetic: scaled, normalised, padded; the last of these is the input itself."""
    layout = LAST if story.last else FIRST
    done: list[Stage] = []
    if pixels.dtype == np.uint8:
        x = pixels.astype(np.float32, order="C")
        x /= np.float32(how.scale)
        done.append(Stage("scaled", x, layout, say("divided by {scale}, in float32", scale=f"{how.scale:g}")))
        story = replace(story, divisor=how.scale)
    else:
        x = pixels.astype(np.promote_types(pixels.dtype, np.float32), order="C")
        done.append(Stage("scaled", x, layout, say("floats as they were given, not divided by 255")))
    if how.mean is not None or how.std is not None:
        channels = x.shape[-1] if story.last else x.shape[1]
        mean, std = (_each(given, channels, name) for given, name in ((how.mean or (0.0,), "mean"), (how.std or (1.0,), "std")))
        shape = (1, 1, 1, channels) if story.last else (1, channels, 1, 1)
        x = (x - np.array(mean, x.dtype).reshape(shape)) / np.array(std, x.dtype).reshape(shape)
        shown = listed(how.mean or (0,)), listed(how.std or (1,))
        told = say("minus {mean}, divided by {std}, in {dtype}", mean=shown[0], std=shown[1], dtype=x.dtype.name)
        done.append(Stage("normalised", x, layout, told))
        story = replace(story, mean=mean, std=std)
    if how.pad is not None:
        x, inside = padded(x, how.pad, story.last)
        told = say("lengthened with zeros to {size} on the {side}", size=how.pad[1], side=SIDE_NAMES[how.pad[0]])
        done.append(Stage("padded", x, layout, told))
        story = replace(story, inside=inside)
    *before, result = done
    return Batch.of(result.array, (*stages, *before), result.sentence, story)


SIDE_NAMES = {"right": say("right"), "bottom": say("bottom")}


def _as_read(pictures: Sequence[Picture]) -> list[Stage]:
    """The pixels before a resize: one array, or one for each image where sizes differ."""
    if len({picture.pixels.shape for picture in pictures}) == 1:
        return [Stage("pixels", np.stack([picture.pixels for picture in pictures]), LAST, origin(pictures))]
    return [Stage(f"pixels{k}", picture.pixels[None], LAST, origin([picture])) for k, picture in enumerate(pictures)]


def origin(pictures: Sequence[Picture]) -> Any:
    """Where the pixels came from, and what was done to them on the way."""
    names = [picture.name for picture in pictures if picture.name]
    found = say("pixels of {names}, N, H, W, C", names=listed(names, most=4)) if names else say("pixels as they were given, N, H, W, C")
    for note in {note.text(): note for picture in pictures for note in picture.notes}.values():
        found = say("{origin}; {note}", origin=found, note=note)
    return found


def resized(pixels: Array, how: Preprocessing) -> Array:
    """One image at its new size, by Pillow. Raises SettingError for numbers that are no uint8 pixels."""
    from PIL import Image

    if pixels.dtype != np.uint8:
        raise SettingError(
            "only uint8 pixels can be resized, and these are {dtype}; resize the image before it is scaled", dtype=pixels.dtype
        )
    h, w = pixels.shape[:2]
    if how.height is not None:
        wide = -(-how.height * w // h)
        most = how.pad[1] if how.pad is not None and how.pad[0] == "right" else wide
        height, width = how.height, max(1, min(wide, most))
    elif isinstance(how.resize, tuple):
        height, width = how.resize
    else:
        short = how.resize or min(h, w)
        height, width = (short, max(1, int(short * w / h))) if h <= w else (max(1, int(short * h / w)), short)
    if height * width > (Image.MAX_IMAGE_PIXELS or 0):
        raise SettingError("{height} x {width} are more pixels than a photograph has; resize to less", height=height, width=width)
    method = getattr(Image.Resampling, how.filter.upper())
    planes = [Image.fromarray(np.ascontiguousarray(pixels[:, :, c])).resize((width, height), method) for c in range(pixels.shape[2])]
    return np.stack([np.asarray(plane) for plane in planes], axis=2)


def cropped(pixels: Array, size: int | tuple[int, int]) -> tuple[Array, tuple[int, int]]:
    """The centre of images, and the row and column where it begins. Raises ShapeError for images that are smaller."""
    height, width = (size, size) if isinstance(size, int) else size
    h, w = pixels.shape[1:3]
    if height > h or width > w:
        raise ShapeError("crop={height}x{width} is larger than the image, {h} x {w}; resize first", height=height, width=width, h=h, w=w)
    top, left = round((h - height) / 2), round((w - width) / 2)
    return pixels[:, top : top + height, left : left + width], (top, left)


def padded(x: Array, pad: tuple[str, int], last: bool) -> tuple[Array, tuple[int, int]]:
    """The images lengthened with zeros, and the height and width of what is no padding. Raises ShapeError for longer images."""
    rows, columns = (1, 2) if last else (2, 3)
    axis = columns if pad[0] == "right" else rows
    if x.shape[axis] > pad[1]:
        raise ShapeError(
            "pad={side}:{size} is shorter than the image, {have}; resize it to less", side=pad[0], size=pad[1], have=x.shape[axis]
        )
    amounts = [(0, pad[1] - size if k == axis else 0) for k, size in enumerate(x.shape)]
    return np.pad(x, amounts), (x.shape[rows], x.shape[columns])


def _each(given: tuple[float, ...], channels: int, name: str) -> tuple[float, ...]:
    """One number for each channel. Raises SettingError."""
    if len(given) not in (1, channels):
        raise SettingError("{name} has {n} numbers for {channels} channels", name=name, n=len(given), channels=channels)
    return given * channels if len(given) == 1 else given
