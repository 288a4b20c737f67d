"""``convproof golden``: input, weights and every layer's output, written for a port to compare itself with."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click

from convproof.cli.options import emit, find_job, input_options, model_options, patience
from convproof.core.sentence import Sentence, plural, say
from convproof.show.width import ljust, width

if TYPE_CHECKING:
    from convproof.formats.golden.entries import Entry, Manifest

LINES = 40


@click.command()
@model_options
@input_options
@click.option("-o", "--output", metavar="NEW", required=True, help="The folder to write, which must not be there yet.")
@click.option(
    "--as",
    "files",
    type=click.Choice(["npy", "txt", "bin", "c", "safetensors"]),
    default="npy",
    show_default=True,
    help="One .npy, text or raw binary file an array; or C source with a header; or one .safetensors file.",
)
@click.option("--layout", type=click.Choice(["nchw", "nhwc"]), default="nchw", show_default=True, help="Where the channels stand.")
@click.option(
    "--format", "format", metavar="FORMAT", default="float32", show_default=True, help="Number format: float16, q7.8, int8:0.05:-3 ..."
)
@click.option("--fold", is_flag=True, help="Fold each BatchNorm in eval mode into the weights of the layer before it.")
@click.option("--force", is_flag=True, help="Replace golden vectors that are in the folder already.")
def golden(as_json: bool, output: str, files: str, layout: str, format: str, fold: bool, force: bool, **chosen: Any) -> None:
    """Write golden vectors: the input, the weights and what every layer makes of them, for a port to compare itself with.

    The numbers are exact values, rounded once to the format; a fixed-point format is written as its whole codes. manifest.json says what
    each file holds and how far a correct computation may stray. A port writes its own numbers into another folder, with a copy of
    manifest.json and of the input beside them: convproof check MODEL --claimed FOLDER judges them.

    \b
    convproof golden model.onnx photo.png -o golden
    convproof golden model.onnx photo.png -o golden --as c --fold
    convproof golden model.onnx --input photo.npy -o golden --as bin --layout nhwc --format q7.8
    """
    from convproof.checking.golden import golden as write
    from convproof.formats.golden.writing import require_free

    require_free(Path(output), force)
    job = find_job("walkthrough", **chosen)
    with patience(say("writing golden vectors")):
        manifest = write(
            job.network,
            job.inputs,
            output,
            files=files,
            layout=layout,
            format=format,
            fold=fold,
            force=force,
            name=job.model,
            given=job.given,
        )
    if as_json:
        emit(job.record() | {"folder": output} | manifest.to_dict())
        return
    click.echo(job.heading())
    show(manifest, output, fold)


def show(manifest: "Manifest", folder: str, fold: bool) -> None:
    """Print what was written."""
    columns = max(width(entry.name) for entry in manifest.arrays)
    click.echo("")
    for entry in manifest.arrays[:LINES]:
        click.echo(line_of(entry, columns))
    if len(manifest.arrays) > LINES:
        click.echo(say("and {n} more", n=len(manifest.arrays) - LINES).text())
    click.echo("")
    for sentence in said(manifest, folder, fold):
        click.echo(sentence.text())


def line_of(entry: "Entry", columns: int) -> str:
    """One array: its name, role, shape in the file, format and file, and how far an output may stray."""
    from convproof.formats.golden.entries import IN_WORDS

    shape = " x ".join(map(str, entry.stored_shape)) or "1"
    line = f"{ljust(entry.name, columns)}  {ljust(IN_WORDS[entry.role].text(), 9)}  {shape:14}  {entry.dtype:8} {entry.file}"
    if entry.bound is None:
        return line
    return f"{line}  {say('within {bound}', bound=f'{entry.bound.proof:.2g}').text()}"


def said(manifest: "Manifest", folder: str, fold: bool) -> list[Sentence]:
    """What the lines mean, and what comes next."""
    folded = [say("{norm} is folded into {layer}", norm=norm, layer=layer) for layer, norm in manifest.folded.items()]
    if fold and not folded and manifest.mode == "training":
        folded = [say("--fold: nothing is folded, since in training mode a BatchNorm takes its statistics from the batch; give --eval")]
    elif fold and not folded:
        folded = [say("--fold: nothing is folded, since no BatchNorm stands right behind a layer whose weights it could go into")]
    count = plural("{n} array", "{n} arrays", n=len(manifest.arrays))
    return [
        *folded,
        say(
            "'within': how far rounding may move a number from its exact value, at the worst cell; half a step of a coarser format comes on"
            " top"
        ),
        say("wrote {count} and manifest.json to {folder}", count=count, folder=folder),
    ]
