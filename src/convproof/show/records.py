"""Derivations, traces and arrays as plain data for JSON. Exact numbers are strings, "numerator/denominator"; texts are English."""

import math
from typing import Any

import numpy as np

from convproof.core.derivation import Derivation, Node, Number
from convproof.core.languages import ENGLISH
from convproof.core.sentence import spoken
from convproof.core.shapes import Array
from convproof.network.trace import Trace
from convproof.show.expression import folds, shown
from convproof.show.trace import SMALL

SCHEMA_VERSION = 1


def derivation(derivation: Derivation, full: bool = False) -> dict[str, Any]:
    """Everything a derivation says; long sums are folded as in the text unless ``full``."""
    computed = derivation.computed
    return {
        "layer": derivation.layer,
        "described": spoken(derivation.described, ENGLISH),
        "cell": list(derivation.cell),
        "formula": spoken(derivation.formula, ENGLISH),
        "value": derivation.value,
        "exact": str(derivation.exact),
        "computed": None if computed is None else computed.item(),
        "dtype": None if computed is None else str(computed.dtype),
        "ulps": derivation.ulps,
        "allowed": derivation.allowed,
        "tree": node(derivation.tree, full),
    }


def node(of: Node, full: bool) -> dict[str, Any]:
    """A node with its parts."""
    record: dict[str, Any] = {"value": float(of.value), "exact": str(of.value)}
    if of.name:
        record["name"] = spoken(of.name, ENGLISH)
    if of.note:
        record["note"] = of.note.text(ENGLISH)
    if isinstance(of, Number):
        cell = None if of.source.cell is None else list(of.source.cell)
        return record | {"from": of.source.what, "source": of.source.name, "input": of.source.index, "cell": cell}
    kept = [node(part, full) for part in shown(of, full)]
    more = {"parts_left_out": len(of.parts) - len(kept)} if folds(of.parts, full) else {}
    return record | {"operation": of.kind, "parts": kept} | more


def trace(trace: Trace, full: bool = False) -> list[dict[str, Any]]:
    """Every stage of a trace: shape, figures, and the numbers themselves where they are few (or ``full``)."""
    layers = {place.name: place.layer.describe() for place in trace.graph}
    return [
        {"name": name, "layer": layers.get(name)}
        | array(trace[name], full)
        | {"inner": {key: array(inner, full) for key, inner in (trace.inner(name) if name in layers else {}).items()}}
        for name in trace
    ]


def array(numbers: Array, full: bool = False) -> dict[str, Any]:
    """An array as shape, dtype, figures of its finite numbers, and values; NaN and infinities as strings."""
    record: dict[str, Any] = {"shape": list(numbers.shape), "dtype": str(numbers.dtype)}
    finite = numbers[np.isfinite(numbers)].astype(np.float64)
    if finite.size:
        record |= {"min": float(finite.min()), "max": float(finite.max()), "mean": float(finite.mean())}
    record["values"] = plain(numbers.tolist()) if numbers.size <= SMALL or full else None
    return record


def plain(value: Any) -> Any:
    """Nested lists that JSON can hold."""
    if isinstance(value, list):
        return [plain(v) for v in value]
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value
