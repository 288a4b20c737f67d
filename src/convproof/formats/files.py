"""Files as such: what must be there before one is read, what becomes of a broken one, and writes that are all or nothing."""

import difflib
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

from convproof.core.errors import ConvproofError, FileError
from convproof.core.sentence import Sentence, did_you_mean, either, listed, say

MANY = 2000
LONG = 200
NPY, NPZ, SAFETENSORS, IMAGE = say("an .npy file"), say("an .npz archive"), say("a .safetensors file"), say("an image")
BEGINNINGS = {b"\x93NUMPY": NPY, b"PK": NPZ, b"\x89PNG": IMAGE, b"\xff\xd8\xff": IMAGE, b"GIF8": IMAGE, b"BM": IMAGE}


def existing(path: str | Path) -> Path:
    """The path of a file that is there. Raises FileError with near misses from its folder."""
    found = Path(path)
    try:
        if found.is_file():
            return found
        folder, there, dangling = found.is_dir(), found.exists(), found.is_symlink()
    except (OSError, ValueError) as error:
        raise FileError("{path!r} is no path of a file: {reason}", path=str(path), reason=_reason(error)) from error
    if folder:
        raise FileError("{path} is a folder; expected a file: name one of those in it{near}", path=found, near=_listed(found))
    if there:
        raise FileError("{path} is not a regular file; copy what it holds into one", path=found)
    if dangling:
        raise FileError("{path} is a link that leads to no file; give the file itself", path=found)
    if not found.parent.is_dir():
        raise FileError(
            "{path} does not exist, and neither does the folder {folder}; look at its spelling", path=found, folder=found.parent
        )
    near = difflib.get_close_matches(found.name, _names(found.parent), 3, 0.6)
    raise FileError(
        "{path} does not exist; {hint}",
        path=found,
        hint=did_you_mean(near) if near else say("{folder} holds no file of a similar name", folder=found.parent.absolute()),
    )


@contextmanager
def reading(path: Path, kind: Sentence) -> Iterator[None]:
    """What a decoder raises on a broken file, as a FileError. Decoders of untrusted bytes raise almost anything."""
    try:
        yield
    except ConvproofError:
        raise
    except PermissionError as error:
        raise FileError("{path} may not be read: {reason}; look at its permissions", path=path, reason=_reason(error)) from error
    except Exception as error:
        raise FileError(
            "{path} cannot be read as {kind} ({reason}); {hint}", path=path, kind=kind, reason=_reason(error), hint=_what_it_is(path, kind)
        ) from error


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """A temporary path in the same folder, to be written inside the block; afterwards it takes the place of ``path`` in one step.

    If the block fails, the old file stays as it was and the temporary one is removed. Raises FileError.
    """
    target = writable(path)
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    try:
        temporary.touch(exist_ok=False)
        mode = (target if target.exists() else temporary).stat().st_mode
        yield temporary
        temporary.chmod(mode)
        with temporary.open("rb+") as handle:
            os.fsync(handle.fileno())
        temporary.replace(target)
    except ConvproofError:
        raise
    except OSError as error:
        raise FileError("{path} cannot be written: {reason}; what was there is unchanged", path=path, reason=_reason(error)) from error
    finally:
        _remove(temporary)


def writable(path: str | Path) -> Path:
    """The place of a file that is to be written. Raises FileError for a folder, a device or a pipe, and where there is no place for it.

    A file takes the place of what is there; a device must not be replaced by a file.
    """
    target = Path(os.path.realpath(path))
    if target.is_dir():
        raise FileError("{path} is a folder; expected the name of a file to write", path=path)
    if Path(path).exists() and not Path(path).is_file():  # asked of the path itself: /dev/stdout leads to what has no name
        raise FileError("{path} is a device or a pipe, which a file cannot replace; expected the name of a file to write", path=path)
    if not target.parent.is_dir():
        raise FileError("{path} cannot be written: the folder {folder} does not exist; make it first", path=path, folder=target.parent)
    return target


def ending_of(path: str | Path, endings: tuple[str, ...], doing: Sentence) -> str:
    """The path's ending in lower case. Raises FileError if it is none of ``endings``."""
    ending = Path(path).suffix.lower()
    if ending not in endings:
        raise FileError(
            "{path} ends in {ending!r}; {doing} takes {endings}", path=path, ending=ending, doing=doing, endings=either(endings)
        )
    return ending


def _remove(temporary: Path) -> None:
    try:
        temporary.unlink(missing_ok=True)
    except OSError:
        return  # the name was too long to exist, or the folder is gone; the error that matters is on its way already


def _reason(error: Exception) -> str:
    """An exception in one line."""
    text = " ".join((getattr(error, "strerror", None) or str(error)).split()) or type(error).__name__
    return text if len(text) <= LONG else text[:LONG] + " ..."


def _names(folder: Path) -> list[str]:
    try:
        return [entry.name for entry in islice(os.scandir(folder), MANY)]
    except OSError:
        return []


def _listed(folder: Path) -> Sentence:
    names = sorted(name for name in _names(folder) if not name.startswith("."))[:5]
    return say(", such as {names}", names=listed(names)) if names else say("")


def _what_it_is(path: Path, kind: Sentence) -> Sentence:
    """What a file that cannot be read seems to be."""
    try:
        with path.open("rb") as handle:
            first = handle.read(16)
    except OSError:
        return say("its disk or the connection to it may be at fault: copy it to another place, and look whether that succeeds")
    known = next((what for beginning, what in BEGINNINGS.items() if first.startswith(beginning)), None)
    if not first:
        return say("it is empty: make it again")
    if known and known != kind:
        return say("by its first bytes it is {known}: give it as that", known=known)
    return say("it is damaged or incomplete: make it again, or download it again")
