"""What the tests of this folder write and read."""

import numpy as np

from convproof.checking.matching.sources import Source
from convproof.formats.dumps.opening import open_dumps
from convproof.formats.dumps.settling import settled

SHAPE = (1, 2, 3, 5)
X = np.random.default_rng(7).normal(size=SHAPE).astype(np.float32)


def written(path, content, declared=None, own="float32", **how):
    """The arrays of a file with this content by name, as numbers of the declared format."""
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    found = [(dump, Source.of(dump.name, dump).stored_as(declared).read()) for dump in open_dumps(path, **how)]
    return {dump.name: settled(numbers, declared, np.dtype(own), dump.where) if declared else numbers for dump, numbers in found}


def only(path, content, **how):
    """The only array of a file with this content."""
    (array,) = written(path, content, **how).values()
    return array


def within(numbers, true):
    """Whether every true number lies in the reach of what was read."""
    if numbers.resolution is None:
        return np.array_equal(numbers.array, true)
    low, high = numbers.resolution.reach(numbers.array.astype(np.float64))
    return bool(((low <= true) & (true <= high)).all())
