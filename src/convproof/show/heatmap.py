"""An array of distances in units of the proof line as a picture: every channel a tile, the worst one first and large.

The colour of a share s follows log10(s). What rounding can do (s <= 1) is pale to blue; beyond it, from orange to dark red, lies what it
cannot. A tile that is too large is drawn by the largest share of every block of cells, so that one wrong cell is never averaged away.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np

from convproof.core.sentence import Sentence, say
from convproof.core.shapes import Array, Cell, Shape
from convproof.show.check_words import share as shown
from convproof.show.pictures import tile

TILES = 16
LARGE, SMALL = 288, 120  # pixels on the screen
BLOCKS = 96  # a tile has at most so many rows and columns
WITHIN = ((-3.0, (236, 240, 244)), (0.0, (52, 120, 180)))
BEYOND = ((0.0, (250, 170, 40)), (2.0, (208, 20, 30)), (5.0, (90, 0, 20)))
FEW_ROWS = 4
THIN = 48  # pixels on the screen that a tile has at least in either direction, else its ring hides what it is around
OUTLINE = ";outline:1px solid #999"  # the darkest colour is nearly that of a dark page
RING = "position:absolute;z-index:1;width:18px;height:18px;border:2px solid #000;border-radius:50%;box-shadow:0 0 0 2px #fff"
STEPS = (0.0, 0.01, 0.1, 1.0, 1.1, 10.0, 100.0, 1e3, 1e5)
LABELS = ("0", "0.01", "0.1", "1", "&gt;1", "10", "100", "1e3", "1e5")


@dataclass(frozen=True)
class Plane:
    """A matrix of shares, where it lies in its array, and whether it is a row that was folded."""

    shares: Array
    lead: tuple[int, ...]
    folded: bool = False

    def described(self, name: str, axes: int) -> Sentence:
        """What the tile shows, for somebody who does not see it; ``name`` is the array's, ``axes`` is how many it has."""
        largest = shown(float(np.nanmax(self.shares)))
        where = self.where(axes)
        if where is None:
            return say("{name}: largest distance {largest} times what rounding can do", name=name, largest=largest)
        return say("{name}, {where}: largest distance {largest} times what rounding can do", name=name, where=where, largest=largest)

    def where(self, axes: int) -> Sentence | None:
        """The place of the tile in an array of so many axes in words."""
        if not self.lead:
            return None
        if axes == 4 and len(self.lead) == 2:
            return say("image {n}, channel {c}", n=self.lead[0], c=self.lead[1])
        return say("image {n}", n=self.lead[0]) if len(self.lead) == 1 else say("part {where}", where=list(self.lead))

    @property
    def title(self) -> Sentence:
        """What stands below the tile."""
        largest = shown(float(np.nanmax(self.shares)))
        where = f"[{', '.join(map(str, self.lead))}]"
        if self.folded and self.lead:
            return say("{where}, {n} numbers a row: up to {largest}", where=where, n=self.shares.shape[1], largest=largest)
        if self.folded:
            return say("{n} numbers a row: up to {largest}", n=self.shares.shape[1], largest=largest)
        return say("{where}: up to {largest}", where=where, largest=largest) if self.lead else say("up to {largest}", largest=largest)


def heat_map(shares: Array, cell: Cell, name: str = "") -> str:
    """The tiles of the array ``name`` and their legend as HTML.

    ``cell`` is the worst one, which gets a ring; nothing for an array without cells.
    """
    if not shares.size or not shares.ndim:
        return ""
    axes = leading(shares.shape)
    lead, inner = shares.shape[:axes], shares.shape[axes:]
    planes = [plane(part.reshape(inner), np.unravel_index(k, lead)) for k, part in enumerate(shares.reshape(math.prod(lead), -1))]
    worst = int(np.ravel_multi_index(cell[:axes], lead)) if axes else 0
    spot = divmod(int(np.ravel_multi_index(cell[axes:], inner)), planes[worst].shares.shape[1])
    some = chosen(planes, worst)
    told = {k: planes[k].described(name, shares.ndim).text() for k in some}
    tiles = "".join(drawn(planes[k], told[k], LARGE, spot) if k == worst else drawn(planes[k], told[k], SMALL) for k in some)
    more = say("{n} more, none of them worse", n=len(planes) - len(some)).text() if len(planes) > len(some) else ""
    return f'<div style="display:flex;flex-wrap:wrap;gap:8px;align-items:flex-end">{tiles}{escape(more)}</div>{legend()}'


