"""Networks by name and from functions in files; each way to fail has its sentence."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import convproof as cp
from convproof.formats.embedded import MODELS, describe, embedded_input, walkthrough_images
from convproof.formats.load import load
from tests.walkthrough import BATCH, IMAGE_A, IMAGE_B, X, network

NET = """
import convproof as cp

def make():
    return cp.Sequential(conv=cp.Conv2d(3, 2, 3, seed=4), relu=cp.ReLU()).eval()

def alone():
    return cp.Conv2d(3, 2, 3, seed=4).eval()

def forgets():
    cp.ReLU()

def wrong():
    return 5

def breaks():
    return cp.Conv2d(3, 2, 3, groups=5)

def quits():
    raise SystemExit("no")

def needs(channels):
    return cp.Conv2d(channels, 2, 3)

size = 3
"""


@pytest.fixture
def net(tmp_path):
    path = tmp_path / "net.py"
    path.write_text(NET)
    return path


def fails(kind, text, model):
    with pytest.raises(kind) as caught:
        load(model)
    assert str(caught.value) == text
    return caught.value


# embedded


def test_the_walkthrough_is_the_one_typed_in_by_hand():
    ours, by_hand = cp.load("walkthrough"), network()
    assert ours.training
    assert list(ours) == ["conv1", "bn1", "relu"]
    state = by_hand.state_dict()
    assert list(ours.state_dict()) == list(state)
    assert all((array == state[name]).all() for name, array in ours.state_dict().items())
    assert (ours(BATCH) == by_hand(BATCH)).all()


def test_every_load_is_a_fresh_network():
    first = cp.load("walkthrough")
    first["conv1"].weight[:] = 7
    first(BATCH)
    assert (cp.load("walkthrough")["conv1"].weight == 1).all()
    assert (cp.load("walkthrough")["bn1"].running_mean == 0).all()


def test_every_embedded_model_runs_on_its_own_input():
    for name in MODELS:
        given = embedded_input(name)
        assert given is not None
        assert load(name)(given.array).size
        assert str(describe(name)).startswith("the walkthrough's")
    assert (embedded_input("walkthrough").array == BATCH).all()
    assert (embedded_input("walkthrough-conv").array == X).all()
    assert all((a == b).all() for a, b in zip(walkthrough_images(), (IMAGE_A, IMAGE_B), strict=True))
    assert embedded_input("net.py:make") is None
    assert describe("net.py:make") == "net.py:make"


def test_an_unknown_name_lists_what_there_is():
    rest = "or net.py:factory for a function in your own file"
    near = "did you mean walkthrough, walkthrough-bn or walkthrough-conv"
    fails(cp.UnknownNameError, f"no model is called 'walktrough'; {near}, {rest}", "walktrough")
    fails(cp.UnknownNameError, f"no model is called 'resnet18'; there are {', '.join(MODELS)}, {rest}", "resnet18")


# functions in files


def test_a_function_makes_the_network(net):
    network = load(f"{net}:make")
    assert list(network) == ["conv", "relu"]
    assert not network["conv"].training
    assert load(Path(f"{net}:make"))["conv"].weight.tobytes() == network["conv"].weight.tobytes()


def test_a_layer_becomes_a_network_of_one(net):
    network = load(f"{net}:alone")
    assert (list(network), network.graph.inputs, network.training) == (["conv2d"], ("input",), False)
    assert network(np.zeros((1, 3, 5, 7))).shape == (1, 2, 3, 5)


def test_a_layer_of_two_inputs_keeps_their_names(tmp_path):
    (tmp_path / "net.py").write_text(
        "import convproof as cp\nclass Twice(cp.ReLU):\n    input_names = ('a', 'b')\ndef make(): return Twice()\n"
    )
    network = load(f"{tmp_path / 'net.py'}:make")
    assert (list(network), network.graph.inputs) == (["twice"], ("a", "b"))


def test_a_class_is_a_factory_too(tmp_path):
    code = "import convproof as cp\nclass Net(cp.Sequential):\n    def __init__(self): super().__init__(relu=cp.ReLU())\n"
    (tmp_path / "net.py").write_text(code)
    assert list(load(f"{tmp_path / 'net.py'}:Net")) == ["relu"]


@pytest.mark.skipif(os.name != "posix", reason="2026-11: Windows has no colons in the names of folders")
def test_the_last_colon_after_py_counts(tmp_path):
    folder = tmp_path / "c:" / "a.py:b"
    folder.mkdir(parents=True)
    (folder / "net.py").write_text(NET)
    assert list(load(f"{folder / 'net.py'}:make")) == ["conv", "relu"]
    with pytest.raises(cp.FileError, match=r"C:\\models\\net.py does not exist"):
        load("C:\\models\\net.py:make")


def test_an_edited_file_is_run_anew(net):
    assert load(f"{net}:make")["conv"].out_channels == 2
    net.write_text(NET.replace("Conv2d(3, 2", "Conv2d(3, 5"))
    assert load(f"{net}:make")["conv"].out_channels == 5
    assert not (net.parent / "__pycache__").exists()


def test_modules_beside_the_file_are_its_own(tmp_path):
    path = list(sys.path)
    for folder, channels in (("a", 2), ("b", 5)):
        (tmp_path / folder / "blocks").mkdir(parents=True)
        (tmp_path / folder / "blocks" / "__init__.py").write_text("from blocks.sizes import C\n")
        (tmp_path / folder / "blocks" / "sizes.py").write_text(f"C = {channels}\n")
        (tmp_path / folder / "beside.py").write_text("import blocks\n")
        (tmp_path / folder / "net.py").write_text(
            "from __future__ import annotations\n"
            "import dataclasses\nimport convproof as cp\nfrom beside import blocks\n"
            "@dataclasses.dataclass\nclass Sizes:\n    c: int = blocks.C\n"
            "def make():\n    import beside\n    return cp.Conv2d(3, Sizes().c, 3)\n"
        )
    for folder, channels in (("a", 2), ("b", 5)):
        assert load(f"{tmp_path / folder / 'net.py'}:make")["conv2d"].out_channels == channels
    assert sys.path == path
    assert not {"beside", "blocks", "blocks.sizes", "net"} & set(sys.modules)


def test_a_missing_file(net):
    path = net.with_name("nett.py")
    fails(cp.FileError, f"{path} does not exist; did you mean net.py?", f"{path}:make")


def test_a_missing_function(net):
    fails(cp.UnknownNameError, f"{net} has no function 'mak'; did you mean make?", f"{net}:mak")
    listed = "make, alone, forgets, wrong, breaks, quits, needs"
    fails(cp.UnknownNameError, f"{net} has no function 'zzz'; it defines {listed}", f"{net}:zzz")
    fails(cp.UnknownNameError, f"{net} has no function 'size'; it defines {listed}", f"{net}:size")
    fails(cp.UnknownNameError, f"{net} has no function ''; it defines {listed}", f"{net}:")
    net.write_text("")
    fails(cp.UnknownNameError, f"{net} has no function 'make'; it defines none", f"{net}:make")


def test_a_file_without_its_function(net):
    listed = "make, alone, forgets, wrong, breaks, quits, needs"
    fails(cp.SettingError, f"{net}: which function makes the network? write {net}:NAME; the file defines {listed}", str(net))
    net.write_text("def (")
    fails(cp.SettingError, f"{net}: which function makes the network? write {net}:NAME", str(net))
    path = net.with_name("nett.py")
    fails(cp.FileError, f"{path} does not exist; did you mean net.py?", str(path))


def test_a_function_that_raises(net):
    line = 1 + NET.split("\n").index("    return cp.Conv2d(3, 2, 3, groups=5)")
    error = fails_with_cause(f"{net}:breaks", cp.SettingError)
    assert str(error) == f"{net}:breaks failed at line {line}: SettingError: {error.__cause__}"
    error = fails_with_cause(f"{net}:needs", TypeError)
    assert str(error) == f"{net}:needs failed: TypeError: needs() missing 1 required positional argument: 'channels'"
    error = fails_with_cause(f"{net}:quits", SystemExit)
    assert str(error).endswith("SystemExit: no")


def test_a_file_that_cannot_be_run(net):
    net.write_text("x = 1\ny = x / 0\n")
    assert str(fails_with_cause(f"{net}:make", ZeroDivisionError)) == f"{net} failed at line 2: ZeroDivisionError: division by zero"
    net.write_text("x = 1\n\ndef (\n")
    assert str(fails_with_cause(f"{net}:make", SyntaxError)) == f"{net} failed at line 3: SyntaxError: invalid syntax"
    net.write_bytes(b"x = '\xff'\n")
    assert "SyntaxError" in str(fails_with_cause(f"{net}:make", SyntaxError))


def fails_with_cause(model, cause):
    with pytest.raises(cp.FileError) as caught:
        load(model)
    assert type(caught.value.__cause__) is cause
    return caught.value


def test_a_function_that_returns_something_else(net):
    expected = "expected a network or a layer of convproof, or a torch.nn.Module: return what Sequential or Network made"
    fails(cp.FileError, f"{net}:wrong returned an object of type builtins.int; {expected}", f"{net}:wrong")
    fails(cp.FileError, f"{net}:forgets returned None, so it may lack a return; {expected}", f"{net}:forgets")


def test_a_function_that_returns_a_torch_module(tmp_path):
    path = tmp_path / "net.py"
    path.write_text("import torch\n\ndef make():\n    return torch.nn.Sequential(torch.nn.Conv2d(3, 2, 3), torch.nn.ReLU()).eval()\n")
    found = load(f"{path}:make")
    assert [type(layer).__name__ for layer in found.layers.values()] == ["Conv2d", "ReLU"]
    assert not found.training


# what is not read


@pytest.mark.parametrize("ending", [".pt2", ".h5", ".keras", ".tflite"])
def test_formats_that_come_through_onnx(ending):
    possible = f"A network is a .onnx file, net.py:factory for a function in your own file, or one of {', '.join(MODELS)}"
    export = "export the model to ONNX, as docs/models.md shows"
    fails(cp.SettingError, f"a{ending}: {ending} files are not read here; {export}. {possible}", f"a{ending}")


def test_weights_alone_are_no_network():
    with pytest.raises(cp.SettingError) as caught:
        load("a.safetensors")
    assert str(caught.value).startswith(
        "a.safetensors holds arrays and no network; load the network first, then its weights: "
        "network.load_weights('a.safetensors'), or --weights a.safetensors on the command line. A network is a .onnx file"
    )


def test_nothing_runs_but_what_was_named(net, tmp_path):
    net.write_text(f"open({str(tmp_path / 'run')!r}, 'w')\ndef make(): pass\n")
    for model in (str(net), f"{net} :make", f"{net}x"):
        with pytest.raises(cp.ConvproofError):
            load(model)
    assert not (tmp_path / "run").exists()


def test_a_file_in_the_working_folder(tmp_path):
    (tmp_path / "net.py").write_text("import convproof as cp\ndef make(): return cp.ReLU()\n")
    code = f"import convproof as cp; print(list(cp.load({str(tmp_path / 'net.py')!r} + ':make')))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert found.stdout.strip() == "['relu']"
