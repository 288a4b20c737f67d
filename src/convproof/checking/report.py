"""What a check found: one row for each array that was judged, and a Report of all rows.

Verdicts (of an array, and by its worst cell):

    identical     every cell is the exact value rounded to the resolution
    rounding      no cell lies beyond the lines
    precision     another arithmetic, which is named, explains it
    undecided     too many layers lie between two claimed arrays, or a layer has no bound
    wrong         a cell lies beyond the proof line, and no other arithmetic explains it
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from convproof.core.errors import SettingError, UnknownNameError
from convproof.core.sentence import Sentence, Text, either, listed
from convproof.core.shapes import Array, Cell
from convproof.core.upward import reach
from convproof.network.graph import find_name

Verdict = Literal["identical", "rounding", "precision", "undecided", "wrong"]
VERDICTS: tuple[Verdict, ...] = ("identical", "rounding", "precision", "undecided", "wrong")
Kind = Literal["output", "weight", "statistic", "input"]


@dataclass(frozen=True)
class Worst:
    """The worst cell of an array: what was claimed there, what is right, and how far apart they may be.

    ``gap`` is the distance beyond what the resolution leaves open; ``proof`` and ``usual`` are the lines, ``ulps`` the gap in float steps.
    """

    cell: Cell
    claimed: float
    exact: float
    gap: float
    proof: float
    usual: float
    ulps: float

    @property
    def of_proof(self) -> float:
        """The gap as a share of the proof line."""
        return _share(self.gap, self.proof)

    @property
    def of_usual(self) -> float:
        """The gap as a share of the usual line."""
        return _share(self.gap, self.usual)


@dataclass(frozen=True)
class Row:
    """The verdict on one array.

    ``segment`` names the layers between it and the claimed arrays before it. ``usual`` is False where a cell lies above the usual line.
    ``proved`` is False where only statistics speak for it. ``born``: wrong by itself, on its claimed input. ``inherited``: right on its
    claimed input, which is wrong. Both are None where the resolution is too coarse to tell. ``beyond`` counts the cells beyond the
    proof line. ``coarse``: the numbers lost something when they were written down. ``precision`` is the id of the arithmetic that explains
    it. ``shares`` are the gaps in units of the proof line.
    """

    name: str
    kind: Kind
    described: Text
    verdict: Verdict
    usual: bool = True
    proved: bool = True
    born: bool | None = False
    inherited: bool | None = False
    worst: Worst | None = None
    cells: int = 0
    beyond: int = 0
    segment: tuple[str, ...] = ()
    resolution: Text = ""
    coarse: bool = False
    whose: Text = ""
    precision: str | None = None
    notes: tuple[Sentence, ...] = ()
    shares: Array | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True)
class Report(Mapping[str, Row]):
    """All rows of a check, in the network's order. ``report["bn1"]`` is a row; of several witnesses the worst one's.

    ``judged`` says whose numbers were judged by what. ``unclaimed`` are layers of which nothing was claimed, ``settles`` those whose
    numbers would decide what is undecided, ``outliers`` say which of several witnesses is alone in being wrong, ``missing`` what a
    witness was asked and did not answer, and what was not looked at, and why; ``silent`` are witnesses that gave nothing at all.
    """

    rows: tuple[Row, ...]
    judged: Text
    unclaimed: tuple[str, ...] = ()
    settles: tuple[str, ...] = ()
    aliases: Mapping[str, str] = field(default_factory=dict, repr=False)
    command: str = ""
    outliers: tuple[Sentence, ...] = ()
    missing: tuple[Sentence, ...] = ()
    silent: tuple[Text, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether something was judged, and nothing is wrong or undecided."""
        return self.holds("undecided")

    def holds(self, fail_on: str = "undecided") -> bool:
        """Whether something was judged, of every witness, and no verdict is ``fail_on`` or worse.

        Raises SettingError for what is no verdict.
        """
        if fail_on not in VERDICTS:
            raise SettingError("fail_on={found!r}: expected one of {known}", found=fail_on, known=either(VERDICTS[2:]))
        bad = VERDICTS.index(fail_on)
        return bool(self.rows) and not self.silent and all(VERDICTS.index(row.verdict) < bad for row in self.rows)

    @property
    def first_wrong(self) -> str | None:
        """The first array that is wrong by itself; else the first that is wrong; None if none is."""
        wrong = [row for row in self.rows if row.verdict == "wrong"]
        return next((row.name for row in wrong if row.born), wrong[0].name if wrong else None)

    @property
    def worst(self) -> Row | None:
        """The row to look at first: the first wrong one, else the one of the worst verdict that comes closest to its line."""
        if not self.rows:
            return None
        first = self.first_wrong
        wrong = [row for row in self.rows if row.name == first and row.verdict == "wrong"]
        return wrong[0] if wrong else max(self.rows, key=_badness)

    @property
    def covered(self) -> tuple[str, ...]:
        """The layers that were judged, alone or within a segment, in the network's order."""
        return tuple(dict.fromkeys(name for row in self.rows if row.kind == "output" for name in row.segment or (row.name,)))

    def of(self, whose: str) -> "Report":
        """The rows of one witness alone."""
        found = tuple(row for row in self.rows if row.whose == whose)
        if not found:
            known = dict.fromkeys(str(row.whose) for row in self.rows)
            raise UnknownNameError("{whose!r} was not asked; there are the numbers of {known}", whose=whose, known=listed(known))
        return Report(found, self.judged, self.unclaimed, self.settles, self.aliases, self.command)

    def require(self, fail_on: str = "undecided") -> None:
        """Raise AssertionError, with the worst cell, both values, the bound and the command that explains it, unless ``holds``."""
        __tracebackhide__ = True  # pytest shows the line of the test
        if not self.holds(fail_on):
            raise AssertionError(self.complaint(fail_on))

    def complaint(self, fail_on: str = "undecided") -> str:
        """What ``require`` says where it raises."""
        return reach("Report.complaint")(self, fail_on)  # type: ignore[no-any-return]

    def __getitem__(self, name: str) -> Row:
        names = list(dict.fromkeys(row.name for row in self.rows))
        full = find_name(name, names, self.aliases)
        return max((row for row in self.rows if row.name == full), key=_badness)

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(row.name for row in self.rows))

    def __len__(self) -> int:
        return len(dict.fromkeys(row.name for row in self.rows))

    def text(self, lang: str | None = None) -> str:
        """The table, the worst one on top, and what its figures mean."""
        return reach("Report.text")(self, lang)  # type: ignore[no-any-return]

    def __str__(self) -> str:
        return self.text()

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain data for JSON."""
        return reach("Report.to_dict")(self)  # type: ignore[no-any-return]

    def _repr_html_(self) -> str:
        return reach("Report.html")(self)  # type: ignore[no-any-return]


def _badness(row: Row) -> tuple[int, float, float]:
    worst = row.worst
    return VERDICTS.index(row.verdict), worst.of_proof if worst else 0.0, worst.of_usual if worst else 0.0


def _share(gap: float, line: float) -> float:
    if gap == 0:
        return 0.0
    return gap / line if line > 0 else float("inf")
