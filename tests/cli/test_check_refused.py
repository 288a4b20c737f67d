"""What ``convproof check`` refuses: arguments in the wrong place, empty ones, places that are no files, folders that may not be read."""

import errno
import os
from pathlib import Path

import numpy as np
import pytest

from convproof.core.errors import FileError
from convproof.core.sentence import say
from convproof.formats.files import reading
from tests.cli.invoke import invoke

X = np.random.default_rng(0).standard_normal((1, 3, 7, 9)).astype(np.float32)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.save("x.npy", X)
    return tmp_path


@pytest.fixture
def golden():
    assert invoke("run", "walkthrough", "--save", "golden.safetensors").code == 0


def test_numbers_in_the_place_of_something_else(golden, folder):
    """What a student types first: the model, and the numbers behind it."""
    (folder / "mine.txt").write_text("1 2 3\n")
    (folder / "out").mkdir()
    for place in ("mine.txt", "golden.safetensors", "out"):
        done = invoke("check", "walkthrough", place)
        assert done.code == 2
        assert f"If it holds your numbers: convproof check walkthrough --claimed {place}." in done.err
        done = invoke("check", place)
        assert done.code == 2
        assert f"{place} holds arrays and no model. If it holds your numbers: convproof check MODEL --claimed {place}" in done.err
    assert "no model is called 'nothing.txt'" in invoke("check", "nothing.txt").err


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        (("check", "--claimed", ""), "--claimed"),
        (("check", "--junit="), "--junit"),
        (("check", "--html", " "), "--html"),
        (("check", ""), "MODEL"),
        (("check", "walkthrough", "x.npy", ""), "NUMBERS"),
        (("check", "--against", ""), "--against"),
        (("why", "--at", ""), "--at"),
        (("run", "--save", ""), "--save"),
        (("--lang", ""), "--lang"),
    ],
)
def test_an_empty_value_is_none(arguments, name):
    done = invoke(*arguments)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"convproof: {name} is empty, as a variable that is not set would leave it")


def test_nobody_is_no_witness():
    done = invoke("check", "walkthrough", "--against", ",")
    assert (done.code, done.out) == (2, "")
    assert "--against , names nobody" in done.err


def test_a_device_is_not_replaced_by_a_file(folder):
    """A pipe stands for a device: neither is a place for a file."""
    os.mkfifo(folder / "pipe")
    (folder / "link").symlink_to("pipe")
    for arguments in (("check", "--junit"), ("check", "--html"), ("run", "--save"), ("weights", "-o"), ("golden", "-o")):
        for name in ("pipe", "link"):
            done = invoke(*arguments, name)
            assert (done.code, done.out) == (2, ""), "nothing was computed"
            assert "device or a pipe" in done.err or "is a file; golden vectors are written into a folder" in done.err
    assert (folder / "pipe").is_fifo()
    (folder / "old.html").write_text("old")
    (folder / "new.html").symlink_to("old.html")
    assert invoke("check", "--html", "new.html").code == 1
    assert (folder / "new.html").is_symlink()
    assert (folder / "old.html").read_text("utf-8").startswith("<!DOCTYPE")


def test_a_link_in_a_circle(folder):
    (folder / "loop").symlink_to("loop")
    assert "loop is a link that leads to no file" in invoke("check", "--claimed", "loop").err


def test_a_folder_that_may_not_be_read(folder, monkeypatch):
    (folder / "secret").mkdir()

    def refuse(self, **_):
        raise PermissionError(errno.EACCES, "Permission denied", str(self))

    monkeypatch.setattr(Path, "is_file", refuse)
    done = invoke("check", "walkthrough", "--claimed", "secret")
    assert (done.code, done.out) == (2, "")
    assert done.err == "convproof: secret may not be read: Permission denied; look at its permissions\n"


def test_files_in_a_folder_that_may_not_be_listed(folder, monkeypatch):
    (folder / "secret").mkdir()

    def refuse(path):
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(os, "scandir", refuse)
    done = invoke("check", "walkthrough", "--claimed", "secret")
    assert done.code == 2
    assert "secret may not be read: Permission denied" in done.err


def test_bits_that_are_no_numbers_are_no_warning():
    """0x7f800001 is a signalling NaN, at which NumPy warns; warnings are errors here."""
    Path("relu.bin").write_bytes(b"\x01\x00\x80\x7f" * 9 + bytes(range(36)))
    done = invoke("check", "walkthrough", "--claimed", "relu.bin", "--partial")
    assert (done.code, done.err) == (1, "")


def test_a_disk_that_fails_is_not_an_empty_file(folder, monkeypatch):
    def broken(self, *_, **__):
        raise OSError(errno.EIO, "Input/output error", str(self))

    monkeypatch.setattr(Path, "open", broken)
    with (
        pytest.raises(FileError, match=r"Input/output error.*its disk or the connection to it may be at fault"),
        reading(Path("x"), say("a text")),
    ):
        Path("x").read_bytes()


@pytest.mark.parametrize(
    ("formats", "expected"),
    [
        (("q7.8", "q3.12"), "--format q7.8 and --format q3.12 speak of the same arrays: leave one out, or name arrays, as in conv1=q7.8."),
        (("bn1=q7.8", "bn1=q3.12"), "--format bn1=q7.8 and --format bn1=q3.12 speak of the same arrays"),
        (("bn7=q7.8",), "a format is declared for 'bn7', and no array is called so; did you mean"),
        (("bn1=",), "'' names no number format; expected one such as float32"),
    ],
)
def test_formats_by_name(golden, formats, expected):
    done = invoke("check", "walkthrough", "--claimed", "golden.safetensors", *(word for text in formats for word in ("--format", text)))
    assert done.code == 2
    assert expected in done.err.replace("\n", " ")
