"""Records that rooms keep as data: known mistakes, other arithmetics, and what frameworks mean by the same word."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from convproof.core.shapes import Array

if TYPE_CHECKING:
    from convproof.core.layer import Case, Gradients, Layer, Step
    from convproof.core.lines import Lines
    from convproof.core.sentence import Sentence


@dataclass(frozen=True)
class Constant:
    """A number that a mistake gets wrong: its right value for a layer, and the wrong values that are known, with who uses them."""

    name: str
    right: Callable[["Layer"], float]
    known: Mapping[float, str]


@dataclass(frozen=True)
class Sample:
    """A layer and inputs on which a mistake is loud."""

    layer: "Layer"
    inputs: tuple[Array, ...]


@dataclass(frozen=True)
class Mistake:
    """One known way to get a layer wrong, as an executable mutation of its formula; ``id`` is for life.

    ``wrong``, ``right`` and ``fix`` are sentences for a person. ``step(layer, *inputs, training, **constants)`` is the layer's step
    with the wrong turn in it, ``pull(layer, step, *dy)`` its pull-back; what a mistake leaves alone is None. ``applies`` says whether
    a layer can suffer from it at all.
    """

    id: str
    title: str
    wrong: str
    right: str
    fix: str
    sample: Callable[[], Sample]
    step: Callable[..., "Step"] | None = None
    pull: Callable[..., "Gradients"] | None = None
    constants: tuple[Constant, ...] = ()
    applies: Callable[["Layer"], bool] = lambda layer: True

    def replay(self, layer: "Layer", *inputs: Array, training: bool, **constants: float) -> "Step":
        """The layer's step with this mistake in it; the right step for a mistake that only shows in gradients."""
        if self.step is None:
            return layer.step(*inputs, training=training)
        return self.step(layer, *inputs, training=training, **constants)


@dataclass(frozen=True)
class Precision:
    """Another arithmetic that rightly computes a layer but strays farther than its lines: Winograd's transforms, a one-pass variance.

    ``lines(layer, case, low, high)`` are the exact values and lines of all cells in that arithmetic. An arithmetic that leaves something
    open is ``fitted`` to the numbers that it is to explain, which lie between ``low`` and ``high``. Any other may see from them that it
    fails, and give up early; where they are not this layer's numbers, they are infinite. The errors of an arithmetic may be known to be
    ``scattered``: no cell is off alone, and they are no scale and shift of the exact numbers.
    """

    id: str
    title: "Sentence"
    lines: Callable[["Layer", "Case", Array, Array], "Lines"]
    fitted: bool = False
    scattered: bool = False


@dataclass(frozen=True)
class Setting:
    """How a framework says one setting of ours. ``sense``: "same", "complement" (1 - ours), "outside the root", ..."""

    ours: str
    theirs: str
    default: Any = None
    sense: str = "same"


@dataclass(frozen=True)
class Convention:
    """What one framework calls a layer, its settings and its parameters, and how it lays a weight out."""

    framework: str
    layer: str
    settings: tuple[Setting, ...] = ()
    parameters: Mapping[str, str] | None = None
    weight_layout: str = ""
    note: str = ""
