"""Text as printf, NumPy, torch, loggers and spreadsheets write it."""

import io
import logging
import re
import sys

import numpy as np
import pytest
import torch

import convproof as cp
from tests.formats.dumps.reading import SHAPE, X, only, within, written

FOUR = [f"{v:.4f}" for v in X.ravel()]
ROUNDED = np.array([float(word) for word in FOUR]).reshape(SHAPE)


def saved(array, **how):
    out = io.StringIO()
    np.savetxt(out, array, **how)
    return out.getvalue()


@pytest.mark.parametrize("joint", [" ", "\n", ", ", ",", ";", "\t", " ;\r\n", ",\n"])
def test_flat_numbers(tmp_path, joint):
    found = only(tmp_path / "conv1.txt", joint.join(FOUR))
    assert found.array.shape == (X.size,)
    assert np.array_equal(found.array, ROUNDED.ravel())
    assert str(found.resolution.name) == "4 decimals"


def test_a_flat_array_that_ends_in_the_middle_of_a_line(tmp_path):
    text = "\n".join(" ".join(FOUR[k : k + 7]) for k in range(0, X.size, 7))
    assert only(tmp_path / "a.log", text).array.shape == (X.size,)


@pytest.mark.parametrize(
    "text",
    [
        str(X),
        repr(X),
        np.array2string(X, precision=4, separator=", "),
        str(torch.tensor(X)),
        str(torch.tensor(X, dtype=torch.float64)),
        str(torch.tensor(X, requires_grad=True) * 1),
        str(torch.tensor(X).tolist()),
        f"{tuple(SHAPE)}\n{X}",
        f"torch.Size({list(SHAPE)})\n" + "\n".join(map(str, X.ravel())),
        f"conv1 {torch.tensor(X)}",
    ],
)
def test_printed_arrays_have_their_shape(tmp_path, text):
    found = only(tmp_path / "a.txt", text)
    assert found.array.shape == SHAPE
    assert within(found, X)


def test_libtorch_prints_slices(tmp_path):
    text = "(1,1,.,.) = \n  0.1  0.2\n -0.3  0.4\n\n(1,2,.,.) = \n  0.5  0.6\n  0.7  0.8\n[ CPUFloatType{1,2,2,2} ]\n"
    assert only(tmp_path / "a.txt", text).array.tolist() == [[[[0.1, 0.2], [-0.3, 0.4]], [[0.5, 0.6], [0.7, 0.8]]]]


@pytest.mark.parametrize("delimiter", [",", ";", " "])
def test_savetxt_is_a_table(tmp_path, delimiter):
    found = only(tmp_path / "fc.csv", saved(X.reshape(6, 5), delimiter=delimiter, fmt="%.3e"))
    assert found.array.shape == (6, 5)
    assert within(found, X.reshape(6, 5))


def test_savetxt_of_slices(tmp_path):
    text = "# Array shape: (2, 3, 5)\n" + "# New slice\n".join(saved(part) for part in X[0])
    found = only(tmp_path / "a.txt", text)
    assert found.array.shape == (2, 3, 5)
    assert found.resolution is None
    assert np.array_equal(found.array, X[0])


@pytest.mark.parametrize(
    "head",
    [
        "conv1:",
        "conv1 =",
        "[conv1]",
        "# conv1",
        "--- conv1 ---",
        "conv1",
        "Output of layer conv1, shape=[1, 2, 3, 5]:",
        "[conv1] shape (1, 2, 3, 5)",
        "conv1 (1, 2, 3, 5)",
        "conv1[1][2][3][5]:",
        "conv1 1x2x3x5",
        "conv1 30",
        "INFO:root:conv1 torch.Size([1, 2, 3, 5])",
        "2026-01-02 12:00:01,123 - DEBUG - conv1:",
        "I (1234) conv1:",
    ],
)
def test_headings(tmp_path, head):
    found = written(tmp_path / "all.log", f"loaded in 0.35 s\n{head}\n" + " ".join(FOUR) + "\n\nbn1:\n0.5\n-0.25\n")
    assert list(found) == ["conv1", "bn1"]
    first, second = found.values()
    assert np.array_equal(first.array.ravel(), ROUNDED.ravel())
    assert first.array.shape == (SHAPE if re.search(r"1\D+2\D+3\D+5", head) else (30,))
    assert second.array.tolist() == [0.5, -0.25]


def test_numbers_on_the_line_of_their_name(tmp_path):
    text = "conv1: 0.1, -0.2\nlayer1.0.bn1 = [1.5 2.5]\n/relu/Relu_output_0\t3.5\nfc:0 = 4.5 5.5 # logits\nonnx::Gemm_7: nan -inf 1.#QNAN\n"
    found = written(tmp_path / "a.log", text)
    assert list(found) == ["conv1", "layer1.0.bn1", "/relu/Relu_output_0", "fc:0", "onnx::Gemm_7"]
    assert [value.array.tolist() for value in found.values()][:4] == [[0.1, -0.2], [1.5, 2.5], [3.5], [4.5, 5.5]]
    assert np.array_equal(found["onnx::Gemm_7"].array, [np.nan, -np.inf, np.nan], equal_nan=True)


