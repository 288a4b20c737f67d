"""Files that are made to cost much: reading each of them ends, where a step more for every character would take minutes or gigabytes."""

import os
import re

import numpy as np
import pytest

import convproof as cp
from convproof.formats.dumps.opening import open_dumps
from convproof.formats.dumps.source import Source
from convproof.formats.dumps.text import arrays
from tests.formats.dumps.reading import only, written

MANY = 300_000


def test_a_type_of_nothing_but_blanks(tmp_path):
    with pytest.raises(cp.FileError, match="holds no number"):
        written(tmp_path / "a.c", ("vector<" + " " * 390 + "={1};\n") * 2000)


def test_blanks_between_a_type_and_its_size(tmp_path):
    assert only(tmp_path / "a.c", "std::array< unsigned  char , 2 > y = {1, 255};").array.dtype == np.uint8


def test_a_cast_that_is_never_closed(tmp_path):
    with pytest.raises(cp.FileError, match=r"'a' is no number"):
        written(tmp_path / "a.c", "float a[1] = { (a" + " " * MANY + "1 };")


@pytest.mark.parametrize("cast", ["(float)", "( const float * )", "(float*)"])
def test_casts(tmp_path, cast):
    assert only(tmp_path / "a.c", f"float a[1] = {{ {cast} 1.5 }};").array.tolist() == [1.5]


@pytest.mark.parametrize("word", ["shape", "size", "dims"])
def test_a_word_of_shapes_and_many_blanks(tmp_path, word):
    assert only(tmp_path / "a.txt", f"conv1 {word}{' ' * MANY}q 0.5 0.25\n").array.tolist() == [0.5, 0.25]


def test_a_cell_and_many_blanks(tmp_path):
    assert written(tmp_path / "a.txt", "a[0] = 1\na[1]" + " " * MANY + "x\n")["a"].array.tolist() == [1]


def test_a_long_number_among_decimal_commas(tmp_path):
    with pytest.raises(cp.FileError, match=r"'1{40}\.\.\.' is no number"):
        written(tmp_path / "a.txt", "1,5;2,5;" + "1" * MANY)


def test_the_rounds_of_a_training(tmp_path):
    rounds = 40_000
    found = arrays._dumps(Source(tmp_path / "a.log"), "a", [arrays.Section(b"relu", 0, 1, 1)] * rounds, c=False)
    assert [dump.name for dump in found] == ["relu", *(f"relu@{k}" for k in range(2, rounds + 1))]


def test_a_name_that_looks_as_one_that_was_counted(tmp_path):
    found = written(tmp_path / "a.log", "relu@3:\n7\n" + "conv:\n1\nrelu:\n2\n" * 3 + "relu@2:\n8\n")
    assert list(found) == ["relu@3", "conv", "relu", "conv@2", "relu@2", "conv@3", "relu@4", "relu@2@2"]


def test_a_long_name_with_many_arrays_in_it(tmp_path):
    name = "a" * 100_000
    with pytest.raises(cp.FileError, match=r"a\.json has a name of 100000 characters; expected at most 1000: give its arrays shorter ones"):
        written(tmp_path / "a.json", f'{{"{name}": {{{", ".join(f""""x{k}": {k}""" for k in range(5000))}}}}}')
    assert list(written(tmp_path / "b.json", f'{{"{"a" * 998}": {{"b": [0.5]}}}}')) == ["a" * 998 + ".b"]


def test_a_cell_beyond_all_arrays(tmp_path):
    with pytest.raises(cp.ShapeError, match=r"is said to have shape .*, and 1 numbers follow"):
        written(tmp_path / "a.txt", "".join(f"a[{k}] = 0.5\n" for k in range(80)) + "a[99999999999999999999] = 0.5\n")


@pytest.mark.parametrize("axes", [33, 65])
def test_more_sizes_than_an_array_has_axes(tmp_path, axes):
    sentence = f"a.c, line 1: a is declared with {axes} sizes; an array has at most 32: leave some of them out"
    with pytest.raises(cp.ShapeError, match=re.escape(sentence)):
        written(tmp_path / "a.c", "float a" + "[1]" * axes + " = {1.0f};")


@pytest.mark.parametrize("ending", ["bin", "dat", "npy", "txt", "json", "c"])
def test_a_pipe_in_a_folder(tmp_path, ending):
    os.mkfifo(tmp_path / f"x.{ending}")
    with pytest.raises(cp.FileError, match=r"x\.\w+ is not a regular file; copy what it holds into one"):
        open_dumps(tmp_path)


@pytest.mark.parametrize("ending", ["bin", "dat", "npy", "txt", "json", "c"])
def test_a_link_to_nothing_in_a_folder(tmp_path, ending):
    (tmp_path / f"x.{ending}").symlink_to(tmp_path / "gone")
    with pytest.raises(cp.FileError, match=r"x\.\w+ is a link that leads to no file; give the file itself"):
        open_dumps(tmp_path)
