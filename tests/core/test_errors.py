"""Errors: sentences with fields, an exception tree as drawn, the table of upward methods, the shapes that are checked."""

import os
import pickle
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import convproof as cp
from convproof.core import errors, upward
from convproof.core.sentence import say


def test_the_tree_is_as_drawn():
    drawn = dict(re.findall(r"── (\w+)(?: \((\w+)\))?", errors.__doc__))
    real = {
        name: next((b.__name__ for b in kind.__bases__ if b.__module__ == "builtins"), "")
        for name, kind in vars(errors).items()
        if isinstance(kind, type) and issubclass(kind, errors.ConvproofError | errors.ConvproofWarning)
    }
    roots = {"ConvproofError", "ConvproofWarning"}
    assert drawn == {name: base for name, base in real.items() if name not in roots}
    assert all(issubclass(getattr(cp, name), cp.ConvproofError) for name in drawn if name.endswith("Error"))


def test_a_sentence_survives_pickling():
    error = pickle.loads(pickle.dumps(cp.ShapeError("{a} for {b}", a=(1, 2), b="x")))
    assert str(error) == "(1, 2) for x"
    assert isinstance(error, cp.ShapeError)


@pytest.mark.parametrize("name", [name for name in errors.__all__ if name.endswith("Error")])
def test_every_error_is_its_sentence(name):
    kind = getattr(errors, name)
    error = kind("{layer} got {found}; try {n:.2f}", layer="conv", found=say("{k} numbers", k=3), n=0.5)
    for copy in (error, pickle.loads(pickle.dumps(error))):
        assert type(copy) is kind
        assert str(copy) == "conv got 3 numbers; try 0.50"
        assert copy.sentence.template == "{layer} got {found}; try {n:.2f}"
        assert copy.sentence.fields["layer"] == "conv"
    with pytest.raises(kind.__bases__[-1], match="got 3 numbers"):
        raise error


def test_a_sentence_within_a_sentence():
    assert str(say("{x}!", x=say("{y}?", y=1))) == "1?!"


@pytest.mark.parametrize("method", upward.TABLE)
def test_every_upward_method_resolves(method):
    assert callable(upward.reach(method))


def test_every_upward_entry_is_used_and_no_other():
    sources = [path.read_text(encoding="utf-8") for path in Path(cp.__file__).parent.rglob("*.py") if path.name != "upward.py"]
    asked = {name for source in sources for name in re.findall(r'reach\("([\w.]+)"\)', source)}
    assert asked | {name for name in upward.TABLE if "." not in name} == set(upward.TABLE)
    assert {name for name in upward.TABLE if "." not in name} <= set(cp.__all__)


def test_a_wrong_shape_is_caught_by_the_annotations():
    from convproof.layers.linear.formula import linear

    with pytest.raises(Exception, match="Type-check error"):
        linear(np.ones((2, 3)), np.ones((4, 5)), None)


def test_without_the_variable_nothing_is_checked_and_jaxtyping_is_not_imported():
    code = """import sys, convproof
from convproof.core.shapes import Float, Array
print(Float[Array, 'N'] is Array, 'jaxtyping' in sys.modules)"""
    environment = {key: value for key, value in os.environ.items() if key != "CONVPROOF_SHAPES"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.split() == ["True", "False"]
