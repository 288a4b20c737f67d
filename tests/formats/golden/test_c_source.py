"""Golden vectors as C: what the header says, and that compilers of C and of C++ read the very numbers."""

import math
import re
import shutil
import subprocess
from dataclasses import replace

import numpy as np
import pytest

from convproof.core.errors import SettingError
from convproof.formats.golden import c_source, destinations
from convproof.formats.golden.c_source import harmless, identifier, parts
from convproof.formats.golden.entries import Bound
from convproof.formats.golden.manifest import dumps_of
from convproof.formats.golden.writing import GoldenArray, write_golden
from tests.formats.golden.made import about

WARNINGS = ("-Wall", "-Wextra", "-Werror", "-pedantic")
COMPILERS = {
    "C99": ("cc", "-std=c99", "-Wshadow", "-Wconversion"),
    "C++11": ("c++", "-x", "c++", "-std=c++11", "-Wconversion"),
    "C++17": ("c++", "-x", "c++", "-std=c++17", "-Wconversion"),
    "aligned": ("cc", "-std=c99", "-DGOLDEN_ARRAY=__attribute__((aligned(64)))", "-DALIGNED=64"),
}

HEADER = """\
/* golden vectors of a model
   input: an image
   number format: int8:0.25:-3; order of the axes: nchw
   numbers: in golden.c */
#ifndef GOLDEN_H
#define GOLDEN_H

#include <stdint.h>

/* stands before each array: compile with -DGOLDEN_ARRAY='__attribute__((aligned(32)))', or a section, or PROGMEM */
#ifndef GOLDEN_ARRAY
#define GOLDEN_ARRAY
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* number = (code - GOLDEN_ZERO) * GOLDEN_STEP */
#define GOLDEN_STEP 0.25
#define GOLDEN_ZERO (-3)

/* input: shape in the network 1 x 2 x 3; int8:0.25:-3 */
GOLDEN_ARRAY extern const int8_t input[1][2][3];
#define INPUT_COUNT 6
#define INPUT_DIM0 1
#define INPUT_DIM1 2
#define INPUT_DIM2 3

/* output conv1: Conv2d(); reads input; shape in the network 2; int8:0.25:-3; rounding in float moves it by at most 1e-06 */
GOLDEN_ARRAY extern const int8_t conv1_output[2];
#define CONV1_OUTPUT_COUNT 2
#define CONV1_OUTPUT_DIM0 2
#define CONV1_OUTPUT_DUMP "conv1"

#ifdef __cplusplus
}
#endif

#endif
"""
SOURCE = """\
/* the numbers of golden.h: compile this with the program, or include it in one source instead of the header */
#include "golden.h"
#include <math.h>

GOLDEN_ARRAY const int8_t input[1][2][3] = {
  {
    {-3, 1, 5},
    {9, 13, 17},
  },
};

GOLDEN_ARRAY const int8_t conv1_output[2] = {
  -7, 3,
};
"""


def test_a_header_and_its_source(tmp_path):
    made = [
        GoldenArray("input", "input", np.arange(6.0).reshape(1, 2, 3), "float32"),
        GoldenArray("conv1", "output", np.array([-1, 1.5]), "float32", "Conv2d()", ("input",), Bound(1e-6, (0,), 1e-7, (1,))),
    ]
    write_golden(tmp_path / "golden", made, about("c", format="int8:0.25:-3"))
    assert (tmp_path / "golden" / "golden.h").read_text() == HEADER
    assert (tmp_path / "golden" / "golden.c").read_text() == SOURCE


def in_braces(array, depth=1):
    """Another author's nested braces."""
    indent, texts = "  " * depth, [f"{number:.8e}f" for number in array.reshape(-1).tolist()]
    if array.ndim == 1:
        return "".join(indent + ", ".join(texts[k : k + 8]) + ",\n" for k in range(0, len(texts), 8))
    if array.ndim == 2 and array.shape[1] <= 8:
        return "".join(f"{indent}{{{', '.join(f'{number:.8e}f' for number in row.tolist())}}},\n" for row in array)
    return "".join(f"{indent}{{\n{in_braces(part, depth + 1)}{indent}}},\n" for part in array)


@pytest.mark.parametrize(
    "shape", [(1,), (8,), (23,), (2, 3), (3, 8), (2, 9), (1, 40), (2, 3, 1), (1, 2, 3, 17), (5, 4, 3, 2), (2, 1, 2, 1, 9)]
)
@pytest.mark.parametrize("chunk", [8, 16, 1 << 16])
def test_rows_in_braces_whatever_is_written_at_once(shape, chunk, monkeypatch):
    monkeypatch.setattr(c_source, "CHUNK", chunk)
    array = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    written = list(parts(array, 1))
    assert b"".join(written).decode() == in_braces(array)
    assert max(text.count(b"f") for text in written) <= chunk


ODD = {
    "0: */ int x; /*": np.array(
        [[0.1, -0.0, 1e-45, 3.4028234663852886e38], [math.inf, -math.inf, math.nan, 16777216.0]], np.float32
    ).astype(np.float64),
    "int": np.linspace(-3, 5, 23).astype(np.float32).astype(np.float64),
    "whole": np.array([[[-(2**63), 2**63 - 1, 0]]]),
    "数": np.array(-2.5),
}


