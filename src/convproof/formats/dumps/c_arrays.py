"""Arrays in C source: ``const float conv1[1][3][2] = {{...}};``, several in one file, and ``#define CONV1 {...}``.

Comments and strings are blanked out. Casts, suffixes, hexadecimal integers and floats are read; a macro or an expression is no number.
"""

import math
import re
from dataclasses import dataclass
from functools import partial

from convproof.core.errors import FileError, ShapeError
from convproof.core.sentence import say
from convproof.core.shapes import Array, Shape
from convproof.formats.dumps.dump import Dump, Written
from convproof.formats.dumps.integers import BadIntegerError, read_integers
from convproof.formats.dumps.source import Source, line_of
from convproof.formats.dumps.text.groups import DEEPEST, closing, shape_of
from convproof.formats.dumps.text.numerals import NoNumberError, read_numerals
from convproof.formats.dumps.text.words import in_shape

START = re.compile(rb"=\s*\{|#[ \t]*define[ \t]+\w+[ \t]*(?:\\\r?\n\s*)?\{")
MACRO = re.compile(rb"#[ \t]*define[ \t]+(\w+)")
DECLARED = re.compile(rb"(?<!\w)([A-Za-z_]\w*)\s*((?:\[[^\[\]]*\]\s*)+)[^\[\]]*$")
TEMPLATE = re.compile(rb"(?:array|vector)\s*<\s*+([\w: ]++)\s*+(?:,[^<>]*)?>\s*([A-Za-z_]\w*)\s*$")
UNREAD = re.compile(rb'//[^\n]*|/\*[\s\S]*?(?:\*/|\Z)|"(?:\\.|[^"\\\n])*"')
CAST = re.compile(rb"\(\s*[A-Za-z_][\w\s]*+(?:\*\s*)?\)")
WRAPPED = re.compile(rb"\bU?INT\d+_C\s*\(([^()]*)\)")
LOOKS_LIKE_C = re.compile(rb"\]\s*[^={};\[\]]{0,100}=\s*\{")
BEFORE = 400  # bytes in which a declaration begins
TO_BLANKS = bytes.maketrans(b"{}(),;", b"      ")
INTEGER_TYPES = {
    "int8": rb"int8_t|int8|signed char|q7_t|s8|i8|char",
    "uint8": rb"uint8_t|uint8|unsigned char|uchar|u8|byte|bool",
    "int16": rb"int16_t|int16|short|q15_t|s16|i16",
    "uint16": rb"uint16_t|uint16|unsigned short|ushort|u16",
    "int32": rb"int32_t|int32|int|q31_t|s32|i32|signed",
    "uint32": rb"uint32_t|uint32|unsigned int|unsigned|uint|u32",
    "int64": rb"int64_t|int64|long|long long|s64|i64",
    "uint64": rb"uint64_t|uint64|unsigned long|unsigned long long|size_t|u64",
}
INTEGERS = {dtype: re.compile(rb"(?:^|\s|::)(?:" + words + rb")(?:\s+(?:int|const))*\s*$") for dtype, words in INTEGER_TYPES.items()}


@dataclass(frozen=True)
class Declaration:
    """One array: its name, the dtype of its integers ("" for floats), its declared sizes (None: no plain number), where its braces are."""

    name: str
    dtype: str
    sizes: tuple[int | None, ...]
    start: int
    end: int
    line: int


def looks_like_c(text: bytes) -> bool:
    """Whether a text holds an array in C."""
    return LOOKS_LIKE_C.search(text) is not None


def open_c(source: Source, text: bytes) -> tuple[Dump, ...]:
    """The arrays of a C source, none if it has none. Raises FileError for braces that are never closed."""
    return tuple(
        Dump(found.name, say("{path}, line {line}", path=source.path, line=found.line), partial(_read, source, found))
        for found in declarations(source, blanked(text))
    )


def declarations(source: Source, text: bytes) -> list[Declaration]:
    """Every initialised array outside of another one. Raises FileError."""
    found: list[tuple[bytes, bytes, bytes, int]] = []
    for start in START.finditer(text):
        head = re.split(rb"[;{}]", text[max(0, start.start() - BEFORE) : start.start()])[-1]
        brace = start.end() - 1
        if (macro := MACRO.match(start[0])) is not None:
            found.append((macro[1], b"", b"", brace))
        elif (plain := DECLARED.search(head)) is not None:
            found.append((plain[1], head[: plain.start()], plain[2], brace))
        elif (template := TEMPLATE.search(head)) is not None:
            found.append((template[2], template[1], b"", brace))
    result, behind = [], 0
    for (name, kind, sizes, brace), end in zip(found, closing(text, [brace for *_, brace in found]), strict=True):
        line = line_of(text, brace)
        if end is None:
            raise FileError(
                "{path}, line {line}: the braces of {name!r} are never closed; the file is cut short: write it again",
                path=source.path,
                line=line,
                name=name.decode("utf-8", "replace"),
            )
        if brace >= behind:
            result.append(Declaration(name.decode("utf-8", "replace"), _dtype(kind), _sizes(sizes), brace, end, line))
            behind = end
    return result


