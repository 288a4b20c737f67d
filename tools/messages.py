"""The messages of convproof, from the sources into the Chinese catalogue: ``python tools/messages.py``.

It collects every English sentence that a person may read, brings ``locale/zh/LC_MESSAGES/messages.po`` up to date with them (new ones
without a translation, old ones dropped), compiles it to ``messages.mo``, and lists what has no translation yet. Message ids are

    say("..."), Sentence("..."), Misuse("...") and every error of convproof   the template
    plural("...", "...")                                                      both templates
    Mistake(id, title, wrong, right, fix, ...)                                all four sentences
    help="..." and a command's docstring, in cli/                             a paragraph; of an example the words behind the command
    Click's own gettext calls                                                 what Click says itself
"""

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from inspect import cleandoc
from io import BytesIO
from pathlib import Path

import click
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).parents[1]
SOURCES = ROOT / "src" / "convproof"
FOLDER = SOURCES / "locale" / "zh" / "LC_MESSAGES"
PO, MO = FOLDER / "messages.po", FOLDER / "messages.mo"

CLICK = ("core", "decorators", "exceptions", "formatting", "parser", "types")
TEMPLATES = ("say", "Sentence", "Misuse")
OWN_ERRORS = {node.name for node in ast.parse((SOURCES / "core" / "errors.py").read_text("utf-8")).body if isinstance(node, ast.ClassDef)}
MISTAKE = ("id", "title", "wrong", "right", "fix")
EXAMPLE = re.compile(r".*\S {2,}(\S.*)")
FIELD = re.compile(r"\{\{|\}\}|\{(\w+)[^{}]*\}|%\((\w+)\)s")

Id = str | tuple[str, str]


@dataclass(frozen=True)
class Message:
    """A message id (a pair for one and several), and the file it stands in."""

    id: Id
    file: str
    line: int


def messages() -> list[Message]:
    """Every message of the package, and those of Click."""
    found = [message for path in sorted(SOURCES.rglob("*.py")) for message in of_source(path)]
    return found + [message for name in CLICK for message in of_click(Path(click.__file__).with_name(f"{name}.py"))]


def of_source(path: Path) -> Iterator[Message]:
    """The messages of one of our files."""
    file, commands = path.relative_to(ROOT).as_posix(), "cli" in path.relative_to(SOURCES).parts
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call):
            yield from (Message(id, file, node.lineno) for id in of_call(node, commands))
        elif commands and isinstance(node, ast.FunctionDef) and any(map(_makes_command, node.decorator_list)):
            yield from (Message(id, file, node.lineno) for id in of_help(ast.get_docstring(node) or ""))


def of_call(call: ast.Call, commands: bool) -> Iterator[Id]:
    """The messages that a call is given."""
    name, given = name_of(call.func), [ast.literal_eval(a) if isinstance(a, ast.Constant) else None for a in call.args]
    named = {k.arg: ast.literal_eval(k.value) for k in call.keywords if isinstance(k.value, ast.Constant)}
    if name == "plural" and len(given) > 1 and isinstance(given[0], str):
        yield given[0], given[1]
    elif name in TEMPLATES or name in OWN_ERRORS:
        yield from (text for text in given[:1] if text)
    elif name == "Mistake":
        yield from {**dict(zip(MISTAKE, given, strict=False)), **{k: v for k, v in named.items() if k in MISTAKE}, "id": None}.values()
    if commands and isinstance(named.get("help"), str):
        yield named["help"]


def of_help(docstring: str) -> Iterator[str]:
    """The paragraphs of a command's help."""
    for paragraph in filter(None, cleandoc(docstring).split("\n\n")):
        if paragraph.startswith("\b"):
            yield from (found[1] for line in paragraph.split("\n") if (found := EXAMPLE.fullmatch(line)))
        else:
            yield " ".join(paragraph.split())


