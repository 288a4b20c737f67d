"""Arrays as a C99 header: ``static const float conv1_output[1][4][7][6] = {...};``, each under a comment that says what it is.

Floats have so many digits that a compiler reads the same number again. Names and descriptions come from models that nobody has looked at,
so that only harmless characters of them reach the header.
"""

import re
from collections.abc import Iterator, Mapping

import numpy as np

from convproof.core.errors import SettingError
from convproof.core.fixed_point import Fixed
from convproof.core.shapes import Array, Shape
from convproof.formats.dumps.declared import parse_format
from convproof.formats.golden.entries import Entry, Manifest

TYPES = {
    "float16": "float",
    "float32": "float",
    "float64": "double",
    **{f"{sign}int{bits}": f"{sign}int{bits}_t" for sign in ("", "u") for bits in (8, 16, 32, 64)},
}
PATTERNS = {"float16": "%.8ef", "float32": "%.8ef", "float64": "%.16e", "int64": "%dLL", "uint64": "%dULL"}
WIDEST = 8
LEAST = np.iinfo(np.int64).min


def header(about: Manifest, arrays: Mapping[Entry, Array]) -> Iterator[str]:
    """The lines of a header with all arrays."""
    yield f"/* golden vectors of {harmless(about.model)}\n   input: {harmless(about.input)}\n"
    yield f"   number format: {harmless(about.format)}{codes(about.format)}; order of the axes: {about.layout} */\n"
    yield "#ifndef GOLDEN_H\n#define GOLDEN_H\n\n#include <math.h>\n#include <stdint.h>\n"
    for entry, stored in arrays.items():
        role = "" if entry.role == entry.name else f"{entry.role} "
        yield f"\n/* {role}{harmless(entry.name)}{told(entry)} */\n"
        yield from definition(stored, entry)
    yield "\n#endif\n"


def codes(format: str) -> str:
    """What whole numbers mean, where the format is a fixed-point one."""
    fixed = parse_format(format)
    if not isinstance(fixed, Fixed):
        return ""
    return f", number = {f'(code - {fixed.zero})' if fixed.zero else 'code'} * {fixed.step:.17g}"


def told(entry: Entry) -> str:
    """What the comment says beside the name: the layer, the shape in the network, the format, the bound."""
    parts = [harmless(entry.described)] if entry.described else []
    parts += [f"shape in the network {' x '.join(map(str, entry.shape)) or '1'}", harmless(entry.format)]
    if entry.bound is not None:
        parts.append(f"rounding in float moves it by at most {entry.bound.proof:.3g}")
    return ": " + "; ".join(parts)


def definition(stored: Array, entry: Entry) -> Iterator[str]:
    """The lines of one array."""
    if stored.size == 0:
        raise SettingError("{name} has shape {shape} and C has no empty arrays; write it as npy", name=entry.name, shape=entry.shape)
    shape: Shape = stored.shape or (1,)
    yield f"static const {TYPES[stored.dtype.name]} {entry.inside}{''.join(f'[{size}]' for size in shape)} = {{\n"
    yield from rows(stored.reshape(shape), 1)
    yield "};\n"


def rows(stored: Array, depth: int) -> Iterator[str]:
    """The numbers of an array in nested braces, eight a line."""
    indent = "  " * depth
    if stored.ndim > 1 and (stored.ndim > 2 or stored.shape[-1] > WIDEST):
        for part in stored:
            yield indent + "{\n"
            yield from rows(part, depth + 1)
            yield indent + "},\n"
    elif stored.ndim > 1:
        yield from (f"{indent}{{{', '.join(texts_of(row))}}},\n" for row in stored)
    else:
        yield from (f"{indent}{', '.join(texts_of(stored[k : k + WIDEST]))},\n" for k in range(0, len(stored), WIDEST))


def texts_of(row: Array) -> list[str]:
    """Numbers as C literals."""
    pattern = PATTERNS.get(row.dtype.name, "%d")
    plain = np.isfinite(row).all() if row.dtype.kind == "f" else not (row.dtype == np.int64 and (row == LEAST).any())
    return [pattern % value if plain else literal(value, pattern) for value in row.tolist()]


def literal(value: float | int, pattern: str) -> str:
    """One number, which may be one that C has no plain literal for."""
    if isinstance(value, int):
        return "(-9223372036854775807LL - 1)" if value == LEAST else pattern % value
    if np.isnan(value):
        return "NAN"
    return pattern % value if np.isfinite(value) else "INFINITY" if value > 0 else "-INFINITY"


def identifier(name: str, role: str) -> str:
    """conv1_output, conv1_weight, input."""
    words = name if role in ("weight", "statistic") or name == role else f"{name}_{role}"
    plain = re.sub(r"[\W_]+", "_", words, flags=re.ASCII).strip("_")
    return plain if plain[:1].isalpha() else f"layer_{plain}"


def harmless(text: str) -> str:
    """Only characters that can neither end a comment nor begin one."""
    return re.sub(r"[^A-Za-z0-9 _.,:;'()=<>\[\]+-]", "_", re.sub(r"[\s/]+", " ", text))
