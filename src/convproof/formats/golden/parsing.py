"""A manifest from JSON. Nothing in it is believed: types are checked, files stay in the folder, no shape is larger than any array's."""

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, cast

from convproof.core.errors import FileError, SettingError
from convproof.core.sentence import Text, either, say
from convproof.core.shapes import Shape
from convproof.formats.dumps.declared import DTYPES, parse_format
from convproof.formats.golden.entries import CHANNELS_LAST, FILES, LAYOUTS, ROLES, SCHEMA_VERSION, Bound, Entry, Layout, Manifest, axes_of

STORED = tuple(dtype for dtype in DTYPES if dtype != "bfloat16")  # which is stored as float32
MOST_ARRAYS = 100_000
MOST_NUMBERS = 1 << 31
MOST_AXES = 16
MOST_READ = 10_000
LARGEST = 1e300


@dataclass(frozen=True)
class Reader:
    """An object of a JSON file whose values are asked for by key and kind; ``where`` names it in messages."""

    record: Any
    where: Text

    def __post_init__(self) -> None:
        if not isinstance(self.record, dict):
            raise FileError("{where} holds {found}; expected an object with names", where=self.where, found=shown(self.record))

    def take(self, key: str, kind: Any, expected: Text, fits: Callable[[Any], bool] = lambda value: True) -> Any:
        """The value of a key. Raises FileError unless it is of the ``kind`` and ``fits``."""
        value = self.record.get(key)
        boolean = isinstance(value, bool) and kind is not bool
        if not isinstance(value, kind) or boolean or not fits(value):
            raise FileError(
                "{where} has {key} = {found}; expected {expected}: write it anew with convproof golden",
                where=self.where,
                key=key,
                found=shown(value),
                expected=expected,
            )
        return value

    def text(self, key: str, most: int = 10_000) -> str:
        """A text that is not endless."""
        return cast("str", self.take(key, str, say("a text"), lambda value: len(value) <= most))

    def name(self, key: str) -> str:
        """A text that is not empty."""
        return cast("str", self.take(key, str, say("a name"), lambda value: 0 < len(value) <= 10_000))

    def one_of(self, key: str, known: Sequence[str]) -> Any:
        """One of a few words."""
        value = self.record.get(key)
        return value if isinstance(value, str) and value in known else self.take(key, str, either(known), known.__contains__)

    def number(self, key: str) -> float:
        """A number that is finite and not negative."""
        return float(self.take(key, (int, float), say("a number of 0 or more"), lambda v: 0 <= v <= LARGEST))

    def whole(self, key: str) -> tuple[int, ...]:
        """A list of whole numbers, as many as an array may have axes."""
        found = self.take(
            key,
            list,
            say("a list of at most {most} whole numbers", most=MOST_AXES),
            lambda v: len(v) <= MOST_AXES and all(isinstance(i, int) and not isinstance(i, bool) and 0 <= i < MOST_NUMBERS for i in v),
        )
        return tuple(found)

    def names(self, key: str) -> tuple[str, ...]:
        """A list of texts."""
        expected = say("a list of at most {most} names", most=MOST_READ)
        return tuple(self.take(key, list, expected, lambda v: len(v) <= MOST_READ and all(isinstance(name, str) for name in v)))

    def texts(self, key: str, named: Callable[[str], bool] = lambda name: True) -> dict[str, str]:
        """An object of texts, whose names are such as they should be."""

        def fits(value: dict[str, Any]) -> bool:
            return all(isinstance(text, str) and named(name) for name, text in value.items())

        return cast("dict[str, str]", self.take(key, dict, say("texts by name"), fits))

    def format(self, key: str) -> str:
        """The name of a number format."""
        text = self.text(key, 200)
        try:
            parse_format(text)
        except SettingError as error:
            raise FileError("{where} has a wrong {key}: {reason}", where=self.where, key=key, reason=error.sentence) from error
        return text

    def require(self, key: str, expected: Any) -> None:
        """Raise FileError for a value that says something else than what it follows from."""
        found = self.record.get(key, expected)
        if found != expected:
            raise FileError(
                "{where} has {key} = {found}, where the rest of it says {expected}; change both, or neither",
                where=self.where,
                key=key,
                found=shown(found),
                expected=json.dumps(expected),
            )


