"""Whose array is this? Claimed arrays find their places in the network: by name, else by their values, else by their size.

    by name     ``names.py``; a name that says clearly which array it is, is never looked at twice
    by number   names that say nothing but a number (layer_3, 003), for layers that have numbers for names, or places, counted from 0 or
                from 1: the values of all of them have to agree with it
    by values   of the arrays that a name leaves open, or else of all with as many cells, the one that is clearly the closest
                (``values.py``); of several with the very same numbers (a Flatten has those of its input) the one of the claimed shape,
                else the first that is free. A name that nearly is one, con1, needs nearly that layer's numbers
    by size     if the name says nothing, the only array of a layer with as many cells that nothing else was taken for

All but the first are said in a note.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any

import numpy as np

from convproof.checking.claims import Claim
from convproof.checking.matching.counts import numbers
from convproof.checking.matching.declared_formats import UNDECLARED, Formats
from convproof.checking.matching.declared_order import Layout
from convproof.checking.matching.expected import Fitted
from convproof.checking.matching.layouts import Habit, fit, orders_of
from convproof.checking.matching.misread import Bytes, as_many
from convproof.checking.matching.names import Names
from convproof.checking.matching.own import Own
from convproof.checking.matching.seeming import Seeming
from convproof.checking.matching.sources import Source
from convproof.checking.matching.spellings import Target, words_of
from convproof.checking.matching.values import Values
from convproof.checking.subject import Subject
from convproof.core.errors import ShapeError, UnknownNameError
from convproof.core.formats import FLOAT64, format_of
from convproof.core.sentence import Sentence, did_you_mean, listed, say
from convproof.core.shapes import Array, Shape
from convproof.formats.dumps.dump import Written
from convproof.formats.dumps.settling import settled
from convproof.network.graph import Place

LOOKED_AT = 8
Counted = Sequence[tuple[Source, Target | None]]


@dataclass(frozen=True)
class Matched:
    """Claims by place, those on parameters and statistics by their name in the state dict, and those on the network's inputs by name.

    ``ignored`` are single numbers that a log holds besides, such as "iterations: 100". ``seems`` says of an array that turned out wrong, by
    its name, what it seems to be.
    """

    outputs: Mapping[Place, Callable[[], Claim]]
    state: Mapping[str, Callable[[], Claim]]
    inputs: Mapping[str, Callable[[], Claim]] = field(default_factory=dict)
    ignored: tuple[Sentence, ...] = ()
    seems: Callable[[str], tuple[Sentence, ...]] = lambda name: ()


def match(subject: Subject, claimed: Mapping[str, Any], formats: Formats = UNDECLARED, layout: str | None = None) -> Matched:
    """Where each claimed array (an array-like, a CPU tensor or a Dump) belongs. Those that are found by name are read later.

    ``formats`` say how finely they were written down, ``layout`` in which order their axes are, "nhwc" or "nhwc,hwio".

    Raises UnknownNameError for a name that matches nothing, or several things, for two arrays that are the same one, and for a format of
    none; SettingError for a layout that makes no sense. A claim itself raises ShapeError, DTypeError and FileError when it is read.
    """
    matching = Matching(subject, tuple(claimed), formats, Layout.parse(layout) if layout is not None else Layout())
    formats.require_known((*claimed, *matching.names.targets))
    return matching.of([Source.of(name, value).stored_as(formats.at(name)) for name, value in claimed.items()])


@dataclass
class Matching:
    """One set of arrays, by their ``claimed`` names, on its way to the arrays of a network."""

    subject: Subject
    claimed: Sequence[str]
    formats: Formats
    layout: Layout
    habit: Habit = field(default_factory=Habit)
    fitted: dict[Target, Fitted] = field(default_factory=dict)
    taken: dict[Target, Source] = field(default_factory=dict)
    notes: dict[Target, tuple[Sentence, ...]] = field(default_factory=dict)

    def of(self, sources: Sequence[Source]) -> Matched:
        """All of them, matched."""
        nameless = [source for source in sources if not self._by_name(source) and not self._prepares(source)]
        self._by_number({source.name: source for source in nameless})
        named = {source.name for source in self.taken.values()}
        nameless = [source for source in nameless if source.name not in named]
        strange = [source for source in nameless if not self._by_values(source)]
        single = any(target.kind == "output" for target in self.own.alike(1))
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
            self.seems,
        )

    def _by_name(self, source: Source) -> bool:
        found = self.names.find(source.name)
        if len(found) != 1:
            return False
        target = found[0]
        renamed = target.name == self.subject.network.graph.aliases.get(source.name)
        strange = renamed and not {*words_of(source.name)} & {*words_of(target.name)}  # Conv_4 had no name of its own
        self._take(source, target, *([say("{name} in the model's file", name=source.name)] if strange else []))
        return True

    def _prepares(self, source: Source) -> bool:
        """Whether it is a stage on the way to an input that is there too, as in an archive that a run on images was saved to."""
        return any(source.name.startswith(f"{name}.") and name in self.claimed for name in self.subject.network.graph.inputs)

    def _take(self, source: Source, target: Target, *notes: Sentence) -> None:
        if target in self.taken and source.name.isdigit() and target.name.isdigit():
            raise UnknownNameError(
                "{name} is no layer, and its numbers are those of {target}, which is claimed too: were they counted from 1? The network's "
                "layers are counted from 0",
                name=source.called,
                target=target.name,
            )
        if target in self.taken:
            raise UnknownNameError(
                "{first} and {second} are both {target}; leave one of them out, or give it the name of its own layer",
                first=self.taken[target].called,
                second=source.called,
                target=target.name,
            )
        self.taken[target] = source.stored_as(self.formats.at(source.name, target.name))
        self.notes[target] = notes

    def _by_number(self, sources: Mapping[str, Source]) -> None:
        """Take several names that say nothing but a number for the layers of these numbers, if all values agree with one way to count."""
        for count in self.names.numbered.values():
            group = [(sources[name], number) for name, number in count.items() if name in sources]
            if len(group) < 2:
                continue
            counted = [[(source, self.names.of_number(number - first)) for source, number in group] for first in (0, 1)]
            votes = [self._votes(counted[first], counted[1 - first]) for first in (0, 1)]
            first = int(votes[1] > votes[0])
            for source, target in counted[first] if votes[0] != votes[1] and votes[first] > 0 else ():
                if target is not None:
                    self._take(source, target, say("found by the number in the name, counted from {first}", first=first))

    def _votes(self, ours: Counted, others: Counted) -> int:
        """How many arrays are clearly closer to one array than to another one; -1 if one of them does not have its size, or if it holds the
        numbers of a third.
        """
        votes = 0
        for (source, target), (_, other) in zip(ours, others, strict=True):
            values = self._values(source)
            if target is None or target in self.taken or target not in values.possible:
                return -1
            near = values.nearest(values.possible, nearly=True)
            if near and target not in near:
                return -1
            found = values.likenesses([target] if other is None else [target, other])
            rival = found.get(other) if other is not None else None
            votes += target in found and found[target].close and (rival is None or found[target].clearly_below(rival.distance))
        return votes

    def _by_values(self, source: Source) -> bool:
        """Take an array for the one that it is clearly closest to, of those that its name leaves open."""
        leaves_open = self.names.find(source.name)
        misses = not leaves_open and self.names.misses(source.name)
        values = self._values(source)
        near = values.nearest(leaves_open or values.possible, nearly=misses)
        free = [other for other in near if other not in self.taken] or ([] if misses else near)
        if not free:
            return False
        target = next((other for other in free if self.own.shape(other) == values.written.array.shape), free[0])
        self._take(source, target, say("{name} is taken for {target}, by its values", name=source.name, target=target.name))
        return True

    def _values(self, source: Source) -> Values:
        written = source.read()
        return Values(self.own, written, source.name, self.formats, self._layout(written))

    def _by_size(self, source: Source, shape: Shape) -> None:
        """Take an array for the only one of its size. Raises UnknownNameError if that is not one, or if its name says something else."""
        size = int(np.prod(shape))
        alike = [target for target in self.own.alike(size) if target.kind == "output"]
        free = [target for target in alike if target not in self.taken]
        if found := self.names.find(source.name):
            raise UnknownNameError(
                "{name!r} matches several arrays: {found}; write the name in full",
                name=source.name,
                found=listed([target.name for target in found], most=8),
            )
        if len(free) != 1 or size == 0 or self.names.misses(source.name):
            raise self._unknown(source, shape, alike)
        note = say(
            "{name} is taken for {target}, the only array of {numbers} left", name=source.name, target=free[0].name, numbers=numbers(size)
        )
        self._take(source, free[0], note)

    def _unknown(self, source: Source, shape: Shape, alike: Sequence[Target]) -> UnknownNameError:
        """The error for an array that belongs nowhere."""
        size = int(np.prod(shape))
        near = self.names.near(source.name)
        near = [name for name in near if self.own.targets[name] in alike] or near
        hint = did_you_mean(near) if near else say("give it the name of its layer")
        for more in (
            as_many(source.raw, lambda n: [t.name for t in self.own.alike(n) if t.kind == "output"]) if source.raw and not alike else ()
        ):
            hint = say("{first}; {second}", first=hint, second=more)
        if not alike:
            return UnknownNameError(
                "{name}: no array of the network is called so, and none has {numbers} (its shape is {found}); there are {others}; {hint}",
                name=source.called,
                numbers=numbers(size),
                found=shape,
                others=listed([say("{name} {shape}", name=t.name, shape=self.own.shape(t)) for t in self.own.nearest_in_size(size)]),
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

    def claim(self, target: Target, source: Source) -> Claim:
        """One array as a Claim on its target, read now. Raises ShapeError if it does not fit."""
        own, fresh = self.own.dtype(target), target not in self.fitted
        declared = self.formats.at(source.name, target.name)
        raw = None if source.raw is None else Bytes(source.raw, self.own.expected(target), own, declared, self.layout)
        if raw is not None and fresh:
            raw.require_count(source.called)
        written = source.read()
        found = self._settled(target, source, written)
        if fresh:
            self._learn(target, found.array)
            fits = [other.name for other in self.own.alike(written.array.size)]
            self.fitted[target] = fit(found.array, self.own.expected(target), source.called, self._layout(written), self.habit, fits)
            if raw is not None and (doubt := raw.doubt(found.array)) is not None:
                self.notes[target] = (*self.notes[target], doubt)
        fitted = self.fitted[target]
        resolution = found.resolution.map(fitted.change) if found.resolution is not None else None
        native = format_of(own) if own.kind in "fV" else FLOAT64
        notes = (*self.notes[target], *found.notes, *fitted.notes)
        return Claim.of(np.ascontiguousarray(fitted.change(found.array)).reshape(self.own.shape(target)), native, resolution, notes)

    def seems(self, name: str) -> tuple[Sentence, ...]:
        """What an array that turned out wrong seems to be."""
        target = self.names.targets.get(name)
        if target is None or target not in self.fitted:
            return ()
        values = self._values(self.taken[target])
        array = self._settled(target, self.taken[target], values.written).array
        return tuple(Seeming(values, target, self.fitted[target], array).notes())

    def _learn(self, target: Target, array: Array) -> None:
        """The order of axes that other arrays of this kind are clearly in, before the first one is read that may be in several."""
        expected = self.own.expected(target)
        if array.shape == expected.shape or self.layout or self.habit.usual(expected, list(orders_of(expected))) is not None:
            return
        others = [t for t in self.taken if t != target and t.kind == target.kind and len(self.own.shape(t)) == len(expected.shape)]
        for other in others[:LOOKED_AT]:
            written = self.taken[other].read()
            found = self._settled(other, self.taken[other], written)
            with suppress(ShapeError):
                fit(found.array, self.own.expected(other), self.taken[other].called, self._layout(written), self.habit)

    def _settled(self, target: Target, source: Source, written: Written) -> Written:
        return settled(written, self.formats.at(source.name, target.name), self.own.dtype(target), source.called)

    def _layout(self, written: Written) -> Layout:
        return Layout.parse(written.layout) if written.layout is not None else self.layout

    @cached_property
    def own(self) -> Own:
        """The network's own arrays."""
        return Own(self.subject)

    @cached_property
    def names(self) -> Names:
        """All names of the network's arrays, for those that are claimed."""
        return self.own.names(self.claimed)


def only_output(subject: Subject) -> str:
    """The name of a network's only output. Raises UnknownNameError if it has several."""
    names = [str(place) for place in subject.network.graph.outputs]
    if len(names) != 1:
        raise UnknownNameError("the network has the outputs {names}; give the claimed arrays by name", names=listed(names))
    return names[0]
