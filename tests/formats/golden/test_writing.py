"""Golden vectors on disk: the numbers of every kind of file, the manifest, and a folder that is there as a whole or not at all."""

import hashlib
import json
import math
import shutil
import subprocess
from dataclasses import replace

import numpy as np
import pytest

from convproof.core.errors import FileError, NotFiniteError, SettingError
from convproof.formats.dumps.declared import parse_format
from convproof.formats.golden import c_source
from convproof.formats.golden.entries import Bound, Manifest
from convproof.formats.golden.manifest import input_of, is_golden, read_manifest
from convproof.formats.golden.stored import as_stored, digest, from_stored
from convproof.formats.golden.writing import GoldenArray, stem_of, write_golden

SMALL = np.arange(2 * 3 * 5 * 4, dtype=np.float64).reshape(2, 3, 5, 4) / 7 - 8


def about(files="npy", layout="nchw", format="float32"):
    return Manifest("a model", "eval", "an image", files, layout, format, ())


def arrays(exact=SMALL):
    bound = Bound(1e-6, (0, 1, 2, 3), 5e-7, (1, 1, 4, 3))
    return [
        GoldenArray("input", "input", exact, "float32"),
        GoldenArray("conv1.weight", "weight", exact[0], "float32", "Conv2d()"),
        GoldenArray("conv1", "output", exact[:, :2], "float32", "Conv2d()", bound if exact is SMALL else None),
        GoldenArray("classes", "output", np.array([3, -1]), "int64", "ArgMax()"),
    ]


@pytest.mark.parametrize(
    ("format", "exact", "expected", "dtype"),
    [
        ("float32", [0.1, 1e39, -0.0], [np.float32(0.1), math.inf, -0.0], "float32"),
        ("float16", [0.1, 65520.0], [np.float16(0.1), math.inf], "float16"),
        ("bfloat16", [1 + 2**-9, 3.0], [1.0, 3.0], "float32"),
        ("q7.8", [1.5, -0.00390625, 0.001, 1000.0, -1000.0], [384, -1, 0, 32767, -32768], "int16"),
        ("uq0.8", [0.5, -0.5, 0.998], [128, 0, 255], "uint8"),
        ("int8:0.05:-3", [0.1, 0.0, -0.2, 9.0], [-1, -3, -7, 127], "int8"),
        ("ap_fixed:16:6", [-0.0005, 33.0], [-1, 33 * 1024 - 65536], "int16"),
        ("q15.16", [2.25], [147456], "int32"),
    ],
)
def test_numbers_as_a_file_holds_them(format, exact, expected, dtype):
    found = as_stored("y", np.array(exact), parse_format(format))
    assert found.dtype == dtype
    assert found.tolist() == [np.asarray(v, dtype).item() for v in expected]
    assert np.signbit(found).tolist() == [bool(np.signbit(v)) for v in expected]


def test_codes_mean_numbers_again():
    fixed = parse_format("int8:0.05:-3")
    found = from_stored(np.array([-1, -3, 127], np.int8), fixed, np.dtype(np.float32))
    assert found.tolist() == np.array([0.1, 0.0, 6.5], np.float32).tolist()


def test_a_nan_has_no_code():
    with pytest.raises(NotFiniteError, match=r"conv1 holds a NaN or an infinity, for which Q7\.8 has no code; write it as float32"):
        as_stored("conv1", np.array([math.nan]), parse_format("q7.8"))


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


def test_the_manifest_says_what_the_files_hold(tmp_path):
    manifest = write_golden(tmp_path / "golden", arrays(), about("bin", "nhwc", "q7.8"))
    text = json.loads((tmp_path / "golden" / "manifest.json").read_text())
    assert {key: text[key] for key in ("schema_version", "model", "mode", "input", "files", "layout", "format", "byte_order")} == {
        "schema_version": 1,
        "model": "a model",
        "mode": "eval",
        "input": "an image",
        "files": "bin",
        "layout": "nhwc",
        "format": "q7.8",
        "byte_order": "little",
    }
    data = (tmp_path / "golden" / "conv1.bin").read_bytes()
    assert text["arrays"][2] == {
        "name": "conv1",
        "role": "output",
        "shape": [2, 2, 5, 4],
        "stored_shape": [2, 5, 4, 2],
        "axes": [0, 2, 3, 1],
        "layout": "nhwc",
        "format": "q7.8",
        "dtype": "int16",
        "computed_in": "float32",
        "file": "conv1.bin",
        "inside": "",
        "dump": "conv1",
        "sha256": hashlib.sha256(data).hexdigest(),
        "described": "Conv2d()",
        "bound": {"proof": 1e-6, "proof_at": [0, 1, 2, 3], "usual": 5e-7, "usual_at": [1, 1, 4, 3]},
    }
    assert text["arrays"][3]["format"] == "int64"
    assert text["hashes"]["conv1.bin"] == hashlib.sha256(data).hexdigest()
    assert read_manifest(tmp_path / "golden") == manifest


def test_names_of_files():
    assert stem_of("layer1.0.conv1") == "layer1.0.conv1"
    assert stem_of("/features/0/Conv") == "_features_0_Conv"
    assert stem_of("..") == "_"
    assert stem_of("con") == "con_"
    assert len(stem_of("x" * 500)) == 100


