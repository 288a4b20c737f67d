"""What several commands have in common: MODEL and INPUT, how they become a network and its input, and how results are printed."""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import rich_click as click

from convproof.cli.languages import Misuse
from convproof.core.errors import SettingError, ShapeError
from convproof.core.languages import ENGLISH
from convproof.core.sentence import Sentence, Text, listed, plural, say, spoken
from convproof.show.records import SCHEMA_VERSION

if TYPE_CHECKING:
    from convproof.core.shapes import Shape
    from convproof.network.network import Network

Command = TypeVar("Command", bound=Callable[..., Any])


@dataclass(frozen=True)
class Job:
    """A network and its inputs, each with the words that announce it.

    ``files`` are the model's name and all files that were read; ``noisy``: the inputs are noise.
    """

    network: "Network"
    model: Sentence
    inputs: tuple[Any, ...]
    given: Text
    files: tuple[str, ...] = ()
    noisy: bool = False

    def heading(self) -> str:
        """The first lines of every output: the model, and the input if there is one."""
        lines = [say("model: {model}", model=self.model)]
        if self.given:
            lines.append(say("input: {given}", given=self.given))
        return "\n".join(map(str, lines))

    def record(self) -> dict[str, Any]:
        """The same for JSON."""
        return {"schema_version": SCHEMA_VERSION, "model": self.model.text(ENGLISH), "input": spoken(self.given, ENGLISH)}


def model_options(command: Command) -> Command:
    """MODEL, --model, --weights, --train/--eval, --json, --lang and --debug."""
    for decorate in (
        click.option("--debug", is_flag=True, expose_value=False, help="Show the traceback of an error."),
        click.option("--lang", metavar="LANGUAGE", expose_value=False, help="The language of all texts: en or zh."),
        click.option("--json", "as_json", is_flag=True, help="Print JSON (stable, with a schema_version)."),
        click.option("--train/--eval", "training", default=None, help="The mode of all layers; else as the model comes."),
        click.option("--weights", metavar="FILE", help="Load the model's weights from a .safetensors, .npz or torch file first."),
        click.option("--model", "model_option", metavar="MODEL", help="The same as the argument MODEL."),
        click.argument("model", required=False),
    ):
        command = decorate(command)
    return command


def input_options(command: Command) -> Command:
    """INPUT, --input, --dim, --preprocess, --shape and --seed."""
    for decorate in (
        click.option(
            "--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Seed of the noise that stands in for a missing INPUT."
        ),
        click.option("--shape", metavar="N,C,H,W", help="Take noise of this shape as input."),
        click.option("--preprocess", metavar="STEPS", help="What is done to images, such as height=48,pad=right:192,mean=0.5,std=0.5."),
        click.option("--dim", metavar="NAME=SIZE", multiple=True, help="A size that the model leaves open, such as batch=1, for noise."),
        click.option("--input", "input_option", metavar="INPUT", multiple=True, help="The same as INPUT; several images make a batch."),
        click.argument("input", required=False),
    ):
        command = decorate(command)
    return command


def the_one(argument: str | None, option: str | None, name: str) -> str | None:
    """A positional or its option; both at once are a usage error."""
    if argument and option:
        raise Misuse(
            "{name} is given twice: {argument!r} and {option}; give it once.",
            name=name,
            argument=argument,
            option=f"--{name.lower()} {option!r}",
        )
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
    source = say("{model}, weights from {file}", model=describe(name), file=weights) if weights else describe(name)
    mode = say("training mode") if network.training else say("eval mode")
    return Job(network, say("{model} ({mode})", model=source, mode=mode), (), "", tuple(f for f in (name, weights) if f))


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
    dim: tuple[str, ...],
    preprocess: str | None,
    seed: int,
    optional: bool = False,
) -> Job:
    """The network and its inputs: from files, an embedded model's own images, or noise. ``optional``: it may go without."""
    from convproof.formats.embedded import embedded_input
    from convproof.formats.inputs import read_input

    job = find_network(default, model, model_option, weights, training)
    paths = ((input,) if input else ()) + input_option
    if paths and shape:
        raise Misuse("--shape asks for noise, and INPUT for a file: give one of them.")
    if paths:
        names = job.network.graph.inputs
        return replace(job, inputs=read_input(paths, names, preprocess), given=_told(paths, preprocess), files=(*job.files, *paths))
    if preprocess:
        raise Misuse("--preprocess says what is done to images: give INPUT, one image or more.")
    if shape:
        return noise(job, [parse_shape(part) for part in shape.split(";")], seed)
    if (own := embedded_input(job.files[0])) is not None:
        return replace(job, inputs=(own.array,), given=own.description)
    if job.network.declared and (dim or not optional or is_whole(job.network)):
        return noise(job, declared_shapes(job, parse_dims(dim)), seed)
    if optional:
        return job
    raise SettingError(
        "{model} leaves the size of its input open ({needs}): give --shape 1,3,224,224 for seeded noise, or an image or .npy file",
        model=job.files[0],
        needs=_needs(job.network),
    )


