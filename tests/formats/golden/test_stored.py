"""Numbers as a file holds them: rounded once to their format, or as whole codes; and their digest."""

import hashlib
import math

import numpy as np
import pytest

from convproof.core.errors import NotFiniteError
from convproof.formats.dumps.declared import parse_format
from convproof.formats.golden.stored import as_stored, digest, from_stored


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


def test_a_digest_is_of_the_little_endian_bytes():
    array = np.array([[1, 258]], np.int16)
    assert digest(array) == hashlib.sha256(b"\1\0\2\1").hexdigest()
    assert digest(array.astype(">i2")) == digest(np.asfortranarray(array)) == digest(array)