def test_names_that_differ_in_case_or_signs_alone_get_files_of_their_own(tmp_path):
    made = [GoldenArray(name, "output", np.full(2, k * 1.0), "float32") for k, name in enumerate(("a/b", "a_b", "A_B", "manifest"))]
    manifest = write_golden(tmp_path / "golden", made, about())
    assert [entry.file for entry in manifest.arrays] == ["a_b.npy", "a_b_2.npy", "A_B_3.npy", "manifest_2.npy"]
    assert [np.load(tmp_path / "golden" / entry.file)[0] for entry in manifest.arrays] == [0, 1, 2, 3]


HEADER = """\
/* golden vectors of a model
   input: an image
   number format: q7.8, number = code * 0.00390625; order of the axes: nchw */
#ifndef GOLDEN_H
#define GOLDEN_H

#include <math.h>
#include <stdint.h>

/* input: shape in the network 1 x 2 x 3; q7.8 */
static const int16_t input[1][2][3] = {
  {
    {0, 256, 512},
    {768, 1024, 1280},
  },
};

/* output conv1: Conv2d(); shape in the network 2; q7.8; rounding in float moves it by at most 1e-06 */
static const int16_t conv1_output[2] = {
  -256, 384,
};

#endif
"""


def test_a_header(tmp_path):
    made = [
        GoldenArray("input", "input", np.arange(6.0).reshape(1, 2, 3), "float32"),
        GoldenArray("conv1", "output", np.array([-1, 1.5]), "float32", "Conv2d()", Bound(1e-6, (0,), 1e-7, (1,))),
    ]
    write_golden(tmp_path / "golden", made, about("c", format="q7.8"))
    assert (tmp_path / "golden" / "golden.h").read_text() == HEADER


ODD = [
    np.array([[0.1, -0.0, 1e-45, 3.4028234663852886e38], [math.inf, -math.inf, math.nan, 16777216.0]], np.float32).astype(np.float64),
    np.linspace(-3, 5, 23).astype(np.float32).astype(np.float64),
    np.array([[[-(2**63), 2**63 - 1, 0]]]),
    np.array(-2.5),
]


@pytest.mark.skipif(shutil.which("cc") is None, reason="there is no C compiler")
def test_a_compiler_reads_the_numbers_that_were_written(tmp_path):
    made = [
        GoldenArray(f"{k}: */ int x; /*", "output", exact, "int64" if exact.dtype.kind == "i" else "float32") for k, exact in enumerate(ODD)
    ]
    manifest = write_golden(tmp_path / "golden", made, about("c"))
    names = [entry.inside for entry in manifest.arrays]
    assert names[0] == "layer_0_int_x_output"
    loops = "".join(
        f"for (unsigned k = 0; k < sizeof {name} / sizeof({kind}); k++) printf({text}, (({kind} const *){name})[k]);\n"
        for name, exact in zip(names, ODD, strict=True)
        for kind, text in [("int64_t", '"%lld\\n", (long long)') if exact.dtype.kind == "i" else ("float", '"%a\\n", (double)')]
    )
    source = f'#include <stdio.h>\n#include "golden/golden.h"\nint main(void) {{\n{loops}return 0;\n}}\n'
    (tmp_path / "read.c").write_text(source.replace(", (long long), ", ", (long long)").replace(", (double), ", ", (double)"))
    flags = ["-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic"]
    subprocess.run(["cc", *flags, "-o", str(tmp_path / "read"), str(tmp_path / "read.c")], check=True, cwd=tmp_path)
    words = subprocess.run([str(tmp_path / "read")], check=True, capture_output=True, text=True).stdout.split()
    expected = np.concatenate([exact.reshape(-1).astype(object) for exact in ODD])
    found = [int(word) if isinstance(e, int) else float.fromhex(word) for word, e in zip(words, expected, strict=True)]
    assert np.array_equal(np.array(found, np.float64), expected.astype(np.float64), equal_nan=True)
    assert math.copysign(1, found[1]) == -1


def test_only_harmless_characters_reach_a_comment():
    assert c_source.harmless("a*/ int evil = 1; /* ??/\n\\ é") == "a_ int evil = 1; _ __ _ _"


def test_c_has_no_empty_arrays(tmp_path):
    with pytest.raises(SettingError, match=r"y has shape \(0, 3\) and C has no empty arrays; write it as npy"):
        write_golden(tmp_path / "golden", [GoldenArray("y", "output", np.zeros((0, 3)), "float32")], about("c"))
    assert list(tmp_path.iterdir()) == []


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
    write_golden(tmp_path / "golden", arrays(), about())
    assert is_golden(tmp_path / "golden")


