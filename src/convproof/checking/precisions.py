"""Other arithmetics that rightly compute a layer, replayed: never an envelope.

A tolerance wide enough for TF32 accepts an all-zero output at n = 4608. So the arithmetic itself is replayed: the numbers that it rounds
are rounded, the layer is evaluated on them, and the claimed numbers must lie within the float32 lines of *that*.

    TF32, float16, bfloat16   what is multiplied is rounded to so many bits, and summed in float32; what is added either way
                              outputs may be stored in float16 or bfloat16, if the claimed numbers are all numbers of that format
    16-bit sums, declared     the sums themselves are rounded to float16 or bfloat16 at every step: 8 sigma of that format
    fixed point, declared     inputs and parameters are numbers of the grid, sums are exact, outputs are rounded to the grid; each of them
                              to nearest, down or toward zero; or every product is cut to the grid before it is added
    denormals flushed         numbers below 2^-126 are 0, before and after every product
    a room's own              Winograd's transforms, one-pass variances, running sums, rounded coordinates: ``layer.precisions()``

A known mistake that reproduces the numbers as well as a room's own arithmetic wins over it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import NamedTuple

import numpy as np

from convproof.checking.judging import Judged
from convproof.checking.reckoning import Evaluate
from convproof.checking.replaying import UNFOLDED, Cut, Folds, OfRoom, Round, Rounded, Summed
from convproof.core.fixed_point import Fixed
from convproof.core.formats import BFLOAT16, FLOAT16, FLOAT32, NumberFormat
from convproof.core.layer import Layer
from convproof.core.resolution import SAID, Resolution, Rounding, Stored, rounded, rounded_away, truncated
from convproof.core.sentence import Sentence, say
from convproof.core.shapes import Array

TF32 = NumberFormat("TF32", 11, -136)
FLUSHED = NumberFormat("float32 without denormals", 24, -125)
SMALLEST_NORMAL = 2.0**-126


class Shorter(NamedTuple):
    """A shorter format, in which numbers are multiplied, or kept too."""

    id: str
    title: Sentence
    format: NumberFormat
    only_products: bool = False


SHORTER = (
    Shorter("tf32-on", say("products are computed in TF32, of 11 bits; float16 has as many"), TF32, only_products=True),
    Shorter("fp16-io", say("inputs and weights are rounded to float16"), FLOAT16),
    Shorter("bf16-io", say("inputs and weights are rounded to bfloat16"), BFLOAT16),
)
SUMS = {
    "float16": ("fp16-accumulate", say("sums are rounded to float16 at every step")),
    "bfloat16": ("bf16-accumulate", say("sums are rounded to bfloat16 at every step")),
}
DECLARED = "declared-format"
CUT_OFF = say("inputs and weights are cut off to bfloat16, not rounded")
WAYS: tuple[Rounding, ...] = ("nearest", "floor", "truncate")
WEIGHTS = {
    "fp16-io": say("weights are rounded to float16, inputs are not"),
    "bf16-io": say("weights are rounded to bfloat16, inputs are not"),
    "bf16-truncate": say("weights are cut off to bfloat16, inputs are not"),
}
OUTPUTS = {
    "fp16-io": say("outputs are rounded to float16"),
    "bf16-io": say("outputs are rounded to bfloat16"),
    "bf16-truncate": say("outputs are cut off to bfloat16, not rounded"),
}


@dataclass(frozen=True)
class Replay:
    """One arithmetic: its id and title, how a layer's lines come out in it, and what outputs are stored in; None: as they were computed."""

    id: str
    title: Sentence
    evaluate: Evaluate
    storage: Stored | None = None

    def of(self, judged: Judged) -> Judged:
        """The claimed numbers against the lines that ``evaluate`` gave, as numbers of the format that outputs are stored in."""
        if self.storage is None:
            return judged
        stored = on_grid(judged.claimed, judged.resolution, self.storage)
        return judged if stored is None else Judged(judged.lines, stored, self.storage)


def replays(
    layers: Sequence[Layer], claimed: Array, resolution: Resolution, computed: bool = True, folds: Folds = UNFOLDED, output: int = 0
) -> Iterator[Replay]:
    """All arithmetics in which a segment of ``layers`` might have been computed, the last of which makes the claim.

    Those that leave the least open come first: a rounded number is one number, Winograd's line is hundreds of units wide.
    ``computed`` is False where claimed inputs were only written down at the resolution that they have: then they were not rounded, and
    nothing is replayed that would round them. ``folds`` are tried after what is not folded. ``output`` counts the last layer's outputs.
    """
    if computed or not resolution.is_arithmetic:
        yield from _in_float32(claimed, resolution)
        for folded in (UNFOLDED, folds) if folds.into else (UNFOLDED,):
            yield from _anywhere(layers, claimed, resolution, folded)
    yield from _of_rooms(layers, claimed, resolution, output)


