"""Running statistics, which training moves a little with every batch, and how far rounding may move them.

    running' = (1 - m) * running + m * f * b        m: the momentum;  b: the batch's mean or variance;  f = n / (n - 1) for var, or 1

An instance normalisation has a b for every image, and remembers the mean over the images of what each of them would leave. A batch
normalisation has one.

How rounding enters, with r for what is remembered:

    Covered are (1 - m)*r + m*f*b, r + m*(f*b - r), and r - (1 - k)*(r - f*b) with k = 1 - m, each with m or k rounded to the format.
    The weight of the new is then off by at most u, and so is that of the old, whatever m is: 1 - fl(1 - m) is off by (1 - m)*u + m*u.
    So r and f*b count whole, and not by their weights: u*(abs(r) + abs(f*b)) for the weights, and where the difference is taken first,
    m*u of the same for it, and for its product. The last sum rounds once, f*b up to four times (n, n - 1, quotient and product), and
    the mean over I images as often as there are images; over one it is not taken:

    proof = m*f*db + (9 + I)*u*c*(abs(r) + f*(abs(b) + db)) + 4*tiny        9 where I = 1;  c = max(1, abs(m), abs(1 - m))
                                                                            db: the proof line of b;  b, db: means over the images

A walk of these few roundings, each uniform within its size, has a sigma below u*c*(abs(r) + f*abs(b)).
"""

import numpy as np

from convproof.core.formats import FLOAT64, NumberFormat
from convproof.core.lines import Lines
from convproof.core.shapes import Array


def lines_of_remembered(running: Array, each: Lines, momentum: float, factor: float, arithmetic: NumberFormat) -> Lines:
    """The lines of running statistics (*C,) after a batch; ``each``: the lines of its statistics, (images, *C), one image or more."""
    images, weight, r = len(each.exact), momentum * factor, running.astype(np.float64)
    roundings = 9 + (images if images > 1 else 0)
    with np.errstate(invalid="ignore"):  # an infinite statistic that counts nothing leaves NaN, as it does in the layer
        size = max(1.0, abs(momentum), abs(1 - momentum)) * (abs(r) + factor * (abs(each.exact) + each.proof).mean(axis=0))
        proof = abs(weight) * each.proof.mean(axis=0) + roundings * (arithmetic.u + FLOAT64.u) * size + 4 * arithmetic.tiny
        sigma = np.hypot(weight * np.sqrt((each.sigma**2).sum(axis=0)) / images, arithmetic.u * size)
        return Lines((1 - momentum) * r + weight * each.exact.mean(axis=0), np.asarray(proof), np.asarray(sigma))