def test_a_logger_repeats_the_name_on_every_line(tmp_path):
    out = io.StringIO()
    logger = logging.Logger("net")
    handler = logging.StreamHandler(out)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    logger.addHandler(handler)
    for name, array in {"conv1": X, "bn1": -X}.items():
        for row in array.reshape(6, 5):
            logger.info("%s %s", name, " ".join(f"{v:.4f}" for v in row))
        logger.info("took 0.12 s")
    found = written(tmp_path / "run.log", out.getvalue())
    assert list(found) == ["conv1", "bn1"]
    assert np.array_equal(found["conv1"].array, ROUNDED.reshape(6, 5))
    assert np.array_equal(found["bn1"].array, -ROUNDED.reshape(6, 5))


def test_a_serial_monitor_puts_times_in_front(tmp_path):
    found = only(tmp_path / "a.log", "14:22:10.123 -> 0.1, 0.2\n14:22:10.200 -> 0.3, 0.4\n")
    assert found.array.tolist() == [[0.1, 0.2], [0.3, 0.4]]


def test_a_name_that_occurs_again_is_another_array(tmp_path):
    found = written(tmp_path / "a.txt", "relu:\n1.5\nconv:\n2.5\nrelu:\n3.5\n")
    assert {name: value.array.tolist() for name, value in found.items()} == {"relu": [1.5], "conv": [2.5], "relu@2": [3.5]}


@pytest.mark.parametrize(
    "line", ["conv1[{}][{}][{}] = {:.4f}", "conv1[{}, {}, {}]: {:.4f}", "INFO conv1({}, {}, {}) {:.4f}", "conv1[{}][{}][{}]={:.4f};"]
)
@pytest.mark.parametrize("first", [0, 1])
def test_every_number_beside_its_cell(tmp_path, line, first):
    lines = [line.format(*(np.array(cell) + first), value) for cell, value in np.ndenumerate(X[0])]
    found = written(tmp_path / "a.txt", "\n".join(reversed(lines)) + "\nbn1: 0.5 0.25\n")
    assert np.array_equal(found["conv1"].array, ROUNDED[0])
    assert within(found["conv1"], X[0])
    assert found["bn1"].array.tolist() == [0.5, 0.25]


def test_a_row_beside_its_first_indices(tmp_path):
    lines = [f"conv1[{c}][{h}]: " + " ".join(f"{v:g}" for v in X[0, c, h]) for c in range(2) for h in range(3)]
    found = only(tmp_path / "a.txt", "\n".join(lines))
    assert found.array.shape == (2, 3, 5)
    assert within(found, X[0])


def test_many_cells(tmp_path):
    found = only(tmp_path / "a.txt", "".join(f"conv1[{k // 50}][{k % 50}] = {k / 8}\n" for k in range(5000)))
    assert np.array_equal(found.array, np.arange(5000.0).reshape(100, 50) / 8)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("value\n0.5\n0.25\n", [0.5, 0.25]),
        (",0,1\n0,0.5,0.25\n1,1.5,1.25\n2,2.5,2.25\n", [[0.5, 0.25], [1.5, 1.25], [2.5, 2.25]]),
        ("index,value\n0,0.5\n1,0.25\n", [0.5, 0.25]),
        ("c0,c1\n0.5,0.25\n1.5,1.25\n2.5,2.25\n", [[0.5, 0.25], [1.5, 1.25], [2.5, 2.25]]),
        ("0,1,2\n0.5,0.25,1\n1.5,1.25,2\n", [[0.5, 0.25, 1.0], [1.5, 1.25, 2.0]]),
        ("c,h,value\n0,0,0.5\n1,0,1.5\n0,1,0.25\n1,1,1.25\n", [[0.5, 0.25], [1.5, 1.25]]),
        ("0,5;0,25\n1,5;1,25\n2;-3,25e-1\n", [[0.5, 0.25], [1.5, 1.25], [2.0, -0.325]]),
        ('"0.5","0.25"\n"1.5","1.25"\n"2.5","2.25"\n', [[0.5, 0.25], [1.5, 1.25], [2.5, 2.25]]),
        ("a;b\n0,5;nan\n1,5;1,25\n2,5;3\n", [[0.5, np.nan], [1.5, 1.25], [2.5, 3.0]]),
    ],
)
def test_tables(tmp_path, text, expected):
    assert np.array_equal(only(tmp_path / "a.csv", text).array, expected, equal_nan=True)


