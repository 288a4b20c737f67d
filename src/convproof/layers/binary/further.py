"""More layers of several inputs: the larger and the smaller one, powers, means."""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from convproof.core.arithmetic.integers import cut_off
from convproof.core.calls import Called, Calls
from convproof.core.derivation import Node, maximum, minimum, power
from convproof.core.layer import Case
from convproof.core.lines import Lines
from convproof.core.shapes import Array, Shape
from convproof.layers.binary import bound, derive, formula, gradient
from convproof.layers.binary.base import Combination


class _Choice(Combination):
    """The largest or the smallest."""

    many = True
    sign: ClassVar[int]

    def spelled(self, names: Sequence[str]) -> str:
        """As a function."""
        return f"{self.symbol}({', '.join(names)})"

    def combined(self, parts: Sequence[Array]) -> Array:
        """The largest or the smallest."""
        return formula.largest(parts) if self.sign > 0 else formula.smallest(parts)

    def told(self, nodes: Sequence[Node], whole: bool) -> Node:
        """One number from each operand."""
        return (maximum if self.sign > 0 else minimum)(*nodes, name="y")

    def rounded(self, parts: Sequence[bound.Part], case: Case) -> Lines:
        """No rounding."""
        return bound.chosen(parts, self.sign)

    def pulled(self, dy: Array, parts: Sequence[Array]) -> Sequence[Array]:
        """dy for the one that is chosen."""
        return gradient.chosen(dy, parts, self.sign)

    def in_torch(self, shapes: Sequence[Shape], training: bool) -> Calls:
        """torch.maximum or torch.minimum"""
        from convproof.layers.binary import in_torch

        return in_torch.chosen(*in_torch.operands(self, shapes), f"{self.symbol}imum")


class Max(_Choice):
    """The largest of some arrays, cell by cell, with broadcasting as in NumPy and torch; NaN if any is NaN.

    ``constant``, ``operand``, ``shape``, ``side``, ``axis``, ``dtype``: see ``Combination``.
    """

    onnx, symbol = "Max", "max"
    sign = 1


class Min(_Choice):
    """The smallest of some arrays, cell by cell, with broadcasting as in NumPy and torch; NaN if any is NaN.

    ``constant``, ``operand``, ``shape``, ``side``, ``axis``, ``dtype``: see ``Combination``.
    """

    onnx, symbol = "Min", "min"
    sign = -1


class Pow(Combination):
    """The first array to the power of the second, cell by cell, with broadcasting as in NumPy and torch; of the first one's type.

    NaN for a negative base and an exponent that is no whole number. ``constant``, ``operand``, ``shape``, ``side``, ``axis``, ``dtype``:
    see ``Combination``.
    """

    onnx = "Pow"
    symbol = "{} ^ {}"

    def parts(self, operands: Sequence[Any]) -> list[Array]:
        """Two arrays stay of their own types; a plain number takes the array's."""
        return list(operands) if self.constant is None else super().parts(operands)

    def combined(self, parts: Sequence[Array]) -> Array:
        """a ^ b"""
        return formula.power(*parts)

    def told(self, nodes: Sequence[Node], whole: bool) -> Node:
        """Base and exponent."""
        base, exponent = nodes
        found = power(base, exponent, "y")
        return cut_off(found) if whole else found

    def rounded(self, parts: Sequence[bound.Part], case: Case) -> Lines:
        """4 units in the last place."""
        return bound.power(parts, case.arithmetic)

    def pulled(self, dy: Array, parts: Sequence[Array]) -> Sequence[Array]:
        """dy * b * a^(b - 1), dy * y * log(a)"""
        return gradient.power(dy, parts)

    def in_torch(self, shapes: Sequence[Shape], training: bool) -> Calls:
        """torch.pow"""
        from convproof.layers.binary import in_torch

        before, parts = in_torch.operands(self, shapes)
        return Calls(*before, Called("pow", tuple(parts)))


class Mean(Combination):
    """The mean of some arrays, cell by cell, with broadcasting as in NumPy and torch. ReduceMean is the mean along axes of one array.

    ``constant``, ``operand``, ``shape``, ``side``, ``axis``, ``dtype``: see ``Combination``.
    """

    many, onnx = True, "Mean"

    def spelled(self, names: Sequence[str]) -> str:
        """The sum divided by how many there are."""
        return f"({' + '.join(names)}) / {len(names)}"

    def combined(self, parts: Sequence[Array]) -> Array:
        """The sum divided by how many there are."""
        return formula.mean(parts)

    def told(self, nodes: Sequence[Node], whole: bool) -> Node:
        """One number from each operand."""
        found = derive.mean(nodes)
        return cut_off(found) if whole else found

    def rounded(self, parts: Sequence[bound.Part], case: Case) -> Lines:
        """Additions and a division."""
        return bound.mean(parts, case.arithmetic)

    def pulled(self, dy: Array, parts: Sequence[Array]) -> Sequence[Array]:
        """dy / k for everyone."""
        return [np.asarray(dy / len(parts))] * len(parts)

    def in_torch(self, shapes: Sequence[Shape], training: bool) -> Calls:
        """The sum divided by how many there are."""
        from convproof.layers.binary import in_torch

        return in_torch.averaged(*in_torch.operands(self, shapes))
