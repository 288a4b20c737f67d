"""``convproof check``: somebody's numbers judged by the exact ones."""

import shlex
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import rich_click as click

from convproof.checking.check import YOURS, several
from convproof.checking.check import check as judge
from convproof.checking.matching.declared_formats import ALL
from convproof.cli.languages import Misuse
from convproof.cli.options import Job, emit, find_job, find_network, input_options, model_options, new_file, patience, the_one
from convproof.core.axes import as_array
from convproof.core.errors import SettingError
from convproof.core.sentence import Sentence, Text, listed, plural, say
from convproof.formats.dumps.opening import ENDINGS
from convproof.show.check_words import WIDE, wrapped
from convproof.show.width import of_terminal

if TYPE_CHECKING:
    from convproof.checking.report import Report

DEFAULT = "walkthrough-bn"
GIVES_INPUT = ("input", "input_option", "shape", "dim", "preprocess")


@dataclass(frozen=True)
class Claimed:
    """The numbers under suspicion, the words for them, the path that they come from, and whether the input comes from there too."""

    numbers: Any = None
    described: Text = ""
    path: str | None = None
    brings_input: bool = False


@click.command()
@model_options
@input_options
@click.argument("numbers", required=False)
@click.option("--claimed", "numbers_option", metavar="NUMBERS", help="The same as NUMBERS.")
@click.option("--against", metavar="NAMES", multiple=True, help="Ask witnesses too: torch, onnxruntime, onnx-reference.")
@click.option("--double", is_flag=True, help="Compute in float64, and ask the witnesses to.")
@click.option("--partial", is_flag=True, help="NUMBERS may lack layers.")
@click.option("--layout", metavar="ORDER", help="The order of the axes in NUMBERS, such as nhwc or nc4hw4.")
@click.option(
    "--format",
    "written",
    metavar="[NAME=]FORMAT",
    multiple=True,
    help="How NUMBERS, or those of that NAME, were written down: q7.8, ap_fixed:16:6, int8:0.05:-3, conv1=float16, 'fc*=q3.12'.",
)
@click.option("--raw", metavar="DTYPE", help="What raw binary files hold, such as float32 or float32:big.")
@click.option(
    "--fail-on",
    type=click.Choice(["precision", "undecided", "wrong"]),
    default="undecided",
    show_default=True,
    help="The mildest verdict that makes the exit code 1.",
)
@click.option("--junit", metavar="FILE", help="Also write the result as JUnit XML.")
@click.option("--html", metavar="FILE", help="Also write the result as one HTML page.")
def check(
    as_json: bool,
    numbers: str | None,
    numbers_option: str | None,
    against: tuple[str, ...],
    fail_on: Any,
    junit: str | None,
    html: str | None,
    **chosen: Any,
) -> int:
    """Judge numbers by the exact ones: is it rounding, is it the number format, or is a layer wrong, and which is the first?

    NUMBERS are yours: a file (.npy, .npz, .safetensors, .csv, .txt, .json, raw binary, C arrays), or a folder with one file a layer.
    Without INPUT it is taken from NUMBERS, where they hold it. Without NUMBERS, --against judges PyTorch or ONNX Runtime. No tolerance is
    needed.

    The exit code is 0 where all is right, 1 where something is wrong or, unless --fail-on says else, undecided, 2 where the command is at
    fault.

    \b
    convproof check
    convproof check model.onnx photo.npy out/
    convproof check model.onnx --claimed golden.safetensors
    convproof check model.onnx photo.npy --against torch,onnxruntime
    convproof check model.onnx photo.npy out/ --partial --layout nhwc --format q7.8
    convproof check model.onnx --claimed golden.safetensors --junit check.xml --html check.html
    """
    settings = {name: chosen.pop(name) for name in ("partial", "layout", "written", "raw", "double")}
    witnesses = [name for names in against for name in several(names)]
    if against and not witnesses:
        raise Misuse("--against {names} names nobody: give torch, onnxruntime or onnx-reference.", names=against[0])
    if settings["double"] and not witnesses:
        raise Misuse("--double is for witnesses: give --against torch. Numbers in float64 are recognised as such.")
    job, claimed = found(the_one(numbers, numbers_option, "NUMBERS"), bool(witnesses), chosen)
    written = new_reports(job, claimed, junit, html)
    began = time.perf_counter()
    with patience(say("checking")):
        report = checked(job, claimed, witnesses, settings)
    report = replace(report, judged=judged(job, claimed, report), command=explaining(job, claimed, chosen))
    save(report, job, junit, html, fail_on, time.perf_counter() - began)
    if as_json:
        emit(job.record() | report.to_dict() | {"fail_on": fail_on, "failed": not report.holds(fail_on)})
    else:
        click.echo(f"{heading(job)}\n{report.text()}")
        for path in written:
            click.echo(say("wrote {file}", file=path).text())
    return 0 if report.holds(fail_on) else 1


