"""Local response normalisation: every cell is divided by a power of the squares in the channels around it.

    y[n, c] = x[n, c] / d[n, c]^beta            d[n, c] = k + alpha / size * s[n, c]
    s[n, c] = sum of x[n, j]^2 over j = c - floor(size / 2) .. c + floor((size - 1) / 2)

Channels outside x count as 0, and the sum is divided by size all the same. Of an even size the longer half lies before the cell; in ONNX it
lies after it (``longer="after"``).

How rounding enters: d is off by at most (size + 5)*u of k + abs(alpha) / size * s, whatever the order of the sum, and 1/d^beta is
evaluated at both ends; the power itself is off by (4 + 4*abs(beta*log(d)))*u, at the end where that is larger, which covers
exp(beta * log(d)); 3u are for the division, or the reciprocal and a product. Covered: any order of the window's sum, alpha / size rounded
first or last. Not covered: a running sum that adds the next channel and subtracts the last.

Source: A. Krizhevsky, I. Sutskever and G. E. Hinton, "ImageNet Classification with Deep CNNs", 2012; torch.nn.LocalResponseNorm.
"""

from collections.abc import Sequence
from typing import Any, cast

import numpy as np

from convproof.core.axes import is_whole
from convproof.core.calls import Calls
from convproof.core.derivation import Node, Terms, add, long_sum, number, power, product, quotient, setting, square
from convproof.core.errors import SettingError, ShapeError
from convproof.core.exact import exact_square_sum
from convproof.core.formats import FLOAT64, NumberFormat
from convproof.core.layer import Case, Gradients, Layer, Step
from convproof.core.lines import Lines, no_error, walk
from convproof.core.operators import Result, Written
from convproof.core.records import Convention, Precision
from convproof.core.sentence import say
from convproof.core.shapes import Array, Cell, Region, Shape
from convproof.layers.norm.conventions import conventions_of


