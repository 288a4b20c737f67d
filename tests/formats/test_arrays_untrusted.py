"""A sentence for everything that is no array: what is missing, broken, too large, or no plain numbers."""

import io
import os
import pickle
import struct
import zipfile

import ml_dtypes
import numpy as np
import pytest

import convproof as cp
from convproof.formats import archives
from convproof.formats.arrays import read_array, read_arrays, write_array, write_arrays
from tests.formats.comparing import alike, fails

# what is not there, or not what it should be


def test_a_missing_file_has_near_misses(tmp_path):
    write_array(tmp_path / "weights.npy", np.eye(2))
    path = tmp_path / "wieghts.npy"
    fails(cp.FileError, f"{path} does not exist; did you mean weights.npy?", read_array, path)
    path = tmp_path / "x.npy"
    fails(cp.FileError, f"{path} does not exist; {tmp_path} holds no file of a similar name", read_array, path)
    path = tmp_path / "nowhere" / "x.npy"
    folder = tmp_path / "nowhere"
    fails(cp.FileError, f"{path} does not exist, and neither does the folder {folder}; look at its spelling", read_array, path)


def test_a_folder_is_no_file(tmp_path):
    folder = tmp_path / "a.npy"
    folder.mkdir()
    fails(cp.FileError, f"{folder} is a folder; expected a file: name one of those in it", read_array, folder)
    (folder / "b.npy").touch()
    fails(cp.FileError, f"{folder} is a folder; expected a file: name one of those in it, such as b.npy", read_array, folder)


def test_impossible_paths_are_sentences(tmp_path):
    with pytest.raises(cp.FileError, match=r"is no path of a file: |does not exist"):
        read_array(tmp_path / ("x" * 300 + ".npy"))
    with pytest.raises(cp.FileError, match=r"does not exist"):
        read_array(str(tmp_path / "a\0b.npy"))


@pytest.mark.skipif(os.name != "posix", reason="2026-11: named pipes are POSIX")
def test_a_device_is_no_file(tmp_path):
    os.mkfifo(tmp_path / "a.npy")
    fails(cp.FileError, f"{tmp_path / 'a.npy'} is not a regular file; copy what it holds into one", read_array, tmp_path / "a.npy")


def test_endings_are_told():
    fails(cp.FileError, "a.csv ends in '.csv'; an array takes .npy, .npz or .safetensors", read_array, "a.csv")
    fails(cp.FileError, "a.npy ends in '.npy'; a file of named arrays takes .npz or .safetensors", read_arrays, "a.npy")
    fails(cp.FileError, "a.npz ends in '.npz'; one array takes .npy", write_array, "a.npz", np.eye(2))
    fails(cp.FileError, "a ends in ''; a file of named arrays takes .npz or .safetensors", write_arrays, "a", {})


def test_one_of_several_is_named(tmp_path):
    for ending in (".npz", ".safetensors"):
        path = tmp_path / f"a{ending}"
        write_arrays(path, {"a": np.eye(2), "b": np.eye(3)})
        fails(cp.FileError, f"{path} holds 2 arrays (a, b); name one of them", read_array, path)
        fails(cp.FileError, f"{path} holds no array 'c'; it holds a, b", read_array, path, "c")
    write_arrays(path, {f"a{k:02}": np.eye(1) for k in range(14)})
    with pytest.raises(cp.FileError, match=r"holds 14 arrays \(a00, .*, a11 and 2 more\); name one of them"):
        read_array(path)


def test_one_array_needs_no_name_and_npy_has_none(tmp_path):
    write_arrays(tmp_path / "a.npz", {"a": np.eye(2)})
    assert alike(read_array(tmp_path / "a.npz"), np.eye(2))
    path = tmp_path / "a.npy"
    write_array(path, np.eye(2))
    fails(cp.FileError, f"{path} holds one array, which has no name; leave the name 'a' out", read_array, path, "a")


