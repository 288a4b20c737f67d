"""What an array that turned out wrong seems to be: the right numbers in another order, or those of another layer. Evidence, never applied.

An array of the expected shape is not permuted, and one whose name says which layer it is is not moved. So a layer whose H, W, C lie
where C, H, W are expected, all of one size, and two files that were interchanged are wrong; what they seem to be is said.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from convproof.checking.matching.declared_order import BLOCKED, Blocked
from convproof.checking.matching.expected import Expected, Fitted, joins, spelled
from convproof.checking.matching.layouts import SAMPLED, likeness_of, likenesses, orders_of
from convproof.checking.matching.likeness import Likeness
from convproof.checking.matching.spellings import Target
from convproof.checking.matching.values import Values
from convproof.core.sentence import Sentence, either, say
from convproof.core.shapes import Array

BLOCKS = (4, 8, 16, 32)


@dataclass(frozen=True)
class Seeming:
    """A wrong array: its ``values``, the ``target`` that it was taken for and how it was ``fitted``, and all its cells as an ``array``."""

    values: Values
    target: Target
    fitted: Fitted
    array: Array

    def notes(self) -> Iterator[Sentence]:
        """What it seems to be."""
        if self.array.size == 0 or bool((self.array == self.array.flat[0]).all()):
            return
        expected = self.values.own.expected(self.target)
        given = likeness_of(self.array, expected, self.fitted)
        hint = self._in_another_order(expected, given) or self._in_blocks(expected, given) or self._another(given)
        if hint is not None:
            yield hint

    def _in_another_order(self, expected: Expected, given: Likeness) -> Sentence | None:
        shape = self.array.shape
        orders = [order for order in orders_of(expected) if joins(shape, [expected.shape[axis] for axis in order])]
        if len(orders) < 2 and not self.values.layout:
            return None
        found = likenesses(self.array, expected, orders)
        best = min(orders, key=lambda order: found[order].distance, default=None)
        if best is None or not is_rather(found[best], given):
            return None
        if self.values.layout:
            return say(
                "read as {order} they would come close to the network's own: is the declared layout the one that they have?",
                order=spelled(best, expected),
            )
        if not expected.letters:
            return say("read as {order} they would come close to the network's own", order=spelled(best, expected))
        letters = "".join(expected.letters[axis] for axis in best)
        return say(
            "read as {order} they would come close to the network's own: if they stand so, say it with --layout {letters}",
            order=spelled(best, expected),
            letters=letters,
        )

    def _in_blocks(self, expected: Expected, given: Likeness) -> Sentence | None:
        for block in BLOCKS if expected.letters in BLOCKED else ():
            blocked = Blocked.of(expected, block)
            if blocked is None or not joins(self.array.shape, blocked.there):
                continue
            if is_rather(likeness_of(self.array, expected, blocked), given):
                return say(
                    "read in blocks of {n} channels they would come close to the network's own: if they stand so, say it with "
                    "--layout nc{n}hw{n}",
                    n=block,
                )
        return None

    def _another(self, given: Likeness) -> Sentence | None:
        """The array whose numbers these are, if one name was given to another's."""
        others = [target for target in self.values.own.alike(self.array.size) if target != self.target]
        near = self.values.nearest(others, nearly=True)
        if not near or not is_rather(self.values.likenesses(near[:1], SAMPLED)[near[0]], given):
            return None
        return say(
            "these are the numbers of {names}: was one array written down under the name of another?",
            names=either([t.name for t in near[:2]]),
        )


def is_rather(found: Likeness, given: Likeness) -> bool:
    """Whether an array holds these numbers, and is far from those that it was taken for."""
    return found.nearly_same and found.far_below(given.distance)
