"""A sentence for a person: an English template and the fields that fill it.

Errors, notes and labels keep template and fields apart, so that a sentence is put into the reader's language when it is shown
and never earlier.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Sentence:
    """``Sentence("divided by n = {n}", {"n": 25})``; ``str()`` and ``text()`` fill the fields in."""

    template: str
    fields: dict[str, object] = field(default_factory=dict)

    def text(self, lang: str | None = None) -> str:
        """The sentence in ``lang`` (English is the only language so far)."""
        return self.template.format(**{name: _shown(value, lang) for name, value in self.fields.items()})

    def __str__(self) -> str:
        return self.text()


def say(template: str, **fields: object) -> Sentence:
    """Short for ``Sentence(template, fields)``."""
    return Sentence(template, fields)


def _shown(value: object, lang: str | None) -> object:
    return value.text(lang) if isinstance(value, Sentence) else value
