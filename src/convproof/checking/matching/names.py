"""Which array a name means: names as they are, and names as a target had to write them.

    exact       conv1, bn1.running_mean, split.1, or a tensor's name in the model's file
    suffix      conv1.weight for layer1.0.conv1.weight, where it is the only one
    letters     layer1_0_conv1, /layer1/conv1/Conv_output_0, layer1.0.conv1:0: the same letters and digits, and words that say no more
                than that it is an output, or which operator makes it
    shortened   03_conv1, conv1.npy, dump_conv1 and dump_bn1: without a number in front, the ending of a file, and what all names share

The first of these that anything answers to decides; if several arrays do, that is an error.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import takewhile
from typing import Literal

from convproof.core.errors import UnknownNameError
from convproof.core.layer import Layer
from convproof.core.sentence import listed

Words = tuple[str, ...]

ENDINGS = ("npy", "npz", "txt", "csv", "log", "bin", "raw", "dat", "c", "h", "safetensors")
OUTPUT_WORDS: tuple[Words, ...] = (("output",), ("out",), ("y",))
PARAMETER_WORDS = {"weight": ("w", "weights", "kernel"), "bias": ("b", "biases")}
LETTERS = (("a",), ("c",), ("x",), ("y",))  # names of their own in ONNX; at the end of a word they are rather a slip: fcc is no fc.c
ONLY = {"input": (("input",), ("x",), ("inputs",)), "output": (*OUTPUT_WORDS, ("outputs",))}


@dataclass(frozen=True)
class Target:
    """An array that something may be claimed of, by its full name."""

    kind: Literal["output", "state", "input"]
    name: str


@dataclass(frozen=True)
class Spelling:
    """One way to write a target's name, in words; ``added`` of them, at the end, are not part of the name."""

    words: Words
    target: Target
    added: int = 0


@dataclass(frozen=True)
class Index:
    """Spellings by all their words, by their last words, and by their letters."""

    spellings: tuple[Spelling, ...]

    @cached_property
    def whole(self) -> Mapping[Words, list[Target]]:
        """By all their words."""
        return _grouped((s.words, s.target) for s in self.spellings)

    @cached_property
    def ends(self) -> Mapping[Words, list[Target]]:
        """By their last words, at least one of which is part of the name."""
        return _grouped((s.words[k:], s.target) for s in self.spellings for k in range(1, len(s.words) - s.added))

    @cached_property
    def letters(self) -> Mapping[Words, list[Target]]:
        """By their letters and digits without a gap."""
        return _grouped((("".join(s.words),), s.target) for s in self.spellings if s.words[-1:] not in LETTERS)


