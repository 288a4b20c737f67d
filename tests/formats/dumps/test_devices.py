"""What devices write between, before and behind the numbers; and that no number is passed over in silence."""

import json

import numpy as np
import pytest

from convproof.core.errors import FileError
from convproof.formats.dumps.opening import open_dumps

Y = np.random.default_rng(0).normal(size=8)
CELLS = "".join(f"conv1[{i}] = {v:.6f}\n" for i, v in enumerate(Y))
LOGS = {
    "ESP-IDF, a tag that begins as nan does": "".join(f"I ({13 + i}) nn: conv1[{i}] = {v:.6f}\n" for i, v in enumerate(Y)),
    "ESP-IDF in colours": "".join(f"\x1b[0;32mI ({13 + i}) main: conv1[{i}] = {v:.6f}\x1b[0m\n" for i, v in enumerate(Y)),
    "Zephyr": "".join(f"[00:00:01.{i:03d},123] <inf> conv1: {v:.6f}\n" for i, v in enumerate(Y)),
    "the kernel's stamps": "".join(f"[ 1234.{i}] conv1: {v:.6f}\n" for i, v in enumerate(Y)),
    "a boot loader's date and time": "ets Jun  8 2016 00:22:57\n" + CELLS,
    "a boot loader's version": "U-Boot 2023.01 (Jan 01 2023)\n" + CELLS,
    "what is done": CELLS + "Layer 1/3 of 7 done\ndone 100%\n",
    "carriage returns alone": CELLS.replace("\n", "\r"),
}


def arrays_of(path):
    return {dump.name: dump.read().array for dump in open_dumps(path)}


@pytest.mark.parametrize("text", LOGS.values(), ids=LOGS.keys())
def test_a_device_s_log(tmp_path, text):
    (tmp_path / "a.log").write_bytes(text.encode())
    found = arrays_of(tmp_path / "a.log")
    assert list(found) == ["conv1"]
    assert np.array_equal(found["conv1"].ravel(), [float(f"{v:.6f}") for v in Y])


def test_several_arrays_in_one_line_are_refused(tmp_path):
    (tmp_path / "a.txt").write_text("conv1 0.1 0.2 0.3 relu 0.4 0.5 0.6\n")
    with pytest.raises(FileError, match=r"'conv1' is no number"):
        arrays_of(tmp_path / "a.txt")


def test_a_text_that_holds_an_object_of_json_is_read_as_one(tmp_path):
    (tmp_path / "a.txt").write_text(json.dumps({"conv1": [[0.5, 0.25]], "relu": [1.5, 2.5, 3.5]}))
    found = arrays_of(tmp_path / "a.txt")
    assert found["conv1"].tolist() == [[0.5, 0.25]]
    assert found["relu"].tolist() == [1.5, 2.5, 3.5]


def test_files_whose_arrays_all_have_one_name(tmp_path):
    for name, number in (("conv1", 0.5), ("relu", 1.5)):
        (tmp_path / f"{name}.h").write_text(f"const float data[] = {{{number}f, 2.25f}};")
    (tmp_path / "fc.txt").write_text("output:\n0.75 3.5\n")
    found = arrays_of(tmp_path)
    assert {name: array.tolist() for name, array in found.items()} == {"conv1": [0.5, 2.25], "fc": [0.75, 3.5], "relu": [1.5, 2.25]}


def test_many_stamped_cells_are_taken_as_a_block(tmp_path):
    text = "".join(f"12:00:{i % 60:02d}.{i % 1000:03d} INFO conv1[{i // 9}][{i % 9}] = {i}.5\n" for i in range(900))
    (tmp_path / "a.log").write_text(text)
    assert arrays_of(tmp_path / "a.log")["conv1"].tolist() == (np.arange(900).reshape(100, 9) + 0.5).tolist()
