"""What ``import convproof`` gives: its names, what it does not load, and that no submodule ever hides one of them."""

import ast
import os
import subprocess
import sys

import pytest

import convproof as cp
from convproof.core import errors
from convproof.core.upward import TABLE
from convproof.layers.catalogue import LAYERS
from tests.structure.house import SOURCE, Planted, modules

OWN = {
    "Derivation", "Layer", "Network", "Report", "Sequential", "Summary", "Trace", "check", "from_torch", "golden", "load", "to_batch",
}  # fmt: skip
HEAVY = {
    "PIL", "click", "jaxtyping", "beartype", "matplotlib", "mpmath", "numba", "onnx", "onnxruntime", "rich", "rich_click",
    "safetensors", "torch",
}  # fmt: skip
PLAIN = {key: value for key, value in os.environ.items() if key != "CONVPROOF_SHAPES"}

SHADOWS = """
import pkgutil
import numpy
import convproof

def look():
    return {name: id(getattr(convproof, name)) for name in convproof.__all__}

def use():
    network = convproof.load("walkthrough")
    return sorted(network.layers), convproof.to_batch(numpy.ones((1, 1, 3), "uint8")).shape, convproof.ReLU()([-1, 2]).tolist()

before = look(), use()
for module in pkgutil.walk_packages(convproof.__path__, "convproof."):
    if not module.name.endswith("__main__"):
        __import__(module.name)
assert (look(), use()) == before
assert all(callable(getattr(convproof, name)) for name in convproof.__all__)
print(len(before[0]))
"""

LIGHT = "import sys, convproof; print(*sorted({name.partition('.')[0] for name in sys.modules}))"

WITHOUT = """
import sys
for name in {absent!r}:
    sys.modules[name] = None
import pkgutil, numpy, convproof
for module in pkgutil.walk_packages(convproof.__path__, "convproof."):
    if not module.name.endswith("__main__"):
        __import__(module.name)
net = convproof.load("walkthrough")
print(net.trace(convproof.to_batch(numpy.ones((5, 5, 3), "uint8"))).why("conv1", (0, 0, 0, 0)).text())
"""


def python(code, **environment):
    command = [sys.executable, "-W", "error", "-c", code]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=PLAIN | environment, encoding="utf-8")


def run(code):
    done = python(code)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_names():
    assert sorted(cp.__all__) == sorted(OWN | set(errors.__all__) | set(LAYERS))
    assert all(hasattr(cp, name) for name in cp.__all__)
    public = {name for name, value in vars(cp).items() if not name.startswith("_") and not hasattr(value, "__path__")}
    assert public - set(cp.__all__) <= {"LAYERS"}


def test_the_version_is_the_packages():
    from importlib.metadata import version

    assert cp.__version__ == version("convproof")


def test_importing_loads_nothing_heavy():
    assert HEAVY & set(run(LIGHT).split()) == set()


def test_no_submodule_hides_a_public_name():
    assert int(run(SHADOWS)) == len(cp.__all__)


def test_a_package_that_hides_a_public_function_is_noticed(tmp_path):
    planted = Planted.below(tmp_path)
    planted.plant("load/__init__.py", '"""A package by the name of a public function."""')
    done = python(SHADOWS, PYTHONPATH=str(tmp_path / "src"))
    assert "TypeError: 'module' object is not callable" in done.stderr


def test_without_torch_and_what_only_developers_have_everything_can_be_imported():
    absent = ["torch", "jaxtyping", "beartype", "onnxruntime", "numba", "matplotlib", "hypothesis", "skimage"]
    assert "conv1[0, 0, 0, 0]" in run(WITHOUT.format(absent=absent))


BY_ANOTHER_NAME = {"html": "_repr_html_", "read_array": "initialise"}


@pytest.mark.parametrize("entry", TABLE)
def test_what_is_done_further_up_is_a_method_here(entry):
    kind, _, method = entry.partition(".")
    thing = getattr(cp, kind)
    assert callable(getattr(thing, BY_ANOTHER_NAME.get(method, method)) if method else thing)


def imports_of_modules_by_name(tree):
    """Uses of importlib (its metadata and resources apart) and of ``__import__``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "importlib":
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names if alias.name.partition(".")[0] == "importlib"]
        else:
            names = ["__import__"] if isinstance(node, ast.Name) and node.id == "__import__" else []
        yield from (name for name in names if not name.startswith(("importlib.metadata", "importlib.resources")))


def test_only_one_place_imports_modules_by_name():
    found = {
        path.relative_to(SOURCE).as_posix(): list(imports_of_modules_by_name(ast.parse(path.read_text(encoding="utf-8"))))
        for path in modules()
    }
    assert {path: names for path, names in found.items() if names} == {"core/upward.py": ["importlib.import_module"]}


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("import importlib", ["importlib"]),
        ("def later():\n    from importlib import util", ["importlib.util"]),
        ("from importlib.util import find_spec", ["importlib.util.find_spec"]),
        ("x = __import__('convproof')", ["__import__"]),
        ("from importlib.metadata import version", []),
    ],
)
def test_what_is_planted_is_found(code, expected):
    assert list(imports_of_modules_by_name(ast.parse(code))) == expected
