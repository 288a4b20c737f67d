"""The tour: what convproof does, on one screen."""

from typing import Any

import numpy as np

from convproof.core.sentence import Sentence, say
from convproof.core.shapes import Array
from convproof.show.numbers import cell, rows
from convproof.show.width import ljust, width

NEXT = (
    ("convproof why --at 0,0,1,2 --mine 81", say("any cell by hand; is your 81 right?")),
    ("convproof check", say("is a layer right, or which is the first that is wrong? no tolerance")),
    ("convproof golden walkthrough -o golden", say("right numbers of every layer, for a port to be held against")),
)


def tour() -> str:
    """The whole text; every number in it is computed on the spot."""
    from importlib.metadata import version

    head = say("convproof {version}: see, set and prove every number in a convolutional network.", version=version("convproof"))
    return "\n\n".join([head.text(), convolution(), batch_normalisation(), try_next()])


def try_next() -> str:
    """Three commands, and what each does."""
    columns = max(len(command) for command, _ in NEXT)
    return "\n".join([f"3. {say('Try next')}", *(f"   {command:<{columns}}  {what}" for command, what in NEXT)])


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
            f"1. {say('A convolution by hand: image_a (5x5, RGB), a 3x3 kernel of ones for each channel, bias 1. The top left cell:')}",
            *("   " + line for line in hand.splitlines()),
            "   " + say("The whole output:  {rows}", rows=whole).text(),
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
    mean, variance, other = (short_of(v) for v in (right.inner["mean"][0], right.inner["var"][0], wrong.inner["var"][0]))
    title = say("channel 0, variance {variance}: divided by n = {n}", variance=variance, n=n).text()
    fix = Sentence(mistake.fix).text()
    told = [
        ljust(title, 52) + say("{variance}: divided by n - 1 = {less}", variance=other, less=n - 1).text(),
        *(f"{a:<52}{b}" for a, b in sides),
        say("channels 1 and 2, row by row: {row}", row="  ".join(cell(v) for v in right.outputs[0][0, 1, :, 0])),
        say("remembered: running_mean {mean}", mean=figures(right.state["running_mean"])),
        " " * (width(say("remembered: running_mean {mean}", mean="").text()) - len("running_mean "))
        + say("running_var {var} (this one divides by n - 1)", var=figures(right.state["running_var"])).text(),
        say(
            "On the right every value is too small by the same factor, sqrt({less}/{n}) = {factor}.",
            less=n - 1,
            n=n,
            factor=f"{np.sqrt((n - 1) / n):.4f}",
        ),
        say("The mistake is called {id}: {title}.", id=mistake.id, title=Sentence(mistake.title)),
        say("{advice}.", advice=fix[0].upper() + fix[1:]),
    ]
    head = say("Batch normalisation of image_a, training mode, by formula. Mean of channel 0: {mean}", mean=mean)
    return "\n".join([f"2. {head}", *(f"   {line}" for line in told)])


def short_of(value: float | np.floating[Any]) -> str:
    """A number to four decimals, trailing zeros dropped."""
    return f"{value:.4f}".rstrip("0").rstrip(".")


def figures(values: Array) -> str:
    """A vector in short."""
    return "[" + ", ".join(short_of(v) for v in values) + "]"