def _told(paths: Sequence[str], preprocess: str | None) -> Text:
    """The files, and what is done to images where somebody said so."""
    return say("{files}, prepared by {steps}", files=listed(paths), steps=preprocess) if preprocess else listed(paths)


def _needs(network: "Network") -> object:
    """What the first layer says that it expects."""
    try:
        network.summary(*[()] * len(network.graph.inputs))
    except ShapeError as error:
        return error.sentence
    return say("inputs {names}", names=listed(network.graph.inputs))


def noise(job: Job, shapes: "Sequence[Shape]", seed: int) -> Job:
    """The job with standard normal noise, one array for each input of the network."""
    import numpy as np

    from convproof.core.guards import require_room

    names = job.network.graph.inputs
    if len(shapes) != len(names):
        raise SettingError(
            "the network has {inputs} ({names}); give --shape as many shapes, with ; between them",
            inputs=plural("{n} input", "{n} inputs", n=len(names)),
            names=listed(names),
        )
    require_room(say("noise"), shapes)
    rng = np.random.default_rng(seed)
    dtypes = [job.network.declared[name].dtype if name in job.network.declared else np.dtype(np.float32) for name in names]
    if any(dtype.kind not in "fViub" for dtype in dtypes):
        raise SettingError("the network reads {dtypes}; noise is numbers, so give it an input file", dtypes=listed(d.name for d in dtypes))
    arrays = tuple(_random(rng, shape, dtype) for shape, dtype in zip(shapes, dtypes, strict=True))
    told = say("seeded noise (seed {seed}) of shape {shapes}", seed=seed, shapes=listed(shapes))
    return replace(job, inputs=arrays, given=told, noisy=True)


def _random(rng: Any, shape: "Shape", dtype: Any) -> Any:
    """Standard normal numbers; 0 and 1 for a dtype that holds integers."""
    return rng.integers(0, 2, shape).astype(dtype) if dtype.kind in "iub" else rng.standard_normal(shape).astype(dtype)


def is_whole(network: "Network") -> bool:
    """Whether the file says every size of every input."""
    return all(given.whole is not None for given in network.declared.values())


def declared_shapes(job: Job, dims: dict[str, int]) -> "list[Shape]":
    """The shapes that the model's file declares, with open sizes from --dim. Raises SettingError for those that are missing."""
    shapes, open_ones = [], []
    for name, given in job.network.declared.items():
        sizes = [
            dims.get(f"{name}.{k}", dims.get(size, size) if isinstance(size, str) else size) for k, size in enumerate(given.sizes or ())
        ]
        open_ones += [size if isinstance(size, str) else f"{name}.{k}" for k, size in enumerate(sizes) if not isinstance(size, int)]
        shapes.append(tuple(size for size in sizes if isinstance(size, int)))
        if given.sizes is None:
            raise SettingError("{model} does not say how many axes {name} has: give --shape 1,3,224,224", model=job.files[0], name=name)
    if open_ones:
        raise SettingError(
            "{model} leaves sizes of its input open: {names}; give each, such as --dim {first}=1, or --shape, or an input file",
            model=job.files[0],
            names=listed(dict.fromkeys(open_ones)),
            first=open_ones[0],
        )
    return shapes


def parse_dims(texts: Sequence[str]) -> dict[str, int]:
    """batch=1 as {"batch": 1}. Raises SettingError."""
    found = {}
    for text in texts:
        name, _, size = text.rpartition("=")
        if not name or not size.isdecimal() or int(size) < 1:
            raise SettingError("--dim {text!r}: expected a name and a size of 1 or more, such as batch=1", text=text)
        found[name] = int(size)
    return found


def parse_shape(text: str) -> "Shape":
    """1,3,224,224 as a shape. Raises SettingError."""
    try:
        shape = tuple(int(part) for part in text.split(","))
    except ValueError:
        raise SettingError("--shape {text!r}: expected whole numbers with commas between them, such as 1,3,224,224", text=text) from None
    if min(shape) < 1:
        raise SettingError("--shape {text!r}: every size must be 1 or more", text=text)
    return shape


def new_file(path: str, job: Job, *more: str, option: str = "-o") -> str:
    """The path that an option says to write to, before anything is computed for it.

    Raises SettingError if it is one of the files that were read, FileError where no file can be written.
    """
    from convproof.formats.files import writable

    read = {Path(re.sub(r"\.py:.*$", ".py", name)).absolute() for name in (*job.files, *more)}
    if Path(path).absolute() in read:
        raise SettingError(
            "{option} {path}: that file was read; a file is never changed in place, choose a new name", option=option, path=path
        )
    writable(path)
    return path


def emit(record: dict[str, Any]) -> None:
    """Print a record as JSON."""
    click.echo(json.dumps(record, indent=2, ensure_ascii=False, allow_nan=False, default=list))


@contextmanager
def patience(what: Sentence) -> Iterator[None]:
    """A spinner on stderr while something takes longer than a second, if somebody is looking."""
    import sys
    import threading

    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console

    status = Console(stderr=True).status(what.text())
    timer = threading.Timer(1.0, status.start)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        status.stop()
