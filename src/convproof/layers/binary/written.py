"""How layers of several inputs are written as ONNX nodes.

Where the axes of the second operand begin at one of the first's, all axes are reversed: then they begin so many axes before the end,
whatever the number of axes. The result is turned round again.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from convproof.core.errors import NotCoveredError
from convproof.core.operators import Result, Written
from convproof.core.shapes import Array
from convproof.layers.binary.base import Combination


def scalar(layer: Combination, value: float | int) -> Array:
    """A plain number in the layer's type."""
    return np.asarray(value, layer.dtype)


def operands(layer: Combination, count: int) -> tuple[list[Written], list[Any]]:
    """The nodes that come first, and the operands of a layer with ``count`` inputs."""
    fixed = None if layer.fixed is None else "operand" if layer.constant is None else scalar(layer, layer.constant)
    found = layer.with_fixed(range(count), fixed)
    if layer.axis is None:
        return [], found
    if layer.axis < 0 or len(found) != 2:
        raise NotCoveredError("{layer} cannot be written as ONNX: count its axis from 0, for two operands", layer=layer.describe())
    reversed_ = [Written("Transpose", (operand,)) for operand in found]
    longer = Written("Unsqueeze", (Result(1), np.arange(-layer.axis, 0)))
    return [*reversed_, longer], [Result(0), Result(2)]


def ended(layer: Combination, before: Sequence[Written], arguments: Sequence[Any], operator: str) -> tuple[Written, ...]:
    """All nodes: those before, the operator's own, and one that turns the axes round again."""
    nodes = (*before, Written(operator, tuple(arguments)))
    return nodes if layer.axis is None else (*nodes, Written("Transpose", (Result(len(nodes) - 1),)))
