"""What a layer is, in the words that let a neighbour absorb it; verbs and the fast plan ask for these, never for a class."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from convproof.core.errors import NotCoveredError
from convproof.core.shapes import Array


@dataclass(frozen=True)
class ScaleShift:
    """y = scale * x + shift, one pair a channel (a BatchNorm in eval).

    ``terms`` is the sum of the absolute terms that the shift is the sum of, abs(beta) + abs(scale*mean); None: it is one number.
    """

    scale: Array
    shift: Array
    terms: Array | None = None

    @property
    def made_of(self) -> Array:
        """How large the numbers are that make the shift: they may cancel in it."""
        return np.asarray(abs(self.shift) if self.terms is None else self.terms, np.float64)


@dataclass(frozen=True)
class Addition:
    """y = a + b, of two arrays of the same shape."""


@dataclass(frozen=True)
class Pointwise:
    """y = function(x), cell by cell, of one input; ``code`` names the function for a kernel that fuses it."""

    code: str
    function: Callable[[Array], Array]


Fusible = ScaleShift | Addition | Pointwise


def scaled(weight: Array, bias: Array | None, kind: ScaleShift) -> dict[str, Array]:
    """scale * weight and scale * bias + shift (float64), for a weight whose first axis counts the output channels; no bias is one of 0.

    Raises NotCoveredError for another number of scales than of output channels.
    """
    scale = np.asarray(kind.scale, np.float64)
    if scale.size != len(weight):
        raise NotCoveredError("{n} scales do not go into weights of {channels} output channels", n=scale.size, channels=len(weight))
    own = 0.0 if bias is None else bias.astype(np.float64)
    return {
        "weight": weight.astype(np.float64) * scale.reshape(-1, *(1,) * (weight.ndim - 1)),
        "bias": np.asarray(scale * own + kind.shift, np.float64),
    }
