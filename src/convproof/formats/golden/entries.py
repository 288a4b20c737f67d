"""What a manifest of golden vectors says: records of a folder and its arrays, to JSON and back.

The manifest describes what was written: for every array its name and role, its shape in the network, the order of the axes and the number
format it was written in, its file, and the SHA-256 of its numbers (as they are stored: little-endian, in C order). Outputs also have their
bound. A port copies the manifest beside its own dumps, whose numbers then differ; input and weights may not.

A manifest is untrusted: types are checked, files stay inside the folder, and no shape is larger than any array's.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, cast, get_args

import numpy as np

from convproof.core.errors import ShapeError, UnknownNameError
from convproof.core.fixed_point import Fixed
from convproof.core.sentence import say
from convproof.core.shapes import Array, Cell, Shape
from convproof.formats.dumps.declared import parse_format

MANIFEST = "manifest.json"
SCHEMA_VERSION = 1
BEFORE = ".before"  # what a statistic is called as a step in training finds it
CHANNELS_LAST = (4, 5)  # numbers of axes of arrays that a layout speaks of

Role = Literal["input", "weight", "statistic", "output"]
Files = Literal["c", "bin", "npy", "txt", "safetensors"]
Layout = Literal["nchw", "nhwc"]
ROLES, FILES, LAYOUTS = (cast("tuple[str, ...]", get_args(words)) for words in (Role, Files, Layout))
IN_WORDS = {"input": say("input"), "weight": say("weight"), "statistic": say("statistic"), "output": say("output")}


def axes_of(shape: Shape, layout: Layout) -> tuple[int, ...]:
    """The network's axes in the order in which a layout writes them: with nhwc, axis 1 comes last where there are 4 axes or 5."""
    axes = tuple(range(len(shape)))
    return (0, *axes[2:], 1) if layout == "nhwc" and len(shape) in CHANNELS_LAST else axes


@dataclass(frozen=True)
class Bound:
    """How far a correct computation may stray in a layer on its exact input: its largest proof and usual line, and their cells."""

    proof: float
    proof_at: Cell
    usual: float
    usual_at: Cell


@dataclass(frozen=True)
class Entry:
    """One array. ``shape`` is that in the network; in the file axis k is axis ``axes[k]`` of it.

    ``format`` is the number format, such as q7.8, ``dtype`` what the file holds (whole codes of a fixed-point format), ``computed_in`` the
    network's own dtype. ``inside`` is its name within a file that holds several, else empty. ``dump`` is the stem of the file in which a
    port's own numbers of this array are looked for. ``described`` is the layer with all its settings, ``reads`` are the arrays that it
    makes an output of.
    """

    name: str
    role: Role
    shape: Shape
    axes: tuple[int, ...]
    format: str
    dtype: str
    computed_in: str
    file: str
    inside: str
    dump: str
    sha256: str
    described: str = ""
    reads: tuple[str, ...] = ()
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
        """The manifest as plain data for JSON; of a fixed-point format also what a code means, (code - zero) * step."""
        format = parse_format(self.format)
        return {
            "schema_version": SCHEMA_VERSION,
            "model": self.model,
            "mode": self.mode,
            "input": self.input,
            "files": self.files,
            "layout": self.layout,
            "format": self.format,
            **({"step": format.step, "zero": format.zero} if isinstance(format, Fixed) else {}),
            "byte_order": "little",
            "folded": dict(self.folded),
            "arrays": [_record(entry, self.layout) for entry in self.arrays],
            "hashes": dict(self.hashes),
        }

    def text(self) -> str:
        """The manifest as JSON, one line an array."""
        whole = self.to_dict()
        arrays = ",\n".join("  " + json.dumps(record, ensure_ascii=False, allow_nan=False) for record in whole.pop("arrays"))
        rest = json.dumps(whole, indent=1, ensure_ascii=False, allow_nan=False).removesuffix("\n}")
        return f'{rest},\n "arrays": [\n{arrays}\n ]\n}}\n'

    def require_fit(self, shapes: Mapping[str, Shape], path: str | Path) -> None:
        """Raise UnknownNameError or ShapeError unless all arrays are ones of a network that has arrays of these ``shapes``, by name.

        A bias that came in by folding is none of the network's own.
        """
        folded = {f"{name}.bias" for name in self.folded}
        for entry in self.arrays:
            name = entry.name.removesuffix(BEFORE)
            if name not in shapes and name not in folded:
                raise UnknownNameError(
                    "{path} is of another model: it holds {name}, which the network does not have; write golden vectors of this network",
                    path=path,
                    name=name,
                )
            if name in shapes and shapes[name] != entry.shape:
                raise ShapeError(
                    "{path} is of another model, or of an input of another size: {name} has shape {found} there and {expected} in the "
                    "network; write golden vectors of this network on this input",
                    path=path,
                    name=name,
                    found=entry.shape,
                    expected=shapes[name],
                )


def _record(entry: Entry, layout: Layout) -> dict[str, Any]:
    """One array as plain data. Endless lines have no number in JSON: such a bound is left out."""
    record: dict[str, Any] = {
        "name": entry.name,
        "role": entry.role,
        "shape": list(entry.shape),
        "stored_shape": list(entry.stored_shape),
        "axes": list(entry.axes),
        "layout": layout if len(entry.shape) in CHANNELS_LAST else None,
        "format": entry.format,
        "dtype": entry.dtype,
        "computed_in": entry.computed_in,
        "file": entry.file,
        "inside": entry.inside,
        "dump": entry.dump,
        "sha256": entry.sha256,
    }
    if entry.described:
        record["described"] = entry.described
    if entry.reads:
        record["reads"] = list(entry.reads)
    if entry.bound is not None:
        bound = entry.bound
        record["bound"] = {
            "proof": bound.proof,
            "proof_at": list(bound.proof_at),
            "usual": bound.usual,
            "usual_at": list(bound.usual_at),
        }
    return record
