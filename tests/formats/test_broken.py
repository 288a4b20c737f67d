"""Files with bytes changed, cut or added at random: they are read, or there is a sentence; nothing else ever comes out."""

import random

import numpy as np
import pytest
from PIL import Image

import convproof as cp
from convproof.formats.arrays import read_array, read_arrays, write_array, write_arrays
from convproof.formats.images import read_image

TRIALS = 400
RNG = np.random.default_rng(11)
PIXELS = RNG.integers(0, 256, (13, 17, 3), np.uint8)
ARRAYS = {"a": RNG.normal(size=(3, 5)).astype(np.float32), "b.c": np.array(7), "mask": np.array([True, False, True])}
WRITERS = {
    ".npy": lambda path: write_array(path, ARRAYS["a"]),
    ".npz": lambda path: write_arrays(path, ARRAYS),
    ".deflated.npz": lambda path: np.savez_compressed(path, **ARRAYS),
    ".safetensors": lambda path: write_arrays(path, ARRAYS),
    ".png": lambda path: Image.fromarray(PIXELS).save(path),
    ".palette.png": lambda path: Image.fromarray(PIXELS).quantize(9).save(path, transparency=1),
    ".jpg": lambda path: Image.fromarray(PIXELS).save(path),
    ".gif": lambda path: Image.fromarray(PIXELS).save(path, save_all=True, append_images=[Image.fromarray(PIXELS[::-1])]),
    ".tiff": lambda path: Image.fromarray(PIXELS).save(path),
    ".bmp": lambda path: Image.fromarray(PIXELS).save(path),
    ".webp": lambda path: Image.fromarray(PIXELS).save(path),
    ".ppm": lambda path: Image.fromarray(PIXELS).save(path),
}


def read(path):
    """All arrays of a file, whatever it holds."""
    if path.suffix == ".npy":
        return [read_array(path)]
    return list(read_arrays(path).values()) if path.suffix in (".npz", ".safetensors") else [read_image(path)]


def changed(raw, dice):
    """One change of a file: bytes overwritten, a part cut out, the end cut off, bytes put in."""
    raw, at = bytearray(raw), dice.randrange(len(raw))
    kind = dice.choice(("flip", "flip", "flip", "byte", "many", "end", "cut", "more"))
    if kind == "flip":
        raw[at] ^= 1 << dice.randrange(8)
    elif kind == "byte":
        raw[at] = dice.choice((0, 1, 10, 39, 48, 57, 127, 128, 255))
    elif kind == "many":
        for _ in range(dice.randrange(2, 20)):
            raw[dice.randrange(len(raw))] = dice.randrange(256)
    elif kind == "end":
        del raw[at:]
    elif kind == "cut":
        del raw[at : at + dice.randrange(1, 30)]
    else:
        raw[at:at] = dice.randbytes(dice.randrange(1, 30))
    return bytes(raw)


@pytest.mark.parametrize("ending", list(WRITERS))
def test_a_broken_file_is_read_or_is_a_sentence(tmp_path, ending):
    path, dice = tmp_path / f"a{ending}", random.Random(ending)
    WRITERS[ending](path)
    whole = path.read_bytes()
    assert read(path)
    refused = []
    for _ in range(TRIALS):
        path.write_bytes(changed(whole, dice))
        try:
            arrays = read(path)
        except cp.ConvproofError as error:
            refused.append(str(error))
            continue
        for array in arrays:
            assert array.dtype.kind in "fiub"
            assert array.nbytes < 10**9
    assert len(refused) > TRIALS // 20
    assert all(str(path) in sentence for sentence in refused)
