"""Files and folders: raw bytes, archives, torch's files, one file a layer, and what cannot be read."""

import random
import re

import ml_dtypes
import numpy as np
import pytest
import safetensors.numpy
import torch

import convproof as cp
from convproof.formats.dumps.declared import Raw, parse_format
from convproof.formats.dumps.opening import ENDINGS, open_dumps
from tests.formats.dumps.reading import SHAPE, X, only, written


@pytest.mark.parametrize("ending", ["bin", "raw", "dat"])
def test_raw_bytes_are_little_endian_float32(tmp_path, ending):
    found = only(tmp_path / f"conv1.{ending}", X.astype("<f4").tobytes())
    assert found.array.dtype == np.float32
    assert np.array_equal(found.array, X.ravel())
    assert found.resolution is None


@pytest.mark.parametrize("order", ["little", "big"])
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int8", "uint8", "int16", "int32", "int64"])
def test_raw_bytes_as_declared(tmp_path, dtype, order):
    array = (X.ravel() * 50).astype("int8").astype(dtype)
    content = array.astype(array.dtype.newbyteorder({"little": "<", "big": ">"}[order])).tobytes()
    found = only(tmp_path / "a.bin", content, raw=Raw(dtype, order)).array
    assert found.dtype == dtype
    assert np.array_equal(found, array)


@pytest.mark.parametrize("raw", [Raw("bfloat16"), None])
def test_raw_bfloat16(tmp_path, raw):
    array = X.astype(ml_dtypes.bfloat16).ravel()
    found = only(tmp_path / "a.bin", array.tobytes(), raw=raw, declared=None if raw else parse_format("bfloat16"))
    assert np.array_equal(found.array, array)


@pytest.mark.parametrize(
    ("format", "dtype"),
    [("q7.8", "int16"), ("int8:0.25:3", "int8"), ("uint8:0.25:3", "uint8"), ("ap_fixed:10:4", "int16"), ("q15.16", "int32")],
)
def test_raw_codes_are_decoded(tmp_path, format, dtype):
    declared = parse_format(format)
    codes = np.array([0, 3, 100], dtype)
    found = only(tmp_path / "a.bin", codes.tobytes(), declared=declared)
    assert found.array.tolist() == [(int(code) - declared.zero) * declared.step for code in codes]
    assert found.resolution is declared


def test_archives(tmp_path):
    arrays = {"conv1": X, "layer1.0.bn1": np.array(7), "mask": np.array([True, False])}
    np.savez(tmp_path / "a.npz", **arrays)
    safetensors.numpy.save_file(arrays, tmp_path / "a.safetensors")
    torch.save({name: torch.tensor(array) for name, array in arrays.items()}, tmp_path / "a.pt")
    torch.save({name: torch.tensor(array) for name, array in arrays.items()}, tmp_path / "a.bin")
    for file in ("a.npz", "a.safetensors", "a.pt", "a.bin"):
        dumps = open_dumps(tmp_path / file)
        assert {dump.name: dump.read().array.tolist() for dump in dumps} == {name: array.tolist() for name, array in arrays.items()}
        assert str(next(dump for dump in dumps if dump.name == "mask").where) == f"{tmp_path / file}, array 'mask'"


def test_bfloat16_in_safetensors(tmp_path):
    array = X.astype(ml_dtypes.bfloat16)
    safetensors.numpy.save_file({"a": array}, tmp_path / "a.safetensors")
    (dump,) = open_dumps(tmp_path / "a.safetensors")
    assert dump.read().array.dtype == ml_dtypes.bfloat16
    assert np.array_equal(dump.read().array, array)


def test_an_npy_file(tmp_path):
    np.save(tmp_path / "layer1.0.conv1.npy", X)
    (dump,) = open_dumps(tmp_path / "layer1.0.conv1.npy")
    assert dump.name == "layer1.0.conv1"
    assert np.array_equal(dump.read().array, X)


