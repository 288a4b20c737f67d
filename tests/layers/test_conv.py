"""What is peculiar to convolution."""

import numpy as np
import torch

import convproof as cp
from tests.samples import Sample


def _twins(name, shapes, *args, **settings):
    return Sample(f"Conv2d {name}", lambda: cp.Conv2d(*args, **settings, seed=1), shapes, lambda: torch.nn.Conv2d(*args, **settings))


SAMPLES = [
    _twins("plain", ((2, 3, 5, 7),), 3, 4, (3, 2)),
    _twins("strided", ((2, 3, 6, 7),), 3, 4, (3, 2), stride=(2, 3), padding=(1, 2)),
    _twins("dilated", ((1, 2, 9, 8),), 2, 3, (3, 2), padding=(2, 1), dilation=(2, 3), bias=False),
    _twins("grouped", ((2, 6, 5, 4),), 6, 4, (2, 3), padding=1, groups=2),
    _twins("depthwise", ((2, 3, 4, 5),), 3, 6, 3, groups=3),
    _twins("same even kernel", ((1, 2, 5, 6),), 2, 3, (2, 4), padding="same"),
    _twins("reflect", ((1, 2, 5, 4),), 2, 3, 3, padding=(2, 1), padding_mode="reflect"),
    _twins("replicate", ((1, 2, 5, 4),), 2, 3, 3, padding=(2, 1), padding_mode="replicate"),
    _twins("circular", ((1, 2, 5, 4),), 2, 3, 3, stride=2, padding=(2, 1), padding_mode="circular"),
    _twins("unbatched", ((3, 5, 6),), 3, 2, 3, padding=1),
]


def test_pairs_of_padding_are_torch_pad_then_conv():
    x = np.random.default_rng(0).normal(size=(2, 3, 5, 7)).astype(np.float32)
    ours = cp.Conv2d(3, 4, (3, 2), stride=(1, 2), padding=((1, 0), (0, 2)), seed=0)
    padded = torch.nn.functional.pad(torch.tensor(x), (0, 2, 1, 0))
    theirs = torch.nn.functional.conv2d(padded, torch.tensor(ours.weight), torch.tensor(ours.bias), stride=(1, 2)).numpy()
    lines = ours.lines(None, (x,))
    assert (abs(theirs - lines.exact) <= lines.proof).all()
