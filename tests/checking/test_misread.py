"""Raw bytes that were taken for other numbers than they are: what would fit is said, and never applied."""

import re

import ml_dtypes
import numpy as np
import pytest

import convproof as cp

X = np.random.default_rng(3).normal(size=(1, 3, 9, 8)).astype(np.float32)
NET = cp.Sequential(conv=cp.Conv2d(3, 4, 3, seed=1), relu=cp.ReLU()).eval()
Y = NET.trace(X)["conv"]  # 168 numbers
DTYPES = {"bfloat16": ml_dtypes.bfloat16}


def stored(array, dtype, order="little"):
    """The bytes of an array as numbers of a dtype."""
    found = array.astype(DTYPES.get(dtype, dtype))
    return found.tobytes() if order == "little" else found.view(f"u{found.itemsize}").byteswap().tobytes()


def check(folder, content, name="conv.bin", **how):
    (folder / name).write_bytes(content)
    return cp.check(NET, X, folder / name, **how)


def refused(folder, content, **how):
    with pytest.raises(cp.ShapeError) as error:
        check(folder, content, **how)
    return str(error.value)


@pytest.mark.parametrize("order", ["little", "big"])
@pytest.mark.parametrize("dtype", ["float64", "float16", "bfloat16"])
def test_a_wrong_count_says_which_dtype_would_fit_and_in_which_order(tmp_path, dtype, order):
    each = np.dtype(DTYPES.get(dtype, dtype)).itemsize
    option = dtype if order == "little" else f"{dtype}:big"
    assert refused(tmp_path, stored(Y, dtype, order)) == (
        f"conv ({tmp_path / 'conv.bin'}) holds {168 * each} bytes: {42 * each} numbers of float32, 168 of {dtype}; 168 are expected, of "
        f"shape (1, 4, 7, 6): try --raw {option}, as which they are close to the network's own"
    )
    assert check(tmp_path, stored(Y, dtype, order), raw=option).ok


def test_where_the_values_do_not_tell_all_dtypes_that_fit_are_named(tmp_path):
    codes = stored(np.rint(Y * 32), "int8")
    assert refused(tmp_path, codes).endswith(
        "holds 168 bytes: 42 numbers of float32, 168 of int8 or uint8; 168 are expected, of shape (1, 4, 7, 6): try --raw int8 or --raw "
        "uint8; codes of fixed point need their --format too"
    )
    assert "try --raw int8, as which" in refused(tmp_path, codes, raw="float32", format="int8:1/32")
    assert check(tmp_path, codes, format="int8:1/32").ok


def test_floats_where_the_format_says_codes(tmp_path):
    grid = stored(np.rint(Y * 256) / 256, "float32")
    sentence = refused(tmp_path, grid, format="q7.8")
    assert "672 bytes: 336 numbers of int16, 168 of float32; 168 are expected" in sentence
    assert check(tmp_path, grid, format="q7.8", raw="float32").ok


def test_no_whole_number_of_numbers(tmp_path):
    assert "holds 330 bytes, no multiple of the 4 of a float32; 168 numbers, 672 bytes, are expected" in refused(tmp_path, bytes(330))
    small = cp.Sequential(fc=cp.Linear(4, 3, seed=0))
    (tmp_path / "fc.bin").write_bytes(np.int8([1, 2, 3]).tobytes())
    with pytest.raises(cp.ShapeError, match="holds 3 bytes: no whole number of float32 numbers, 3 of int8 or uint8; 3 are expected"):
        cp.check(small, np.ones((1, 4), np.float32), tmp_path / "fc.bin")


def test_any_other_count_is_told_as_before(tmp_path):
    sentence = refused(tmp_path, stored(Y[0, :3], "float32"))
    assert "expected 168 numbers, of shape (1, 4, 7, 6); got 126" in sentence
    with pytest.raises(cp.FileError, match="is empty; expected float32 numbers"):
        check(tmp_path, b"")


NOTES = {
    "float32 from its other end": (stored(Y, "float32", "big"), {}, "as float32:big its numbers would come close to the network's own"),
    "bfloat16 for float16": (stored(Y, "bfloat16"), {"raw": "float16"}, "as bfloat16 its numbers would come close"),
    "codes from their other end": (
        stored(np.rint(Y * 256), "int16", "big"),
        {"format": "q7.8"},
        "as int16:big its numbers would come close",
    ),
    "nothing like the layer's": (
        stored(5 - 3 * Y[:, ::-1], "float32", "big"),
        {},
        "as float32 its numbers are of every size, as float32:big they are not",
    ),
    "float64 from its other end": (stored(5 - 3 * Y[:, ::-1], "float64", "big"), {"raw": "float64"}, "as float64:big they are not"),
    "whole numbers": (stored(np.rint(Y * 32), "int32"), {}, "as float32 its numbers are of every size, as int32 they are not"),
}


@pytest.mark.parametrize("case", NOTES)
def test_numbers_that_are_absurd_as_they_were_read_are_wrong_and_what_they_may_be_is_said(tmp_path, case):
    content, how, note = NOTES[case]
    row = check(tmp_path, content, **how)["conv"]
    assert row.verdict == "wrong"
    assert note in str(row.notes[0])
    option = re.search(r"say so with --raw (\S+)$", str(row.notes[0]))[1]
    again = check(tmp_path, content, **how | {"raw": option})["conv"]
    assert not any("--raw" in str(note) for note in again.notes)
    assert (again.verdict in ("identical", "rounding")) == ("come close" in note)


@pytest.mark.parametrize(
    "array",
    [Y, Y * np.float32(1.5), -Y, np.zeros_like(Y), 5 - 3 * Y[:, ::-1], np.full_like(Y, np.nan), np.rint(Y * 8), Y * np.float32(1e12)],
    ids=["right", "scaled", "negative", "zero", "other", "nan", "whole", "large"],
)
def test_numbers_that_are_wrong_in_any_other_way_are_not_said_to_be_others(tmp_path, array):
    row = check(tmp_path, stored(array, "float32"))["conv"]
    assert not any("--raw" in str(note) for note in row.notes)


def test_of_bytes_without_a_name_it_is_said_which_dtype_would_fit(tmp_path):
    with pytest.raises(cp.UnknownNameError, match="as float64 or int64 it is as many numbers as conv or relu holds: see --raw"):
        check(tmp_path, stored(Y, "float64"), name="dump0.bin")
