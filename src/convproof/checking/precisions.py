"""Other arithmetics that rightly compute a layer, replayed: never an envelope.

A tolerance wide enough for TF32 accepts an all-zero output at n = 4608. So the arithmetic itself is replayed: the numbers that it rounds
are rounded, the layer is evaluated on them, and the claimed numbers must lie within the float32 lines of *that*.

    TF32, float16, bfloat16   what is multiplied is rounded to so many bits, and summed in float32; biases either way
    fixed point, declared     inputs and parameters are numbers of the grid, sums are exact, outputs are rounded to the grid
    denormals flushed         numbers below 2^-126 are 0, before and after every product
    a room's own              Winograd's transforms, one-pass variances, running sums, rounded coordinates: ``layer.precisions()``
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from convproof.checking.judging import Judged
from convproof.checking.reckoning import Evaluate
from convproof.core.formats import BFLOAT16, FLOAT16, NumberFormat
from convproof.core.layer import Layer
from convproof.core.lines import Lines
from convproof.core.records import Precision
from convproof.core.resolution import Resolution, rounded, truncated
from convproof.core.sentence import Sentence, say
from convproof.core.shapes import Array, Shape

Round = Callable[[Array], Array]
Incoming = Sequence[Lines | None] | None

TF32 = NumberFormat("TF32", 11, -136)
FLUSHED = NumberFormat("float32 without denormals", 24, -125)
SMALLEST_NORMAL = 2.0**-126


@dataclass(frozen=True)
class Replay:
    """One arithmetic: its id and title, how a layer's lines come out in it, and what its outputs are stored in."""

    id: str
    title: Sentence
    evaluate: Evaluate
    storage: NumberFormat | None = None

    def holds(self, judged: Judged) -> bool:
        """Whether every claimed number lies within the lines that ``evaluate`` gave."""
        if self.storage is None:
            return judged.provable
        on_grid = np.array_equal(rounded(judged.claimed, self.storage), judged.claimed, equal_nan=True)
        return on_grid and judged.of(judged.lines.stored(self.storage)).provable


def replays(layer: Layer, shapes: Sequence[Shape], claimed: Array, resolution: Resolution) -> Iterator[Replay]:
    """All arithmetics in which a layer might have been computed on inputs of these shapes, the layer's own first."""
    for own in layer.precisions():
        yield Replay(own.id, own.title, of_layer(own, claimed))
    if resolution.is_arithmetic:
        title = say("computed in {format}: inputs and parameters are rounded to it", format=resolution.name)
        yield Replay("declared-format", title, of_rounded(resolution.render))
    for id, title, format, only_products in SHORTER:
        if only_products and not layer.products(*shapes):
            continue
        rounding = partial(rounded, to=format)
        for storage in (None,) if only_products else (None, format):
            yield Replay(id, title, of_rounded(rounding), storage)
            yield Replay(id, title, of_rounded(rounding, keep=("bias",)), storage)
    yield Replay(
        "bf16-truncate", say("inputs and weights are cut off to bfloat16, not rounded"), of_rounded(lambda x: truncated(x, BFLOAT16))
    )
    yield Replay("denormal-ftz-fast-math", say("numbers below 2^-126 are taken for 0"), of_rounded(flushed, arithmetic=FLUSHED))


SHORTER = (
    ("tf32-on", say("products are computed in TF32, of 11 bits"), TF32, True),
    ("fp16-io", say("inputs and weights are rounded to float16"), FLOAT16, False),
    ("bf16-io", say("inputs and weights are rounded to bfloat16"), BFLOAT16, False),
)


def of_rounded(change: Round, keep: Sequence[str] = (), arithmetic: NumberFormat | None = None) -> Evaluate:
    """The lines of a layer whose exact inputs and parameters were changed; inputs that are not exact are rounded already, or not at all."""

    def evaluate(layer: Layer, inputs: Sequence[Array], incoming: Incoming, how: Mapping[str, Any]) -> Lines:
        changed = copy(layer)
        changed.arrays = {
            name: array if not isinstance(array, np.ndarray) or name in keep or array.dtype.kind not in "fV" else change(array.astype(np.float64))
            for name, array in layer.arrays.items()
        }
        exact = [x if x.dtype.kind != "f" or (incoming and incoming[k] is not None) else change(x) for k, x in enumerate(inputs)]
        return changed.lines(None, exact, incoming, **{**how, "arithmetic": arithmetic or how["arithmetic"]})

    return evaluate


def of_layer(own: Precision, claimed: Array) -> Evaluate:
    """The lines of an arithmetic that the layer's room knows."""

    def evaluate(layer: Layer, inputs: Sequence[Array], incoming: Incoming, how: Mapping[str, Any]) -> Lines:
        return own.lines(layer, inputs, incoming, claimed, how)

    return evaluate


def flushed(x: Array) -> Array:
    """Numbers below the smallest normal one as 0."""
    return np.asarray(np.where(abs(x) < SMALLEST_NORMAL, 0.0, x))