def test_places_where_no_folder_can_be(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(FileError, match="file is a file; golden vectors are written into a folder: choose a new name"):
        write_golden(tmp_path / "file", arrays(), about())
    with pytest.raises(FileError, match=r"cannot be written: the folder .*nowhere does not exist; make it first"):
        write_golden(tmp_path / "nowhere" / "golden", arrays(), about())


# a manifest is untrusted


def broken(tmp_path, change):
    """The message about a manifest after a change to its JSON."""
    if not (tmp_path / "golden").exists():
        write_golden(tmp_path / "golden", arrays(), about())
    path = tmp_path / "golden" / "manifest.json"
    record = json.loads(path.read_text())
    change(record, record["arrays"][2])
    path.write_text(json.dumps(record))
    with pytest.raises(FileError) as caught:
        read_manifest(tmp_path / "golden")
    return str(caught.value).replace(str(tmp_path), "")


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("file", "../../etc/passwd", "has file = '../../etc/passwd'; expected the name of a file in the same folder"),
        ("file", "/etc/passwd", "has file = '/etc/passwd'; expected the name of a file in the same folder"),
        ("file", "C:conv1.npy", "expected the name of a file in the same folder"),
        ("file", "a\\b", "expected the name of a file in the same folder"),
        ("dump", "..", "has dump = '..'; expected the name of a file in the same folder"),
        ("name", 7, "has name = 7; expected a name"),
        ("name", "", "has name = ''; expected a name"),
        ("role", "judge", "has role = 'judge'; expected input or weight or statistic or output"),
        ("shape", "2x3", "has shape = '2x3'; expected a list of at most 16 whole numbers"),
        ("shape", [2, 2.5, 5, 4], "expected a list of at most 16 whole numbers"),
        ("shape", [2, True, 5, 4], "expected a list of at most 16 whole numbers"),
        ("shape", [-1, 2, 5, 4], "expected a list of at most 16 whole numbers"),
        ("shape", [2**30, 2**30, 5, 4], "more numbers than any array has"),
        ("axes", [0, 1, 2, 2], "has axes (0, 1, 2, 2) for shape (2, 2, 5, 4); expected each axis once"),
        ("dtype", "object", "has dtype = 'object'; expected float16 or float32"),
        ("computed_in", "str", "has computed_in = 'str'; expected float16"),
        ("sha256", None, "has sha256 = None; expected a text"),
        ("bound", 3, "bound holds 3; expected an object with names"),
        ("bound", {"proof": math.inf, "proof_at": [0] * 4, "usual": 0, "usual_at": [0] * 4}, "proof = inf; expected a number of 0 or more"),
        ("bound", {"proof": 1, "proof_at": [2, 0, 0, 0], "usual": 0, "usual_at": [0] * 4}, "is of cell (2, 0, 0, 0); the array has shape"),
    ],
)
def test_an_array_that_makes_no_sense(key, value, expected, tmp_path):
    message = broken(tmp_path, lambda _, array: array.__setitem__(key, value))
    assert message.startswith("/golden/manifest.json, array 2, ")
    assert expected in message


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("schema_version", 2, "has schema_version 2; this version reads 1"),
        ("schema_version", "1", "has schema_version = '1'; expected schema_version 1, which this version reads"),
        ("arrays", {}, "has arrays = {}; expected a list of arrays"),
        ("files", "zip", "has files = 'zip'; expected c or bin or npy or txt or safetensors"),
        ("layout", "chwn", "has layout = 'chwn'; expected nchw or nhwc"),
        ("model", ["x"], "has model = ['x']; expected a text"),
        ("folded", {"conv1": 1}, "has folded = {'conv1': 1}; expected texts by name"),
    ],
)
def test_a_manifest_that_makes_no_sense(key, value, expected, tmp_path):
    assert expected in broken(tmp_path, lambda record, _: record.__setitem__(key, value))


def test_two_arrays_of_one_name(tmp_path):
    assert "has two arrays of the name 'input'; expected each once" in broken(tmp_path, lambda r, a: a.__setitem__("name", "input"))


@pytest.mark.parametrize("text", ["", "[1, 2", "\xff\xfe", "[" * 100_000, "NaN"])
def test_no_json_at_all(text, tmp_path):
    (tmp_path / "manifest.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(FileError):
        read_manifest(tmp_path)
    assert not is_golden(tmp_path)


def test_a_golden_input_that_was_changed(tmp_path):
    write_golden(tmp_path / "golden", arrays(), about())
    np.save(tmp_path / "golden" / "input.npy", SMALL.astype(np.float32) + 1)
    expected = "does not hold the input input that manifest.json describes .its SHA-256 is another.; copy the golden file again"
    with pytest.raises(FileError, match=expected):
        input_of(tmp_path / "golden", ["input"])
    (tmp_path / "golden" / "input.npy").unlink()
    assert input_of(tmp_path / "golden", ["input"]) is None
    with pytest.raises(FileError, match="its inputs are input, those of the network image, mask"):
        input_of(tmp_path / "golden", ["image", "mask"])


def test_a_digest_is_of_the_little_endian_bytes():
    array = np.array([[1, 258]], np.int16)
    assert digest(array) == hashlib.sha256(b"\1\0\2\1").hexdigest()
    assert digest(array.astype(">i2")) == digest(np.asfortranarray(array)) == digest(array)


def test_a_manifest_is_one_line_an_array():
    manifest = replace(about(), arrays=())
    assert json.loads(manifest.text()) == manifest.to_dict()
