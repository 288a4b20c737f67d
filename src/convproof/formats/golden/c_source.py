"""Arrays as C99, for C++ too: a header that declares them and says what they are, and sources that hold the numbers.

    golden.h   extern const float conv1_output[1][4][7][6];
               #define CONV1_OUTPUT_COUNT 168
    golden.c   const float conv1_output[1][4][7][6] = { ... };

A program that is compiled again and again reads the header alone. Floats have so many digits that a compiler reads the same number again.
Names and descriptions come from models that nobody has looked at, so that only harmless characters of them reach a comment.
"""

import math
import re
from collections.abc import Iterable, Iterator

import numpy as np

from convproof.core.errors import SettingError
from convproof.core.fixed_point import Fixed
from convproof.core.shapes import Array
from convproof.formats.dumps.declared import parse_format
from convproof.formats.golden.entries import Entry, Manifest
from convproof.formats.golden.numerals import CHUNK, NINE, Style, characters, framed

HEADER = "golden.h"
TYPES = {
    "float16": "float",
    "float32": "float",
    "float64": "double",
    **{f"{sign}int{bits}": f"{sign}int{bits}_t" for sign in ("", "u") for bits in (8, 16, 32, 64)},
}
LITERALS = Style(
    {"float16": NINE, "float32": NINE, "float64": ".16e"},
    {"float16": "f", "float32": "f", "int64": "LL", "uint64": "ULL"},
    "NAN",
    "INFINITY",
    "(-9223372036854775807LL - 1)",
)
WIDEST = 8  # numbers in a line
INDENT, SEPARATOR = b"  ", b", "
LONGEST = 40  # characters of a name: with what comes before and behind it they are less than the 63 that C99 promises to tell apart
TOP = """\
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
"""
BEGINNING = b"""\
/* the numbers of golden.h: compile this with the program, or include it in one source instead of the header */
#include "golden.h"
#include <math.h>
"""
BOTTOM = """
#ifdef __cplusplus
}
#endif

#endif
"""


def header(about: Manifest, entries: Iterable[Entry], parts: int) -> Iterator[str]:
    """The pieces of the header that declares all arrays; their numbers are in so many sources."""
    yield f"/* golden vectors of {harmless(about.model)}\n   input: {harmless(about.input)}\n"
    yield f"   number format: {harmless(about.format)}; order of the axes: {about.layout}\n"
    yield f"   numbers: in {', '.join(map(source, range(1, parts + 1)))} */\n"
    yield TOP
    yield from steps(about.format)
    for entry in entries:
        role = "" if entry.role == entry.name else f"{entry.role} "
        yield f"\n/* {role}{harmless(entry.name)}{told(entry)} */\n"
        yield f"GOLDEN_ARRAY extern {declared(entry)};\n"
        yield from sizes(entry)
    yield BOTTOM


def source(part: int) -> str:
    """The file with the numbers, or a further one: golden.c, golden_2.c ..."""
    return "golden.c" if part == 1 else f"golden_{part}.c"


def declared(entry: Entry) -> str:
    """An array's type, name and sizes; a single number is an array of one."""
    return f"const {TYPES[entry.dtype]} {entry.inside}{''.join(f'[{size}]' for size in entry.stored_shape or (1,))}"


def sizes(entry: Entry) -> Iterator[str]:
    """What a program has to know of an array: how many numbers, along which axes, and how its own dump of them is to be called."""
    name, shape = entry.inside.upper(), entry.stored_shape or (1,)
    yield f"#define {name}_COUNT {math.prod(shape)}\n"
    yield from (f"#define {name}_DIM{axis} {size}\n" for axis, size in enumerate(shape))
    if entry.role == "output":
        yield f'#define {name}_DUMP "{entry.dump}"\n'


