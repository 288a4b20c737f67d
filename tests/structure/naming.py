"""Finds, on the syntax tree, where code names a layer: an import of a room, or a decision by a class's or an operator's name."""

import ast
from collections.abc import Iterator

from convproof.core.derivation.node import ARITHMETIC
from convproof.core.layer import Layer
from convproof.layers.catalogue import LAYERS
from tests.samples import all_samples

ROOMS = "convproof.layers"


def _classes(kind: type) -> Iterator[str]:
    for below in kind.__subclasses__():
        if below.__module__.startswith(ROOMS):
            yield below.__name__
        yield from _classes(below)


def _operators() -> Iterator[str]:
    for sample in all_samples():
        for convention in sample.make().conventions():
            yield convention.layer


LOADED = tuple(LAYERS.values())  # so that all of them are subclasses that are known
CLASSES = frozenset(_classes(Layer))
WORDS = frozenset(ARITHMETIC) | {"mean", "min", "max"}  # torch calls functions so, and everybody calls arithmetic so
NAMES = CLASSES | frozenset(_operators()) - WORDS


def offences(tree: ast.AST) -> Iterator[str]:
    """What a verb must not do, one sentence for each place."""
    for node in ast.walk(tree):
        for sentence in _imports(node), _decisions(node), _tables(node):
            if sentence:
                yield f"line {getattr(node, 'lineno', 0)} {sentence}"


def imported_rooms(tree: ast.AST) -> Iterator[str]:
    """Imports of rooms alone; the catalogue is none."""
    for node in ast.walk(tree):
        sentence = _imports(node)
        if sentence and "catalogue" not in sentence:
            yield f"line {getattr(node, 'lineno', 0)} {sentence}"


def _imports(node: ast.AST) -> str:
    names = [alias.name for alias in node.names] if isinstance(node, ast.Import | ast.ImportFrom) else []
    if isinstance(node, ast.ImportFrom) and (node.module or node.level):
        names = [f"{'.' * node.level}{node.module or ''}.{name}" for name in names]
    found = [name for name in names if name.startswith(ROOMS) or (name.startswith(".") and "layers." in name)]
    return f"imports {', '.join(found)}" if found else ""


def _decisions(node: ast.AST) -> str:
    if isinstance(node, ast.Compare):
        sides = [node.left, *node.comparators]
        if any(_is_class_of(side) for side in sides):
            return "compares a class"
        if any(_holds_a_name(side) for side in sides):
            return "compares with a layer's or an operator's name"
    if _calls(node, "isinstance", "issubclass") and any(name in CLASSES for kind in node.args[1:] for name in _identifiers(kind)):
        return "asks whether something is a layer of one kind"
    if isinstance(node, ast.MatchClass) and any(name in CLASSES for name in _identifiers(node.cls)):
        return "matches a layer of one kind"
    if isinstance(node, ast.MatchValue) and _holds_a_name(node.value):
        return "matches a layer's or an operator's name"
    return ""


def _tables(node: ast.AST) -> str:
    if isinstance(node, ast.Subscript) and _is_class_of(node.slice):
        return "looks something up by class"
    if _calls(node, "get", "startswith", "endswith") and any(map(_is_class_of, [*node.args, getattr(node.func, "value", node.func)])):
        return "looks something up by class"
    if isinstance(node, ast.Dict) and any(key is not None and _holds_a_name(key) for key in node.keys):
        return "keeps a table by layers' or operators' names"
    return ""


def _calls(node: ast.AST, *names: str) -> bool:
    """Whether it is a call of a function or a method of one of these names."""
    return isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", None)) in names


def _is_class_of(node: ast.expr) -> bool:
    """``type(x)``, ``x.__class__``, or the name of either."""
    if isinstance(node, ast.Attribute) and node.attr in ("__name__", "__qualname__"):
        node = node.value
    if isinstance(node, ast.Attribute):
        return node.attr == "__class__"
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "type" and len(node.args) == 1


def _holds_a_name(node: ast.expr) -> bool:
    return any(isinstance(part, ast.Constant) and isinstance(part.value, str) and part.value in NAMES for part in ast.walk(node))


def _identifiers(node: ast.AST) -> Iterator[str]:
    for part in ast.walk(node):
        if isinstance(part, ast.Name):
            yield part.id
        elif isinstance(part, ast.Attribute):
            yield part.attr
