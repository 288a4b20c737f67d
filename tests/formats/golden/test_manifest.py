"""The manifest of golden vectors: what it says, and that nothing in it is believed."""

import hashlib
import json
import math
from dataclasses import replace

import numpy as np
import pytest

from convproof.core.errors import FileError
from convproof.formats.golden.manifest import dumps_of, input_of, read_manifest
from convproof.formats.golden.writing import GoldenArray, write_golden
from tests.formats.golden.made import SMALL, about, arrays


def test_the_manifest_says_what_the_files_hold(tmp_path):
    manifest = write_golden(tmp_path / "golden", arrays(), about("bin", "nhwc", "q7.8"))
    text = json.loads((tmp_path / "golden" / "manifest.json").read_text())
    assert {
        key: text[key] for key in ("schema_version", "model", "mode", "input", "files", "layout", "format", "step", "zero", "byte_order")
    } == {
        "schema_version": 1,
        "model": "a model",
        "mode": "eval",
        "input": "an image",
        "files": "bin",
        "layout": "nhwc",
        "format": "q7.8",
        "step": 1 / 256,
        "zero": 0,
        "byte_order": "little",
    }
    data = (tmp_path / "golden" / "conv1.bin").read_bytes()
    assert text["arrays"][2] == {
        "name": "conv1",
        "role": "output",
        "shape": [2, 2, 5, 4],
        "stored_shape": [2, 5, 4, 2],
        "axes": [0, 2, 3, 1],
        "layout": "nhwc",
        "format": "q7.8",
        "dtype": "int16",
        "computed_in": "float32",
        "file": "conv1.bin",
        "inside": "",
        "dump": "conv1",
        "sha256": hashlib.sha256(data).hexdigest(),
        "described": "Conv2d()",
        "reads": ["input"],
        "bound": {"proof": 1e-6, "proof_at": [0, 1, 2, 3], "usual": 5e-7, "usual_at": [1, 1, 4, 3]},
    }
    assert text["arrays"][3]["format"] == "int64"
    assert text["hashes"]["conv1.bin"] == hashlib.sha256(data).hexdigest()
    assert read_manifest(tmp_path / "golden") == manifest


def test_a_manifest_is_one_line_an_array(tmp_path):
    manifest = write_golden(tmp_path / "golden", arrays(), about())
    lines = [line for line in manifest.text().splitlines() if '"role"' in line]
    assert [json.loads(line.strip().rstrip(","))["name"] for line in lines] == ["input", "conv1.weight", "conv1", "classes"]
    empty = replace(manifest, arrays=())
    assert json.loads(empty.text()) == empty.to_dict()


# a manifest is untrusted


