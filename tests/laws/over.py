"""The marks by which a law runs over every sample, and the answers that layers still owe."""

import pytest

from tests.samples import all_samples

every_sample = pytest.mark.parametrize("sample", all_samples(), ids=lambda sample: sample.name)

# (class, question) that a layer of ours does not answer yet; the list can only shrink
OWED: set[tuple[str, str]] = set()


def owes(layer, question):
    """Whether a layer is known to have no answer to a question of the Layer base."""
    return (type(layer).__name__, question) in OWED