class LocalResponseNorm(Layer):
    """Local response normalisation over (N, C, *), across the channels.

    Arguments and defaults are torch.nn.LocalResponseNorm's. ``longer`` says on which side of the cell a window of an even size has one
    channel more: "before" as in torch, or "after" as in ONNX.

    Raises SettingError for a size below 1, ShapeError for fewer than three axes.
    """

    only_floats = True

    def __init__(
        self, size: int, alpha: float | int = 1e-4, beta: float | int = 0.75, k: float | int = 1.0, *, longer: str = "before"
    ) -> None:
        super().__init__()
        if not is_whole(size) or size < 1 or longer not in ("before", "after"):
            raise SettingError(
                "size={size!r}, longer={longer!r}: expected a size of 1 or more, and before or after", size=size, longer=longer
            )
        self.size, self.alpha, self.beta, self.k, self.longer = int(size), alpha, beta, k, longer

    @property
    def reach(self) -> tuple[int, int]:
        """How many channels before and after its own a cell reads."""
        short, long = (self.size - 1) // 2, self.size // 2
        return (long, short) if self.longer == "before" else (short, long)

    def settings(self) -> dict[str, Any]:
        """The settings that differ from the defaults."""
        usual = {"alpha": 1e-4, "beta": 0.75, "k": 1.0, "longer": "before"}
        return {"size": self.size} | {name: getattr(self, name) for name, value in usual.items() if getattr(self, name) != value}

    def equation(self) -> str:
        """The formula."""
        before, after = self.reach
        return f"y[c] = x[c] / (k + alpha / size * sum of x[j]^2 over j = c - {before} .. c + {after})^beta"

    def shapes(self, *shapes: Shape) -> tuple[Shape, ...]:
        """The input's own shape."""
        self.names_of(len(shapes))
        if len(shapes[0]) < 3:
            raise ShapeError(
                "{layer} expects x of shape (N, C, *) with 3 axes or more; got {shape}", layer=self.describe(), shape=shapes[0]
            )
        return shapes

    def window(self, c: int, channels: int) -> range:
        """The channels that a cell of channel ``c`` reads."""
        before, after = self.reach
        return range(max(c - before, 0), min(c + after + 1, channels))

    def compute(self, *inputs: Array) -> tuple[Array, ...]:
        """x over the power of its surroundings."""
        (x,) = inputs
        with np.errstate(all="ignore"):
            return (np.asarray(x / self.d(x) ** self.beta),)

    def d(self, x: Array) -> Array:
        """k + alpha / size * (the squares around every cell)"""
        return np.asarray(self.k + self.alpha * (windowed(np.square(x), *self.reach) / self.size))

    def tree(self, cell: Cell, case: Case) -> Node:
        """Cell (n, c, *spot)."""
        x = case.x
        n, c, *spot = cell
        window = self.window(c, x.shape[1])
        around: tuple[Any, ...] = (n, slice(window.start, window.stop), *spot)
        column = x[around]
        squares = Terms(lambda j: square(number(x, (n, window[j], *spot), "x", "input")), np.square(column.astype(np.float64)))
        note = say("channels {first} to {last}; those outside x count as 0", first=window[0], last=window[-1])
        s = long_sum(squares, exact_square_sum(column), "s", note, row=self.size)
        share = quotient(product(setting(self.alpha, "alpha"), s), setting(self.size, "size"), "share")
        d = add(setting(self.k, "k"), share, name="d")
        return quotient(number(x, cell, "x", "input"), power(d, setting(self.beta, "beta")), "y")

    def bounds(self, cells: Array | None, case: Case) -> Lines:
        """See the top of this file."""
        x, came = case.x, case.came()
        if x.size == 0:
            return no_error(x.astype(np.float64))
        with np.errstate(all="ignore"):
            if cells is None:
                return self._lines(x.astype(np.float64), came, case.arithmetic)
            found = self._lines(
                self._columns(x, cells), None if came is None else came.map(lambda a: self._columns(a, cells)), case.arithmetic
            )
            return found.map(lambda a: a[:, self.reach[0]])

    def _columns(self, x: Array, cells: Array) -> Array:
        """The channels that each cell reads, (k, size) in float64, 0 outside x; the cell itself stands after ``reach[0]`` of them."""
        channels = cells[:, 1:2] + np.arange(-self.reach[0], self.reach[1] + 1)
        inside = (channels >= 0) & (channels < x.shape[1])
        places = [cells[:, axis, None] for axis in range(x.ndim)]
        places[1] = np.clip(channels, 0, x.shape[1] - 1)
        return np.where(inside, x[tuple(places)], 0).astype(np.float64)

    def bounds_of_running_sum(self, case: Case) -> Lines:
        """The lines of all cells where d is carried from channel to channel: one square added, one subtracted."""
        if case.x.size == 0:
            return self.bounds(None, case)
        x, scale, (before, after) = case.x.astype(np.float64), abs(self.alpha) / self.size, self.reach
        with np.errstate(all="ignore"):
            largest = abs(self.k) + scale * windowed(x**2, before + 1, after + 1)
            left = 6 * (case.arithmetic.u + FLOAT64.u) * np.cumsum(largest, axis=1)
            return self._lines(x, case.came(), case.arithmetic, left)

    def _lines(self, x: Array, incoming: Lines | None, arithmetic: NumberFormat, left: Array | float = 0.0) -> Lines:
        """Lines of all cells of x (k, C, *) in float64; ``left`` is what other channels may have left in d."""
        nothing = np.zeros_like(x)
        p, E = (nothing, nothing) if incoming is None else (incoming.proof, incoming.sigma)
        s, scale = windowed(x**2, *self.reach), abs(self.alpha) / self.size
        d, u = self.k + self.alpha / self.size * s, arithmetic.u + FLOAT64.u
        largest = windowed((abs(x) + p) ** 2, *self.reach)
        came = scale * np.maximum(largest - s, s - windowed(np.maximum(abs(x) - p, 0) ** 2, *self.reach))
        off = came + (self.size + 5) * u * (abs(self.k) + scale * largest) + scale * self.size * arithmetic.tiny + left
        f = d**-self.beta
        moved = np.max([abs((d + off) ** -self.beta - f), abs((d - off) ** -self.beta - f)], axis=0)
        steps = 7 + 4 * abs(self.beta) * np.max([abs(np.log(d + end * off)) for end in (-1, 1)], axis=0)
        size = (abs(x) + p) * (f + moved)
        proof = (abs(x) + p) * moved + p * f + steps * u * size + arithmetic.tiny * (1 + abs(f))
        y = x * f
        walked = scale * walk(s, windowed(x**4, *self.reach), self.size, arithmetic) / d
        own = y**2 * (self.beta**2 * (walked**2 + arithmetic.u**2) + (steps * arithmetic.u / 7) ** 2)
        return Lines(y, np.where(np.isnan(proof) & ~np.isnan(y), np.inf, proof), np.sqrt(own + self._spread(x, d, E)))

    def _spread(self, x: Array, d: Array, E: Array) -> Array:
        """The variance of y where the inputs have standard deviations E: by the slopes after x[c] and after its neighbours."""
        f, t = d**-self.beta, 2 * self.alpha * self.beta / self.size * d ** (-self.beta - 1)
        others = windowed(x**2 * E**2, *self.reach)
        return np.asarray(np.maximum(f**2 * E**2 - 2 * f * t * x**2 * E**2 + t**2 * x**2 * others, 0))

    def reads(self, region: Region, *shapes: Shape, output: int = 0) -> tuple[Region, ...]:
        """The channels around."""
        n, c, *spots = region
        first, last = self.window(c[0], shapes[0][1]), self.window(c[-1], shapes[0][1])
        return ((n, range(first.start, last.stop), *spots),)

    def pull(self, step: Step, *dy: Array) -> Gradients:
        """dx[c] = dy[c] / d[c]^beta - 2 * alpha * beta / size * x[c] * sum of dy[j] * x[j] / d[j]^(beta + 1) over the j that read c."""
        x = cast("Array", step.inputs[0])
        d = self.d(x)
        back = windowed(dy[0] * x / d ** (self.beta + 1), *reversed(self.reach))
        return Gradients((np.asarray(dy[0] / d**self.beta - 2 * self.alpha * self.beta / self.size * x * back),))

    def precisions(self) -> tuple[Precision, ...]:
        """See ``precisions``."""
        from convproof.layers.norm.precisions import RUNNING_SUM

        return (RUNNING_SUM,)

    def conventions(self) -> tuple[Convention, ...]:
        """See ``conventions``."""
        return conventions_of("LocalResponseNorm")

    def in_torch(self, shapes: Sequence[Shape], training: bool) -> Calls | None:
        """See ``in_torch``."""
        from convproof.layers.norm import in_torch

        return in_torch.local(self)

    def written(self) -> tuple[Written, ...]:
        """LRN; with the channels turned round before and after, where the longer half of the window lies on the other side.

        ONNX Runtime takes odd sizes alone.
        """
        settings = {"size": self.size, "alpha": float(self.alpha), "beta": float(self.beta), "bias": float(self.k)}
        if self.size % 2 or self.longer == "after":
            return (Written("LRN", (0,), settings),)
        backwards = [np.array([value], np.int64) for value in (-1, np.iinfo(np.int64).min, 1, -1)]
        return (Written("Slice", (0, *backwards)), Written("LRN", (Result(0),), settings), Written("Slice", (Result(1), *backwards)))


def windowed(x: Array, before: int, after: int) -> Array:
    """For every cell the sum over the channels from ``before`` before to ``after`` after its own; axis 1 is the channels."""
    total = np.zeros_like(x)
    channels = x.shape[1]
    for shift in range(-min(before, channels - 1), min(after, channels - 1) + 1):
        total[:, max(-shift, 0) : channels - max(shift, 0)] += x[:, max(shift, 0) : channels - max(-shift, 0)]
    return total
