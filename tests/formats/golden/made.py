"""Golden arrays of a small network, of numbers that are all different, and what a manifest says of all of them."""

import numpy as np

from convproof.formats.golden.entries import Bound, Manifest
from convproof.formats.golden.writing import GoldenArray

SMALL = np.arange(2 * 3 * 5 * 4, dtype=np.float64).reshape(2, 3, 5, 4) / 7 - 8


def about(files="npy", layout="nchw", format="float32"):
    return Manifest("a model", "eval", "an image", files, layout, format, ())


def arrays(exact=SMALL):
    bound = Bound(1e-6, (0, 1, 2, 3), 5e-7, (1, 1, 4, 3))
    return [
        GoldenArray("input", "input", exact, "float32"),
        GoldenArray("conv1.weight", "weight", exact[0], "float32", "Conv2d()"),
        GoldenArray("conv1", "output", exact[:, :2], "float32", "Conv2d()", ("input",), bound if exact is SMALL else None),
        GoldenArray("classes", "output", np.array([3, -1]), "int64", "ArgMax()", ("conv1",)),
    ]
