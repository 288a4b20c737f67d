"""No verb imports a room or decides anything by the name of a layer or an operator; and the test that says so would notice."""

import ast

import pytest

from tests.structure.house import SOURCE, modules
from tests.structure.naming import CLASSES, NAMES, imported_rooms, offences

VERBS = ("auditing", "checking", "cli", "diagnosing", "explaining", "network", "show", "training")
EMBEDDED = {"cli/tour.py"}  # speaks of one of the embedded examples, a batch normalisation
READERS = ("formats", "witness")  # meet foreign layers by name, and find ours in the catalogue


def of(packages):
    return [path for path in modules() if path.relative_to(SOURCE).parts[0] in packages]


def parsed(path):
    return ast.parse(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", of(VERBS), ids=lambda path: path.relative_to(SOURCE).as_posix())
def test_no_verb_names_a_layer(path):
    found = list(offences(parsed(path)))
    if path.relative_to(SOURCE).as_posix() in EMBEDDED:
        found = [sentence for sentence in found if "imports convproof.layers.catalogue." not in sentence]
    assert found == []


@pytest.mark.parametrize("path", of(READERS), ids=lambda path: path.relative_to(SOURCE).as_posix())
def test_no_reader_imports_a_room(path):
    assert list(imported_rooms(parsed(path))) == []


def test_every_package_is_a_storey_a_verb_or_a_reader():
    packages = {path.relative_to(SOURCE).parts[0] for path in modules() if path.parent != SOURCE}
    assert packages <= {*VERBS, *READERS, "core", "engine", "layers", "locale"}


def test_the_names_that_are_looked_for():
    assert {"Conv2d", "Conv", "Pool", "Pointwise", "ReLU", "Add", "Softmax", "Flatten"} <= CLASSES
    assert {"BatchNormalization", "Conv2D", "Gemm", "Convolution"} <= NAMES


@pytest.mark.parametrize(
    "code",
    [
        "from convproof.layers.conv.layer import Conv2d",
        "import convproof.layers.conv.formula as f",
        "from convproof.layers import conv",
        "from convproof.layers.catalogue import LAYERS",
        "def later():\n    from convproof.layers.catalogue import ReLU",
        "from ..layers.conv import layer",
        "if type(x).__name__ == 'Sum': pass",
        "if 'Conv' != node.layer.__class__.__qualname__: pass",
        "if type(layer) is kind: pass",
        "if layer.__class__ in kinds: pass",
        "if isinstance(layer, Conv2d): pass",
        "if isinstance(layer, (Node, cp.BatchNorm2d)): pass",
        "if isinstance(layer, Pool | None): pass",
        "ok = issubclass(kind, catalogue.Pointwise)",
        "if name == 'ReLU': pass",
        "if operator in ('BatchNormalization', 'Sum'): pass",
        "match node.op:\n    case 'Gemm': pass",
        "match layer:\n    case Conv2d(): pass",
        "match layer:\n    case catalogue.Linear(in_features=3): pass",
        "found = TABLE[type(layer).__name__]",
        "found = TABLE.get(layer.__class__)",
        "if type(layer).__name__.startswith('Batch'): pass",
        "TABLE = {'Conv2d': 1, 'other': 2}",
    ],
)
def test_what_is_planted_is_found(code):
    assert len(list(offences(ast.parse(code)))) == 1, code


@pytest.mark.parametrize(
    "code",
    [
        "from convproof.core.layer import Layer",
        "raise GraphError('{found}', found=type(layer).__name__)",
        "if isinstance(layer, Layer): pass",
        "if isinstance(node, Number | Operation): pass",
        "if isinstance(layer.is_a(), ScaleShift): pass",
        "if node.kind == 'sum': pass",
        "TABLE = {'conv1': 1}",
        "title = 'a Conv2d comes first'",
    ],
)
def test_what_is_no_offence_is_let_through(code):
    assert list(offences(ast.parse(code))) == []
