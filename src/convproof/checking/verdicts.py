"""The verdict on one claimed array, from how far it lies off the exact one."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import KW_ONLY, dataclass, replace
from typing import Any

import numpy as np

from convproof.checking.judging import Judged
from convproof.checking.precisions import Replay
from convproof.checking.reckoning import Reckoned
from convproof.checking.report import Verdict, Worst
from convproof.core.lines import Lines
from convproof.core.sentence import Sentence, Text, say
from convproof.core.shapes import Array

MANY = 10_000  # cells; fewer are tried at once
SUSPECTS = 6  # cells at which an arithmetic is tried before it is tried everywhere
FEW = 1  # units of layers that the proof line of a segment speaks for


@dataclass(frozen=True)
class Opinion:
    """What one comparison says: a verdict, whether every cell lies below the usual line, whether it is more than statistics."""

    verdict: Verdict
    judged: Judged
    _: KW_ONLY
    usual: bool = True
    proved: bool = True
    precision: str | None = None
    notes: tuple[Sentence, ...] = ()

    @property
    def right(self) -> bool:
        """Whether nothing speaks against the array."""
        return self.verdict in ("identical", "rounding", "precision")

    def without_arrays(self) -> "Opinion":
        """The same, to be remembered: its arrays may be as large as the network's."""
        nothing = np.empty(0)
        return replace(self, judged=Judged(Lines(nothing, nothing, nothing), nothing, self.judged.resolution))


def opinion(judged: Judged, reckoned: Reckoned) -> Opinion:
    """The verdict that the lines alone give."""
    if judged.says_nothing:
        return undecided(judged, say("all of its numbers were written down as 0, which tells nothing of them"))
    if judged.identical:
        return Opinion("identical", judged)
    if reckoned.border is not None and not judged.holds_nan:
        return undecided(judged, reckoned.border)
    if not judged.provable:
        return Opinion("wrong", judged, usual=False)
    if judged.unlimited:
        return undecided(judged, say("how far rounding may go has no limit there"))
    if reckoned.units <= FEW:
        return Opinion("rounding", judged, usual=judged.usual)
    if judged.usual:
        return Opinion("rounding", judged, proved=False, notes=(say("typical, not proved: {n} layers in one", n=reckoned.units),))
    return undecided(judged, say("{n} layers lie between claimed arrays", n=reckoned.units))


def undecided(judged: Judged, why: Sentence) -> Opinion:
    """That nobody can tell, and why."""
    return Opinion("undecided", judged, usual=False, proved=False, notes=(why,))


def with_precision(
    found: Opinion,
    replays: Iterable[tuple[Replay, Callable[[Array | None], Judged | None]]],
    units: int,
    by_mistake: Callable[[], bool],
) -> Opinion:
    """The opinion, or precision if another arithmetic explains what lies beyond the lines: the first one below its usual line, or else
    the first below its proof line, if it brings most numbers nearer. One that fails at the worst cells need not be looked at everywhere.

    What several ``units`` leave open in another arithmetic is wide enough for mistakes: there it is undecided. And where a known mistake
    gives the very numbers, as ``by_mistake`` finds out, they are that.
    """
    if found.judged.holds_nan:
        return found
    worst, second = found.judged.farthest(SUSPECTS) if found.judged.claimed.size > MANY else None, None
    for replay, judge in replays:
        glimpse = None if worst is None else judge(worst)
        if glimpse is not None and not replay.of(glimpse).provable:
            continue
        judged = judge(None)
        if judged is None or not replay.of(judged).provable:
            continue
        if units > FEW:
            return perhaps(found, replay.title, units)
        explained = Opinion("precision", found.judged, usual=False, precision=replay.id, notes=(replay.title,))
        if replay.of(judged).usual:
            return found if by_mistake() else explained
        if nearer(judged, found.judged):
            second = second or explained
    return found if second is None or by_mistake() else second


def nearer(replayed: Judged, found: Judged) -> bool:
    """Whether most numbers lie as near to those of another arithmetic as to the exact ones: a mistake in one cell moves none but that."""
    return bool(np.median(replayed.gap) <= np.median(found.gap))


def perhaps(found: Opinion, title: Sentence, units: int) -> Opinion:
    """Several layers, beyond whose own lines another arithmetic may reach, but none that could be told from a mistake."""
    return undecided(found.judged, say("{n} layers in one: it may be that {title}", n=units, title=title))


def figures_of(judged: Judged, whose: Text) -> dict[str, Any]:
    """What a Row says of a comparison, whatever its verdict."""
    return {
        "worst": worst_of(judged),
        "cells": judged.claimed.size,
        "beyond": int(np.count_nonzero(judged.beyond)),
        "resolution": judged.resolution.name,
        "coarse": not judged.resolution.exact,
        "whose": whose,
    }


def worst_of(judged: Judged) -> Worst | None:
    """The numbers of the worst cell; None if there are no cells."""
    at = judged.worst()
    if at is None:
        return None
    claimed, exact = float(judged.claimed[at]), float(judged.lines.exact[at])
    with np.errstate(all="ignore"):
        step = abs(float(np.spacing(np.float32(exact)) if judged.resolution.native.bits <= 24 else np.spacing(exact)))
        gap = float(judged.gap[at])
    proof = float(judged.proof[at])
    return Worst(at, claimed, exact, gap, proof, float(min(judged.statistical[at], proof)), gap / step)


def narrower(opinions: Sequence[Opinion]) -> Opinion:
    """Of opinions that all hold, the one that says most: wrong counts before all, then the one that is nearest to identical."""
    wrong = [o for o in opinions if o.verdict == "wrong"]
    order = ("identical", "rounding", "precision", "undecided")
    return wrong[0] if wrong else min(opinions, key=lambda o: (order.index(o.verdict), not o.usual, not o.proved))
