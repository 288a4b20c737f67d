"""``convproof golden``: what it prints and writes, and what a check then says."""

import errno
import json

import numpy as np
import pytest

from tests.cli.invoke import invoke

OUT = """\
model: the walkthrough's network (eval mode)
input: image_a and image_b, divided by 255

input         input      2 x 5 x 5 x 3   float32  input.npy
conv1.weight  weight     1 x 3 x 3 x 3   float32  golden.c
conv1.bias    weight     1               float32  golden.c
bn1           output     2 x 3 x 3 x 1   float32  golden.c  within 4.9e-06
relu          output     2 x 3 x 3 x 1   float32  golden.c  within 0

bn1 is folded into conv1
'within': how far rounding may move a number from its exact value, at the worst cell; half a step of a coarser format comes on top
wrote 5 arrays and manifest.json to golden
"""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_what_it_prints(folder):
    found = invoke("golden", "walkthrough", "--eval", "-o", "golden", "--as", "c", "--layout", "nhwc", "--fold")
    assert (found.code, found.err) == (0, "")
    assert found.out == OUT
    assert sorted(path.name for path in (folder / "golden").iterdir()) == ["golden.c", "golden.h", "input.npy", "manifest.json"]


def test_json_is_the_manifest(folder):
    found = invoke("golden", "-o", "golden", "--format", "q7.8", "--json")
    record = json.loads(found.out)
    written = json.loads((folder / "golden" / "manifest.json").read_text())
    assert found.code == 0
    assert record["folder"] == "golden"
    assert {key: record[key] for key in ("arrays", "hashes", "format")} == {key: written[key] for key in ("arrays", "hashes", "format")}
    assert record["arrays"][0]["dtype"] == "int16"


@pytest.mark.parametrize("files", ["npy", "txt", "bin", "c", "safetensors"])
def test_a_check_reads_it_back(files):
    assert invoke("golden", "--eval", "-o", "golden", "--as", files).code == 0
    found = invoke("check", "walkthrough", "--eval", "--claimed", "golden")
    assert found.code == 0, found
    assert "every number is the exact one" in found.out


def test_a_wrong_number_is_found(folder):
    invoke("golden", "--eval", "-o", "golden")
    y = np.load(folder / "golden" / "bn1.npy")
    y[1, 0, 2, 1] += 0.01
    np.save(folder / "golden" / "bn1.npy", y)
    found = invoke("check", "walkthrough", "--eval", "--claimed", "golden")
    assert found.code == 1
    assert "bn1 is wrong by itself." in found.out
    why = invoke("why", "walkthrough", "golden", "--eval", "--at", "bn1:1,0,2,1")
    assert why.code == 0
    assert "bn1[1, 0, 2, 1]" in why.out


def test_the_input_of_a_port_is_the_golden_one(folder):
    """With a seed of its own, the noise is in the folder, and nobody has to know how it was made."""
    (folder / "net.py").write_text("import convproof as cp\n\n\ndef make():\n    return cp.Conv2d(3, 2, 3, seed=0)\n")
    invoke("golden", "net.py:make", "--shape", "1,3,6,5", "--seed", "7", "-o", "golden")
    assert invoke("check", "net.py:make", "--claimed", "golden").code == 0
    (folder / "golden" / "input.npy").unlink()
    found = invoke("check", "net.py:make", "--claimed", "golden")
    assert found.code == 2
    assert "golden does not hold the input (input)" in found.err


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((), "Missing option '-o' / '--output'."),
        (("-o", ""), "--output is empty"),
        (("-o", "mine/notes.txt"), "mine/notes.txt is a file; golden vectors are written into a folder"),
        (("-o", "golden", "--format", "q"), "'q' names no number format; expected one such as float32"),
        (("-o", "nowhere/golden"), "the folder"),
        (("-o", "mine"), "mine exists and holds no golden vectors, so it is not overwritten; choose a new name"),
        (("-o", "mine", "--force"), "mine exists and holds no golden vectors, so it is not overwritten; choose a new name"),
        (("-o", "golden", "--as", "zip"), "'zip' is not one of"),
        (("nothing", "-o", "golden"), "no model is called 'nothing'"),
    ],
)
def test_what_cannot_be(arguments, expected, folder):
    (folder / "mine").mkdir()
    (folder / "mine" / "notes.txt").write_text("mine")
    found = invoke("golden", *arguments)
    assert found.code == 2
    assert expected in " ".join(found.err.split())
    assert [path.name for path in folder.iterdir()] == ["mine"]


