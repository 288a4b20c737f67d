"""Models and images that come with convproof: the walkthrough's, small enough to be worked through by hand."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from convproof.core.errors import UnknownNameError
from convproof.core.sentence import Sentence, Text, either, listed, say
from convproof.core.shapes import Array
from convproof.layers import catalogue as layers
from convproof.network.network import Network, Sequential


def image_a() -> Array:
    """A 5x5 RGB image, uint8, H, W, C: row r (1 to 5) holds r everywhere, but 10*r in channel 0 of column 1."""
    image = np.repeat(np.arange(1, 6, dtype=np.uint8), 15).reshape(5, 5, 3)
    image[:, 1, 0] *= 10
    return image


def image_b() -> Array:
    """A 5x5 RGB image of ones, uint8, H, W, C."""
    return np.ones((5, 5, 3), np.uint8)


def walkthrough_conv() -> Network:
    """The walkthrough's convolution alone: 3 to 1 channels, 3x3, all weights 1, bias 1."""
    return Sequential(conv1=layers.Conv2d(3, 1, kernel_size=3).initialise("constant", weight=1, bias=1))


def walkthrough() -> Network:
    """The walkthrough's network in training mode: that convolution, BatchNorm2d(1), ReLU."""
    conv = layers.Conv2d(3, 1, kernel_size=3).initialise("constant", weight=1, bias=1)
    return Sequential(conv1=conv, bn1=layers.BatchNorm2d(1), relu=layers.ReLU())


def walkthrough_bn() -> Network:
    """The walkthrough's BatchNorm2d(3) alone, fresh and in training mode."""
    return Sequential(bn1=layers.BatchNorm2d(3))


def half_hour_mistake() -> dict[str, Array]:
    """What that BatchNorm gives for image_a to somebody who divides the variance by n - 1, in float32."""
    x = image_a().transpose(2, 0, 1)[None].astype(np.float64)
    mean, var = x.mean((0, 2, 3), keepdims=True), x.var((0, 2, 3), ddof=1, keepdims=True)
    return {"bn1": ((x - mean) / np.sqrt(var + 1e-5)).astype(np.float32)}


def walkthrough_images() -> list[Array]:
    """The batch of the walkthrough's network: image_a and image_b."""
    return [image_a(), image_b()]


def exercise(seed: int) -> tuple[Network, Array]:
    """A convolution of the walkthrough's size and an image for it, with small whole numbers to be worked through by hand."""
    rng = np.random.default_rng(seed)
    conv = layers.Conv2d(3, 1, kernel_size=3).initialise(weight=rng.integers(-2, 4, (1, 3, 3, 3)), bias=int(rng.integers(-5, 6)))
    return Sequential(conv1=conv), rng.integers(0, 10, (1, 3, 5, 5)).astype(np.float32)


@dataclass(frozen=True)
class Given:
    """An input and the words that announce it."""

    array: Any
    description: Text


@dataclass(frozen=True)
class Embedded:
    """A model that comes with convproof, and its own input; ``claimed`` are numbers of somebody who got it wrong, by layer."""

    description: Sentence
    make: Callable[[], Network]
    given: Callable[[], Given]
    claimed: Callable[[], Mapping[str, Array]] | None = None
    claimed_by: Text = ""


def _both_images() -> Given:
    from convproof.formats.images import to_batch

    return Given(to_batch(walkthrough_images()), say("image_a and image_b, divided by 255"))


def _image_a_unscaled() -> Given:
    return Given(image_a().transpose(2, 0, 1)[None].astype(np.float32), say("image_a, not scaled"))


MODELS = {
    "walkthrough": Embedded(say("the walkthrough's network"), walkthrough, _both_images),
    "walkthrough-conv": Embedded(say("the walkthrough's convolution"), walkthrough_conv, _image_a_unscaled),
    "walkthrough-bn": Embedded(
        say("the walkthrough's BatchNorm2d(3)"),
        walkthrough_bn,
        _image_a_unscaled,
        half_hour_mistake,
        say("an output with the n - 1 variance"),
    ),
}


def embedded_model(name: str) -> Network:
    """A fresh copy of an embedded model. Raises UnknownNameError with what there is."""
    import difflib

    if name not in MODELS:
        near = difflib.get_close_matches(name, MODELS, 3, 0.6)
        raise UnknownNameError(
            "no model is called {name!r}; {hint}, or net.py:factory for a function in your own file",
            name=name,
            hint=say("did you mean {names}", names=either(near)) if near else say("there are {names}", names=listed(MODELS)),
        )
    return MODELS[name].make()


def embedded_input(name: str | None) -> Given | None:
    """The input of an embedded model; None for a model of somebody's own."""
    return MODELS[name].given() if name in MODELS else None


def embedded_claims(name: str) -> Given | None:
    """The numbers that were got wrong on an embedded model, by layer; None where there are none."""
    found = MODELS.get(name)
    return Given(found.claimed(), found.claimed_by) if found and found.claimed else None


def describe(name: str) -> Text:
    """A model in words: what an embedded one is, else the name as given."""
    return MODELS[name].description if name in MODELS else name
