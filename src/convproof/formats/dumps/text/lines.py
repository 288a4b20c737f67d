"""One line of a log that holds more than numbers: which array it speaks of, and which numbers on it are the array's.

conv1: 0.1, 0.2                    a name and numbers
12:00:01 INFO conv1 0.1 0.2        the same; a time, and words such as INFO or "output of", are no names
bn1 =                              a name; its numbers are on the lines that follow
[conv1] shape (1, 4, 3, 3)         a name and a shape; also 1x4x3x3, torch.Size([1, 4, 3, 3]), CPUFloatType{1,4,3,3}
conv1[0][1][2] = 0.123             a name, a cell and its number; also conv1(0, 1, 2) and conv1[0, 1, 2]
tensor([[0.1, 0.2],                numbers, in the middle of something
], grad_fn=<ReluBackward0>)        the end of that
0.53 s for conv1, mean=0.1 std=2   neither a heading nor numbers of an array
"""

import re
from dataclasses import dataclass, replace
from itertools import pairwise

from convproof.core.shapes import Shape

NUMBER = rb"[+-]?(?:(?:\d++(?:\.\d*+)?|\.\d++)(?:[eE][+-]?\d++)?|nan|NaN|inf|Inf|1\.#\w++)"
TIME = re.compile(
    rb"^\s*\[?(?:\d{4}[-/.]\d\d?[-/.]\d\d?[T ,]*)?\d{1,2}:\d\d:\d\d(?:[.,]\d+){0,2}(?:Z|[+-]\d\d:?\d\d)?\]?[ \t]*(?:->|[-|>])?(?=[ \t\[]|$)"
    rb"|^\[[ \t]*\d+\.\d+\](?=[ \t]+[A-Za-z_/<])"
)
LEVEL = re.compile(rb"^[ \t]*(?:(?:DEBUG|INFO|WARNING|ERROR|CRITICAL):[\w.]*:|<(?:dbg|inf|wrn|err)>)")
COLOURS = re.compile(rb"\x1b\[[0-9;]*m")
NO_VALUES = re.compile(rb"\d[:%/]|:\d\d:")
MONTHS = frozenset(b"jan feb mar apr may jun jul aug sep oct nov dec".split())
TAIL = re.compile(rb"(?:,[ \t]*)?\b(?:grad_fn=<[^<>]*>|dtype=[\w.'<]+|device='[^']*'|requires_grad=\w+)")
WORD = re.compile(
    rb"(?<![\w.#\x80-\xff])/?[A-Za-z_\x80-\xff][\w\x80-\xff]*"
    rb"(?:(?:[./@+-]|::?(?=[A-Za-z_])|:(?=\d+[ \t]*(?:[=:\[(]|$)))[\w\x80-\xff]+)*"
)
SIZES = rb"([1-9]\d*(?:[ \t]*[,x*][ \t]*[1-9]\d*)*),?"
SHAPES = (
    rb"\b(?:shape|sizes?|dims?|dimensions?)\b[ \t]*+(?:[:=][ \t]*+)?(?:torch\.Size|Size)?\(?[\[({][ \t]*" + SIZES + rb"[ \t]*[\])}]\)?",
    rb"\btorch\.Size\(\[" + SIZES + rb"\]\)",
    rb"(?<!\w)[A-Z]\w{0,20}Type[ \t]*\{" + SIZES + rb"\}",
    rb"\b(?:shape|size|dims)\b[ \t]*+(?:[:=][ \t]*+)?([1-9]\d*(?:[ \t]*[x*,][ \t]*[1-9]\d*)+)",
    rb"(?<![\w.])([1-9]\d*(?:x[1-9]\d*)+)(?![\w.])",
)
SHAPE = re.compile(rb"|".join(SHAPES))
CELL = re.compile(
    rb"(?:^|[\s:>,])(?P<name>/?[A-Za-z_\x80-\xff][\w./:@\x80-\xff-]*)?[ \t]*"
    rb"(?P<cell>(?:\[[ \t]*\d{1,9}[ \t]*\])+|[\[(][ \t]*\d{1,9}(?:[ \t]*,[ \t]*\d{1,9})*[ \t]*[\])])"
    rb"[ \t]*(?:[:=]|->)?[ \t]*(?=[-+]?(?:[.\d]|(?i:nan|inf)(?![A-Za-z])))"
)
LONGEST_NAME = 200
CELL_WITHIN = 300  # bytes at the beginning of a line
LONG = 500  # bytes; behind them nothing but numbers is looked for
NOT_OF_NUMBERS = re.compile(rb"[^0-9+\-.,;\s\[\](){}|\"'eE]")
OF_SHAPES = (b"shape", b"size", b"dim", b"type", b"x")
OF_NUMBERS = b"0123456789+-.eE,; \t\r\nnaifNAIF"
SIZES_FIRST = re.compile(rb"((?:\[[ \t]*\d+[ \t]*\])+|[\[(][ \t]*\d+(?:[ \t]*,[ \t]*\d+)*,?[ \t]*[\])])[ \t]*[:=]")
SLICE = re.compile(rb"^[ \t]*\([\d,. \t]*\.,\.\)[ \t]*=[ \t]*$")
BLOCKS = re.compile(rb"^[ \t]*(?:Columns?[ \t]+\d+[ \t]+(?:to|through|and)[ \t]+\d+|" + NUMBER + rb"[ \t]*\*)[ \t]*:?$")
ROW = re.compile(rb"^[ \t]*\d+[ \t]*:(?=[ \t]*[-+.\d\[(])")
OF_VALUES = re.compile(rb"(?<![\w.#])" + NUMBER + rb"(?![\w.#])")
FRACTION = re.compile(rb"(?<![\w.])[+-]?(?:\d*\.\d+|\d+\.|\d+[eE][+-]?\d+)")
NUMBERS = frozenset(b"nan inf infinity ind snan qnan".split())  # nan(ind) is how Windows prints one
NOT_CELLS = (b"shape", b"size", b"sizes", b"dims", b"tensor", b"array")
OF_TIME = frozenset(b"ms us ns s sec seconds took time".split())
NEVER = frozenset(
    b"info debug warning warn error trace critical fatal root main tensor array parameter containing torch np numpy ndarray list "
    b"dtype float float16 float32 float64 double int int8 uint8 int16 int32 int64 shape size sizes dim dims new slice row rows column "
    b"columns channel batch n c h w of the for at in is after before with and from to ms us ns s sec seconds took time took:".split()
)
WEAK = frozenset(
    b"output outputs out input inputs layer node result results value values data dump activation activations feature features map".split()
)