@pytest.mark.skipif(shutil.which("cc") is None or shutil.which("c++") is None, reason="2026-11: there is no C compiler")
@pytest.mark.parametrize("compiler", COMPILERS)
def test_compilers_read_the_numbers_that_were_written(compiler, tmp_path):
    """From two sources that both read the header."""
    made = [GoldenArray(name, "output", exact, "int64" if exact.dtype.kind == "i" else "float32") for name, exact in ODD.items()]
    manifest = write_golden(tmp_path / "golden", made, about("c"))
    printed = "".join(
        f"for (k = 0; k < {entry.inside.upper()}_COUNT; k++) print_{kind}(((const {kind} *){entry.inside})[k]);\n"
        f"aligned &= (size_t){entry.inside} % ALIGNED == 0;\n"
        for entry, exact in zip(manifest.arrays, ODD.values(), strict=True)
        for kind in ["int64_t" if exact.dtype.kind == "i" else "float"]
    )
    (tmp_path / "read.c").write_text(
        '#include "golden/golden.h"\n#include "print.h"\n#ifndef ALIGNED\n#define ALIGNED 1\n#endif\n'
        f"int main(void) {{\nint k, aligned = 1;\n{printed}return !aligned;\n}}\n"
    )
    (tmp_path / "print.h").write_text("#include <stddef.h>\nvoid print_float(float number);\nvoid print_int64_t(int64_t number);\n")
    (tmp_path / "print.c").write_text(
        '#include "golden/golden.h"\n#include "print.h"\n#include <stdio.h>\n'
        'void print_float(float number) { printf("%a\\n", (double)number); }\n'
        'void print_int64_t(int64_t number) { printf("%lld\\n", (long long)number); }\n'
    )
    subprocess.run([*COMPILERS[compiler], *WARNINGS, "-o", "read", "read.c", "print.c", "golden/golden.c"], check=True, cwd=tmp_path)
    words = subprocess.run([str(tmp_path / "read")], check=True, capture_output=True, text=True).stdout.split()
    expected = np.concatenate([exact.reshape(-1).astype(object) for exact in ODD.values()])
    found = [int(word) if isinstance(e, int) else float.fromhex(word) for word, e in zip(words, expected, strict=True)]
    assert np.array_equal(np.array(found, np.float64), expected.astype(np.float64), equal_nan=True)
    assert math.copysign(1, found[1]) == -1


def test_what_is_too_much_for_one_compilation_goes_on_in_another_file(tmp_path, monkeypatch):
    monkeypatch.setattr(destinations, "MOST_NUMBERS", 10)
    made = [GoldenArray(f"y{k}", "output", np.full(size, float(k)), "float32") for k, size in enumerate((3, 7, 2, 30, 1))]
    manifest = write_golden(tmp_path / "golden", made, about("c"))
    assert [entry.file for entry in manifest.arrays] == ["golden.c", "golden.c", "golden_2.c", "golden_3.c", "golden_4.c"]
    assert "numbers: in golden.c, golden_2.c, golden_3.c, golden_4.c" in (tmp_path / "golden" / "golden.h").read_text()
    assert [dump.read().array.tolist() for dump in dumps_of(tmp_path / "golden")] == [array.exact.tolist() for array in made]


@pytest.mark.parametrize(
    ("name", "role", "expected"),
    [
        ("input", "input", "input"),
        ("image", "input", "image_input"),
        ("while", "output", "while_output"),
        ("layer1.0.conv1", "output", "layer1_0_conv1_output"),
        ("conv1.weight", "weight", "conv1_weight"),
        ("bn1.running_mean.before", "statistic", "bn1_running_mean_before"),
        ("/model/Conv__1", "output", "model_Conv_1_output"),
        ("1x1", "output", "layer_1x1_output"),
        ("层", "output", "layer_output"),
        ("x" * 500 + "end", "output", "x" * 37 + "end_output"),
    ],
)
def test_names_of_arrays(name, role, expected):
    assert identifier(name, role) == expected


def test_names_that_are_the_same_in_c_are_numbered(tmp_path):
    made = [GoldenArray(name, "output", np.zeros(1), "float32") for name in ("a.b", "a_b", "A/B")]
    manifest = write_golden(tmp_path / "golden", made, about("c"))
    assert [entry.inside for entry in manifest.arrays] == ["a_b_output", "a_b_output_2", "A_B_output_3"]
    assert [entry.dump for entry in manifest.arrays] == ["a.b", "a_b", "A_B_2"]


def test_only_harmless_characters_reach_a_comment(tmp_path):
    assert harmless("a*/ int evil = 1; /* ??/\n\\ é 层") == "a_/ int evil = 1; /_ __/ _ <U+00E9> <U+5C42>"
    evil = "*/ int evil; /*"
    made = [GoldenArray(evil, "output", np.zeros(1), "float32", evil, (evil,))]
    write_golden(tmp_path / "golden", made, replace(about("c"), model=evil, input=f"\n{evil}\n"))
    outside = re.sub(r'/\*.*?\*/|".*?"', "", (tmp_path / "golden" / "golden.h").read_text(), flags=re.DOTALL)
    assert set(re.findall(r"\w*evil\w*", outside, re.IGNORECASE)) == {
        "int_evil_output",
        "INT_EVIL_OUTPUT_COUNT",
        "INT_EVIL_OUTPUT_DIM0",
        "INT_EVIL_OUTPUT_DUMP",
    }


def test_c_has_no_empty_arrays(tmp_path):
    with pytest.raises(SettingError, match=r"y has shape \(0, 3\) and C has no empty arrays; write it as npy"):
        write_golden(tmp_path / "golden", [GoldenArray("y", "output", np.zeros((0, 3)), "float32")], about("c"))
    assert list(tmp_path.iterdir()) == []
