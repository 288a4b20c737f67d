"""Declared number formats: one for all arrays, or others for some, by their names and the wildcards of file names.

"q7.8"                                     all arrays
{"*": "int8:0.05:-3", "fc": "q3.12"}       fc, and all others
{"layer1.*": "q7.8", "layer1.fc": "q3.12"} these; what is said of a name itself counts more than a pattern, a longer one more than a
                                           shorter one
"""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from convproof.core.errors import UnknownNameError
from convproof.core.resolution import Resolution
from convproof.core.sentence import did_you_mean, listed, say
from convproof.formats.dumps.declared import parse_format

ALL = "*"
SHOWN = 4


@dataclass(frozen=True)
class Formats:
    """The formats that arrays were declared to be in, by pattern."""

    by_pattern: Mapping[str, Resolution] = field(default_factory=dict)

    @classmethod
    def of(cls, declared: str | Resolution | Mapping[str, str | Resolution] | None) -> "Formats":
        """A format for all arrays, or a mapping from names and patterns. Raises SettingError for what names no format."""
        if declared is None:
            return cls()
        by_pattern = declared if isinstance(declared, Mapping) else {ALL: declared}
        return cls({name: parse_format(said) if isinstance(said, str) else said for name, said in by_pattern.items()})

    def pattern(self, *names: str) -> str | None:
        """What counts for an array that goes by these names; None if nothing was declared of it."""
        fitting = [pattern for pattern in self.by_pattern if any(fits(name, pattern) for name in names)]
        return max(fitting, key=lambda pattern: (pattern in names, len(pattern)), default=None)

    def at(self, *names: str) -> Resolution | None:
        """The format of an array that goes by these names; None if nothing was declared of it."""
        pattern = self.pattern(*names)
        return self.by_pattern[pattern] if pattern is not None else None

    def require_known(self, names: Iterable[str]) -> None:
        """Raise UnknownNameError for a pattern that none of the names fits."""
        known = list(dict.fromkeys(names))
        for pattern in self.by_pattern:
            if pattern != ALL and not any(fits(name, pattern) for name in known):
                near = difflib.get_close_matches(pattern, known, 3)
                raise UnknownNameError(
                    "a format is declared for {pattern!r}, and no array is called so; {hint}",
                    pattern=pattern,
                    hint=did_you_mean(near) if near else say("there are {names}", names=listed(known, most=SHOWN)),
                )

    @property
    def computes(self) -> bool:
        """Whether it was declared of any of them that the target computed in it."""
        return any(format.computes for format in self.by_pattern.values())


UNDECLARED = Formats()


def fits(name: str, pattern: str) -> bool:
    """Whether a name is the pattern itself, or one of those that its wildcards stand for."""
    return name == pattern or fnmatchcase(name, pattern)
