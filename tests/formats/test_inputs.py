"""Files on the command line as the inputs of a network."""

import numpy as np
import pytest
from PIL import Image

import convproof as cp
from convproof.formats.arrays import write_array, write_arrays
from convproof.formats.inputs import read_input
from tests.walkthrough import BATCH, IMAGE_A, IMAGE_B


def test_images_make_a_batch(tmp_path):
    paths = []
    for name, image in (("a.png", IMAGE_A), ("b.png", IMAGE_B)):
        Image.fromarray(image).save(tmp_path / name)
        paths.append(str(tmp_path / name))
    (x,) = read_input(paths, ["input"])
    assert (x == BATCH).all()
    assert [stage.name for stage in x.stages] == ["pixels", "layout"]


def test_arrays_that_look_like_images_become_a_batch_and_others_stay(tmp_path):
    write_array(tmp_path / "a.npy", np.stack([IMAGE_A, IMAGE_B]))
    (x,) = read_input([str(tmp_path / "a.npy")], ["input"])
    assert (x == BATCH).all()
    assert len(x.stages) == 2
    write_array(tmp_path / "b.npy", BATCH)
    (x,) = read_input([str(tmp_path / "b.npy")], ["input"])
    assert x.tobytes() == BATCH.tobytes()
    write_array(tmp_path / "c.npy", IMAGE_A.transpose(2, 0, 1))
    (x,) = read_input([str(tmp_path / "c.npy")], ["input"])
    assert x.dtype == np.uint8


def test_several_inputs_come_by_name(tmp_path):
    write_arrays(tmp_path / "a.npz", {"right": np.eye(3), "left": np.eye(2), "more": np.eye(1)})
    left, right = read_input([str(tmp_path / "a.npz")], ["left", "right"])
    assert (left.shape, right.shape) == ((2, 2), (3, 3))
    with pytest.raises(cp.SettingError) as caught:
        read_input([str(tmp_path / "a.npz")], ["left", "other"])
    assert str(caught.value) == ("the network has the inputs left, other: give one .npz or .safetensors file that holds an array for each")


def test_several_arrays_for_one_input(tmp_path):
    for name in ("a.npy", "b.npy"):
        write_array(tmp_path / name, BATCH)
    with pytest.raises(cp.SettingError) as caught:
        read_input([str(tmp_path / "a.npy"), str(tmp_path / "b.npy")], ["input"])
    assert str(caught.value) == "2 array files for one input; stack them into one .npy file"
