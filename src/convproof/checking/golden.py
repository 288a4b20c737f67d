"""Golden vectors: the input, the weights and every layer's output of a network, for somebody who ports it.

    output = the formula in float64 on the arrays before, rounded once, to the format
    bound  = the lines of the layer on those arrays, at the cells where they are widest

The arrays before are the golden ones where the format is as fine as the network computes, so that each layer can be tested by itself;
with a coarser format they are the exact ones, and only what is written is rounded. The input is rounded first in any case, so that network
and port begin with the same numbers. The weights stay the network's own until they are written.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from inspect import signature
from pathlib import Path
from typing import Any

import numpy as np

from convproof.checking.reckoning import Reckoned, Reckoner, wide
from convproof.checking.remembering import after_training
from convproof.checking.subject import Subject, alone
from convproof.checking.weights import folds
from convproof.core.errors import NotCoveredError, SettingError
from convproof.core.evaluation import Case
from convproof.core.holder import with_arrays
from convproof.core.languages import ENGLISH
from convproof.core.layer import Layer
from convproof.core.lines import Lines
from convproof.core.resolution import Decimals, Digits, Resolution
from convproof.core.sentence import Text, either, spoken
from convproof.core.shapes import Array
from convproof.formats.dumps.declared import parse_format
from convproof.formats.golden.entries import BEFORE, FILES, LAYOUTS, Bound, Manifest
from convproof.formats.golden.stored import as_stored, digest, from_stored, resolution_of
from convproof.formats.golden.writing import GoldenArray, write_golden
from convproof.network.graph import Graph, Node, Place
from convproof.network.network import Network

OF_PYTHON = ("inplace", "dtype", "device", "seed")  # arguments that say nothing of the numbers


def golden(
    model: Layer | Network,
    x: Any,
    path: str | Path,
    *,
    files: str = "npy",
    layout: str = "nchw",
    format: str = "float32",
    fold: bool = False,
    force: bool = False,
    name: Text = "",
    given: Text = "",
) -> Manifest:
    """Write the golden vectors of ``model`` on ``x`` into the new folder ``path``, with a ``manifest.json``; returns the manifest.

    ``x`` is an array, or a tuple of arrays for several inputs. ``files``: "npy", "txt", "bin" (raw, little-endian), "c" (golden.h
    and golden.c) or "safetensors". ``layout`` "nhwc" puts axis 1 last in arrays of 4 and 5 axes. ``format``: "float32", "float16", "q7.8",
    "ap_fixed:16:6", "int8:0.05:-3"; a fixed-point format is written as its whole codes. ``fold`` takes every BatchNorm in eval into the
    weights of the layer before. ``force`` replaces golden vectors that are there already. ``name`` and ``given`` say in the manifest what
    model and input are. Changes nothing in the model.

    Raises SettingError for a format or layout that there is not, FileError for a folder that holds something else.
    """
    require_words(files, layout, format)
    as_given = x if isinstance(x, tuple) else (x,)
    network = alone(model, len(as_given)) if isinstance(model, Layer) else model
    inputs = network.arrays_of(as_given)
    subject = Subject.of(network, tuple(as_a_port_reads(array, format) for array in inputs))
    taken = dict(foldable(subject)) if fold else {}
    about = Manifest(
        spoken(name, ENGLISH) or type(model).__name__,
        "training" if network.training else "eval",
        spoken(given, ENGLISH) or "an array",
        files,  # type: ignore[arg-type]
        layout,  # type: ignore[arg-type]
        format,
        (),
        {head: into.by for head, into in taken.items()},
    )
    return write_golden(path, arrays_of(subject, inputs, taken, format), about, force)


def require_words(files: str, layout: str, format: str) -> None:
    """Raise SettingError for words that mean nothing here."""
    for option, word, known in (("files", files, FILES), ("layout", layout, LAYOUTS)):
        if word not in known:
            raise SettingError("{option}={word!r}: expected {known}", option=option, word=word, known=either(known))
    if isinstance(parse_format(format), Decimals | Digits):
        raise SettingError("format {format}: decimals are how a target prints its numbers; write float32, as txt", format=format)


def as_a_port_reads(x: Array, format: str) -> Array:
    """An input rounded to the format, in its own dtype."""
    resolution = resolution_of(format, str(x.dtype))
    return from_stored(as_stored("the input", wide(x), resolution), resolution, x.dtype)


@dataclass(frozen=True)
class Taken:
    """What a layer becomes that takes the scale and shift of the layer ``by`` into its weights."""

    arrays: dict[str, Array]
    by: str


def foldable(subject: Subject) -> Iterator[tuple[str, Taken]]:
    """Every layer that the next one can be folded into, by its name; the folded weights give what both layers give, within the bound."""
    graph = subject.network.graph
    uses = [id(node.layer) for node in graph]
    for head, fold in folds(graph):
        before, after = graph.node(head), graph.node(fold.by)
        if Place(head) in graph.outputs or uses.count(id(before.layer)) > 1 or uses.count(id(after.layer)) > 1:
            continue
        try:
            arrays = before.layer.folded(fold.scale)
        except NotCoveredError:
            continue
        if gives_both(subject, before, after, arrays):
            yield head, Taken(arrays, fold.by)


def gives_both(subject: Subject, before: Node, after: Node, arrays: dict[str, Array]) -> bool:
    """Whether a layer with other weights gives what two layers give; a scale of the rows of a matrix is not one of its columns."""
    inputs = [wide(x) for x in subject.trace.inputs_of(before.name)]
    came = before.layer.lines(None, inputs)
    lines = after.layer.lines(None, [came.exact], [came])
    changed = with_arrays(before.layer, before.layer.arrays | arrays)
    with np.errstate(all="ignore"):
        found = changed.step(*inputs, training=False).outputs[0]
        return bool((abs(found - lines.exact) <= lines.proof).all())


def arrays_of(subject: Subject, inputs: Sequence[Array], taken: Mapping[str, Taken], format: str) -> Iterator[GoldenArray]:
    """All arrays, in the order in which a port needs them: inputs, weights and statistics, then what the layers give.

    ``inputs`` are those before they were rounded: a number that was rounded down once must not be rounded down again.
    """
    graph, run = subject.network.graph, subject.run
    for name, x in zip(graph.inputs, inputs, strict=True):
        yield GoldenArray(name, "input", wide(x), str(x.dtype))
    yield from state_of(graph, taken)
    exact = AsTheyStand(subject.given())
    reckoner = Reckoner(graph, exact, run)
    moving = after_training(graph, list(subject.network.state_dict()))
    for node, outputs in reckoner:
        yield from statistics_after(node, graph, exact, moving)
        if node.name in taken:
            continue  # its own output is one that a folded port never has
        for k, y in enumerate(outputs):
            place = Place(node.name, k)
            dtype = run.known[place].dtype
            exact[place] = Reckoned(as_next_reads(y.values, resolution_of(format, str(dtype))))
            yield GoldenArray(str(place), "output", y.values, str(dtype), *made_by(node, graph, taken), bound_of(y))


def state_of(graph: Graph, taken: Mapping[str, Taken]) -> Iterator[GoldenArray]:
    """Weights and statistics as a port needs them: as they are, or with BatchNorms folded in.

    A statistic that a step in training moves is called bn1.running_mean.before; bn1.running_mean is what the step leaves.
    """
    gone = {fold.by for fold in taken.values()}
    for owner, layer in graph.layers().items():
        if owner in gone:
            continue
        arrays = {key: wide(array) for key, array in layer.state_dict().items()}
        described = layer.describe()
        if owner in taken:
            arrays.update(taken[owner].arrays)
            described = with_folded(described, taken[owner])
        for key, array in arrays.items():
            learnt = layer.declared()[key].learnt
            name = f"{owner}.{key}{BEFORE}" if layer.training and not learnt else f"{owner}.{key}"
            dtype = str(array.dtype if array.dtype.kind != "f" else layer.dtype)
            yield GoldenArray(name, "weight" if learnt else "statistic", array, dtype, described)


def statistics_after(node: Node, graph: Graph, exact: "AsTheyStand", moving: tuple[str, ...]) -> Iterator[GoldenArray]:
    """Running statistics as a step in training leaves them, of a layer that stands in one node."""
    own = [name for name in moving if name.rpartition(".")[0] == node.name]
    if not own or sum(other.layer is node.layer for other in graph) > 1:
        return
    case = Case(tuple(exact[place].values for place in node.sources), 0, True)
    for name in own:
        key = name.rpartition(".")[2]
        try:
            lines = node.layer.state_bounds(key, case)
        except NotCoveredError:
            continue
        dtype = node.layer.arrays[key].dtype
        values = lines.exact if dtype.kind == "f" else lines.exact.astype(dtype)
        bound = widest(lines) if dtype.kind == "f" else None
        yield GoldenArray(name, "output", values, str(dtype), in_full(node.layer), tuple(map(str, node.sources)), bound)


def made_by(node: Node, graph: Graph, taken: Mapping[str, Taken]) -> tuple[str, tuple[str, ...]]:
    """What makes an output, and the arrays that it reads: a layer, or the one before that took it into its weights."""
    for head, fold in taken.items():
        if fold.by == node.name:
            before = graph.node(head)
            return with_folded(in_full(before.layer), fold), tuple(map(str, before.sources))
    return in_full(node.layer), tuple(map(str, node.sources))


def with_folded(described: str, fold: Taken) -> str:
    """A layer that took another one into its weights."""
    return f"{described} with {fold.by} folded in"


def in_full(layer: Layer) -> str:
    """A layer with all its settings, as one would write it: somebody who writes in C does not know what PyTorch takes for granted."""
    settings, found = layer.settings(), dict[str, Any]()
    for argument in signature(type(layer).__init__).parameters.values() if layer.support == "ours" else ():
        usual = getattr(layer, argument.name, None) if argument.default is None else argument.default
        if argument.name in settings:
            found[argument.name] = settings[argument.name]
        elif argument.name not in OF_PYTHON and isinstance(usual, bool | int | float | str | tuple):
            found[argument.name] = usual
    return f"{type(layer).__name__}({', '.join(f'{name}={value!r}' for name, value in (found | settings).items())})"


def as_next_reads(values: Array, resolution: Resolution) -> Array:
    """What the next layers are evaluated on: the golden numbers, if the format loses nothing that the network has."""
    return resolution.render(values) if resolution.exact and values.dtype.kind == "f" else values


class AsTheyStand(dict[Place, Reckoned]):
    """Arrays that are taken as they stand, so that every layer's lines are its own alone."""

    def forget(self, place: Place) -> None:
        """No node will read this array any more."""
        self.pop(place, None)