def test_a_folder_with_one_file_a_layer(tmp_path):
    for folder in ("conv1", "layer1/0", ".git", "__pycache__"):
        (tmp_path / folder).mkdir(parents=True)
    X.tofile(tmp_path / "conv1/output.bin")
    np.savetxt(tmp_path / "bn1.csv", X.reshape(6, 5), delimiter=",")
    np.save(tmp_path / "layer1/0/relu.npy", X)
    np.savez(tmp_path / "more.npz", fc=X)
    (tmp_path / "golden.h").write_text("float pool[1] = {2.5f};")
    (tmp_path / "README.txt").write_text("Dumps of the target.\n")
    (tmp_path / "notes.md").write_text("0.5")
    (tmp_path / ".git/a.bin").write_bytes(b"abc")
    found = {dump.name: dump.read().array for dump in open_dumps(tmp_path)}
    assert sorted(found) == ["bn1", "conv1", "fc", "layer1.0.relu", "pool"]
    assert np.array_equal(found["bn1"], X.reshape(6, 5))
    assert np.array_equal(found["conv1"], X.ravel())


def test_a_folder_opens_without_reading_its_arrays(tmp_path):
    (tmp_path / "broken.bin").write_bytes(b"abc")
    (tmp_path / "empty.csv").write_bytes(b"")
    np.save(tmp_path / "good.npy", X)
    broken, empty, good = open_dumps(tmp_path)
    assert np.array_equal(good.read().array, X)
    with pytest.raises(
        cp.FileError, match=r"broken.bin has 3 bytes, no multiple of the 4 of a float32; it is cut short, or it holds numbers"
    ):
        broken.read()
    with pytest.raises(cp.FileError, match=r"empty.csv is empty"):
        empty.read()


def test_a_name_twice_in_a_folder(tmp_path):
    np.save(tmp_path / "conv1.npy", X)
    X.tofile(tmp_path / "conv1.bin")
    with pytest.raises(cp.FileError, match=r"holds 'conv1' twice, in .*conv1.bin and in .*conv1.npy; move one of them out"):
        open_dumps(tmp_path)


def test_a_dat_file_may_be_text(tmp_path):
    assert only(tmp_path / "a.dat", "0.5 0.25 -1.5e-3\n").array.tolist() == [0.5, 0.25, -0.0015]
    assert only(tmp_path / "b.dat", b"0.5 1.25", raw=Raw("uint8")).array.shape == (8,)


@pytest.mark.parametrize(
    ("file", "content", "sentence"),
    [
        ("a.foo", b"1 2", "a.foo ends in '.foo'; expected .npy, .npz, .safetensors, .txt, .log, .csv, .tsv, .json, .bin"),
        ("a.bin", b"", "a.bin is empty; expected float32 numbers: make it again"),
        (
            "a.bin",
            b"12345",
            "a.bin has 5 bytes, no multiple of the 4 of a float32; it is cut short, or it holds numbers of another type: name it",
        ),
        ("a.npy", b"", "a.npy cannot be read as an .npy file"),
        ("a.npz", b"PK\x03\x04", "a.npz cannot be read as an .npz archive"),
        ("a.safetensors", b"\x08\x00\x00\x00\x00\x00\x00\x00{}", "a.safetensors cannot be read as a .safetensors file"),
        ("a.pt", b"abc", "a.pt cannot be read as a torch file"),
    ],
)
def test_files_that_cannot_be_read(tmp_path, file, content, sentence):
    with pytest.raises(cp.FileError, match=re.escape(sentence)):
        only(tmp_path / file, content)


def test_paths_that_are_nothing(tmp_path):
    with pytest.raises(cp.FileError, match="does not exist"):
        open_dumps(tmp_path / "gone.bin")
    with pytest.raises(cp.FileError, match=r"holds no file of numbers; expected files that end in .npy, .npz,"):
        open_dumps(tmp_path)


