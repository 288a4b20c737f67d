"""What several commands have in common: MODEL and INPUT, how they become a network and its input, and how results are printed."""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import rich_click as click

from convproof.core.errors import SettingError, ShapeError
from convproof.core.sentence import say

if TYPE_CHECKING:
    from convproof.core.shapes import Shape
    from convproof.network.network import Network

SCHEMA_VERSION = 1
Command = TypeVar("Command", bound=Callable[..., Any])


@dataclass(frozen=True)
class Job:
    """A network and its inputs, each with the words that announce it; ``files`` are the model's name and all files that were read."""

    network: "Network"
    model: str
    inputs: tuple[Any, ...]
    given: str
    files: tuple[str, ...] = ()

    def heading(self) -> str:
        """The first line of every output."""
        return f"model: {self.model}\ninput: {self.given}" if self.given else f"model: {self.model}"

    def record(self) -> dict[str, Any]:
        """The same for JSON."""
        return {"schema_version": SCHEMA_VERSION, "model": self.model, "input": self.given}


def model_options(command: Command) -> Command:
    """MODEL, --model, --weights and --train/--eval."""
    for decorate in (
        click.option("--debug", is_flag=True, expose_value=False, help="Show the traceback of an error."),
        click.option("--json", "as_json", is_flag=True, help="Print JSON (stable, with a schema_version)."),
        click.option("--train/--eval", "training", default=None, help="The mode of all layers; else as the model comes."),
        click.option("--weights", metavar="FILE", help="Load the model's weights from a .safetensors or .npz file first."),
        click.option("--model", "model_option", metavar="MODEL", help="The same as the argument MODEL."),
        click.argument("model", required=False),
    ):
        command = decorate(command)
    return command


def input_options(command: Command) -> Command:
    """INPUT, --input, --shape and --seed."""
    for decorate in (
        click.option("--seed", default=0, show_default=True, help="Seed of the noise that stands in for a missing INPUT."),
        click.option("--shape", metavar="N,C,H,W", help="Take noise of this shape as input."),
        click.option("--input", "input_option", metavar="INPUT", multiple=True, help="The same as INPUT; several images make a batch."),
        click.argument("input", required=False),
    ):
        command = decorate(command)
    return command


def the_one(argument: str | None, option: str | None, name: str) -> str | None:
    """A positional or its option; both at once are a usage error."""
    if argument and option:
        raise click.UsageError(f"{name} is given twice: {argument!r} and --{name.lower()} {option!r}; give it once.")
    return argument or option


def find_network(default: str, model: str | None, model_option: str | None, weights: str | None, training: bool | None) -> Job:
    """The network of MODEL, or the embedded default, with its weights and mode set; no input yet."""
    from convproof.formats.embedded import describe
    from convproof.formats.load import load

    name = the_one(model, model_option, "MODEL") or default
    network = load(name)
    if weights:
        network.load_weights(weights)
    if training is not None:
        network.train(training)
    source = f", weights from {weights}" if weights else ""
    mode = "training mode" if network.training else "eval mode"
    return Job(network, f"{describe(name)}{source} ({mode})", (), "", tuple(f for f in (name, weights) if f))


def find_job(
    default: str,
    *,
    model: str | None,
    model_option: str | None,
    weights: str | None,
    training: bool | None,
    input: str | None,
    input_option: tuple[str, ...],
    shape: str | None,
    seed: int,
    optional: bool = False,
) -> Job:
    """The network and its inputs: from files, an embedded model's own images, or noise. ``optional``: it may go without."""
    from convproof.formats.embedded import embedded_input
    from convproof.formats.inputs import read_input

    job = find_network(default, model, model_option, weights, training)
    paths = ((input,) if input else ()) + input_option
    if paths and shape:
        raise click.UsageError("--shape asks for noise, and INPUT for a file: give one of them.")
    if paths:
        return replace(job, inputs=read_input(paths, job.network.graph.inputs), given=", ".join(paths), files=(*job.files, *paths))
    if shape:
        return noise(job, [parse_shape(part) for part in shape.split(";")], seed)
    if (own := embedded_input(job.files[0])) is not None:
        return replace(job, inputs=(own.array,), given=own.description)
    if optional:
        return job
    raise SettingError(
        "{model} leaves the size of its input open ({needs}): give --shape 1,3,224,224 for seeded noise, or an image or .npy file",
        model=job.files[0],
        needs=_needs(job.network),
    )


def _needs(network: "Network") -> object:
    """What the first layer says that it expects."""
    try:
        network.summary(*[()] * len(network.graph.inputs))
    except ShapeError as error:
        return error.sentence
    return say("inputs {names}", names=", ".join(network.graph.inputs))


def noise(job: Job, shapes: "Sequence[Shape]", seed: int) -> Job:
    """The job with standard normal noise, one array for each input of the network."""
    import numpy as np

    names = job.network.graph.inputs
    if len(shapes) != len(names):
        raise SettingError(
            "the network has {n} inputs ({names}); give --shape as many shapes, with ; between them", n=len(names), names=", ".join(names)
        )
    rng = np.random.default_rng(seed)
    arrays = tuple(rng.standard_normal(s).astype(np.float32) for s in shapes)
    return replace(job, inputs=arrays, given=f"seeded noise (seed {seed}) of shape {' and '.join(map(str, shapes))}")


def parse_shape(text: str) -> "Shape":
    """1,3,224,224 as a shape. Raises SettingError."""
    try:
        shape = tuple(int(part) for part in text.split(","))
    except ValueError:
        raise SettingError("--shape {text!r}: expected whole numbers with commas between them, such as 1,3,224,224", text=text) from None
    if min(shape) < 1:
        raise SettingError("--shape {text!r}: every size must be 1 or more", text=text)
    return shape


def new_file(path: str, job: Job, *more: str) -> str:
    """The path of -o. Raises SettingError if it is one of the files that were read."""
    read = {Path(re.sub(r"\.py:.*$", ".py", name)).absolute() for name in (*job.files, *more)}
    if Path(path).absolute() in read:
        raise SettingError("-o {path}: that file was read; a file is never changed in place, choose a new name", path=path)
    return path


def emit(record: dict[str, Any]) -> None:
    """Print a record as JSON."""
    click.echo(json.dumps(record, indent=2, ensure_ascii=False, allow_nan=False, default=list))


@contextmanager
def patience(what: str) -> Iterator[None]:
    """A spinner on stderr while something takes longer than a second, if somebody is looking."""
    import sys
    import threading

    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console

    status = Console(stderr=True).status(what)
    timer = threading.Timer(1.0, status.start)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        status.stop()