def _anywhere(layers: Sequence[Layer], claimed: Array, resolution: Resolution, folds: Folds) -> Iterator[Replay]:
    """Arithmetics that any layer may be in."""
    yield from _declared(layers, resolution, folds)
    own = [shorter for shorter in SHORTER if isinstance(resolution, Stored) and shorter.format == resolution.storage]
    for shorter in (*own, *(other for other in SHORTER if other not in own)):
        id, title, format, only_products = shorter
        if only_products:
            yield from _in_tf32(id, title, format, layers, folds)
        else:
            yield from _shorter(id, title, Stored(FLOAT32, format), layers, claimed, resolution, folds)
    yield from _shorter("bf16-truncate", CUT_OFF, Stored(FLOAT32, BFLOAT16, rounding="truncate"), layers, claimed, resolution, folds)


def _of_rooms(layers: Sequence[Layer], claimed: Array, resolution: Resolution, output: int) -> Iterator[Replay]:
    """Every arithmetic that a room knows, in all layers that know it; one that is fitted to the claimed numbers in the last layer alone."""
    knowing = [(layer, own) for layer in layers for own in layer.precisions()]
    for k, (layer, own) in enumerate(knowing):
        among = knowing if own.fitted else knowing[: k + 1]
        first = sum(other == own for _, other in among) == 1
        if first and (layer is layers[-1] or not own.fitted):
            yield Replay(own.id, own.title, OfRoom(own, claimed, resolution, own.fitted or len(layers) == 1, output))


def _declared(layers: Sequence[Layer], resolution: Resolution, folds: Folds) -> Iterator[Replay]:
    """The format that was declared as an arithmetic."""
    if isinstance(resolution, Fixed) and resolution.is_arithmetic:
        yield from _in_fixed_point(layers, resolution, folds)
    elif isinstance(resolution, Stored) and resolution.role == "arithmetic" and resolution.storage.name in SUMS:
        id, title = SUMS[resolution.storage.name]
        for keep in _kept(layers, resolution.render):
            yield Replay(id, title, Summed(resolution.render, keep, arithmetic=resolution.storage, folds=folds))


def _in_fixed_point(layers: Sequence[Layer], grid: Fixed, folds: Folds) -> Iterator[Replay]:
    """Outputs are rounded as was declared, parameters and inputs mostly likewise or to nearest. One layer, which is soon evaluated, may
    also have rounded parameters and inputs in two ways, or every product.
    """
    title = say("computed in {format}: inputs and parameters are rounded to it", format=grid.name)
    usual = tuple(dict.fromkeys((grid.rounding, WAYS[0])))
    for way in usual:
        for keep in _kept(layers, grid.by(way).render):
            yield Replay(DECLARED, title, Rounded(grid.by(way).render, keep, folds=folds))
    if sum(bool(_floats(layer)) for layer in layers if id(layer) not in folds.absorbed) > 1:
        return
    added, ways = _added(layers), _distinct(layers, grid)
    for own, inputs in product(ways, WAYS):
        if own != inputs or own not in usual:
            title = say("computed in {format}: parameters are {one}, inputs {other}", format=grid.name, one=SAID[own], other=SAID[inputs])
            for keep in (frozenset[str](), added):
                yield Replay(DECLARED, title, Rounded(grid.by(own).render, keep, folds=folds, inputs=grid.by(inputs).render))
    for cut, own in product(WAYS if grid.of_two else (), ways):
        title = say("computed in {format}: every product is {way} to it before it is added", format=grid.name, way=SAID[cut])
        yield Replay(DECLARED, title, Cut(grid.by(own).render, frozenset(), folds=folds, product=grid.by(cut).cut))


def _distinct(layers: Sequence[Layer], grid: Fixed) -> list[Rounding]:
    """Ways of rounding that make different numbers of the layers' parameters, as long as these are no numbers of the grid yet."""
    arrays = [array.astype(np.float64) for layer in layers for _, array in _floats(layer)]
    made = {way: [grid.by(way).render(array) for array in arrays] for way in WAYS}
    same = [way for way in WAYS[1:] if all(map(np.array_equal, made[way], made[WAYS[0]]))]
    return [way for way in WAYS if way not in same]