def broken(tmp_path, change):
    """The message about a manifest after a change to its JSON."""
    if not (tmp_path / "golden").exists():
        write_golden(tmp_path / "golden", arrays(), about())
    path = tmp_path / "golden" / "manifest.json"
    record = json.loads(path.read_text())
    change(record, record["arrays"][2])
    path.write_text(json.dumps(record))
    with pytest.raises(FileError) as caught:
        read_manifest(tmp_path / "golden")
    return str(caught.value).replace(str(tmp_path), "")


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("file", "../../etc/passwd", "has file = '../../etc/passwd'; expected the name of a file in the same folder"),
        ("file", "/etc/passwd", "has file = '/etc/passwd'; expected the name of a file in the same folder"),
        ("file", "C:conv1.npy", "expected the name of a file in the same folder"),
        ("file", "a\\b", "expected the name of a file in the same folder"),
        ("dump", "..", "has dump = '..'; expected the name of a file in the same folder"),
        ("name", 7, "has name = 7; expected a name"),
        ("name", "", "has name = ''; expected a name"),
        ("role", "judge", "has role = 'judge'; expected input, weight, statistic or output"),
        ("shape", "2x3", "has shape = '2x3'; expected a list of at most 16 whole numbers"),
        ("shape", [2, 2.5, 5, 4], "expected a list of at most 16 whole numbers"),
        ("shape", [2, True, 5, 4], "expected a list of at most 16 whole numbers"),
        ("shape", [-1, 2, 5, 4], "expected a list of at most 16 whole numbers"),
        ("shape", [2**30, 2**30, 5, 4], "more numbers than any array has"),
        ("stored_shape", [2, 5, 2, 4], "has stored_shape = [2, 5, 2, 4], where the rest of it says [2, 2, 5, 4]; change both, or neither"),
        ("layout", "nhwc", "has layout = 'nhwc', where the rest of it says \"nchw\"; change both, or neither"),
        ("format", "q", "has a wrong format: 'q' names no number format; expected one such as float32"),
        ("reads", "input", "has reads = 'input'; expected a list of at most 10000 names"),
        ("reads", [1], "has reads = [1]; expected a list of at most 10000 names"),
        ("axes", [0, 1, 2, 2], "has axes (0, 1, 2, 2) for shape (2, 2, 5, 4); expected each axis once"),
        ("dtype", "object", "has dtype = 'object'; expected float16, float32"),
        ("computed_in", "str", "has computed_in = 'str'; expected float16"),
        ("sha256", None, "has sha256 = None; expected a text"),
        ("bound", 3, "bound holds 3; expected an object with names"),
        ("bound", {"proof": math.inf, "proof_at": [0] * 4, "usual": 0, "usual_at": [0] * 4}, "proof = inf; expected a number of 0 or more"),
        ("bound", {"proof": 10**400, "proof_at": [0] * 4, "usual": 0, "usual_at": [0] * 4}, "...; expected a number of 0 or more"),
        ("bound", {"proof": 1, "proof_at": [2, 0, 0, 0], "usual": 0, "usual_at": [0] * 4}, "is of cell (2, 0, 0, 0); the array has shape"),
    ],
)
def test_an_array_that_makes_no_sense(key, value, expected, tmp_path):
    message = broken(tmp_path, lambda _, array: array.__setitem__(key, value))
    assert message.startswith("/golden/manifest.json, array 2, ")
    assert expected in message


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("schema_version", 2, "has schema_version 2; this version reads 1"),
        ("schema_version", "1", "has schema_version = '1'; expected schema_version 1, which this version reads"),
        ("arrays", {}, "has arrays = {}; expected a list of arrays"),
        ("files", "zip", "has files = 'zip'; expected c, bin, npy, txt or safetensors"),
        ("layout", "chwn", "has layout = 'chwn'; expected nchw or nhwc"),
        ("model", ["x"], "has model = ['x']; expected a text"),
        ("folded", {"conv1": 1}, "has folded = {'conv1': 1}; expected texts by name"),
        ("hashes", {"../../thesis.txt": "00"}, "has hashes = {'../../thesis.txt': '00'}; expected texts by name"),
        ("format", "decimals:x", "has a wrong format: the format 'decimals:x'"),
        ("byte_order", "big", "has byte_order = 'big', where the rest of it says \"little\"; change both, or neither"),
    ],
)
def test_a_manifest_that_makes_no_sense(key, value, expected, tmp_path):
    assert expected in broken(tmp_path, lambda record, _: record.__setitem__(key, value))


def test_two_arrays_of_one_name(tmp_path):
    assert "has two arrays of the name 'input'; expected each once" in broken(tmp_path, lambda r, a: a.__setitem__("name", "input"))


@pytest.mark.parametrize("text", ["", "[1, 2", "\xff\xfe", "[" * 100_000, "NaN"])
def test_no_json_at_all(text, tmp_path):
    (tmp_path / "manifest.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(FileError):
        read_manifest(tmp_path)


def test_a_golden_input_that_was_changed(tmp_path):
    write_golden(tmp_path / "golden", arrays(), about())
    np.save(tmp_path / "golden" / "input.npy", SMALL.astype(np.float32) + 1)
    expected = "does not hold the input 'input' that manifest.json describes .its SHA-256 is another.; copy the golden file again"
    with pytest.raises(FileError, match=expected):
        input_of(tmp_path / "golden", ["input"])
    (tmp_path / "golden" / "input.npy").unlink()
    assert input_of(tmp_path / "golden", ["input"]) is None
    with pytest.raises(FileError, match="its inputs are input, those of the network image, mask"):
        input_of(tmp_path / "golden", ["image", "mask"])


def test_a_golden_input_of_nan_is_refused_without_a_warning(tmp_path):
    write_golden(tmp_path / "golden", arrays(), about(format="q7.8"))
    np.save(tmp_path / "golden" / "input.npy", np.full(SMALL.shape, np.nan))
    with pytest.raises(FileError, match="does not hold the input 'input'"):
        input_of(tmp_path / "golden", ["input"])


@pytest.mark.parametrize("name", ["conv1", "CONV1"])
def test_a_file_that_is_called_almost_as_expected(name, tmp_path):
    write_golden(tmp_path / "golden", [GoldenArray(name, "output", np.ones(2), "float32")], about())
    (tmp_path / "golden" / f"{name}.npy").rename(tmp_path / "golden" / f"{name[:-1]}_1.npy")
    with pytest.raises(FileError, match=rf"the manifest names no such array; did you mean {name}\.npy"):
        dumps_of(tmp_path / "golden")
