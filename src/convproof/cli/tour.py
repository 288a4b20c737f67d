"""The tour: what convproof does, on one screen."""

from typing import Any

import numpy as np

from convproof.core.shapes import Array
from convproof.show.numbers import cell, rows

NEXT = """3. Try next
   convproof why --at 0,0,1,2 --mine 81              any cell by hand; is your 81 right?
   convproof run walkthrough                         every number of a whole network, stage by stage
   convproof weights walkthrough --set conv1.bias=2  see and set every weight"""


def tour() -> str:
    """The whole text; every number in it is computed on the spot."""
    from importlib.metadata import version

    head = f"convproof {version('convproof')}: see, set and prove every number in a convolutional network."
    return "\n\n".join([head, convolution(), batch_normalisation(), NEXT])


def convolution() -> str:
    """The walkthrough's convolution, its first cell by hand."""
    from convproof.formats.embedded import image_a, walkthrough_conv

    conv = walkthrough_conv()["conv1"]
    x = image_a().transpose(2, 0, 1)[None]
    derivation = conv.why(x, at=(0, 0, 0, 0))
    hand = derivation.text().split("\n\n")[1]
    whole = "   ".join(line for line in rows(conv(x)[0, 0].astype(np.int64)))
    return "\n".join(
        [
            "1. A convolution by hand: image_a (5x5, RGB), a 3x3 kernel of ones for each channel, bias 1. The top left cell:",
            *("   " + line for line in hand.splitlines()),
            f"   The whole output:  {whole}",
        ]
    )


def batch_normalisation() -> str:
    """The same image normalised, beside the half-hour mistake."""
    from convproof.formats.embedded import image_a
    from convproof.layers.catalogue import BatchNorm2d

    norm = BatchNorm2d(3)
    x = image_a().transpose(2, 0, 1)[None].astype(np.float32)
    mistake = next(m for m in norm.mistakes() if m.id == "bn-bessel-forward")
    right, wrong = norm.step(x, training=True), mistake.replay(norm, x, training=True)
    n = x[:, 0].size
    sides = zip(rows(right.outputs[0][0, 0]), rows(wrong.outputs[0][0, 0]), strict=True)
    title = f"   channel 0, variance {short_of(right.inner['var'][0])}: divided by n = {n}"
    other = f"{short_of(wrong.inner['var'][0])}: divided by n - 1 = {n - 1}"
    return "\n".join(
        [
            f"2. Batch normalisation of image_a, training mode, by formula. Mean of channel 0: {short_of(right.inner['mean'][0])}",
            f"{title:<55}{other}",
            *(f"   {a:<52}{b}" for a, b in sides),
            f"   channels 1 and 2, row by row: {'  '.join(cell(v) for v in right.outputs[0][0, 1, :, 0])}",
            f"   remembered: running_mean {figures(right.state['running_mean'])}",
            f"               running_var {figures(right.state['running_var'])} (this one divides by n - 1)",
            f"   On the right every value is too small by the same factor, sqrt({n - 1}/{n}) = {np.sqrt((n - 1) / n):.4f}.",
            f"   The mistake is called {mistake.id}: {mistake.title}.",
            f"   {mistake.fix[0].upper()}{mistake.fix[1:]}.",
        ]
    )


def short_of(value: float | np.floating[Any]) -> str:
    """A number to four decimals, trailing zeros dropped."""
    return f"{value:.4f}".rstrip("0").rstrip(".")


def figures(values: Array) -> str:
    """A vector in short."""
    return "[" + ", ".join(short_of(v) for v in values) + "]"
