"""Every layer of the room over all its settings, beside torch: outputs, gradients, refusals, derivations."""

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import convproof as cp
from tests.layers.moving import assert_as_torch, box_of

shapes = st.lists(st.integers(0, 4), max_size=4).map(tuple)
full = st.lists(st.integers(1, 4), min_size=1, max_size=4).map(tuple)
axes = st.integers(-5, 5)


def both(layer, theirs, shape):
    """Either both refuse, or both give the same."""
    try:
        theirs(torch.zeros(shape))
    except (RuntimeError, IndexError, ValueError):
        with pytest.raises((cp.ShapeError, cp.SettingError)):
            layer().shapes(shape)
    else:
        assert_as_torch(layer(), theirs, shape)


@given(shapes, axes, st.lists(st.integers(-1, 4), min_size=1, max_size=3).map(tuple))
@settings(max_examples=100)
def test_unflatten(shape, dim, sizes):
    both(lambda: cp.Unflatten(dim, sizes), lambda x: x.unflatten(dim, sizes), shape)


@given(st.permutations([1, 2, 3, 4]), st.permutations([2, -1, 3, 4]), st.booleans())
@settings(max_examples=40)
def test_reshape(old, new, flat):
    shape = (-1, 12) if flat else tuple(new)
    both(lambda: cp.Reshape(shape), lambda x: x.reshape(shape), tuple(old))


@given(shapes, st.lists(st.integers(-1, 4), max_size=3).map(tuple))
@settings(max_examples=60)
def test_reshape_with_empty_axes(shape, new):
    both(lambda: cp.Reshape(new, allowzero=True), lambda x: x.reshape(new), shape)


@given(st.data(), full)
@settings(max_examples=40)
def test_permute_and_transpose(data, shape):
    dims = tuple(data.draw(st.permutations(range(len(shape)))))
    signs = tuple(dim - len(shape) * data.draw(st.integers(0, 1)) for dim in dims)
    both(lambda: cp.Permute(signs), lambda x: x.permute(signs), shape)
    a, b = data.draw(axes), data.draw(axes)
    both(lambda: cp.Transpose(a, b), lambda x: x.transpose(a, b), shape)


@given(st.lists(st.integers(0, 2), max_size=4).map(tuple), st.one_of(st.none(), axes, st.lists(axes, max_size=2).map(tuple)), axes)
@settings(max_examples=100)
def test_squeeze_and_unsqueeze(shape, dim, one):
    both(lambda: cp.Squeeze(dim), (lambda x: x.squeeze()) if dim is None else (lambda x: x.squeeze(dim)), shape)
    both(lambda: cp.Unsqueeze(one), lambda x: x.unsqueeze(one), shape)


@given(st.integers(1, 3), st.lists(st.integers(0, 3), min_size=0, max_size=2), st.tuples(*[st.integers(1, 4)] * 3), st.booleans())
@settings(max_examples=25)
def test_shuffles(r, lead, image, fits):
    c, h, w = image
    both(lambda: cp.PixelShuffle(r), torch.nn.PixelShuffle(r), (*lead, c * (r * r if fits else 1), h, w))
    both(lambda: cp.PixelUnshuffle(r), torch.nn.PixelUnshuffle(r), (*lead, c, h * (r if fits else 1), w * r))
    both(lambda: cp.ChannelShuffle(r), torch.nn.ChannelShuffle(r), (h, c * (r if fits else 1), *lead, w))


ends = st.one_of(st.integers(-6, 6), st.sampled_from([2**63 - 1, -(2**63)]))


@given(full, axes, ends, ends, st.sampled_from([1, 2, 3, -1, -2]))
@settings(max_examples=120)
def test_slice(shape, dim, start, end, step):
    def theirs(x):
        if step > 0:
            return torch.ops.aten.slice(x, dim, start, end, step)
        size = x.shape[dim]  # torch has no steps backwards: NumPy says which places they are
        return x.index_select(dim, torch.tensor(np.arange(size)[slice(start, end, step)].copy()))

    both(lambda: cp.Slice(start, end, dim, step), theirs, shape)


parts = st.one_of(st.none(), st.integers(-4, 4))
items = st.one_of(st.none(), st.integers(-4, 4), st.builds(slice, parts, parts, st.one_of(st.none(), st.integers(1, 3))), st.just(Ellipsis))


