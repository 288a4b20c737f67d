"""The command line in the reader's language: help texts, panel titles, and what Click itself says.

Commands are built in English. Before one runs, ``dressed`` puts a copy of all of them into the language in which texts are shown. Click
looks its own messages up in gettext's domain "messages"; ``click_speaking`` shows it our catalogue.
"""

import gettext
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from inspect import cleandoc
from typing import Any

import rich_click as click
from rich_click import RichContext, RichHelpFormatter

from convproof.core.languages import DOMAIN, ENGLISH, FOLDER, TRANSLATED, language, translated
from convproof.core.sentence import Sentence, either, say

TITLES = {
    "options_panel_title": say("Options"),
    "arguments_panel_title": say("Arguments"),
    "commands_panel_title": say("Commands"),
    "errors_panel_title": say("Error"),
    "default_string": say(r"\[default: {{}}]"),
    "required_long_string": say(r"\[required]"),
}
USAGE = say("Usage:")
PIECES = {text.template: text for text in (say("[OPTIONS]"), say("[COMMAND] [ARGS]..."))}
EXAMPLES = "\b"


class Formatter(RichHelpFormatter):
    """rich-click's formatter, which has "Usage:" in English only."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        """The usage line."""
        super().write_usage(prog, args, prefix or USAGE.text())


class Context(RichContext):
    """What a command runs in."""

    formatter_class = Formatter


class Misuse(click.UsageError):
    """A command line that makes no sense, as a sentence with fields."""

    def __init__(self, template: str, **fields: object) -> None:
        super().__init__(Sentence(template, fields).text())


def asked_for(arguments: Sequence[str]) -> str | None:
    """The language that --lang names, wherever it stands; None without it."""
    for word, following in zip(arguments, [*arguments, ""][1:], strict=True):
        if word == "--":
            return None
        if word == "--lang":
            return following or None
        if word.startswith("--lang="):
            return word.removeprefix("--lang=") or None
    return None


@contextmanager
def click_speaking() -> Iterator[None]:
    """Let Click and rich-click speak the language in which texts are shown."""
    if language() == ENGLISH:
        yield
        return
    folder, languages = gettext.bindtextdomain(DOMAIN), os.environ.get("LANGUAGE")
    gettext.bindtextdomain(DOMAIN, str(FOLDER))
    os.environ["LANGUAGE"] = language()
    try:
        yield
    finally:
        gettext.bindtextdomain(DOMAIN, folder)
        if languages is None:
            del os.environ["LANGUAGE"]
        else:
            os.environ["LANGUAGE"] = languages


def dressed(command: click.Command) -> click.Command:
    """A copy of a command, its options and its own commands, with every text in the language in which texts are shown."""
    new = copy(command)
    new.context_class = Context
    new.help = help_text(command.help or "")
    new.options_metavar = _piece(command.options_metavar)
    new.params = [_dressed_parameter(parameter) for parameter in command.params]
    new.context_settings = {**command.context_settings, "rich_help_config": titles()}
    if isinstance(new, click.Group) and isinstance(command, click.Group):
        new.subcommand_metavar = _piece(command.subcommand_metavar) or ""
        new.commands = {name: dressed(below) for name, below in command.commands.items()}
    return new


def _piece(usage: str | None) -> str | None:
    return PIECES[usage].text() if usage in PIECES else usage


def _dressed_parameter(parameter: Any) -> Any:
    new = copy(parameter)
    if getattr(parameter, "help", None):
        new.help = translated(parameter.help)
    if parameter.callback is None:
        new.callback = sensible
    return new


def sensible(_: click.Context, parameter: click.Parameter, value: Any) -> Any:
    """A parameter's value itself. Raises Misuse for an empty text, as a variable that is not set leaves, and for an unknown language."""
    name = parameter.human_readable_name if isinstance(parameter, click.Argument) else max(parameter.opts, key=len)
    for text in value if isinstance(value, tuple) else (value,):
        if isinstance(text, str) and not text.strip():
            raise Misuse("{name} is empty, as a variable that is not set would leave it: give it a value, or leave it out.", name=name)
        if name == "--lang" and text and language(text) == ENGLISH and not text.lower().startswith(ENGLISH):
            raise Misuse("--lang {text}: expected {languages}.", text=text, languages=either((ENGLISH, *TRANSLATED)))
    return value


def titles() -> dict[str, str]:
    """rich-click's words, by the names of its settings."""
    return {name: title.text() for name, title in TITLES.items()}


def help_text(help: str) -> str:
    """A command's help in the reader's language, paragraph by paragraph; of an example only the words behind it are translated."""
    paragraphs = cleandoc(help).split("\n\n")
    return "\n\n".join(map(_paragraph, paragraphs))


def _paragraph(text: str) -> str:
    if not text.startswith(EXAMPLES):
        return translated(" ".join(text.split()))
    return "\n".join(example(line) for line in text.split("\n"))


def example(line: str) -> str:
    """A command, two spaces or more, and what it does: the latter translated."""
    found = re.fullmatch(r"(.*\S {2,})(\S.*)", line)
    return found[1] + translated(found[2]) if found else line
