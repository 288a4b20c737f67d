"""A sentence for a person: an English template and the fields that fill it.

Errors, notes and labels keep template and fields apart, so that a sentence is put into the reader's language when it is shown
and never earlier. A field may be a sentence itself. The templates are literals in the code: ``tools/messages.py`` collects them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from convproof.core.languages import translated, translated_for


@dataclass(frozen=True)
class Sentence:
    """``Sentence("divided by n = {n}", {"n": 25})``; ``str()`` and ``text()`` fill the fields in.

    With ``several``, a template for more than one, the field ``n`` is the count that chooses between the two.
    """

    template: str
    fields: dict[str, object] = field(default_factory=dict)
    several: str = ""

    def text(self, lang: str | None = None) -> str:
        """The sentence in ``lang``: "en", "zh", or None for the reader's language (``core/languages.py``)."""
        if self.several:
            template = translated_for(int(str(self.fields["n"])), self.template, self.several, lang)
        else:
            template = translated(self.template, lang)
        return template.format(**{name: _shown(value, lang) for name, value in self.fields.items()})

    def __str__(self) -> str:
        return self.text()


Text = str | Sentence  # a string reads the same in every language


def say(template: str, **fields: object) -> Sentence:
    """Short for ``Sentence(template, fields)``."""
    return Sentence(template, fields)


def plural(one: str, several: str, n: int, **fields: object) -> Sentence:
    """A sentence about ``n`` things: ``plural("{n} input", "{n} inputs", n=3)``."""
    return Sentence(one, {"n": n, **fields}, several)


def listed(items: Iterable[object], most: int | None = None) -> Sentence:
    """Things one after another, "a, b, c"; of more than ``most`` the rest is counted, "a, b and 3 more"."""
    things = list(items)
    shown = _joined(things[:most])
    if most is None or len(things) <= most:
        return shown
    return say("{names} and {n} more", names=shown, n=len(things) - most)


def either(items: Iterable[object]) -> Sentence:
    """Things of which one is meant: "a, b or c"."""
    *others, last = [*items] or [""]
    return say("{first} or {rest}", first=listed(others), rest=last) if others else say("{rest}", rest=last)


def _joined(things: Sequence[object]) -> Sentence:
    joined = say("{rest}", rest=things[-1] if things else "")
    for thing in reversed(things[:-1]):
        joined = say("{first}, {rest}", first=thing, rest=joined)
    return joined


def did_you_mean(near: Iterable[object]) -> Sentence:
    """A question after near misses."""
    return say("did you mean {names}?", names=either(near))


def spoken(text: Text, lang: str | None = None) -> str:
    """A text that is the same in all languages as it is, a sentence in ``lang``."""
    return text.text(lang) if isinstance(text, Sentence) else text


def _shown(value: object, lang: str | None) -> object:
    return value.text(lang) if isinstance(value, Sentence) else value