@given(full, st.lists(items, max_size=5).map(tuple))
@settings(max_examples=150)
def test_index(shape, index):
    assume(index.count(Ellipsis) < 2)  # of which torch ignores all but the first
    both(lambda: cp.Index(index), lambda x: x[index], shape)


@given(full, axes, st.lists(st.integers(-4, 4), min_size=1, max_size=4), st.booleans())
@settings(max_examples=80)
def test_gather(shape, dim, indices, two_axes):
    wanted = np.array([indices, indices[::-1]] if two_axes else indices)

    def theirs(x):
        size = x.shape[dim]
        if (wanted < -size).any() or (wanted >= size).any():
            raise IndexError
        moved = x.movedim(dim, 0)[torch.tensor(wanted)]
        return moved.movedim(tuple(range(wanted.ndim)), tuple(dim % x.ndim + k for k in range(wanted.ndim)))

    both(lambda: cp.Gather(wanted, dim), theirs, shape)


@given(st.lists(st.integers(0, 5), min_size=1, max_size=3).map(tuple), axes, st.integers(0, 4), st.lists(st.integers(0, 3), min_size=1))
@settings(max_examples=120)
def test_split_chunk_and_unbind(shape, dim, size, sizes):
    both(lambda: cp.Split(size, dim), lambda x: x.split(size, dim), shape)
    both(lambda: cp.Split(tuple(sizes), dim), lambda x: x.split(sizes, dim), shape)
    both(lambda: cp.Chunk(size, dim), lambda x: x.chunk(size, dim), shape)
    if all(shape):
        both(lambda: cp.Unbind(dim), lambda x: x.unbind(dim), shape)


@given(st.lists(st.integers(1, 3), max_size=3).map(tuple), st.lists(st.integers(-1, 3), max_size=4).map(tuple))
@settings(max_examples=100)
def test_expand(shape, wanted):
    new = len(wanted) - len(shape)
    assume(new >= 0 and -1 not in wanted[:new])  # torch takes -1 for some new axes too, where it means nothing
    assume(not any(want == 1 < size for size, want in zip(shape, wanted[new:], strict=True)))  # ONNX keeps these
    both(lambda: cp.Expand(wanted), lambda x: x.expand(wanted), shape)


@given(shapes, st.lists(st.integers(0, 3), max_size=4).map(tuple))
@settings(max_examples=60)
def test_tile(shape, repeats):
    both(lambda: cp.Tile(repeats), lambda x: x.tile(repeats), shape)


@given(full, st.lists(axes, max_size=2).map(tuple), st.lists(st.integers(-7, 7), min_size=1, max_size=2).map(tuple))
@settings(max_examples=100)
def test_flip_and_roll(shape, dims, shifts):
    both(lambda: cp.Flip(dims), lambda x: x.flip(dims), shape)
    both(lambda: cp.Roll(shifts, dims), lambda x: x.roll(shifts, dims), shape) if dims else None
    both(lambda: cp.Roll(shifts[0]), lambda x: x.roll(shifts[0]), shape)


@given(st.data())
@settings(max_examples=80)
def test_a_region_reads_the_smallest_box(data):
    layer, shape = data.draw(
        st.sampled_from(
            [
                (cp.PixelShuffle(2), (2, 8, 3, 2)),
                (cp.SpaceToDepth(2), (1, 3, 4, 6)),
                (cp.Permute((2, 0, 1)), (2, 3, 4)),
                (cp.Unflatten(1, (2, 3)), (2, 6, 3)),
                (cp.Slice(1, 6, 1, 2), (2, 7)),
                (cp.Flip(0), (5, 2)),
                (cp.Tile((2, 1)), (3, 4)),
                (cp.Index((..., None, 2, slice(1, None))), (2, 3, 4)),
            ]
        )
    )
    region = []
    for size in layer.shapes(shape)[0]:
        first = data.draw(st.integers(0, size - 1))
        region.append(range(first, data.draw(st.integers(first, size - 1)) + 1))
    (box,) = layer.reads(tuple(region), shape)
    assert list(box) == box_of(layer, shape, region)


def test_a_region_without_cells_reads_none():
    for layer in (cp.Flatten(), cp.Permute(), cp.Slice(0, 0), cp.PixelShuffle(1), cp.Identity()):
        shape = (2, 4, 2, 3)
        whole = layer.shapes(shape)[0]
        (box,) = layer.reads((range(0), *(range(size) for size in whole[1:])), shape)
        assert not all(box)
