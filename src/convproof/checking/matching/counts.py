"""A wrong number of numbers: what was found, what would fit, and what it looks like.

padded     an axis is longer in memory than the layer's: channels in blocks (NC4HW4 holds 3 channels as 4), rows with a pitch
bordered   H and W are longer by the same even number: a border for the next convolution
multiple   two or more arrays one after another, or several numbers for each
part       one image of a batch, or a dump that ended early
"""

import math
from collections.abc import Iterator, Sequence

from convproof.core.errors import ShapeError
from convproof.core.sentence import Sentence, Text, either, listed, plural, say
from convproof.core.shapes import Shape

BLOCKS = (2, 4, 8, 16, 32, 64)
MOST_BORDER = 8


def complaint(called: Text, found: Shape, expected: Shape, letters: str, fits: Sequence[str]) -> ShapeError:
    """The error for an array with another number of cells than the expected one; ``fits`` are names of arrays with as many."""
    count, wanted = math.prod(found), math.prod(expected)
    if count == 0:
        return ShapeError(
            "{name} is empty (shape {found}); expected {numbers}, of shape {expected}; was it written before the layer ran?",
            name=called,
            found=found,
            numbers=numbers(wanted),
            expected=expected,
        )
    hints = [*looks_like(count, expected, letters)]
    if fits:
        hints.append(say("as many as {names} would hold", names=either(fits[:4])))
    if not hints:
        more, fewer = say("{n} too many", n=count - wanted), say("{n} too few", n=wanted - count)
        hints.append(more if count > wanted else fewer)
    return ShapeError(
        "{name}: expected {numbers}, of shape {expected}; got {count}, of shape {found}: {hints}",
        name=called,
        numbers=numbers(wanted),
        expected=expected,
        count=count,
        found=found,
        hints=listed(hints),
    )


def looks_like(count: int, expected: Shape, letters: str) -> Iterator[Sentence]:
    """What a wrong count of numbers looks like."""
    wanted = math.prod(expected)
    if wanted and count % wanted == 0:
        yield say("exactly {n} times as many", n=count // wanted)
    elif wanted % count == 0:
        yield say("exactly 1/{n} of them, as if it were cut short or one image of a batch", n=wanted // count)
    for shape, axis in padded(count, expected):
        name, short, long = letters[axis].upper() if letters else axis, expected[axis], shape[axis]
        yield say(
            "as many as {shape} has, with axis {axis} padded from {short} to {long}: leave the padding out",
            shape=shape,
            axis=name,
            short=short,
            long=long,
        )
        if name == "C" and (blocks := [block for block in BLOCKS if block > 2 and long == -(-short // block) * block]):
            yield say("if channels stand in blocks, declare that with --layout nc{n}hw{n}", n=blocks[0])
    for shape, border in bordered(count, expected, letters):
        yield say("as many as {shape} has, with a border of {n}: leave the border out", shape=shape, n=border)


def padded(count: int, expected: Shape) -> Iterator[tuple[Shape, int]]:
    """Shapes of so many cells with one axis rounded up to a whole number of blocks."""
    for axis, size in enumerate(expected):
        rest = math.prod(expected) // size if size else 0
        long = count // rest if rest and count % rest == 0 else 0
        if long > size and any(long == -(-size // block) * block for block in BLOCKS):
            yield (*expected[:axis], long, *expected[axis + 1 :]), axis


def bordered(count: int, expected: Shape, letters: str) -> Iterator[tuple[Shape, int]]:
    """Shapes of so many cells with a border around H and W."""
    if "h" not in letters or "w" not in letters:
        return
    for border in range(1, MOST_BORDER + 1):
        shape = tuple(size + 2 * border * (letter in "hw") for size, letter in zip(expected, letters, strict=True))
        if math.prod(shape) == count:
            yield shape, border


def numbers(n: int) -> Sentence:
    """A count of numbers."""
    return plural("{n} number", "{n} numbers", n=n)