def of_click(path: Path) -> Iterator[Message]:
    """The messages that Click looks up by gettext."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call) and name_of(node.func) in ("_", "ngettext"):
            texts = tuple(a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str))
            if texts:
                yield Message(texts[0] if len(texts) == 1 else texts[:2], f"click/{path.name}", node.lineno)


def unreadable() -> list[str]:
    """Places where a template is no literal, or a field is English put together in the code: such words cannot be translated."""
    found = []
    for path in sorted(SOURCES.rglob("*.py")):
        if path in (SOURCES / "core" / "sentence.py", SOURCES / "core" / "errors.py", SOURCES / "cli" / "languages.py"):
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and (name_of(node.func) in ("say", "plural", "Misuse") or name_of(node.func) in OWN_ERRORS):
                place = f"{path.relative_to(ROOT)}:{node.lineno}"
                if not (node.args and isinstance(node.args[0], ast.Constant)):
                    found.append(f"{place}: the template is no literal: {ast.unparse(node)[:100]}")
                found += [f"{place}: {k.arg} = {ast.unparse(k.value)[:100]}" for k in node.keywords if _is_prose(k.value)]
    return found


def _is_prose(value: ast.expr) -> bool:
    """Whether a field is a text with words in it, or put together by " and ".join: a sentence of its own says it better.

    Numbers joined by commas are a shape, and no prose.
    """
    calls = [call for call in ast.walk(value) if isinstance(call, ast.Call)]
    fine = [call for call in calls if name_of(call.func) in ("say", "plural") or ast.unparse(call).startswith("', '.join(map(str, ")]
    inside = {id(part) for call in fine for part in ast.walk(call)}
    texts = [n for n in ast.walk(value) if isinstance(n, ast.Constant) and isinstance(n.value, str) and id(n) not in inside]
    return any(re.search(r"[A-Za-z]{2,} |^ ?(and|or) |^, $", text.value) for text in texts)


def name_of(function: ast.expr) -> str:
    """The last name of what is called."""
    return function.id if isinstance(function, ast.Name) else function.attr if isinstance(function, ast.Attribute) else ""


def _makes_command(decorator: ast.expr) -> bool:
    return isinstance(decorator, ast.Call) and name_of(decorator.func) in ("command", "group")


def fields(text: str) -> set[str]:
    """The names of the fields of a template."""
    return {a or b for a, b in FIELD.findall(text)} - {""}


def catalogue() -> Catalog:
    """The Chinese catalogue as it is on disk."""
    with PO.open("rb") as stream:
        return read_po(stream, locale="zh", domain="messages")


def updated(old: Catalog) -> Catalog:
    """The catalogue with exactly the messages of the sources, translated where the old one was."""
    template = Catalog(domain="messages", creation_date=old.creation_date)
    for message in messages():
        template.add(message.id, locations=[(message.file, 0)])
    old.update(template, no_fuzzy_matching=True, update_header_comment=False)
    old.obsolete.clear()
    return old


def untranslated(of: Catalog) -> list[Id]:
    """The ids of messages that have no translation."""
    return [m.id for m in of if m.id and not (all(m.string) if isinstance(m.string, tuple | list) else m.string)]


def compiled(of: Catalog) -> bytes:
    """The catalogue as gettext reads it."""
    stream = BytesIO()
    write_mo(stream, of)
    return stream.getvalue()


def main() -> int:
    """Bring both files up to date; the exit code says whether anything lacks a translation."""
    new = updated(catalogue())
    with PO.open("wb") as stream:
        write_po(stream, new, width=120, sort_by_file=True, include_lineno=False, ignore_obsolete=True)
    MO.write_bytes(compiled(new))
    missing = untranslated(new)
    for id in missing:
        print("no translation:", id)  # noqa: T201
    print(f"{len(new)} messages, {len(missing)} without a translation; wrote {PO.relative_to(ROOT)} and {MO.name}")  # noqa: T201
    return bool(missing)


if __name__ == "__main__":
    sys.exit(main())
