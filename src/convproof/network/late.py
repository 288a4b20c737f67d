"""Operations whose layer is only known when values are: a Reshape to a size that was computed, a convolution with computed weights.

A format could not read such a call when it loaded the graph. A Late layer reads it anew in every run, from the arrays of that run, and
does what the layer does that comes out. What was a parameter of that layer is an input of this one.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np

from convproof.core.derivation import Node, Number, Source, Terms
from convproof.core.errors import NotCoveredError, ShapeError
from convproof.core.evaluation import Known
from convproof.core.layer import Case, Gradients, Layer, Step
from convproof.core.lines import Lines
from convproof.core.operators import Call, Later, NotKnownYet, Read, Written
from convproof.core.sentence import Text
from convproof.core.shapes import Array, Cell, Region, Shape

Path = tuple[int, ...]


@dataclass(frozen=True)
class Found:
    """The layer that a call turned out to be, and where it reads: ``inputs`` are numbers of inputs of the Late layer, or constants.

    ``parameters`` are inputs of the Late layer too, by the name of the parameter that they are.
    """

    layer: Layer
    inputs: tuple[int | Known, ...]
    parameters: Mapping[str, int]

    def known(self, inputs: Sequence[Known]) -> list[Known]:
        """What the layer reads, of what the Late layer reads."""
        return [inputs[k] if isinstance(k, int) else k for k in self.inputs]

    def arrays(self, inputs: Sequence[Array]) -> list[Array]:
        """The same for arrays."""
        return [cast("Array", known.value) for known in self.known([Known.of(x) for x in inputs])]


class Late(Layer):
    """A call that is read in every run.

    ``paths`` say where the inputs stand among the call's arguments: (0,) is argument 0, (1, 2) is entry 2 of the list that argument 1 is.
    ``read`` reads a call, with the parameters set that are known.
    """

    def __init__(self, call: Call, paths: Sequence[Path], read: Callable[[Call], Read]) -> None:
        super().__init__()
        self.call, self.paths, self.read = call, tuple(paths), read
        self.input_names = tuple(f"x{k}" for k in range(len(self.paths)))

    def describe(self) -> str:
        """The operator's name; its settings are only known in a run."""
        return f"{self.call.name}(...)"

    def written(self) -> tuple[Written, ...]:
        """The node that it was read from. Raises NotCoveredError for a call that is none of ONNX."""
        call = self.call
        if not call.version:
            return super().written()
        places = {path[0]: k for k, path in enumerate(self.paths)}
        arguments = [places.get(k, argument) for k, argument in enumerate(call.arguments)]
        return (Written(call.name, arguments, call.settings, call.outputs, call.version),)

    def find(self, known: Sequence[Known]) -> Found:
        """Read the call with what is known of the inputs. Raises NotKnownYet where a value is asked for that is not known."""
        call = self.call
        for path, value in zip(self.paths, known, strict=True):
            call = replace(call, arguments=_put(call.arguments, path, Later(value.shape, value.dtype)))
        asked: set[int] = set()
        while True:
            try:
                found = self.read(call)
                break
            except NotKnownYet as question:
                call = self._answered(call, question.args[0], known, asked)
        places: dict[Any, int] = {path[0] if len(path) == 1 else path: k for k, path in enumerate(self.paths)}
        parameters = {name: places[k] for name, k in found.parameters.items() if not call.known(k)}
        for name, k in parameters.items():
            self._set(found.layer, name, known[k])
        inputs = tuple(places[k] if k in places else Known.of(np.asarray(call.arguments[cast("int", k)])) for k in found.inputs)
        return Found(found.layer.train(self.training), inputs, parameters)

    def _answered(self, call: Call, k: int, known: Sequence[Known], asked: set[int]) -> Call:
        if k in asked:
            raise NotKnownYet(k)
        asked.add(k)
        for path, value in zip(self.paths, known, strict=True):
            if path[0] == k:
                if value.value is None:
                    raise NotKnownYet(k)
                call = replace(call, arguments=_put(call.arguments, path, value.value))
        return call

    def _set(self, layer: Layer, name: str, known: Known) -> None:
        """Put the array of this run in the place of a parameter; where only its shape is known, the parameter keeps what it has."""
        expected = layer.arrays[name]
        if expected is None or known.shape != expected.shape:
            raise ShapeError(
                "{layer} expects {name} of shape {expected}; got {found}",
                layer=layer.describe(),
                name=name,
                expected=None if expected is None else expected.shape,
                found=known.shape,
            )
        if known.value is not None:
            layer.arrays[name] = known.value

    def of(self, arrays: Sequence[Array]) -> Found:
        """The layer for the arrays of one run."""
        return self.find([Known.of(x) for x in arrays])

    def known(self, *inputs: Known) -> tuple[Known, ...]:
        """Shapes of the outputs where the values that they depend on are known; nothing else is known of them."""
        try:
            found = self.find(inputs)
        except NotKnownYet:
            return (Known(),) * self.call.outputs
        return found.layer.known(*found.known(inputs))

    def shapes(self, *shapes: Shape) -> tuple[Shape, ...]:
        """Shapes where they depend on shapes alone. Raises NotCoveredError."""
        found = self.known(*(Known(shape) for shape in shapes))
        if any(known.shape is None for known in found):
            raise NotCoveredError("{layer}: the output's shape depends on values that only a run knows", layer=self.describe())
        return tuple(cast("Shape", known.shape) for known in found)

    def checked_step(self, inputs: Sequence[Array], training: bool, draw: Any = None, state: Mapping[str, Array] | None = None) -> Step:
        """The step of the layer that the call turns out to be."""
        found = self.of(inputs)
        step = found.layer.checked_step(found.arrays(inputs), training, draw, state)
        return replace(step, inputs=tuple(inputs), state={})

    def step(self, *inputs: Array, training: bool, draw: Any = None, state: Mapping[str, Array] | None = None) -> Step:
        """See ``checked_step``."""
        return self.checked_step(inputs, training, draw, state)

    def equation_of(self, case: Case) -> Text:
        """The formula of the layer that the call turns out to be."""
        found = self.of(case.inputs)
        return found.layer.equation_of(_within(case, found))

    def tree(self, cell: Cell, case: Case) -> Node:
        """The layer's own tree; what it reads from a parameter is read from an input here."""
        found = self.of(case.inputs)
        return _read_here(found.layer.tree(cell, _within(case, found)), found)

    def meant(self, case: Case) -> tuple[Layer, Case]:
        """The layer that the call turns out to be. Raises NotCoveredError where an error comes in through what is its parameter."""
        found = self.of(case.inputs)
        if any(case.came(k) is not None for k in range(len(case.inputs)) if k not in found.inputs):
            raise NotCoveredError("{layer} has no bound for errors of computed settings or weights", layer=found.layer.describe())
        return found.layer, _within(case, found)

    def bounds(self, cells: Array | None, case: Case) -> Lines:
        """The layer's own lines."""
        layer, within = self.meant(case)
        return layer.bounds(cells, within)

    def seen(self, known: Sequence[Known]) -> Layer:
        """The layer, from what is known before a run; this call itself where that is too little."""
        try:
            return self.find(known).layer
        except NotKnownYet:
            return self

    def reads(self, region: Region, *shapes: Shape, output: int = 0) -> tuple[Region, ...]:
        """What the layer reads, where it is known from shapes alone; else everything."""
        everything = super().reads(region, *shapes, output=output)
        try:
            found = self.find([Known(shape) for shape in shapes])
        except NotKnownYet:
            return everything
        own = found.layer.reads(region, *(known.shape or () for known in found.known([Known(shape) for shape in shapes])), output=output)
        return tuple(own[found.inputs.index(k)] if k in found.inputs else part for k, part in enumerate(everything))

    def pull(self, step: Step, *dy: Array) -> Gradients:
        """The layer's own gradients; those of its parameters are gradients of inputs here."""
        inputs = tuple(cast("Array", x) for x in step.inputs)
        found = self.of(inputs)
        own = found.layer.checked_step(found.arrays(inputs), step.training, step.draw)
        gradients = found.layer.pull(own, *dy)
        place: dict[int, Array | None] = {k: g for k, g in zip(found.inputs, gradients.inputs, strict=True) if isinstance(k, int)}
        place |= {k: gradients.parameters.get(name) for name, k in found.parameters.items()}
        return Gradients(tuple(place.get(k) for k in range(len(inputs))))


