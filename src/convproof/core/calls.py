"""How PyTorch says a layer: what a room tells a witness, in plain values.

    Calls(Called("relu"))                                      torch.relu(x)
    Calls(Called("nn.functional.pad", settings={"pad": (1, 0)}), Called("nn.functional.conv1d", (Result(0), Own("weight"), Own("bias"))))

In the arguments of a call, and in lists, tuples and slices among them, ``Input``, ``Own``, ``Drawn`` and ``Result`` stand for tensors, and
an array for a constant. Everything else is handed over as it is.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from convproof.core.operators import Result


@dataclass(frozen=True)
class Input:
    """Input ``k`` of the layer."""

    k: int = 0


@dataclass(frozen=True)
class Own:
    """A parameter or a statistic of the layer; None where the layer goes without."""

    name: str


@dataclass(frozen=True)
class Drawn:
    """What was random in this step, as the layer drew it."""


@dataclass(frozen=True)
class Called:
    """One function of PyTorch and its arguments; ``function`` is its name below torch: "add", "nn.functional.pad"."""

    function: str
    arguments: tuple[Any, ...] = (Input(),)
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, init=False)
class Calls:
    """Calls one after another. The layer's outputs are those of the last one, unless ``outputs`` names results of several."""

    calls: tuple[Called, ...]
    outputs: tuple[Result, ...]

    def __init__(self, *calls: Called, outputs: tuple[Result, ...] = ()) -> None:
        object.__setattr__(self, "calls", calls)
        object.__setattr__(self, "outputs", outputs)


def functional(name: str, *arguments: Any, **settings: Any) -> Calls:
    """One function of torch.nn.functional, of input 0 and more."""
    return Calls(Called(f"nn.functional.{name}", (Input(), *arguments), settings))
