"""Claimed arrays: read when they are needed, and taken for what the next layers read.

A claimed array that was written down coarsely leaves its numbers open by its resolution's reach; the layers that read it are handed the
middle of that reach, and half its width as a line.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from convproof.checking.reckoning import Reckoned, wide
from convproof.core.formats import FLOAT32, FLOAT64, NumberFormat, format_of
from convproof.core.lines import Lines
from convproof.core.resolution import Resolution, Stored, rounded
from convproof.core.sentence import Sentence
from convproof.core.shapes import Array
from convproof.network.graph import Place


@dataclass(frozen=True)
class Claim:
    """One claimed array in the shape that is expected, float64 or integers; ``notes`` say what was done to get it so."""

    array: Array
    resolution: Resolution
    notes: tuple[Sentence, ...] = ()

    @classmethod
    def of(cls, array: Array, own: NumberFormat, declared: Resolution | None = None, notes: tuple[Sentence, ...] = ()) -> "Claim":
        """An array with its resolution: the declared one, else that of its dtype; ``own`` is the format that the network computes in."""
        if declared is not None and not declared.exact and own.bits > declared.native.bits:
            declared = replace(declared, native=own)  # which nobody knew who read the text
        return cls(wide(array), declared or resolution_of(array, own), notes)

    def as_read(self) -> Reckoned:
        """What the next layers read: exact numbers, or the middle of the reach with half its width as a line."""
        if self.resolution.exact or self.array.dtype.kind != "f":
            return Reckoned(self.array)
        with np.errstate(invalid="ignore"):
            low, high = self.resolution.reach(self.array)
            open_ended = ~np.isfinite(low) | ~np.isfinite(high) | self.resolution.wraps
            middle = np.where(open_ended, self.array, (low + high) / 2)
            half = np.where(open_ended & np.isfinite(self.array), np.inf, (high - low) / 2)
        half = np.where(np.isnan(half), 0.0, half)
        return Reckoned(middle, Lines(middle, half, half / np.sqrt(3)))

    def as_longer(self) -> Reckoned:
        """What the next layers read if the target computed in longer numbers than it wrote down: half a step on either side."""
        read = self.as_read()
        if not self.resolution.exact or self.array.dtype.kind != "f":
            return read
        with np.errstate(invalid="ignore"):
            half = np.nan_to_num(abs(self.array) * self.resolution.native.u)
        return Reckoned(self.array, Lines(self.array, half, half / np.sqrt(3)))

    def as_computed(self) -> Reckoned:
        """What the next layers read if the target computed from numbers as coarse as these: exactly them, but for what was printed."""
        return Reckoned(self.array) if self.resolution.is_arithmetic else self.as_read()


def resolution_of(array: Array, own: NumberFormat) -> Resolution:
    """What an array's dtype says: a shorter format than the network's stores its numbers; float64 that float32 holds is float32."""
    if array.dtype.kind not in "fV":
        return Resolution(own)
    found = format_of(array.dtype)
    if found.bits < min(own.bits, FLOAT32.bits):
        return Stored(own, found)
    if found is FLOAT64 and own.bits <= FLOAT32.bits:
        return Resolution(own if np.array_equal(rounded(array, own), array, equal_nan=True) else FLOAT64)
    return Resolution(own)


@dataclass
class Boundary:
    """What is given in a reckoning, by place: the network's inputs, and claimed arrays, which are read when they are first asked for.

    ``reads`` says what the next layers read of a claimed one.
    """

    inputs: Mapping[Place, Reckoned]
    claims: Mapping[Place, Callable[[], Claim]] = field(default_factory=dict)
    reads: Callable[[Claim], Reckoned] = Claim.as_read
    kept: dict[Place, Claim] = field(default_factory=dict)

    def __contains__(self, place: object) -> bool:
        return place in self.inputs or place in self.claims

    def __getitem__(self, place: Place) -> Reckoned:
        return self.inputs[place] if place in self.inputs else self.reads(self.claim(place))

    def claim(self, place: Place) -> Claim:
        """The claimed array of a place; kept until it is forgotten."""
        if place not in self.kept:
            self.kept[place] = self.claims[place]()
        return self.kept[place]

    def forget(self, place: Place) -> None:
        """Let go of an array that nobody reads any more."""
        self.kept.pop(place, None)

    def without(self, place: Place) -> "Boundary":
        """The same without one claimed array."""
        return replace(self, claims={p: read for p, read in self.claims.items() if p != place})

    def moved(self, place: Place, to: Place) -> "Boundary":
        """The same with a claimed array in another place."""
        return replace(self, claims={to if p == place else p: read for p, read in self.claims.items()}, kept={})

    def as_arithmetic(self) -> "Boundary":
        """The same, if the target computed from numbers as coarse as it wrote down."""
        return replace(self, reads=Claim.as_computed)

    def as_longer(self) -> "Boundary":
        """The same, if the target computed in longer numbers than it wrote down."""
        return replace(self, reads=Claim.as_longer)