def test_what_folds_nothing_says_why(folder):
    (folder / "net.py").write_text("import convproof as cp\n\n\ndef make():\n    return cp.Sequential(relu=cp.ReLU()).eval()\n")
    assert "--fold: nothing is folded, since in training mode" in invoke("golden", "-o", "a", "--fold").out
    assert "--fold: nothing is folded, since no BatchNorm" in invoke("golden", "net.py:make", "--shape", "1,2", "-o", "b", "--fold").out
    assert "nothing is folded" not in invoke("golden", "--eval", "-o", "c", "--fold").out + invoke("golden", "-o", "d").out


def test_a_file_that_the_manifest_does_not_name_is_not_passed_over_in_silence(folder):
    invoke("golden", "--eval", "-o", "golden")
    (folder / "golden" / "bn1_old.npy").write_bytes((folder / "golden" / "bn1.npy").read_bytes())
    (folder / "golden" / "readme.txt").write_text("7")
    found = invoke("check", "walkthrough", "--eval", "--claimed", "golden")
    assert found.code == 0
    assert "bn1: bn1_old.npy is in the folder too, and was not read: the manifest names no such array" in found.out
    assert "readme" not in found.out


def test_a_full_disk_names_the_folder_that_was_asked_for(folder, monkeypatch):
    def full(self, *_, **__):
        raise OSError(errno.ENOSPC, "No space left on device", str(self))

    monkeypatch.setattr("convproof.formats.arrays.write_npy", lambda *_: full("x"))
    found = invoke("golden", "-o", "golden")
    assert found.code == 2
    assert found.err == "convproof: golden cannot be written: No space left on device; what was there is unchanged\n"
    assert list(folder.iterdir()) == []


def test_a_folder_is_replaced_by_force_alone(folder):
    assert invoke("golden", "-o", "golden").code == 0
    found = invoke("golden", "-o", "golden", "--as", "bin")
    assert found.code == 2
    assert "golden holds golden vectors already; --force" in found.err
    assert invoke("golden", "-o", "golden", "--as", "bin", "--force").code == 0
    assert (folder / "golden" / "conv1.bin").exists()
    assert not (folder / "golden" / "conv1.npy").exists()


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("file", "../input.npy", "has file = '../input.npy'; expected the name of a file in the same folder"),
        ("file", "/etc/passwd", "has file = '/etc/passwd'; expected the name of a file in the same folder"),
        ("shape", [2**31 - 1] * 4, "more numbers than any array has"),
        ("sha256", "00", "does not hold the input 'input' that manifest.json describes (its SHA-256 is another)"),
        ("dtype", "object", "has dtype = 'object'; expected float16"),
        ("format", "q99.99", "has a wrong format: the format 'q99.99' would have 199 bits"),
        ("name", "conv1", "has two arrays of the name 'conv1'; expected each once"),
        ("name", "other", "is of another model: its inputs are other, those of the network input"),
    ],
)
def test_a_manifest_that_was_tampered_with(key, value, expected, folder):
    invoke("golden", "--eval", "-o", "golden")
    path = folder / "golden" / "manifest.json"
    record = json.loads(path.read_text())
    record["arrays"][0][key] = value
    path.write_text(json.dumps(record))
    found = invoke("check", "walkthrough", "--eval", "--claimed", "golden")
    assert found.code == 2
    assert expected in " ".join(found.err.split())