def heading(job: Job) -> str:
    """What names model and input, in lines of the terminal's width."""
    return "\n".join(wrapped(line, of_terminal(WIDE)) for line in job.heading().split("\n"))


def found(path: str | None, witnesses: bool, chosen: Mapping[str, Any]) -> tuple[Job, Claimed]:
    """The network with its input, and the numbers to be judged. Noise never meets somebody's numbers."""
    from convproof.formats.embedded import embedded_claims

    if path is None:
        if not witnesses:
            require_place(chosen)
        job = find_job(DEFAULT, **chosen)
        own = embedded_claims(job.files[0]) if not any(chosen[name] for name in GIVES_INPUT) and not witnesses else None
        if own is None and not witnesses:
            raise Misuse("Nothing to judge: give NUMBERS, your own, or --against torch, a witness.")
        return job, Claimed(own.array, own.description) if own else Claimed()
    claimed = Claimed(path, say("your numbers from {path}", path=path), path)
    if chosen["shape"] or chosen["dim"]:
        raise Misuse(
            "--shape and --dim ask for noise, and noise says nothing of your numbers: give the INPUT that they were computed from."
        )
    if chosen["input"] or chosen["input_option"]:
        return find_job(DEFAULT, **chosen), claimed
    job = find_network(DEFAULT, **{name: chosen[name] for name in ("model", "model_option", "weights", "training")})
    return brought(job, claimed, path)


def require_place(chosen: Mapping[str, Any]) -> None:
    """Raise Misuse where somebody's numbers stand in the place of MODEL or of INPUT: nothing is left to be judged."""
    model, inputs = chosen["model"] or chosen["model_option"], [chosen["input"] or "", *chosen["input_option"]]
    if model and (Path(model).is_dir() or (Path(model).suffix.lower() in ENDINGS and Path(model).exists())):
        raise Misuse(
            "{path} holds arrays and no model. If it holds your numbers: convproof check MODEL --claimed {path}", path=shlex.quote(model)
        )
    if any(inputs):
        raise Misuse(
            "Nothing to judge: {path} stands where the INPUT is expected. If it holds your numbers: convproof check {model} --claimed"
            " {path}. Else give NUMBERS, your own, or --against torch, a witness.",
            path=shlex.quote(next(filter(None, inputs))),
            model=shlex.quote(model or DEFAULT),
        )


def brought(job: Job, claimed: Claimed, path: str) -> tuple[Job, Claimed]:
    """The job with the input that NUMBERS bring; an embedded model may have its own. Raises SettingError if there is none."""
    from convproof.formats.embedded import embedded_input
    from convproof.formats.golden.manifest import input_of

    inputs = input_of(path, job.network.graph.inputs)
    if inputs is not None:
        return replace(job, inputs=tuple(inputs), given=say("from {path}", path=path)), replace(claimed, brings_input=True)
    own = embedded_input(job.files[0])
    if own is not None:
        return replace(job, inputs=(own.array,), given=own.description), claimed
    raise SettingError(
        "{path} does not hold the input ({names}), and noise says nothing of your numbers: give the INPUT that they were computed from",
        path=path,
        names=listed(job.network.graph.inputs),
    )