def steps(format: str) -> Iterator[str]:
    """The step and the zero point of a fixed-point format."""
    fixed = parse_format(format)
    if isinstance(fixed, Fixed):
        yield "\n/* number = (code - GOLDEN_ZERO) * GOLDEN_STEP */\n"
        yield f"#define GOLDEN_STEP {fixed.step!r}\n#define GOLDEN_ZERO ({fixed.zero})\n"


def told(entry: Entry) -> str:
    """What the comment says beside the name: the layer, the shape in the network, the format, the bound."""
    parts = [harmless(entry.described)] if entry.described else []
    parts += [f"reads {harmless(', '.join(entry.reads))}"] if entry.reads else []
    parts += [f"shape in the network {' x '.join(map(str, entry.shape)) or '1'}", harmless(entry.format)]
    if entry.bound is not None:
        parts.append(f"rounding in float moves it by at most {entry.bound.proof:.3g}")
    return ": " + "; ".join(parts)


def definition(stored: Array, entry: Entry) -> Iterator[bytes]:
    """An array in parts. Raises SettingError for one without numbers."""
    if stored.size == 0:
        raise SettingError("{name} has shape {shape} and C has no empty arrays; write it as npy", name=entry.name, shape=entry.shape)
    yield f"\nGOLDEN_ARRAY {declared(entry)} = {{\n".encode()
    yield from parts(stored.reshape(stored.shape or (1,)), 1)
    yield b"};\n"


def parts(stored: Array, depth: int) -> Iterator[bytes]:
    """What stands between the braces of an array, not more than a chunk of it at a time."""
    each = stored[0].size
    if stored.ndim > 1 and each > CHUNK:
        for part in stored:
            yield b"%s{\n" % (INDENT * depth)
            yield from parts(part, depth + 1)
            yield b"%s},\n" % (INDENT * depth)
        return
    at_once = CHUNK // each
    for k in range(0, len(stored), at_once):
        few = stored[k : k + at_once]
        texts = framed(characters(few.reshape(-1), LITERALS), b"", SEPARATOR)
        yield nested(texts.reshape(1, *few.shape, -1), depth).tobytes().translate(None, b"\0")


def nested(texts: Array, depth: int) -> Array:
    """(n, *shape, width) characters of numbers as (n, length), what stands between the braces of n arrays of ``shape``.

    Numbers are equally wide, so rows are, too, and so on from the last axis to the first. Up to eight numbers stand in braces in one line,
    more of them in lines of eight.
    """
    n, *shape, width = texts.shape
    indent = INDENT * depth
    if len(shape) == 1:
        whole = shape[0] - shape[0] % WIDEST
        lines = texts[:, :whole].reshape(-1, WIDEST * width), texts[:, whole:].reshape(n, -1)
        return np.concatenate([framed(line[:, :-1], indent, b"\n").reshape(n, -1) for line in lines if line.size], axis=1)
    rows = texts.reshape(n * shape[0], *shape[1:], width)
    if len(shape) == 2 and shape[1] <= WIDEST:
        return framed(rows.reshape(len(rows), -1)[:, : -len(SEPARATOR)], indent + b"{", b"},\n").reshape(n, -1)
    return framed(nested(rows, depth + 1), indent + b"{\n", indent + b"},\n").reshape(n, -1)


def identifier(name: str, role: str) -> str:
    """conv1_output, conv1_weight, input."""
    plain = re.sub(r"[\W_]+", "_", name, flags=re.ASCII)[-LONGEST:].strip("_")
    plain = plain if plain[:1].isalpha() else f"layer_{plain}".rstrip("_")
    return plain if role in ("weight", "statistic") or name == role else f"{plain}_{role}"


def harmless(text: str) -> str:
    """Only characters that can neither end a comment nor begin one, nor change how it is read."""
    plain = re.sub(r"\s+", " ", text)
    return re.sub(r"[^A-Za-z0-9 _.,:;/'()=<>\[\]+-]", lambda found: f"<U+{ord(found[0]):04X}>" if found[0].isalnum() else "_", plain)
