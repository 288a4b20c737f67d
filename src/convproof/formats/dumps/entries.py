"""What a manifest of golden vectors says: records of a folder and its arrays, to JSON and back.

The manifest describes what was written: for every array its name and role, its shape in the network, the order of the axes and the number
format it was written in, its file, and the SHA-256 of its numbers (as they are stored: little-endian, in C order). Outputs also have their
bound. A port copies the manifest beside its own dumps, whose numbers then differ; input and weights may not.

A manifest is untrusted: types are checked, files stay inside the folder, and no shape is larger than any array's.
"""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, Literal, cast, get_args

import numpy as np

from convproof.core.errors import FileError, ShapeError, UnknownNameError
from convproof.core.sentence import Text, either, listed, say
from convproof.core.shapes import Array, Cell, Shape

MANIFEST = "manifest.json"
SCHEMA_VERSION = 1
MOST_ARRAYS = 100_000
MOST_NUMBERS = 1 << 31
MOST_AXES = 16

Role = Literal["input", "weight", "statistic", "output"]
Files = Literal["c", "bin", "npy", "txt", "safetensors"]
Layout = Literal["nchw", "nhwc"]
ROLES, FILES, LAYOUTS = (cast("tuple[str, ...]", get_args(words)) for words in (Role, Files, Layout))


@dataclass(frozen=True)
class Bound:
    """How far a correct computation may stray in a layer on its exact input: the largest proof and usual line, and the cells they are of."""

    proof: float
    proof_at: Cell
    usual: float
    usual_at: Cell


@dataclass(frozen=True)
class Entry:
    """One array. ``shape`` is that in the network; in the file axis k is axis ``axes[k]`` of it.

    ``format`` is the number format, such as q7.8, ``dtype`` what the file holds (whole codes of a fixed-point format), ``computed_in`` the
    network's own dtype. ``dump`` is the stem of the file in which a port's own numbers of this array are looked for.
    """

    name: str
    role: Role
    shape: Shape
    axes: tuple[int, ...]
    format: str
    dtype: str
    computed_in: str
    file: str
    dump: str
    sha256: str
    described: str = ""
    bound: Bound | None = None

    @property
    def stored_shape(self) -> Shape:
        """The shape in the file."""
        return tuple(self.shape[axis] for axis in self.axes)

    def in_the_network(self, stored: Array) -> Array:
        """An array of the file's shape as the network has it."""
        return stored.transpose(tuple(int(k) for k in np.argsort(self.axes)))


@dataclass(frozen=True)
class Manifest:
    """All arrays of a folder of golden vectors, and what they are of.

    ``folded`` says which layer each BatchNorm was folded into: {"conv1": "bn1"}. ``hashes`` are those of the files.
    """

    model: str
    mode: str
    input: str
    files: Files
    layout: Layout
    format: str
    arrays: tuple[Entry, ...]
    folded: Mapping[str, str] = field(default_factory=dict)
    hashes: Mapping[str, str] = field(default_factory=dict)

    def of(self, *roles: Role) -> tuple[Entry, ...]:
        """The arrays that have one of these roles."""
        return tuple(entry for entry in self.arrays if entry.role in roles)

    def to_dict(self) -> dict[str, Any]:
        """The manifest as plain data for JSON."""
        return {
            "schema_version": SCHEMA_VERSION,
            "model": self.model,
            "mode": self.mode,
            "input": self.input,
            "files": self.files,
            "layout": self.layout,
            "format": self.format,
            "byte_order": "little",
            "folded": dict(self.folded),
            "arrays": [_record(entry, self.layout) for entry in self.arrays],
            "hashes": dict(self.hashes),
        }

    def text(self) -> str:
        """The manifest as JSON."""
        return json.dumps(self.to_dict(), indent=1, ensure_ascii=False, allow_nan=False) + "\n"

    def require_fit(self, shapes: Mapping[str, Shape], path: str | Path = MANIFEST) -> None:
        """Raise UnknownNameError or ShapeError unless all arrays of the network have these ``shapes``, by name.

        A bias that came in by folding is none of the network's own.
        """
        folded = {f"{name}.bias" for name in self.folded}
        for entry in self.arrays:
            if entry.name not in shapes and entry.name not in folded:
                raise UnknownNameError(
                    "{path} is of another model: it holds {name}, which the network does not have; there are {names}",
                    path=path,
                    name=entry.name,
                    names=listed(shapes, most=12),
                )
            if entry.name in shapes and shapes[entry.name] != entry.shape:
                raise ShapeError(
                    "{path} is of another model, or of an input of another size: {name} has shape {found} there and {expected} in the "
                    "network; write golden vectors of this network",
                    path=path,
                    name=entry.name,
                    found=entry.shape,
                    expected=shapes[entry.name],
                )


def _record(entry: Entry, layout: Layout) -> dict[str, Any]:
    """One array as plain data. Endless lines have no number in JSON: such a bound is left out."""
    record: dict[str, Any] = {
        "name": entry.name,
        "role": entry.role,
        "shape": list(entry.shape),
        "stored_shape": list(entry.stored_shape),
        "axes": list(entry.axes),
        "layout": layout if len(entry.shape) > 2 else None,
        "format": entry.format,
        "dtype": entry.dtype,
        "computed_in": entry.computed_in,
        "file": entry.file,
        "dump": entry.dump,
        "sha256": entry.sha256,
    }
    if entry.described:
        record["described"] = entry.described
    if entry.bound is not None:
        bound = entry.bound
        record["bound"] = {
            "proof": bound.proof,
            "proof_at": list(bound.proof_at),
            "usual": bound.usual,
            "usual_at": list(bound.usual_at),
        }
    return record


