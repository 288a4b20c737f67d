"""How other people's graphs write a layer: what a format hands to a room, and what it gets back.

A format (ONNX, a PyTorch graph) turns every operation it meets into a ``Call`` in plain values, finds the ``Operator`` of that name in
a room, and lets it ``read`` the call:

    Operator("onnx", ("Relu",), lambda call: ReLU())
    Operator("torch", ("relu",), lambda call: ReLU(), ("input",))

What the graph only knows in a run is ``LATER``. A reader that needs such a value asks for it all the same; the question raises
``NotKnownYet``, and the format asks again in every run, when all values are known. So a reader never has to think of it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from convproof.core.errors import GraphError
from convproof.core.shapes import Array, Shape, Sizes

if TYPE_CHECKING:
    from convproof.core.layer import Layer

Framework = Literal["onnx", "torch"]


@dataclass(frozen=True)
class Later:
    """An array that only a run knows; what is known of it before: its shape and dtype, or None."""

    shape: Shape | None = None
    dtype: Any = None


LATER = Later()


class Marker:
    """A value that stands for itself alone."""

    def __init__(self, meaning: str) -> None:
        self.meaning = meaning

    def __repr__(self) -> str:
        return self.meaning


FOLLOWS_MODULE = Marker("the mode of the module")  # as the argument ``training`` of a function: self.training of the module that called it


class NotKnownYet(Exception):
    """A reader asked for what only a run knows; formats catch it, no user ever sees it."""


@dataclass(frozen=True)
class Call:
    """One operation of somebody else's graph.

    ``arguments`` stand in the operator's own order: an array or a plain value where it is known, ``Later`` where only a run knows it,
    None where it is absent. ``settings`` are ONNX attributes by name: numbers, tuples of numbers, strings, arrays. (A PyTorch call has
    none: an ``Operator`` lists its signature, and every argument finds its place there.) ``version`` is the version of ONNX's operator
    set, ``outputs`` how many outputs the graph uses.
    """

    name: str
    arguments: tuple[Any, ...]
    settings: Mapping[str, Any] = field(default_factory=dict)
    version: int = 0
    outputs: int = 1

    def has(self, k: int) -> bool:
        """Whether argument ``k`` is there."""
        return k < len(self.arguments) and self.arguments[k] is not None

    def known(self, k: int) -> bool:
        """Whether argument ``k`` is there and its value is known."""
        return self.has(k) and not _later(self.arguments[k])

    def value(self, k: int, default: Any = None) -> Any:
        """Argument ``k``, ``default`` where it is absent. Raises NotKnownYet."""
        if not self.has(k):
            return default
        if _later(self.arguments[k]):
            raise NotKnownYet(k)
        return self.arguments[k]

    def array(self, k: int) -> Array:
        """Argument ``k`` as an array. Raises NotKnownYet, and GraphError where it is absent."""
        if not self.has(k):
            raise GraphError("{name} lacks its input {k}, counted from 0; the file is damaged or was written wrongly", name=self.name, k=k)
        return np.asarray(self.value(k))

    def number(self, k: int, default: Any = None) -> Any:
        """Argument ``k`` as one Python number, ``default`` where it is absent. Raises NotKnownYet."""
        if not self.has(k):
            return default
        found = self.array(k)
        if found.size != 1:
            raise GraphError("{name}: input {k} should be a single number; got shape {shape}", name=self.name, k=k, shape=found.shape)
        return found.reshape(-1)[0].item()

    def integers(self, k: int, default: tuple[int, ...] | None = None) -> tuple[int, ...] | None:
        """Argument ``k`` as a tuple of whole numbers (a single one too), ``default`` where it is absent. Raises NotKnownYet."""
        return tuple(map(int, np.asarray(self.value(k)).reshape(-1).tolist())) if self.has(k) else default

    def shape(self, k: int) -> Shape:
        """The shape of argument ``k``. Raises NotKnownYet."""
        found = self.arguments[k] if self.has(k) else self.array(k)
        shape = found.shape if isinstance(found, Later) else np.shape(self.value(k))
        if shape is None:
            raise NotKnownYet(k)
        return tuple(shape)

    def rank(self, k: int) -> int:
        """The number of axes of argument ``k``. Raises NotKnownYet."""
        return len(self.shape(k))

    def dtype(self, k: int) -> Any:
        """The dtype of argument ``k``, None where it is not known."""
        found = self.arguments[k] if self.has(k) else None
        return getattr(found, "dtype", None)

    def setting(self, name: str, default: Any = None) -> Any:
        """An ONNX attribute, ``default`` where the node has none of this name."""
        found = self.settings.get(name)
        return default if found is None else found


@dataclass(frozen=True)
class Read:
    """What a call turned out to be: the layer, the arguments that are its inputs (in the layer's order), and those that are its parameters.

    The format sets the parameters, ``{"weight": 1}``: argument 1 is the layer's ``weight``, as it is. Where a parameter is
    known in a run alone, the format sets it in every run. An input (k, j) is entry j of the list that argument k is.
    """

    layer: "Layer"
    inputs: tuple[int | tuple[int, int], ...] = (0,)
    parameters: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Operator:
    """An operator of a framework: its names, and the function that reads a call of it.

    ``read`` gives a Read, or a layer alone that reads argument 0, or None for a call that is another room's: rooms may share an operator
    of one name and one signature, as PyTorch's ``convolution``, which is transposed or not. ``signature`` names the arguments of a
    PyTorch function in order ("*shape" takes all that are left); functions, methods and ATen operators of one name share one entry,
    with an ending "_" left out.
    """

    framework: Framework
    names: tuple[str, ...]
    read: "Callable[[Call], Read | Layer | None]"
    signature: tuple[str, ...] = ()


@dataclass(frozen=True)
class Written:
    """One ONNX node that a layer is written as.

    ``arguments``: the number k for the layer's input k, a name for one of its parameters or statistics, an array for a constant, None for
    an input left out, and ``Result(j)`` for what node j of the same layer gives. The last node's outputs are the layer's; where several
    nodes make them, ``gives`` names for each output of a node which of the layer's it is, None for none. ``version`` is the version of
    ONNX's operator set that the node is written for, None for the one that all rooms write for.
    """

    operator: str
    arguments: Sequence[Any] = (0,)
    settings: Mapping[str, Any] = field(default_factory=dict)
    outputs: int = 1
    version: int | None = None
    gives: Sequence[int | None] = ()


@dataclass(frozen=True)
class Result:
    """An output of an earlier node, of those that one layer is written as; the first unless ``output`` says else."""

    node: int
    output: int = 0


def with_batch(written: Sequence[Written], shape: Sizes, axes: int) -> tuple[Written, ...]:
    """Nodes that read (N, C) and so many ``axes``; where input 0 has no N, it is put in before them and taken out of the outputs."""
    if shape is None or len(shape) != axes + 1:
        return tuple(written)

    def moved(argument: Any) -> Any:
        if isinstance(argument, Result):
            return Result(argument.node + 1, argument.output)
        return Result(0) if isinstance(argument, int) and argument == 0 else argument

    first = np.array([0], np.int64)
    inner = [replace(one, arguments=tuple(map(moved, one.arguments)), gives=()) for one in written]
    given = {j: Result(len(written), j) for j in range(written[-1].outputs)} if not written[-1].gives else {}
    given |= {j: Result(k, output) for k, one in enumerate(written, 1) for output, j in enumerate(one.gives) if j is not None}
    after = [Written("Squeeze", (given[j], first), gives=(j,)) for j in sorted(given, reverse=True)]
    return Written("Unsqueeze", (0, first)), *inner, *after


def _later(value: Any) -> bool:
    """Whether a value, or a part of a list or of a slice, is only known in a run."""
    if isinstance(value, slice):
        value = (value.start, value.stop, value.step)
    return any(map(_later, value)) if isinstance(value, list | tuple) else isinstance(value, Later)