def checked(job: Job, claimed: Claimed, witnesses: list[str], settings: Mapping[str, Any]) -> "Report":
    """What ``cp.check`` finds."""
    return judge(
        job.network,
        tuple(map(in_float64, job.inputs)) if settings["double"] else job.inputs,
        claimed=claimed.numbers,
        against=witnesses or None,
        partial=settings["partial"] or claimed.path is None,
        layout=settings["layout"],
        format=formats_by_name(settings["written"]),
        raw=settings["raw"],
    )


def formats_by_name(written: Sequence[str]) -> Mapping[str, str] | None:
    """The declared formats by name or pattern. Raises Misuse where one name is given two."""
    found = dict[str, str]()
    for text in written:
        name, _, format = text.rpartition("=")
        if (name or ALL) in found:
            raise Misuse(
                "--format {one} and --format {other} speak of the same arrays: leave one out, or name arrays, as in conv1=q7.8.",
                one=shlex.quote(f"{name}={found[name]}" if name else found[ALL]),
                other=shlex.quote(text),
            )
        found[name or ALL] = format
    return found or None


def in_float64(x: Any) -> Any:
    """Floats in float64."""
    array = as_array(x) if not isinstance(x, np.ndarray) else x
    return array.astype(np.float64) if array.dtype.kind in "fV" else array


def judged(job: Job, claimed: Claimed, report: "Report") -> Sentence:
    """Whose numbers were judged by what, with the names that were typed; of several witnesses how many there are."""
    from convproof.formats.embedded import describe

    whose = claimed.described
    others = list(dict.fromkeys(row.whose for row in report.rows if not (whose and row.whose == YOURS)))
    if others:
        witnesses = plural("{name}", "{n} witnesses", n=len(others), name=others[0])
        whose = say("{yours} and {witnesses}", yours=whose, witnesses=witnesses) if whose else witnesses
    return say("{whose}, judged by the exact values of {network}", whose=whose, network=describe(job.files[0]))


def explaining(job: Job, claimed: Claimed, chosen: Mapping[str, Any]) -> str:
    """The command that shows how a number of this network on this input comes about, but for the cell."""
    options = [(f"--{name}", chosen[name]) for name in ("weights", "shape", "preprocess") if chosen[name]]
    options += [("--input", path) for path in chosen["input_option"]] + [("--dim", size) for size in chosen["dim"]]
    if chosen["seed"] and job.noisy:
        options.append(("--seed", str(chosen["seed"])))
    first = chosen["input"] or (claimed.path if claimed.brings_input else None)
    mode = {None: [], True: ["--train"], False: ["--eval"]}[chosen["training"]]
    return shlex.join(["convproof", "why", job.files[0], *([first] if first else []), *(word for pair in options for word in pair), *mode])


def new_reports(job: Job, claimed: Claimed, junit: str | None, html: str | None) -> list[str]:
    """The paths of the files to write. Raises SettingError if one was read, Misuse if both are the same, FileError for no place."""
    if junit and html and Path(junit).absolute() == Path(html).absolute():
        raise Misuse("--junit and --html name the same file: give each its own.")
    folder = Path(claimed.path or "").absolute()
    found = []
    for option, path in (("--junit", junit), ("--html", html)):
        if path:
            read = [claimed.path] if claimed.path else []
            if claimed.path and Path(path).is_file() and folder in Path(path).absolute().parents:
                read.append(path)
            found.append(new_file(path, job, *read, option=option))
    return found


def save(report: "Report", job: Job, junit: str | None, html: str | None, fail_on: Any, seconds: float) -> None:
    """Write what was asked for; each file is there as a whole or not at all."""
    from convproof.formats.files import replacing

    if junit:
        from convproof.show.junit import junit as as_junit

        with replacing(junit) as temporary:
            temporary.write_bytes(as_junit(report, fail_on, seconds, job.files[0]))
    if html:
        from convproof.show.check_html import page

        with replacing(html) as temporary:
            temporary.write_text(page(report, job.heading().split("\n")), encoding="utf-8")
