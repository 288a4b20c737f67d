"""How the name of an array may be written down, in words: letters and digits between all other signs, in small letters.

A name and what may be written for it:

    layer1.0.conv1                       layer1 0 conv1
    /layer1/layer1.0/conv1/Conv          layer1 0 conv1, and with its operator behind it; PyTorch's exporter writes the scopes twice
    layer1.0.relu@2                      layer1 0 relu 1 where uses are counted from 0 (torch.fx, ONNX), layer1 0 relu 2 where from 1
    split.1                              split 1, split output 1
    fc.weight                            fc weight, fc kernel, fc w
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from convproof.core.layer import Layer

Words = tuple[str, ...]

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
    """Spellings by all their words, by their last words, and by their letters. Nothing answers to digits alone: they count something."""

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
class Spellings:
    """All names of a network's arrays. ``layers`` by node name, ``outputs`` how many each has; ``ends`` are the network's outputs, and
    ``aliases`` the names of tensors in the model's file. ``claimed`` are the words of the names that are looked for.
    """

    layers: Mapping[str, Layer]
    outputs: Mapping[str, int]
    state: Sequence[str]
    inputs: Sequence[str]
    ends: Sequence[str]
    aliases: Mapping[str, str]
    claimed: Sequence[Words] = ()

    @cached_property
    def targets(self) -> Mapping[str, Target]:
        """All targets by full name."""
        found = {name: Target("input", name) for name in self.inputs}
        found |= {name: Target("state", name) for name in self.state}
        return found | {name: Target("output", name) for node in self.outputs for name in self._arrays(node)}

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

    @property
    def indices(self) -> tuple[Index, Index]:
        """Both, the network's own first."""
        return self.own, self.written

    @cached_property
    def operators(self) -> frozenset[str]:
        """What the layers are called, here and in other frameworks."""
        return frozenset(name for layer in self.layers.values() for name in operators_of(layer))

    def _arrays(self, node: str) -> list[str]:
        return [node, *(f"{node}.{k}" for k in range(1, self.outputs[node]))]

    def _only(self, kind: str, names: Sequence[str]) -> list[Spelling]:
        """An only input or output is that by its kind."""
        return [Spelling(words, self.targets[names[0]], len(words)) for words in ONLY[kind]] if len(names) == 1 else []

    def _heads(self, node: str, layer: Layer) -> Iterator[Spelling]:
        """A node's name, with the operator's name behind it and without, and with the number of its use as others count it."""
        operators, target, parts = operators_of(layer), self.targets[node], parts_of(node)
        if len(parts) > 1 and parts[-1] in {(operator,) for operator in operators} and self.nodes_below[parts[:-1]] == 1:
            yield Spelling(joined(parts[:-1]), target)
        for name in dict.fromkeys((words_of(node), joined(parts), *self._counted(joined(parts)))):
            yield Spelling(name, target)
            yield from (Spelling((*name, operator), target, 1) for operator in sorted(operators))

    @cached_property
    def nodes_below(self) -> Counter[tuple[Words, ...]]:
        """How many nodes there are whose names begin with some parts: a block is no layer."""
        return Counter(parts[:k] for parts in map(parts_of, self.layers) for k in range(1, len(parts)))

    def _counted(self, words: Words) -> Iterator[Words]:
        """A layer that is used again, relu@2, with the number of its use; the claimed names say how uses are counted, if they do."""
        base, _, use = words[-1].partition("@") if words else ("", "", "")
        name, last = (*words[:-1], base), self.uses.get((*words[:-1], base), 1)
        if last == 1:
            return
        met = {int(other[-1]) for other in self.claimed if len(other) > 1 and other[-1].isdigit() and _ends_alike(other[:-1], name)}
        number = int(use or 1)
        if not met & {0, 1} or max(met) >= last:
            yield (*name, str(number))
        if not any(number >= last for number in met):
            yield (*name, str(number - 1))

    @cached_property
    def uses(self) -> Mapping[Words, int]:
        """How often each layer is used that is used more than once: the highest number behind @."""
        found: dict[Words, int] = {}
        for words in map(joined, map(parts_of, self.layers)):
            base, at, use = words[-1].partition("@") if words else ("", "", "")
            if at:
                found[(*words[:-1], base)] = max(found.get((*words[:-1], base), 1), int(use))
        return found

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


def parts_of(name: str) -> tuple[Words, ...]:
    """The parts of a path, each in words; a scope that repeats the one around it, as in layer1/layer1.0/conv1, counts once."""
    scopes: list[str] = []
    for scope in filter(None, re.split("[/:]", name)):
        if scopes and scope.startswith(scopes[-1] + "."):
            scopes.pop()
        scopes.append(scope)
    return tuple(words for scope in scopes for part in scope.split(".") if (words := words_of(part)))


def joined(parts: Iterable[Words]) -> Words:
    """All words of some parts."""
    return tuple(word for part in parts for word in part)


def operators_of(layer: Layer) -> frozenset[str]:
    """What a layer is called, here and in other frameworks, as a word."""
    return frozenset((type(layer).__name__.lower(), *(convention.layer.lower() for convention in layer.conventions())))


def _ends_alike(words: Words, name: Words) -> bool:
    """Whether one of two names, in words, is the end of the other."""
    length = min(len(words), len(name))
    return length > 0 and words[-length:] == name[-length:]


def _grouped(pairs: Iterable[tuple[Words, Target]]) -> Mapping[Words, list[Target]]:
    """Targets by words, each target once; those of digits alone are left out."""
    found: dict[Words, dict[Target, None]] = {}
    for words, target in pairs:
        if not "".join(words).isdigit():
            found.setdefault(words, {})[target] = None
    return {words: list(targets) for words, targets in found.items()}