def _in_float32(claimed: Array, resolution: Resolution) -> Iterator[Replay]:
    """float32 without denormals, whether only sums and products are flushed or inputs too; for a network in float64 float32 itself, if
    the claimed numbers are numbers of it, or too coarse to tell: else its wider lines would forgive what a float64 computation gets wrong.
    """
    if resolution.native.bits > FLOAT32.bits:
        single, stored = Rounded(partial(rounded, to=FLOAT32), frozenset(), arithmetic=FLOAT32), Stored(FLOAT32, FLOAT32)
        if not resolution.exact or on_grid(claimed, resolution, stored) is not None:
            yield Replay("float32", say("computed in float32"), single, stored if resolution.exact else None)
        return
    for change in (flushed, np.positive):
        title = say("numbers below 2^-126 are taken for 0")
        yield Replay("denormal-ftz-fast-math", title, Rounded(change, frozenset(), arithmetic=FLUSHED))


def _in_tf32(id: str, title: Sentence, format: NumberFormat, layers: Sequence[Layer], folds: Folds) -> Iterator[Replay]:
    """What is multiplied is rounded to nearest, ties to even or away from zero, or cut off; hardware does all three."""
    added = _added(layers)
    for way in (rounded, rounded_away, truncated):
        yield Replay(id, title, Rounded(partial(way, to=format), added, only_products=True, folds=folds))
    yield Replay(id, title, Rounded(partial(rounded, to=format), frozenset(), only_products=True, folds=folds))


def _shorter(
    id: str, title: Sentence, storage: Stored, layers: Sequence[Layer], claimed: Array, resolution: Resolution, folds: Folds
) -> Iterator[Replay]:
    """A shorter format: everything rounded, or not what is added, or inputs alone, or weights alone; outputs stored in it, or not."""
    change = storage.render
    stored = storage if resolution.exact or not isinstance(resolution, Stored) else None
    stored = stored if stored is not None and on_grid(claimed, resolution, stored) is not None else None
    for keep in _kept(layers, change):
        for between in (False,) if folds.into else (True, False) if len(layers) > 1 else (True,):
            yield Replay(id, title, Rounded(change, keep, between=between, folds=folds), stored)
    for keep in _inputs(layers, change):
        yield Replay(id, WEIGHTS[id], Rounded(change, keep, folds=folds), stored)
    if stored is not None and not folds.into:
        yield Replay(id, OUTPUTS[id], Rounded(np.positive, frozenset()), stored)


def _kept(layers: Sequence[Layer], change: Round) -> Iterator[frozenset[str]]:
    """Names of what is not rounded: nothing, what is added, all parameters; each only where that makes a difference."""
    added, moved = _added(layers), _moved(layers, change)
    yield frozenset()
    if moved & added or any(name in added for layer in layers for name in layer.input_names):
        yield added
    if moved - added:
        yield frozenset(name for layer in layers for name, _ in _floats(layer)) | added


def _inputs(layers: Sequence[Layer], change: Round) -> Iterator[frozenset[str]]:
    """Names of all inputs, for weights that are kept in a shorter format to save memory: without what is added, and with it."""
    added, moved = _added(layers), _moved(layers, change)
    inputs = frozenset(name for layer in layers for name in layer.input_names)
    if moved - added:
        yield inputs | added
    if moved & added:
        yield inputs


def _moved(layers: Sequence[Layer], change: Round) -> set[str]:
    """Names of the parameters that another format changes."""
    floats = (each for layer in layers for each in _floats(layer))
    return {name for name, a in floats if not np.array_equal(change(a.astype(np.float64)), a, equal_nan=True)}


def _added(layers: Sequence[Layer]) -> frozenset[str]:
    """The names of what is added, and not multiplied."""
    return frozenset(name for layer in layers for name in layer.added)


def _floats(layer: Layer) -> list[tuple[str, Array]]:
    """The floating-point parameters of a layer, by name."""
    return [(name, a) for name, a in layer.arrays.items() if isinstance(a, np.ndarray) and a.dtype.kind in "fV"]


def on_grid(claimed: Array, resolution: Resolution, storage: Stored) -> Array | None:
    """The numbers of a format that the claimed ones stand for; None if some stand for none."""
    with np.errstate(invalid="ignore"):
        low, high = resolution.reach(claimed)
        nearest = rounded(claimed, storage.storage)
        on = ((low <= nearest) & (nearest <= high)) | (np.isnan(claimed))
    return nearest if bool(on.all()) else None


def flushed(x: Array) -> Array:
    """Numbers below the smallest normal one as 0."""
    return np.asarray(np.where(abs(x) < SMALLEST_NORMAL, 0.0, x))
