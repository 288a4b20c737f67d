"""What a transposed convolution cannot take, said in sentences."""

from collections.abc import Sequence
from typing import Any

from convproof.core.axes import per_axis
from convproof.core.errors import SettingError, ShapeError
from convproof.core.shapes import Shape
from convproof.core.window import SAME, Window


def check_settings(padding_mode: str, padding: Any, output_shape: Any) -> None:
    """Raise SettingError for a padding mode or a word for padding that there is not, and for an output shape without such a word."""
    if padding_mode != "zeros":
        raise SettingError("padding_mode={mode!r}: a transposed convolution has 'zeros' only, as in torch", mode=padding_mode)
    if isinstance(padding, str) and padding not in SAME:
        raise SettingError("padding={padding!r}: expected numbers, 'same_upper' or 'same_lower'", padding=padding)
    if output_shape is not None and padding not in SAME:
        raise SettingError(
            "output_shape={shape} leaves open where cells are cut off, and padding={padding} does not say it; "
            "give padding='same_upper' (the odd cell after the image) or 'same_lower' (before it)",
            shape=output_shape,
            padding=padding,
        )


def check_output_padding(output_padding: Sequence[int], windows: Sequence[Window]) -> None:
    """Raise SettingError unless it is less than the stride or the dilation of its axis."""
    if any(extra >= max(w.stride, w.dilation) for extra, w in zip(output_padding, windows, strict=True)):
        raise SettingError(
            "output_padding={extra} must be less than stride={stride} or dilation={dilation}, axis by axis: a longer output has cells "
            "that no input reaches",
            extra=tuple(output_padding),
            stride=tuple(w.stride for w in windows),
            dilation=tuple(w.dilation for w in windows),
        )


def check_outputs(layer: str, shape: Shape, outputs: Sequence[int]) -> None:
    """Raise ShapeError if nothing is left of the output."""
    if any(size < 1 for size in outputs):
        raise ShapeError(
            "{layer} cuts off so much that an output of {outputs} is left (input shape {shape}); give less padding",
            layer=layer,
            outputs=tuple(outputs),
            shape=shape,
        )


def output_padding_for(layer: str, output_size: Any, least: Shape, stride: Sequence[int]) -> tuple[int, ...]:
    """The output padding that gives this output size, where ``least`` are the spatial sizes without any. Raises ShapeError."""
    given = tuple(output_size) if isinstance(output_size, Sequence) else output_size
    wanted = per_axis(given[-len(least) :] if isinstance(given, tuple) else given, len(least), "output_size", 1)
    most = tuple(size + step - 1 for size, step in zip(least, stride, strict=True))
    if any(not low <= size <= high for low, size, high in zip(least, wanted, most, strict=True)):
        raise ShapeError(
            "{layer} can make outputs from {least} to {most} of this input, not output_size={wanted}",
            layer=layer,
            least=least,
            most=most,
            wanted=wanted,
        )
    return tuple(size - low for low, size in zip(least, wanted, strict=True))
