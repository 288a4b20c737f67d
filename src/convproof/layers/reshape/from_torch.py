"""PyTorch's functions, methods and ATen operators that these layers are read from."""

from typing import Any

import numpy as np

from convproof.core.layer import Layer
from convproof.core.operators import Call, Later, Operator
from convproof.layers.reshape.axes import Identity, Permute, Squeeze, Transpose, Unsqueeze
from convproof.layers.reshape.base import moves_input
from convproof.layers.reshape.cut import Gather, Index, Slice
from convproof.layers.reshape.flatten import Flatten, Reshape, Unflatten
from convproof.layers.reshape.parts import Chunk, Split, Unbind
from convproof.layers.reshape.repeat import Expand, Flip, Roll, Tile
from convproof.layers.reshape.shuffle import ChannelShuffle, PixelShuffle, PixelUnshuffle

LAST = 2**63 - 1  # beyond the last cell of any axis


def number(call: Call, k: int, default: Any = None) -> Any:
    """Argument ``k`` as one whole number."""
    return call.number(k, default)


def several(call: Call, k: int) -> Any:
    """Argument ``k`` as one whole number, or a tuple of them; None where it is absent."""
    value = call.value(k)
    return value if value is None or not np.ndim(value) else call.integers(k)


def reshape(call: Call) -> Layer | None:
    """A size 0 is an axis without cells. A dtype instead of a shape is another operation."""
    if call.known(1) and any(np.ndim(size) == 0 and not isinstance(size, int | np.integer | np.ndarray) for size in call.value(1)):
        return None
    shape = call.integers(1) or ()
    return Reshape(shape, allowzero=0 in shape)


def moved_axes(call: Call) -> Layer:
    """Some axes moved to other places; the others keep their order."""
    sizes = np.empty(tuple(range(1, call.rank(0) + 1)), np.bool_)  # every axis told by its size
    moved = np.moveaxis(sizes, call.integers(1) or (), call.integers(2) or ())
    return Permute(tuple(size - 1 for size in moved.shape))


def narrow(call: Call) -> Layer:
    """A start and a length."""
    dim, start, length = (number(call, k) for k in (1, 2, 3))
    end = start + length
    return Slice(start, LAST if start < 0 and end == 0 else end, dim)


def sliced(call: Call) -> Layer:
    """The ATen operator: one axis, with an end that may be left out."""
    return Slice(number(call, 2, 0), number(call, 3, LAST), number(call, 1, 0), number(call, 4, 1))


def indexed(call: Call) -> Layer | None:
    """x[index]. An index that only a run knows may hold truth values, so it is not read; nor are several lists of places.

    Whole numbers alone, x[2, 0] or x[[2, 0]], reach us as the same tuple though they mean different things: those are not read either.
    """
    given = call.arguments[1]
    items = tuple(list(item) if isinstance(item, tuple) else item for item in given) if isinstance(given, tuple) else (given,)
    if isinstance(given, tuple) and all(isinstance(item, int) for item in given):
        return None
    parts = [part for item in items for part in ((item.start, item.stop, item.step) if isinstance(item, slice) else (item,))]
    return Index(items) if all(map(_is_plain, parts)) and sum(map(_is_list, items)) < 2 else None


def by_tensors(call: Call) -> Layer | None:
    """The ATen operator: a list of places for some axes, None for the others."""
    items = tuple(slice(None) if item is None else item for item in call.arguments[1])
    return Index(items) if all(isinstance(i, slice) or _is_plain(i) for i in items) and sum(map(_is_list, items)) < 2 else None


def _is_list(item: Any) -> bool:
    return isinstance(item, list | np.ndarray) and np.ndim(item) == 1


def _is_plain(item: Any) -> bool:
    """Whether a part of an index is known, and names places."""
    if item is None or item is Ellipsis:
        return True
    if isinstance(item, list):
        return all(isinstance(place, int) for place in item)
    return not isinstance(item, Later | slice) and np.ndim(item) < 2 and np.asarray(item).dtype.kind in "iu"


def split(call: Call) -> Layer:
    """One size, or a list of them."""
    return Split(several(call, 1), number(call, 2, 0))


def roll(call: Call) -> Layer:
    """Without axes, along all cells."""
    return Roll(call.integers(1), call.integers(2) or None)


def _torch(names: str, signature: str, read: Any) -> Operator:
    return Operator("torch", tuple(names.split()), moves_input(read), tuple(signature.split()))


FROM_TORCH = (
    _torch("flatten", "input start_dim end_dim", lambda c: Flatten(number(c, 1, 0), number(c, 2, -1))),
    _torch("unflatten", "input dim sizes", lambda c: Unflatten(number(c, 1), c.integers(2))),
    _torch("view reshape _unsafe_view view_copy", "input *shape", reshape),
    _torch("_reshape_alias", "input shape stride", reshape),
    _torch("view_as reshape_as", "input other", lambda c: Reshape(c.shape(1), allowzero=True)),
    _torch("permute permute_copy", "input *dims", lambda c: Permute(c.integers(1))),
    _torch("transpose swapaxes swapdims transpose_copy", "input dim0 dim1", lambda c: Transpose(number(c, 1), number(c, 2))),
    _torch("t numpy_T t_copy", "input", lambda c: Permute()),
    _torch("movedim moveaxis", "input source destination", moved_axes),
    _torch("squeeze squeeze_copy", "input dim", lambda c: Squeeze(several(c, 1))),
    _torch("unsqueeze unsqueeze_copy", "input dim", lambda c: Unsqueeze(number(c, 1))),
    _torch("contiguous clone detach alias lift_fresh lift_fresh_copy", "input memory_format", lambda c: Identity()),
    _torch("pixel_shuffle", "input upscale_factor", lambda c: PixelShuffle(number(c, 1))),
    _torch("pixel_unshuffle", "input downscale_factor", lambda c: PixelUnshuffle(number(c, 1))),
    _torch("channel_shuffle native_channel_shuffle", "input groups", lambda c: ChannelShuffle(number(c, 1))),
    _torch("getitem", "input index", indexed),
    _torch("index", "input indices", by_tensors),
    _torch("narrow narrow_copy", "input dim start length", narrow),
    _torch("select select_copy", "input dim index", lambda c: Gather(number(c, 2), number(c, 1))),
    _torch("index_select", "input dim index", lambda c: Gather(c.array(2), number(c, 1))),
    _torch("slice slice_copy", "input dim start end step", sliced),
    _torch("split unsafe_split", "tensor split_size_or_sections dim", split),
    _torch("split_with_sizes unsafe_split_with_sizes split_with_sizes_copy", "input split_sizes dim", split),
    _torch("chunk unsafe_chunk", "input chunks dim", lambda c: Chunk(number(c, 1), number(c, 2, 0))),
    _torch("unbind unbind_copy", "input dim", lambda c: Unbind(number(c, 1, 0))),
    _torch("expand broadcast_to expand_copy", "input *size", lambda c: Expand(c.integers(1))),
    _torch("expand_as", "input other", lambda c: Expand(c.shape(1))),
    _torch("repeat tile", "input *dims", lambda c: Tile(c.integers(1))),
    _torch("flip", "input *dims", lambda c: Flip(c.integers(1))),
    _torch("roll", "input shifts dims", roll),
)
