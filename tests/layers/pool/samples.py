"""The samples of the room: every layer, every setting, sizes of both parities, negative values."""

import numpy as np
import torch

import convproof as cp
from tests.samples import Sample

F = torch.nn.functional
pad = F.pad


def twins(kind, name, shapes, *args, inputs_like=lambda x: x, **keywords):
    """A sample of a layer that torch.nn has too."""
    ours, theirs = getattr(cp, kind), getattr(torch.nn, kind)
    return Sample(f"{kind} {name}", lambda: ours(*args, **keywords), shapes, lambda: theirs(*args, **keywords), False, inputs_like)


def beside(name, make, shape, function, inputs_like=lambda x: x):
    """A sample of what torch says in another way."""
    return Sample(name, make, (shape,), lambda: function, False, inputs_like)


def negative(x):
    """All numbers below -1."""
    return -abs(x) - 1


def positive(x):
    """All numbers above 1/4."""
    return abs(x) + 0.25


def away_from_0(x):
    """Numbers of both signs, none near 0."""
    return x + np.sign(x) / 4


def counted_through(x, places, sizes, order="C"):
    """torch's indices of one plane as indices of the whole array."""
    planes = torch.arange(x[..., 0].numel() // max(1, int(np.prod(sizes[:-1])))).reshape(*x.shape[: -len(sizes)], *(1,) * len(sizes))
    if order == "F":
        places = torch.tensor(np.ravel_multi_index(np.unravel_index(places.numpy(), sizes), sizes, order="F"))
    return places + planes * int(np.prod(sizes))


def max_in_array(x, kernel, stride, order="C"):
    """max_pool2d with indices as ONNX counts them."""
    values, places = F.max_pool2d(x, kernel, stride, return_indices=True)
    return values, counted_through(x, places, tuple(x.shape[-2:]), order)


def dilated_mean(x):
    """A mean of 2x3 taps, (2, 1) apart, as a convolution of every channel; (1, 0) before and (1, 2) after are padding."""
    weight = torch.full((x.shape[-3], 1, 2, 3), 1 / 6, dtype=x.dtype)
    return F.conv2d(pad(x, (0, 2, 1, 1)), weight, stride=(1, 2), dilation=(2, 1), groups=x.shape[-3])


def onnx_norm(x, p, kernel, stride, sides):
    """LpPool of ONNX by unfolding: the sum of abs(x)^p over whole windows."""
    padded = pad(x, sides)
    for axis, (k, s) in enumerate(zip(kernel, stride, strict=True), start=x.ndim - len(kernel)):
        padded = padded.unfold(axis, k, s)
    return (abs(padded) ** p).sum(dim=tuple(range(-len(kernel), 0))) ** (1 / p)


def dilated_norm(x):
    """The root of the sum of squares of 2x2 taps, (2, 1) apart, with stride 2; beyond the input there is 0."""
    weight = torch.ones((x.shape[-3], 1, 2, 2), dtype=x.dtype)
    return F.conv2d(pad(x.square(), (0, 1, 0, 1)), weight, stride=2, dilation=(2, 1), groups=x.shape[-3]).sqrt()


MAX = [
    twins("MaxPool2d", "plain", ((2, 3, 4, 7),), 2),
    twins("MaxPool2d", "padded", ((2, 3, 5, 8),), (3, 2), stride=(2, 3), padding=1),
    twins("MaxPool2d", "padded, all negative", ((2, 3, 5, 8),), (3, 2), stride=(2, 1), padding=1, inputs_like=negative),
    twins("MaxPool2d", "dilated", ((1, 2, 9, 8),), (2, 3), stride=2, dilation=(3, 2)),
    twins("MaxPool2d", "dilated and padded, stride left out", ((1, 2, 7, 9),), 3, padding=1, dilation=(2, 1)),
    twins("MaxPool2d", "ceil", ((1, 2, 6, 7),), 3, stride=2, ceil_mode=True),
    twins("MaxPool2d", "ceil, last window dropped", ((1, 2, 5, 7),), 2, stride=3, padding=1, ceil_mode=True),
    twins("MaxPool2d", "unbatched", ((3, 5, 6),), 3, stride=1, padding=1),
    twins("MaxPool2d", "with indices", ((2, 3, 5, 8),), (3, 2), stride=(2, 3), padding=1, return_indices=True),
    twins("MaxPool2d", "with indices, unbatched, ceil", ((3, 6, 5),), 3, 2, return_indices=True, ceil_mode=True),
    beside(
        "MaxPool2d pairs of padding",
        lambda: cp.MaxPool2d((3, 2), (1, 2), ((2, 1), (0, 1))),
        (2, 3, 5, 6),
        lambda x: F.max_pool2d(pad(x, (0, 1, 2, 1), value=-np.inf), (3, 2), (1, 2)),
        negative,
    ),
    beside(
        "MaxPool2d same_upper",
        lambda: cp.MaxPool2d((3, 2), (2, 1), "same_upper"),
        (2, 3, 6, 5),
        lambda x: F.max_pool2d(pad(x, (0, 1, 0, 1), value=-np.inf), (3, 2), (2, 1)),
        negative,
    ),
    beside(
        "MaxPool2d indices in the array",
        lambda: cp.MaxPool2d((2, 3), (2, 1), return_indices=True, indices_in="array"),
        (2, 3, 5, 7),
        lambda x: max_in_array(x, (2, 3), (2, 1)),
    ),
    beside(
        "MaxPool2d indices column by column",
        lambda: cp.MaxPool2d(2, return_indices=True, indices_in="array", storage_order=1),
        (2, 3, 5, 6),
        lambda x: max_in_array(x, 2, 2, "F"),
    ),
    twins("MaxPool1d", "padded, dilated, ceil", ((2, 3, 10),), 3, stride=2, padding=1, dilation=2, ceil_mode=True),
    twins("MaxPool1d", "with indices", ((3, 7),), 2, return_indices=True),
    twins("MaxPool3d", "padded", ((2, 3, 4, 5, 6),), (2, 3, 1), stride=(1, 2, 3), padding=(1, 1, 0), return_indices=True),
    twins("MaxPool3d", "ceil, unbatched", ((2, 5, 4, 7),), 2, ceil_mode=True),
    twins("AdaptiveMaxPool1d", "uneven", ((2, 3, 7),), 3),
    twins("AdaptiveMaxPool1d", "even", ((3, 8),), 2, return_indices=True),
    twins("AdaptiveMaxPool2d", "uneven, with indices", ((2, 3, 7, 5),), (3, 4), return_indices=True),
    twins("AdaptiveMaxPool2d", "more outputs than cells", ((1, 3, 3, 2),), (5, 3), inputs_like=negative),
    twins("AdaptiveMaxPool2d", "a single cell", ((2, 3, 4, 5),), 1, return_indices=True),
    twins("AdaptiveMaxPool3d", "uneven", ((1, 2, 5, 4, 3),), (2, None, 1)),
    beside("GlobalMaxPool of images", cp.GlobalMaxPool, (2, 3, 4, 5), lambda x: x.amax((2, 3), keepdim=True), negative),
    beside("GlobalMaxPool of four axes", cp.GlobalMaxPool, (2, 3, 4, 1, 2, 3), lambda x: x.amax((2, 3, 4, 5), keepdim=True)),
]

AVERAGE = [
    twins("AvgPool2d", "plain", ((2, 3, 4, 7),), 2),
    twins("AvgPool2d", "padded", ((2, 3, 5, 8),), (3, 2), stride=(2, 3), padding=1),
    twins("AvgPool2d", "padding not counted", ((2, 3, 5, 8),), 3, stride=(2, 1), padding=(1, 0), count_include_pad=False),
    twins("AvgPool2d", "ceil, divisor clipped", ((1, 2, 6, 7),), 3, stride=2, padding=1, ceil_mode=True),
    twins("AvgPool2d", "ceil, last window dropped", ((1, 2, 5, 7),), 2, stride=3, padding=1, ceil_mode=True),
    twins("AvgPool2d", "ceil, padding not counted", ((1, 2, 6, 7),), 3, stride=2, padding=1, ceil_mode=True, count_include_pad=False),
    twins("AvgPool2d", "divisor", ((1, 2, 5, 6),), 2, divisor_override=3),
    twins("AvgPool2d", "negative divisor, ceil", ((1, 2, 5, 6),), 3, 2, 1, ceil_mode=True, divisor_override=-5),
    twins("AvgPool2d", "unbatched", ((3, 5, 6),), 3, stride=1, padding=1),
    beside(
        "AvgPool2d pairs of padding",
        lambda: cp.AvgPool2d((3, 2), (1, 2), ((1, 0), (0, 3))),
        (2, 3, 5, 6),
        lambda x: F.avg_pool2d(pad(x, (0, 3, 1, 0)), (3, 2), (1, 2)),
    ),
    beside(
        "AvgPool2d same_lower",
        lambda: cp.AvgPool2d((2, 3), (1, 2), "same_lower"),
        (2, 3, 5, 6),
        lambda x: F.avg_pool2d(pad(x, (1, 0, 1, 0)), (2, 3), (1, 2)),
    ),
    beside("AvgPool2d dilated", lambda: cp.AvgPool2d((2, 3), (1, 2), ((1, 1), (0, 2)), dilation=(2, 1)), (2, 3, 4, 7), dilated_mean),
    twins("AvgPool1d", "padded, ceil", ((2, 3, 8),), 3, 2, 1, True, count_include_pad=False),
    twins("AvgPool1d", "unbatched", ((3, 7),), 2),
    twins("AvgPool3d", "padded", ((2, 3, 4, 5, 6),), (2, 3, 1), stride=(1, 2, 3), padding=(1, 1, 0)),
    twins("AvgPool3d", "ceil, divisor", ((2, 5, 4, 3),), 2, ceil_mode=True, divisor_override=3),
    twins("AdaptiveAvgPool1d", "uneven", ((2, 3, 7),), 3),
    twins("AdaptiveAvgPool2d", "uneven", ((2, 3, 7, 5),), (3, 4)),
    twins("AdaptiveAvgPool2d", "even", ((2, 3, 6, 4),), 2),
    twins("AdaptiveAvgPool2d", "a single cell, unbatched", ((3, 4, 5),), 1),
    twins("AdaptiveAvgPool2d", "more outputs than cells", ((1, 3, 3, 2),), (None, 3)),
    twins("AdaptiveAvgPool3d", "uneven", ((1, 2, 5, 4, 3),), (2, 3, None)),
    beside("GlobalAveragePool of images", cp.GlobalAveragePool, (2, 3, 4, 5), lambda x: x.mean((2, 3), keepdim=True)),
    beside("GlobalAveragePool of a line", cp.GlobalAveragePool, (2, 3, 7), lambda x: x.mean(2, keepdim=True)),
]

NORM = [
    twins("LPPool2d", "of two", ((2, 3, 5, 6),), 2, 2),
    twins("LPPool2d", "of three, positive", ((2, 3, 5, 6),), 3, (3, 2), stride=(2, 1), inputs_like=positive),
    twins("LPPool2d", "of one", ((2, 3, 5, 6),), 1, (2, 3), stride=2),
    twins("LPPool2d", "of 2.3, ceil", ((1, 2, 5, 6),), 2.3, 3, stride=2, ceil_mode=True, inputs_like=positive),
    twins("LPPool2d", "of two, ceil", ((2, 3, 5, 4),), 2.0, (3, 2), 3, True),
    twins("LPPool2d", "of four, unbatched", ((3, 5, 6),), 4, 2, 1),
    twins("LPPool2d", "of a half", ((1, 3, 4, 6),), 0.5, 2, inputs_like=positive),
    twins("LPPool2d", "of minus two", ((1, 3, 4, 6),), -2, 2, inputs_like=away_from_0),
    twins("LPPool2d", "of infinity", ((1, 3, 4, 6),), float("inf"), 2),
    twins("LPPool2d", "of minus infinity", ((1, 3, 4, 6),), -float("inf"), 2),
    beside(
        "LPPool2d of absolute values, padded",
        lambda: cp.LPPool2d(3, (3, 2), (2, 1), padding=((2, 1), (0, 1)), absolute=True),
        (2, 3, 5, 6),
        lambda x: onnx_norm(x, 3, (3, 2), (2, 1), (0, 1, 2, 1)),
        away_from_0,
    ),
    beside(
        "LPPool2d not scaled, dilated",
        lambda: cp.LPPool2d(2, 2, 2, True, dilation=(2, 1), scale_clipped=False),
        (2, 3, 6, 5),
        dilated_norm,
    ),
    beside(
        "LPPool2d of one, absolute",
        lambda: cp.LPPool2d(1, 2, padding="same_upper", absolute=True),
        (1, 2, 5, 4),
        lambda x: onnx_norm(x, 1, (2, 2), (2, 2), (0, 0, 0, 1)),
        away_from_0,
    ),
    twins("LPPool1d", "of two, ceil", ((2, 3, 8),), 2, 3, 2, True),
    twins("LPPool3d", "of two", ((1, 3, 4, 5, 2),), 2.0, (2, 3, 1)),
    beside("GlobalLpPool of two", cp.GlobalLpPool, (2, 3, 4, 5), lambda x: x.square().sum((2, 3), keepdim=True).sqrt()),
    beside(
        "GlobalLpPool of 1.5",
        lambda: cp.GlobalLpPool(1.5),
        (2, 3, 7),
        lambda x: (abs(x) ** 1.5).sum(2, keepdim=True) ** (1 / 1.5),
        away_from_0,
    ),
]
