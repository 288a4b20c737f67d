"""What a convolution cannot take, said in sentences."""

from collections.abc import Sequence

from convproof.core.arithmetic.padding import MODES
from convproof.core.errors import SettingError, ShapeError
from convproof.core.sentence import listed
from convproof.core.shapes import Shape
from convproof.core.window import Window


def check_mode(mode: str) -> None:
    """Raise SettingError for an unknown padding mode."""
    if mode not in MODES:
        raise SettingError("padding_mode={mode!r}: expected one of {modes}", mode=mode, modes=listed(MODES))


def check_fits(layer: str, shape: Shape, windows: Sequence[Window], mode: str) -> None:
    """Raise ShapeError if the window does not fit into the padded input, or the padding shows more than the input has."""
    sizes = shape[-len(windows) :]
    if any(w.outputs(size) < 1 for w, size in zip(windows, sizes, strict=True)):
        raise ShapeError(
            "{layer} spans {extent} cells, more than the padded input {padded} has (input shape {shape}); pad more or use a smaller kernel",
            layer=layer,
            extent=tuple(w.extent for w in windows),
            padded=tuple(size + w.before + w.after for w, size in zip(windows, sizes, strict=True)),
            shape=shape,
        )
    limit = {"reflect": -1, "circular": 0}.get(mode)
    if limit is not None and any(max(w.before, w.after) > size + limit for w, size in zip(windows, sizes, strict=True)):
        raise ShapeError(
            "{layer} pads by more than {mode} padding can show of an input of shape {shape}; pad less than the input's size",
            layer=layer,
            mode=mode,
            shape=shape,
        )
