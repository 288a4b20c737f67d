"""Arrays in JSON, as Python, JavaScript and people write them, and what is none."""

import json
import re

import numpy as np
import pytest

import convproof as cp
from convproof.formats.dumps.opening import open_dumps
from convproof.formats.dumps.text import json_arrays
from tests.formats.dumps.reading import SHAPE, X, only, within, written


def arrays(path, content):
    """Names and numbers, nested as they are."""
    return {name: found.array.tolist() for name, found in written(path, content).items()}


def test_what_python_writes_is_read_back_bit_for_bit(tmp_path):
    found = only(tmp_path / "conv1.json", json.dumps(X.tolist()))
    assert found.array.dtype == np.float32
    assert np.array_equal(found.array, X)
    assert found.resolution is None
    wide = X.astype(np.float64) / 3
    assert np.array_equal(only(tmp_path / "b.json", json.dumps(wide.tolist())).array, wide)


@pytest.mark.parametrize(
    ("write", "name"),
    [
        (lambda v: f"{v:.4f}", "4 decimals"),
        (lambda v: repr(round(float(v), 3)), "3 decimals"),
        (lambda v: f"{v:.3e}", "4 digits"),
        (lambda v: str(round(v * 10)), "whole numbers"),
    ],
)
def test_numbers_keep_their_digits(tmp_path, write, name):
    words = [write(v) for v in X.ravel()]
    found = only(tmp_path / "a.json", f"[{', '.join(words)}]")
    assert str(found.resolution.name) == name
    assert within(found, X.ravel() * (10 if name == "whole numbers" else 1))


LISTS = {
    "[[0.5, 1.5], [2.5, 3.5]]": {"a": [[0.5, 1.5], [2.5, 3.5]]},
    '{"conv1": [[0.5]], "fc": {"weight": [1.5], "bias": [2.5]}}': {"conv1": [[0.5]], "fc.weight": [1.5], "fc.bias": [2.5]},
    '{"shape": [1, 2, 1], "data": [0.5, 1.5]}': {"a": [[[0.5], [1.5]]]},
    '{"data": [[0.5, 1.5]], "dtype": "float32", "name": "conv1"}': {"conv1": [[0.5, 1.5]]},
    '{"conv1": {"dims": [2, 1], "values": [0.5, 1.5], "strides": [1, 1]}}': {"conv1": [[0.5], [1.5]]},
    '[{"name": "conv1", "data": [0.5]}, {"name": "fc", "shape": [1, 1], "data": [1.5]}]': {"conv1": [0.5], "fc": [[1.5]]},
    '{"layers": [{"name": "conv1", "data": [0.5]}]}': {"layers.conv1": [0.5]},
    '{"0": 0.5, "1": 1.5}': {"a": [0.5, 1.5]},
    '{"conv1": {"0": 0.5, "1": 1.5}, "fc": {"shape": [1, 2], "data": {"0": 0.5, "1": 1.5}}}': {"conv1": [0.5, 1.5], "fc": [[0.5, 1.5]]},
    '{"data": [0.5], "prob": [1.5]}': {"data": [0.5], "prob": [1.5]},
    '{"by": "me", "layers": ["conv1"], "done": true, "left": null, "rows": [{"a": [1]}], "conv1": [0.5]}': {"conv1": [0.5]},
    '{"loss": 0.5}': {"loss": 0.5},
    "0.5": {"a": 0.5},
    "[true, false]": {"a": [True, False]},
    "[]": {"a": []},
    '\ufeff{"conv1": [0.5]}': {"conv1": [0.5]},
    '{"\u5c42": [0.5], "a\\/b": [1.5], "\\ud800": [2.5]}': {"\u5c42": [0.5], "a/b": [1.5], "?": [2.5]},
    "[1e3, -0.0, 1E-3]": {"a": [1000.0, -0.0, 0.001]},
}


@pytest.mark.parametrize("content", LISTS)
def test_ways_to_write_arrays(tmp_path, content):
    assert arrays(tmp_path / "a.json", content) == LISTS[content]


def test_what_is_not_finite_is_a_number(tmp_path):
    found = only(tmp_path / "a.json", json.dumps([float("nan"), float("inf"), -float("inf"), 0.5]))
    assert np.array_equal(found.array, [np.nan, np.inf, -np.inf, 0.5], equal_nan=True)
    assert str(found.resolution.name) == "1 decimal"


