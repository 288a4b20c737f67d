"""A declared order of axes: "nhwc", "nhwc,hwio" for outputs and weights, "nc4hw4" for channels in blocks.

In blocks of 4 an array stands as (N, C/4, H, W, 4), the four channels of a pixel side by side. If C is no multiple of 4, the last block
is filled up, mostly with zeros; whatever stands there belongs to no channel.
"""

import math
import re
from dataclasses import dataclass, replace

from convproof.checking.matching.expected import OUTPUTS, Expected, Fitted, Order, joins
from convproof.core.errors import SettingError, ShapeError
from convproof.core.sentence import Text, listed, say
from convproof.core.shapes import Array, Shape

OTHER_OUTPUTS = {3: ("ncw", "ncl"), 4: ("cdhw",)}
IN_BLOCKS = re.compile(r"n?(c(?P<first>\d+)hw(?P=first)|chw(?P<last>\d+)c)")  # NC4HW4, NCHW4c
BLOCKED = {"nchw": 4, "chw": 3, "nc": 2}
MOST_IN_A_BLOCK = 1024


@dataclass(frozen=True)
class Blocked(Fitted):
    """An array whose channels stand in blocks: ``there`` is (N, C / block, H, W, block), ``channels`` how many are the layer's."""

    there: Shape = ()
    channels: int = 0

    @classmethod
    def of(cls, expected: Expected, block: int) -> "Blocked | None":
        """An expected array in blocks; None if it is none that has channels. One of N, C is that with H = W = 1."""
        if expected.kind != "output" or expected.letters not in BLOCKED:
            return None
        shape = expected.shape if "n" in expected.letters else (1, *expected.shape)
        n, c, h, w = (*shape, *(1,) * (4 - len(shape)))
        note = say("read as N, C / {block}, H, W, {block}, as declared", block=block)
        return cls(expected.shape, tuple(range(len(expected.shape))), (note,), (n, -(-c // block), h, w, block), c)

    def change(self, array: Array) -> Array:
        """An array in blocks in the expected shape."""
        return self.filled(array)[:, : self.channels].reshape(self.shape)

    def filled(self, array: Array) -> Array:
        """All channels, those too that only fill the last block up: (N, a multiple of the block, H, W)."""
        n, blocks, h, w, block = self.there
        return array.reshape(self.there).transpose(0, 1, 4, 2, 3).reshape(n, blocks * block, h, w)

    def read(self, array: Array, called: Text) -> Fitted:
        """How an array is read. Raises ShapeError if it is not in blocks."""
        if not joins(array.shape, self.there):
            raise ShapeError(
                "{name}: expected {there}, which is {expected} in blocks of {block} channels, as declared; got {found}; declare its own "
                "order, or leave the layout out",
                name=called,
                there=self.there,
                expected=self.shape,
                block=self.there[4],
                found=array.shape,
            )
        if not self.filled(array)[:, self.channels :].any():
            return self
        return replace(self, notes=(*self.notes, say("what fills the last block of channels up is not 0 everywhere: not looked at")))


@dataclass(frozen=True)
class Layout:
    """Declared orders, for arrays whose axes have these letters: ("nhwc", "hwio"). ``block``: how many channels stand side by side where
    outputs have them in blocks, else 0. Nothing is declared by an empty one.
    """

    orders: tuple[str, ...] = ()
    block: int = 0

    @classmethod
    def parse(cls, text: str) -> "Layout":
        """Declared orders: "nhwc", or several for arrays of several kinds, "nhwc,hwio". Raises SettingError for one that makes no sense."""
        words = text.lower().replace(",", " ").split()
        blocks = [int(found["first"] or found["last"]) for word in words if (found := IN_BLOCKS.fullmatch(word))]
        orders = tuple(word for word in words if not IN_BLOCKS.fullmatch(word))
        known = {frozenset(letters) for letters in (*OUTPUTS.values(), *sum(OTHER_OUTPUTS.values(), ()), "oi", "oiw", "oihw", "oidhw")}
        for order in orders:
            if len(set(order)) != len(order) or len(order) < 2 or frozenset(order) not in known:
                raise no_layout(text, order)
        kinds = [frozenset(order) for order in orders] + [frozenset("nchw")] * len(blocks)
        if not kinds or len(set(kinds)) != len(kinds) or not all(1 < block <= MOST_IN_A_BLOCK for block in blocks):
            raise no_layout(text, text)
        return cls(orders, *blocks)

    def __bool__(self) -> bool:
        """Whether anything is declared."""
        return bool(self.orders or self.block)

    def order(self, expected: Expected) -> Order | None:
        """The order declared for an array; N may be left out. None if the letters are those of other arrays."""
        alike = OTHER_OUTPUTS.get(len(expected.shape), ()) if expected.kind == "output" else ()
        for letters in (expected.letters, *alike):
            for order in self.orders:
                whole = order if set(order) == set(letters) else "n" + order if "n" in letters else order.replace("n", "")
                if set(whole) == set(letters):
                    return tuple(letters.index(letter) for letter in whole)
        return None

    def blocked(self, expected: Expected, size: int) -> Blocked | None:
        """How an array of ``size`` cells stands in blocks, if that is declared; an array of N, C is as it is where it has no cells more."""
        if not self.block or (expected.letters == "nc" and size == math.prod(expected.shape)):
            return None
        return Blocked.of(expected, self.block)

    def cells(self, expected: Expected, size: int) -> int:
        """How many cells an array has to have as it was declared, which has ``size``."""
        blocked = self.blocked(expected, size)
        return math.prod(expected.shape if blocked is None else blocked.there)


def no_layout(text: str, order: str) -> SettingError:
    """A layout that makes no sense."""
    return SettingError(
        "layout {text!r}: {order!r} is no order of axes; write each axis once, slowest first, such as {outputs} for outputs, {weights} for "
        "weights, or one of each, {both}; nc4hw4 for channels in blocks",
        text=text,
        order=order,
        outputs=listed(["nhwc", "hwc", "nwhc", "ndhwc"]),
        weights=listed(["hwio", "ohwi", "ihwo"]),
        both="nhwc,hwio",
    )