def _within(case: Case, found: Found) -> Case:
    incoming = tuple(case.came(k) if isinstance(k, int) else None for k in found.inputs)
    return replace(case, inputs=tuple(found.arrays(case.inputs)), incoming=incoming if any(incoming) else ())


def _read_here(node: Node, found: Found) -> Node:
    """A tree whose leaves name the inputs of the Late layer."""
    if isinstance(node, Number):
        return replace(node, source=_source(node.source, found))
    parts = node.parts
    if isinstance(parts, Terms):
        return replace(node, parts=Terms(lambda k: _read_here(parts[k], found), parts.sizes))
    return replace(node, parts=tuple(_read_here(part, found) for part in parts))


def _source(source: Source, found: Found) -> Source:
    if source.what in ("input", "padding"):
        place = found.inputs[source.index]
        return replace(source, index=place) if isinstance(place, int) else replace(source, what="parameter")
    if source.what in ("parameter", "statistic") and source.name in found.parameters:
        return replace(source, what="input", index=found.parameters[source.name])
    return source


def _put(arguments: Any, path: Path, value: Any) -> Any:
    """The arguments, or a list or a slice among them, with ``value`` at a path."""
    first, *rest = path
    whole = (arguments.start, arguments.stop, arguments.step) if isinstance(arguments, slice) else arguments
    parts = [_put(part, tuple(rest), value) if k == first and rest else value if k == first else part for k, part in enumerate(whole)]
    return slice(*parts) if isinstance(arguments, slice) else type(arguments)(parts)
