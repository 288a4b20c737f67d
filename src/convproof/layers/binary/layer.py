"""The layers that users meet: torch has them as functions, ONNX as operators.

Each takes arrays of one shape, or such as broadcast; one operand may be a constant: ``Mul(constant=2.0)`` is x * 2, ``Sub(constant=1,
side=0)`` is 1 - x, ``Mul(operand=array)`` multiplies by an array that belongs to the layer.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from convproof.core.calls import Calls
from convproof.core.derivation import Node, add, difference, product
from convproof.core.errors import SettingError
from convproof.core.fusing import Addition
from convproof.core.layer import Case
from convproof.core.lines import Lines
from convproof.core.operators import Result, Written
from convproof.core.sentence import either
from convproof.core.shapes import Array, Shape, Sizes
from convproof.layers.binary import bound, derive, formula, gradient
from convproof.layers.binary.base import Combination
from convproof.layers.binary.formula import Rounding
from convproof.layers.binary.written import ended, operands, scalar


class _Linear(Combination):
    """A sum or a difference, of which the second operand may have a factor ``alpha``."""

    def __init__(self, *, alpha: float | int = 1, **constants: Any) -> None:
        super().__init__(**constants)
        self.alpha = alpha

    def settings(self) -> dict[str, Any]:
        """The factor, and the constant."""
        return ({} if self.alpha == 1 else {"alpha": self.alpha}) | super().settings()

    def spelled(self, names: Sequence[str]) -> str:
        """The second operand with its factor."""
        first, *rest = names
        if rest and self.alpha != 1:
            rest[0] = f"alpha * {rest[0]}"
        return self.symbol.join([first, *rest])

    def scaled(self, parts: Sequence[Array]) -> list[Array]:
        """The operands with the second one's factor."""
        first, *rest = parts
        if rest and self.alpha != 1:
            rest[0] = np.asarray(rest[0] * np.asarray(self.alpha).astype(rest[0].dtype))
        return [first, *rest]

    def told_parts(self, nodes: Sequence[Node]) -> list[Node]:
        """The same in a derivation."""
        first, *rest = nodes
        return [first, *(derive.scaled(self.alpha, b) for b in rest[:1]), *rest[1:]]

    def written_at(self, shapes: Sequence[Sizes]) -> tuple[Written, ...]:
        """One node, behind a product where there is a factor."""
        before, (first, *rest) = operands(self, len(shapes))
        if rest and self.alpha != 1:
            before.append(Written("Mul", (rest[0], scalar(self, self.alpha))))
            rest[0] = Result(len(before) - 1)
        return ended(self, before, [first, *rest], self.onnx if len(rest) == 1 else "Sum")


class Add(_Linear):
    """The sum of some arrays, cell by cell: a + alpha * b + c + ..., with broadcasting as in NumPy and torch.

    ``alpha`` is a factor of the second. ``constant``, ``operand``, ``shape``, ``side``, ``axis``, ``dtype``: see ``Combination``.
    Raises ShapeError for shapes that cannot be broadcast.
    """

    many, onnx = True, "Add"
    symbol = " + "

    def combined(self, parts: Sequence[Array]) -> Array:
        """The sum, from the left."""
        return formula.total(self.scaled(parts))

    def told(self, nodes: Sequence[Node], whole: bool) -> Node:
        """One number from each operand."""
        return add(*self.told_parts(nodes), name="y")

    def rounded(self, parts: Sequence[bound.Part], case: Case) -> Lines:
        """(k - 1)*u*S"""
        scaled = [part.scaled(self.alpha, case.arithmetic) if k == 1 else part for k, part in enumerate(parts)]
        return bound.total(scaled, case.arithmetic)

    def pulled(self, dy: Array, parts: Sequence[Array]) -> Sequence[Array]:
        """dy for everyone."""
        return [np.asarray(dy * self.alpha) if k == 1 and self.alpha != 1 else dy for k in range(len(parts))]

    def is_a(self) -> Addition | None:
        """An addition of inputs; one with a factor or a constant is none."""
        return Addition() if self.alpha == 1 and self.fixed is None and self.axis is None else None

    def in_torch(self, shapes: Sequence[Shape], training: bool) -> Calls:
        """torch.add"""
        from convproof.layers.binary import in_torch

        return in_torch.added(*in_torch.operands(self, shapes), self.alpha)


class Sub(_Linear):
    """The difference of two arrays, cell by cell: a - alpha * b, with broadcasting as in NumPy and torch.

    ``alpha`` is a factor of the second. ``constant``, ``operand``, ``shape``, ``side``, ``axis``, ``dtype``: see ``Combination``.
    Raises ShapeError for shapes that cannot be broadcast.
    """

    onnx = "Sub"
    symbol = " - "

    def combined(self, parts: Sequence[Array]) -> Array:
        """a - alpha * b"""
        return formula.difference(self.scaled(parts))

    def told(self, nodes: Sequence[Node], whole: bool) -> Node:
        """One number from each operand."""
        a, b = self.told_parts(nodes)
        return difference(a, b, "y")

    def rounded(self, parts: Sequence[bound.Part], case: Case) -> Lines:
        """A sum with the negated second operand."""
        a, b = parts
        return bound.total([a, b.scaled(-self.alpha, case.arithmetic)], case.arithmetic)

    def pulled(self, dy: Array, parts: Sequence[Array]) -> Sequence[Array]:
        """dy, and -alpha * dy"""
        return [dy, np.asarray(-dy * self.alpha)]

    def in_torch(self, shapes: Sequence[Shape], training: bool) -> Calls:
        """torch.sub"""
        from convproof.layers.binary import in_torch

        return in_torch.subtracted(*in_torch.operands(self, shapes), self.alpha)


