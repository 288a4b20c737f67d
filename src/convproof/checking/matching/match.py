"""Whose array is this? Claimed arrays find their places in the network: by name, else by their values, else by their size.

    by name     ``names.py``; an exact name is never looked at twice
    by values   of all arrays with as many cells, the network's own one that is clearly the closest (``likeness.py``); of several with
                the very same numbers (a Flatten has those of its input) the one of the claimed shape, else the first that is free
    by size     the only array of a layer with as many cells that nothing else was taken for

The last two are said in a note.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property, partial
from math import prod
from typing import Any

import numpy as np

from convproof.checking.claims import Claim
from convproof.checking.matching.counts import numbers
from convproof.checking.matching.layouts import OUTPUTS, SAMPLED, Expected, Fitted, Habit, Layout, closest, fit, orders_of, weight_letters
from convproof.checking.matching.likeness import Likeness
from convproof.checking.matching.misread import Bytes, as_many
from convproof.checking.matching.names import Names, Target
from convproof.checking.matching.sources import Source
from convproof.checking.subject import Subject
from convproof.core.errors import DTypeError, ShapeError, UnknownNameError
from convproof.core.formats import FLOAT64, format_of
from convproof.core.resolution import Resolution
from convproof.core.sentence import Sentence, did_you_mean, listed, say
from convproof.core.shapes import Array, Shape
from convproof.formats.dumps.dump import Written
from convproof.formats.dumps.settling import settled
from convproof.network.graph import Place

LOOKED_AT = 8


@dataclass(frozen=True)
class Matched:
    """Claims by place, those on parameters and statistics by their name in the state dict, and those on the network's inputs by name.

    ``ignored`` are single numbers that a log holds besides, such as "iterations: 100".
    """

    outputs: Mapping[Place, Callable[[], Claim]]
    state: Mapping[str, Callable[[], Claim]]
    inputs: Mapping[str, Callable[[], Claim]] = field(default_factory=dict)
    ignored: tuple[Sentence, ...] = ()


def match(subject: Subject, claimed: Mapping[str, Any], declared: Resolution | None = None, layout: str | None = None) -> Matched:
    """Where each claimed array (an array-like, a CPU tensor or a Dump) belongs. Those that are found by name are read later.

    ``declared`` says how finely all of them were written down, ``layout`` in which order their axes are, "nhwc" or "nhwc,hwio".

    Raises UnknownNameError for a name that matches nothing, or several things, and for two arrays that are the same one; SettingError
    for a layout that makes no sense. A claim itself raises ShapeError, DTypeError and FileError when it is read.
    """
    return Matching(subject, tuple(claimed), declared, Layout.parse(layout) if layout is not None else None).of(
        [Source.of(name, value) for name, value in claimed.items()]
    )


@dataclass
class Matching:
    """One set of claimed ``names`` on its way to the arrays of a network."""

    subject: Subject
    claimed: Sequence[str]
    declared: Resolution | None
    layout: Layout | None
    habit: Habit = field(default_factory=Habit)
    fitted: dict[Target, Fitted] = field(default_factory=dict)
    taken: dict[Target, Source] = field(default_factory=dict)
    notes: dict[Target, tuple[Sentence, ...]] = field(default_factory=dict)

    def of(self, sources: Sequence[Source]) -> Matched:
        """All of them, matched."""
        nameless = [source for source in sources if not self._by_name(source) and not self._prepares(source)]
        strange = [source for source in nameless if not self._by_values(source, source.read())]
        single = any(target.kind == "output" for target in self.alike(1))
        ignored = [source for source in strange if self.taken and not single and source.read().array.size == 1]
        for source in strange:
            if source not in ignored:
                self._by_size(source, source.read().array.shape)
        claims = {target: partial(self.claim, target, source) for target, source in self.taken.items()}
        return Matched(
            {self.subject.places[target.name]: read for target, read in claims.items() if target.kind == "output"},
            {target.name: read for target, read in claims.items() if target.kind == "state"},
            {target.name: read for target, read in claims.items() if target.kind == "input"},
            tuple(say("{name} is one number that belongs to no array: not looked at", name=source.called) for source in ignored),
        )

    def _by_name(self, source: Source) -> bool:
        target = self.names.find(source.name)
        if target is not None:
            self._take(source, target)
        return target is not None

    def _prepares(self, source: Source) -> bool:
        """Whether it is a stage on the way to an input that is there too, as in an archive that a run on images was saved to."""
        return any(source.name.startswith(f"{name}.") and name in self.claimed for name in self.subject.network.graph.inputs)

    def _take(self, source: Source, target: Target, *notes: Sentence) -> None:
        if target in self.taken:
            raise UnknownNameError(
                "{first} and {second} are both {target}; leave one of them out, or give it the name of its own layer",
                first=self.taken[target].called,
                second=source.called,
                target=target.name,
            )
        self.taken[target] = source
        self.notes[target] = notes

    def _by_values(self, source: Source, written: Written) -> bool:
        """Take an array for the one that it is clearly closest to; all its cells are looked at where some leave several open."""
        near = nearest(self._likenesses(self.alike(written.array.size), written, SAMPLED))
        if not self._same(near):
            near = nearest(self._likenesses(near, written, written.array.size))
        if not near or not self._same(near):
            return False
        free = [other for other in near if other not in self.taken] or near
        target = next((other for other in free if self.shape(other) == written.array.shape), free[0])
        self._take(source, target, say("{name} is taken for {target}, by its values", name=source.name, target=target.name))
        return True

    def _likenesses(self, targets: Sequence[Target], written: Written, most: int) -> dict[Target, Likeness]:
        """How alike the network's own arrays are, by ``most`` of their cells; without those that the shape cannot be."""
        layout, whole, read = self._layout(written), {t: self.dtype(t).kind in "iub" for t in targets}, dict[bool, Array]()
        for kind in set(whole.values()):
            with suppress(DTypeError):  # codes that the declared format does not have
                read[kind] = settled(written, self.declared, np.dtype(np.int64 if kind else np.float32), "").array
        found = {t: closest(read[whole[t]], self.expected(t), layout, most) for t in targets if whole[t] in read}
        return {target: likeness for target, likeness in found.items() if likeness is not None}

    def _same(self, targets: Sequence[Target]) -> bool:
        """Whether the network's own arrays hold the very same numbers."""
        return all(np.array_equal(self.array(t).ravel(), self.array(targets[0]).ravel(), equal_nan=True) for t in targets[1:])

    def _by_size(self, source: Source, shape: Shape) -> None:
        """Take an array for the only one of its size. Raises UnknownNameError if that is not one."""
        size = int(np.prod(shape))
        alike = [target for target in self.alike(size) if target.kind == "output"]
        free = [target for target in alike if target not in self.taken]
        if len(free) != 1 or size == 0:
            raise self._unknown(source, shape, alike)
        note = say(
            "{name} is taken for {target}, the only array of {numbers} left", name=source.name, target=free[0].name, numbers=numbers(size)
        )
        self._take(source, free[0], note)

    def _unknown(self, source: Source, shape: Shape, alike: Sequence[Target]) -> UnknownNameError:
        """The error for an array that belongs nowhere."""
        size = int(np.prod(shape))
        near = self.names.near(source.name)
        hint = did_you_mean(near) if near else say("give it the name of its layer")
        for more in (
            as_many(source.raw, lambda n: [t.name for t in self.alike(n) if t.kind == "output"]) if source.raw and not alike else ()
        ):
            hint = say("{first}; {second}", first=hint, second=more)
        if not alike:
            return UnknownNameError(
                "{name}: no array of the network is called so, and none has {numbers} (its shape is {found}); there are {others}; {hint}",
                name=source.called,
                numbers=numbers(size),
                found=shape,
                others=listed([say("{name} {shape}", name=t.name, shape=self.shape(t)) for t in self._nearest(size)]),
                hint=hint,
            )
        return UnknownNameError(
            "{name}: no array of the network is called so; of shape {found} it may be {names}, and its values are clearly closest to none "
            "that is still free; {hint}",
            name=source.called,
            found=shape,
            names=listed([target.name for target in alike], most=8),
            hint=hint,
        )

    def _nearest(self, size: int) -> list[Target]:
        """The arrays of layers that are nearest in size."""
        outputs = [target for target in self.names.targets.values() if target.kind == "output"]
        return sorted(outputs, key=lambda target: abs(prod(self.shape(target)) - size))[:4]

    def claim(self, target: Target, source: Source) -> Claim:
        """One array as a Claim on its target, read now. Raises ShapeError if it does not fit."""
        own, fresh = self.dtype(target), target not in self.fitted
        raw = None if source.raw is None else Bytes(source.raw, self.expected(target), own, self.declared, self.layout)
        if raw is not None and fresh:
            raw.require_count(source.called)
        written = source.read()
        found = settled(written, self.declared, own, source.called)
        if fresh:
            self._learn(target, found.array)
            fits = [other.name for other in self.alike(written.array.size)]
            self.fitted[target] = fit(found.array, self.expected(target), source.called, self._layout(written), self.habit, fits)
            if raw is not None and (doubt := raw.doubt(found.array)) is not None:
                self.notes[target] = (*self.notes[target], doubt)
        fitted = self.fitted[target]
        resolution = found.resolution.map(fitted.change) if found.resolution is not None else None
        native = format_of(own) if own.kind in "fV" else FLOAT64
        notes = (*self.notes[target], *found.notes, *fitted.notes)
        return Claim.of(np.ascontiguousarray(fitted.change(found.array)).reshape(self.shape(target)), native, resolution, notes)

    def _learn(self, target: Target, array: Array) -> None:
        """The order of axes that other arrays of this kind are clearly in, before the first one is read that may be in several."""
        expected = self.expected(target)
        if array.shape == expected.shape or self.layout is not None or self.habit.usual(expected, list(orders_of(expected))) is not None:
            return
        others = [t for t in self.taken if t != target and t.kind == target.kind and len(self.shape(t)) == len(expected.shape)]
        for other in others[:LOOKED_AT]:
            written = self.taken[other].read()
            found = settled(written, self.declared, self.dtype(other), self.taken[other].called)
            with suppress(ShapeError):
                fit(found.array, self.expected(other), self.taken[other].called, self._layout(written), self.habit)

    def _layout(self, written: Written) -> Layout | None:
        return Layout.parse(written.layout) if written.layout is not None else self.layout

    def expected(self, target: Target) -> Expected:
        """What a claim on a target is read as."""
        shape, array = self.shape(target), partial(self.array, target)
        if target.kind != "state":
            return Expected(shape, OUTPUTS.get(len(shape), ""), "output", array)
        node, _, key = target.name.rpartition(".")
        axes = self.layers[node].declared()[key].axes
        return Expected(shape, weight_letters(axes, len(shape)), "weight", array)

    def alike(self, size: int) -> list[Target]:
        """All arrays of so many cells, counters of batches left out."""
        return self.by_size.get(size, [])

    @cached_property
    def by_size(self) -> Mapping[int, list[Target]]:
        """All arrays by their number of cells."""
        found: dict[int, list[Target]] = {}
        for target in self.names.targets.values():
            if target.kind != "state" or self.dtype(target).kind in "fV":
                found.setdefault(prod(self.shape(target)), []).append(target)
        return found

    def shape(self, target: Target) -> Shape:
        """Shape of the network's own array."""
        return self.state[target.name].shape if target.kind == "state" else self.subject.run.shape(self.subject.named[target.name])

    def dtype(self, target: Target) -> np.dtype[Any]:
        """Dtype of the network's own array."""
        return self.state[target.name].dtype if target.kind == "state" else self.subject.run.dtype(self.subject.named[target.name])

    def array(self, target: Target) -> Array:
        """The network's own array."""
        return self.state[target.name] if target.kind == "state" else self.subject.trace.arrays[target.name]

    @cached_property
    def state(self) -> Mapping[str, Array]:
        """Parameters and statistics by name."""
        return self.subject.state

    @cached_property
    def layers(self) -> Mapping[str, Any]:
        """Every layer by the name that its parameters have."""
        return self.subject.network.graph.layers()

    @cached_property
    def names(self) -> Names:
        """All names of the network's arrays."""
        graph = self.subject.network.graph
        return Names(
            layers={node.name: node.layer for node in graph},
            outputs=Counter(place.name for place in self.subject.run.known if place.name not in graph.inputs),
            state=tuple(self.state),
            inputs=graph.inputs,
            ends=tuple(str(place) for place in graph.outputs if place.name not in graph.inputs),
            aliases=graph.aliases,
            claimed=self.claimed,
        )


def nearest(found: Mapping[Target, Likeness]) -> list[Target]:
    """The closest array first, then those that are not clearly farther off; none if not even the closest is close."""
    order = sorted(found, key=lambda target: found[target].distance)
    if not order or not found[order[0]].close:
        return []
    best = found[order[0]]
    return [target for target in order if found[target].distance <= best.distance or not best.clearly_below(found[target].distance)]


def only_output(subject: Subject) -> str:
    """The name of a network's only output. Raises UnknownNameError if it has several."""
    names = [str(place) for place in subject.network.graph.outputs]
    if len(names) != 1:
        raise UnknownNameError("the network has the outputs {names}; give the claimed arrays by name", names=listed(names))
    return names[0]