@dataclass(frozen=True)
class Line:
    """What a line says.

    ``values`` is the text of its numbers, ``cell`` where they begin in the array, ``shapes`` what may be its shape. ``starts``: another
    array begins here; ``blocks``: columns are printed in blocks, or times a common factor. ``stamp`` is the pattern of what
    stands in front of the name in all lines of a block of cells.
    """

    name: bytes = b""
    values: bytes = b""
    shapes: tuple[Shape, ...] = ()
    cell: Shape | None = None
    starts: bool = False
    blocks: bool = False
    stamp: bytes = b""


def read_line(line: bytes) -> Line:
    """A line that is not made of numbers alone."""
    if len(line) > LONG and NOT_OF_NUMBERS.search(line, LONG) is None:
        cut = next((k for k in range(LONG, min(len(line), 2 * LONG)) if line[k : k + 1] in b" \t,;"), len(line))
        first = _read(line[:cut])
        return replace(first, values=first.values + line[cut:]) if first.values else first
    return _read(line)


def _read(line: bytes) -> Line:
    line = LEVEL.sub(b"", TIME.sub(b" ", COLOURS.sub(b"", line)))
    if SLICE.match(line):
        return Line()
    if BLOCKS.match(line):
        return Line(blocks=True)
    if (b"[" in line or b"(" in line) and (found := CELL.search(line[:CELL_WITHIN])) is not None:
        name, values = found["name"] or b"", line[found.end() :]
        if name.lower() not in NOT_CELLS and not values.translate(None, OF_NUMBERS):
            return Line(name, values, cell=sizes_of(found["cell"]))
    shapes: tuple[Shape, ...] = ()
    lower = line.lower()
    if any(word in lower for word in OF_SHAPES):
        shapes = tuple(sizes_of(next(group for group in found.groups() if group)) for found in SHAPE.finditer(line))
        line = SHAPE.sub(b" ", line)
    if b"=" in line:
        line = TAIL.sub(b" ", line)
    words = [word for word in WORD.finditer(line) if word[0].lower() not in NUMBERS]
    if words:
        return _with_words(line, words, shapes)
    values = _values(ROW.sub(b"", line))
    return Line(values=values if OF_VALUES.search(values) or not shapes else b"", shapes=shapes)


