"""A Trace: every array that one run of a network produced, by layer name."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count, takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any, SupportsIndex

import numpy as np

from convproof.core.errors import GraphError, StaleTraceError
from convproof.core.formats import FLOAT64, format_of
from convproof.core.layer import Step
from convproof.core.shapes import Array
from convproof.core.upward import reach
from convproof.network.graph import Graph, Node, Place, find_name
from convproof.network.run import execute

if TYPE_CHECKING:
    from convproof.core.derivation import Derivation


@dataclass(frozen=True, eq=False)
class Trace:
    """Every array of one run, read-only. It belongs to the weights it was made with.

    ``trace["bn1"]`` is an array, ``trace["split.1"]`` a layer's second output, ``trace["input"]`` the input. Inner quantities and
    derivations are worked out from the stored arrays when asked for, in the mode that the run was in. An input that was prepared
    from images (``to_batch``) brings the stages of its preparation, "input.pixels" and so on, which stand first; ``before``
    remembers it by name.
    """

    graph: Graph
    arrays: Mapping[str, Array]
    modes: Mapping[str, bool]
    draws: Mapping[str, Any]
    before: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, graph: Graph, given: Sequence[Any], arrays_given: Sequence[Array]) -> "Trace":
        """Run a graph and keep all arrays. ``given`` are the inputs as the user gave them, with the stages of their preparation."""
        run = execute(graph, [array.copy() for array in arrays_given], keep="arrays")
        before = {name: x for name, x in zip(graph.inputs, given, strict=True) if getattr(x, "stages", ())}
        arrays = {f"{name}.{stage.name}": stage.array for name, x in before.items() for stage in x.stages}
        for place, array in run.arrays.items():
            if str(place) in arrays:
                raise GraphError("two arrays are called {name!r}, an output and a layer; give the layer another name", name=str(place))
            arrays[str(place)] = _read_only(array)
        return cls(graph, arrays, run.modes, run.draws, before)

    def __getitem__(self, name: str) -> Array:
        """The array of a name; a suffix that is unique will do. Raises UnknownNameError with near misses."""
        return self.arrays[self.find(name)]

    def find(self, name: str) -> str:
        """The full name of an array, from a suffix that is unique. Raises UnknownNameError with near misses."""
        return find_name(name, list(self.arrays), self.graph.aliases)

    def __iter__(self) -> Iterator[str]:
        return iter(self.arrays)

    def __len__(self) -> int:
        return len(self.arrays)

    def keys(self) -> list[str]:
        """The names of all arrays: inputs first, then the layers in the order in which they ran."""
        return list(self.arrays)

    def outputs_of(self, name: str) -> tuple[Array, ...]:
        """All outputs of a layer, by its full name."""
        outputs = (str(Place(name, k)) for k in count())
        return tuple(self.arrays[output] for output in takewhile(self.arrays.__contains__, outputs))

    def inputs_of(self, name: str) -> tuple[Array, ...]:
        """The arrays that a layer read."""
        return tuple(self.arrays[str(source)] for source in self.graph.node(name).sources)

    def inner(self, name: str) -> dict[str, Array]:
        """Inner quantities of a layer (a BatchNorm's mean, var and x_hat), by name. Raises StaleTraceError if its parameters changed."""
        return dict(self.step_of(self.graph.node(name)).inner)

    def step_of(self, node: Node) -> Step:
        """The step of a node again, from its stored inputs, in the trace's mode."""
        inputs = self.inputs_of(node.name)
        step = node.layer.checked_step(inputs, self.modes[node.name], draw=self.draws.get(node.name))
        stored = self.arrays[node.name]
        if not np.array_equal(step.outputs[0], stored, equal_nan=True):
            self.require_fresh(node, None)
        return step

    def require_fresh(self, node: Node, cells: Array | None, output: int = 0) -> None:
        """Raise StaleTraceError where a stored value lies beyond the proof line of what the parameters give now."""
        stored = self.arrays[str(Place(node.name, output))]
        found = stored if cells is None else stored[tuple(cells.T)]
        inputs, training, draw = self.inputs_of(node.name), self.modes[node.name], self.draws.get(node.name)
        arithmetic = format_of(stored.dtype) if stored.dtype.kind in "fV" else FLOAT64  # V: bfloat16; indices are exact in either
        lines = node.layer.lines(cells, inputs, output=output, training=training, draw=draw, arithmetic=arithmetic)
        if (abs(found - lines.exact) > lines.proof).any():
            raise StaleTraceError(
                "{name}: parameters changed since this trace was made; trace again to look at the present ones", name=node.name
            )

    def why(self, name: str, at: Iterable[SupportsIndex], output: int = 0) -> "Derivation":
        """How the number in a cell came about, from the stored inputs. Raises StaleTraceError if parameters changed since."""
        return reach("Trace.why")(self, name, at, output)  # type: ignore[no-any-return]

    def save(self, path: str | Path) -> None:
        """Write all arrays by name, to .npz or .safetensors by the path's ending."""
        reach("Trace.save")(self, path)

    def text(self, lang: str | None = None, full: bool = False) -> str:
        """Every stage: small arrays in full, with inner quantities; large ones as statistics and a corner. ``full``: all in full."""
        return reach("Trace.text")(self, lang, full)  # type: ignore[no-any-return]

    def __str__(self) -> str:
        return self.text()

    def _repr_html_(self) -> str:
        return reach("Trace.html")(self)  # type: ignore[no-any-return]


def _read_only(array: Array) -> Array:
    view = array.view()
    view.flags.writeable = False
    return view
