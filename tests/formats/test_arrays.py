"""Arrays into files and back, bit for bit; and layers that take their weights from them."""

import numpy as np
import pytest
import safetensors.numpy
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import convproof as cp
from convproof.formats.arrays import read_array, read_arrays, write_array, write_arrays
from tests.formats.comparing import alike

DTYPES = ("bool", "uint8", "int8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "float16", "float32", "float64")
ARRAYS = st.sampled_from(DTYPES).flatmap(lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4)))
NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=12).filter(lambda name: name != "__metadata__")


@given(ARRAYS)
def test_npy_comes_back_bit_for_bit(tmp_path_factory, array):
    path = tmp_path_factory.mktemp("npy") / "a.npy"
    write_array(path, array)
    assert alike(read_array(path), array)
    assert alike(np.load(path), array)


@pytest.mark.parametrize("ending", [".npz", ".safetensors"])
@given(arrays=st.dictionaries(NAMES, ARRAYS, min_size=1, max_size=4))
def test_named_arrays_come_back_bit_for_bit(tmp_path_factory, ending, arrays):
    path = tmp_path_factory.mktemp("named") / f"a{ending}"
    write_arrays(path, arrays)
    back = read_arrays(path)
    assert set(back) == set(arrays)
    for name, array in arrays.items():
        assert alike(back[name], array)
        assert alike(read_array(path, name), array)


@pytest.mark.parametrize("array", [np.arange(12.0).reshape(3, 4).T, np.arange(6, dtype=">i4"), np.arange(24.0)[::-2].astype(">f8")])
@pytest.mark.parametrize("ending", [".npy", ".npz", ".safetensors"])
def test_memory_and_byte_order_do_not_matter(tmp_path, array, ending):
    path = tmp_path / f"a{ending}"
    if ending == ".npy":
        np.save(path, array)
        write_array(tmp_path / "ours.npy", array)
        assert (read_array(tmp_path / "ours.npy") == array).all()
    else:
        write_arrays(path, {"a": array})
    back = read_array(path)
    assert back.dtype.isnative
    assert (back == array).all()


def test_files_of_others_are_read(tmp_path):
    a, b = np.arange(6, dtype=np.float32).reshape(2, 3), np.array(7)
    np.savez_compressed(tmp_path / "a.npz", a=a, **{"layer.b": b})
    safetensors.numpy.save_file({"a": a, "layer.b": b}, tmp_path / "a.safetensors")
    for path in (tmp_path / "a.npz", tmp_path / "a.safetensors"):
        assert alike(read_arrays(path)["a"], a)
        assert alike(read_array(path, "layer.b"), b)


def test_others_read_our_files(tmp_path):
    arrays = {"file": np.eye(2), "layer/b.c": np.array([1, 2], np.int64)}
    write_arrays(tmp_path / "a.npz", arrays)
    write_arrays(tmp_path / "a.safetensors", arrays)
    with np.load(tmp_path / "a.npz") as theirs:
        assert all(alike(theirs[name], array) for name, array in arrays.items())
    theirs = safetensors.numpy.load_file(tmp_path / "a.safetensors")
    assert all(alike(theirs[name], array) for name, array in arrays.items())


def test_the_same_arrays_give_the_same_bytes(tmp_path, monkeypatch):
    write_arrays(tmp_path / "a.npz", {"a": np.eye(3)})
    monkeypatch.setattr("time.localtime", lambda *_: (2031, 2, 3, 4, 5, 6, 0, 0, 0))
    write_arrays(tmp_path / "b.npz", {"a": np.eye(3)})
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def test_a_byte_that_is_not_0_is_true(tmp_path):
    np.save(tmp_path / "a.npy", np.zeros(3, bool))
    raw = bytearray((tmp_path / "a.npy").read_bytes())
    raw[-1] = 2
    (tmp_path / "a.npy").write_bytes(raw)
    assert read_array(tmp_path / "a.npy").view(np.uint8).tolist() == [0, 0, 1]


# layers from files


def test_a_layer_takes_its_weight_from_a_file(tmp_path):
    weight = np.arange(27, dtype=np.float32).reshape(1, 3, 3, 3)
    write_array(tmp_path / "w.npy", weight)
    conv = cp.Conv2d(3, 1, kernel_size=3, seed=0)
    bias = conv.bias.copy()
    conv.initialise(weight=tmp_path / "w.npy")
    assert (conv.weight == weight).all()
    assert (conv.bias == bias).all()
    conv.initialise(weight=str(tmp_path / "w.npy"), bias=2)
    assert conv.bias.tolist() == [2]


def test_a_layer_does_not_take_what_does_not_fit(tmp_path):
    write_array(tmp_path / "w.npy", np.zeros((1, 3, 3)))
    conv = cp.Conv2d(3, 1, kernel_size=3, seed=0)
    before = conv.weight.copy()
    with pytest.raises(cp.ShapeError, match=r"weight of Conv2d.* has shape \(1, 3, 3, 3\).*; got an array of shape \(1, 3, 3\)"):
        conv.initialise(weight=tmp_path / "w.npy")
    with pytest.raises(cp.FileError, match=r"v.npy does not exist; did you mean w.npy\?"):
        conv.initialise(weight=tmp_path / "v.npy")
    assert (conv.weight == before).all()