def leading(shape: Shape) -> int:
    """How many axes stand before those that make a tile: rows and columns, or one row where there is nothing else."""
    if len(shape) < 3:
        return 1 if len(shape) == 2 and shape[0] <= FEW_ROWS else 0
    return 1 if shape[-2] * shape[-1] == 1 else len(shape) - 2


def plane(shares: Array, lead: Sequence[Any]) -> Plane:
    """One tile's shares. What is no matrix is folded into a square, NaN where there is no cell: a line of a thousand shows nothing."""
    at = tuple(int(k) for k in lead)
    if shares.ndim == 2 and min(shares.shape) > 1:
        return Plane(shares, at)
    columns = math.ceil(math.sqrt(shares.size))
    square = np.full(-(-shares.size // columns) * columns, np.nan, np.float32)
    square[: shares.size] = shares.reshape(-1)
    return Plane(square.reshape(-1, columns), at, folded=True)


def chosen(planes: list[Plane], worst: int) -> list[int]:
    """The worst plane, then the worst of the others in their order."""
    largest = [float(np.nanmax(plane.shares)) for plane in planes]
    others = sorted((k for k in range(len(planes)) if k != worst), key=lambda k: -largest[k])[: TILES - 1]
    return [worst, *sorted(others)]


def drawn(plane: Plane, told: str, side: int, spot: tuple[int, int] | None = None) -> str:
    """One tile, what is told of it, its title, and a ring around a spot."""
    picture = tile(coloured(pooled(plane.shares)), told, BLOCKS, side, THIN, OUTLINE)
    if spot is not None:
        top, left = ((at + 0.5) / size for at, size in zip(spot, plane.shares.shape, strict=True))
        picture += f'<span style="{RING};top:calc({top:.2%} - 11px);left:calc({left:.2%} - 11px)"></span>'
    return (
        f'<figure style="margin:0"><div style="position:relative;display:inline-block;line-height:0">{picture}</div>'
        f'<figcaption style="font-size:smaller">{escape(plane.title.text())}</figcaption></figure>'
    )


def pooled(shares: Array) -> Array:
    """A matrix of at most BLOCKS rows and columns, by the largest share of each block."""
    for axis in (0, 1):
        block = -(-shares.shape[axis] // BLOCKS)
        if block > 1:
            shares = np.fmax.reduceat(shares, np.arange(0, shares.shape[axis], block), axis=axis)
    return shares


def coloured(shares: Array) -> Array:
    """Shares as red, green, blue, opacity; no cell is transparent."""
    with np.errstate(divide="ignore"):
        exponents = np.log10(np.abs(shares.astype(np.float64)))
    beyond = shares > 1
    pixels = np.empty((*shares.shape, 4), np.uint8)
    for k in range(3):
        pixels[..., k] = np.where(beyond, _along(BEYOND, exponents, k), _along(WITHIN, exponents, k))
    pixels[..., 3] = np.where(np.isnan(shares), 0, 255)
    return pixels


def _along(scale: tuple[tuple[float, tuple[int, int, int]], ...], exponents: Array, k: int) -> Array:
    """One colour component between the anchors of a scale."""
    known = np.nan_to_num(exponents, nan=0.0, posinf=99.0, neginf=-99.0)
    return np.asarray(np.rint(np.interp(known, [at for at, _ in scale], [colour[k] for _, colour in scale])))


def legend() -> str:
    """The colours of some shares, and where the proof line is."""
    colours = coloured(np.array([STEPS]))[0]
    swatches = "".join(
        f'<span style="display:inline-block;width:44px;text-align:center;background:rgb({r},{g},{b});color:{_ink(r, g, b)}">{label}</span>'
        for (r, g, b, _), label in zip(colours.tolist(), LABELS, strict=True)
    )
    within, beyond = say("what rounding can do").text(), say("more than rounding can do").text()
    return f'<p style="font-size:smaller">{escape(within)} {swatches} {escape(beyond)}</p>'


def _ink(r: int, g: int, b: int) -> str:
    """Black or white, whichever has more contrast on a colour: by WCAG 2, (lighter + 0.05) / (darker + 0.05)."""
    luminance = 0.2126 * _linear(r) + 0.7152 * _linear(g) + 0.0722 * _linear(b)
    return "#000" if (luminance + 0.05) / 0.05 > 1.05 / (luminance + 0.05) else "#fff"


def _linear(component: int) -> float:
    """The light that a component of sRGB stands for, 0 to 1."""
    c = component / 255
    return c / 12.92 if c <= 0.04045 else float(((c + 0.055) / 1.055) ** 2.4)
