"""What all layers of several inputs share: broadcasting, and an operand that is a constant."""

from collections.abc import Sequence
from string import ascii_lowercase
from typing import Any, ClassVar, cast

import numpy as np

from convproof.core.arithmetic.broadcasting import gathered
from convproof.core.arithmetic.integers import wrapped
from convproof.core.axes import at_cells, axis_number
from convproof.core.derivation import Node, number, setting
from convproof.core.errors import DTypeError, SettingError, ShapeError
from convproof.core.layer import Case, Gradients, Layer, Step
from convproof.core.lines import Lines, no_error
from convproof.core.operators import Operator, Written
from convproof.core.parameters import Statistic
from convproof.core.records import Convention
from convproof.core.sentence import listed, plural
from convproof.core.shapes import Array, Cell, Region, Shape, Sizes
from convproof.layers.binary import bound
from convproof.layers.binary.formula import aligned


class Combination(Layer):
    """Two arrays, or several, combined cell by cell, with broadcasting as in NumPy and torch.

    ``constant`` is an operand that is a plain number, ``operand`` one that is an array which belongs to the layer (``shape`` is the shape
    of one that is set later, of type ``dtype``); ``side`` says where among the operands it stands, 0 for the first. ``axis`` is for old
    ONNX: the axis of the first operand at which those of the second begin; None: both end together.

    Attribute: ``operand``. Raises SettingError for a constant given twice or at a place that there is not, ShapeError for shapes that
    cannot be broadcast.
    """

    operand = Statistic("any shape")
    onnx: ClassVar[str]
    many: ClassVar[bool] = False  # whether it takes any number of inputs from one on
    symbol: ClassVar[str] = "{} ? {}"  # the formula, of two operands or of one between commas

    def __init__(
        self,
        *,
        constant: float | int | None = None,
        operand: Any = None,
        shape: Shape | None = None,
        side: int = 1,
        axis: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        if sum(given is not None for given in (constant, operand, shape)) > 1:
            raise SettingError(
                "{layer} takes one of constant, operand and shape, each of which is an operand that is no input; leave the others out",
                layer=type(self).__name__,
            )
        if side < 0 or (side > 1 and not self.many):
            raise SettingError("side={side}: expected 0 for the first operand or 1 for the second", side=side)
        self.constant, self.side, self.axis = constant, int(side), None if axis is None else axis_number(axis, "axis")
        if operand is not None:
            self.arrays["operand"] = np.array(operand)
        else:
            self.arrays["operand"] = None if shape is None else np.zeros(shape, np.float32 if dtype is None else dtype)

    @property
    def shape(self) -> Shape | None:
        """The shape of the operand that belongs to the layer; None for a layer without one."""
        return None if self.operand is None else tuple(self.operand.shape)

    @property
    def fixed(self) -> Any:
        """The operand that is no input: a number, an array or None."""
        return self.constant if self.operand is None else self.operand

    @property
    def usual(self) -> int:
        """How many inputs there are beside it, of two operands."""
        return 2 if self.fixed is None else 1

    def settings(self) -> dict[str, Any]:
        """What differs from the defaults; of an operand its shape, and its type unless it is float32."""
        found: dict[str, Any] = {} if self.constant is None else {"constant": self.constant}
        if self.operand is not None:
            found = {"shape": self.shape} | ({} if self.operand.dtype == np.float32 else {"dtype": self.operand.dtype.name})
        return found | ({} if self.side == 1 else {"side": self.side}) | ({} if self.axis is None else {"axis": self.axis})

    # names and formulas

    def names_of(self, count: int) -> tuple[str, ...]:
        """x for a single input; a, b, c, ..., or x0, x1, ... beyond 26."""
        least = self.usual if not self.many else 1 if self.fixed is None else max(1, self.side)
        if count < least or (count > least and not self.many):
            raise ShapeError(
                "{layer} takes {expected}, got {count}",
                layer=self.describe(),
                expected=plural("{n} input or more", "{n} inputs or more", n=least)
                if self.many
                else plural("{n} input", "{n} inputs", n=least),
                count=count,
            )
        if count == 1:
            return ("x",)
        return tuple(ascii_lowercase[:count]) if count <= len(ascii_lowercase) else tuple(f"x{k}" for k in range(count))

    def with_fixed(self, inputs: Sequence[Any], fixed: Any) -> list[Any]:
        """Something of every operand in order: of the inputs, and of the one that is none."""
        return list(inputs) if self.fixed is None else [*inputs[: self.side], fixed, *inputs[self.side :]]

    def equation(self) -> str:
        """The formula with as many operands as are usual."""
        return self._equation(self.usual)

    def equation_of(self, case: Case) -> str:
        """The formula with all operands."""
        return self._equation(len(case.inputs))

    def _equation(self, count: int) -> str:
        names = self.with_fixed(self.names_of(count), "constant" if self.operand is None else "operand")
        return "y = " + self.spelled(names)

    def spelled(self, names: Sequence[str]) -> str:
        """The right side of the formula."""
        return self.symbol.format(*names)

    # shapes

    def wide(self, shapes: Sequence[Shape]) -> list[Shape]:
        """The shapes of all operands, the second's with the axes that ``axis`` asks for behind its own."""
        found = [tuple(s) for s in self.with_fixed(shapes, np.shape(self.fixed))]
        if self.axis is None or len(found) < 2:
            return found
        first, second = found[:2]
        start = self.axis % max(len(first), 1)
        behind = len(first) - start - len(second)
        if behind < 0:
            raise ShapeError(
                "{layer} lays the axes of the second operand over those of the first from axis {axis} on; got shapes {shapes}",
                layer=self.describe(),
                axis=start,
                shapes=listed(found),
            )
        return [first, second + (1,) * behind, *found[2:]]

    def shapes(self, *shapes: Shape) -> tuple[Shape, ...]:
        """The broadcast shape."""
        self.names_of(len(shapes))
        wide = self.wide(shapes)
        try:
            return (tuple(np.broadcast_shapes(*wide)),)
        except ValueError:
            raise ShapeError(
                "{layer} needs operands of one shape, or such as broadcast; got {shapes}",
                layer=type(self).__name__,
                shapes=listed(wide),
            ) from None

    def operands(self, inputs: Sequence[Array]) -> list[Any]:
        """All operands in order, each in a shape that broadcasts from the right; a plain number stays one."""
        found = self.with_fixed(inputs, self.fixed)
        wide = self.wide([x.shape for x in inputs])
        return [x.reshape(shape) if isinstance(x, np.ndarray) else x for x, shape in zip(found, wide, strict=True)]

    def reads(self, region: Region, *shapes: Shape, output: int = 0) -> tuple[Region, ...]:
        """The same place in every input; the only cell of an axis that is broadcast."""
        wide = self.wide(shapes)
        own = [k for k in range(len(wide)) if self.fixed is None or k != self.side]
        return tuple(_part(region, wide[k])[: len(shape)] for k, shape in zip(own, shapes, strict=True))

    # one evaluation

    def combined(self, parts: Sequence[Array]) -> Array:
        """The definition, of arrays that broadcast."""
        raise NotImplementedError

    def told(self, nodes: Sequence[Node], whole: bool) -> Node:
        """The definition, of numbers with their sources; ``whole`` for integers."""
        raise NotImplementedError

    def rounded(self, parts: Sequence[bound.Part], case: Case) -> Lines:
        """The lines, see ``bound``."""
        raise NotImplementedError

    def pulled(self, dy: Array, parts: Sequence[Array]) -> Sequence[Array]:
        """The gradient of every operand, in the result's shape."""
        raise NotImplementedError

    def parts(self, operands: Sequence[Any]) -> list[Array]:
        """All operands as arrays of the type that is computed in."""
        return aligned(operands)

    def compute(self, *inputs: Array) -> tuple[Array, ...]:
        """Cell by cell. Raises DTypeError for truth values where these have no such function."""
        try:
            with np.errstate(all="ignore"):  # infinities, NaN and integers that wrap around are results, as in torch
                return (self.combined(self.parts(self.operands(inputs))),)
        except TypeError:
            raise DTypeError(
                "{layer} cannot take {kinds}; convert them with x.astype(np.float32)",
                layer=self.describe(),
                kinds=listed(x.dtype for x in inputs),
            ) from None

    def tree(self, cell: Cell, case: Case) -> Node:
        """One number from each operand."""
        names = iter(enumerate(self.names_of(len(case.inputs))))
        nodes: list[Node] = []
        numbers: list[Any] = []
        for k, x in enumerate(self.operands(case.inputs)):
            if not isinstance(x, np.ndarray):
                nodes.append(setting(x, "constant"))
                numbers.append(x)
                continue
            at = tuple(r.start for r in _part(tuple(range(i, i + 1) for i in cell), x.shape))
            numbers.append(np.asarray(x[at]))
            if self.fixed is not None and k == self.side:
                nodes.append(number(self.operand, at[: self.operand.ndim], "operand"))
            else:
                index, name = next(names)
                nodes.append(number(case.inputs[index], at[: case.inputs[index].ndim], name, "input", index=index))
        with np.errstate(all="ignore"):
            y = self.combined(self.parts(numbers))
        return wrapped(self.told(nodes, y.dtype.kind in "iub"), y)

    def bounds(self, cells: Array | None, case: Case) -> Lines:
        """See ``bound``; integers are not rounded."""
        (shape,) = self.shapes(*(x.shape for x in case.inputs))
        wide = self.wide([x.shape for x in case.inputs])
        operands = self.operands(case.inputs)
        came = self.with_fixed([case.came(k) for k in range(len(case.inputs))], None)
        some = [at_cells(np.broadcast_to(x, shape), cells) if isinstance(x, np.ndarray) else x for x in operands]

        def part(x: Any, lines: Lines | None, own: Shape) -> bound.Part:
            if not isinstance(x, np.ndarray):
                return bound.constant(x, case.arithmetic)
            exact = np.atleast_1d(x).astype(np.float64)
            if lines is None:
                return bound.Part(exact, np.zeros(exact.shape), np.zeros(exact.shape))
            moved = [at_cells(np.broadcast_to(a.reshape(own), shape), cells) for a in (lines.proof, lines.sigma)]
            return bound.Part(exact, *map(np.atleast_1d, moved))

        with np.errstate(all="ignore"):
            ones = [np.ones(1, x.dtype) if isinstance(x, np.ndarray) else x for x in operands]
            if self.combined(self.parts(ones)).dtype.kind in "iub":
                return no_error(self.combined(self.parts(some)).astype(np.float64))
            lines = self.rounded([part(*one) for one in zip(some, came, wide, strict=True)], case)
            whole = shape if cells is None else (len(cells),)
            return lines.map(lambda a: np.broadcast_to(a, whole or (1,)).reshape(whole).copy())

    def pull(self, step: Step, *dy: Array) -> Gradients:
        """See ``gradient``."""
        inputs = [cast("Array", x) for x in step.inputs]
        parts, wide = self.parts(self.operands(inputs)), self.wide([x.shape for x in inputs])
        with np.errstate(all="ignore"):
            found = self.pulled(dy[0], parts)
        back = [gathered(np.broadcast_to(g, dy[0].shape), shape) for g, shape in zip(found, wide, strict=True)]
        if self.fixed is not None:
            del back[self.side]
        return Gradients(tuple(g.reshape(x.shape) for g, x in zip(back, inputs, strict=True)))

    # other formats

    def conventions(self) -> tuple[Convention, ...]:
        """See ``conventions``."""
        from convproof.layers.binary.conventions import CONVENTIONS

        return CONVENTIONS[type(self).__name__]

    @classmethod
    def operators(cls) -> tuple[Operator, ...]:
        """See ``operators``."""
        from convproof.layers.binary.operators import OPERATORS

        return OPERATORS[cls.__name__]

    def written(self) -> tuple[Written, ...]:
        """The nodes for two operands."""
        return self.written_at((None,) * self.usual)

    def written_at(self, shapes: Sequence[Sizes]) -> tuple[Written, ...]:
        """One node of ONNX's operator, see ``written``."""
        from convproof.layers.binary.written import ended, operands

        return ended(self, *operands(self, len(shapes)), self.onnx)


def _part(region: Region, shape: Shape) -> Region:
    """The region of an operand that a region of the result shows."""
    own = region[len(region) - len(shape) :]
    return tuple(r if size > 1 else range(size) for r, size in zip(own, shape, strict=True))
