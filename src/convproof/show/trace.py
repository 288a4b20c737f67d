"""A trace as text: every stage in the order in which it was computed, small arrays in full, large ones in figures and a corner."""

from collections.abc import Iterator

import numpy as np

from convproof.core.sentence import listed, say
from convproof.core.shapes import Array
from convproof.network.trace import Trace
from convproof.show.numbers import cell, rough, rows

SMALL = 256
WIDE = 120
CORNER = 4
RESIDUES = 4


def text(trace: Trace, lang: str | None = None, full: bool = False) -> str:
    """Every array of the trace, and the inner quantities of the layers that have any."""
    return "\n\n".join("\n".join(stage(trace, name, lang, full)) for name in trace)


def stage(trace: Trace, name: str, lang: str | None = None, full: bool = False) -> Iterator[str]:
    """One stage: a heading, the array, and inner quantities under their names."""
    array = trace[name]
    yield f"{name}  {heading(trace, name, lang)}{array.shape} {array.dtype}"
    if (node := producer(trace, name)) is not None:
        for key, inner in trace.inner(node).items():
            yield f"  {key} {inner.shape}"
            yield from ("    " + line for line in block(inner, full, lang))
        if trace.inner(node):
            yield "  " + say("output").text(lang)
            yield from ("    " + line for line in block(array, full, lang))
            return
    yield from ("  " + line for line in block(array, full, lang))


def heading(trace: Trace, name: str, lang: str | None) -> str:
    """What made an array: a layer with its settings, or a sentence about the preparation of an image."""
    if (node := producer(trace, name)) is not None:
        return trace.graph.node(node).layer.describe() + "  "
    for input_name, batch in trace.before.items():
        for made in batch.stages:
            if name == f"{input_name}.{made.name}":
                return f"{made.sentence.text(lang)}  "
        if name == input_name:
            return f"{batch.sentence.text(lang)}  "
    return ""


def producer(trace: Trace, name: str) -> str | None:
    """The node whose first output an array is."""
    return name if any(node.name == name for node in trace.graph) else None


def block(array: Array, full: bool, lang: str | None = None) -> Iterator[str]:
    """The numbers of an array."""
    if array.size <= SMALL or full:
        yield from in_full(array, lang)
    else:
        yield from in_figures(array, lang)


def in_full(array: Array, lang: str | None = None) -> Iterator[str]:
    """Every number: matrices side by side, one row of them for each leading index; tiny residues behind 0.0000 are told."""
    if array.ndim < 2:
        yield from rows(array.reshape(1, -1)) if array.size else ["[]"]
    else:
        yield from matrices(array)
    yield from residues(array, lang)


def matrices(array: Array) -> Iterator[str]:
    """The last two axes as matrices; those of the axis before stand side by side as far as there is room."""
    lead = array.shape[:-3]
    for index in np.ndindex(*lead):
        group = array[index] if array.ndim > 2 else array[None]
        blocks = [rows(matrix) for matrix in group]
        across = max(1, WIDE // (len(blocks[0][0]) + 3)) if blocks and blocks[0] else 1
        for start in range(0, len(blocks), across):
            if array.ndim > 2:
                last = min(start + across, len(blocks)) - 1
                inner = str(start) if start == last else f"{start}..{last}"
                yield f"[{', '.join([*map(str, index), inner])}]"
            for line in zip(*blocks[start : start + across], strict=True):
                yield "   ".join(line)


def residues(array: Array, lang: str | None = None) -> Iterator[str]:
    """The numbers that four decimals show as 0.0000 though they are not 0."""
    if array.dtype.kind != "f" or array.ndim == 0:
        return
    tiny = [tuple(map(int, at)) for at in np.argwhere((array != 0) & (abs(array) < 5e-5))]
    if tiny:
        told = [f"[{', '.join(map(str, at))}] = {rough(float(array[at]))}" for at in tiny[: RESIDUES + 1]]
        rest = [""] * (len(tiny) - len(told))
        yield say("0.0000 stands for {numbers}", numbers=listed([*told, *rest], most=RESIDUES)).text(lang)


def in_figures(array: Array, lang: str | None = None) -> Iterator[str]:
    """Smallest, mean, largest, standard deviation, how many are 0 or not finite, and a corner of the first matrix."""
    values = array.astype(np.float64)
    finite = values[np.isfinite(values)]
    if finite.size:
        yield say(
            "min {min}  mean {mean}  max {max}  std {std}  zeros {zeros}",
            min=cell(finite.min()),
            mean=cell(finite.mean()),
            max=cell(finite.max()),
            std=cell(finite.std()),
            zeros=f"{np.mean(values == 0):.0%}",
        ).text(lang)
    if finite.size < values.size:
        yield say("not finite: {n} of {all}", n=values.size - finite.size, all=values.size).text(lang)
    corner = array[(0,) * max(0, array.ndim - 2)]
    cut = corner[..., :CORNER] if corner.ndim < 2 else corner[:CORNER, :CORNER]
    for line in rows(cut.reshape(-1, cut.shape[-1])):
        yield line.removesuffix("]") + "  ..."
    yield "..."
