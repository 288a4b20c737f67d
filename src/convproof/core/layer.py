"""The Layer base: all that the verbs know of a layer.

A room's class says what it is by these methods, and the verbs ask nothing else:

    shapes     output shapes from input shapes, or a ShapeError that says what is wrong
    step       one evaluation, pure: outputs, inner quantities, new state
    derive     one cell, exactly
    lines      how far rounding may move some cells
    reads      which input cells a region of the output depends on
    products, sums   how many products the outputs are summed from; the outputs if these are changed first
    pull       gradients of one step
    mistakes   known ways to get it wrong
    precisions   other arithmetics that rightly compute it
    conventions   what frameworks call it
    is_a, absorbs, folded   what a neighbour may absorb
    meant, seen   which layer it is, where only a run knows
    state_bounds, draw_behind   how far rounding may move a statistic; what dice an output shows
    operators, written, in_torch   what graph formats and PyTorch write it as

A room answers the first four by ``compute`` (or ``step`` itself, where a layer has a mode, statistics or something random), ``tree`` and
``bounds``, which are handed a Case. Inputs and outputs are tuples; an absent optional input is None.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, SupportsIndex, TypeVar

import numpy as np

from convproof.core.axes import as_array, as_short_as, fresh, widened
from convproof.core.calls import Calls
from convproof.core.errors import NotCoveredError, ShapeError
from convproof.core.evaluation import Case as Case
from convproof.core.evaluation import Gradients as Gradients
from convproof.core.evaluation import Known
from convproof.core.evaluation import Step as Step
from convproof.core.formats import FLOAT32, NumberFormat
from convproof.core.fusing import Fusible, ScaleShift
from convproof.core.guards import require_numbers, require_room
from convproof.core.holder import Holder
from convproof.core.lines import Lines, no_error
from convproof.core.operators import Operator, Written
from convproof.core.parameters import warn_if_not_finite
from convproof.core.records import Convention, Mistake, Precision
from convproof.core.sentence import Text, listed, plural
from convproof.core.shapes import Array, Cell, DType, Region, Shape, Sizes
from convproof.core.upward import reach

if TYPE_CHECKING:
    from convproof.core.derivation import Derivation, Node


This = TypeVar("This", bound="Layer")


class Layer(Holder):
    """One operation with its parameters and settings. A fresh layer is in training mode, as in torch."""

    formula = ""
    input_names: tuple[str, ...] = ("x",)
    support: Literal["ours", "delegated", "unknown"] = "ours"
    added: tuple[str, ...] = ("bias",)  # parameters and inputs that are added, and not multiplied
    only_floats = False  # True for a layer that makes no sense of integers; where they do, they are computed with unrounded

    def __init__(self, *, dtype: DType = None) -> None:
        super().__init__(dtype)
        self.training = True

    # what a room answers

    def shapes(self, *shapes: Shape) -> tuple[Shape, ...]:
        """Output shapes for input shapes. Raises ShapeError for shapes that the layer cannot take."""
        raise NotImplementedError

    def known(self, *inputs: Known) -> tuple[Known, ...]:
        """What is known of the outputs from what is known of the inputs: values if all values are, else shapes if all shapes are."""
        values = [known.value for known in inputs if known.value is not None]
        if values and len(values) == len(inputs):
            return tuple(map(Known.of, self.checked_step(values, self.training).outputs))
        shapes = [known.shape for known in inputs if known.shape is not None]
        return tuple(map(Known, self.shapes(*shapes))) if len(shapes) == len(inputs) else (Known(),)

    def compute(self, *inputs: Array) -> tuple[Array, ...]:
        """The outputs of a layer that has neither mode nor statistics nor anything random."""
        raise NotImplementedError

    def step(self, *inputs: Array, training: bool, draw: Any = None, state: Mapping[str, Array] | None = None) -> Step:
        """Evaluate the layer on checked arrays; changes nothing. ``state`` stands in for the stored statistics."""
        return Step(self.compute(*inputs), inputs, training)

    def tree(self, cell: Cell, case: Case) -> "Node":
        """How the number in one cell of one output comes about, exactly."""
        raise NotCoveredError("{layer} has no derivation yet", layer=self.describe())

    def bounds(self, cells: Array | None, case: Case) -> Lines:
        """Exact values and rounding lines of some cells, (k, ndim) integers; of all cells in the output's shape for None."""
        raise NotCoveredError("{layer} has no bound yet", layer=self.describe())

    def sums(self, cells: Array | None, case: Case, change: Callable[[Array], Array]) -> Array:
        """Some outputs (all for None) in float64, every product changed before it is added; cells as in ``bounds``."""
        raise NotCoveredError("{layer} has no sums of changed products", layer=self.describe())

    def meant(self, case: Case) -> "tuple[Layer, Case]":
        """The layer that is evaluated in a case, and what it reads: itself, unless it is only known in a run which layer it is."""
        return self, case

    def seen(self, known: Sequence[Known]) -> "Layer":
        """The layer itself; of a call that is read in every run the layer that it is, as far as that is known of its inputs."""
        return self

    def state_bounds(self, name: str, case: Case) -> Lines:
        """Exact value and lines of a statistic as a step leaves it; what a layer only counts is exact."""
        step = self.step(*case.inputs, training=case.training, draw=case.draw)
        if name not in step.state or step.state[name].dtype.kind not in "iu":
            raise NotCoveredError("{layer} has no bound for its statistic {name!r} yet", layer=self.describe(), name=name)
        return no_error(step.state[name].astype(np.float64))

    def draw_behind(self, ends: tuple[Array, Array], case: Case) -> Any:
        """What must have been random for a step to give an output that lies between ``ends``, as closely as these and ``case.incoming``
        tell it; None if nothing is random here, or nothing explains it.
        """
        return None

    def reads(self, region: Region, *shapes: Shape, output: int = 0) -> tuple[Region, ...]:
        """For each input, the region that a region of the output depends on in eval mode.

        A range may stick out of the input where it reads padding. The base answers: everything.
        """
        return tuple(tuple(range(size) for size in shape) for shape in shapes)

    def products(self, *shapes: Shape) -> int:
        """How many products the outputs are summed from, products with padding counted."""
        return 0

    def pull(self, step: Step, *dy: Array) -> Gradients:
        """Gradients of a step: of inputs and parameters, given those of its outputs."""
        raise NotCoveredError("{layer} has no gradient yet", layer=self.describe())

    def mistakes(self) -> tuple[Mistake, ...]:
        """The known mistakes of this layer."""
        return ()

    def precisions(self) -> tuple[Precision, ...]:
        """Other arithmetics that rightly compute this layer but stray farther than its lines, beside those that any layer may be in."""
        return ()

    def conventions(self) -> tuple[Convention, ...]:
        """What frameworks call this layer and its settings."""
        return ()

    def is_a(self) -> Fusible | None:
        """What this layer is to a neighbour that could absorb it, in its present mode."""
        return None

    def absorbs(self) -> tuple[type[Fusible], ...]:
        """What this layer can take into itself when it follows, in this order, each at most once."""
        return ()

    def folded(self, kind: ScaleShift) -> dict[str, Array]:
        """Weight and bias (float64) with a scale and shift per output channel taken into them, for a layer that absorbs one."""
        raise NotCoveredError("{layer} has no weights that take in a scale and shift per channel", layer=self.describe())

    @classmethod
    def operators(cls) -> tuple[Operator, ...]:
        """The operators of graph formats that this layer may be read from."""
        return ()

    def written(self) -> tuple[Written, ...]:
        """The ONNX nodes that this layer is written as, in eval mode."""
        raise NotCoveredError("{layer} cannot be written as ONNX yet", layer=self.describe())

    def written_at(self, shapes: Sequence[Sizes]) -> tuple[Written, ...]:
        """The same for so many inputs, of whose shapes so much is known, where the nodes depend on it."""
        return self.written()

    def in_torch(self, shapes: Sequence[Shape], training: bool) -> Calls | None:
        """The calls of PyTorch that compute the layer on inputs of these shapes; None: torch.nn's module of this name and these settings.

        Raises NotCoveredError for what PyTorch cannot say.
        """
        return None

    def equation(self) -> Text:
        """The layer's formula in its own letters."""
        return self.formula

    def equation_of(self, case: Case) -> Text:
        """The formula, where it depends on the inputs."""
        return self.equation()

    def settings(self) -> dict[str, Any]:
        """The settings that ``repr`` shows, by argument name."""
        return {}

    # what every layer does

    def derive(
        self, cell: Cell, inputs: Sequence[Array], output: int = 0, *, training: bool | None = None, draw: Any = None
    ) -> "Derivation":
        """How the number in one cell of one output comes about, exactly; in the layer's own mode unless ``training`` says else."""
        from convproof.core.derivation import Derivation

        case = Case(tuple(inputs), output, self.training if training is None else training, draw)
        return Derivation(self.describe(), cell, self.equation_of(case), self.tree(cell, case))

    def lines(
        self,
        cells: Array | None,
        inputs: Sequence[Array],
        incoming: Sequence[Lines | None] | None = None,
        output: int = 0,
        *,
        training: bool | None = None,
        draw: Any = None,
        arithmetic: NumberFormat = FLOAT32,
    ) -> Lines:
        """Exact values and rounding lines of some cells, (k, ndim) integers; of all cells for None.

        ``incoming`` are the lines of the inputs, in the inputs' shapes, where those are not exact themselves; ``draw`` is what was random.
        A format shorter than float32 is one to store numbers in: the layer computes in float32, and rounds its outputs.
        """
        mode = self.training if training is None else training
        computing = arithmetic if arithmetic.bits >= FLOAT32.bits else FLOAT32
        found = self.bounds(cells, Case(tuple(inputs), output, mode, draw, computing, tuple(incoming or ())))
        return found if computing is arithmetic else found.stored(arithmetic)

    def __call__(self, *inputs: Any) -> Any:
        """Evaluate in the layer's own mode and keep its new statistics. One output comes as an array, several as a tuple."""
        arrays = [as_array(x, name) for x, name in zip(inputs, self.names_of(len(inputs)), strict=True)]
        step = self.checked_step(arrays, self.training)
        self.store(step.state)
        outputs = fresh(step.outputs, arrays)
        return outputs[0] if len(outputs) == 1 else outputs

    def checked_step(self, inputs: Sequence[Array], training: bool, draw: Any = None, state: Mapping[str, Array] | None = None) -> Step:
        """``step`` behind the checks that come before it: input shapes, and a warning for parameters that are not finite.

        float16 and bfloat16 are formats to store numbers in: such inputs are computed with in float32, and the outputs are rounded.
        """
        require_room(self.describe(), self.shapes(*(x.shape for x in inputs)))
        for x in inputs:
            require_numbers(self.describe(), x, self.only_floats)
        for name in self.parameters():
            warn_if_not_finite(self, name, self.arrays[name])
        step = self.step(*map(widened, inputs), training=training, draw=draw, state=state)
        return replace(step, outputs=tuple(as_short_as(y, inputs) for y in step.outputs))

    def store(self, state: Mapping[str, Array]) -> None:
        """Keep the statistics that a step arrived at. Only a call and training do this; looking never does."""
        self.arrays.update(state)

    def vjp(self, *inputs: Any) -> tuple[Any, Callable[..., Gradients]]:
        """Outputs, and the function that pulls gradients of the outputs back to inputs and parameters. Changes nothing."""
        step = self.checked_step([as_array(x) for x in inputs], self.training)

        def pullback(*dy: Any) -> Gradients:
            arrays = [as_array(g, "dy") for g in dy]
            expected = [y.shape for y in step.outputs]
            if [g.shape for g in arrays] != expected:
                raise ShapeError(
                    "pullback expects gradients of the outputs, of shapes {expected}; got {found}",
                    expected=expected,
                    found=[g.shape for g in arrays],
                )
            return self.pull(step, *arrays)

        return (step.outputs[0] if len(step.outputs) == 1 else step.outputs), pullback

    def why(self, *inputs: Any, at: Iterable[SupportsIndex], output: int = 0) -> "Derivation":
        """How the number in cell ``at`` of ``layer(*inputs)`` comes about, in the layer's present mode. Changes nothing."""
        return reach("Layer.why")(self, inputs, at, output)  # type: ignore[no-any-return]

    def train(self: This, mode: bool = True) -> This:
        """Switch to training mode (statistics of the batch); returns the layer."""
        self.training = bool(mode)
        return self

    def eval(self: This) -> This:
        """Switch to eval mode (running statistics); returns the layer."""
        return self.train(False)

    def names_of(self, count: int) -> tuple[str, ...]:
        """Names of ``count`` inputs for messages. Raises ShapeError if the layer takes another number of them."""
        if count != len(self.input_names):
            raise ShapeError(
                "{layer} takes {expected} ({names}), got {count}",
                layer=self.describe(),
                expected=plural("{n} input", "{n} inputs", n=len(self.input_names)),
                names=listed(self.input_names),
                count=count,
            )
        return self.input_names

    def describe(self) -> str:
        """The layer with its settings, as one would write it."""
        settings = ", ".join(f"{name}={value!r}" for name, value in self.settings().items())
        return f"{type(self).__name__}({settings})"

    def __repr__(self) -> str:
        return self.describe()