def test_an_archive_without_arrays(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("readme.txt", "no array")
    fails(cp.FileError, f"{tmp_path / 'a.npz'} holds no array; expected at least one", read_array, tmp_path / "a.npz")


class Trap:
    """What would create a file if it were unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


def test_nothing_is_unpickled(tmp_path):
    objects = np.array([Trap(tmp_path / "sprung")], object)
    np.save(tmp_path / "a.npy", objects, allow_pickle=True)
    np.savez(tmp_path / "a.npz", a=objects)
    (tmp_path / "b.npy").write_bytes(pickle.dumps(Trap(tmp_path / "sprung")))
    with pytest.raises(cp.DTypeError) as caught:
        read_array(tmp_path / "a.npy")
    assert str(caught.value) == (
        f"{tmp_path / 'a.npy'} holds Python objects, which are never unpickled; expected float16, float32, float64, integers or booleans"
    )
    with pytest.raises(cp.DTypeError, match=r"a.npz, array 'a', holds Python objects, which are never unpickled"):
        read_array(tmp_path / "a.npz")
    with pytest.raises(cp.FileError, match=r"b.npy cannot be read as an .npy file \(the magic string is not.*damaged or"):
        read_array(tmp_path / "b.npy")
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize(
    ("array", "name"),
    [
        (np.zeros(2, np.complex64), "complex64"),
        (np.array(["a"]), "<U1"),
        (np.zeros(2, "M8[s]"), r"datetime64\[s\]"),
        (np.zeros(2, [("a", "i4")]), r"\[\('a', '<i4'\)\]"),
        (np.zeros(2, np.longdouble), str(np.dtype(np.longdouble))),
    ],
)
def test_only_plain_numbers_come_in_and_go_out(tmp_path, array, name):
    np.save(tmp_path / "a.npy", array)
    with pytest.raises(cp.DTypeError, match=rf"a.npy holds {name}; expected float16, .* or booleans: convert it first"):
        read_array(tmp_path / "a.npy")
    with pytest.raises(cp.DTypeError, match=rf"the array holds {name}; expected"):
        write_array(tmp_path / "b.npy", array)
    with pytest.raises(cp.DTypeError, match=rf"array 'a' holds {name}; expected"):
        write_arrays(tmp_path / "b.npz", {"a": array})
    assert not list(tmp_path.glob("b*"))


def test_bfloat16_is_not_taken_for_something_else(tmp_path):
    array = np.ones(3, ml_dtypes.bfloat16)
    np.save(tmp_path / "a.npy", array)
    with pytest.raises(cp.DTypeError, match=r"a.npy holds \|V2; expected"):
        read_array(tmp_path / "a.npy")
    header = b'{"a":{"dtype":"BF16","shape":[3],"data_offsets":[0,6]}}'
    (tmp_path / "a.safetensors").write_bytes(struct.pack("<Q", len(header)) + header + array.tobytes())
    with pytest.raises(cp.DTypeError, match=r"a.safetensors, array 'a', holds BF16; expected float16, float32"):
        read_array(tmp_path / "a.safetensors")


# sizes before memory


def npy_header(shape, descr="<f4"):
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, {"shape": shape, "fortran_order": False, "descr": descr})
    return stream.getvalue()


@pytest.mark.parametrize("shape", [(10**6, 10**6, 10**3), (2**62, 4), (3, 2)])
def test_a_header_that_claims_more_than_the_file_holds(tmp_path, shape):
    raw = npy_header(shape) + bytes(20)
    claimed = 4 * int(np.prod([int(side) for side in shape], dtype=object))
    tail = f"claims float32 numbers of shape {shape}, {claimed} bytes, but holds 20; it is damaged or incomplete"
    (tmp_path / "a.npy").write_bytes(raw)
    with pytest.raises(cp.FileError) as caught:
        read_array(tmp_path / "a.npy")
    assert str(caught.value) == f"{tmp_path / 'a.npy'} {tail}: make it again, or download it again"
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("w.npy", raw)
    with pytest.raises(cp.FileError) as caught:
        read_array(tmp_path / "a.npz")
    assert str(caught.value).startswith(f"{tmp_path / 'a.npz'}, array 'w', {tail}")


def test_a_file_that_goes_on_after_the_array(tmp_path):
    write_array(tmp_path / "a.npy", np.zeros(3, np.float32))
    with (tmp_path / "a.npy").open("ab") as stream:
        stream.write(b"more")
    with pytest.raises(cp.FileError, match=r"of shape \(3,\), 12 bytes, but holds 16"):
        read_array(tmp_path / "a.npy")


def test_a_negative_size(tmp_path):
    (tmp_path / "a.npy").write_bytes(npy_header((-2, -3)) + bytes(24))
    with pytest.raises(cp.FileError, match=r"claims the shape \(-2, -3\); a size cannot be negative: make the file again"):
        read_array(tmp_path / "a.npy")


def test_a_version_nobody_needs(tmp_path):
    raw = bytearray(npy_header((1,)) + bytes(4))
    raw[6] = 3
    (tmp_path / "a.npy").write_bytes(raw)
    with pytest.raises(cp.FileError, match=r"is an .npy file of version \(3, 0\); expected 1.0 or 2.0: write it with np.save"):
        read_array(tmp_path / "a.npy")


def test_a_large_header_is_read_in_version_2(tmp_path):
    stream = io.BytesIO()
    np.lib.format.write_array(stream, np.eye(3), version=(2, 0))
    (tmp_path / "a.npy").write_bytes(stream.getvalue())
    assert alike(read_array(tmp_path / "a.npy"), np.eye(3))


def test_a_zip_bomb_is_not_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "LARGE", 10**6)
    zeros = np.zeros(2 * 10**6, np.uint8)
    np.savez_compressed(tmp_path / "a.npz", zeros=zeros)
    packed = (tmp_path / "a.npz").stat().st_size
    with pytest.raises(cp.FileError) as caught:
        read_arrays(tmp_path / "a.npz")
    assert str(caught.value) == (
        f"{tmp_path / 'a.npz'} has {packed} bytes and claims to unpack to {zeros.size + 128}, more than 100 times as many; "
        "if you trust it, unpack it yourself and give the .npy files"
    )
    np.savez(tmp_path / "b.npz", zeros=zeros)
    assert alike(read_array(tmp_path / "b.npz"), zeros)


def test_a_member_that_lies_about_its_size(tmp_path):
    np.savez_compressed(tmp_path / "a.npz", a=np.zeros(1000, np.uint8))
    raw = (tmp_path / "a.npz").read_bytes()
    size = struct.pack("<L", 1128)
    assert raw.count(size) >= 1
    (tmp_path / "a.npz").write_bytes(raw.replace(size, struct.pack("<L", 2**31)))
    with pytest.raises(cp.FileError):
        read_array(tmp_path / "a.npz")


def test_a_safetensors_header_that_claims_too_much(tmp_path):
    header = b'{"a":{"dtype":"F32","shape":[1000000,1000000],"data_offsets":[0,4000000000000]}}'
    (tmp_path / "a.safetensors").write_bytes(struct.pack("<Q", len(header)) + header + bytes(8))
    with pytest.raises(cp.FileError, match=r"cannot be read as a .safetensors file \(.*\); it is damaged or incomplete: make it again, or"):
        read_array(tmp_path / "a.safetensors")


def test_a_changed_byte_of_an_archive_is_noticed(tmp_path):
    write_arrays(tmp_path / "a.npz", {"a": np.arange(1000.0)})
    raw = bytearray((tmp_path / "a.npz").read_bytes())
    raw[1000] ^= 1
    (tmp_path / "a.npz").write_bytes(raw)
    with pytest.raises(cp.FileError, match=r"a.npz cannot be read as an .npz archive \(Bad CRC-32"):
        read_array(tmp_path / "a.npz")


def test_a_file_under_a_wrong_name_is_recognised(tmp_path):
    write_array(tmp_path / "a.npy", np.eye(2))
    (tmp_path / "a.npy").rename(tmp_path / "a.npz")
    with pytest.raises(cp.FileError, match=r"\(File is not a zip file\); by its first bytes it is an .npy file: give it as that"):
        read_array(tmp_path / "a.npz")
    (tmp_path / "b.npy").touch()
    with pytest.raises(cp.FileError, match=r"b.npy cannot be read as an .npy file \(.*\); it is empty: make it again"):
        read_array(tmp_path / "b.npy")


def test_what_may_not_be_read(tmp_path, monkeypatch):
    write_array(tmp_path / "a.npy", np.eye(2))

    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.open", refuse)
    fails(cp.FileError, f"{tmp_path / 'a.npy'} may not be read: Permission denied; look at its permissions", read_array, tmp_path / "a.npy")
