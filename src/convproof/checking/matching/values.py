"""Whose array is this, by its numbers: of the network's own ones, the one that is clearly the closest (``likeness.py``).

Numbers that are all the same are nobody's.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from convproof.checking.matching.declared_formats import Formats
from convproof.checking.matching.declared_order import Layout
from convproof.checking.matching.layouts import SAMPLED, closest
from convproof.checking.matching.likeness import Likeness
from convproof.checking.matching.own import Own
from convproof.checking.matching.spellings import Target
from convproof.core.errors import DTypeError
from convproof.core.shapes import Array
from convproof.formats.dumps.dump import Written
from convproof.formats.dumps.settling import settled


@dataclass(frozen=True)
class Values:
    """The numbers of one array, claimed by a ``name``, beside the network's ``own``; ``formats`` say how they were written down,
    ``layout`` in which order.
    """

    own: Own
    written: Written
    name: str
    formats: Formats
    layout: Layout

    def nearest(self, targets: Sequence[Target], nearly: bool = False) -> list[Target]:
        """Of some targets those that hold the closest numbers, the very same ones; none if none is close, or several are.

        ``nearly``: they must be the same numbers but for what coarse formats or small mistakes do to them. All cells are looked at where
        some leave several open.
        """
        found = self.likenesses(targets, SAMPLED)
        near = nearest(found)
        if not self.own.same(near):
            found = self.likenesses(near, self.written.array.size)
            near = nearest(found)
        if not near or not self.own.same(near) or (nearly and not found[near[0]].nearly_same):
            return []
        return near

    @property
    def possible(self) -> list[Target]:
        """The arrays that hold as many numbers."""
        if not self.layout.block:
            return self.own.alike(self.written.array.size)
        return [target for targets in self.own.by_size.values() for target in targets if self.cells(target) == self.written.array.size]

    def cells(self, target: Target) -> int:
        """How many numbers an array has to hold to be a target's."""
        return self.layout.cells(self.own.expected(target), self.written.array.size)

    def likenesses(self, targets: Sequence[Target], most: int = SAMPLED) -> dict[Target, Likeness]:
        """How alike the network's own arrays are, by ``most`` of their cells; without those that the shape cannot be."""
        array = self.written.array
        targets = [target for target in targets if self.cells(target) == array.size]
        if bool((array == array.flat[:1]).all()):
            return {}
        ways = {t: (self.own.dtype(t).kind in "iub", self.formats.pattern(self.name, t.name)) for t in targets}
        read = {way: numbers for way in set(ways.values()) if (numbers := self._read(*way)) is not None}
        found = {t: closest(read[ways[t]], self.own.expected(t), self.layout, most) for t in targets if ways[t] in read}
        return {target: likeness for target, likeness in found.items() if likeness is not None}

    def _read(self, whole: bool, pattern: str | None) -> Array | None:
        """The numbers as integers or not, in the format of a pattern; None for codes that it does not have."""
        declared = self.formats.by_pattern[pattern] if pattern is not None else None
        with suppress(DTypeError):
            return settled(self.written, declared, np.dtype(np.int64 if whole else np.float32), "").array
        return None


def nearest(found: Mapping[Target, Likeness]) -> list[Target]:
    """The closest array first, then those that are not clearly farther off; none if not even the closest is close."""
    order = sorted(found, key=lambda target: found[target].distance)
    if not order or not found[order[0]].close:
        return []
    best = found[order[0]]
    return [target for target in order if found[target].distance <= best.distance or not best.clearly_below(found[target].distance)]
