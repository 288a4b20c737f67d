"""What goes into an evaluation of a layer and what comes out of it: a Case and a Step; and Gradients, the way back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from convproof.core.formats import FLOAT32, NumberFormat
from convproof.core.lines import Lines
from convproof.core.shapes import Array, Shape


@dataclass(frozen=True)
class Step:
    """One evaluation of a layer.

    ``inner`` is what is worth showing (a mean, a variance), ``state`` the statistics as they would be afterwards, ``draw`` what was
    random. ``inputs`` and ``training`` are what it was evaluated on, which ``pull`` needs.
    """

    outputs: tuple[Array, ...]
    inputs: tuple[Array | None, ...]
    training: bool
    inner: Mapping[str, Array] = field(default_factory=dict)
    state: Mapping[str, Array] = field(default_factory=dict)
    draw: Any = None


@dataclass(frozen=True)
class Gradients:
    """What ``pull`` gives back: one array for each input (None for an absent one), and one for each parameter by name."""

    inputs: tuple[Array | None, ...]
    parameters: Mapping[str, Array] = field(default_factory=dict)


@dataclass(frozen=True)
class Case:
    """The evaluation that a derivation or a bound is about.

    The inputs, which of the layer's outputs is meant, the mode, and what was random. Bounds also know the ``arithmetic`` in which the
    layer computes, and ``incoming``, the lines of the inputs in the inputs' shapes, None for an input that is exact.
    """

    inputs: tuple[Array, ...]
    output: int = 0
    training: bool = False
    draw: Any = None
    arithmetic: NumberFormat = FLOAT32
    incoming: tuple[Lines | None, ...] = ()

    @property
    def x(self) -> Array:
        """The first input."""
        return self.inputs[0]

    def came(self, k: int = 0) -> Lines | None:
        """The lines of input ``k``, None where it is exact."""
        return self.incoming[k] if k < len(self.incoming) else None


@dataclass(frozen=True)
class Known:
    """What is known of an array before a run: its shape, its dtype and, where it depends on shapes alone, its value; None: not known."""

    shape: Shape | None = None
    dtype: Any = None
    value: Array | None = None

    @classmethod
    def of(cls, array: Array) -> "Known":
        """An array that is there."""
        return cls(array.shape, array.dtype, array)
