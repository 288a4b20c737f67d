"""What a layer is, in the words that let a neighbour absorb it; verbs and the fast plan ask for these, never for a class."""

from collections.abc import Callable
from dataclasses import dataclass

from convproof.core.shapes import Array


@dataclass(frozen=True)
class ScaleShift:
    """y = scale * x + shift, one pair a channel (a BatchNorm in eval)."""

    scale: Array
    shift: Array


@dataclass(frozen=True)
class Addition:
    """y = a + b, of two arrays of the same shape."""


@dataclass(frozen=True)
class Pointwise:
    """y = function(x), cell by cell, of one input; ``code`` names the function for a kernel that fuses it."""

    code: str
    function: Callable[[Array], Array]


Fusible = ScaleShift | Addition | Pointwise
