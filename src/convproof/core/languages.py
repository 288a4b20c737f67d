"""The language of a text, and the catalogue that puts English sentences into it.

English sentences in the code are the message ids. Which language a text is shown in: what ``speaking`` says, else the environment's
CONVPROOF_LANG, else the locale (LC_ALL, LC_MESSAGES, LANG). Chinese is "zh", however it is written (zh_CN.UTF-8, zh-TW); everything else
is English, and English never opens a catalogue.
"""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gettext import NullTranslations

ENGLISH = "en"
TRANSLATED = ("zh",)
DOMAIN = "messages"
FOLDER = Path(__file__).parents[1] / "locale"
VARIABLES = ("CONVPROOF_LANG", "LC_ALL", "LC_MESSAGES", "LANG")

_spoken: ContextVar[str | None] = ContextVar("language", default=None)


def language(wanted: str | None = None) -> str:
    """The language to show a text in: ``wanted``, else that of ``speaking``, else the environment's; "en" or "zh"."""
    given = wanted or _spoken.get() or next(filter(None, map(os.environ.get, VARIABLES)), ENGLISH)
    name = re.split("[-_.@]", given, maxsplit=1)[0].lower()
    return name if name in TRANSLATED else ENGLISH


@contextmanager
def speaking(wanted: str | None) -> Iterator[str]:
    """Show every text within the block in one language; None leaves the choice to the environment."""
    before = _spoken.set(language(wanted))
    try:
        yield language()
    finally:
        _spoken.reset(before)


def translated(message: str, lang: str | None = None) -> str:
    """A message in a language; a message without a translation stays English."""
    name = language(lang)
    return message if name == ENGLISH or not message else catalogue(name).gettext(message)


def translated_for(count: int, one: str, several: str, lang: str | None = None) -> str:
    """The form of a message for ``count`` things, in a language."""
    name = language(lang)
    if name == ENGLISH:
        return one if count == 1 else several
    return catalogue(name).ngettext(one, several, count)


@cache
def catalogue(name: str) -> "NullTranslations":
    """The compiled messages of a language."""
    from gettext import translation

    return translation(DOMAIN, FOLDER, [name])