def bound_of(reckoned: Reckoned) -> Bound | None:
    """The widest lines of an array; None where no bound is known, or nothing is rounded to a float."""
    if reckoned.values.dtype.kind != "f" or reckoned.border is not None:
        return None
    return widest(reckoned.own_lines)


def widest(lines: Lines) -> Bound | None:
    """The largest proof line and the largest usual line, each with its cell; None where one of them is endless."""
    if not lines.proof.size or not np.isfinite(lines.proof).all() or not np.isfinite(lines.sigma).all():
        return None
    found: list[Any] = []
    for line in (lines.proof, lines.usual):
        cell = np.unravel_index(int(np.argmax(line)), line.shape)
        found += [float(line[cell]), tuple(int(i) for i in cell)]
    return Bound(*found)


def require_weights(subject: Subject, manifest: Manifest, path: str | Path) -> None:
    """Raise SettingError for golden vectors that were written with other weights than the network has; folded ones are not looked at."""
    own = {array.name: array for array in state_of(subject.network.graph, {})}
    for entry in manifest.of("weight", "statistic"):
        if entry.name not in own or entry.name.rpartition(".")[0] in manifest.folded:
            continue
        stored = as_stored(entry.name, own[entry.name].exact, resolution_of(manifest.format, entry.computed_in))
        if digest(stored.transpose(entry.axes)) != entry.sha256:
            raise SettingError(
                "{path} was written with other weights than the network has now: {name} is not the same; write golden vectors again",
                path=path,
                name=entry.name,
            )
