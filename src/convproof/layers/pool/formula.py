"""Pooling, the definitions.

    max      y[n, c, i, j] = the largest  x[n, c, i*s + u*d - p, j*s + v*d - p]  over the window's taps u, v; padding never wins
    average  y[n, c, i, j] = 1/D * sum over u, v of  x[n, c, i*s + u - p, j*s + v - p]; padding counts as 0

D is the size of the window: kh*kw with the padding counted, or only the cells of the input; a window that stands out beyond the padding
(``ceil_mode``) is clipped there before it is counted. Channels stay apart.

Source: torch.nn.MaxPool2d, torch.nn.AvgPool2d.
"""

from collections.abc import Sequence
from functools import reduce

import numpy as np

from convproof.core.arithmetic.padding import NOWHERE, pad
from convproof.core.shapes import Array, Float, Int
from convproof.core.window import Window, windows_of


def padded(x: Array, windows: Sequence[Window], fill: float | int) -> Array:
    """x with padding of ``fill``, lengthened as far as the last windows reach."""
    sizes = x.shape[-len(windows) :]
    return pad(x, [(w.before, w.after + w.overhang(size)) for w, size in zip(windows, sizes, strict=True)], fill=fill)


def taps_of(x: Float[Array, "N C *sizes"], windows: Sequence[Window], fill: float | int) -> Float[Array, "N C *outputs_and_kernel"]:
    """Under every window its numbers, as a view: (N, C, *outputs, *kernel)."""
    return windows_of(padded(x, windows, fill), [w.unpadded() for w in windows])


def max_pool(x: Float[Array, "N C *sizes"], windows: Sequence[Window]) -> Float[Array, "N C *outputs"]:
    """The largest number of every window; a NaN in it wins."""
    taps = taps_of(x, windows, -np.inf)
    kernel = taps.shape[-len(windows) :]
    return np.asarray(reduce(np.maximum, (taps[(..., *tap)] for tap in np.ndindex(*kernel))))


def winners(x: Float[Array, "N C *sizes"], windows: Sequence[Window]) -> Int[Array, "N C *outputs"]:
    """Where in its plane, counted row by row, the first largest number of every window stands; NOWHERE if it reads padding alone."""
    axes = len(windows)
    taps = taps_of(x, windows, -np.inf)
    flat = taps.reshape(*taps.shape[:-axes], -1)
    places = places_of(x.shape[2:], windows)
    best = flat.argmax(axis=-1)
    place = np.take_along_axis(np.broadcast_to(places, flat.shape), best[..., None], axis=-1)[..., 0]
    first_inside = np.take_along_axis(places, (places != NOWHERE).argmax(axis=-1)[..., None], axis=-1)[..., 0]
    return np.where(place == NOWHERE, first_inside, place)  # nothing but -inf: padding must not win


def places_of(sizes: Sequence[int], windows: Sequence[Window]) -> Int[Array, "1 1 *outputs_and_taps"]:
    """For every window and tap the place in the plane that it reads, NOWHERE for padding."""
    plane = np.arange(int(np.prod(sizes))).reshape(1, 1, *sizes)
    views = windows_of(padded(plane, windows, NOWHERE), [w.unpadded() for w in windows])
    return views.reshape(*views.shape[: -len(windows)], -1)


def average_pool(
    x: Float[Array, "N C *sizes"], windows: Sequence[Window], count_padding: bool, divisor: int | None
) -> Float[Array, "N C *outputs"]:
    """The sum of every window divided by its size."""
    return np.asarray(window_sums(x, windows) / divisors(x.shape[2:], windows, count_padding, divisor).astype(x.dtype))


def window_sums(x: Float[Array, "N C *sizes"], windows: Sequence[Window]) -> Float[Array, "N C *outputs"]:
    """The sum of every window, padding counted as 0."""
    taps = taps_of(x, windows, 0.0)
    kernel = taps.shape[-len(windows) :]
    return np.asarray(reduce(np.add, (taps[(..., *tap)] for tap in np.ndindex(*kernel))))


def divisors(sizes: Sequence[int], windows: Sequence[Window], count_padding: bool, divisor: int | None) -> Int[Array, "*outputs"]:
    """D for every output spot."""
    lengths = [
        np.array([divisor_along(w, i, size, count_padding) for i in range(w.outputs(size))]) for w, size in zip(windows, sizes, strict=True)
    ]
    areas = reduce(np.multiply.outer, lengths)
    return areas if divisor is None else np.full_like(areas, divisor)


def divisor_along(window: Window, output: int, size: int, count_padding: bool) -> int:
    """How many cells of one axis a window counts: clipped to the padded axis, or to the input."""
    taps = window.taps(output)
    low, high = (-window.before, size + window.after) if count_padding else (0, size)
    return min(taps.stop, high) - max(taps.start, low)
