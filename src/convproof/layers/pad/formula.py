"""Padding, the definition: which cell of an axis every padded coordinate shows.

    y[.., i, ..] = x[.., shown(i - before), ..]        along every padded axis; i - before lies outside x where padding is

For an axis a b c d, padded by two on either side:

    constant   v v | a b c d | v v
    reflect    c b | a b c d | c b      the edge is the mirror and is not repeated
    replicate  a a | a b c d | d d      the edge is repeated
    circular   c d | a b c d | a b      the axis is a ring

A negative amount cuts cells off. Mirrors and edges stay where they were, a ring closes where the axis was cut.

The gradient of a cell is the sum of what arrives wherever it is shown; what arrives at a constant is lost.

Source: torch.nn.functional.pad, ONNX Pad. The trap: torch names the last axis first, ONNX all beginnings before all ends.
"""

import numpy as np

from convproof.core.arithmetic.padding import source
from convproof.core.shapes import Array

MODES = {"constant": "zeros", "reflect": "reflect", "replicate": "replicate", "circular": "circular"}


def shown(size: int, before: int, after: int, mode: str) -> Array:
    """The cell of an axis that each cell of the padded axis shows; NOWHERE for the constant."""
    first, last = (max(-before, 0), size - max(-after, 0)) if mode == "circular" else (0, size)
    coordinates = np.arange(-before, size + after)
    return np.asarray(first + source(coordinates - first, last - first, MODES[mode]), np.int64)
