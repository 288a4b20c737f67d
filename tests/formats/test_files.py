"""A write leaves the old file or the new one, and nothing else."""

import os
import pickle
import subprocess
import sys

import numpy as np
import pytest
from safetensors import SafetensorError

import convproof as cp
from convproof.formats import arrays
from convproof.formats.arrays import read_array, write_array, write_arrays
from convproof.formats.files import replacing

POSIX = pytest.mark.skipif(os.name != "posix", reason="2026-11: permission bits, links and these error texts are POSIX")


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("ending", [".npz", ".safetensors"])
def test_a_write_that_fails_leaves_the_old_file(tmp_path, monkeypatch, ending):
    path = tmp_path / f"a{ending}"
    write_arrays(path, {"a": np.eye(2)})
    before = path.read_bytes()

    def breaks(temporary, mapping):
        temporary.write_bytes(b"half of it")
        raise OSError(28, "No space left on device")

    monkeypatch.setitem(arrays.WRITE, ending, breaks)
    with pytest.raises(cp.FileError) as caught:
        write_arrays(path, {"a": np.eye(3)})
    assert str(caught.value) == f"{path} cannot be written: No space left on device; what was there is unchanged"
    assert path.read_bytes() == before
    assert names(tmp_path) == [path.name]


def test_a_full_disk_under_safetensors_is_a_sentence(tmp_path, monkeypatch):
    def breaks(*_):
        raise SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)")

    monkeypatch.setattr("safetensors.numpy.save_file", breaks)
    with pytest.raises(cp.FileError, match="cannot be written: Error while serializing: I/O error: No space left on device"):
        write_arrays(tmp_path / "a.safetensors", {"a": np.eye(2)})
    assert names(tmp_path) == []


def test_a_reserved_name(tmp_path):
    with pytest.raises(cp.FileError) as caught:
        write_arrays(tmp_path / "a.safetensors", {"__metadata__": np.eye(2)})
    assert str(caught.value) == ("'__metadata__' is a reserved name in .safetensors files; give that array another one, or write .npz")
    assert names(tmp_path) == []


@pytest.mark.parametrize("error", [KeyboardInterrupt, ZeroDivisionError])
def test_whatever_stops_a_write_the_temporary_file_goes(tmp_path, error):
    def write():
        with replacing(tmp_path / "a.npy") as temporary:
            temporary.write_bytes(b"half of it")
            raise error

    write_array(tmp_path / "a.npy", np.eye(2))
    with pytest.raises(error):
        write()
    assert names(tmp_path) == ["a.npy"]
    assert (read_array(tmp_path / "a.npy") == np.eye(2)).all()


def test_a_killed_write_leaves_the_old_file(tmp_path):
    write_array(tmp_path / "a.npy", np.eye(2))
    code = (
        "import sys, time\nfrom convproof.formats.files import replacing\n"
        "with replacing(sys.argv[1]) as temporary:\n"
        "    temporary.write_bytes(b'half of it'); print('writing', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "a.npy")], stdout=subprocess.PIPE) as process:
        assert process.stdout.readline().strip() == b"writing"
        process.kill()
    assert (read_array(tmp_path / "a.npy") == np.eye(2)).all()


def test_a_write_is_seen_whole_or_not_at_all(tmp_path):
    path = tmp_path / "a.npy"
    write_array(path, np.zeros(10**5))
    with replacing(path) as temporary:
        np.save(temporary.with_suffix(".npy"), np.ones(3))
        temporary.with_suffix(".npy").replace(temporary)
        assert read_array(path).shape == (10**5,)
    assert read_array(path).shape == (3,)


def test_a_folder_that_is_not_there(tmp_path):
    path = tmp_path / "nowhere" / "a.npy"
    with pytest.raises(cp.FileError) as caught:
        write_array(path, np.eye(2))
    assert str(caught.value) == f"{path} cannot be written: the folder {path.parent} does not exist; make it first"


def test_a_folder_is_not_replaced(tmp_path):
    (tmp_path / "a.npy").mkdir()
    with pytest.raises(cp.FileError, match=r"a.npy is a folder; expected the name of a file to write"):
        write_array(tmp_path / "a.npy", np.eye(2))


@POSIX
def test_a_name_that_is_too_long(tmp_path):
    with pytest.raises(cp.FileError, match="cannot be written: File name too long; what was there is unchanged"):
        write_array(tmp_path / ("x" * 251 + ".npy"), np.eye(2))
    assert names(tmp_path) == []


@POSIX
def test_permissions_are_those_of_any_new_file_or_of_the_old_one(tmp_path):
    (tmp_path / "usual").touch()
    for path in (tmp_path / "a.npz", tmp_path / "a.safetensors"):
        write_arrays(path, {"a": np.eye(2)})
        assert path.stat().st_mode == (tmp_path / "usual").stat().st_mode
        path.chmod(0o640)
        write_arrays(path, {"a": np.eye(3)})
        assert path.stat().st_mode & 0o777 == 0o640


@POSIX
def test_a_link_stays_a_link(tmp_path):
    write_array(tmp_path / "a.npy", np.eye(2))
    (tmp_path / "link.npy").symlink_to("a.npy")
    write_array(tmp_path / "link.npy", np.eye(3))
    assert (tmp_path / "link.npy").is_symlink()
    assert read_array(tmp_path / "a.npy").shape == (3, 3)


def test_file_errors_are_os_errors_and_can_be_pickled(tmp_path):
    with pytest.raises(OSError, match="does not exist") as caught:
        read_array(tmp_path / "a.npy")
    again = pickle.loads(pickle.dumps(caught.value))
    assert isinstance(again, cp.FileError)
    assert str(again) == str(caught.value)


LIGHT = """
import sys
import convproof, convproof.formats.arrays, convproof.formats.archives, convproof.formats.decode, convproof.formats.embedded
import convproof.formats.factory, convproof.formats.images, convproof.formats.inputs, convproof.formats.load, convproof.formats.save
print(*sorted({name.partition(".")[0] for name in sys.modules} & {"PIL", "safetensors", "torch", "onnx", "numba", "mpmath", "rich"}))
"""


def test_importing_formats_imports_nothing_heavy():
    found = subprocess.run([sys.executable, "-c", LIGHT], capture_output=True, text=True, check=True, env=_plain())
    assert found.stdout.strip() == ""


def _plain():
    return {key: value for key, value in os.environ.items() if key != "CONVPROOF_SHAPES"}
