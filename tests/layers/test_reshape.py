"""The samples of the room, on which all laws run; what is peculiar to its layers stands in the folder reshape."""

import torch

import convproof as cp
from tests.samples import Sample

nn = torch.nn


def _module(name, shape, *args):
    """A layer that torch.nn has too."""
    kind = name.split()[0]
    return Sample(name, lambda: getattr(cp, kind)(*args), (shape,), lambda: getattr(nn, kind)(*args))


def _function(name, shape, layer, theirs):
    return Sample(name, layer, (shape,), lambda: theirs)


def depth_to_space(x):
    """ONNX's DCR, as its specification writes it."""
    n, c, h, w = x.shape
    return x.reshape(n, 2, 2, c // 4, h, w).permute(0, 3, 4, 1, 5, 2).reshape(n, c // 4, h * 2, w * 2)


def space_to_depth(x):
    """The way back."""
    n, c, h, w = x.shape
    return x.reshape(n, c, h // 2, 2, w // 2, 2).permute(0, 3, 5, 1, 2, 4).reshape(n, c * 4, h // 2, w // 2)


SAMPLES = [
    _module("Flatten plain", (2, 3, 4, 5)),
    _module("Flatten from 0", (2, 3, 4), 0),
    _module("Flatten in the middle", (2, 3, 4, 5), 1, 2),
    _module("Flatten one axis", (2, 3, 4), 2, 2),
    _module("Flatten from the end", (2, 3, 4), -2, -1),
    _module("Flatten of a vector", (5,), 0),
    _module("Unflatten", (2, 12, 5), 1, (3, 4)),
    _module("Unflatten what is left", (5, 4, 12), -1, (2, -1)),
    _function("Reshape", (2, 3, 4), lambda: cp.Reshape((4, -1, 3)), lambda x: x.reshape(4, -1, 3)),
    _function("Reshape copying sizes", (2, 6, 5), lambda: cp.Reshape((0, 0, 1, -1)), lambda x: x.reshape(2, 6, 1, 5)),
    _function("Permute", (2, 3, 5, 4), lambda: cp.Permute((0, 2, 3, 1)), lambda x: x.permute(0, 2, 3, 1)),
    _function("Permute reversed", (2, 3, 4), cp.Permute, lambda x: x.permute(2, 1, 0)),
    _function("Transpose", (2, 3, 5, 4), lambda: cp.Transpose(1, -1), lambda x: x.transpose(1, -1)),
    _function("Squeeze", (2, 1, 3, 1), lambda: cp.Squeeze((1, 2)), lambda x: x.squeeze((1, 2))),
    _function("Squeeze all", (1, 3, 1, 4), cp.Squeeze, torch.squeeze),
    _function("Squeeze strictly", (1, 3, 4), lambda: cp.Squeeze(0, strict=True), lambda x: x.squeeze(0)),
    _function("Unsqueeze", (2, 3), lambda: cp.Unsqueeze(-1), lambda x: x.unsqueeze(-1)),
    _function("Unsqueeze twice", (2, 3), lambda: cp.Unsqueeze((0, 2)), lambda x: x[None, :, None]),
    _module("Identity", (2, 3, 4)),
    _module("PixelShuffle", (2, 12, 3, 5), 2),
    _module("PixelShuffle by three", (1, 9, 2, 4), 3),
    _module("PixelUnshuffle", (2, 3, 4, 6), 2),
    _module("ChannelShuffle", (2, 6, 3, 4), 3),
    _module("ChannelShuffle in two", (2, 10, 3), 2),
    _function("DepthToSpace", (2, 12, 3, 5), lambda: cp.DepthToSpace(2), depth_to_space),
    _function("DepthToSpace CRD", (2, 12, 3, 5), lambda: cp.DepthToSpace(2, "CRD"), lambda x: nn.functional.pixel_shuffle(x, 2)),
    _function("SpaceToDepth", (2, 3, 4, 6), lambda: cp.SpaceToDepth(2), space_to_depth),
    _function("SpaceToDepth CRD", (2, 3, 4, 6), lambda: cp.SpaceToDepth(2, "CRD"), lambda x: nn.functional.pixel_unshuffle(x, 2)),
    _function("Slice", (2, 7, 5), lambda: cp.Slice((1, -4), (6, 2**63 - 1), (1, 2), (2, 1)), lambda x: x[:, 1:6:2, -4:]),
    _function("Slice backwards", (2, 6), lambda: cp.Slice(4, -(2**63), 1, -2), lambda x: x[:, [4, 2, 0]]),
    _function("Index", (2, 3, 6, 5), lambda: cp.Index((1, ..., None, slice(1, None, 2), -2)), lambda x: x[1, ..., None, 1::2, -2]),
    _function("Index with a list", (2, 4, 5), lambda: cp.Index((0, slice(None), [3, 0, 3])), lambda x: x[0][:, [3, 0, 3]]),
    _function("Gather", (2, 4, 5), lambda: cp.Gather([[0, 2, -1], [3, 2, 2]], 1), lambda x: x[:, [[0, 2, 3], [3, 2, 2]]]),
    _function("Gather one place", (2, 4, 5), lambda: cp.Gather(2, -1), lambda x: x.select(-1, 2)),
    _function("Split", (2, 7, 3), lambda: cp.Split(3, 1), lambda x: x.split(3, 1)),
    _function("Split into listed parts", (2, 7, 3), lambda: cp.Split((2, 4, 1), -2), lambda x: x.split((2, 4, 1), -2)),
    _function("Chunk", (2, 3, 7), lambda: cp.Chunk(3, 2), lambda x: x.chunk(3, 2)),
    _function("Unbind", (2, 3, 4), lambda: cp.Unbind(1), lambda x: x.unbind(1)),
    _function("Expand", (3, 1, 4, 1), lambda: cp.Expand((2, 3, 5, -1, 2)), lambda x: x.expand(2, 3, 5, -1, 2)),
    _function("Tile", (2, 3, 4), lambda: cp.Tile((2, 1, 3)), lambda x: x.repeat(2, 1, 3)),
    _function("Tile along a new axis", (3, 4), lambda: cp.Tile((2, 1, 3)), lambda x: x.repeat(2, 1, 3)),
    _function("Flip", (2, 3, 4), lambda: cp.Flip((0, -1)), lambda x: x.flip(0, -1)),
    _function("Roll", (2, 5, 4), lambda: cp.Roll((7, -1), (1, 2)), lambda x: x.roll((7, -1), (1, 2))),
    _function("Roll of all cells", (2, 5), lambda: cp.Roll(3), lambda x: x.roll(3)),
]
