"""INPUT on the command line: files that become the inputs of a network."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from convproof.core.errors import SettingError
from convproof.core.sentence import listed
from convproof.formats.arrays import ENDINGS, read_array, read_arrays
from convproof.formats.golden.manifest import input_of
from convproof.formats.images import looks_like_image, to_batch


def read_input(paths: Sequence[str], names: Sequence[str], preprocess: str | None = None) -> tuple[Any, ...]:
    """The inputs of a network, by ``names``, from image or array files.

    Several images make one batch. An array that looks like images (uint8, channels last) is prepared as one; any other is taken as
    it is. A network with several inputs takes one .npz or .safetensors file with an array for each name. What ``run --save`` and
    ``golden`` wrote brings the input that it was made from. ``preprocess`` says what is done to images, see ``to_batch``.
    """
    if len(paths) == 1 and not preprocess and (kept := input_of(paths[0], names)) is not None:
        return kept
    if len(names) > 1:
        return _by_name(paths, names)
    if all(Path(path).suffix.lower() in ENDINGS for path in paths):
        if len(paths) > 1:
            raise SettingError("{n} array files for one input; stack them into one .npy file", n=len(paths))
        array = read_array(paths[0])
        return (to_batch(array, preprocess=preprocess) if looks_like_image(array) or preprocess else array,)
    return (to_batch(list(paths), preprocess=preprocess),)


def _by_name(paths: Sequence[str], names: Sequence[str]) -> tuple[Any, ...]:
    arrays = read_arrays(paths[0]) if len(paths) == 1 else {}
    if set(names) - set(arrays):
        raise SettingError(
            "the network has the inputs {names}: give one .npz or .safetensors file that holds an array for each", names=listed(names)
        )
    return tuple(arrays[name] for name in names)
