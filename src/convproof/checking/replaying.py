"""How a layer is evaluated in another arithmetic: on rounded numbers, with rounded sums, or as its own room says.

Numbers that are not exact, but known to lie within x +- p, are rounded at both ends: where the interval holds no tie, that is one number
again, else it is off by a step of the format.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any

import numpy as np

from convproof.checking.judging import Judged
from convproof.checking.reckoning import as_it_is
from convproof.core.errors import NotCoveredError
from convproof.core.formats import FLOAT32, NumberFormat
from convproof.core.fusing import ScaleShift
from convproof.core.holder import with_arrays
from convproof.core.layer import Case, Layer
from convproof.core.lines import Lines
from convproof.core.records import Precision
from convproof.core.resolution import Resolution
from convproof.core.shapes import Array

MOST_PRODUCTS = 2**28  # a pass over that many takes some seconds
WIDER = 64.0  # times; what rounded numbers leave open beyond this is no replay but a tolerance

Round = Callable[[Array], Array]


@dataclass(frozen=True)
class Folds:
    """Layers into which the next one of the segment may be folded, by ``id``, with its scale and shift; and those next ones."""

    into: Mapping[int, ScaleShift] = field(default_factory=dict)
    absorbed: frozenset[int] = frozenset()


UNFOLDED = Folds()


@dataclass(frozen=True)
class Rounded:
    """A layer's lines after ``change`` rounded what it reads: parameters and inputs, but for those named in ``keep``.

    ``only_products``: only in layers that multiply. ``between``: also what unclaimed layers hand on is rounded before it is read, and not
    only where it is multiplied. ``arithmetic``: what is computed in afterwards, None for the network's own. ``folds``: a scale and shift is
    folded into parameters first, so that it is their products that are rounded. ``inputs`` rounds inputs, if that is done in another way.
    """

    change: Round
    keep: frozenset[str]
    only_products: bool = False
    between: bool = True
    arithmetic: NumberFormat | None = None
    folds: Folds = UNFOLDED
    inputs: Round | None = None

    def __call__(self, layer: Layer, case: Case, cells: Array | None) -> Lines:
        """The layer's lines in this arithmetic."""
        meant, case = layer.meant(case)
        if self.arithmetic is not None:
            case = replace(case, arithmetic=self.arithmetic)
        multiplies = meant.products(*(x.shape for x in case.inputs)) > 0
        if id(layer) in self.folds.absorbed or (self.only_products and not multiplies):
            return as_it_is(meant, case, cells)
        found = self.evaluated(*self.rounded(meant, case, multiplies, self.folds.into.get(id(layer))), cells)
        return found if multiplies else self._unless_vacuous(found, as_it_is(meant, case, cells))

    def _unless_vacuous(self, found: Lines, plain: Lines) -> Lines:
        """The plain lines where rounding took all that could be told: a row of 1000 +- 1 is constant in bfloat16, its line without end."""
        return plain if found.proof.max(initial=0.0) > WIDER * plain.proof.max(initial=0.0) > 0 else found

    def evaluated(self, layer: Layer, case: Case, cells: Array | None) -> Lines:
        """The lines of the layer that reads rounded numbers."""
        return as_it_is(layer, case, cells)

    def rounded(self, layer: Layer, case: Case, multiplies: bool, folded: ScaleShift | None) -> tuple[Layer, Case]:
        """The layer and what it reads, rounded."""
        arrays = layer.arrays if folded is None else layer.arrays | layer.folded(folded)
        changed = with_arrays(layer, {name: array if name in self.keep else self._parameter(array) for name, array in arrays.items()})
        if folded is not None:
            scale = np.where(folded.scale == 0, 1.0, folded.scale)
            changed = with_arrays(changed, changed.arrays | changed.folded(ScaleShift(1 / scale, -folded.shift / scale)))
        inputs, incoming = [], []
        for k, (x, name) in enumerate(zip(case.inputs, layer.names_of(len(case.inputs)), strict=True)):
            came = case.came(k)
            reads = came is None or multiplies or self.between
            if x.dtype.kind == "f" and reads and name not in self.keep:
                x, came = through(self.inputs or self.change, x, came)
            inputs.append(x)
            incoming.append(came)
        return changed, replace(case, inputs=tuple(inputs), incoming=tuple(incoming) if any(incoming) else ())

    def _parameter(self, array: Any) -> Any:
        return self.change(array.astype(np.float64)) if isinstance(array, np.ndarray) and array.dtype.kind in "fV" else array


