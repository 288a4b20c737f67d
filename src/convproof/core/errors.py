"""Everything that convproof raises or warns about on purpose.

::

    ConvproofError                  a sentence: what was found, what was expected, what to try
    ├── ShapeError (ValueError)     an array does not have the shape that a layer expects
    ├── DTypeError (TypeError)      an array holds numbers that a layer cannot compute with
    ├── SettingError (ValueError)   an argument of a layer or a command makes no sense
    ├── CellError (IndexError)      a cell lies outside its array
    ├── UnknownNameError (KeyError)     a layer or parameter name matches nothing, or several things
    ├── GraphError (ValueError)     layers that cannot be wired into a network
    ├── FileError (OSError)         a file is missing, unreadable or not what its name says
    ├── NotFiniteError (ValueError) a NaN or an infinity where exact numbers are needed
    ├── StaleTraceError (RuntimeError)   parameters changed since a trace was made
    └── NotCoveredError (NotImplementedError)   this layer has no answer to that question yet
    ConvproofWarning (UserWarning)
    ├── NameWarning                 two layers of a file had the same name
    └── NotFiniteWarning            a parameter holds a NaN or an infinity
"""

from convproof.core.sentence import Sentence

__all__ = [
    "CellError",
    "ConvproofError",
    "ConvproofWarning",
    "DTypeError",
    "FileError",
    "GraphError",
    "NameWarning",
    "NotCoveredError",
    "NotFiniteError",
    "NotFiniteWarning",
    "SettingError",
    "ShapeError",
    "StaleTraceError",
    "UnknownNameError",
]


class ConvproofError(Exception):
    """Base of all errors; ``sentence`` keeps template and fields, ``str()`` and ``text()`` fill them in."""

    def __init__(self, template: str, **fields: object) -> None:
        self.sentence = Sentence(template, fields)
        super().__init__(template)

    def text(self, lang: str | None = None) -> str:
        """The sentence in ``lang``: "en", "zh", or None for the reader's language."""
        return self.sentence.text(lang)

    def __str__(self) -> str:
        return self.sentence.text()

    def __reduce__(self) -> tuple[object, ...]:
        return _again, (type(self), self.sentence)


def _again(kind: type[ConvproofError], sentence: Sentence) -> ConvproofError:
    return kind(sentence.template, **sentence.fields)


class ShapeError(ConvproofError, ValueError):
    """An array does not have the shape that a layer expects."""


class DTypeError(ConvproofError, TypeError):
    """An array holds numbers that a layer cannot compute with."""


class SettingError(ConvproofError, ValueError):
    """An argument of a layer or a command makes no sense."""


class CellError(ConvproofError, IndexError):
    """A cell lies outside its array."""


class UnknownNameError(ConvproofError, KeyError):
    """A name matches nothing, or several things."""


class GraphError(ConvproofError, ValueError):
    """Layers that cannot be wired into a network."""


class FileError(ConvproofError, OSError):
    """A file is missing, unreadable or not what its name says."""


class NotFiniteError(ConvproofError, ValueError):
    """A NaN or an infinity where exact numbers are needed."""


class StaleTraceError(ConvproofError, RuntimeError):
    """Parameters changed since a trace was made."""


class NotCoveredError(ConvproofError, NotImplementedError):
    """This layer has no answer to that question yet."""


class ConvproofWarning(UserWarning):
    """Base of all warnings."""


class NameWarning(ConvproofWarning):
    """Two layers of a file had the same name."""


class NotFiniteWarning(ConvproofWarning):
    """A parameter holds a NaN or an infinity."""
