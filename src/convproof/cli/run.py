"""``convproof run``: every stage of a network on an input."""

from typing import Any

import rich_click as click

from convproof.cli.options import emit, find_job, input_options, model_options, new_file, patience
from convproof.core.sentence import say


@click.command()
@model_options
@input_options
@click.option("--layer", metavar="NAME", multiple=True, help="Show only this stage (may be given several times).")
@click.option("--full", is_flag=True, help="Print large arrays in full too.")
@click.option("-o", "--save", "output", metavar="NEW", help="Also write the input and all arrays to a new .npz or .safetensors file.")
def run(
    as_json: bool,
    layer: tuple[str, ...],
    full: bool,
    output: str | None,
    **chosen: Any,
) -> None:
    """Show every number of every stage of a network.

    MODEL is a .onnx file, an embedded name (walkthrough), or net.py:factory, a function in your file that returns a network or a
    torch.nn.Module. INPUT is an image, or an .npy or .npz file: uint8 H, W, C becomes float32 C, H, W divided by 255 unless --preprocess
    says else; other arrays are taken as they are.

    \b
    convproof run
    convproof run walkthrough photo.png
    convproof run walkthrough --input a.png --input b.png
    convproof run walkthrough --layer bn1 --layer relu
    convproof run net.py:make --shape 1,3,32,32 -o trace.npz
    convproof run net.py:make --shape 1,3,32,32 --save golden.safetensors
    convproof run model.onnx photo.png --preprocess resize=8x8,mean=0.5,std=0.5
    """
    from convproof.show import records
    from convproof.show.trace import stage

    job = find_job("walkthrough", **chosen)
    if output:
        new_file(output, job)
    with patience(say("running the network")):
        trace = job.network.trace(*job.inputs)
    names = [trace.find(name) for name in layer] or list(trace)
    if output:
        trace.save(output)
    if as_json:
        emit(job.record() | {"stages": [record for record in records.trace(trace, full) if record["name"] in names]})
        return
    click.echo(job.heading())
    for name in names:
        click.echo("\n" + "\n".join(stage(trace, name, full=full)))
    if output:
        click.echo("\n" + say("wrote {file}", file=output).text())