def test_utf_16(tmp_path):
    assert arrays(tmp_path / "a.json", '{"conv1": [0.5]}'.encode("utf-16")) == {"conv1": [0.5]}


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "a.json is empty; expected numbers: make it again"),
        ("{}", "a.json holds no list of numbers; expected nested lists such as [[0.1, 0.2], [0.3, 0.4]], or an object of names"),
        ('["conv1", "fc"]', "a.json holds no list of numbers"),
        ("[0.5,\n0.25,\n", "a.json, line 3, column 1: no JSON (Expecting value); it is cut short or damaged, or several texts stand in"),
        ('{"a": [0.5]}\n{"b": [0.5]}', "a.json, line 2, column 1: no JSON (Extra data)"),
        ("[0.5,, 1]", "line 1, column 6: no JSON"),
        (
            "[[1, 2, 3], [4, 5, 6], [7, 8]]",
            "array 'a': its rows differ in length, 3 in the first and 2 in row (2,); write every row in full",
        ),
        ('{"conv1": [[[1, 2]], [[3]]]}', "array 'conv1': its rows differ in length, 2 in the first and 1 in row (1, 0)"),
        ("[[1, 2], 3]", "array 'a': at (1,) stands a number; expected a number in every place, or rows of one length"),
        ("[1, [2]]", "array 'a': at (1,) stands a list; expected a number in every place"),
        ("[[0.5, null]]", "array 'a': at (0, 1) stands null, which is no number; JavaScript writes NaN and infinities so"),
        ('[0.5, "x"]', "at (1,) stands a word; expected a number"),
        ("[0.5, true]", "at (1,) stands a truth value; expected a number"),
        ("[0.5, {}]", "at (1,) stands an object; expected a number"),
        ('{"a": [1], "b": [2], "a": [3]}', "a.json holds 'a' twice; leave one of them out, or give it another name"),
        ('{"a.b": [1], "a": {"b": [2]}}', "a.json holds 'a.b' twice"),
        ('{"shape": [2, 2], "data": [1, 2, 3]}', "is said to have shape (2, 2), and holds 3 numbers; it is cut short, or"),
        ('{"shape": [-2], "data": [1]}', "its shape is no list of sizes; write it as in [1, 4, 3, 3]"),
        ('{"shape": 2, "data": [1, 2]}', "its shape is no list of sizes"),
        (f'{{"shape": [{"9" * 30}], "data": [1]}}', "its shape is no list of sizes"),
        (f"[{'1' * 500}]", "a.json: '1111111111111111111111111111111111111111...' is no number; expected numbers such as 0.5"),
        (b"\x00\x01[", "a.json holds bytes that no text has"),
        ("[" * 100_000, "a.json is nested deeper than any array has axes; write lists of numbers"),
        ("[" * 100_000 + "1" + "]" * 100_000, "a.json is nested deeper"),
        ('{"a":' * 100_000, "a.json is nested deeper"),
        ("[" * 40 + "1" + "]" * 40, "a.json, array 'a' has lists nested deeper than any array has axes; write it flat, or with its shape"),
    ],
)
def test_what_is_no_array(tmp_path, content, sentence):
    with pytest.raises((cp.FileError, cp.ShapeError), match=re.escape(sentence)):
        written(tmp_path / "a.json", content)


def test_a_large_file_is_refused_before_it_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(json_arrays, "LARGEST_FILE", 50)
    assert arrays(tmp_path / "a.json", "[0.5]") == {"a": [0.5]}
    with pytest.raises(cp.FileError, match="has 60 bytes, and of a JSON file at most 50 are read; write its arrays in several files"):
        written(tmp_path / "a.json", "[0.5]" + " " * 55)


def test_a_folder_with_json(tmp_path):
    """One file a layer; settings and a manifest of something else are no arrays."""
    (tmp_path / "layer1").mkdir()
    (tmp_path / "layer1/conv1.json").write_text(json.dumps(X.tolist()))
    (tmp_path / "layer1/manifest.json").write_text('{"start": [1, 2]}')
    (tmp_path / "bn1.json").write_text(json.dumps({"shape": SHAPE, "data": X.ravel().tolist()}))
    (tmp_path / "settings.json").write_text('{"rate": 0.1, "names": ["conv1"]}')
    found = {dump.name: dump.read().array for dump in open_dumps(tmp_path)}
    assert sorted(found) == ["bn1", "layer1.conv1"]
    assert all(np.array_equal(array, X) for array in found.values())


def test_a_check_of_json(tmp_path):
    net = cp.Sequential(conv=cp.Conv2d(2, 3, 2, seed=0), relu=cp.ReLU()).eval()
    trace = net.trace(X)
    path = tmp_path / "mine.json"
    mine = {name: np.round(trace[name].astype(np.float64), 5).tolist() for name in net}
    path.write_text(json.dumps({"input": X.tolist(), **mine, "seconds": 0.25}))
    report = cp.check(net, X, path)
    assert report.ok
    assert report.covered == ("conv", "relu")
    assert [str(said) for said in report.missing] == [
        f"seconds ({path}, array 'seconds') is one number that belongs to no array: not looked at"
    ]
    mine["relu"][0][1][0][2] = float("nan")
    path.write_text(json.dumps(mine))
    report = cp.check(net, X, path)
    assert (report.first_wrong, report["relu"].worst.cell) == ("relu", (0, 1, 0, 2))