def blanked(text: bytes) -> bytes:
    """The text with blanks in place of comments and strings, as long as it was."""
    if b"//" not in text and b"/*" not in text and b'"' not in text:
        return text
    return UNREAD.sub(lambda found: re.sub(rb"[^\n]", b" ", found[0]), text)


def _read(source: Source, found: Declaration) -> Written:
    text = blanked(source.part(found.start, found.end)).replace(b"\\", b" ")
    if b"(" in text:
        text = CAST.sub(b" ", WRAPPED.sub(rb"\1", text))
    body = text.translate(TO_BLANKS)
    try:
        if found.dtype:
            written = Written(read_integers(body, found.dtype))
        else:
            plain = not body.translate(None, b"0123456789+-.eEfFlL \t\r\n")
            written = read_numerals(body.translate(None, b"fFlL") if plain else body).written()
    except NoNumberError as error:
        raise FileError(
            "{path}, line {line}: {word!r} is no number{of}; expected plain numbers between the braces of {name!r}",
            path=source.path,
            line=found.line + _lines_before(body, error.index),
            word=error.word,
            of=say(" of type {dtype}", dtype=found.dtype) if isinstance(error, BadIntegerError) else "",
            name=found.name,
        ) from None
    return in_shape(written, _shape(source, found, text, written.array))


def _shape(source: Source, found: Declaration, text: bytes, array: Array) -> Shape:
    """The declared shape, or what the braces say. Raises ShapeError if the numbers are not as many, or rows have different lengths."""
    sizes, count = found.sizes, array.size
    if len(sizes) > DEEPEST:
        raise ShapeError(
            "{path}, line {line}: {name} is declared with {n} sizes; an array has at most {most}: leave some of them out",
            path=source.path,
            line=found.line,
            name=found.name,
            n=len(sizes),
            most=DEEPEST,
        )
    said = shape_of(text, b"{}")
    if len(sizes) > 1 or (sizes and sizes[0] is not None):
        unknown = [axis for axis, size in enumerate(sizes) if size is None]
        known = math.prod(size or 1 for size in sizes)
        if unknown == [0] and known and count % known == 0:
            return (count // known, *(size or 1 for size in sizes[1:]))
        if not unknown and known == count:
            if len(sizes) == 1 and said is not None and len(said) > 1:
                return said
            return tuple(size or 0 for size in sizes)
        if not unknown or unknown == [0]:
            raise ShapeError(
                "{path}, line {line}: {name} is declared with {sizes}, and holds {count} numbers; "
                "the file is cut short, or the sizes are wrong",
                path=source.path,
                line=found.line,
                name=found.name,
                sizes="".join(f"[{'' if size is None else size}]" for size in sizes),
                count=count,
            )
    if said is None or math.prod(said) != count:
        raise ShapeError(
            "{path}, line {line}: the inner braces of {name} hold different counts of numbers; write every row in full",
            path=source.path,
            line=found.line,
            name=found.name,
        )
    return said


def _dtype(kind: bytes) -> str:
    """The dtype of a C type's integers; "" for any other type."""
    words = re.sub(rb"\b(?:static|const|constexpr|extern|volatile|register|inline|PROGMEM|alignas\s*\([^)]*\))", b" ", kind)
    return next((dtype for dtype, pattern in reversed(INTEGERS.items()) if pattern.search(b" ".join(words.split()))), "")


def _sizes(text: bytes) -> tuple[int | None, ...]:
    """The sizes between square brackets; products of numbers are multiplied, anything else is not known."""
    sizes: list[int | None] = []
    for inner in re.findall(rb"\[([^\[\]]*)\]", text):
        factors = [factor.strip().rstrip(b"uUlL") for factor in inner.split(b"*")]
        if not all(factor.isdigit() and len(factor) < 19 for factor in factors) or len(factors) > 16:
            sizes.append(None)
            continue
        sizes.append(math.prod(map(int, factors)))
    return tuple(sizes)


def _lines_before(body: bytes, index: int) -> int:
    """How many line ends stand before the ``index``-th word."""
    for n, found in enumerate(re.finditer(rb"\S+", body)):
        if n == index:
            return body.count(b"\n", 0, found.start())
    return 0
