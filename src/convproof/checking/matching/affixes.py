"""What a target puts around the names of layers: dump_conv1, 03_conv1, L000.conv1, conv1_f32, output_conv1.

    name      before + core + after      the core is what an array of the network is called, in words

Words around a core may be left out if they never say which layer is meant:

    fillers     dump, output, tensor, float32, 1x8x16x12; one number in front, which counts the layers
    shared      two names or more have the same words there (numbers in them may count on), for arrays that differ, and no name of the
                network has words like these

A word such as grad or input says that the array is another one, so that nothing is left out.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from convproof.checking.matching.spellings import ONLY, Spellings, Target, Words

ENDINGS = ("npy", "npz", "txt", "csv", "log", "bin", "raw", "dat", "c", "h", "safetensors")
FILLERS = {"output", "outputs", "out", "result", "results", "activation", "activations", "act", "feature", "map", "data", "value", "values"}
FILLERS |= {"dump", "dumped", "tensor", "array", "buffer", "buf", "layer", "node", "model", "net", "network", "graph"}
FILLERS |= {"golden", "reference", "ref", "expected", "mine", "target"}
OTHERS = {"input", "inputs", "in", "inp", "grad", "grads", "gradient", "gradients", "delta", "diff", "error", "err", "dx", "dy"}
DTYPE = re.compile(r"(float|double|half|bfloat|fp|bf|int|uint|fixed)\d*|[fiuqs]\d+")
SHAPE = re.compile(r"\d+(x\d+)+")

BEFORE, BEHIND = 0, 1  # the sides of a core


@dataclass(frozen=True)
class Around:
    """What a name has before its core, and behind it, and what the core may be."""

    before: Words
    after: Words
    found: tuple[Target, ...]


@dataclass(frozen=True)
class Affixes:
    """What the names that are looked for, in words, have around the names of the network's arrays."""

    spellings: Spellings

    def cuts(self, words: Words) -> Iterator[Around]:
        """The ways to see the whole name of one array in a name, the longest first; then the end of one."""
        mere = {word for kind in ONLY.values() for word in kind}
        ways = [(i, j) for i in range(len(words)) for j in range(i + 1, len(words) + 1) if words[i:j] not in mere]
        for kind in ("whole", "ends"):
            for i, j in sorted(ways, key=lambda way: way[0] - way[1]):
                found = dict.fromkeys(t for index in self.spellings.indices for t in getattr(index, kind).get(words[i:j], ()))
                if found:
                    yield Around(words[:i], words[j:], tuple(found))

    def cores(self, words: Words) -> Iterator[Words]:
        """What is left of a name without the words that never say which layer is meant, the longest first."""
        for length in range(len(words) - 1, 0, -1):
            for i in range(len(words) - length + 1):
                before, after = words[:i], words[i + length :]
                if self._says_nothing(before, BEFORE) and self._says_nothing(after, BEHIND):
                    yield words[i : i + length]

    def _says_nothing(self, words: Words, side: int) -> bool:
        if OTHERS & set(words):
            return False
        if not words or pattern(words) in self.shared[side]:
            return True
        rest = [word for word in words if not self.is_filler(word)]
        return not rest or (side == BEFORE and len(rest) == 1 and rest[0].isdigit())

    def is_filler(self, word: str) -> bool:
        """Whether a word never says which layer is meant, in this network."""
        strange = stem(word) not in self.stems or word in ("output", "out")
        return strange and (word in FILLERS or bool(DTYPE.fullmatch(word) or SHAPE.fullmatch(word)))

    @cached_property
    def shared(self) -> tuple[frozenset[Words], frozenset[Words]]:
        """What several names have before their cores, and behind them; the numbers in it as #."""
        sides: tuple[dict[Words, list[Target]], dict[Words, list[Target]]] = ({}, {})
        for words in dict.fromkeys(self.spellings.claimed):
            cut = next(self.cuts(words), None)
            if cut is None or len(cut.found) > 1 or not (cut.before or cut.after):
                continue
            for side, words_there in zip(sides, (cut.before, cut.after), strict=True):
                if words_there and self._is_strange(words_there):
                    side.setdefault(pattern(words_there), []).append(cut.found[0])
        before, after = (frozenset(words for words, met in side.items() if len(met) > 1 and len(set(met)) == len(met)) for side in sides)
        return before, after

    def _is_strange(self, words: Words) -> bool:
        """Whether no name of the network has words like these; numbers alone count something."""
        return not any(word in OTHERS or (not word.isdigit() and stem(word) in self.stems) for word in words)

    @cached_property
    def stems(self) -> frozenset[str]:
        """All words that stand in names of the network, and what its layers are called, without numbers: conv for conv1."""
        words = {word for spelling in self.spellings.own.spellings for word in spelling.words} | self.spellings.operators
        return frozenset(stem(word) for word in words if not word.isdigit())


def stem(word: str) -> str:
    """A word without the number behind it, or behind @."""
    return word.partition("@")[0].rstrip("0123456789")


def pattern(words: Words) -> Words:
    """Words with # for every number in them."""
    return tuple(re.sub(r"\d+", "#", word) for word in words)


def numbered(words: Words, affixes: Affixes) -> tuple[Words, int] | None:
    """The number that is all that a name says, and the words around it: layer_3, out3, 003. None for any other name."""
    while len(words) > 1 and affixes.is_filler(words[-1]):
        words = words[:-1]
    if not words or not (last := re.fullmatch(r"([^\W\d]*)(\d+)", words[-1])):
        return None
    around = (*words[:-1], last[1])
    if any(word and stem(word) in affixes.stems and word not in FILLERS for word in around):
        return None
    return pattern(around), int(last[2])


def by_pattern(names: Sequence[tuple[str, Words]], affixes: Affixes) -> Mapping[Words, Mapping[str, int]]:
    """Names that say nothing but a number, by the words around it: {("layer",): {"layer_1": 1, "layer_2": 2}}."""
    found: dict[Words, dict[str, int]] = {}
    for name, words in names:
        if (counted := numbered(words, affixes)) is not None:
            found.setdefault(counted[0], {})[name] = counted[1]
    return found