def test_a_table_with_a_name_in_every_row(tmp_path):
    found = written(tmp_path / "a.csv", "conv1,0.5,0.25\nbn1,1.5,1.25,1.125\n")
    assert {name: value.array.tolist() for name, value in found.items()} == {"conv1": [0.5, 0.25], "bn1": [1.5, 1.25, 1.125]}


def test_a_counting_column_says_nothing_about_digits(tmp_path):
    found = only(tmp_path / "a.csv", "index,value\n" + "".join(f"{k},{k / 7:.2g}\n" for k in range(2000)))
    assert within(found, np.arange(2000) / 7)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be"])
def test_encodings(tmp_path, encoding):
    mark = "\ufeff" if encoding == "utf-16-be" else ""
    found = written(tmp_path / "a.txt", f"{mark}conv1: 0.5 \N{MINUS SIGN}0.25\r\nbn1:\r\n1.5\r\n".encode(encoding))
    assert {name: value.array.tolist() for name, value in found.items()} == {"conv1": [0.5, -0.25], "bn1": [1.5]}


def test_numbers_are_read_when_they_are_asked_for(tmp_path):
    from convproof.formats.dumps.opening import open_dumps

    path = tmp_path / "a.txt"
    path.write_text("conv1:\n0.5\nbn1:\n0.1.2\n")
    first, second = open_dumps(path)
    assert (first.name, str(first.where)) == ("conv1", f"{path}, line 1")
    assert first.read().array.tolist() == [0.5]
    with pytest.raises(cp.FileError, match=r"line 4, array 'bn1': '0\.1\.2' is no number; expected numbers such as 0.5"):
        second.read()


LONG = "\n".join(f"{k / 8}" for k in range(811))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "a.txt is empty; expected numbers: make it again"),
        (" \n\n", "is empty"),
        ("hello, world\n", "a.txt holds no number that could be of an array; expected lines of numbers, or arrays in C"),
        (b"\x00\x01conv", "a.txt holds bytes that no text has; give raw numbers in a file that ends in .bin"),
        (f"{LONG}\n0.1.2\n", "line 812, array 'a': '0.1.2' is no number"),
        (f"{LONG}\n0x1p 5\n", "line 812, array 'a': '0x1p' is no number"),
        (f"{LONG}\n0,1 0,2\n", "line 812, array 'a': '0,1 0,2' has commas between digits and blanks between numbers"),
        ("conv1:\n0.5 0.25 oops 0.125\n", "line 2, array 'conv1': 'oops' is no number"),
        (
            str(np.arange(5000.0).reshape(50, 100)),
            "line 1, array 'a' is printed with ... in place of numbers; print it in full: np.set_print",
        ),
        (str(torch.arange(5000.0).reshape(50, 100)), "is printed with ... in place of numbers"),
        ("Columns 1 to 8\n 0.5 0.25\n", "line 1, array 'a' is printed in blocks of columns, or times a common factor; print it flat"),
        ("1.0e+03 *\n 0.5 0.25\n", "times a common factor"),
        ("[[0.5 0.25]\n [0.5", "array 'a': a bracket is opened and never closed; it is cut short, print it again in full"),
        ("conv1 shape (1, 2, 3)\n0.5 0.25\n", "array 'conv1' is said to have shape (1, 2, 3), and 2 numbers follow; it is cut short, or"),
        ("c[0] = 0.5\nc[2] = 0.25\n", "array 'c' has 2 cells, but its indices are those of the shape (3,), which has 3; write every cell"),
        ("c[0] = 0.5\nc[0] = 0.25\n", "array 'c' has cell (0,) twice"),
        ("c[0] = 0.5\nc[0][1] = 0.25\n", "array 'c': cells have different numbers of indices; write all of them"),
        ("c[0] = 0.5\nc[1] = 0.5 0.25\nc[2] = 1.5\n", "array 'c': not every line holds 1 numbers, as the first does"),
        ("c[0] = 0.5\n0.25\n", "line 2, array 'c': numbers without a cell beside numbers that have one; write the cell of each"),
        ("c[999999999][999999999] = 0.5\nc[0][0] = 1.5\n", "has 2 cells, but its indices are those of the shape (1000000000, 1000000000)"),
    ],
)
def test_what_is_no_text_of_numbers(tmp_path, text, sentence):
    with pytest.raises((cp.FileError, cp.ShapeError), match=re.escape(sentence)):
        written(tmp_path / "a.txt", text)


def test_deep_nesting_and_long_lines_take_no_time(tmp_path):
    deep = only(tmp_path / "a.txt", "[" * 100_000 + "1.5" + "]" * 100_000)
    assert deep.array.tolist() == [1.5]
    with pytest.raises(cp.FileError):
        written(tmp_path / "b.txt", "[" * 100_000 + "1.5")
    with pytest.raises(cp.FileError):
        written(tmp_path / "c.txt", "1" * 300_000 + "x 2")
    assert sys.getrecursionlimit() < 100_000
