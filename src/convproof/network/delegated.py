"""Operations that are not what the project exists for: somebody else's function, called and marked as delegated.

One that only moves numbers (a Slice, a Gather) is derived all the same, by running it on indices: if it hands on the labels of cells just
as it hands on the cells, under two different labellings, then it moved them, and the labels say from where.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from convproof.core.axes import at_cells
from convproof.core.derivation import Node, copy, number
from convproof.core.errors import NotCoveredError
from convproof.core.evaluation import Known
from convproof.core.layer import Case, Gradients, Layer, Step
from convproof.core.lines import Lines, no_error
from convproof.core.operators import Written
from convproof.core.sentence import Sentence, Text, say
from convproof.core.shapes import Array, Cell, Shape

Function = Callable[..., Sequence[Any]]
FOLDED = 10_000  # an array that is larger is no shape arithmetic


class Delegated(Layer):
    """``function(*arrays)`` gives all outputs; ``data`` says which inputs hold the numbers that an operation may move.

    ``of_shape`` is for an operation whose result depends on its input's shape alone. ``written`` is the ONNX node that it was read from.
    """

    def __init__(
        self,
        operator: str,
        function: Function,
        inputs: int,
        *,
        data: Sequence[int] = (0,),
        of_shape: bool = False,
        written: Written | None = None,
    ) -> None:
        super().__init__()
        self.as_written = written
        self.operator, self.function, self.data, self.of_shape = operator, function, tuple(data), of_shape
        self.input_names = tuple(f"x{k}" for k in range(inputs))
        self.support = "delegated"

    def equation(self) -> Sentence:
        """Not known here."""
        return say("computed by a delegated operator")

    def describe(self) -> str:
        """The operator's name, marked as delegated."""
        return f"{self.operator}(delegated)"

    def written(self) -> tuple[Written, ...]:
        """What it was read from. Raises NotCoveredError for an operation of another framework."""
        return super().written() if self.as_written is None else (self.as_written,)

    def shapes(self, *shapes: Shape) -> tuple[Shape, ...]:
        """Only an operation of shapes knows before a run. Raises NotCoveredError."""
        self.names_of(len(shapes))
        if self.of_shape:
            return tuple(y.shape for y in self.compute(*(np.broadcast_to(np.float32(0), shape) for shape in shapes)))
        raise NotCoveredError("{layer}: the output's shape is only known in a run", layer=self.describe())

    def known(self, *inputs: Known) -> tuple[Known, ...]:
        """The outputs themselves, where they depend on shapes or on known values alone."""
        if self.of_shape and all(known.shape is not None for known in inputs):
            return tuple(map(Known.of, self.compute(*(np.broadcast_to(np.float32(0), known.shape or ()) for known in inputs))))
        values = [known.value for known in inputs if known.value is not None]
        if len(values) < len(inputs) or any(value.size > FOLDED for value in values):
            return (Known(),)
        return tuple(map(Known.of, self.compute(*values)))

    def checked_step(self, inputs: Sequence[Array], training: bool, draw: Any = None, state: Any = None) -> Step:
        """The function's outputs; it checks its inputs itself."""
        self.names_of(len(inputs))
        return Step(self.compute(*inputs), tuple(inputs), training)

    def compute(self, *inputs: Array) -> tuple[Array, ...]:
        """All outputs. Raises NotCoveredError with the function's own words where it fails."""
        try:
            return tuple(map(np.asarray, self.function(*inputs)))
        except Exception as error:
            raise NotCoveredError(
                "{operator}, which is delegated, fails on inputs of shapes {shapes}: {problem}",
                operator=self.operator,
                shapes=[x.shape for x in inputs],
                problem=say("{kind}: {text}", kind=type(error).__name__, text=str(error)),
            ) from error

    def origins(self, inputs: Sequence[Array], output: int) -> tuple[Array, Array] | None:
        """For every output cell the input that it was moved from and the flat place there; None if the operation computes."""
        y = self.compute(*inputs)[output]
        ends = np.cumsum([inputs[k].size for k in self.data])
        plain = np.arange(ends[-1] if len(ends) else 0)
        shuffled = np.random.default_rng(0).permutation(plain)
        try:
            first, second = (self.compute(*self._labelled(inputs, labels))[output] for labels in (plain, shuffled))
        except NotCoveredError:
            return None
        if first.shape != y.shape or first.dtype.kind != "i" or (first.size and not (first.min() >= 0 and first.max() < plain.size)):
            return None
        values = np.concatenate([inputs[k].reshape(-1) for k in self.data]) if len(plain) else np.zeros(0)
        if not np.array_equal(shuffled[first], second) or not np.array_equal(values[first], y, equal_nan=y.dtype.kind == "f"):
            return None
        which = np.searchsorted(ends, first, side="right")
        return which, first - np.concatenate([[0], ends])[which]

    def _labelled(self, inputs: Sequence[Array], labels: Array) -> list[Array]:
        """The inputs with those that hold data replaced by labels of their cells."""
        found, start = list(inputs), 0
        for k in self.data:
            found[k] = labels[start : start + inputs[k].size].reshape(inputs[k].shape)
            start += inputs[k].size
        return found

    def _moved(self, case: Case) -> tuple[Array, Array]:
        found = self.origins(case.inputs, case.output)
        if found is None:
            raise NotCoveredError("{operator} is delegated and computes: a derivation ends here", operator=self.operator)
        return found

    def tree(self, cell: Cell, case: Case) -> Node:
        """Where the number was moved from. Raises NotCoveredError for an operation that computes."""
        which, place = self._moved(case)
        k = self.data[int(which[cell])]
        origin = tuple(map(int, np.unravel_index(int(place[cell]), case.inputs[k].shape)))
        note = say("{operator} moves it here from cell {cell}", operator=self.operator, cell=list(origin))
        return copy(number(case.inputs[k], origin, f"x{k}", "input", index=k), "y", note)

    def bounds(self, cells: Array | None, case: Case) -> Lines:
        """No rounding where numbers are moved, or sizes computed. Raises NotCoveredError for an operation that computes with floats."""
        if self.of_shape or all(x.dtype.kind in "iub" for x in case.inputs):
            y = self.compute(*case.inputs)[case.output]
            if y.dtype.kind in "iub":
                return no_error(at_cells(y.astype(np.float64), cells))
        which, place = self._moved(case)

        def moved(arrays: Sequence[Array]) -> Array:
            everything = np.concatenate([a.reshape(-1).astype(np.float64) for a in arrays])
            starts = np.concatenate([[0], np.cumsum([a.size for a in arrays])])
            return at_cells(everything[starts[which] + place], cells)

        local = no_error(moved([case.inputs[k] for k in self.data]))
        came = [case.came(k) or no_error(np.zeros(case.inputs[k].shape)) for k in self.data]
        return Lines(local.exact, moved([c.proof for c in came]), moved([c.sigma for c in came]))

    def pull(self, step: Step, *dy: Array) -> Gradients:
        """The gradient goes back to where the number was moved from. Raises NotCoveredError for an operation that computes."""
        inputs = [x for x in step.inputs if x is not None]
        back = [np.zeros(inputs[k].shape, dy[0].dtype) for k in self.data]
        for output, g in enumerate(dy):
            if not g.any():
                continue
            which, place = self._moved(Case(tuple(inputs), output))
            for k, total in enumerate(back):
                np.add.at(total.reshape(-1), place[which == k], g[which == k])
        return Gradients(tuple(back[self.data.index(k)] if k in self.data else None for k in range(len(inputs))))


class Unknown(Layer):
    """An operation that nobody here knows; a network that holds one can be looked at, and runs up to it."""

    def equation(self) -> Sentence:
        """Nobody knows."""
        return say("unknown")

    def __init__(self, operator: str, inputs: int, reason: Text) -> None:
        super().__init__()
        self.operator, self.reason = operator, reason
        self.input_names = tuple(f"x{k}" for k in range(inputs))
        self.support = "unknown"

    def describe(self) -> str:
        """The operator's name, marked as unknown."""
        return f"{self.operator}(unknown)"

    def known(self, *inputs: Known) -> tuple[Known, ...]:
        """Nothing."""
        return (Known(),)

    def checked_step(self, inputs: Sequence[Array], training: bool, draw: Any = None, state: Any = None) -> Step:
        """Raises NotCoveredError."""
        raise NotCoveredError(
            "{operator} cannot be computed: {reason}; look at the arrays before it, or replace it in the model",
            operator=self.operator,
            reason=self.reason,
        )
