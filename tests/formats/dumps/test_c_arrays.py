"""Arrays in C source."""

import re

import ml_dtypes
import numpy as np
import pytest

import convproof as cp
from convproof.formats.dumps.declared import parse_format
from tests.formats.dumps.reading import SHAPE, X, only, within, written

SOURCE = """
#include <stdint.h>
/* golden = {1, 2}; float no[1] = {3}; */
#define N 3
static const float conv1[1][2][3][5] __attribute__((aligned(16))) = {%s};
const int8_t weights[] PROGMEM = { 1, -2, 0x7f, /* -128: */ 0x80, 017 };
#define BIAS {12, \\
              -34}
double d[N][2] = {{0.5, (double)0.25}, {1.5, -1.25}, {2.5e0, +2.0}}; // two in a row
float hex[] = {0x1.8p+1f, -0x1p-3F, 1.f, .5f};
std::array<float, 3> last = {1.5f, 2.5f, 3.5f};
const char *name = "float fake[1] = {7};";
uint16_t sizes[2*2] = {1u, 2U, 65535, INT16_C(4)};
"""


def nested(array, form):
    return "{" + ", ".join(nested(part, form) for part in array) + "}" if array.ndim else form % array


def test_several_arrays_in_one_file(tmp_path):
    found = written(tmp_path / "golden.h", SOURCE % ",".join(f"{v:.9g}f" for v in X.ravel()))
    assert list(found) == ["conv1", "weights", "BIAS", "d", "hex", "last", "sizes"]
    assert found["conv1"].array.dtype == np.float32
    assert found["conv1"].resolution is None
    assert np.array_equal(found["conv1"].array, X)
    assert found["weights"].array.dtype == np.int8
    assert found["weights"].array.tolist() == [1, -2, 127, -128, 15]
    assert found["BIAS"].array.tolist() == [12, -34]
    assert found["d"].array.tolist() == [[0.5, 0.25], [1.5, -1.25], [2.5, 2.0]]
    assert found["hex"].array.tolist() == [3.0, -0.125, 1.0, 0.5]
    assert found["last"].array.tolist() == [1.5, 2.5, 3.5]
    assert found["sizes"].array.tolist() == [1, 2, 65535, 4]


@pytest.mark.parametrize("sizes", ["[1][2][3][5]", "[][2][3][5]", "[A][B][C][D]", "[30]", "[1*30]", "[]"])
@pytest.mark.parametrize("ending", ["c", "h", "inc", "txt", "cpp"])
def test_nested_braces_are_a_shape(tmp_path, sizes, ending):
    found = only(tmp_path / f"a.{ending}", f"float y{sizes} = {nested(X, '%.4ff')};\n")
    assert found.array.shape == SHAPE
    assert str(found.resolution.name) == "4 decimals"
    assert within(found, X)


def test_flat_braces(tmp_path):
    flat = ", ".join(f"{v:g}" for v in X.ravel())
    assert only(tmp_path / "a.c", f"float y[1][2][3][5] = {{{flat}}};").array.shape == SHAPE
    assert only(tmp_path / "b.c", f"float y[SIZE] = {{{flat}}};").array.shape == (30,)


def test_numbers_to_be_included(tmp_path):
    assert only(tmp_path / "conv1.inc", "1.5f, 2.5f, // first\n-3.5f,\n").array.tolist() == [1.5, 2.5, -3.5]


@pytest.mark.parametrize(
    ("kind", "dtype"),
    [
        ("signed char", "int8"),
        ("unsigned char", "uint8"),
        ("q7_t", "int8"),
        ("static const short", "int16"),
        ("const uint32_t", "uint32"),
        ("unsigned", "uint32"),
    ],
)
def test_integers(tmp_path, kind, dtype):
    found = only(tmp_path / "a.c", f"{kind} y[2] = {{1, 100}};")
    assert found.array.dtype == dtype
    assert found.resolution is None


def test_codes_of_a_declared_format(tmp_path):
    found = only(tmp_path / "a.c", "const int16_t y[3] = {256, -128, 32767};", declared=parse_format("q7.8"))
    assert found.array.tolist() == [1.0, -0.5, 127.99609375]
    found = only(tmp_path / "b.c", "const uint8_t y[3] = {0, 128, 130};", declared=parse_format("uint8:0.5:128"))
    assert found.array.tolist() == [-64.0, 0.0, 1.0]


@pytest.mark.parametrize(("format", "dtype"), [("float16", np.float16), ("bfloat16", ml_dtypes.bfloat16)])
def test_bits_of_a_short_float(tmp_path, format, dtype):
    bits = X.ravel()[:4].astype(dtype).view(np.uint16)
    found = only(tmp_path / "a.c", f"uint16_t y[] = {{{', '.join(map(hex, bits))}}};", declared=parse_format(format))
    assert np.array_equal(found.array, X.ravel()[:4].astype(dtype))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("float y[2][2] = {{1.0f, 2.0f}, {3.0f", "line 1: the braces of 'y' are never closed; the file is cut short: write it again"),
        (
            "\nfloat y[2][2] = {1, 2, 3};",
            "line 2: y is declared with [2][2], and holds 3 numbers; the file is cut short, or the sizes are wrong",
        ),
        ("float y[1000000][1000000] = {0};", "y is declared with [1000000][1000000], and holds 1 numbers"),
        ("float y[] = {{1, 2}, {3}};", "line 1: the inner braces of y hold different counts of numbers; write every row in full"),
        ("float y[2] = {\n1.0,\nSCALE};", "line 3: 'SCALE' is no number; expected plain numbers between the braces of 'y'"),
        ("int8_t y[2] = {1, 200};", "line 1: '200' is no number of type int8"),
        ("int8_t y[2] = {1, 0.5};", "'0.5' is no number of type int8"),
        ("int8_t y[1] = {089};", "'089' is no number of type int8"),
        ("float y[2] = {1.0f / 3, 2};", "'/' is no number"),
        ("int main(void) { return 0; }", "a.c holds no number that could be of an array; expected lines of numbers, or arrays in C"),
        ("", "a.c is empty"),
    ],
)
def test_what_is_no_array(tmp_path, text, sentence):
    with pytest.raises((cp.FileError, cp.ShapeError), match=re.escape(sentence)):
        written(tmp_path / "a.c", text)


def test_codes_outside_the_declared_format(tmp_path):
    sentence = "a.c, line 1 holds the code 300, but int8:0.5 has codes from -128 to 127; look at the declared format"
    with pytest.raises(cp.DTypeError, match=re.escape(sentence)):
        only(tmp_path / "a.c", "int16_t y[2] = {1, 300};", declared=parse_format("int8:0.5"))


def test_deep_braces_take_no_time(tmp_path):
    assert only(tmp_path / "a.c", "float y[1] = " + "{" * 50_000 + "1.5" + "}" * 50_000 + ";").array.tolist() == [1.5]