@dataclass(frozen=True)
class Names:
    """All arrays of a network. ``layers`` by node name, ``outputs`` how many each has; ``claimed`` are the names that are looked for."""

    layers: Mapping[str, Layer]
    outputs: Mapping[str, int]
    state: Sequence[str]
    inputs: Sequence[str]
    ends: Sequence[str]
    aliases: Mapping[str, str]
    claimed: Sequence[str] = ()

    def find(self, name: str) -> Target | None:
        """The target of a name; None if nothing answers to it. Raises UnknownNameError if several do."""
        for found in self._answers(name):
            if len(found) > 1:
                raise UnknownNameError(
                    "{name!r} matches several arrays: {found}; write the name in full",
                    name=name,
                    found=listed([t.name for t in found], most=8),
                )
            if found:
                return found[0]
        return None

    @cached_property
    def targets(self) -> Mapping[str, Target]:
        """All targets by full name."""
        found = {name: Target("input", name) for name in self.inputs}
        found |= {name: Target("state", name) for name in self.state}
        return found | {name: Target("output", name) for node in self.outputs for name in self._arrays(node)}

    def near(self, name: str) -> list[str]:
        """Names that look like this one."""
        import difflib

        return difflib.get_close_matches(name, list(self.targets), 3, 0.5)

    def _arrays(self, node: str) -> list[str]:
        return [node, *(f"{node}.{k}" for k in range(1, self.outputs[node]))]

    def _answers(self, name: str) -> Iterator[list[Target]]:
        """Targets that a name may mean, by one rule after another."""
        if name in self.targets:
            yield [self.targets[name]]
        if self.aliases.get(name) in self.targets:
            yield [self.targets[self.aliases[name]]]
        yield _if_telling(name, [target for full, target in self.targets.items() if full.endswith("." + name)])
        for words in self.shortened(name):
            for index in (self.own, self.written):
                yield index.whole.get(words, [])
                yield _if_telling("".join(words), index.ends.get(words, []))
            for index in (self.own, self.written):
                yield index.letters.get(("".join(words),), [])

    def shortened(self, name: str) -> Iterator[Words]:
        """The words of a name, and what is left without the ending of a file, what all names share, and a number in front."""
        words = words_of(name)
        before, after = self.shared
        tries = [words, words_of(name.removesuffix(":0"))]
        tries.append(tries[-1][:-1] if tries[-1][-1:] and tries[-1][-1] in ENDINGS else tries[-1])
        tries.append(tries[-1][len(before) : len(tries[-1]) - len(after)] if words[: len(before)] == before else tries[-1])
        tries.append(tries[-1][1:] if tries[-1][:1] and tries[-1][0].isdigit() else tries[-1])
        yield from (found for found in dict.fromkeys(tries) if found)

    @cached_property
    def shared(self) -> tuple[Words, Words]:
        """Words at the beginning and at the end of all claimed names that stand in no name of the network."""
        known = {word for spelling in (*self.own.spellings, *self.written.spellings) for word in spelling.words}
        renamed = [words_of(name) for name in self.claimed if name not in self.targets and name not in self.aliases]
        lists = [words[:-1] if words[-1:] and words[-1] in ENDINGS else words for words in renamed]
        if len(lists) < 2:
            return (), ()
        before = _shared(lists)
        after = _shared([words[::-1] for words in lists])[::-1]
        return before if not known & set(before) else (), after if not known & set(after) else ()

    @cached_property
    def own(self) -> Index:
        """Names, and those of tensors in the model's file, in words."""
        names = [(name, target) for name, target in self.targets.items()]
        others = [(alias, self.targets[name]) for alias, name in self.aliases.items() if name in self.targets]
        return Index(tuple(Spelling(words_of(name), target) for name, target in (*names, *others)))

    @cached_property
    def written(self) -> Index:
        """Names with what a target or a format adds to them, or leaves out."""
        found = [*self._only("input", self.inputs), *self._only("output", self.ends)]
        for node, layer in self.layers.items():
            for head in self._heads(node, layer):
                found += [Spelling((*head.words, *words), target, head.added + len(words)) for words, target in self._outputs(node)]
                found += [
                    Spelling((*head.words, *words), self.targets[f"{node}.{key}"], head.added + len(words))
                    for key in layer.declared()
                    if f"{node}.{key}" in self.targets
                    for words in self._keys(layer, key)
                ]
        return Index(tuple(found))

    def _only(self, kind: str, names: Sequence[str]) -> list[Spelling]:
        """An only input or output is that by its kind."""
        return [Spelling(words, self.targets[names[0]], len(words)) for words in ONLY[kind]] if len(names) == 1 else []

    def _heads(self, node: str, layer: Layer) -> Iterator[Spelling]:
        """A node's name, with the operator's name behind it and without; the second use of a layer, relu@2, also as relu_2."""
        operators = {type(layer).__name__.lower(), *(convention.layer.lower() for convention in layer.conventions())}
        target, words = self.targets[node], words_of(node)
        names = [words]
        if words and "@" in words[-1] and not self._counted_from_0(words):
            names.append((*words[:-1], *words_of(words[-1].replace("@", "."))))
        for name in names:
            yield Spelling(name, target)
            yield from (Spelling((*name, operator), target, 1) for operator in sorted(operators))
            if name[-1:] and name[-1] in operators and self.nodes_below[name[:-1]] == 1:
                yield Spelling(name[:-1], target)

    @cached_property
    def nodes_below(self) -> Counter[Words]:
        """How many nodes there are whose names begin with some words: a block is no layer."""
        return Counter(words[:k] for words in map(words_of, self.layers) for k in range(1, len(words)))

    def _counted_from_0(self, words: Words) -> bool:
        """Whether relu_1 is claimed, so that relu_2 is the third."""
        first = (*words[:-1], words[-1].partition("@")[0], "1")
        return any(words_of(name)[-len(first) :] == first for name in self.claimed)

    def _outputs(self, node: str) -> Iterator[tuple[Words, Target]]:
        """What may stand behind a node's name for each of its outputs."""
        for k, name in enumerate(self._arrays(node)):
            ends = [(), *OUTPUT_WORDS] if k == 0 else []
            yield from ((words, self.targets[name]) for words in ends)
            yield from ((words, self.targets[name]) for words in ((str(k),), *((*word, str(k)) for word in OUTPUT_WORDS)))

    def _keys(self, layer: Layer, key: str) -> Iterator[Words]:
        """What a parameter is called in this project, in other frameworks, and in short."""
        others = {word for other, words in PARAMETER_WORDS.items() if other != key for word in words}  # B is the weight of ONNX's Gemm
        theirs = {(convention.parameters or {}).get(key, key) for convention in layer.conventions()}
        theirs = {name for name in theirs if name.lower() not in others}
        yield from dict.fromkeys(words_of(name) for name in (key, *sorted(theirs), *PARAMETER_WORDS.get(key, ())))


def words_of(name: str) -> Words:
    """Letters and digits of a name between all other signs, in small letters, numbers without zeros in front; "relu@2" is one word."""
    return tuple(word.lstrip("0") or "0" if word.isdigit() else word for word in re.findall(r"[^\W_]+(?:@\d+)?", name.lower()))


def _shared(lists: Sequence[Words]) -> Words:
    """The words that all lists begin with."""
    return tuple(group[0] for group in takewhile(lambda group: len(set(group)) == 1, zip(*lists, strict=False)))


def _if_telling(name: str, found: list[Target]) -> list[Target]:
    """What a last part of names answers to; several numbers, such as a mere 0, answer to nothing."""
    return [] if name.isdigit() and len(found) > 1 else found


def _grouped(pairs: Iterable[tuple[Words, Target]]) -> Mapping[Words, list[Target]]:
    """Targets by words, each target once."""
    found: dict[Words, dict[Target, None]] = {}
    for words, target in pairs:
        found.setdefault(words, {})[target] = None
    return {words: list(targets) for words, targets in found.items()}
