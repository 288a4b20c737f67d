"""Which array a name means: names as they are, and names as a target had to write them.

    exact       conv1, bn1.running_mean, split.1, or a tensor's name in the model's file
    suffix      conv1.weight for layer1.0.conv1.weight, where it is the only one
    spelled     layer1_0_conv1, /layer1/conv1/Conv_output_0, layer1.0.conv1:0: the same words (``spellings.py``)
    within      03_conv1, dump_conv1, conv1_f32: the same, without words that never say which layer is meant (``affixes.py``)
    ending      conv1_w for layer1.0.conv1.weight; letters, Layer10Conv1

The first of these that anything answers to decides; where several arrays do, the name leaves open which. Digits alone answer to nothing
but an exact name.
"""

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from convproof.checking.matching.affixes import ENDINGS, Affixes, by_pattern, stem
from convproof.checking.matching.spellings import Spellings, Target, Words, words_of

NEAR = 0.75  # of difflib's ratio: con1 for conv1, not data for add
RATHER_NEAR = 0.5


@dataclass(frozen=True)
class Names:
    """The ``claimed`` names that are looked for among all those of a network's arrays."""

    spellings: Spellings
    claimed: Sequence[str] = ()

    def find(self, name: str) -> list[Target]:
        """The target of a name; several if it leaves open which, none if nothing answers to it."""
        return next(filter(None, self._answers(name)), [])

    @property
    def targets(self) -> Mapping[str, Target]:
        """All targets by full name."""
        return self.spellings.targets

    def near(self, name: str) -> list[str]:
        """Names that look like this one."""
        within = [target.name for target in self._within(name)]
        return [*dict.fromkeys((*within, *difflib.get_close_matches(name, list(self.targets), 3, RATHER_NEAR)))][:3]

    def misses(self, name: str) -> bool:
        """Whether a name that nothing answers to speaks of the network's layers all the same: con1, conv1_grad, bn2 where there is bn1."""
        words, alike = plain_words(name), [*self.targets, *self.spellings.aliases]
        if any(stem(word) in self._spoken and len(stem(word)) > 1 for word in words):
            return True
        return bool(self._within(name) or difflib.get_close_matches(name.lower(), [*map(str.lower, alike)], 1, NEAR))

    @cached_property
    def numbered(self) -> Mapping[Words, Mapping[str, int]]:
        """Claimed names that say nothing but a number, by the words around it."""
        return by_pattern([(name, plain_words(name)) for name in self.claimed if not self.find(name)], self._affixes)

    def of_number(self, number: int) -> Target | None:
        """The layer that has a number for its name, or the one in that place, counted from 0, if no layer has."""
        if any(name.isdigit() for name in self.spellings.layers):
            return self.targets.get(str(number))
        names = list(self.spellings.layers)
        return self.targets[names[number]] if 0 <= number < len(names) else None

    @cached_property
    def _spoken(self) -> frozenset[str]:
        """What the network's layers and tensors are called, without numbers; what they compute is no name."""
        names = (*self.spellings.layers, *self.spellings.aliases)
        return frozenset(stem(word) for name in names for word in words_of(name) if not word.isdigit()) - {"output", "out"}

    def _within(self, name: str) -> list[Target]:
        """Arrays whose names stand in this one, between other words."""
        cut = next(self._affixes.cuts(plain_words(name)), None)
        return list(cut.found) if cut is not None else []

    def _answers(self, name: str) -> Iterator[list[Target]]:
        """Targets that a name may mean, by one rule after another."""
        for exact in (name, self.spellings.aliases.get(name, name), name.removesuffix(":0"), without_ending(name)):
            yield [self.targets[exact]] if exact in self.targets else []
        suffix = [] if name.isdigit() else [target for full, target in self.targets.items() if full.endswith("." + name)]
        counted = len(suffix) > 1 and name[0].isdigit() and ("#",) in self._affixes.shared[0]  # 0.conv1, 1.bn1, 2.relu
        yield [] if counted else suffix
        readings, indices = readings_of(name), self.spellings.indices
        cores = list(self._affixes.cores(plain_words(name)))
        for words in (*readings, *cores):
            yield from (index.whole.get(words, []) for index in indices)
        for words in (*readings, *cores):
            yield from (index.ends.get(words, []) for index in indices)
            yield from (index.letters.get(("".join(words),), []) for index in indices)

    @cached_property
    def _affixes(self) -> Affixes:
        return Affixes(self.spellings)


def readings_of(name: str) -> list[Words]:
    """The words of a name as it stands; without the ending of a file or of TensorFlow; a layer's second use, relu@2, as ONNX counts it."""
    counted = re.sub(r"@([1-9]\d*)", lambda use: f"_{int(use[1]) - 1}", name)
    return list(dict.fromkeys((words_of(name), plain_words(name), plain_words(counted))))


def plain_words(name: str) -> Words:
    """The words of a name without the ending of a file or of TensorFlow."""
    return words_of(without_ending(name.removesuffix(":0")))


def without_ending(name: str) -> str:
    """A name without the ending of a file, conv1.npy or conv1_bin."""
    return re.sub(rf"(?<=.)[._]({'|'.join(ENDINGS)})$", "", name, flags=re.IGNORECASE)