def _with_words(line: bytes, words: list[re.Match[bytes]], shapes: tuple[Shape, ...]) -> Line:
    """A line with words in it: the numbers behind the last one, or in front of a remark, are the array's."""
    gaps = [line[: words[0].start()]]
    gaps += [line[word.end() : after.start()] for word, after in pairwise(words)] + [line[words[-1].end() :]]
    counts = [len(OF_VALUES.findall(gap)) for gap in gaps]
    most = max(counts)
    at = len(counts) - 1 - counts[::-1].index(most)
    name = name_among([word[0] for word in words[:at]]) or name_among([word[0] for word in words])
    starts = any(line[word.end() : word.end() + 1] == b"(" for word in words if word[0].lower().endswith((b"tensor", b"array")))
    if most > 1 and (
        NO_VALUES.search(gaps[at]) or (FRACTION.search(gaps[at]) is None and any(word[0].lower() in MONTHS for word in words))
    ):
        return Line()  # "ets Jun  8 2016 00:22:57", "Jan 01 2023", "Layer 1/3 of 7 done"
    runs = [k for k, count in enumerate(counts) if count > 1 and FRACTION.search(gaps[k])]
    if (at == 0 and most > 1 and sum(counts) > most) or len(runs) > 1:
        return Line(values=line)  # "0.1 0.2 abc 0.4", "conv1 0.1 0.2 relu 0.3 0.4": words among numbers, which will be refused
    if most == 1 and at < len(words) and FRACTION.search(gaps[at]) is None:
        return Line(name_among([word[0] for word in words[at:]]), shapes=shapes)  # "I (1234) conv1:"
    if most == 1 and NO_VALUES.search(gaps[at]):
        return Line()  # "done 100%"
    if most == 1 and (at < len(words) or sum(FRACTION.search(gap) is not None for gap in gaps) > 1):
        return Line()  # "took 0.53 s", "mean=0.1 std=2.5"
    if most == 1 and not name and any(word[0].lower() in OF_TIME for word in words):
        return Line()  # "took: 3.5"
    gap = gaps[at].lstrip(b" \t])}") if name else gaps[at]
    if (sizes := SIZES_FIRST.match(gap)) is not None:
        gap, shapes = gap[sizes.end() :], (*shapes, sizes_of(sizes[1]))
    if name and not most:
        gap = re.sub(rb"[^\[({]", b"", gap)
    return Line(name, _values(gap), shapes, starts=starts)


def name_among(words: list[bytes]) -> bytes:
    """The last word that may be a name: a weak one, such as "output", only if there is no other."""
    known = [word for word in words if len(word) <= LONGEST_NAME and word.lower() not in NEVER]
    strong = [word for word in known if word.lower() not in WEAK]
    return (strong or known or [b""])[-1]


def sizes_of(text: bytes) -> Shape:
    """The whole numbers in a text as sizes, at most 16."""
    return tuple(int(number) for number in re.findall(rb"\d{1,18}", text)[:16])


def _values(text: bytes) -> bytes:
    """The text of numbers without the marks in front of it; nothing if there is no number and no bracket in it."""
    if not re.search(rb"[\d\[\](){}]|nan|inf", text, re.IGNORECASE):
        return b""
    return re.sub(rb"^(?:[ \t:=#*|>\"'`~]|-+>|--+)*", b"", text).rstrip(b" \t\r\n:;=#*|\"'`~/")