@dataclass(frozen=True)
class Reader:
    """An object of a JSON file whose values are asked for by key and kind; ``where`` names it in messages."""

    record: Any
    where: Text

    def __post_init__(self) -> None:
        if not isinstance(self.record, dict):
            raise FileError("{where} holds {found}; expected an object with names", where=self.where, found=_shown(self.record))

    def take(self, key: str, kind: Any, expected: Text, fits: Callable[[Any], bool] = lambda value: True) -> Any:
        """The value of a key. Raises FileError unless it is of the ``kind`` and ``fits``."""
        value = self.record.get(key)
        boolean = isinstance(value, bool) and kind is not bool
        if not isinstance(value, kind) or boolean or not fits(value):
            raise FileError(
                "{where} has {key} = {found}; expected {expected}: write it anew with convproof golden",
                where=self.where,
                key=key,
                found=_shown(value),
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
        return self.take(key, str, either(known), lambda value: value in known)

    def number(self, key: str) -> float:
        """A number that is finite and not negative."""
        return float(self.take(key, (int, float), say("a number of 0 or more"), lambda v: math.isfinite(v) and v >= 0))

    def whole(self, key: str, below: int = MOST_NUMBERS) -> tuple[int, ...]:
        """A list of whole numbers, as many as an array may have axes."""
        found = self.take(
            key,
            list,
            say("a list of at most {most} whole numbers", most=MOST_AXES),
            lambda v: len(v) <= MOST_AXES and all(isinstance(i, int) and not isinstance(i, bool) and 0 <= i < below for i in v),
        )
        return tuple(found)

    def texts(self, key: str) -> dict[str, str]:
        """An object of texts."""
        found = self.take(key, dict, say("texts by name"), lambda v: all(isinstance(text, str) for text in v.values()))
        return cast("dict[str, str]", found)


def _shown(value: Any) -> str:
    """A value from a file, shortened."""
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def manifest_of(reader: Reader) -> Manifest:
    version = reader.take("schema_version", int, say("schema_version {n}, which this version reads", n=SCHEMA_VERSION))
    if version != SCHEMA_VERSION:
        raise FileError(
            "{where} has schema_version {found}; this version reads {expected}: write it anew with convproof golden",
            where=reader.where,
            found=version,
            expected=SCHEMA_VERSION,
        )
    records = reader.take("arrays", list, say("a list of arrays"), lambda value: len(value) <= MOST_ARRAYS)
    entries = tuple(_entry(Reader(record, say("{path}, array {k},", path=reader.where, k=k))) for k, record in enumerate(records))
    for key in ("name", "dump"):
        names = [getattr(entry, key) for entry in entries]
        double = next((name for k, name in enumerate(names) if name in names[:k]), None) if len(set(names)) < len(names) else None
        if double is not None:
            raise FileError("{where} has two arrays of the {key} {name!r}; expected each once", where=reader.where, key=key, name=double)
    return Manifest(
        reader.text("model"),
        reader.text("mode"),
        reader.text("input"),
        reader.one_of("files", FILES),
        reader.one_of("layout", LAYOUTS),
        reader.text("format", 200),
        entries,
        reader.texts("folded"),
        reader.texts("hashes"),
    )


def _entry(reader: Reader) -> Entry:
    shape, axes = reader.whole("shape"), reader.whole("axes")
    if sorted(axes) != list(range(len(shape))):
        raise FileError("{where} has axes {axes} for shape {shape}; expected each axis once", where=reader.where, axes=axes, shape=shape)
    if math.prod(shape) > MOST_NUMBERS:
        raise FileError("{where} has shape {shape}, more numbers than any array has", where=reader.where, shape=shape)
    entry = Entry(
        reader.name("name"),
        reader.one_of("role", ROLES),
        shape,
        axes,
        reader.text("format", 200),
        reader.one_of("dtype", DTYPES),
        reader.one_of("computed_in", (*DTYPES, "bool", "bfloat16")),
        _inside(reader, "file"),
        _inside(reader, "dump"),
        reader.text("sha256", 64),
        reader.text("described") if "described" in reader.record else "",
        _bound(reader, shape),
    )
    return entry


DTYPES = ("float16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")


def _inside(reader: Reader, key: str) -> str:
    """The name of a file that lies in the manifest's own folder."""

    def plain(name: str) -> bool:
        return PurePosixPath(name).name == name and name not in ("", ".", "..") and not set(name) & set('\\/:\0*?"<>|') and len(name) < 250

    return cast("str", reader.take(key, str, say("the name of a file in the same folder"), plain))


def _bound(reader: Reader, shape: Shape) -> Bound | None:
    if "bound" not in reader.record:
        return None
    bound = Reader(reader.record["bound"], say("{where} bound", where=reader.where))
    cells = [bound.whole(key) for key in ("proof_at", "usual_at")]
    for cell in cells:
        if len(cell) != len(shape) or any(i >= size for i, size in zip(cell, shape, strict=True)):
            raise FileError("{where} is of cell {cell}; the array has shape {shape}", where=bound.where, cell=cell, shape=shape)
    return Bound(bound.number("proof"), cells[0], bound.number("usual"), cells[1])