def test_truncated_files(tmp_path):
    np.save(tmp_path / "a.npy", X)
    np.savez(tmp_path / "a.npz", a=X)
    safetensors.numpy.save_file({"a": X}, tmp_path / "a.safetensors")
    for path in list(tmp_path.iterdir()):
        path.write_bytes(path.read_bytes()[:-7])
        with pytest.raises(cp.FileError, match=str(path)):
            [dump.read() for dump in open_dumps(path)]


WHOLE = {
    "a.txt": "conv1 shape (2, 3)\n0.5 0.25 1e-3\n-1 2 nan\n12:00:01 INFO bn1: [1.5, 2.5]\nfc[0] = 0.5\nfc[1] = 0.25\n" + str(X),
    "a.csv": ",0,1\n0,0.5,0.25\n1,1.5,1.25\n",
    "a.c": "/* a */ const float y[2][3] = {{1.5f, 2}, {3, 4}, {5, 6}};\nint8_t w[] = {0x7f, -3};\n",
    "a.log": f"conv1 {torch.tensor(X)}\nbn1 {torch.tensor(X)}\n",
    "a.dat": "0.5 0.25\n1.5 2.5\n",
    "a.json": '{"conv1": [[0.5, 1e-3], [-1, NaN]], "bn1": {"shape": [1, 2], "data": [1.5, 2.5]}, "who": "me", "w": {"0": 1, "1": 2}}',
}


@pytest.mark.parametrize("file", list(WHOLE))
def test_damaged_copies_are_read_or_are_a_sentence(tmp_path, file):
    dice = random.Random(file)
    whole = WHOLE[file].encode()
    refused = []
    for _ in range(150):
        content = damaged(whole, dice)
        try:
            found = written(tmp_path / file, content)
        except cp.ConvproofError as error:
            refused.append(str(error))
            continue
        assert all(value.array.dtype.kind in "fiu" and value.array.nbytes < 10**6 for value in found.values())
    assert len(refused) > 10
    assert all(str(tmp_path) in sentence for sentence in refused)


def damaged(whole, dice):
    """A copy with one thing changed."""
    content, at = bytearray(whole), dice.randrange(len(whole))
    kind = dice.choice(("flip", "byte", "many", "end", "cut", "more", "twice"))
    if kind == "flip":
        content[at] ^= 1 << dice.randrange(8)
    elif kind == "byte":
        content[at] = dice.choice(b"\0\t\n \"#%'()*+,-./059:;=[\\]_eEfnx{}\xff")
    elif kind == "many":
        for _ in range(8):
            content[dice.randrange(len(content))] = dice.choice(b"0123456789.,;[]{}()=-eE \nabx")
    elif kind == "end":
        del content[at:]
    elif kind == "cut":
        del content[at : at + dice.randrange(1, 30)]
    elif kind == "more":
        content[at:at] = dice.randbytes(dice.randrange(1, 12))
    else:
        content += content[at:]
    return bytes(content)


def test_endings_are_known_once():
    assert len(set(ENDINGS)) == len(ENDINGS)
    assert all(ending == ending.lower() and ending.startswith(".") for ending in ENDINGS)


def test_a_shape_is_never_taken_from_a_broken_header(tmp_path):
    """A header that claims gigabytes is refused before memory is taken."""
    np.save(tmp_path / "a.npy", X)
    content = (tmp_path / "a.npy").read_bytes().replace(str(SHAPE).encode(), b"(99999, 999999)".ljust(len(str(SHAPE))))
    with pytest.raises(cp.FileError):
        only(tmp_path / "a.npy", content)


def test_a_folder_that_is_called_as_a_manifest_is_none(tmp_path):
    (tmp_path / "manifest.json").mkdir()
    np.save(tmp_path / "manifest.json" / "conv1.npy", X)
    assert [dump.name for dump in open_dumps(tmp_path / "manifest.json")] == ["conv1"]
