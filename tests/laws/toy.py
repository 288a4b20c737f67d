"""A layer that the house has never heard of: a shift per channel, and in training a throw of the dice for every cell.

    y[n, c] = x[n, c] + shift[c] + noise[n, c]        noise is -1, 0 or 1 in training, 0 in eval

It answers every question that the Layer base asks, has a parameter, a statistic that counts its steps, and something random.
"""

import numpy as np

from convproof.core.axes import at_cells
from convproof.core.derivation import add, number, setting
from convproof.core.errors import ShapeError
from convproof.core.formats import FLOAT64
from convproof.core.layer import Gradients, Layer, Step
from convproof.core.lines import Lines, carried
from convproof.core.parameters import Parameter, Statistic
from convproof.core.records import Convention, Mistake, Sample


def shift_missing(layer, *inputs, training):
    """y = x"""
    return Step(inputs, inputs, training)


MISTAKES = (
    Mistake(
        "toy-shift-missing",
        "the shift is missing",
        "x is passed on as it is",
        "shift[c] is added to every cell of channel c",
        "add the shift",
        lambda: Sample(Jitter(3), (np.ones((2, 3), np.float32),)),
        step=shift_missing,
    ),
)


class Jitter(Layer):
    """See the module; x is (N, C)."""

    formula = "y = x + shift + noise"
    shift = Parameter("channels")
    steps = Statistic("a single number")

    def __init__(self, channels, *, seed=0):
        super().__init__()
        self.channels, self.seed = channels, seed
        self.declare("shift", (channels,))
        self.declare("steps", (), np.int64)
        self.reset_parameters(seed)

    def reset_parameters(self, seed=None):
        self.arrays["shift"] = np.arange(1, self.channels + 1, dtype=self.dtype)

    def settings(self):
        return {"channels": self.channels, "seed": self.seed}

    def shapes(self, *shapes):
        self.names_of(len(shapes))
        if len(shapes[0]) != 2 or shapes[0][1] != self.channels:
            raise ShapeError(
                "{layer} expects x of shape (N, {channels}); got {x}", layer=self.describe(), channels=self.channels, x=shapes[0]
            )
        return shapes

    def step(self, *inputs, training, draw=None, state=None):
        (x,) = inputs
        done = (self.arrays | dict(state or {}))["steps"]
        if not training:
            return Step((x + self.shift,), inputs, training)
        if draw is None:
            draw = np.random.default_rng([self.seed, int(done)]).integers(-1, 2, x.shape)
        noise = draw.astype(x.dtype)
        return Step((x + self.shift + noise,), inputs, training, {"noise": noise}, {"steps": np.asarray(done + 1)}, draw)

    def tree(self, cell, case):
        parts = [number(case.x, cell, "x", "input"), number(self.shift, cell[1:], "shift")]
        if case.draw is not None:
            parts.append(setting(int(case.draw[cell]), "noise"))
        return add(*parts, name="y")

    def bounds(self, cells, case):
        x, shift = case.x.astype(np.float64), self.shift.astype(np.float64)
        noise = np.zeros(x.shape) if case.draw is None else case.draw.astype(np.float64)
        exact = at_cells(x + shift + noise, cells)
        size = at_cells(abs(x) + abs(shift) + abs(noise), cells)
        local = Lines(exact, 2 * (case.arithmetic.u + FLOAT64.u) * size, case.arithmetic.u * size)
        if case.came() is None:
            return local
        return carried(local, at_cells(case.came().proof, cells), at_cells(case.came().sigma, cells) ** 2)

    def reads(self, region, *shapes, output=0):
        return (region,)

    def pull(self, step, *dy):
        return Gradients((dy[0],), {"shift": dy[0].sum(axis=0)})

    def mistakes(self):
        return MISTAKES

    def conventions(self):
        return (Convention("torch", "Jitter"), Convention("onnx", "Jitter"), Convention("keras", "Jitter"))
