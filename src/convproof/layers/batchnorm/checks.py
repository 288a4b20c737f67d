"""What a batch normalisation may be made of and be given, as torch sees it."""

from typing import Any

from convproof.core.axes import is_whole
from convproof.core.errors import SettingError, ShapeError
from convproof.core.sentence import Text, either, say
from convproof.core.shapes import Shape
from convproof.layers.batchnorm.further import BATCH, NAMES


def features_of(num_features: Any) -> Shape:
    """The shape of the statistics: (C,), or (C, *sizes) where every cell has its own. Raises SettingError."""
    found = num_features if isinstance(num_features, tuple) else (num_features,)
    if not found or not all(is_whole(n) and n >= 1 for n in found):
        raise SettingError("num_features={n}: expected the number of channels, 1 or more", n=num_features)
    return tuple(map(int, found))


def check_statistics(statistics_of: str | None, tracked: bool, outputs: tuple[str, ...]) -> None:
    """Raise SettingError for what cannot be."""
    if statistics_of not in (None, "batch", "running"):
        raise SettingError(
            "statistics_of={found!r}: expected {known}, or None for the mode's own", found=statistics_of, known=either(("batch", "running"))
        )
    unknown = [name for name in outputs if name not in NAMES]
    if unknown:
        raise SettingError("outputs={found}: expected some of {known}", found=unknown, known=either(NAMES))
    if not tracked and (statistics_of == "running" or any(name in BATCH for name in outputs)):
        raise SettingError("track_running_stats=False leaves no running statistics to normalise by or to give back; leave it out")


def check_input(whose: Text, shape: Shape, features: Shape, ranks: tuple[int, ...] | None, expected: str) -> None:
    """Raise ShapeError for an input that does not fit, saying whether it looks like channels last."""
    fits = len(shape) > len(features) if ranks is None else len(shape) in ranks
    if fits and shape[1 : 1 + len(features)] == features:
        return
    last = fits and len(features) == 1 and len(shape) > 2 and shape[-1:] == features
    raise ShapeError(
        "{layer} expects x of shape {expected} with C = {channels}; got {shape}{hint}",
        layer=whose,
        expected=expected,
        channels=features[0] if len(features) == 1 else features,
        shape=shape,
        hint=say(". It looks like channels last: try x.transpose{order}", order=(0, len(shape) - 1, *range(1, len(shape) - 1)))
        if last
        else "",
    )


def check_count(whose: Text, n: int, shape: Shape) -> None:
    """Raise ShapeError for a batch that has one value a channel, whose variance is always 0."""
    if n == 1:
        raise ShapeError(
            "{layer} normalises by its batch and needs more than one value a channel, got x of shape {shape}; "
            "use a larger batch, or layer.eval()",
            layer=whose,
            shape=shape,
        )
