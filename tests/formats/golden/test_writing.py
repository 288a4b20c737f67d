"""Golden vectors on disk: the numbers of every kind of file, their names, and a folder that is there as a whole or not at all."""

import numpy as np
import pytest

from convproof.core.errors import FileError, SettingError
from convproof.formats.golden.manifest import input_of, read_manifest
from convproof.formats.golden.writing import GoldenArray, stem_of, write_golden
from tests.formats.golden.made import SMALL, about, arrays


@pytest.mark.parametrize("files", ["npy", "txt", "bin", "safetensors"])
@pytest.mark.parametrize("layout", ["nchw", "nhwc"])
def test_files_hold_the_numbers(files, layout, tmp_path):
    write_golden(tmp_path / "golden", arrays(), about(files, layout))
    stored = SMALL.astype(np.float32) if layout == "nchw" else SMALL.astype(np.float32).transpose(0, 2, 3, 1)
    path = tmp_path / "golden"
    if files == "npy":
        found = np.load(path / "input.npy")
        assert found.flags.c_contiguous
    elif files == "bin":
        found = np.frombuffer((path / "input.bin").read_bytes(), "<f4").reshape(stored.shape)
    elif files == "txt":
        found = np.loadtxt(path / "input.txt").astype(np.float32).reshape(stored.shape)
    else:
        from safetensors.numpy import load_file

        found = load_file(path / "golden.safetensors")["input"]
    assert found.tolist() == stored.tolist()
    assert input_of(path, ["input"])[0].tolist() == SMALL.astype(np.float32).tolist()
    whole = {"npy": "classes.npy", "bin": "classes.bin", "txt": "classes.txt", "safetensors": "golden.safetensors"}[files]
    assert (path / whole).exists()


def test_nhwc_puts_axis_1_last_in_arrays_of_4_and_5_axes(tmp_path):
    made = [GoldenArray(f"a{k}", "output", np.zeros((2, 3, 4, 5, 6, 7)[:k]), "float32") for k in range(7)]
    manifest = write_golden(tmp_path / "golden", made, about(layout="nhwc"))
    assert [entry.axes for entry in manifest.arrays] == [
        (),
        (0,),
        (0, 1),
        (0, 1, 2),
        (0, 2, 3, 1),
        (0, 2, 3, 4, 1),
        (0, 1, 2, 3, 4, 5),
    ]
    assert manifest.arrays[4].stored_shape == (2, 4, 5, 3)
    assert np.load(tmp_path / "golden" / "a0.npy").shape == ()


def test_names_of_files():
    assert stem_of("layer1.0.conv1") == "layer1.0.conv1"
    assert stem_of("/features/0/Conv") == "_features_0_Conv"
    assert stem_of("..") == "_"
    assert stem_of("con") == "con_"
    assert stem_of("CON.weight") == "CON_.weight"
    assert [stem_of(name) for name in ("golden", "golden_2", "golden_two")] == ["golden_", "golden_2_", "golden_two"]
    assert len(stem_of("x" * 500)) == 100


def test_names_that_differ_in_case_or_signs_alone_get_files_of_their_own(tmp_path):
    made = [GoldenArray(name, "output", np.full(2, k * 1.0), "float32") for k, name in enumerate(("a/b", "a_b", "A_B", "manifest"))]
    manifest = write_golden(tmp_path / "golden", made, about())
    assert [entry.file for entry in manifest.arrays] == ["a_b.npy", "a_b_2.npy", "A_B_3.npy", "manifest_.npy"]
    assert [np.load(tmp_path / "golden" / entry.file)[0] for entry in manifest.arrays] == [0, 1, 2, 3]


# the folder


def failing():
    yield from arrays()[:2]
    raise FileError("the third array cannot be had")


def test_a_folder_that_fails_half_way_leaves_nothing(tmp_path):
    with pytest.raises(FileError, match="the third array"):
        write_golden(tmp_path / "golden", failing(), about())
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_fails_half_way_leaves_the_old_one(tmp_path):
    before = write_golden(tmp_path / "golden", arrays(), about())
    with pytest.raises(FileError, match="the third array"):
        write_golden(tmp_path / "golden", failing(), about(), force=True)
    assert [path.name for path in tmp_path.iterdir()] == ["golden"]
    assert read_manifest(tmp_path / "golden") == before
    assert np.load(tmp_path / "golden" / "input.npy").shape == SMALL.shape


def test_golden_vectors_are_replaced_only_by_force(tmp_path):
    write_golden(tmp_path / "golden", arrays(), about())
    with pytest.raises(FileError, match="holds golden vectors already; --force"):
        write_golden(tmp_path / "golden", arrays(), about())
    write_golden(tmp_path / "golden", arrays(), about("bin"), force=True)
    assert sorted(path.suffix for path in (tmp_path / "golden").iterdir()) == [".bin"] * 4 + [".json"]


@pytest.mark.parametrize("force", [False, True])
def test_somebody_elses_folder_is_never_overwritten(force, tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.jpg").write_bytes(b"photo")
    with pytest.raises(FileError, match="photos exists and holds no golden vectors, so it is not overwritten; choose a new name"):
        write_golden(tmp_path / "photos", arrays(), about(), force=force)
    (tmp_path / "photos" / "manifest.json").write_text('{"name": "a web page"}')
    with pytest.raises(FileError, match="holds no golden vectors"):
        write_golden(tmp_path / "photos", arrays(), about(), force=force)
    assert (tmp_path / "photos" / "a.jpg").read_bytes() == b"photo"


def test_a_strangers_file_among_ours_is_kept(tmp_path):
    write_golden(tmp_path / "golden", arrays(), about())
    (tmp_path / "golden" / "notes.txt").write_text("mine")
    with pytest.raises(FileError, match=r"golden also holds notes.txt, which is not of the golden vectors; move it elsewhere first"):
        write_golden(tmp_path / "golden", arrays(), about(), force=True)
    assert (tmp_path / "golden" / "notes.txt").read_text() == "mine"


def test_two_arrays_of_one_name_are_not_written(tmp_path):
    with pytest.raises(SettingError, match="two arrays are called 'conv1', a layer's and a parameter's; rename the layer"):
        write_golden(tmp_path / "golden", [*arrays(), arrays()[2]], about())
    assert list(tmp_path.iterdir()) == []


def test_an_input_of_bfloat16(tmp_path):
    write_golden(tmp_path / "golden", [GoldenArray("input", "input", np.array([1.5, 2.0]), "bfloat16")], about(format="bfloat16"))
    (found,) = input_of(tmp_path / "golden", ["input"])
    assert found.dtype.name == "bfloat16"
    assert found.tolist() == [1.5, 2.0]


def test_an_empty_folder_is_taken(tmp_path):
    (tmp_path / "golden").mkdir()
    manifest = write_golden(tmp_path / "golden", arrays(), about())
    assert read_manifest(tmp_path / "golden") == manifest


def test_places_where_no_folder_can_be(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(FileError, match="file is a file; golden vectors are written into a folder: choose a new name"):
        write_golden(tmp_path / "file", arrays(), about())
    with pytest.raises(FileError, match=r"cannot be written: the folder .*nowhere does not exist; make it first"):
        write_golden(tmp_path / "nowhere" / "golden", arrays(), about())