@dataclass(frozen=True)
class Summed(Rounded):
    """The same with sums in ``arithmetic``, a short one. Its worst case says nothing (n*u reaches 1), so 8 sigma of it count."""

    def evaluated(self, layer: Layer, case: Case, cells: Array | None) -> Lines:
        """8 sigma, and a random walk of what underflows."""
        found = layer.bounds(cells, case)
        terms = layer.products(*(x.shape for x in case.inputs)) / max(1, found.exact.size)
        lost = 8 * np.sqrt(1 + terms) * case.arithmetic.tiny
        return Lines(found.exact, np.asarray(np.minimum(found.usual + lost, found.proof)), found.sigma)


@dataclass(frozen=True)
class Cut(Rounded):
    """The same with every product cut to the grid before it is added, in layers that can tell, on inputs that are known."""

    product: Round = np.positive

    def evaluated(self, layer: Layer, case: Case, cells: Array | None) -> Lines:
        """The sums of cut products, with the lines of the others: they are numbers of the grid, and fewer roundings than in float32."""
        found = as_it_is(layer, case, cells)
        many = cells is None and layer.products(*(x.shape for x in case.inputs)) > MOST_PRODUCTS
        if many or any(case.incoming):
            return found
        try:
            return replace(found, exact=layer.sums(cells, case, self.product))
        except NotCoveredError:
            return found


@dataclass(frozen=True)
class OfRoom:
    """The lines of a layer in an arithmetic of its room; those of a layer that does not know it are as they are.

    ``alone``: the claimed numbers are this layer's ``output``, and not those of another one after it. Then, where a known mistake
    reproduces them to within the usual line, it wins, also over numbers that were written down coarsely: the layer's own lines are given.
    """

    own: Precision
    claimed: Array
    resolution: Resolution
    alone: bool
    output: int = 0

    def __call__(self, layer: Layer, case: Case, cells: Array | None) -> Lines:
        """The layer's lines in this arithmetic."""
        meant, case = layer.meant(case)
        if self.own not in meant.precisions():
            return as_it_is(meant, case, None)
        computing = replace(case, arithmetic=max(case.arithmetic, FLOAT32, key=lambda f: f.bits))
        alone = self.alone and case.output == self.output
        low, high = self.resolution.reach(self.claimed) if alone else (np.array(-np.inf), np.array(np.inf))
        lines = self.own.lines(meant, computing, low, high)
        lines = lines if computing.arithmetic is case.arithmetic else lines.stored(case.arithmetic)
        if not alone or not Judged(lines, self.claimed, self.resolution).provable:
            return lines
        plain = as_it_is(meant, case, None)
        return plain if by_mistake(meant, case, plain, self.claimed, self.resolution) else lines


def by_mistake(layer: Layer, case: Case, plain: Lines, claimed: Array, resolution: Resolution) -> bool:
    """Whether a known mistake that shows on this input gives the claimed numbers, with one of its known constants."""
    for mistake in layer.mistakes():
        names = [constant.name for constant in mistake.constants]
        for values in product(*(constant.known for constant in mistake.constants)):
            step = mistake.replay(layer, *case.inputs, training=case.training, **dict(zip(names, values, strict=True)))
            wrong = step.outputs[case.output].astype(np.float64)
            shows = wrong.shape == plain.exact.shape and not Judged(plain, wrong, Resolution(FLOAT32)).provable
            if shows and Judged(Lines(wrong, plain.proof, plain.sigma), claimed, resolution).usual:
                return True
    return False


def through(change: Round, x: Array, came: Lines | None) -> tuple[Array, Lines | None]:
    """Numbers after they were rounded, and how far they may be off then."""
    y = change(x)
    if came is None:
        return y, None
    with np.errstate(invalid="ignore"):
        off = np.maximum(abs(change(x + came.proof) - y), abs(change(x - came.proof) - y))
    off = np.where(np.isnan(off), np.inf, off)
    return y, Lines(y, off, off) if off.any() else None