class Mul(Combination):
    """The product of two arrays, cell by cell, with broadcasting as in NumPy and torch.

    ``constant``, ``operand``, ``shape``, ``side``, ``axis``, ``dtype``: see ``Combination``. A constant alone does not say how many
    channels there are, so this is no ScaleShift to a neighbour.
    """

    onnx = "Mul"
    symbol = "{} * {}"

    def combined(self, parts: Sequence[Array]) -> Array:
        """a * b"""
        return formula.product(parts)

    def told(self, nodes: Sequence[Node], whole: bool) -> Node:
        """One number from each operand."""
        return product(*nodes, name="y")

    def rounded(self, parts: Sequence[bound.Part], case: Case) -> Lines:
        """One rounding."""
        return bound.product(parts, case.arithmetic)

    def pulled(self, dy: Array, parts: Sequence[Array]) -> Sequence[Array]:
        """dy * b, dy * a"""
        return gradient.product(dy, parts)

    def in_torch(self, shapes: Sequence[Shape], training: bool) -> Calls:
        """torch.mul"""
        from convproof.layers.binary import in_torch

        return in_torch.multiplied(*in_torch.operands(self, shapes))


class Div(Combination):
    """The quotient of two arrays, cell by cell, with broadcasting as in NumPy and torch.

    ``rounding_mode`` is torch's: None, "trunc" (cut off towards zero) or "floor". Integers are cut off towards zero for None, as ONNX does.
    ``constant``, ``operand``, ``shape``, ``side``, ``axis``, ``dtype``: see ``Combination``.

    Raises SettingError for another rounding_mode.
    """

    onnx = "Div"
    symbol = "{} / {}"

    def __init__(self, *, rounding_mode: Any = None, **constants: Any) -> None:
        super().__init__(**constants)
        if rounding_mode not in (None, "trunc", "floor"):
            raise SettingError("rounding_mode={mode!r}: expected {known}", mode=rounding_mode, known=either([None, "'trunc'", "'floor'"]))
        self.rounding_mode: Rounding = rounding_mode

    def settings(self) -> dict[str, Any]:
        """The rounding, and the constant."""
        return ({} if self.rounding_mode is None else {"rounding_mode": self.rounding_mode}) | super().settings()

    def spelled(self, names: Sequence[str]) -> str:
        """The quotient, and what makes it whole."""
        plain = super().spelled(names)
        return plain if self.rounding_mode is None else f"{self.rounding_mode}({plain})"

    def combined(self, parts: Sequence[Array]) -> Array:
        """a / b"""
        return formula.quotient(parts, self.rounding_mode)

    def told(self, nodes: Sequence[Node], whole: bool) -> Node:
        """One number from each operand."""
        return derive.divided(nodes, "trunc" if whole and self.rounding_mode is None else self.rounding_mode)

    def rounded(self, parts: Sequence[bound.Part], case: Case) -> Lines:
        """One division, or a product with the reciprocal."""
        return bound.quotient(parts, case.arithmetic, self.rounding_mode)

    def pulled(self, dy: Array, parts: Sequence[Array]) -> Sequence[Array]:
        """dy / b, -dy * y / b; nothing passes a rounding."""
        if self.rounding_mode is not None:
            return [np.zeros_like(dy)] * 2
        return gradient.quotient(dy, parts)

    def parts(self, operands: Sequence[Any]) -> list[Array]:
        """An integer divided by a plain number is a float, as in torch, if it is not to be whole."""
        found = super().parts(operands)
        plain = self.constant is not None and self.rounding_mode is None and found[0].dtype.kind in "iub"
        return [part.astype(np.float32) for part in found] if plain else found

    def in_torch(self, shapes: Sequence[Shape], training: bool) -> Calls:
        """torch.div"""
        from convproof.layers.binary import in_torch

        return in_torch.divided(*in_torch.operands(self, shapes), self.rounding_mode)

    def written_at(self, shapes: Sequence[Sizes]) -> tuple[Written, ...]:
        """Div; Floor behind it, or what cuts off towards zero."""
        before, arguments = operands(self, len(shapes))
        nodes = ended(self, before, arguments, self.onnx)
        last = Result(len(nodes) - 1)
        if self.rounding_mode is None:
            return nodes
        if self.rounding_mode == "floor":
            return (*nodes, Written("Floor", (last,)))
        k = len(nodes)
        cut = (Written("Sign", (last,)), Written("Abs", (last,)), Written("Floor", (Result(k + 1),)))
        return (*nodes, *cut, Written("Mul", (Result(k), Result(k + 2))))