def shown(value: Any) -> str:
    """A value from a file, shortened."""
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def manifest_of(reader: Reader) -> Manifest:
    """What an object of a JSON file says. Raises FileError for one that makes no sense."""
    version = reader.take("schema_version", int, say("schema_version {n}, which this version reads", n=SCHEMA_VERSION))
    if version != SCHEMA_VERSION:
        raise FileError(
            "{where} has schema_version {found}; this version reads {expected}: write it anew with convproof golden",
            where=reader.where,
            found=shown(version),
            expected=SCHEMA_VERSION,
        )
    reader.require("byte_order", "little")
    records = reader.take("arrays", list, say("a list of arrays"), lambda value: len(value) <= MOST_ARRAYS)
    entries = tuple(entry_of(Reader(record, say("{path}, array {k},", path=reader.where, k=k))) for k, record in enumerate(records))
    for key in ("name", "dump"):
        require_different(reader, key, [getattr(entry, key) for entry in entries])
    return Manifest(
        reader.text("model"),
        reader.text("mode"),
        reader.text("input"),
        reader.one_of("files", FILES),
        reader.one_of("layout", LAYOUTS),
        reader.format("format"),
        entries,
        reader.texts("folded"),
        reader.texts("hashes", is_plain),
    )


def require_different(reader: Reader, key: str, names: Sequence[str]) -> None:
    """Raise FileError for a name that stands twice."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise FileError("{where} has two arrays of the {key} {name!r}; expected each once", where=reader.where, key=key, name=name)
        seen.add(name)


def entry_of(reader: Reader) -> Entry:
    """One array. Raises FileError for one that makes no sense."""
    shape, axes = reader.whole("shape"), reader.whole("axes")
    if sorted(axes) != list(range(len(shape))):
        raise FileError("{where} has axes {axes} for shape {shape}; expected each axis once", where=reader.where, axes=axes, shape=shape)
    if math.prod(shape) > MOST_NUMBERS:
        raise FileError("{where} has shape {shape}, more numbers than any array has", where=reader.where, shape=shape)
    computed_in = reader.one_of("computed_in", (*DTYPES, "bool"))
    reader.require("stored_shape", [shape[axis] for axis in axes])
    layout = next((layout for layout in LAYOUTS if axes_of(shape, cast("Layout", layout)) == axes), None)
    if layout is not None:
        reader.require("layout", layout if len(shape) in CHANNELS_LAST else None)
    return Entry(
        reader.name("name"),
        reader.one_of("role", ROLES),
        shape,
        axes,
        reader.format("format") if "float" in computed_in else reader.text("format", 200),
        reader.one_of("dtype", STORED),
        computed_in,
        in_folder(reader, "file"),
        reader.text("inside"),
        in_folder(reader, "dump"),
        reader.text("sha256", 64),
        reader.text("described") if "described" in reader.record else "",
        reader.names("reads") if "reads" in reader.record else (),
        bound_of(reader, shape),
    )


def in_folder(reader: Reader, key: str) -> str:
    """The name of a file that lies in the manifest's own folder."""
    return cast("str", reader.take(key, str, say("the name of a file in the same folder"), is_plain))


def is_plain(name: str) -> bool:
    """Whether a name can only be that of a file in the same folder, on any system."""
    return PurePosixPath(name).name == name and name not in ("", ".", "..") and not set(name) & set('\\/:\0*?"<>|') and len(name) < 250


def bound_of(reader: Reader, shape: Shape) -> Bound | None:
    """The bound of an array of a shape, if it has one."""
    if "bound" not in reader.record:
        return None
    bound = Reader(reader.record["bound"], say("{where} bound", where=reader.where))
    cells = [bound.whole(key) for key in ("proof_at", "usual_at")]
    for cell in cells:
        if len(cell) != len(shape) or any(i >= size for i, size in zip(cell, shape, strict=True)):
            raise FileError("{where} is of cell {cell}; the array has shape {shape}", where=bound.where, cell=cell, shape=shape)
    return Bound(bound.number("proof"), cells[0], bound.number("usual"), cells[1])
